//! Elements of sets and keys of maps must have the values that place them in their buckets.
//!
//! A state with an element that cannot be placed cannot be written, so one such message would stop its dataset for good.

use hollow::record::Value;
use hollow::schema::{Dataset, FieldPath, Schema, SchemaError};
use std::collections::{HashMap, HashSet};

/// The hash keys of a dataset, resolved.
#[derive(Debug)]
pub(super) struct HashKeys {
    /// By set or map type.
    paths: HashMap<String, Vec<FieldPath>>,
    /// The types from which such a type can be reached; values of others need no look.
    above: HashSet<String>,
}

impl HashKeys {
    pub(super) fn resolve(dataset: &Dataset) -> Result<Self, SchemaError> {
        let mut paths = HashMap::new();
        for schema in dataset.schemas() {
            let (element, key) = match schema {
                Schema::Set(set) => (&set.element, &set.hash_key),
                Schema::Map(map) => (&map.key, &map.hash_key),
                _ => continue,
            };
            if let Some(key) = key {
                let resolved = key.paths().iter().map(|path| dataset.resolve(element, path));
                paths.insert(schema.name().to_owned(), resolved.collect::<Result<_, _>>()?);
            }
        }
        let mut above: HashSet<String> = paths.keys().cloned().collect();
        loop {
            let reaches = |schema: &&Schema| schema.references().iter().any(|name| above.contains(*name));
            let found: Vec<String> = dataset
                .schemas()
                .iter()
                .filter(reaches)
                .map(|s| s.name().to_owned())
                .collect();
            let before = above.len();
            above.extend(found);
            if above.len() == before {
                return Ok(Self { paths, above });
            }
        }
    }

    /// The place of the first element without its key, and the path of the part that is null.
    pub(super) fn first_null(&self, dataset: &Dataset, type_name: &str, value: &Value) -> Option<(String, String)> {
        let mut found = self.look(dataset, type_name, value)?;
        found.steps.reverse();
        Some((format!("{type_name}{}", found.steps.concat()), found.path))
    }

    /// Recurses no deeper than a decoded value goes.
    fn look(&self, dataset: &Dataset, type_name: &str, value: &Value) -> Option<Found> {
        if !self.above.contains(type_name) || *value == Value::Null {
            return None;
        }
        let each = |element_type: &str, elements: &mut dyn Iterator<Item = &Value>| {
            // What is the same for all of them is asked once.
            let paths = self.paths.get(type_name);
            let above = self.above.contains(element_type);
            elements.enumerate().find_map(|(index, element)| {
                let null = paths.and_then(|paths| null_path(paths, element));
                let found = match null {
                    Some(path) => Some(Found {
                        steps: Vec::new(),
                        path,
                    }),
                    None if above => self.look(dataset, element_type, element),
                    None => None,
                };
                found.map(|found| found.below(format!("[{index}]")))
            })
        };
        match (dataset.get(type_name)?, value) {
            (Schema::Object(object), Value::Object(fields)) => {
                object.fields.iter().zip(fields).find_map(|(field, value)| {
                    let found = self.look(dataset, field.ty.reference()?, value);
                    found.map(|found| found.below(format!(".{}", field.name)))
                })
            }
            (Schema::List(list), Value::List(elements)) => each(&list.element, &mut elements.iter()),
            (Schema::Set(set), Value::Set(elements)) => each(&set.element, &mut elements.iter()),
            (Schema::Map(map), Value::Map(entries)) => {
                let keys = each(&map.key, &mut entries.iter().map(|(key, _)| key));
                keys.or_else(|| {
                    entries.iter().enumerate().find_map(|(index, (_, value))| {
                        let found = self.look(dataset, &map.value, value);
                        found.map(|found| found.below(format!("[{index}]")))
                    })
                })
            }
            _ => None,
        }
    }
}

/// A null, found on the way down and told on the way up.
struct Found {
    steps: Vec<String>,
    path: String,
}

impl Found {
    fn below(mut self, step: String) -> Self {
        self.steps.push(step);
        self
    }
}

fn null_path(paths: &[FieldPath], element: &Value) -> Option<String> {
    let is_null = |path: &&FieldPath| {
        let mut value = element;
        for step in &path.steps {
            match value {
                Value::Object(fields) => value = fields.get(step.field).unwrap_or(&Value::Null),
                _ => return true,
            }
        }
        *value == Value::Null
    };
    paths.iter().find(is_null).map(FieldPath::full_name)
}
