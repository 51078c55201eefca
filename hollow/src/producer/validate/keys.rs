//! Keys that are not keys: the same twice, or with nothing in them.

use super::{Candidate, Validator};
use crate::index::UniqueKey;
use crate::producer::keys::KeyReader;
use crate::producer::{CycleError, Producer};
use crate::read::ReadState;
use crate::record::{KeyError, key_json};

impl Producer {
    /// Whether root records have keys of their own. Looks at root types that changed in this cycle.
    pub(in crate::producer) fn check_keys(&self, state: &ReadState) -> Result<(), CycleError> {
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

/// Refuses a type in which a record has a null in its primary key. Reads every key of the type.
#[derive(Clone, Debug)]
pub struct NullKeys {
    type_name: String,
}

impl NullKeys {
    /// Looks at this type, by its declared primary key.
    pub fn of(type_name: &str) -> Self {
        Self {
            type_name: type_name.to_owned(),
        }
    }
}

impl Validator for NullKeys {
    fn name(&self) -> String {
        format!("null-keys({})", self.type_name)
    }

    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        let reader = KeyReader::resolve(candidate.state, &self.type_name).map_err(|error| error.to_string())?;
        let records = candidate
            .state
            .ty(&self.type_name)
            .into_iter()
            .flat_map(|ty| ty.populated());
        let mut without = records.filter(|&record| reader.read(candidate.state, record).is_none());
        match without.next() {
            None => Ok("every record has a key".to_owned()),
            Some(first) => Err(format!(
                "{} records have a null in their primary key, such as ordinal={first}",
                without.count() + 1
            )),
        }
    }
}
