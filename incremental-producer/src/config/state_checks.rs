//! `[dataset.checks]`: what a state must fulfil before it is announced.

use super::by_value::{ByValue, RawByValue};
use super::checks::duration;
use super::{Problem, wrong};
use hollow::producer::{
    ChangedRecords, DuplicateKeys, MinimumRecordCount, NullKeys, RecordCountChange, RemovedRecords, Validator,
};
use hollow::schema::Dataset;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The table as it stands in the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawChecks {
    min_records: BTreeMap<String, i64>,
    max_count_change_percent: BTreeMap<String, f64>,
    max_count_change_percent_per_window: BTreeMap<String, f64>,
    max_changed_percent: Option<f64>,
    max_changed_percent_per_window: Option<f64>,
    max_removed_percent: Option<f64>,
    max_removed_percent_per_window: Option<f64>,
    window: Option<String>,
    unique_keys: Vec<String>,
    by_value: Vec<RawByValue>,
    keep_refused: Option<i64>,
}

/// What a state must fulfil before it is announced. Root records always have keys of their own; that is no setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Checks {
    /// The least number of records, by type.
    pub min_records: BTreeMap<String, u64>,
    /// How much the number of records may change in a cycle, in percent, by type.
    pub max_count_change_percent: BTreeMap<String, f64>,
    /// How much the number of records may change within the window, in percent, by type.
    pub max_count_change_percent_per_window: BTreeMap<String, f64>,
    /// How many root records may be changed or removed in a cycle, in percent.
    pub max_changed_percent: Option<f64>,
    /// How many root records may be changed or removed within the window, in percent.
    pub max_changed_percent_per_window: Option<f64>,
    /// How many root records may be removed in a cycle, in percent.
    pub max_removed_percent: Option<f64>,
    /// How many root records may be removed within the window, in percent.
    pub max_removed_percent_per_window: Option<f64>,
    /// The window.
    pub window: Duration,
    /// Types besides the root whose primary keys must be there, and each once.
    pub unique_keys: Vec<String>,
    /// How many records there must be for each value of a field.
    pub by_value: Vec<ByValue>,
    /// How many refused candidates stay in quarantine.
    pub keep_refused: usize,
}

impl Default for Checks {
    /// No limits; a window of an hour, and ten candidates.
    fn default() -> Self {
        Self {
            min_records: BTreeMap::new(),
            max_count_change_percent: BTreeMap::new(),
            max_count_change_percent_per_window: BTreeMap::new(),
            max_changed_percent: None,
            max_changed_percent_per_window: None,
            max_removed_percent: None,
            max_removed_percent_per_window: None,
            window: Duration::from_secs(3600),
            unique_keys: Vec::new(),
            by_value: Vec::new(),
            keep_refused: 10,
        }
    }
}

impl Checks {
    pub(super) fn new(raw: RawChecks, dataset: &Dataset, root: &str) -> Result<Self, Problem> {
        let defaults = Self::default();
        let types = raw.min_records.keys();
        let types = types.chain(raw.max_count_change_percent.keys());
        let mut types = types
            .chain(raw.max_count_change_percent_per_window.keys())
            .chain(&raw.unique_keys);
        if let Some(unknown) = types.find(|name| dataset.get(name).is_none()) {
            return Err(wrong("checks", "limits of types of the schema", unknown));
        }
        let has_key = |name: &&String| {
            let schema = dataset.get(name).and_then(|schema| schema.as_object());
            schema.is_some_and(|schema| schema.primary_key.is_some())
        };
        if let Some(keyless) = raw.unique_keys.iter().find(|name| !has_key(name)) {
            return Err(wrong("checks.unique_keys", "types with a primary key", keyless));
        }
        let percent = |key, value: f64| match value {
            value if value.is_finite() && value >= 0.0 => Ok(value),
            value => Err(wrong(key, "a number of percent, at least 0", value)),
        };
        let percents = |key, values: BTreeMap<String, f64>| {
            let checked = values.into_iter().map(|(name, value)| Ok((name, percent(key, value)?)));
            checked.collect::<Result<BTreeMap<_, _>, Problem>>()
        };
        let maybe = |key, value: Option<f64>| value.map(|value| percent(key, value)).transpose();
        let at_least_zero =
            |key, value: i64| u64::try_from(value).map_err(|_| wrong(key, "a number of records, at least 0", value));
        let least = raw.min_records.into_iter();
        let least = least.map(|(name, value)| Ok((name, at_least_zero("checks.min_records", value)?)));
        Ok(Self {
            min_records: least.collect::<Result<_, Problem>>()?,
            max_count_change_percent: percents("checks.max_count_change_percent", raw.max_count_change_percent)?,
            max_count_change_percent_per_window: percents(
                "checks.max_count_change_percent_per_window",
                raw.max_count_change_percent_per_window,
            )?,
            max_changed_percent: maybe("checks.max_changed_percent", raw.max_changed_percent)?,
            max_changed_percent_per_window: maybe(
                "checks.max_changed_percent_per_window",
                raw.max_changed_percent_per_window,
            )?,
            max_removed_percent: maybe("checks.max_removed_percent", raw.max_removed_percent)?,
            max_removed_percent_per_window: maybe(
                "checks.max_removed_percent_per_window",
                raw.max_removed_percent_per_window,
            )?,
            window: duration(
                "checks.window",
                raw.window.as_deref(),
                defaults.window,
                Duration::from_secs(1),
            )?,
            unique_keys: raw.unique_keys,
            by_value: ByValue::all(raw.by_value, dataset, root)?,
            keep_refused: match raw.keep_refused {
                None => defaults.keep_refused,
                Some(count @ 1..=1000) => usize::try_from(count).unwrap_or(defaults.keep_refused),
                Some(count) => return Err(wrong("checks.keep_refused", "a number from 1 to 1000", count)),
            },
        })
    }

    /// The validators that see to it.
    pub fn validators(&self, root: &str) -> Vec<Box<dyn Validator>> {
        let mut all: Vec<Box<dyn Validator>> = Vec::new();
        for (name, least) in &self.min_records {
            let least = usize::try_from(*least).unwrap_or(usize::MAX);
            all.push(Box::new(MinimumRecordCount::at_least(name, least)));
        }
        for (name, percent) in &self.max_count_change_percent {
            all.push(Box::new(RecordCountChange::at_most_percent(name, *percent)));
        }
        for (name, percent) in &self.max_count_change_percent_per_window {
            let limit = RecordCountChange::at_most_percent(name, *percent);
            all.push(Box::new(limit.within(self.window)));
        }
        if let Some(percent) = self.max_changed_percent {
            all.push(Box::new(ChangedRecords::at_most_percent(root, percent)));
        }
        if let Some(percent) = self.max_changed_percent_per_window {
            all.push(Box::new(
                ChangedRecords::at_most_percent(root, percent).within(self.window),
            ));
        }
        if let Some(percent) = self.max_removed_percent {
            all.push(Box::new(RemovedRecords::at_most_percent(root, percent)));
        }
        if let Some(percent) = self.max_removed_percent_per_window {
            all.push(Box::new(
                RemovedRecords::at_most_percent(root, percent).within(self.window),
            ));
        }
        for by_value in &self.by_value {
            all.push(Box::new(by_value.validator()));
        }
        for name in &self.unique_keys {
            all.push(Box::new(DuplicateKeys::of(name)));
            all.push(Box::new(NullKeys::of(name)));
        }
        all
    }
}
