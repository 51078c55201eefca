//! `filter`: what Java recorded, without the types and fields that are left out.

use crate::support::{Ground, answer, dataset, dumped, plain_cases, recorded};
use hollow::schema::{Dataset, FieldType, Schema};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Types that cannot be without this one: it, collections of it, and collections of these.
fn fall_with(dataset: &Dataset, dropped: &str) -> BTreeSet<String> {
    let mut gone = BTreeSet::from([dropped.to_owned()]);
    loop {
        let more: Vec<String> = dataset
            .schemas()
            .iter()
            .filter(|schema| !matches!(schema, Schema::Object(_)) && !gone.contains(schema.name()))
            .filter(|schema| schema.references().iter().any(|to| gone.contains(*to)))
            .map(|schema| schema.name().to_owned())
            .collect();
        if more.is_empty() {
            return gone;
        }
        gone.extend(more);
    }
}

/// Takes types out of what Java said, and the fields for which `goes` says so.
fn without(state: &Value, gone: &BTreeSet<String>, goes: impl Fn(&str, &str) -> bool) -> Value {
    let mut left = serde_json::Map::new();
    for (name, ty) in state
        .as_object()
        .expect("types")
        .iter()
        .filter(|(name, _)| !gone.contains(*name))
    {
        let mut ty = ty.clone();
        if let Some(fields) = ty["fields"].as_array().cloned() {
            let stays: Vec<bool> = fields
                .iter()
                .map(|field| !goes(name, field.as_str().expect("a name")))
                .collect();
            let keep = |list: &Value| -> Value {
                let list = list.as_array().expect("a list").iter().zip(&stays);
                list.filter(|(_, stays)| **stays)
                    .map(|(value, _)| value.clone())
                    .collect()
            };
            ty["fields"] = keep(&ty["fields"]);
            for record in ty["records"].as_object_mut().expect("records").values_mut() {
                *record = keep(record);
            }
        }
        left.insert(name.clone(), ty);
    }
    Value::Object(left)
}

/// Names of fields that stand in any key, wherever.
fn key_words(dataset: &Dataset) -> BTreeSet<String> {
    let paths = dataset.schemas().iter().flat_map(|schema| match schema {
        Schema::Object(ty) => ty.primary_key.as_ref().map_or(Vec::new(), |key| key.paths().to_vec()),
        Schema::Set(ty) => ty.hash_key.as_ref().map_or(Vec::new(), |key| key.paths().to_vec()),
        Schema::Map(ty) => ty.hash_key.as_ref().map_or(Vec::new(), |key| key.paths().to_vec()),
        Schema::List(_) => Vec::new(),
    });
    paths
        .flat_map(|path| path.split(['.', '!']).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn filter_leaves_out_types_and_what_cannot_be_without_them() {
    let ground = Ground::new();
    let mut compared = 0;
    for case in plain_cases() {
        let version = *case.versions().last().expect("one");
        let dataset = dataset(case, version);
        let state = recorded(case, version);
        // A type in the middle, and one that nothing refers to: the first and the last of the dataset.
        let names = [dataset.schemas().first(), dataset.schemas().last()];
        for dropped in names.into_iter().flatten().map(Schema::name).collect::<BTreeSet<_>>() {
            let gone = fall_with(&dataset, dropped);
            if gone.len() == dataset.len() || !key_words(&dataset).is_empty() {
                continue; // nothing left, or keys that may break: the library's tests look at those
            }
            let refers = |ty: &str, field: &str| {
                let object = dataset.get(ty).and_then(Schema::as_object).expect("an object");
                let at = object.position(field).expect("a field");
                matches!(&object.fields[at].ty, FieldType::Reference(to) if gone.contains(to))
            };
            let expected = without(&state, &gone, refers);
            let place = format!("case={} version={version} without={dropped}", case.name);
            let (store, to, version) = (ground.path(&case.name), ground.fresh(), version.to_string());
            let filtered = answer(&[
                "filter",
                "--store",
                &store,
                "--version",
                &version,
                "--without",
                dropped,
                "--to",
                &to,
            ]);
            assert_eq!(filtered["from"].to_string(), version, "{place}");
            assert_eq!(filtered["types"], json!(dataset.len() - gone.len()), "{place}");
            assert_eq!(dumped(&to), expected, "{place}");
            compared += 1;
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn filter_leaves_out_fields() {
    let ground = Ground::new();
    let mut compared = 0;
    for case in plain_cases() {
        let version = *case.versions().last().expect("one");
        let dataset = dataset(case, version);
        let (state, words) = (recorded(case, version), key_words(&dataset));
        let field = dataset
            .schemas()
            .iter()
            .rev()
            .filter_map(Schema::as_object)
            .find_map(|object| {
                let field = object.fields.iter().rev().find(|field| !words.contains(&field.name))?;
                (object.fields.len() > 1).then(|| (object.name.clone(), field.name.clone()))
            });
        let Some((ty, field)) = field else { continue };
        let expected = without(&state, &BTreeSet::new(), |of, name| of == ty && name == field);
        let place = format!("case={} version={version} without={ty}.{field}", case.name);
        let (store, version, path) = (ground.path(&case.name), version.to_string(), format!("{ty}.{field}"));
        for layout in ["hollow", "java"] {
            let to = ground.fresh();
            let filtered = answer(&[
                "filter",
                "--store",
                &store,
                "--version",
                &version,
                "--without",
                &path,
                "--to",
                &to,
                "--layout",
                layout,
            ]);
            assert_eq!(filtered["consequences"], json!([]), "{place}");
            assert_eq!(dumped(&to), expected, "{place} layout={layout}");
        }
        compared += 1;
    }
    assert!(compared > 15, "{compared}");
}
