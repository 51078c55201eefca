//! Changes: rows of the outbox become messages, and leave the outbox once Kafka has acknowledged them.
//!
//! # Order
//!
//! A transaction adds its row to the outbox after it changed the row it is about, whose lock it holds to its end. Whoever
//! changes the same row next, and adds the next row of that key, starts after the first has ended: **the ids of one key are
//! in the order of its changes, and whenever one of them is visible all smaller ones of that key are.** So a batch is what is
//! visible, by id; what was sent is removed by its ids, and nothing else is remembered.
//!
//! Two other ways look right and are not, which tests show:
//!
//! - *What comes after the last id sent.* Ids of different keys are handed out in one order and committed in another: a row
//!   that is committed late stays behind for ever.
//! - *By transaction id, of transactions older than all that run.* Nothing is lost, but a transaction may get its id, wait for
//!   a row that a younger one holds, and change it last: by transaction id the older value of that row would come last.
//!
//! # Crashes
//!
//! Removing the rows is one transaction, after every message of the batch was acknowledged, on the connection that holds the
//! lock. A crash before it leaves the whole batch, which is sent again from its beginning: the last message of each key is
//! again its newest.

use crate::config::{DatasetConfig, OnRefused};
use crate::database::DatabaseError;
use crate::record::{Encoded, Reason, RefusedRow, encode};
use crate::sink::{Outgoing, Sink};
use incremental_producer::emit::EmitError;
use postgres::{Client, Row};

/// The table.
pub const TABLE: &str = "distribution.outbox";

/// Why a batch was not recorded. Everything in it will be sent again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RelayError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Kafka.
    #[error("messages did not reach the log")]
    Sink(#[from] EmitError),
    /// A row that does not fit, where that halts the dataset. A person must mend or remove it.
    #[error("halted: id={id}")]
    Halted {
        /// The row's id.
        id: i64,
        /// What is wrong.
        #[source]
        row: RefusedRow,
    },
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Rows that were sent, and are gone from the outbox.
    pub sent: usize,
    /// Rows that were set aside.
    pub refused: usize,
    /// When the newest row sent was made, in epoch milliseconds.
    pub newest_ms: i64,
}

impl Batch {
    /// Whether the outbox had nothing to do.
    pub fn is_empty(&self) -> bool {
        self.sent + self.refused == 0
    }
}

/// The lock of the one who relays a dataset.
pub fn lock_name(dataset: &str) -> String {
    format!("postgres-connector outbox {dataset}")
}

const READ: &str = "select id, key::text, \
        case when octet_length(payload::text) <= $3 then payload::text end, \
        octet_length(payload::text)::bigint, \
        version, \
        floor(extract(epoch from made_at) * 1000)::bigint \
    from distribution.outbox where dataset = $1 and refused is null order by id limit $2";

const REMOVE: &str = "delete from distribution.outbox where id = any($1)";

const REFUSE: &str = "update distribution.outbox set refused = $2, refused_at = now() where id = $1";

const RECORD: &str = "insert into distribution.sent as s (dataset, rows, last_id, last_made_at) \
        select $1, $2, $3, to_timestamp($4::bigint / 1000.0) \
    on conflict (dataset) do update set \
        rows = s.rows + excluded.rows, last_id = excluded.last_id, last_made_at = excluded.last_made_at, at = now()";

/// Sends what the outbox has for a dataset, at most one batch, and removes it.
///
/// The caller holds the lock of [`lock_name`] on the same connection.
///
/// # Errors
/// [`RelayError`]. Unless it is [`RelayError::Halted`], trying again with new connections is right.
pub fn relay_batch(client: &mut Client, sink: &dyn Sink, dataset: &DatasetConfig) -> Result<Batch, RelayError> {
    let rows = client
        .query(READ, &[&dataset.name, &dataset.batch, &dataset.max_message_bytes])
        .map_err(DatabaseError::query("read the outbox"))?;
    let mut batch = Batch::default();
    let mut sent: Vec<i64> = Vec::with_capacity(rows.len());
    let mut refused: Vec<(i64, RefusedRow)> = Vec::new();
    for row in &rows {
        let id: i64 = row.get(0);
        let made_ms: i64 = row.get(5);
        match message(dataset, row) {
            Ok((message, version)) => {
                sink.send(&Outgoing {
                    topic: &dataset.topic,
                    key: &message.key,
                    payload: message.payload.as_deref(),
                    source_ms: made_ms,
                    source_version: version,
                    sweep: None,
                })?;
                batch.newest_ms = batch.newest_ms.max(made_ms);
                sent.push(id);
            }
            Err(reason) => {
                let row = RefusedRow {
                    table: TABLE.to_owned(),
                    key: row.get(1),
                    reason,
                };
                if dataset.on_refused == OnRefused::Halt {
                    // What is before it goes out: it may have been sent already, and nothing is gained by holding it back.
                    sink.flush()?;
                    record(client, dataset, &sent, &refused, batch.newest_ms)?;
                    return Err(RelayError::Halted { id, row });
                }
                refused.push((id, row));
            }
        }
    }
    if !rows.is_empty() {
        sink.flush()?;
        record(client, dataset, &sent, &refused, batch.newest_ms)?;
    }
    for (id, row) in &refused {
        tracing::error!(dataset = dataset.name, id, error = %row, "a change was refused and set aside");
    }
    batch.sent = sent.len();
    batch.refused = refused.len();
    Ok(batch)
}

fn message(dataset: &DatasetConfig, row: &Row) -> Result<(Encoded, i64), Reason> {
    let (key, payload): (&str, Option<&str>) = (row.get(1), row.get(2));
    let bytes: Option<i64> = row.get(3);
    if let (None, Some(bytes)) = (payload, bytes) {
        let limit = dataset.max_message_bytes;
        return Err(Reason::TooLarge { bytes, limit });
    }
    let version: Option<i64> = row.get(4);
    let version = match (&dataset.version_column, version) {
        (None, None) => row.get(0),
        (Some(_), Some(version)) => version,
        (None, Some(version)) => return Err(Reason::UnexpectedVersion { version }),
        (Some(_), None) => {
            let column = format!("{TABLE}.version");
            return Err(Reason::NoVersion { column });
        }
    };
    Ok((encode(&dataset.codec, key, payload)?, version))
}

fn record(
    client: &mut Client,
    dataset: &DatasetConfig,
    sent: &[i64],
    refused: &[(i64, RefusedRow)],
    newest_ms: i64,
) -> Result<(), DatabaseError> {
    let failed = DatabaseError::query("record what was sent");
    let transaction = || -> Result<(), postgres::Error> {
        let mut transaction = client.transaction()?;
        for (id, row) in refused {
            // Text of the database holds no NUL, but a reason may quote one.
            let reason = row.reason.to_string().replace('\0', "\u{fffd}");
            transaction.execute(REFUSE, &[id, &reason])?;
        }
        if let Some(last) = sent.last() {
            let rows = sent.len() as i64;
            transaction.execute(REMOVE, &[&sent])?;
            transaction.execute(RECORD, &[&dataset.name, &rows, last, &newest_ms])?;
        }
        transaction.commit()
    };
    let mut transaction = transaction;
    transaction().map_err(failed)
}
