//! A dataset as plain values by key: slow, obvious, and what states are compared with.

use crate::read::ReadState;
use crate::record::{KeyPaths, Value, key_json};
use crate::schema::{Dataset, FieldType, Schema};
use std::collections::{BTreeMap, BTreeSet};

/// Root records by key; what they refer to is found by walking through them.
#[derive(Clone, Debug)]
pub struct Model {
    dataset: Dataset,
    roots: BTreeMap<(String, String), Value>,
}

impl Model {
    /// A model without records.
    pub fn new(dataset: Dataset) -> Self {
        Self {
            dataset,
            roots: BTreeMap::new(),
        }
    }

    /// Adds a root record, in place of the one with the same key.
    ///
    /// # Panics
    /// If the record has no key.
    pub fn upsert(&mut self, type_name: &str, value: Value) {
        let key = self.key(type_name, &value);
        self.roots.insert((type_name.to_owned(), key), value);
    }

    /// Removes the record with the key of this one.
    ///
    /// # Panics
    /// If the record has no key.
    pub fn delete(&mut self, type_name: &str, value: &Value) {
        let key = self.key(type_name, value);
        self.roots.remove(&(type_name.to_owned(), key));
    }

    fn key(&self, type_name: &str, value: &Value) -> String {
        let paths = KeyPaths::resolve(&self.dataset, type_name).expect("a root type with a key");
        key_json(&paths.of(value).expect("a record with a key"))
    }

    /// The root records: type and record, by type and key.
    pub fn roots(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.roots
            .iter()
            .map(|((type_name, _), value)| (type_name.as_str(), value))
    }

    /// Every record that is a root or referred to, once, by type, as text. Types without records are left out.
    pub fn records(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut records = BTreeMap::new();
        for ((type_name, _), value) in &self.roots {
            self.collect(type_name, value, &mut records);
        }
        records
    }

    fn collect(&self, type_name: &str, value: &Value, records: &mut BTreeMap<String, BTreeSet<String>>) {
        if *value == Value::Null {
            return;
        }
        let text = canonical(value);
        if !records.entry(type_name.to_owned()).or_default().insert(text) {
            return;
        }
        match (self.dataset.get(type_name), value) {
            (Some(Schema::Object(schema)), Value::Object(fields)) => {
                for (field, value) in schema.fields.iter().zip(fields) {
                    if let FieldType::Reference(target) = &field.ty {
                        self.collect(target, value, records);
                    }
                }
            }
            (Some(Schema::List(schema)), Value::List(elements)) => {
                elements
                    .iter()
                    .for_each(|element| self.collect(&schema.element, element, records));
            }
            (Some(Schema::Set(schema)), Value::Set(elements)) => {
                elements
                    .iter()
                    .for_each(|element| self.collect(&schema.element, element, records));
            }
            (Some(Schema::Map(schema)), Value::Map(entries)) => {
                for (key, value) in entries {
                    self.collect(&schema.key, key, records);
                    self.collect(&schema.value, value, records);
                }
            }
            (schema, value) => panic!("a record that does not fit its schema: {schema:?} {value:?}"),
        }
    }
}

/// Every record of a state by type, as text. Types without records are left out.
///
/// # Panics
/// If a type has two equal records: a state never has.
pub fn records_of(state: &ReadState) -> BTreeMap<String, BTreeSet<String>> {
    let mut records = BTreeMap::new();
    for ty in state.types() {
        let mut texts = BTreeSet::new();
        for ordinal in ty.populated() {
            let value = state.value(ty.name(), ordinal).expect("populated");
            let text = canonical(&value);
            assert!(texts.insert(text.clone()), "{} has two records {text}", ty.name());
        }
        if !texts.is_empty() {
            records.insert(ty.name().to_owned(), texts);
        }
    }
    records
}

/// Equal for equal records, in whatever order sets and maps are.
fn canonical(value: &Value) -> String {
    let sorted = |mut texts: Vec<String>| {
        texts.sort();
        texts.join(",")
    };
    match value {
        Value::Object(fields) => format!("({})", fields.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::List(elements) => format!("[{}]", elements.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Set(elements) => format!("{{{}}}", sorted(elements.iter().map(canonical).collect())),
        Value::Map(entries) => {
            let entry = |(key, value): &(Value, Value)| format!("{}={}", canonical(key), canonical(value));
            format!("{{{}}}", sorted(entries.iter().map(entry).collect()))
        }
        scalar => format!("{scalar:?}"),
    }
}
