//! Laws of comparisons, over random pairs of states, against a comparison by brute force.

mod common;

use common::{Chain, SCHEMA, all, canonical, field_names};
use diff_tool::{Change, Details, Diff, Options, SideName, TypeDiff, changes, compare, diff};
use hollow::read::ReadState;
use hollow::record::Value;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Few different values, so that equal ones, and equal keys, are frequent.
fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "",
        "a",
        "b",
        "ü",
        "日本",
        "\u{202e}x",
        "long enough to be marked inside of it",
    ])
    .prop_map(str::to_owned)
}

fn nullable(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    option::weighted(0.8, value).prop_map(|value| value.unwrap_or(Value::Null))
}

fn string() -> impl Strategy<Value = Value> {
    nullable(word().prop_map(Value::String))
}

fn tag() -> impl Strategy<Value = Value> {
    word().prop_map(|value| Value::Object(vec![Value::String(value)]))
}

/// Elements that are different by `identity`: a set with equal ones would not be one.
fn distinct(items: Vec<Value>, identity: impl Fn(&Value) -> String) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| seen.insert(identity(item))).collect()
}

fn tags() -> impl Strategy<Value = Value> {
    nullable(vec(tag(), 0..4).prop_map(|items| Value::Set(distinct(items, canonical))))
}

fn step() -> impl Strategy<Value = Value> {
    let float = prop::sample::select(vec![
        Value::Float(1.5),
        Value::Float(-0.0),
        Value::Float(0.0),
        Value::Null,
    ]);
    (
        0..3i32,
        nullable((0..3i32).prop_map(Value::Int)),
        float,
        nullable(tag()),
    )
        .prop_map(|(x, y, z, tag)| Value::Object(vec![Value::Int(x), y, z, tag]))
}

fn part() -> impl Strategy<Value = Value> {
    (0..4i32, string(), tags()).prop_map(|(n, what, tags)| Value::Object(vec![Value::Int(n), what, tags]))
}

fn rating() -> impl Strategy<Value = Value> {
    (word(), string(), 0..2i32)
        .prop_map(|(system, value, year)| Value::Object(vec![Value::String(system), value, Value::Int(year)]))
}

fn title() -> impl Strategy<Value = Value> {
    let own = (
        nullable((0..12i64).prop_map(Value::Long)),
        string(),
        nullable(prop::sample::select(vec![
            Value::Double(0.1),
            Value::Double(f64::NEG_INFINITY),
        ])),
        nullable(any::<bool>().prop_map(Value::Boolean)),
        nullable(vec(0..2u8, 0..3).prop_map(Value::Bytes)),
    );
    let collections = (
        nullable(tag()),
        tags(),
        nullable(vec(part(), 0..4).prop_map(Value::List)),
        nullable(vec(step(), 0..5).prop_map(Value::List)),
        nullable(vec(rating(), 0..4).prop_map(|items| Value::Set(distinct(items, canonical)))),
        nullable(vec((tag(), step()), 0..4).prop_map(|entries| {
            Value::Map(
                entries
                    .into_iter()
                    .map(|(k, v)| (canonical(&k), (k, v)))
                    .collect::<BTreeMap<_, _>>()
                    .into_values()
                    .collect(),
            )
        })),
    );
    (own, collections).prop_map(
        |((id, name, score, shown, raw), (tag, tags, parts, steps, ratings, words))| {
            Value::Object(vec![
                id, name, score, shown, raw, tag, tags, parts, steps, ratings, words,
            ])
        },
    )
}

type Records = Vec<(&'static str, Value)>;

fn records() -> impl Strategy<Value = Records> {
    let loose = (string(), nullable(step())).prop_map(|(text, step)| ("Loose", Value::Object(vec![text, step])));
    let titles = vec(title().prop_map(|title| ("Title", title)), 0..12);
    (titles, vec(loose, 0..5)).prop_map(|(mut titles, loose)| {
        titles.extend(loose);
        titles
    })
}

/// A state and one that is like it: some records gone, some changed, some new; or, now and then, nothing like it.
fn pair() -> impl Strategy<Value = (Records, Records)> {
    (records(), records(), vec(0..6u8, 17)).prop_map(|(a, other, fate)| {
        let mut b = Vec::new();
        for ((record, fate), other) in a.iter().zip(&fate).zip(other.iter().cycle()) {
            match (fate, &record.1, &other.1) {
                (0, ..) => {}
                // The same key, the rest of another record.
                (1, Value::Object(fields), Value::Object(others)) if record.0 == "Title" && other.0 == "Title" => {
                    let fields = fields.iter().take(1).chain(others.iter().skip(1)).cloned().collect();
                    b.push(("Title", Value::Object(fields)));
                }
                // Some fields of another record.
                (fate @ 2..=3, Value::Object(fields), Value::Object(others)) if record.0 == other.0 => {
                    let keeps = |at: usize| at == 0 || at % 4 != usize::from(*fate);
                    let either = fields.iter().zip(others).enumerate();
                    let fields = either.map(|(at, (own, other))| if keeps(at) { own } else { other });
                    b.push((record.0, Value::Object(fields.cloned().collect())));
                }
                _ => b.push(record.clone()),
            }
        }
        if fate[16] == 0 {
            b.extend(other);
        }
        b.reverse(); // other ordinals
        (a, b)
    })
}

fn load(records: &Records) -> ReadState {
    common::state(SCHEMA, records)
}

/// What a comparison says of one type, without ordinals: the content of the records.
#[derive(Debug, Default, PartialEq)]
struct Said {
    equal: usize,
    modified: Vec<(String, String)>,
    only_in_a: Vec<String>,
    only_in_b: Vec<String>,
}

impl Said {
    fn sorted(mut self) -> Self {
        self.modified.sort();
        self.only_in_a.sort();
        self.only_in_b.sort();
        self
    }

    fn by(ty: &TypeDiff, a: &ReadState, b: &ReadState) -> Self {
        let content = |state: &ReadState, ordinal| canonical(&state.value(&ty.name, ordinal).expect("record"));
        Said {
            equal: ty.equal,
            modified: ty.modified.iter().map(|m| (content(a, m.a), content(b, m.b))).collect(),
            only_in_a: ty.only_in_a.iter().map(|o| content(a, *o)).collect(),
            only_in_b: ty.only_in_b.iter().map(|o| content(b, *o)).collect(),
        }
        .sorted()
    }

    /// The definition, with nested loops.
    fn by_brute_force(name: &str, is_keyed: bool, a: &ReadState, b: &ReadState) -> Self {
        let key = |value: &Value| match value {
            Value::Object(fields) if is_keyed => canonical(&fields[0]),
            _ => String::new(),
        };
        let contents = |state: &ReadState| -> Vec<(String, String)> {
            all(state, name)
                .iter()
                .map(|(_, value)| (key(value), canonical(value)))
                .collect()
        };
        let (mut a, mut b) = (contents(a), contents(b));
        let mut said = Said::default();
        a.retain(|record| match b.iter().position(|other| other == record) {
            Some(at) => {
                b.remove(at);
                said.equal += 1;
                false
            }
            None => true,
        });
        let alone = |side: &[(String, String)], key: &str| side.iter().filter(|record| record.0 == key).count() == 1;
        let pairs: Vec<String> = a
            .iter()
            .filter(|x| is_keyed && alone(&a, &x.0) && alone(&b, &x.0))
            .map(|x| x.0.clone())
            .collect();
        let find = |side: &[(String, String)], key: &str| side.iter().find(|x| x.0 == key).map(|x| x.1.clone());
        for key in &pairs {
            said.modified
                .push((find(&a, key).expect("there"), find(&b, key).expect("there")));
        }
        let rest = |side: Vec<(String, String)>| {
            side.into_iter()
                .filter(|x| !pairs.contains(&x.0))
                .map(|x| x.1)
                .collect()
        };
        said.only_in_a = rest(a);
        said.only_in_b = rest(b);
        said.sorted()
    }
}

fn ty<'d>(diff: &'d Diff, name: &str) -> &'d TypeDiff {
    diff.types
        .iter()
        .find(|ty| ty.name == name)
        .expect("all types are compared")
}

const TYPES: [(&str, bool); 11] = [
    ("Title", true),
    ("Part", true),
    ("Tag", false),
    ("Tags", false),
    ("Parts", false),
    ("Step", false),
    ("Steps", false),
    ("Rating", false),
    ("Ratings", false),
    ("Words", false),
    ("Loose", false),
];

fn check_against_brute_force(diff: &Diff, a: &ReadState, b: &ReadState) {
    for (name, is_keyed) in TYPES {
        let expected = Said::by_brute_force(name, is_keyed, a, b);
        assert_eq!(Said::by(ty(diff, name), a, b), expected, "{name}");
        assert_eq!(
            ty(diff, name).in_a,
            expected.equal + expected.modified.len() + expected.only_in_a.len()
        );
        assert_eq!(
            ty(diff, name).in_b,
            expected.equal + expected.modified.len() + expected.only_in_b.len()
        );
    }
}

/// Field counts, group sizes: everything about records that has no side.
type Shape = (usize, usize, usize, Vec<(String, usize, usize)>, Vec<usize>);

fn shape(ty: &TypeDiff) -> Shape {
    let fields = ty
        .fields
        .iter()
        .map(|field| (field.path.clone(), field.records, field.places))
        .collect();
    let groups = ty.groups.iter().map(|group| group.records).collect();
    (ty.equal, ty.modified.len(), ty.ambiguous, fields, groups)
}

/// What a change is, wherever in a list it happens.
fn kind(change: &Change<'_>) -> String {
    let place = change.place();
    let mut outside_of_lists = String::new();
    for (index, piece) in place.split('[').enumerate() {
        let is_position = index > 0 && piece.starts_with(|c: char| c.is_ascii_digit());
        outside_of_lists.push_str(if is_position {
            piece.split_once(']').map_or("", |x| x.1)
        } else {
            piece
        });
        outside_of_lists.push('[');
    }
    format!("{outside_of_lists} {:?} {:?}", change.before, change.after)
}

fn sorted(mut items: Vec<String>) -> Vec<String> {
    items.sort();
    items
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_state_does_not_differ_from_itself(records in records()) {
        let (state, mut reversed) = (load(&records), records);
        reversed.reverse();
        let again = load(&reversed);
        for other in [&state, &again] {
            let diff = diff(&state, other, &Options::default());
            prop_assert!(diff.is_same());
            prop_assert!(diff.types.iter().all(|ty| ty.equal == ty.in_a && ty.fields.is_empty() && ty.groups.is_empty()));
        }
    }

    #[test]
    fn finds_what_brute_force_finds((a, b) in pair()) {
        let (a, b) = (load(&a), load(&b));
        check_against_brute_force(&diff(&a, &b, &Options::default()), &a, &b);
    }

    #[test]
    fn sides_can_be_swapped((a, b) in pair()) {
        let (a, b) = (load(&a), load(&b));
        let (there, back) = (diff(&a, &b, &Options::default()), diff(&b, &a, &Options::default()));
        for (name, _) in TYPES {
            let (x, y) = (ty(&there, name), ty(&back, name));
            prop_assert_eq!(shape(x), shape(y), "{}", name);
            prop_assert_eq!((&x.only_in_a, &x.only_in_b), (&y.only_in_b, &y.only_in_a));
            let swapped: Vec<_> = y.modified.iter().map(|m| (m.b, m.a, m.group)).collect();
            let modified: Vec<_> = x.modified.iter().map(|m| (m.a, m.b, m.group)).collect();
            prop_assert_eq!(modified, swapped);
        }
    }

    #[test]
    fn fields_and_groups_add_up((a, b) in pair()) {
        let (a, b) = (load(&a), load(&b));
        let diff = diff(&a, &b, &Options::default());
        let details = Details::new(&a, &b);
        for name in ["Title", "Part"] {
            let ty = ty(&diff, name);
            let names = field_names(&a, name);
            let mut records: BTreeMap<String, usize> = BTreeMap::new();
            let mut members: BTreeMap<u32, BTreeSet<Vec<String>>> = BTreeMap::new();
            for m in &ty.modified {
                let (before, after) = details.trees(ty, m);
                let edit = compare(&before, &after);
                let kinds: Vec<String> = changes(&edit).iter().map(kind).collect();
                members.entry(m.group).or_default().insert(sorted(kinds));
                let paths: BTreeSet<String> = changes(&edit).iter().map(|change| change.path()).collect();
                let found: BTreeSet<&str> = paths.iter().filter_map(|path| path.split('.').next()).collect();
                let fields = |state: &ReadState, ordinal| match state.value(name, ordinal) {
                    Some(Value::Object(fields)) => fields,
                    other => panic!("{other:?}"),
                };
                let (x, y) = (fields(&a, m.a), fields(&b, m.b));
                let expected: BTreeSet<&str> = (0..names.len())
                    .filter(|&i| canonical(&x[i]) != canonical(&y[i]))
                    .map(|i| names[i].as_str())
                    .collect();
                prop_assert_eq!(found, expected);
                for path in paths {
                    *records.entry(path).or_default() += 1;
                }
            }
            let counted: BTreeMap<String, usize> = ty.fields.iter().map(|f| (f.path.clone(), f.records)).collect();
            prop_assert_eq!(counted, records);
            prop_assert!(ty.fields.iter().all(|field| field.places >= field.records));
            // Within a group all changes are alike, and no two groups have the same changes.
            prop_assert!(members.values().all(|kinds| kinds.len() == 1));
            prop_assert_eq!(members.values().flatten().collect::<BTreeSet<_>>().len(), ty.groups.len());
            prop_assert_eq!(ty.groups.iter().map(|group| group.records).sum::<usize>(), ty.modified.len());
            for (index, group) in ty.groups.iter().enumerate() {
                let members = ty.modified.iter().filter(|m| m.group as usize == index).count();
                prop_assert_eq!(group.records, members);
                prop_assert_eq!(ty.modified[group.first].group as usize, index);
            }
            let sizes: Vec<usize> = ty.groups.iter().map(|group| group.records).collect();
            prop_assert!(sizes.windows(2).all(|w| w[0] >= w[1]));
        }
    }

    /// Along a chain ordinals are used again; pages are shared. Neither may show.
    #[test]
    fn shared_pages_change_nothing((a, b) in pair(), other in records(), again in any::<bool>()) {
        let mut chain = Chain::new(SCHEMA, 1);
        let read = |snapshot: &[u8]| ReadState::from_snapshot(snapshot).expect("snapshot");
        // Those read anew share no page with any other, and no delta led to them.
        let mut alone = vec![read(&chain.next(&a).0)];
        let mut states = alone.clone();
        for records in [&other, if again { &a } else { &b }, &b] {
            let (snapshot, delta) = chain.next(records);
            alone.push(read(&snapshot));
            states.push(states[states.len() - 1].apply_delta(&delta.expect("delta")).expect("delta applies"));
        }
        let options = Options { same_chain: true, ..Options::default() };
        for (i, x) in states.iter().enumerate() {
            for (j, y) in states.iter().enumerate() {
                let (fast, full) = (diff(x, y, &options), diff(&alone[i], &alone[j], &Options::default()));
                let unasked = diff(x, y, &Options::default()); // neighbours are known to be
                check_against_brute_force(&fast, x, y);
                for (name, _) in TYPES {
                    prop_assert_eq!(shape(ty(&fast, name)), shape(ty(&full, name)), "{}", name);
                    prop_assert_eq!(shape(ty(&unasked, name)), shape(ty(&full, name)), "{}", name);
                }
            }
        }
    }

    #[test]
    fn records_are_found_by_key((a, b) in pair(), id in 0..12i64) {
        let (a, b) = (load(&a), load(&b));
        let details = Details::new(&a, &b);
        let found = details.find("Title", &[id.to_string()], &Options::default()).expect("a key");
        let expected = |state: &ReadState| -> Vec<_> {
            let has_id = |value: &Value| matches!(value, Value::Object(fields) if fields[0] == Value::Long(id));
            all(state, "Title").into_iter().filter(|(_, value)| has_id(value)).map(|(ordinal, _)| ordinal).collect()
        };
        prop_assert_eq!(&found, &(expected(&a), expected(&b)));
        prop_assert!(found.0.iter().all(|o| details.tree(SideName::A, "Title", *o) != diff_tool::Node::Null));
    }
}

/// Deeper than trees are read, where only hashes tell.
#[test]
fn what_is_nested_too_deeply_still_differs() {
    const CHAIN: &str = "Root @PrimaryKey(id) { int id; Link link; } Link { string text; Link next; }";
    let root = |innermost: &str| {
        let mut link = Value::Null;
        for depth in 0..90 {
            let text = if depth == 0 { innermost } else { "same" };
            link = Value::Object(vec![common::text(text), link]);
        }
        ("Root", Value::Object(vec![Value::Int(1), link]))
    };
    let a = common::state(CHAIN, &[root("a")]);
    let (b, same) = (common::state(CHAIN, &[root("b")]), common::state(CHAIN, &[root("a")]));
    assert!(diff(&a, &same, &Options::default()).is_same());
    let diff = diff(
        &a,
        &b,
        &Options {
            types: vec!["Root".to_owned()],
            ..Options::default()
        },
    );
    assert_eq!((diff.types[0].modified.len(), diff.types[0].fields.len()), (1, 1));
    assert!(diff.types[0].fields[0].path.starts_with("link.next.next."));
}

/// Null on one side, no such field on the other: both say nothing.
#[test]
fn a_new_field_without_values_changes_no_record() {
    let note = |fields: Vec<Value>| ("Note", Value::Object(fields));
    let a = common::state("Note @PrimaryKey(id) { int id; }", &[note(vec![Value::Int(1)])]);
    let b = common::state(
        "Note @PrimaryKey(id) { string more; int id; }",
        &[note(vec![Value::Null, Value::Int(1)])],
    );
    let diff = diff(&a, &b, &Options::default());
    assert_eq!((diff.types[0].equal, diff.schemas.len(), diff.is_same()), (1, 1, false));
}
