//! States made of other states, and the deltas that lead there: held against recorded states of Java Hollow, and against
//! trees that are put together by hand.

use crate::support::{
    Roots, canonical, dataset, engine, fields, parts, recorded_state, records, roots, snapshot, state_of,
};
use fixtures::vectors::cases;
use hollow::Ordinal;
use hollow::read::{Filter, ReadState};
use hollow::record::Value;
use hollow::schema::{Dataset, Schema};
use hollow::tools::ToolError;
use hollow::tools::checksum::Checksums;
use hollow::tools::combine::{CombineOptions, OnDuplicate, combine, select};
use hollow::tools::compact::compact;
use hollow::tools::filter::filter;
use hollow::tools::patch::{Patch, patch};
use hollow::tools::rewrite;
use hollow::tools::split::split_by_key;
use hollow::tools::usage::usage;
use hollow::write::CompactionConfig;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn rewritten(state: &ReadState) -> ReadState {
    let mut bytes = Vec::new();
    rewrite::snapshot(state, &mut bytes).expect("written");
    ReadState::from_snapshot(&bytes).expect("read")
}

#[test]
fn a_snapshot_of_any_recorded_state_is_that_state() {
    let mut followed = 0;
    for case in cases().iter().filter(|case| case.name != "optional-parts") {
        for version in case.versions() {
            let Some(state) = recorded_state(case, version) else {
                continue;
            };
            let place = format!("case={} version={version}", case.name);
            let again = rewritten(&state);
            let recorded = case.text(&format!("checksum-{version}.txt")).expect("recorded");
            assert_eq!(
                Checksums::of(&again).to_string().trim_end(),
                recorded.trim_end(),
                "{place}"
            );
            assert_eq!(
                (again.tag(), again.origin_tag()),
                (state.tag(), state.origin_tag()),
                "{place}"
            );
            assert_eq!(again.header_tags(), state.header_tags(), "{place}");
            // The chain goes on from what is loaded from it.
            for (from, to) in case.deltas().into_iter().filter(|(from, _)| *from == version) {
                let delta = case.delta(from, to).expect("recorded");
                let (by_ours, by_theirs) = (again.apply_delta(delta), state.apply_delta(delta));
                let (by_ours, by_theirs) = (by_ours.expect("applies"), by_theirs.expect("applies"));
                assert_eq!(Checksums::of(&by_ours), Checksums::of(&by_theirs), "{place}");
                followed += 1;
            }
        }
    }
    assert!(followed > 100, "{followed}");
}

/// Whether states are the same as far as their schemas agree, tags included.
#[track_caller]
fn assert_same(found: &ReadState, expected: &ReadState, place: &str) {
    let (a, b) = Checksums::common(found, expected);
    assert_eq!(a, b, "{place}");
    assert!(!a.types.is_empty() || expected.dataset().is_empty(), "{place}");
    assert_eq!(
        (found.tag(), found.header_tags()),
        (expected.tag(), expected.header_tags()),
        "{place}"
    );
}

#[test]
fn deltas_between_recorded_states_lead_there_and_back() {
    let (mut led, mut refused) = (0, 0);
    for case in cases() {
        let versions = case.versions();
        for pair in versions.windows(2) {
            let (Some(before), Some(after)) = (recorded_state(case, pair[0]), recorded_state(case, pair[1])) else {
                continue;
            };
            let place = format!("case={} versions={pair:?}", case.name);
            match rewrite::deltas(&before, &after) {
                Ok(deltas) => {
                    let there = before.apply_delta(&deltas.delta).expect("applies");
                    assert_same(&there, &after, &place);
                    let back = after.apply_delta(&deltas.reverse_delta).expect("applies");
                    assert_same(&back, &before, &place);
                    led += 1;
                }
                // After a change of the model, or of what a restored producer preserves, ordinals have other records.
                Err(ToolError::Contradiction { .. }) => refused += 1,
                Err(error) => panic!("{place}: {error}"),
            }
        }
    }
    assert!(led > 120 && refused < 12, "{led} {refused}");
}

/// Follows a patch forward and back.
fn follow(patch: &Patch, from: &ReadState, to: &ReadState, place: &str) {
    let mut states = vec![from.clone()];
    for step in &patch.steps {
        let next = states
            .last()
            .expect("one")
            .apply_delta(&step.deltas.delta)
            .expect("applies");
        assert_same(&next, &step.state, place);
        states.push(next);
    }
    assert_same(states.last().expect("one"), to, place);
    let mut back = to.clone();
    for (step, before) in patch.steps.iter().zip(&states).rev() {
        back = back.apply_delta(&step.deltas.reverse_delta).expect("applies");
        assert_same(&back, before, place);
    }
}

#[test]
fn a_patch_leads_from_any_version_to_any_other() {
    let (mut patched, mut two_steps) = (0, 0);
    for case in cases()
        .iter()
        .filter(|case| case.name != "large-random" && case.name != "bitset-growth")
    {
        let versions = case.versions();
        for (&from, &to) in versions.iter().zip(versions.iter().rev()) {
            let (Some(before), Some(after)) = (recorded_state(case, from), recorded_state(case, to)) else {
                continue;
            };
            let place = format!("case={} from={from} to={to}", case.name);
            match patch(&before, &after, 0x1234_5678_9abc_def0) {
                Ok(found) => {
                    follow(&found, &before, &after, &place);
                    two_steps += usize::from(found.steps.len() == 2);
                    patched += 1;
                }
                Err(ToolError::Disagreement { .. }) if case.name == "schema-evolution" => {}
                Err(error) => panic!("{place}: {error}"),
            }
        }
    }
    assert!(patched > 120 && two_steps > 50, "{patched} {two_steps}");
}

/// A chain: each version has these roots and no others. Ordinals have holes and are used again.
fn chain(versions: &[Roots]) -> Vec<ReadState> {
    let mut engine = engine(&dataset());
    let mut states = Vec::new();
    for (roots, tag) in versions.iter().zip(20..) {
        engine.prepare_for_next_cycle(tag);
        engine.set_next_tag(tag);
        for (type_name, record) in roots {
            engine.add(type_name, record).expect("a valid record");
        }
        states.push(snapshot(&mut engine));
    }
    states
}

/// The trees without what a filter leaves out, and the schemas of what is left, written down by hand: which fields of
/// which type stay.
fn project(dataset: &Dataset, kept: &BTreeMap<&str, BTreeSet<&str>>, type_name: &str, value: &Value) -> Value {
    let sub = |name: &str, value: &Value| project(dataset, kept, name, value);
    match (dataset.get(type_name), value) {
        (Some(Schema::Object(object)), Value::Object(values)) => {
            let stays = &kept[type_name];
            let fields = object.fields.iter().zip(values);
            let fields = fields.filter(|(field, _)| stays.contains(field.name.as_str()));
            Value::Object(
                fields
                    .map(|(field, value)| field.ty.reference().map_or(value.clone(), |name| sub(name, value)))
                    .collect(),
            )
        }
        (Some(Schema::List(list)), Value::List(values)) => {
            Value::List(values.iter().map(|value| sub(&list.element, value)).collect())
        }
        (Some(Schema::Set(set)), Value::Set(values)) => {
            Value::Set(values.iter().map(|value| sub(&set.element, value)).collect())
        }
        (Some(Schema::Map(map)), Value::Map(entries)) => {
            let entries = entries.iter();
            Value::Map(
                entries
                    .map(|(key, value)| (sub(&map.key, key), sub(&map.value, value)))
                    .collect(),
            )
        }
        (_, other) => other.clone(),
    }
}

/// Every record of trees, by type, whatever else there is in the state: for comparing records of types that stay.
fn with_types(records: BTreeMap<String, BTreeSet<String>>, state: &ReadState) -> BTreeMap<String, BTreeSet<String>> {
    records
        .into_iter()
        .filter(|(name, _)| state.ty(name).is_some())
        .collect()
}

fn keys(roots: &Roots) -> BTreeSet<String> {
    roots
        .iter()
        .map(|(name, record)| format!("{name} {}", canonical(&fields(record)[0])))
        .collect()
}

fn without_nan(roots: Roots) -> Roots {
    let clean = |value: Value| match value {
        Value::Float(n) if n.is_nan() => Value::Null,
        Value::Double(n) if n.is_nan() => Value::Null,
        other => other,
    };
    let roots = roots.into_iter().map(|(name, record)| match record {
        Value::Object(fields) => (name, Value::Object(fields.into_iter().map(clean).collect())),
        other => (name, other),
    });
    roots.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn a_patch_joins_states_that_have_nothing_to_do_with_each_other(a in prop::collection::vec(roots(12), 1..4),
            b in prop::collection::vec(roots(12), 1..4)) {
        let (from, to) = (chain(&a).pop().expect("one"), chain(&b).pop().expect("one"));
        let content = parts(&dataset(), b.last().expect("one"));
        let found = patch(&from, &to, 99).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert!(found.steps.len() <= 2);
        prop_assert_eq!(found.steps.len() == 2, !found.moved.is_empty());
        for step in &found.steps {
            // The state between has the content of the last one already.
            prop_assert_eq!(&records(&step.state), &content);
        }
        follow(&found, &from, &to, "random");
    }

    #[test]
    fn a_patch_to_the_next_state_of_a_chain_is_its_delta(versions in prop::collection::vec(roots(10), 2)) {
        let states = chain(&versions);
        let found = patch(&states[0], &states[1], 99).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(found.steps.len(), 1);
        follow(&found, &states[0], &states[1], "chain");
    }

    #[test]
    fn a_filter_leaves_out_what_is_named(versions in prop::collection::vec(roots(10), 2), dropped in
            prop::sample::subsequence(vec!["Top.f", "Top.y", "Top.word", "Top.leaf", "Top.list", "Top.map", "Top.plain", "Other.leaf", "Leaf.s"], 0..7)) {
        let mut rule = Filter::everything();
        for name in &dropped {
            let (ty, field) = name.split_once('.').expect("a field");
            rule = rule.without_field(ty, field);
        }
        let before = dataset();
        let kept: BTreeMap<&str, BTreeSet<&str>> = before.schemas().iter().filter_map(|schema| {
            let object = schema.as_object()?;
            let names = object.fields.iter().map(|field| field.name.as_str());
            Some((object.name.as_str(), names.filter(|field| !dropped.contains(&format!("{}.{field}", object.name).as_str())).collect()))
        }).collect();
        let states = chain(&versions);
        let mut filtered = Vec::new();
        for (state, roots) in states.iter().zip(&versions) {
            let found = filter(state, &rule, true).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(&found.consequences, &Vec::<String>::new());
            let projected: Roots = roots.iter().map(|(name, record)| (*name, project(&before, &kept, name, record))).collect();
            prop_assert_eq!(records(&found.state), parts(found.state.dataset(), &projected));
            prop_assert_eq!((found.state.tag(), found.state.header_tags()), (state.tag(), state.header_tags()));
            // Ordinals stay what they are.
            for ty in found.state.types() {
                let own = state.ty(ty.name()).expect("not a new type");
                prop_assert!(ty.populated().all(|ordinal| own.is_populated(ordinal)));
                prop_assert_eq!(ty.num_shards(), own.num_shards());
            }
            filtered.push(found.state);
        }
        // Whoever follows the filtered chain needs no snapshot.
        let deltas = rewrite::deltas(&filtered[0], &filtered[1]).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let next = filtered[0].apply_delta(&deltas.delta).expect("applies");
        prop_assert_eq!(Checksums::of(&next), Checksums::of(&filtered[1]));
    }

    #[test]
    fn combining_keeps_the_first_record_with_a_key(a in roots(14), b in roots(14), c in roots(6)) {
        let states = [state_of(&a), state_of(&b), state_of(&c)];
        let states = [&states[0], &states[1], &states[2]];
        let found = combine(&states, &CombineOptions::default(), 5).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let mut expected: Roots = Vec::new();
        let mut left_out = 0;
        for roots in [&a, &b, &c] {
            let known = keys(&expected);
            let (new, old): (Roots, Roots) = roots.iter().cloned().partition(|root| !known.contains(keys(&vec![root.clone()]).first().expect("a key")));
            left_out += old.len() as u64;
            expected.extend(new);
        }
        prop_assert_eq!(records(&found.state), parts(&dataset(), &expected));
        prop_assert_eq!(found.duplicates.values().sum::<u64>(), left_out);
        prop_assert_eq!(found.state.tag(), 5);
        let all = CombineOptions { on_duplicate: OnDuplicate::KeepAll, unique: None };
        let found = combine(&states, &all, 5).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let everything: Roots = [a, b, c].concat();
        prop_assert_eq!(records(&found.state), parts(&dataset(), &everything));
        let none = CombineOptions { on_duplicate: OnDuplicate::Refuse, unique: None };
        prop_assert_eq!(combine(&states, &none, 5).is_err(), left_out > 0);
    }

    #[test]
    fn splitting_gives_each_root_to_one_part(a in roots(20), b in roots(20), count in 1usize..5) {
        let types = ["Top", "Other"];
        let divided = |roots: &Roots| split_by_key(&state_of(roots), &types, count, 30).map_err(|error| TestCaseError::fail(error.to_string()));
        let found = divided(&a)?;
        prop_assert_eq!(found.len(), count);
        let mut rest = a.clone();
        for (part, tag) in found.iter().zip(30..) {
            let is_here = |(name, record): &(&'static str, Value)| records(part).get(*name).is_some_and(|records| records.contains(&canonical(record)));
            let own: Roots = rest.iter().filter(|root| is_here(root)).cloned().collect();
            rest.retain(|root| !is_here(root));
            prop_assert_eq!(records(part), parts(&dataset(), &own));
            prop_assert_eq!(part.tag(), tag);
        }
        prop_assert!(rest.is_empty());
        let together: Vec<&ReadState> = found.iter().collect();
        let whole = combine(&together, &CombineOptions::default(), 5).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(records(&whole.state), parts(&dataset(), &a));
        // A key is always in the same part.
        for (part, other) in found.iter().zip(divided(&b)?) {
            let of = |state: &ReadState, roots: &Roots| -> BTreeSet<String> {
                let here = |(name, record): &&(&'static str, Value)| records(state).get(*name).is_some_and(|found| found.contains(&canonical(record)));
                keys(&roots.iter().filter(here).cloned().collect())
            };
            let shared = keys(&a).intersection(&keys(&b)).cloned().collect::<BTreeSet<_>>();
            let (in_a, in_b) = (of(part, &a), of(&other, &b));
            prop_assert_eq!(in_a.intersection(&shared).collect::<Vec<_>>(), in_b.intersection(&shared).collect::<Vec<_>>());
        }
    }

    #[test]
    fn selecting_takes_records_with_all_they_refer_to(roots in roots(14), take in any::<u64>()) {
        let state = state_of(&roots);
        let wanted: Roots = roots.iter().enumerate().filter(|(at, _)| take >> at & 1 == 1).map(|(_, root)| root.clone()).collect();
        let texts: BTreeSet<(&str, String)> = wanted.iter().map(|(name, record)| (*name, canonical(record))).collect();
        let mut chosen: Vec<(&str, Ordinal)> = Vec::new();
        for name in ["Top", "Other"] {
            for ordinal in state.ty(name).expect("a type").populated() {
                if texts.contains(&(name, canonical(&state.value(name, ordinal).expect("populated")))) {
                    chosen.push((name, ordinal));
                }
            }
        }
        let found = select(&state, chosen, 7).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(records(&found), parts(&dataset(), &wanted));
    }

    #[test]
    fn compacting_changes_ordinals_only(versions in prop::collection::vec(roots(20), 2..4)) {
        let versions: Vec<Roots> = versions.into_iter().map(without_nan).collect();
        let state = chain(&versions).pop().expect("one");
        let always = CompactionConfig { min_candidate_hole_cost_bytes: 0, min_candidate_hole_percentage: 0 };
        match compact(&state, always, 77) {
            Ok(Some(found)) => {
                prop_assert_eq!(records(&found.state), records(&state));
                let holes = |state: &ReadState| usage(state).iter().map(|ty| (ty.name.clone(), ty.holes)).collect::<Vec<_>>();
                prop_assert_ne!(holes(&found.state), holes(&state));
                let next = state.apply_delta(&found.deltas.delta).expect("applies");
                prop_assert_eq!(Checksums::of(&next), Checksums::of(&found.state));
                let back = found.state.apply_delta(&found.deltas.reverse_delta).expect("applies");
                prop_assert_eq!(Checksums::of(&back), Checksums::of(&state));
                prop_assert_eq!((found.state.tag(), found.state.header_tags()), (77, state.header_tags()));
            }
            Ok(None) => {}
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }
}

#[test]
fn compacting_does_not_lose_nan_unnoticed() {
    let dataset = Dataset::parse("A { int id; double d; }").expect("valid");
    let mut engine = engine(&dataset);
    let ty = engine.type_id("A").expect("a type");
    for (id, d) in [(0, 1.5), (1, 2.5), (2, f64::NAN)] {
        let record = Value::Object(vec![Value::Int(id), Value::Double(d)]);
        engine.add("A", &record).expect("added");
    }
    assert!(
        engine
            .remove(ty, Ordinal::new(0).expect("an ordinal"))
            .expect("removed")
    );
    engine.set_next_tag(1);
    let state = snapshot(&mut engine);
    let always = CompactionConfig {
        min_candidate_hole_cost_bytes: 0,
        min_candidate_hole_percentage: 0,
    };
    assert!(matches!(compact(&state, always, 2), Err(ToolError::LosesNan { type_name }) if type_name == "A"));
}

#[test]
fn what_refers_to_types_that_are_gone_goes_as_well() {
    let leaf = |a: i32| Value::Object(vec![Value::Int(a), Value::Null]);
    let word = |text: &str| Value::Object(vec![Value::String(text.to_owned())]);
    let other = |text: &str, a: i32| ("Other", Value::Object(vec![word(text), leaf(a)]));
    let mut top = vec![Value::Null; 12];
    top[0] = Value::Long(1);
    top[6] = word("a");
    top[8] = Value::List(vec![leaf(1)]);
    top[9] = Value::Set(vec![leaf(2)]);
    top[11] = Value::Set(vec![word("b"), word("c")]);
    let roots: Roots = vec![("Top", Value::Object(top)), other("a", 3), other("d", 4)];
    let state = state_of(&roots);
    let found = filter(&state, &Filter::everything().without_type("Leaf"), false).expect("filtered");
    let names: Vec<&str> = found.state.types().map(|ty| ty.name()).collect();
    assert_eq!(names, ["Plain", "Word", "Top", "Other"]);
    let fields: Vec<&str> = match found.state.dataset().get("Top") {
        Some(Schema::Object(top)) => top.fields.iter().map(|field| field.name.as_str()).collect(),
        other => panic!("{other:?}"),
    };
    assert_eq!(fields, ["id", "f", "d", "b", "y", "t", "word", "plain"]);
    assert!(
        found.consequences.contains(&"type LeafMap is gone: Leaf is".to_owned()),
        "{:?}",
        found.consequences
    );
    assert!(
        found
            .consequences
            .contains(&"field Top.list is gone: Leaves is".to_owned()),
        "{:?}",
        found.consequences
    );

    // A key that leads through what is gone is gone; what has none any more is found by ordinals.
    let found = filter(&state, &Filter::everything().without_field("Leaf", "a"), false).expect("filtered");
    assert_eq!(
        found.state.dataset().get("LeafSet").map(ToString::to_string).as_deref(),
        Some("LeafSet Set<Leaf>;")
    );
    assert_eq!(found.consequences.len(), 2);
    let set = found.state.set("LeafSet").expect("kept");
    for record in set.populated() {
        for (bucket, element) in set.buckets(record) {
            // One element in two buckets: it stands where its own hash says (`docs/format.md`, section 2.2).
            assert_eq!(
                bucket,
                hollow::memory::hash::hash_int(element.get().cast_signed()).cast_unsigned() & 1
            );
        }
    }

    // With pruning, records go that only others that are gone referred to.
    let only = Filter::nothing()
        .with_type("Other")
        .with_type("Word")
        .with_type("Leaf")
        .with_type("Plain");
    let pruned = filter(&state, &only, true).expect("filtered");
    let expected: Roots = vec![other("a", 3), other("d", 4)];
    assert_eq!(records(&pruned.state), parts(&dataset(), &expected));
    let kept = filter(&state, &only, false).expect("filtered");
    assert_eq!(records(&kept.state), with_types(records(&state), &kept.state));
    assert!(matches!(
        filter(&state, &Filter::nothing(), false),
        Err(ToolError::Schema(_))
    ));
}

#[test]
fn a_patch_over_a_change_of_schemas_leads_as_far_as_readers_know_the_fields() {
    let build = |schemas: &str, records: &[(i32, &str)]| {
        let dataset = Dataset::parse(schemas).expect("valid");
        let mut engine = engine(&dataset);
        engine.set_next_tag(records.len() as i64);
        for (id, text) in records {
            let text = Value::String((*text).to_owned());
            engine
                .add("A", &Value::Object(vec![Value::Int(*id), text]))
                .expect("a record");
        }
        snapshot(&mut engine)
    };
    let from = build("A { int id; string old; }", &[(1, "x"), (2, "y")]);
    let to = build("A { int id; string new; }", &[(2, "z"), (1, "x"), (3, "y")]);
    let found = patch(&from, &to, 50).expect("a way");
    follow(&found, &from, &to, "evolved");
    let mut state = from.clone();
    for step in &found.steps {
        state = state.apply_delta(&step.deltas.delta).expect("applies");
    }
    let expected = [(2, Value::Null), (1, Value::Null), (3, Value::Null)];
    let expected: BTreeSet<String> = expected
        .into_iter()
        .map(|(id, old)| canonical(&Value::Object(vec![Value::Int(id), old])))
        .collect();
    assert_eq!(records(&state)["A"], expected);
    let other = build("A { int id; int old; }", &[]);
    assert!(matches!(patch(&from, &other, 50), Err(ToolError::Disagreement { type_name, .. }) if type_name == "A"));
}

#[test]
fn records_that_go_round_in_circles() {
    let dataset = Dataset::parse("Node @PrimaryKey(id) { int id; Node next; }").expect("valid");
    // Only ordinals can be given in advance; the text form writes down what `add` cannot.
    let text = |ids: [i32; 3]| {
        let head = r#"{"hollow":"state","form":1,"tag":TAG,"origin_tag":0,"version":null,"header_tags":{},"types":[{"schema":{"name":"Node","kind":"OBJECT","fields":[{"name":"id","type":"INT"},{"name":"next","type":"REFERENCE","to":"Node"}],"primary_key":["id"]},"num_shards":1,"records":3}]}"#;
        let lines = ids
            .iter()
            .enumerate()
            .map(|(at, id)| format!("\n[\"Node\",{at},[{id},{}]]", (at + 1) % 3));
        let text = head.replace("TAG", &ids[0].to_string()) + &lines.collect::<String>();
        hollow::tools::text::lossless::read(text.as_bytes()).expect("a state")
    };
    let (a, b) = (text([1, 2, 3]), text([4, 2, 3]));
    assert_eq!(**a.dataset(), dataset);
    let found = patch(&a, &b, 9).expect("a way");
    // The first node is another one, and the circle makes all others move with it.
    assert_eq!(found.moved["Node"], 3);
    follow(&found, &a, &b, "circle");
    let error = combine(&[&a, &b], &CombineOptions::default(), 1).expect_err("no children first");
    assert!(
        error.to_string().starts_with("the record refers to itself, type=Node"),
        "{error}"
    );
    assert_eq!(rewritten(&a).ty("Node").map(|ty| ty.len()), Some(3));
}

/// A list of so many records, each of which refers to the one before; and the last of them.
fn long_list(length: i32, first: i32, tag: i64) -> (ReadState, Ordinal) {
    use hollow::write::{FieldValue, ObjectRecord};
    let schemas = Dataset::parse("Node { int id; Node next; }").expect("valid");
    let mut writer = engine(&schemas);
    let node = writer.type_id("Node").expect("a type");
    let mut last = None;
    for id in std::iter::once(first).chain(1..length) {
        let next = last.map_or(FieldValue::Null, FieldValue::Reference);
        let record = ObjectRecord::new(vec![FieldValue::Int(id), next]);
        last = Some(writer.add_object(node, &record).expect("added"));
    }
    writer.set_next_tag(tag);
    (snapshot(&mut writer), last.expect("one"))
}

#[test]
fn a_long_list_of_records_is_copied_without_running_out_of_stack() {
    let (state, last) = long_list(200_000, 0, 1);
    let found = select(&state, [("Node", last)], 2).expect("copied");
    assert_eq!(found.ty("Node").map(|ty| ty.len()), Some(200_000));
}

/// The first record is another one, so each after it has to make way. Looking at all of them again for each would take
/// 40,000,000,000 looks.
#[test]
fn a_patch_of_a_long_list_of_records_looks_at_each_a_few_times() {
    let ((from, _), (to, _)) = (long_list(200_000, -1, 1), long_list(200_000, -2, 2));
    let found = patch(&to, &from, 9).expect("a way");
    assert_eq!((found.steps.len(), found.moved["Node"]), (2, 200_000));
    let there = found.steps.iter().fold(to, |state, step| {
        state.apply_delta(&step.deltas.delta).expect("applies")
    });
    assert_same(&there, &from, "a long list");
}
