use super::*;
use crate::index::{IndexError, IndexSpec};
use crate::record::{Value, json};
use crate::write::{WriteConfig, WriteStateEngine};
use std::collections::BTreeSet;

const SCHEMAS: &str =
    "Movie @PrimaryKey(id) { long id; string title; Cast cast; Cast also; Movie sequel; Words words; }
    Cast List<Member>; Member { Person person; string role; } Person { long id; string name; }
    Words Map<Word,Person>; Word { string value; }";

fn state(movies: &[&str]) -> ReadState {
    let dataset = Dataset::parse(SCHEMAS).expect("schemas");
    let records = movies
        .iter()
        .map(|text| json::parse(&dataset, "Movie", text.as_bytes()).expect("a record"));
    state_of(&dataset, "Movie", records)
}

fn state_of(dataset: &Dataset, ty: &str, records: impl Iterator<Item = Value>) -> ReadState {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in dataset.schemas() {
        engine.add_type(schema.clone(), None).expect("a type");
    }
    for record in records {
        engine.add(ty, &record).expect("a record");
    }
    let mut bytes = Vec::new();
    engine.set_next_tag(1);
    engine.write_snapshot(&mut bytes).expect("a snapshot");
    ReadState::from_snapshot(&bytes).expect("a state")
}

fn text(text: &str) -> Option<KeyValue> {
    Some(KeyValue::Text(text.to_owned()))
}

const MOVIES: [&str; 3] = [
    r#"{"id":1,"title":"A","cast":[{"person":{"id":7,"name":"Kim"},"role":"Hero"},{"person":{"id":8,"name":"Lee"},"role":"Villain"}],"words":{}}"#,
    r#"{"id":2,"title":null,"cast":[{"person":{"id":7,"name":"Kim"},"role":"Villain"},{"person":{"id":7,"name":"Kim"},"role":"Twin"}]}"#,
    r#"{"id":3,"title":"A","cast":[{"person":null,"role":"Hero"}],"words":{"x":{"id":7,"name":"Kim"},"y":{"id":9,"name":"Ann"}}}"#,
];

fn ids(state: &ReadState, found: impl Iterator<Item = Ordinal>) -> Vec<i64> {
    let movies = state.object("Movie").expect("a type");
    found.filter_map(|ordinal| movies.long(ordinal, 0)).collect()
}

#[test]
fn paths_lead_through_collections_and_begin_together() {
    let state = state(&MOVIES);
    let by_person = HashIndex::build(&state, "Movie", &["cast.element.person.id"]).expect("an index");
    assert_eq!(ids(&state, by_person.find_long(&state, 7)), [1, 2]);
    assert_eq!(ids(&state, by_person.find(&state, &[None])), [3]);
    assert_eq!(by_person.find_long(&state, 9).len(), 0);
    assert_eq!(by_person.find_int(&state, 7).len(), 0);
    assert_eq!((by_person.num_keys(), by_person.num_entries()), (3, 4));

    // Person and role of one element, not of any two.
    let both = HashIndex::build(&state, "Movie", &["cast.element.person.id", "cast.element.role"]).expect("an index");
    let key = |id: i64, role: &str| [Some(KeyValue::Long(id)), text(role)];
    assert_eq!(ids(&state, both.find(&state, &key(7, "Hero"))), [1]);
    assert_eq!(ids(&state, both.find(&state, &key(7, "Villain"))), [2]);
    assert_eq!(both.paths(), ["cast.element.person.id", "cast.element.role"]);

    // Paths that part: all combinations.
    let apart =
        HashIndex::build(&state, "Movie", &["cast.element.role", "words.key", "words.value.name"]).expect("paths");
    assert_eq!(apart.paths()[1], "words.key.value");
    assert_eq!(
        ids(&state, apart.find(&state, &[text("Hero"), text("x"), text("Kim")])),
        [3]
    );
    assert_eq!(apart.find(&state, &[text("Hero"), text("x"), text("Ann")]).len(), 0);
    assert_eq!(apart.num_entries(), 2);

    let titles = HashIndex::build(&state, "Movie", &["title"]).expect("an index");
    assert_eq!(ids(&state, titles.find_str(&state, "A")), [1, 3]);
    assert_eq!(ids(&state, titles.find(&state, &[None])), [2]);
}

#[test]
fn records_on_the_way_can_be_selected() {
    let spec = IndexSpec::hash("Movie", &["cast.element.person.id"])
        .select("cast.element")
        .named("members");
    let state = state(&MOVIES).with_index(&spec);
    let view = state.hash_index("members").expect("an index");
    let members = state.object("Member").expect("a type");
    let roles: BTreeSet<String> = view
        .find_selected(&[Some(KeyValue::Long(7))])
        .into_iter()
        .map(|ordinal| members.text(ordinal, 1).expect("a role").to_string())
        .collect();
    assert_eq!(roles, ["Hero", "Twin", "Villain"].map(str::to_owned).into());
    assert_eq!(ids(&state, view.find_long(7)), [1, 2]);
}

#[test]
fn paths_that_lead_nowhere_are_errors() {
    let state = state(&MOVIES);
    for path in [
        "nope",
        "cast",
        "cast.element",
        "cast.nope",
        "cast.element.person!",
        "title.x",
        "words.element",
        "",
    ] {
        let result = HashIndex::build(&state, "Movie", &[path]);
        assert!(matches!(result, Err(IndexError::Unbound { .. })), "{path}: {result:?}");
    }
    let selecting = IndexSpec::hash("Movie", &["title"]).select("title").named("x");
    let state = state.with_index(&selecting);
    assert!(matches!(state.hash_index("x"), Err(IndexError::Unbound { .. })));
    assert!(matches!(state.hash_index("y"), Err(IndexError::Undeclared { .. })));
    let state = state.with_index(&IndexSpec::sorted("Movie", "title").named("x"));
    let error = state.hash_index("x").expect_err("another kind").to_string();
    assert_eq!(error, "expected index=x to be a hash index, found a sorted index");
}

/// Two lists of a thousand elements each make a million combinations.
#[test]
fn values_beyond_measure_are_refused_and_harm_nothing() {
    let element = |n: i64| format!(r#"{{"person":{{"id":{n},"name":"n"}},"role":"r"}}"#);
    let list: Vec<String> = (0..1000).map(element).collect();
    let list = list.join(",");
    let movie = format!(r#"{{"id":1,"title":"A","cast":[{list}],"also":[{list}]}}"#);
    let paths = ["cast.element.person.id", "also.element.person.id"];
    let state = state(&[&movie]).with_indexes(&[
        IndexSpec::hash("Movie", &paths).named("both"),
        IndexSpec::hash("Movie", &paths[..1]).max_entries(999).named("few"),
        IndexSpec::hash("Movie", &paths[..1]).max_entries(1000).named("enough"),
    ]);
    assert!(matches!(
        state.hash_index("both"),
        Err(IndexError::TooManyEntries { .. })
    ));
    assert!(matches!(
        state.hash_index("few"),
        Err(IndexError::TooManyEntries { .. })
    ));
    assert_eq!(state.hash_index("enough").map(|view| view.find_long(999).len()), Ok(1));
}

#[test]
fn long_lists_and_many_keys_are_changed_in_place() {
    use crate::testing::entropy;
    let mut random = entropy(5);
    let ordinal = |number: u64| Ordinal::new(number as u32).expect("small");
    let mut model: BTreeSet<Ordinal> = (0..5000).map(|n| ordinal(n * 3)).collect();
    let mut list = postings::Postings::build(&model.iter().copied().collect::<Vec<_>>());
    for round in 0..60 {
        let before = list.clone();
        let kept = model.clone();
        let removed: BTreeSet<Ordinal> = (0..200).map(|_| ordinal(random() % 15_000)).collect();
        // First it dwindles to nothing, then it grows.
        let removed: BTreeSet<Ordinal> = if round == 30 { model.clone() } else { removed };
        let added: BTreeSet<Ordinal> = (0..round * 5).map(|_| ordinal(random() % 16_000)).collect();
        model.retain(|ordinal| !removed.contains(ordinal));
        model.extend(&added);
        let (removed, added): (Vec<_>, Vec<_>) = (removed.into_iter().collect(), added.into_iter().collect());
        list = list.changed(&removed, &added);
        assert!(list.iter().eq(model.iter().copied()), "round {round}");
        let matches = || Matches::of(Some(Found::Long(&list)));
        assert_eq!(matches().next(), model.first().copied());
        let mut one_by_one = matches();
        let taken: Vec<Ordinal> = std::iter::from_fn(|| one_by_one.next()).collect();
        assert!(taken.iter().eq(&model) && matches().map(Some).eq(model.iter().copied().map(Some)));
        assert_eq!((matches().len(), one_by_one.len()), (model.len(), 0));
        assert_eq!(
            matches().skip(1).fold(0, |count, _| count + 1),
            model.len().saturating_sub(1)
        );
        assert_eq!(list.len(), model.len());
        assert!(before.iter().eq(kept.iter().copied()));
    }
    assert!(list.memory_bytes() < list.len() * 10);
}

/// Wherever the numbers lie: about where hashes would, or all at one end.
#[test]
fn a_mark_is_found_where_its_size_says_and_anywhere_else() {
    let mut random = crate::testing::entropy(6);
    for round in 0..400 {
        let len = random() as usize % 200;
        let mut marks: Vec<u32> = (0..len)
            .map(|_| (random() as u32) >> (random() % (1 + round % 32)))
            .collect();
        marks.sort_unstable();
        let around = marks
            .iter()
            .flat_map(|mark| [mark.wrapping_sub(1), *mark, mark.wrapping_add(1)]);
        for mark in around.chain([0, u32::MAX, random() as u32]) {
            let expected = marks.iter().filter(|&&other| other < mark).count();
            assert_eq!(page::first_from(&marks, mark), expected, "{mark} in {marks:?}");
        }
    }
}
