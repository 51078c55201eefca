//! Sweeps as rows of the database: asked for, running, ended.
//!
//! One queue for all who ask (command, schedule, control topic), and the only memory of how far a sweep is.

use crate::database::DatabaseError;
use incremental_producer::sweep::{MarkKind, SweepMark, SweepRange};
use postgres::{Client, GenericClient, Row};

/// A sweep that somebody wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Its name, once for all: asking again under the same name asks for nothing.
    pub id: String,
    /// What to sweep.
    pub range: SweepRange,
    /// Who asks: `command`, `schedule`, `control`.
    pub asked_by: &'static str,
}

/// Where a sweep stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for its turn.
    Requested,
    /// It has begun.
    Running,
    /// It is done.
    Ended,
    /// It cannot be done.
    Failed,
}

/// A sweep as the database has it.
#[derive(Clone, Debug)]
pub struct Sweep {
    /// Its name.
    pub id: String,
    /// What it sweeps.
    pub range: SweepRange,
    /// Where it stands.
    pub state: State,
    /// The version of its messages, unless a column has each row's. Known once it has begun.
    pub version: Option<i64>,
    /// The partitions of the topic when it began.
    pub partitions: Option<i32>,
    /// The key of the last row sent.
    pub after: Option<Vec<String>>,
    /// Rows sent.
    pub rows: i64,
    /// Rows that did not fit.
    pub refused: i64,
    /// Why it failed, or has no end marks.
    pub problem: Option<String>,
}

/// Whether a text can name a sweep: it is a header of each message, and part of keys.
pub fn is_sweep_id(text: &str) -> bool {
    SweepMark::everything(text, MarkKind::Begin, 1).check().is_ok()
}

/// Asks for a sweep; false if one of that name was asked for before.
///
/// # Errors
/// [`DatabaseError`].
pub fn ask(client: &mut impl GenericClient, dataset: &str, request: &Request) -> Result<bool, DatabaseError> {
    let end = |end: &Option<Vec<serde_json::Value>>| end.clone().map(|end| serde_json::Value::Array(end).to_string());
    client
        .execute(
            "insert into distribution.sweep (dataset, id, asked_by, range_from, range_to) \
             values ($1, $2, $3, $4::text::jsonb, $5::text::jsonb) on conflict do nothing",
            &[
                &dataset,
                &request.id,
                &request.asked_by,
                &end(&request.range.from),
                &end(&request.range.to),
            ],
        )
        .map(|rows| rows > 0)
        .map_err(DatabaseError::query("ask for a sweep"))
}

const COLUMNS: &str = "id, range_from::text, range_to::text, state, version, partitions, after, rows, refused, problem";

fn sweep(row: &Row) -> Sweep {
    // The database keeps what was checked before it was asked for; what somebody else wrote there is no range, and fails.
    let end = |column: usize| {
        let text: Option<&str> = row.get(column);
        text.map(|text| serde_json::from_str(text).unwrap_or_default())
    };
    Sweep {
        id: row.get(0),
        range: SweepRange {
            from: end(1),
            to: end(2),
        },
        state: match row.get(3) {
            "requested" => State::Requested,
            "running" => State::Running,
            "ended" => State::Ended,
            _ => State::Failed,
        },
        version: row.get(4),
        partitions: row.get(5),
        after: row.get(6),
        rows: row.get(7),
        refused: row.get(8),
        problem: row.get(9),
    }
}

/// The sweep to work on: the one that runs, or the one that has waited longest.
///
/// # Errors
/// [`DatabaseError`].
pub fn next(client: &mut Client, dataset: &str) -> Result<Option<Sweep>, DatabaseError> {
    let sql = format!(
        "select {COLUMNS} from distribution.sweep where dataset = $1 and state in ('requested', 'running') \
         order by state = 'running' desc, asked_at, id limit 1"
    );
    client
        .query_opt(&sql, &[&dataset])
        .map(|row| row.as_ref().map(sweep))
        .map_err(DatabaseError::query("look for a sweep to do"))
}

/// A sweep by its name.
///
/// # Errors
/// [`DatabaseError`].
pub fn find(client: &mut Client, dataset: &str, id: &str) -> Result<Option<Sweep>, DatabaseError> {
    let sql = format!("select {COLUMNS} from distribution.sweep where dataset = $1 and id = $2");
    client
        .query_opt(&sql, &[&dataset, &id])
        .map(|row| row.as_ref().map(sweep))
        .map_err(DatabaseError::query("look a sweep up"))
}

/// Records that a sweep has begun: its begin marks are in the log.
pub(super) fn begun(
    client: &mut Client,
    dataset: &str,
    id: &str,
    version: Option<i64>,
    partitions: i32,
) -> Result<(), DatabaseError> {
    update(
        client,
        "state = 'running', begun_at = now(), version = $3, partitions = $4",
        &[&dataset, &id, &version, &partitions],
    )
}

/// Records a chunk: its messages are in the log.
pub(super) fn advanced(
    client: &mut Client,
    dataset: &str,
    id: &str,
    after: &[String],
    rows: i64,
    refused: i64,
    problem: Option<&str>,
) -> Result<(), DatabaseError> {
    update(
        client,
        "after = $3, rows = rows + $4, refused = refused + $5, problem = coalesce(problem, $6)",
        &[&dataset, &id, &after, &rows, &refused, &problem],
    )
}

/// Records that a sweep is over.
pub(super) fn over(
    client: &mut Client,
    dataset: &str,
    id: &str,
    ended: bool,
    problem: Option<&str>,
) -> Result<(), DatabaseError> {
    let state = if ended { "ended" } else { "failed" };
    update(
        client,
        "state = $3, ended_at = now(), problem = coalesce(problem, $4)",
        &[&dataset, &id, &state, &problem],
    )
}

fn update(
    client: &mut Client,
    what: &str,
    values: &[&(dyn postgres::types::ToSql + Sync)],
) -> Result<(), DatabaseError> {
    let sql = format!("update distribution.sweep set {what} where dataset = $1 and id = $2");
    client
        .execute(&sql, values)
        .map(drop)
        .map_err(DatabaseError::query("record how far a sweep is"))
}

/// Asks for the sweep that the schedule wants, if it is time: so long after the last one was asked for, by whomever.
///
/// # Errors
/// [`DatabaseError`].
pub fn ask_by_schedule(client: &mut Client, dataset: &str, every: std::time::Duration) -> Result<bool, DatabaseError> {
    let failed = DatabaseError::query("look whether a sweep is due");
    let row = client
        .query_one(
            "select coalesce(max(asked_at) <= now() - $2::float8 * interval '1 second', true), \
                 'schedule-' || floor(extract(epoch from now()) * 1000)::bigint \
             from distribution.sweep where dataset = $1 and range_from is null and range_to is null",
            &[&dataset, &every.as_secs_f64()],
        )
        .map_err(failed)?;
    let request = Request {
        id: row.get(1),
        range: SweepRange::default(),
        asked_by: "schedule",
    };
    Ok(row.get(0) && ask(client, dataset, &request)?)
}
