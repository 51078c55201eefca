//! `[[dataset.checks.by_value]]`: how many records there must be for each value of a field.

use super::{Problem, wrong};
use hollow::producer::RecordsByValue;
use hollow::schema::Dataset;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Fields to count by in one dataset, and values to name of one.
const MOST_FIELDS: usize = 32;
const MOST_VALUES: usize = 1000;

/// How many records a value must have for a share of them to mean something.
const FROM_RECORDS: u64 = 10;

/// One of the tables as it stands in the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawByValue {
    #[serde(rename = "type")]
    type_name: Option<String>,
    field: Option<String>,
    min_records: BTreeMap<String, i64>,
    min_percent_kept: Option<f64>,
    from_records: Option<i64>,
}

/// How many records there must be for each value of a field.
#[derive(Clone, Debug, PartialEq)]
pub struct ByValue {
    /// The type whose records are counted.
    pub type_name: String,
    /// The path to the field.
    pub field: String,
    /// The least number of records, by value.
    pub min_records: BTreeMap<String, u64>,
    /// How much of what a value has must stay in a cycle, in percent, for each value there is.
    pub min_percent_kept: Option<f64>,
    /// Values with fewer records than this may lose any share.
    pub from_records: u64,
}

impl ByValue {
    /// All of a dataset.
    pub(super) fn all(raw: Vec<RawByValue>, dataset: &Dataset, root: &str) -> Result<Vec<Self>, Problem> {
        const KEY: &str = "checks.by_value";
        if raw.len() > MOST_FIELDS {
            return Err(wrong(KEY, "at most 32 tables", raw.len()));
        }
        let all = raw.into_iter().map(|raw| Self::new(raw, dataset, root));
        let all: Vec<Self> = all.collect::<Result<_, _>>()?;
        let mut fields = BTreeSet::new();
        for Self { type_name, field, .. } in &all {
            if !fields.insert((type_name, field)) {
                return Err(wrong(KEY, "one table for a field", format!("{type_name}, {field}")));
            }
        }
        Ok(all)
    }

    fn new(raw: RawByValue, dataset: &Dataset, root: &str) -> Result<Self, Problem> {
        let field = raw.field.ok_or(Problem::Missing("checks.by_value.field"))?;
        if raw.min_records.is_empty() && raw.min_percent_kept.is_none() {
            return Err(Problem::Missing("checks.by_value.min_records` or `min_percent_kept"));
        }
        if raw.min_records.len() > MOST_VALUES {
            let expected = "at most 1000 values";
            return Err(wrong("checks.by_value.min_records", expected, raw.min_records.len()));
        }
        let at_least_one = |key, expected, number: i64| match u64::try_from(number) {
            Ok(number @ 1..) => Ok(number),
            _ => Err(wrong(key, expected, number)),
        };
        let named = raw.min_records.into_iter().map(|(value, least)| {
            // Not even 0: a limit that nothing can break is a mistake.
            let expected = "a number of records, at least 1";
            Ok((value, at_least_one("checks.by_value.min_records", expected, least)?))
        });
        let from = raw.from_records.map(|records| {
            let expected = "a number of records, at least 1";
            at_least_one("checks.by_value.from_records", expected, records)
        });
        if raw.min_percent_kept.is_none() && from.is_some() {
            let expected = "given together with `min_percent_kept`";
            return Err(wrong("checks.by_value.from_records", expected, ""));
        }
        let this = Self {
            type_name: raw.type_name.unwrap_or_else(|| root.to_owned()),
            field,
            min_records: named.collect::<Result<_, Problem>>()?,
            min_percent_kept: match raw.min_percent_kept {
                Some(percent) if !(percent > 0.0 && percent <= 100.0) => {
                    let expected = "a number of percent above 0, at most 100";
                    return Err(wrong("checks.by_value.min_percent_kept", expected, percent));
                }
                percent => percent,
            },
            from_records: from.transpose()?.unwrap_or(FROM_RECORDS),
        };
        this.validator().check(dataset).map_err(Problem::ByValue)?;
        Ok(this)
    }

    /// The validator that sees to it.
    pub(super) fn validator(&self) -> RecordsByValue {
        let limit = RecordsByValue::of(&self.type_name, &self.field).from_records(self.from_records);
        let limit = match self.min_percent_kept {
            Some(percent) => limit.keeps_percent(percent),
            None => limit,
        };
        let named = self.min_records.iter();
        named.fold(limit, |limit, (value, least)| limit.at_least(value, *least))
    }
}
