use super::*;
use crate::record::Value;
use crate::write::{WriteConfig, WriteStateEngine};

/// Two states that follow on each other, with things of these names (or none) and numbers.
fn states(before: &[(Option<&str>, i32)], after: &[(Option<&str>, i32)]) -> (ReadState, ReadState) {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    let schemas = crate::schema::parse("Thing { Name name; int number; } Name { string value; }");
    for schema in schemas.expect("schemas") {
        engine.add_type(schema, None).expect("a new type");
    }
    let fill = |engine: &mut WriteStateEngine, things: &[(Option<&str>, i32)], tag| {
        engine.prepare_for_next_cycle(tag);
        for (name, number) in things {
            let name = name.map_or(Value::Null, |name| Value::Object(vec![Value::String(name.into())]));
            let thing = Value::Object(vec![name, Value::Int(*number)]);
            engine.add("Thing", &thing).expect("a record");
        }
        engine.prepare_for_write().expect("a state");
    };
    let (mut snapshot, mut delta) = (Vec::new(), Vec::new());
    fill(&mut engine, before, 1);
    engine.write_snapshot(&mut snapshot).expect("written");
    fill(&mut engine, after, 2);
    engine.write_delta(&mut delta).expect("written");
    let first = ReadState::from_snapshot(&snapshot).expect("a state");
    let second = first.apply_delta(&delta).expect("a state");
    (first, second)
}

/// The changes by name, as the numbers before and after.
fn changes(before: &[(Option<&str>, i32)], after: &[(Option<&str>, i32)]) -> Vec<(Option<i32>, Option<i32>)> {
    let (before, after) = states(before, after);
    let number = |state: &ReadState, ordinal| state.object("Thing")?.int(ordinal, 1);
    let transition = Transition::between(&before, &after);
    let changes = transition.by_key(&before, &after, "Thing", &["name.value"]);
    let changes = changes.expect("a path").into_iter().map(|change| match change {
        RecordChange::Added(new) => (None, number(&after, new)),
        RecordChange::Updated {
            before: old,
            after: new,
        } => (number(&before, old), number(&after, new)),
        RecordChange::Removed(old) => (number(&before, old), None),
    });
    changes.collect()
}

#[test]
fn what_is_added_updated_and_removed() {
    let before = [(Some("a"), 1), (Some("b"), 2), (Some("c"), 3)];
    let after = [(Some("a"), 1), (Some("c"), 30), (Some("d"), 4)];
    assert_eq!(
        changes(&before, &after),
        [(Some(3), Some(30)), (None, Some(4)), (Some(2), None)]
    );
    assert_eq!(changes(&before, &before), []);
}

#[test]
fn records_without_a_key_of_their_own_are_never_updated() {
    // The one with a null, and of the two "a" the later one.
    assert_eq!(
        changes(
            &[(None, 1), (Some("a"), 2), (Some("a"), 3)],
            &[(None, 10), (Some("a"), 20)]
        ),
        [(None, Some(10)), (Some(2), Some(20)), (Some(1), None), (Some(3), None)]
    );
}

#[test]
fn paths_that_lead_nowhere_are_refused_and_types_that_are_not_there_have_no_records() {
    let (before, after) = states(&[(Some("a"), 1)], &[(Some("a"), 2)]);
    let transition = Transition::between(&before, &after);
    let by = |name, path| transition.by_key(&before, &after, name, &[path]);
    assert!(by("Thing", "name.title").is_err());
    assert_eq!(by("Other", "id"), Ok(Vec::new()));
}
