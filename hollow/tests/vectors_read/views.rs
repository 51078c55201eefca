//! What is derived from states: transitions, filtered states, records as trees, unique keys.

use crate::chains::dump_of;
use fixtures::vectors::{self, Case};
use hollow::Ordinal;
use hollow::index::UniqueKey;
use hollow::read::{Filter, LoadOptions, ReadState, Transition};
use hollow::record::{KeyValue, Value};
use hollow::tools::checksum::Checksums;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

fn snapshot(case: &Case, version: i64) -> ReadState {
    ReadState::from_snapshot(case.snapshot(version).expect("a snapshot")).expect("a state")
}

/// The records of a type in a dump, by ordinal.
fn records<'d>(dump: &'d Json, ty: &str) -> BTreeMap<u32, &'d Json> {
    let records = dump[ty]["records"].as_object();
    let records = records.into_iter().flatten();
    records
        .map(|(ordinal, record)| (ordinal.parse().expect("an ordinal"), record))
        .collect()
}

/// Ordinals of `here` that have another record in `there`, or none.
fn only_in(here: &BTreeMap<u32, &Json>, there: &BTreeMap<u32, &Json>) -> BTreeSet<u32> {
    let ordinals = here
        .iter()
        .filter(|(ordinal, record)| there.get(ordinal) != Some(record));
    ordinals.map(|(ordinal, _)| *ordinal).collect()
}

fn assert_transition(before: &ReadState, after: &ReadState, at: &str) {
    let transition = Transition::between(before, after);
    let (old, new) = (dump_of(before), dump_of(after));
    let names = |state: &ReadState| state.types().map(|ty| ty.name().to_owned()).collect::<Vec<_>>();
    for name in names(before).into_iter().chain(names(after)) {
        let (old, new) = (records(&old, &name), records(&new, &name));
        let changes = transition.changes(&name);
        assert_eq!(
            changes.added.iter().collect::<BTreeSet<_>>(),
            only_in(&new, &old),
            "{at} added to {name}"
        );
        assert_eq!(
            changes.removed.iter().collect::<BTreeSet<_>>(),
            only_in(&old, &new),
            "{at} removed from {name}"
        );
    }
}

/// Neighbours, far apart and in both directions; states of one chain, which share pages, and snapshots, which do not.
#[test]
fn transitions_are_the_differences_of_the_records() {
    for case in vectors::cases() {
        let versions = case.versions();
        if case.name == "large-random" {
            continue; // all pairs of it take long; the pages of many others are compared below
        }
        let mut chain: Vec<ReadState> = vec![snapshot(case, versions[0])];
        for edge in versions.windows(2) {
            match case.delta(edge[0], edge[1]) {
                Some(delta) => chain.push(chain[chain.len() - 1].apply_delta(delta).expect("a delta")),
                None => break,
            }
        }
        let far: Vec<(usize, usize)> = match chain.len() {
            n @ 3.. => vec![(0, n - 1), (n - 1, 0), (n - 3, n - 1)],
            _ => Vec::new(),
        };
        for (from, to) in (1..chain.len()).flat_map(|at| [(at - 1, at), (at, at - 1)]).chain(far) {
            assert_transition(&chain[from], &chain[to], &format!("{} {from} to {to}", case.name));
        }
        let loaded: Vec<ReadState> = versions.iter().map(|&version| snapshot(case, version)).collect();
        // Snapshots of a changed model have other fields, which a dump shows and a transition leaves out.
        for pair in loaded.windows(2).filter(|pair| pair[0].dataset() == pair[1].dataset()) {
            assert_transition(&pair[0], &pair[1], &format!("{} snapshots", case.name));
        }
        for (state, version) in chain.iter().zip(&versions) {
            if case.blob(&format!("chain-state-{version}.json")).is_none() {
                let other = snapshot(case, *version);
                assert!(Transition::between(state, &other).is_empty(), "{} {version}", case.name);
            }
        }
    }
}

#[test]
fn a_delta_leaves_the_state_before_as_it_was() {
    let case = vectors::case("large-random");
    let versions = case.versions();
    let before = snapshot(case, versions[0]);
    let after = before
        .apply_delta(case.delta(versions[0], versions[1]).expect("a delta"))
        .expect("a state");
    assert_transition(&before, &after, "large-random");
    assert_eq!(
        dump_of(&after),
        case.json(&format!("state-{}.json", versions[1])).expect("a state")
    );
    // A reader of the older state still sees all of it.
    assert_eq!(
        dump_of(&before),
        case.json(&format!("state-{}.json", versions[0])).expect("a state")
    );
}

#[test]
fn filtered_states_are_parts_of_the_whole_through_snapshots_and_deltas() {
    let case = vectors::case("primitives");
    let versions = case.versions();
    let whole = snapshot(case, versions[0]);
    for ty in whole.types() {
        let options = LoadOptions {
            filter: Filter::everything().without_type(ty.name()),
            ..LoadOptions::default()
        };
        let state = ReadState::from_snapshot_with(case.snapshot(versions[0]).expect("a snapshot"), &options);
        let state = state.expect("a state");
        assert!(state.ty(ty.name()).is_none() && state.types().len() + 1 == whole.types().len());
    }
    let name = whole
        .types()
        .find(|ty| ty.as_object().is_some())
        .expect("an object type")
        .name()
        .to_owned();
    let fields = whole.object(&name).expect("an object type").schema().fields.clone();
    for dropped in &fields {
        let options = LoadOptions {
            filter: Filter::nothing().with_type(&name).without_field(&name, &dropped.name),
            ..LoadOptions::default()
        };
        let first = case.snapshot(versions[0]).expect("a snapshot");
        let mut state = ReadState::from_snapshot_with(first, &options).expect("a state");
        for edge in versions.windows(2) {
            state = state
                .apply_delta(case.delta(edge[0], edge[1]).expect("a delta"))
                .expect("a state");
            let whole = snapshot(case, edge[1]);
            assert_eq!(state.types().len(), 1);
            let (ours, theirs) = Checksums::common(&state, &whole);
            assert_eq!(ours, theirs, "without {}", dropped.name);
            assert_eq!(state.object(&name).and_then(|ty| ty.position(&dropped.name)), None);
        }
    }
    let options = LoadOptions {
        filter: Filter::everything().with_field(&name, &fields[0].name),
        ..LoadOptions::default()
    };
    let state = ReadState::from_snapshot_with(case.snapshot(versions[0]).expect("a snapshot"), &options);
    assert_eq!(
        state
            .expect("a state")
            .object(&name)
            .expect("an object type")
            .schema()
            .fields,
        fields[..1]
    );
}

/// References in the dump replaced by what they refer to must be the tree.
#[test]
fn records_as_trees_hold_everything_they_refer_to() {
    let mut trees = 0;
    for name in [
        "nested-collections",
        "refs-dedup",
        "maps-keys",
        "primitives",
        "fuzz-01",
        "strings-bytes",
    ] {
        let case = vectors::case(name);
        for version in case.versions() {
            let state = snapshot(case, version);
            let dump = dump_of(&state);
            for ty in state.types() {
                for ordinal in ty.populated().take(50) {
                    let tree = state.value(ty.name(), ordinal).expect("a populated record");
                    assert_tree(&state, &dump, ty.name(), ordinal.get().into(), &tree, 0);
                    trees += 1;
                }
            }
        }
    }
    assert!(trees > 1000, "trees={trees}");
}

fn assert_tree(state: &ReadState, dump: &Json, ty: &str, ordinal: u64, tree: &Value, depth: usize) {
    let record = &dump[ty]["records"][ordinal.to_string()];
    if record.is_null() || depth > 64 {
        assert_eq!(tree, &Value::Null, "{ty} {ordinal}");
        return;
    }
    let schema = state.dataset().get(ty).expect("a schema");
    let items = record.as_array().expect("an array");
    let names = schema.references();
    let below = |name: &str, ordinal: &Json, tree: &Value| {
        assert_tree(
            state,
            dump,
            name,
            ordinal.as_u64().expect("an ordinal"),
            tree,
            depth + 1,
        );
    };
    match tree {
        Value::Object(fields) => {
            let schema = schema.as_object().expect("an object type");
            assert_eq!((fields.len(), items.len()), (schema.fields.len(), schema.fields.len()));
            for ((field, item), declared) in fields.iter().zip(items).zip(&schema.fields) {
                match (field, declared.ty.reference()) {
                    (Value::Null, None) => assert!(item.is_null()),
                    (value, Some(_)) if item.is_null() => assert_eq!(value, &Value::Null),
                    (value, Some(name)) => below(name, item, value),
                    (Value::Int(n), _) => assert_eq!(item, n),
                    (Value::Long(n), _) => assert_eq!(item, n),
                    (Value::Boolean(b), _) => assert_eq!(item, b),
                    (Value::Float(n), _) => assert_eq!(item, &format!("{:08x}", n.to_bits())),
                    (Value::Double(n), _) => assert_eq!(item, &format!("{:016x}", n.to_bits())),
                    (Value::String(text), _) => assert!(item == text || item["utf16"].is_array()),
                    (Value::Bytes(bytes), _) => assert_eq!(item.as_str().map(str::len), Some(bytes.len() * 2)),
                    (other, _) => panic!("{other:?} in a field"),
                }
            }
        }
        Value::List(elements) => {
            assert_eq!(elements.len(), items.len());
            elements
                .iter()
                .zip(items)
                .for_each(|(tree, item)| below(names[0], item, tree));
        }
        Value::Set(elements) => {
            assert_eq!(elements.len(), items.len());
            elements
                .iter()
                .zip(items)
                .for_each(|(tree, item)| below(names[0], &item[1], tree));
        }
        Value::Map(entries) => {
            assert_eq!(entries.len(), items.len());
            for ((key, value), item) in entries.iter().zip(items) {
                below(names[0], &item[1], key);
                below(names[1], &item[2], value);
            }
        }
        other => panic!("{other:?} for a record"),
    }
}

#[test]
fn unique_keys_find_what_a_scan_finds() {
    let mut keys = 0;
    for case in vectors::cases() {
        for version in case.versions() {
            let state = snapshot(case, version);
            for ty in state.types() {
                let has_key = ty
                    .schema()
                    .as_object()
                    .is_some_and(|schema| schema.primary_key.is_some());
                let Ok(index) = UniqueKey::build(&state, ty.name()) else {
                    assert!(!has_key || case.name == "key-unbindable", "{} {}", case.name, ty.name());
                    continue;
                };
                let mut lowest: Vec<(Vec<KeyValue>, Ordinal)> = Vec::new();
                let (mut hidden, mut incomplete) = (Vec::new(), 0);
                for ordinal in ty.populated().take(400) {
                    let tree = state.value(ty.name(), ordinal).expect("a record");
                    let paths = hollow::record::KeyPaths::resolve(state.dataset(), ty.name()).expect("a key");
                    match paths.of(&tree) {
                        Ok(key) => match lowest.iter().find(|(other, _)| *other == key) {
                            Some((_, first)) => hidden.push((*first, ordinal)),
                            None => lowest.push((key, ordinal)),
                        },
                        Err(_) => incomplete += 1,
                    }
                }
                for (key, ordinal) in &lowest {
                    assert_eq!(index.find(&state, key), Some(*ordinal), "{} {key:?}", case.name);
                    keys += 1;
                }
                if ty.len() <= 400 {
                    let found: Vec<_> = index.duplicates(&state).iter().map(|d| (d.found, d.hidden)).collect();
                    assert_eq!(
                        (found, index.incomplete()),
                        (hidden, incomplete),
                        "{} {}",
                        case.name,
                        ty.name()
                    );
                    assert_eq!(index.len(), lowest.len());
                }
            }
        }
    }
    println!("{keys} keys");
    assert!(keys > 1000, "keys={keys}");
}
