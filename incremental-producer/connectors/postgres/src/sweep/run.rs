//! Doing a sweep, from where it is to its end.

use super::requests::{self, State, Sweep};
use super::table::{Chunk, Table, TableError};
use crate::config::{DatasetConfig, SweepConfig};
use crate::database::{DatabaseError, try_lock, unlock};
use crate::record::{Reason, RefusedRow, encode};
use crate::service::{Stop, causes};
use crate::sink::{Outgoing, Sink};
use incremental_producer::emit::EmitError;
use incremental_producer::sweep::{MarkKind, SweepMark};
use postgres::Client;
use std::time::{Duration, Instant};

/// Why a sweep does not go on. It stays where it is, and goes on there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Kafka.
    #[error("messages did not reach the log")]
    Sink(#[from] EmitError),
}

/// What a turn came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// There is nothing to do.
    Idle,
    /// Another connector is at it.
    Taken,
    /// It was told to stop; the sweep will go on.
    Stopped,
    /// A sweep is over: ended, or failed.
    Over {
        /// Its name.
        id: String,
        /// Whether its end marks are in the log.
        ended: bool,
        /// Why not.
        problem: Option<String>,
    },
}

/// Does the sweeps of a dataset, one after the other.
pub struct Sweeper<'a> {
    /// The dataset.
    pub dataset: &'a DatasetConfig,
    /// How it is swept.
    pub sweep: &'a SweepConfig,
    /// Where messages go.
    pub sink: &'a dyn Sink,
    /// When to stop.
    pub stop: &'a Stop,
}

/// The lock of the one who sweeps a dataset.
pub fn lock_name(dataset: &str) -> String {
    format!("postgres-connector sweep {dataset}")
}

impl Sweeper<'_> {
    /// Works on the sweep that is next, if any, until it is over.
    ///
    /// # Errors
    /// [`SweepError`]: trying again with new connections is right.
    pub fn turn(&self, client: &mut Client) -> Result<Outcome, SweepError> {
        let lock = lock_name(&self.dataset.name);
        if !try_lock(client, &lock)? {
            return Ok(Outcome::Taken);
        }
        let outcome = match requests::next(client, &self.dataset.name)? {
            Some(sweep) => self.work(client, &sweep),
            None => Ok(Outcome::Idle),
        };
        unlock(client, &lock)?;
        outcome
    }

    fn work(&self, client: &mut Client, sweep: &Sweep) -> Result<Outcome, SweepError> {
        let table = match Table::open(client, self.dataset, self.sweep, &sweep.range) {
            Ok(table) => table,
            Err(TableError::Database(error)) if !error.is_of_the_statement() => return Err(error.into()),
            Err(error) => return self.failed(client, sweep, &causes(&error)),
        };
        let topic = self.sink.partitions(&self.dataset.topic)?;
        let partitions = i32::try_from(topic).unwrap_or(i32::MAX);
        let (version, mut after) = match sweep.state {
            State::Running if sweep.partitions != Some(partitions) => {
                // Which records are where cannot be told any more: without end marks nothing is removed.
                let before = sweep.partitions.unwrap_or(0);
                let problem =
                    format!("the topic has got another number of partitions, before={before} now={partitions}");
                return self.failed(client, sweep, &problem);
            }
            State::Running => {
                tracing::info!(
                    dataset = self.dataset.name,
                    sweep = sweep.id,
                    rows = sweep.rows,
                    "the sweep goes on"
                );
                (sweep.version, sweep.after.clone())
            }
            _ => match self.begin(client, sweep, partitions)? {
                Some(version) => (version, None),
                None => return Ok(Outcome::Stopped),
            },
        };
        let mut pace = Pace::new(self.sweep.rows_per_second);
        let mut refused = sweep.refused;
        loop {
            if self.stop.is_set() {
                return Ok(Outcome::Stopped);
            }
            let chunk = match table.chunk(client, after.as_deref(), self.sweep.chunk) {
                Ok(chunk) => chunk,
                Err(error) if error.is_of_the_statement() => return self.failed(client, sweep, &causes(&error)),
                Err(error) => return Err(error.into()),
            };
            let rows = chunk.rows.len() as i64;
            let (wrong, problem) = self.send(&chunk, sweep, version)?;
            self.sink.flush()?;
            if let Some(last) = chunk.rows.last() {
                let place: Option<Vec<String>> = last.place.iter().cloned().collect();
                let Some(place) = place else {
                    let problem = format!(
                        "a column of the key is null, table={} key={}",
                        self.sweep.table, last.key
                    );
                    return self.failed(client, sweep, &problem);
                };
                requests::advanced(
                    client,
                    &self.dataset.name,
                    &sweep.id,
                    &place,
                    rows - wrong,
                    wrong,
                    problem.as_deref(),
                )?;
                after = Some(place);
                refused += wrong;
            }
            if rows < self.sweep.chunk {
                break;
            }
            pace.wait(rows, self.stop);
        }
        if refused > 0 {
            let problem = format!("{refused} row(s) do not fit, so records that were not seen are not removed");
            return self.failed(client, sweep, &problem);
        }
        self.mark(sweep, partitions, MarkKind::End)?;
        requests::over(client, &self.dataset.name, &sweep.id, true, None)?;
        tracing::info!(dataset = self.dataset.name, sweep = sweep.id, "the sweep has ended");
        Ok(Outcome::Over {
            id: sweep.id.clone(),
            ended: true,
            problem: None,
        })
    }

    /// Emits the begin marks. Killed before it is recorded, it does so again: nothing was sent between.
    fn begin(&self, client: &mut Client, sweep: &Sweep, partitions: i32) -> Result<Option<Option<i64>>, SweepError> {
        let version = match &self.dataset.version_column {
            Some(_) => None,
            None => match self.settled_version(client)? {
                Some(version) => Some(version),
                None => return Ok(None),
            },
        };
        self.mark(sweep, partitions, MarkKind::Begin)?;
        requests::begun(client, &self.dataset.name, &sweep.id, version, partitions)?;
        tracing::info!(
            dataset = self.dataset.name,
            sweep = sweep.id,
            partitions,
            version,
            "a sweep begins"
        );
        Ok(Some(version))
    }

    /// The last id of the outbox, once all transactions that may have taken one up to it have ended. None when told to stop.
    fn settled_version(&self, client: &mut Client) -> Result<Option<i64>, DatabaseError> {
        let failed = || DatabaseError::query("look for transactions that are under way");
        // First the id, then the transactions: whoever took that id is among them or has ended.
        let row = client
            .query_one(
                "select coalesce(pg_sequence_last_value('distribution.outbox_id_seq'), 0)",
                &[],
            )
            .map_err(failed())?;
        let version: i64 = row.get(0);
        let row = client
            .query_one("select pg_snapshot_xmax(pg_current_snapshot())::text", &[])
            .map_err(failed())?;
        let next: String = row.get(0);
        let begin = Instant::now();
        let mut told = 0;
        loop {
            let row = client
                .query_one(
                    "select pg_snapshot_xmin(pg_current_snapshot()) >= $1::text::xid8",
                    &[&next],
                )
                .map_err(failed())?;
            if row.get(0) {
                return Ok(Some(version));
            }
            if self.stop.wait(Duration::from_millis(100)) {
                return Ok(None);
            }
            let waited = begin.elapsed().as_secs() / 10;
            if waited > told {
                told = waited;
                tracing::warn!(
                    dataset = self.dataset.name,
                    seconds = waited * 10,
                    "a sweep waits for transactions that began before it; see pg_stat_activity"
                );
            }
        }
    }

    fn send(&self, chunk: &Chunk, sweep: &Sweep, version: Option<i64>) -> Result<(i64, Option<String>), SweepError> {
        let (mut wrong, mut problem) = (0, None);
        for row in &chunk.rows {
            let limit = self.dataset.max_message_bytes;
            let bytes = row.record.as_ref().map_or(0, String::len) as i64;
            let encoded = match (&row.record, version.or(row.version)) {
                _ if bytes > i64::from(limit) => Err(Reason::TooLarge { bytes, limit }),
                (_, None) => Err(Reason::NoVersion {
                    column: self.dataset.version_column.clone().unwrap_or_default(),
                }),
                // A row that is there is never the end of a record.
                (record, Some(version)) => {
                    encode(&self.dataset.codec, &row.key, Some(record.as_deref().unwrap_or("null")))
                        .map(|message| (message, version))
                        .map_err(Reason::from)
                }
            };
            match encoded {
                Ok((message, version)) => self.sink.send(&Outgoing {
                    topic: &self.dataset.topic,
                    key: &message.key,
                    payload: message.payload.as_deref(),
                    source_ms: chunk.read_ms,
                    source_version: version,
                    sweep: Some(&sweep.id),
                })?,
                Err(reason) => {
                    let row = RefusedRow {
                        table: self.sweep.table.clone(),
                        key: row.key.clone(),
                        reason,
                    };
                    tracing::error!(dataset = self.dataset.name, sweep = sweep.id, error = %row, "a row was refused");
                    wrong += 1;
                    problem.get_or_insert_with(|| row.to_string().replace('\0', "\u{fffd}"));
                }
            }
        }
        Ok((wrong, problem))
    }

    fn mark(&self, sweep: &Sweep, partitions: i32, mark: MarkKind) -> Result<(), SweepError> {
        let mark = SweepMark {
            sweep: sweep.id.clone(),
            mark,
            partitions,
            range: sweep.range.clone(),
        };
        self.sink.mark(&self.dataset.topic, &mark)?;
        self.sink.flush()?;
        Ok(())
    }

    fn failed(&self, client: &mut Client, sweep: &Sweep, problem: &str) -> Result<Outcome, SweepError> {
        requests::over(client, &self.dataset.name, &sweep.id, false, Some(problem))?;
        tracing::error!(
            dataset = self.dataset.name,
            sweep = sweep.id,
            problem,
            "the sweep failed"
        );
        Ok(Outcome::Over {
            id: sweep.id.clone(),
            ended: false,
            problem: Some(problem.to_owned()),
        })
    }
}

/// Keeps to a number of rows a second.
struct Pace {
    per_second: Option<u32>,
    begin: Instant,
    rows: i64,
}

impl Pace {
    fn new(per_second: Option<u32>) -> Self {
        Self {
            per_second,
            begin: Instant::now(),
            rows: 0,
        }
    }

    fn wait(&mut self, rows: i64, stop: &Stop) {
        self.rows += rows;
        if let Some(rate) = self.per_second {
            let due = Duration::from_secs_f64(self.rows as f64 / f64::from(rate));
            stop.wait(due.saturating_sub(self.begin.elapsed()));
        }
    }
}
