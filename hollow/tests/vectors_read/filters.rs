//! Every vector, every type and every field left out at loading time, by snapshots, deltas and reverse deltas: what is
//! left must be what Java recorded, without them.

use crate::chains::dump_of;
use fixtures::vectors::{self, Case};
use hollow::read::{Filter, LoadOptions, ReadState};
use hollow::schema::Schema;
use serde_json::Value;

/// Fields of a type that are tried, from both ends; some types have very many.
const FIELDS: usize = 6;

/// A type, or a field of it.
type Left<'s> = (&'s str, Option<&'s str>);

fn recorded(case: &Case, version: i64) -> Value {
    // After a change of the model followers see something else than those who load the snapshot.
    case.json(&format!("chain-state-{version}.json"))
        .or_else(|_| case.json(&format!("state-{version}.json")))
        .expect("recorded")
}

/// What was recorded, without a type or a field.
fn without(mut state: Value, (ty, field): Left<'_>) -> Value {
    let Some(field) = field else {
        state.as_object_mut().expect("types").remove(ty);
        return state;
    };
    let Some(of_type) = state.get_mut(ty) else { return state };
    let fields = of_type["fields"].as_array_mut().expect("fields");
    if let Some(at) = fields.iter().position(|name| name == field) {
        fields.remove(at);
        let records = of_type["records"].as_object_mut().expect("records");
        records.values_mut().for_each(|record| {
            record.as_array_mut().expect("fields").remove(at);
        });
    }
    state
}

fn choices(state: &ReadState) -> Vec<(String, Option<String>)> {
    let mut choices = Vec::new();
    for schema in state.dataset().schemas() {
        choices.push((schema.name().to_owned(), None));
        let Schema::Object(object) = schema else { continue };
        let count = object.fields.len();
        for (at, field) in object.fields.iter().enumerate() {
            if at < FIELDS / 2 || at + FIELDS / 2 >= count {
                choices.push((object.name.clone(), Some(field.name.clone())));
            }
        }
    }
    choices
}

fn load(bytes: &[u8], (ty, field): Left<'_>) -> ReadState {
    let everything = Filter::everything();
    let options = LoadOptions {
        filter: match field {
            None => everything.without_type(ty),
            Some(field) => everything.without_field(ty, field),
        },
        ..LoadOptions::default()
    };
    ReadState::from_snapshot_with(bytes, &options).expect("a snapshot")
}

#[test]
fn whatever_is_left_out_the_rest_is_as_recorded_by_every_route() {
    let (mut snapshots, mut deltas, mut reverse_deltas) = (0, 0, 0);
    let too_large = ["optional-parts", "large-random", "bitset-growth"];
    for case in vectors::cases() {
        let versions = case.versions();
        let Some(&first) = versions.first() else {
            continue;
        };
        if too_large.contains(&case.name.as_str()) {
            continue;
        }
        let whole = ReadState::from_snapshot(case.snapshot(first).expect("a snapshot")).expect("a snapshot");
        // Where the way back shows something else than the snapshots, it is recorded for one step only.
        let is_lossy = case
            .files
            .keys()
            .any(|name| name.starts_with("chain-state-") || name.starts_with("reverse-state-"));
        for (ty, field) in choices(&whole) {
            let left = (ty.as_str(), field.as_deref());
            let place = format!("case={} without={left:?}", case.name);
            let mut state = load(case.snapshot(first).expect("a snapshot"), left);
            assert_eq!(dump_of(&state), without(recorded(case, first), left), "{place}");
            snapshots += 1;
            for pair in versions.windows(2) {
                // A chain that begins anew is entered by its snapshot.
                state = match case.delta(pair[0], pair[1]) {
                    Some(delta) => state
                        .apply_delta(delta)
                        .unwrap_or_else(|error| panic!("{place}: {error}")),
                    None => load(case.snapshot(pair[1]).expect("a snapshot"), left),
                };
                assert_eq!(
                    dump_of(&state),
                    without(recorded(case, pair[1]), left),
                    "{place} {pair:?}"
                );
                deltas += 1;
            }
            if is_lossy {
                continue;
            }
            for pair in versions.windows(2).rev() {
                state = match case.reverse_delta(pair[1], pair[0]) {
                    Some(delta) => state
                        .apply_delta(delta)
                        .unwrap_or_else(|error| panic!("{place}: {error}")),
                    None => load(case.snapshot(pair[0]).expect("a snapshot"), left),
                };
                assert_eq!(
                    dump_of(&state),
                    without(recorded(case, pair[0]), left),
                    "{place} back {pair:?}"
                );
                reverse_deltas += 1;
            }
        }
    }
    assert!(
        snapshots > 200 && deltas > 700 && reverse_deltas > 700,
        "{snapshots} {deltas} {reverse_deltas}"
    );
}
