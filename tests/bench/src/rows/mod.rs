//! The operations, one row of the table each: a name, a data set, a function for our side.
//!
//! The other side knows the rows by the same names. To add a row: a function here, a `case` there.

mod catalog;
mod context;
mod cycle;
mod indexes;
mod lookup;
pub(crate) mod peers;
mod read;
pub(crate) mod start;
mod threads;
mod tools;
mod write;

use crate::data::Data;
use crate::measure::Sample;
use crate::scale::Scale;
pub(crate) use context::Context;
use serde::Serialize;

/// What a repetition came to, or why there is none.
pub(crate) type RowResult = anyhow::Result<Outcome>;

/// See [`RowResult`].
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Done(Sample),
    /// The library cannot do this (yet).
    NotThere(&'static str),
}

impl From<Sample> for Outcome {
    fn from(sample: Sample) -> Self {
        Outcome::Done(sample)
    }
}

/// How the value of a row is got from a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    /// CPU milliseconds.
    Ms,
    /// CPU milliseconds of one operation.
    MsPerOp,
    /// CPU nanoseconds of one operation.
    NsPerOp,
    /// Bytes.
    Bytes,
    /// Bytes for each record.
    BytesPerRecord,
    /// Bytes by other bytes.
    Factor,
    /// Million operations in a second of wall time: more is better.
    MillionPerSecond,
}

/// Rows that share a process, so that what one needs does not lie in the other's heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    /// Populating and writing.
    Write,
    /// Cycles of the write engine.
    Cycle,
    /// Cycles of a producer.
    Producer,
    /// Loading and applying.
    Read,
    /// Bytes held; the allocator counts.
    Memory,
    /// Many states held; the allocator counts. Ours only.
    Held,
    /// What else a program might use. Ours only.
    Peer,
    /// Bytes of those; the allocator counts. Ours only.
    PeerBytes,
    /// Readers on several threads.
    Threads,
    /// Processes that start.
    Start,
    /// Reading fields, indexes.
    Lookup,
}

impl Group {
    /// Whether Java Hollow can do any of them.
    pub(crate) fn has_java(self) -> bool {
        !matches!(self, Group::Held | Group::Peer | Group::PeerBytes)
    }

    /// Whether the allocator has to count.
    pub(crate) fn counts(self) -> bool {
        matches!(self, Group::Memory | Group::Held | Group::PeerBytes)
    }
}

/// An operation on a data set of a size.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The operation of the list, and which of its parts: `R4-index-1%`.
    pub(crate) id: String,
    /// In words.
    pub(crate) title: String,
    pub(crate) data: Data,
    pub(crate) n: u32,
    pub(crate) group: Group,
    pub(crate) unit: Unit,
    /// How many times better than Java Hollow it is to be.
    pub(crate) target: Option<f64>,
    /// Repetitions that are dropped.
    pub(crate) warm_up: u32,
    pub(crate) repetitions: u32,
    /// Our side.
    pub(crate) run: fn(&mut Context, &Row, u32) -> RowResult,
    /// Which of several, where one function serves several rows.
    pub(crate) param: u32,
}

impl Row {
    pub(crate) fn key(&self) -> String {
        format!("{}/{}/{}", self.id, self.data, self.n)
    }

    /// Rows of which this is the same are done by the same processes.
    pub(crate) fn processes(&self) -> (Group, Data, u32) {
        (self.group, self.data, self.n)
    }

    /// Whether one of the names asked for means this row: `R4`, `R4-index`, `R4-index-1%/D2`. None means all.
    pub(crate) fn is_one_of(&self, names: &[String]) -> bool {
        let means = |name: &String| {
            let (id, data) = name.split_once('/').unwrap_or((name, ""));
            let rest = self.id.strip_prefix(id);
            let id_fits = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
            id_fits && (data.is_empty() || data == self.data.to_string())
        };
        names.is_empty() || names.iter().any(means)
    }
}

/// All rows, in the order of the table.
pub(crate) fn all(scale: &Scale) -> Vec<Row> {
    let mut rows = Vec::new();
    write::rows(scale, &mut rows);
    cycle::rows(scale, &mut rows);
    read::rows(scale, &mut rows);
    threads::rows(scale, &mut rows);
    start::rows(scale, &mut rows);
    lookup::rows(scale, &mut rows);
    indexes::rows(scale, &mut rows);
    catalog::rows(scale, &mut rows);
    tools::rows(scale, &mut rows);
    peers::rows(scale, &mut rows);
    rows
}

/// The rows that the names mean; all without names.
pub(crate) fn chosen(scale: &Scale, names: &[String]) -> anyhow::Result<Vec<Row>> {
    let mut rows = all(scale);
    for name in names {
        let one = std::slice::from_ref(name);
        anyhow::ensure!(
            rows.iter().any(|row| row.is_one_of(one)),
            "no row has such a name: {name}"
        );
    }
    rows.retain(|row| row.is_one_of(names));
    Ok(rows)
}

/// A row with what most rows have.
fn row(scale: &Scale, group: Group, data: Data, id: &str, title: &str) -> Row {
    Row {
        id: id.to_owned(),
        title: title.to_owned(),
        data,
        n: scale.n(data),
        group,
        unit: Unit::Ms,
        target: None,
        warm_up: scale.warm_up,
        repetitions: scale.repetitions,
        run: |_, _, _| Ok(Outcome::NotThere("not there yet")),
        param: 0,
    }
}

impl Row {
    fn unit(self, unit: Unit) -> Self {
        Self { unit, ..self }
    }

    fn target(self, target: f64) -> Self {
        let target = Some(target);
        Self { target, ..self }
    }

    fn param(self, param: u32) -> Self {
        Self { param, ..self }
    }

    fn does(self, run: fn(&mut Context, &Row, u32) -> RowResult) -> Self {
        Self { run, ..self }
    }
}
