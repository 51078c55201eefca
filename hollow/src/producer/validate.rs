//! S5: what may be published is decided before anybody can see it.

use super::keys::KeyReader;
use super::{CycleError, Producer};
use crate::Version;
use crate::index::UniqueKey;
use crate::read::ReadState;
use crate::record::{KeyError, key_json};
use crate::store::Receipt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A state that is complete and checked but not published.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The version it will be published as.
    pub version: Version,
    /// The state.
    pub state: &'a ReadState,
    /// The announced state.
    pub previous: Option<&'a ReadState>,
}

/// Decides whether a candidate may be published.
pub trait Validator: Send + Sync {
    /// A short name for receipts.
    fn name(&self) -> String;

    /// `Ok` says in words what was looked at, `Err` why the candidate must not be published. A panic refuses it too.
    ///
    /// # Errors
    /// The reason to refuse.
    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String>;
}

/// Asks all validators, also after one has refused: whoever reads the receipts wants to know everything.
pub(super) fn validate(validators: &[Box<dyn Validator>], candidate: &Candidate<'_>) -> Vec<Receipt> {
    let ask = |validator: &dyn Validator| {
        let asked = catch_unwind(AssertUnwindSafe(|| (validator.name(), validator.validate(candidate))));
        let (name, answer) = asked.unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            let name = catch_unwind(AssertUnwindSafe(|| validator.name())).unwrap_or_else(|_| "validator".to_owned());
            (name, Err(format!("panicked: {}", text.unwrap_or_default())))
        });
        Receipt {
            validator: name,
            passed: answer.is_ok(),
            details: answer.unwrap_or_else(|reason| reason),
        }
    };
    validators.iter().map(|validator| ask(validator.as_ref())).collect()
}

/// Refuses a type whose number of records changed by more than a percentage since the announced state.
#[derive(Clone, Debug)]
pub struct RecordCountChange {
    type_name: String,
    percent: f64,
}

impl RecordCountChange {
    /// At most `percent` more or fewer records of this type than before. A type that had none may have any number.
    pub fn at_most_percent(type_name: &str, percent: f64) -> Self {
        Self {
            type_name: type_name.to_owned(),
            percent,
        }
    }
}

fn count(state: &ReadState, type_name: &str) -> usize {
    state.ty(type_name).map_or(0, |ty| ty.len())
}

impl Validator for RecordCountChange {
    fn name(&self) -> String {
        format!("record-count-change({})", self.type_name)
    }

    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        let Some(previous) = candidate.previous else {
            return Ok("nothing to compare with".to_owned());
        };
        let before = count(previous, &self.type_name);
        let after = count(candidate.state, &self.type_name);
        if before == 0 {
            return Ok(format!("{after} records, none before"));
        }
        let change = 100.0 * (after as f64 - before as f64) / before as f64;
        let text = format!("{before} to {after} records, {change:+.2} % (limit {} %)", self.percent);
        if change.abs() <= self.percent {
            Ok(text)
        } else {
            Err(text)
        }
    }
}

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
        if found >= self.minimum { Ok(text) } else { Err(text) }
    }
}

impl Producer {
    /// Whether root records have keys of their own. Looks at root types that changed in this cycle.
    pub(super) fn check_keys(&self, state: &ReadState) -> Result<(), CycleError> {
        for name in &self.config.roots {
            let schema = self.dataset.get(name).and_then(|schema| schema.as_object());
            let has_key = schema.is_some_and(|schema| schema.primary_key.is_some());
            let id = self.engine.type_id(name);
            if !has_key || id.is_none_or(|id| self.engine.changes(id).is_empty()) {
                continue;
            }
            let index = UniqueKey::build(state, name).map_err(KeyError::from)?;
            let reader = KeyReader::resolve(state, name)?;
            if let Some(twice) = index.duplicates(state).first() {
                let key = reader.read(state, twice.found).unwrap_or_default();
                return Err(CycleError::DuplicateKey {
                    type_name: name.clone(),
                    key: key_json(&key),
                });
            }
            let mut records = state.ty(name).into_iter().flat_map(|ty| ty.populated());
            if index.incomplete() > 0
                && let Some(example) = records.find(|&record| reader.read(state, record).is_none())
            {
                return Err(CycleError::NullKey {
                    type_name: name.clone(),
                    count: index.incomplete(),
                    example,
                });
            }
        }
        Ok(())
    }
}

/// Refuses a type in which two records have the same primary key. Reads every key of the type.
#[derive(Clone, Debug)]
pub struct DuplicateKeys {
    type_name: String,
}

impl DuplicateKeys {
    /// Looks at this type, by its declared primary key.
    pub fn of(type_name: &str) -> Self {
        Self {
            type_name: type_name.to_owned(),
        }
    }
}

impl Validator for DuplicateKeys {
    fn name(&self) -> String {
        format!("duplicate-keys({})", self.type_name)
    }

    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        let index = UniqueKey::build(candidate.state, &self.type_name).map_err(|error| error.to_string())?;
        match index.duplicates(candidate.state).as_slice() {
            [] => Ok(format!("{} keys, each once", index.len())),
            [first, ..] => {
                let reader = KeyReader::resolve(candidate.state, &self.type_name).ok();
                let key = reader.and_then(|reader| reader.read(candidate.state, first.found));
                Err(format!(
                    "{} records have the key of another one, among them ordinal={} with key={}",
                    index.num_duplicates(),
                    first.hidden,
                    key.map_or_else(String::new, |key| key_json(&key))
                ))
            }
        }
    }
}
