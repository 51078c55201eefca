//! Whether what was published is what the sources have: record by record, both ways.

use anyhow::{Context, Result};
use fixtures::{DatasetId, SourceDb};
use hollow::consumer::Consumer;
use hollow::record::json;
use hollow::store::Store;
use std::collections::HashMap;
use std::path::Path;

/// What a comparison found.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Verified {
    /// The dataset.
    pub dataset: String,
    /// Records in both, equal.
    pub equal: u64,
    /// Records in both that differ.
    pub different: u64,
    /// Records only the source has.
    pub missing: u64,
    /// Records only the dataset has.
    pub surplus: u64,
}

impl Verified {
    /// Whether the dataset is exactly what its source has.
    pub fn is_exact(&self) -> bool {
        self.different + self.missing + self.surplus == 0
    }
}

/// Compares the announced state of a dataset with the database of its source.
pub fn verify(db: &SourceDb, id: DatasetId, store: &Path) -> Result<Verified> {
    let description = id.dataset();
    let store = Store::fs(store).context("cannot open a store")?;
    let consumer = Consumer::builder(store).build().context("cannot open a store")?;
    consumer
        .refresh()
        .with_context(|| format!("cannot load the announced state of {id}"))?;
    let state = consumer
        .state()
        .with_context(|| format!("nothing is announced for {id}"))?;
    let root = state
        .object(description.root_type)
        .context("the announced state has no root type")?;
    let mut published: HashMap<String, serde_json::Value> = HashMap::new();
    for ordinal in root.populated() {
        let value = state
            .value(description.root_type, ordinal)
            .context("a record cannot be read")?;
        let record = json::to_json(state.dataset(), description.root_type, &value);
        let record = fixtures::Record::from_json(id, &serde_json::to_vec(&record)?)?;
        published.insert(record.key().as_str().to_owned(), canonical(record.to_value()));
    }
    let mut found = Verified {
        dataset: id.name().to_owned(),
        equal: 0,
        different: 0,
        missing: 0,
        surplus: 0,
    };
    for record in db.current(id) {
        match published.remove(record.key().as_str()) {
            None => found.missing += 1,
            Some(value) if value == canonical(record.to_value()) => found.equal += 1,
            Some(_) => found.different += 1,
        }
    }
    found.surplus = published.len() as u64;
    Ok(found)
}

/// Arrays that are sets in the dataset come back in another order.
fn canonical(mut value: serde_json::Value) -> serde_json::Value {
    const SETS: [&str; 5] = [
        "countries_of_origin",
        "territory",
        "territory_excluded",
        "accepted_film_ratings",
        "accepted_tv_ratings",
    ];
    if let Some(object) = value.as_object_mut() {
        for name in SETS {
            if let Some(serde_json::Value::Array(elements)) = object.get_mut(name) {
                elements.sort_by_key(ToString::to_string);
            }
        }
    }
    value
}
