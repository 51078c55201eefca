//! Limits on how many records there are, and on how many change: in a cycle, or within a window of time.

use super::{Candidate, Validator, count};
use crate::store::KeyChanges;
use std::time::Duration;

/// Refuses a type that has too few records.
#[derive(Clone, Debug)]
pub struct MinimumRecordCount {
    type_name: String,
    minimum: usize,
}

impl MinimumRecordCount {
    /// At least `minimum` records of this type.
    pub fn at_least(type_name: &str, minimum: usize) -> Self {
        Self {
            type_name: type_name.to_owned(),
            minimum,
        }
    }
}

impl Validator for MinimumRecordCount {
    fn name(&self) -> String {
        format!("minimum-record-count({})", self.type_name)
    }

    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        let found = count(candidate.state, &self.type_name);
        let text = format!("{found} records (at least {})", self.minimum);
        if found >= self.minimum as u64 {
            Ok(text)
        } else {
            Err(text)
        }
    }
}

/// A share of the records of a type, for one cycle or for a window of time.
#[derive(Clone, Debug)]
struct Limit {
    type_name: String,
    percent: f64,
    window: Option<Duration>,
}

impl Limit {
    fn new(type_name: &str, percent: f64) -> Self {
        Self {
            type_name: type_name.to_owned(),
            percent,
            window: None,
        }
    }

    fn name(&self, of: &str) -> String {
        match self.window {
            None => format!("{of}({})", self.type_name),
            Some(window) => format!("{of}({}, {} s)", self.type_name, window.as_secs_f64()),
        }
    }

    fn watches(&self) -> Option<(String, Duration)> {
        self.window.map(|window| (self.type_name.clone(), window))
    }

    /// How many records there were before: before the candidate, or as the window began.
    fn before(&self, candidate: &Candidate<'_>, name: &str) -> u64 {
        let now = candidate.previous.map_or(0, |state| count(state, &self.type_name));
        let window = self.window.map(|window| candidate.window(window, name));
        window
            .and_then(|window| window.records_before(&self.type_name))
            .unwrap_or(now)
    }

    /// What the candidate does, and the versions in the window before it.
    fn sum(&self, candidate: &Candidate<'_>, name: &str, of: impl Fn(&KeyChanges) -> u64) -> u64 {
        let counts = candidate.counts.get(&self.type_name).and_then(|counts| counts.changes);
        let own = counts.map_or(0, |changes| of(&changes));
        let window = self.window.map(|window| candidate.window(window, name));
        own.saturating_add(window.map_or(0, |window| window.sum(&self.type_name, of)))
    }

    /// Whether `part` is more than the limit says of the records there are, or were within the window.
    fn judge_share(&self, candidate: &Candidate<'_>, name: &str, what: &str, part: u64) -> Result<String, String> {
        let Some(previous) = candidate.previous else {
            return Ok("nothing to compare with".to_owned());
        };
        let window = self.window.map(|window| candidate.window(window, name));
        let most = window.map_or(0, |window| window.most_records(&self.type_name));
        let records = most.max(count(previous, &self.type_name));
        if records == 0 {
            return Ok("no records before".to_owned());
        }
        let percent = 100.0 * part as f64 / records as f64;
        let text = format!(
            "{part} of {records} records {what}, {percent:.2} % (limit {} %)",
            self.percent
        );
        if percent <= self.percent { Ok(text) } else { Err(text) }
    }
}

/// Refuses a type whose number of records changed by more than a percentage: since the announced state, or
/// [within a time](RecordCountChange::within).
#[derive(Clone, Debug)]
pub struct RecordCountChange(Limit);

impl RecordCountChange {
    /// At most `percent` more or fewer records of this type than before. A type that had none may have any number.
    pub fn at_most_percent(type_name: &str, percent: f64) -> Self {
        Self(Limit::new(type_name, percent))
    }

    /// Compares with the state of that long ago instead of the announced one.
    pub fn within(mut self, window: Duration) -> Self {
        self.0.window = Some(window);
        self
    }
}

impl Validator for RecordCountChange {
    fn name(&self) -> String {
        self.0.name("record-count-change")
    }

    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        if candidate.previous.is_none() {
            return Ok("nothing to compare with".to_owned());
        }
        let before = self.0.before(candidate, &self.name());
        let after = count(candidate.state, &self.0.type_name);
        if before == 0 {
            return Ok(format!("{after} records, none before"));
        }
        let change = 100.0 * (after as f64 - before as f64) / before as f64;
        let text = format!(
            "{before} to {after} records, {change:+.2} % (limit {} %)",
            self.0.percent
        );
        if change.abs() <= self.0.percent {
            Ok(text)
        } else {
            Err(text)
        }
    }

    fn watches(&self) -> Option<(String, Duration)> {
        self.0.watches()
    }
}

/// Refuses a root type of which too many records were removed, by primary key: in one cycle, or
/// [within a time](RemovedRecords::within).
///
/// ```
/// use hollow::producer::{Producer, RemovedRecords};
/// # use hollow::{schema::Dataset, store::Store};
/// use std::time::Duration;
/// # let dataset = Dataset::parse("Person @PrimaryKey(id) { long id; }")?;
///
/// let hour = Duration::from_secs(3600);
/// let producer = Producer::builder(dataset, Store::memory())
///     .validator(RemovedRecords::at_most_percent("Person", 2.0))
///     .validator(RemovedRecords::at_most_percent("Person", 5.0).within(hour)) // drop by drop is caught, too
///     .build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RemovedRecords(Limit);

impl RemovedRecords {
    /// At most `percent` of the records of this type.
    pub fn at_most_percent(type_name: &str, percent: f64) -> Self {
        Self(Limit::new(type_name, percent))
    }

    /// Counts what all versions within this time removed, and the candidate.
    pub fn within(mut self, window: Duration) -> Self {
        self.0.window = Some(window);
        self
    }
}

impl Validator for RemovedRecords {
    fn name(&self) -> String {
        self.0.name("removed-records")
    }

    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        let name = self.name();
        let removed = self.0.sum(candidate, &name, |changes| changes.removed);
        self.0.judge_share(candidate, &name, "removed", removed)
    }

    fn watches(&self) -> Option<(String, Duration)> {
        self.0.watches()
    }
}

/// Refuses a root type of which too many records were changed or removed, by primary key: in one cycle, or
/// [within a time](ChangedRecords::within). New records do not count; see [`RecordCountChange`] for those.
#[derive(Clone, Debug)]
pub struct ChangedRecords(Limit);

impl ChangedRecords {
    /// At most `percent` of the records of this type.
    pub fn at_most_percent(type_name: &str, percent: f64) -> Self {
        Self(Limit::new(type_name, percent))
    }

    /// Counts what all versions within this time changed, and the candidate. A record that changes twice counts twice.
    pub fn within(mut self, window: Duration) -> Self {
        self.0.window = Some(window);
        self
    }
}

impl Validator for ChangedRecords {
    fn name(&self) -> String {
        self.0.name("changed-records")
    }

    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        let name = self.name();
        let of = |changes: &KeyChanges| changes.changed.saturating_add(changes.removed);
        let changed = self.0.sum(candidate, &name, of);
        self.0.judge_share(candidate, &name, "changed or removed", changed)
    }

    fn watches(&self) -> Option<(String, Duration)> {
        self.0.watches()
    }
}
