//! How many records there must be for each value of a field: that one country, one kind, one partition is not emptied
//! while the type as a whole looks well.

mod counts;

use super::{Candidate, Validator};
use crate::index::ValuePath;
use crate::schema::{Dataset, FieldType, SchemaError};
use counts::{Counts, Known};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Values that a receipt tells of, and characters that it shows of one.
const MOST_SHOWN: usize = 10;
const LONGEST_SHOWN: usize = 40;

/// Refuses a type of which too few records are left for a value of a field: for values that are named, and for every
/// value that there was before.
///
/// The path passes through references, and through lists, sets and maps by the names `element`, `key` and `value`. A
/// record that leads to several values counts for each of them, once; one that leads to none counts for none.
///
/// A cycle costs what it changes: the values of the records that came and went are read, and added to the counts of the
/// state before, which the validator keeps (a number and the text of each value). All records of the type are read, along
/// the path and no further, where the counts of the state before are not known: in the first cycle of a process, after a
/// change of the schemas, and over a break of the chain.
///
/// A share is of the announced state: values that lose a little in every cycle pass it, and are caught by
/// [`at_least`](RecordsByValue::at_least).
///
/// ```
/// use hollow::producer::{Producer, RecordsByValue};
/// # use hollow::{record::{KeyValue, Value}, schema::Dataset, store::Store};
/// # let dataset = Dataset::parse("Movie @PrimaryKey(id) { long id; Country country; } Country { string code; }")?;
///
/// let mut producer = Producer::builder(dataset, Store::memory())
///     .validator(
///         RecordsByValue::of("Movie", "country.code")
///             .at_least("DE", 2) // whatever there was before
///             .keeps_percent(50.0), // of the records of every country
///     )
///     .build()?;
/// # let movie = |id, code: &str| Value::Object(vec![
/// #     Value::Long(id), Value::Object(vec![Value::String(code.into())]),
/// # ]);
/// producer.run_incremental_cycle(|cycle| {
///     for id in 0..100 {
///         cycle.upsert("Movie", &movie(id, if id < 4 { "DE" } else { "FR" }))?;
///     }
///     Ok(())
/// })?;
/// let refused = producer.run_incremental_cycle(|cycle| {
///     for id in 0..3 {
///         cycle.delete("Movie", &[KeyValue::Long(id)])?;
///     }
///     Ok(())
/// });
/// assert!(refused.unwrap_err().to_string().contains("\"DE\" fell from 4 to 1 records"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecordsByValue {
    type_name: String,
    path: String,
    least: BTreeMap<String, u64>,
    keeps_percent: Option<f64>,
    from: u64,
    /// What was counted last. Only this validator's: nobody else can make it wrong.
    known: Mutex<Known>,
}

/// Why records cannot be counted by a field.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ByValueError {
    /// There is no such type, or the path leads nowhere.
    #[error(transparent)]
    Path(#[from] SchemaError),
    /// The field holds what is not counted by.
    #[error("records are counted by fields of type string, int, long and boolean, path={path} type={found}")]
    Type {
        /// The path.
        path: String,
        /// What it leads to.
        found: String,
    },
    /// A value that the field can never have.
    #[error("no value of the field is written like this, path={path} type={ty} value={value:?}")]
    Value {
        /// The path.
        path: String,
        /// What it leads to.
        ty: String,
        /// The value as it was given.
        value: String,
    },
}

impl RecordsByValue {
    /// Counts the records of this type by the values at the end of this path. Demands nothing yet.
    pub fn of(type_name: &str, path: &str) -> Self {
        Self {
            type_name: type_name.to_owned(),
            path: path.to_owned(),
            least: BTreeMap::new(),
            keeps_percent: None,
            from: 1,
            known: Mutex::default(),
        }
    }

    /// At least `minimum` records with this value, whether there were any before or not. Numbers are written in decimal,
    /// booleans as `true` and `false`.
    pub fn at_least(mut self, value: &str, minimum: u64) -> Self {
        self.least.insert(value.to_owned(), minimum);
        self
    }

    /// At least this share of the records that the announced state has with a value, for each of its values.
    pub fn keeps_percent(mut self, percent: f64) -> Self {
        self.keeps_percent = Some(percent);
        self
    }

    /// Looks at the share of values with so many records before, and lets the rarer ones come and go. 1 if not given.
    pub fn from_records(mut self, records: u64) -> Self {
        self.from = records;
        self
    }

    /// Whether states with these schemas can be judged.
    ///
    /// # Errors
    /// [`ByValueError`] says why not.
    pub fn check(&self, dataset: &Dataset) -> Result<(), ByValueError> {
        self.resolve(dataset).map(drop)
    }

    fn resolve(&self, dataset: &Dataset) -> Result<ValuePath, ByValueError> {
        let path = ValuePath::resolve(dataset, &self.type_name, &self.path)?;
        let holds = path.holds().unwrap_or(&FieldType::Bytes);
        let shown = || holds.to_string();
        let can_be = |value: &str| match holds {
            FieldType::Int => value.parse::<i32>().is_ok_and(|number| number.to_string() == value),
            FieldType::Long => value.parse::<i64>().is_ok_and(|number| number.to_string() == value),
            FieldType::Boolean => value.parse::<bool>().is_ok(),
            _ => true,
        };
        if !matches!(
            holds,
            FieldType::String | FieldType::Int | FieldType::Long | FieldType::Boolean
        ) {
            return Err(ByValueError::Type {
                path: self.path.clone(),
                found: shown(),
            });
        }
        match self.least.keys().find(|value| !can_be(value)) {
            None => Ok(path),
            Some(value) => Err(ByValueError::Value {
                path: self.path.clone(),
                ty: shown(),
                value: value.clone(),
            }),
        }
    }

    /// What is too little of one value; nothing if it is enough.
    fn judge(&self, value: &str, counts: &Counts<'_>) -> Option<Fall> {
        let (before, now) = (counts.before(value), counts.now(value));
        let minimum = self.least.get(value).copied().filter(|&minimum| now < minimum);
        let percent = self.keeps_percent.filter(|percent| {
            let is_looked_at = before > 0 && before >= self.from;
            is_looked_at && kept(before, now) < *percent
        });
        (minimum.is_some() || percent.is_some()).then(|| Fall {
            value: value.to_owned(),
            before,
            now,
            minimum,
            percent,
        })
    }
}

impl Validator for RecordsByValue {
    fn name(&self) -> String {
        format!("records-by-value({}, {})", self.type_name, self.path)
    }

    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        let state = candidate.state;
        let path = self.resolve(state.dataset()).map_err(|error| error.to_string())?;
        // A state from before the type or the field was there has nothing to compare with.
        let previous = candidate
            .previous
            .map(|state| (state, self.resolve(state.dataset()).ok()));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let counts = known.follow(&self.type_name, previous, (state, &path))?;
        let fallen = counts.fallen();
        let values: BTreeSet<&str> = self
            .least
            .keys()
            .map(String::as_str)
            .chain(fallen.iter().copied())
            .collect();
        let mut falls: Vec<Fall> = values.iter().filter_map(|value| self.judge(value, &counts)).collect();
        if falls.is_empty() {
            return Ok(format!("enough of each value, {} have fewer than before", fallen.len()));
        }
        falls.sort_by(|a, b| kept(a.before, a.now).total_cmp(&kept(b.before, b.now)));
        Err(told(&falls))
    }
}

/// The share of records that are left, in percent. Where there were none, nothing was lost.
fn kept(before: u64, now: u64) -> f64 {
    match before {
        0 => 100.0,
        before => 100.0 * now as f64 / before as f64,
    }
}

/// A value of which too few records are left.
struct Fall {
    value: String,
    before: u64,
    now: u64,
    /// The least that was demanded.
    minimum: Option<u64>,
    /// The share that was demanded.
    percent: Option<f64>,
}

impl fmt::Display for Fall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, now) = (self.before, self.now);
        let shown: String = self.value.chars().take(LONGEST_SHOWN).collect();
        let more = if shown.len() < self.value.len() { "…" } else { "" };
        if now < before {
            write!(f, "{shown:?}{more} fell from {before} to {now} records")?;
        } else {
            write!(f, "{shown:?}{more} has {now} records, {before} before")?;
        }
        if let Some(minimum) = self.minimum {
            write!(f, " (at least {minimum})")?;
        }
        if let Some(percent) = self.percent {
            write!(f, ", {:.2} % kept (at least {percent} %)", kept(before, now))?;
        }
        Ok(())
    }
}

/// The worst ones, and how many more there are.
fn told(falls: &[Fall]) -> String {
    let shown: Vec<String> = falls.iter().take(MOST_SHOWN).map(Fall::to_string).collect();
    let mut text = shown.join("; ");
    if let Some(more @ 1..) = falls.len().checked_sub(MOST_SHOWN) {
        text.push_str(&format!("; and {more} values more"));
    }
    text
}
