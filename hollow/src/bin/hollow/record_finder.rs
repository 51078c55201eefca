//! Records by the names people give them: `Type:key`.

use crate::failure::Failure;
use crate::source::require_type;
use hollow::Ordinal;
use hollow::index::UniqueKey;
use hollow::read::ReadState;
use hollow::record::{KeyPaths, KeyValue};
use hollow::schema::FieldType;
use serde_json::{Value, json};
use std::collections::HashMap;

/// Finds records of one state. The index of a type is built when its first record is asked for.
pub(crate) struct RecordFinder<'s> {
    state: &'s ReadState,
    indexes: HashMap<&'s str, (KeyPaths, UniqueKey)>,
}

impl<'s> RecordFinder<'s> {
    pub(crate) fn new(state: &'s ReadState) -> Self {
        Self {
            state,
            indexes: HashMap::new(),
        }
    }

    /// The type and ordinal of the record with this name: `Type:key[,key…]`, `Type:["a,b",7]` or `Type:#7`.
    pub(crate) fn find(&mut self, name: &str) -> Result<(&'s str, Ordinal), Failure> {
        let Some((type_name, key)) = name.split_once(':') else {
            return Err(Failure::usage(format!("expected Type:key, found {name:?}")));
        };
        require_type(self.state, type_name)?;
        let ty = self.state.ty(type_name).ok_or_else(|| missing(name))?;
        let ordinal = match key.strip_prefix('#') {
            Some(number) => {
                let ordinal = number
                    .parse()
                    .map_err(|_| Failure::usage(format!("expected an ordinal, found {number:?}")))?;
                Ordinal::new(ordinal).filter(|ordinal| ty.is_populated(*ordinal))
            }
            None => self.by_key(ty.name(), key)?,
        };
        Ok((ty.name(), ordinal.ok_or_else(|| missing(name))?))
    }

    fn by_key(&mut self, type_name: &'s str, key: &str) -> Result<Option<Ordinal>, Failure> {
        if !self.indexes.contains_key(type_name) {
            let paths = KeyPaths::resolve(self.state.dataset(), type_name)
                .map_err(|error| Failure::usage(error).hint(format!("{type_name}:#7 is the record with ordinal 7")))?;
            let index = UniqueKey::build(self.state, type_name).map_err(Failure::usage)?;
            self.indexes.insert(type_name, (paths, index));
        }
        let Some((paths, index)) = self.indexes.get(type_name) else {
            return Ok(None);
        };
        Ok(index.find(self.state, &parse_key(paths, key)?))
    }
}

/// There is no record with this name.
pub(crate) fn missing(name: &str) -> Failure {
    let type_name = name.split(':').next().unwrap_or_default();
    Failure::not_found(format!("there is no record {name}")).hint(format!(
        "hollow query '{type_name} where …' finds records by their fields"
    ))
}

/// A key as it is typed: JSON, or its parts with commas between them.
fn parse_key(paths: &KeyPaths, key: &str) -> Result<Vec<KeyValue>, Failure> {
    let names: Vec<String> = paths.paths().iter().map(|path| path.full_name()).collect();
    let failed =
        |error: hollow::record::KeyError| Failure::usage(error).hint(format!("the key is {}", names.join(",")));
    if key.starts_with('[') {
        return paths.parse(key.as_bytes()).map_err(failed);
    }
    // A key with a single part may contain commas.
    let parts: Vec<&str> = match paths.paths() {
        [_] => vec![key],
        _ => key.split(',').collect(),
    };
    let json: Vec<Value> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| match paths.paths().get(at).map(|path| &path.ty) {
            Some(FieldType::String | FieldType::Bytes) | None => json!(part),
            Some(_) => serde_json::from_str(part)
                .ok()
                .filter(|value: &Value| value.is_number() || value.is_boolean())
                .unwrap_or_else(|| json!(part)),
        })
        .collect();
    paths.parse(Value::from(json).to_string().as_bytes()).map_err(failed)
}
