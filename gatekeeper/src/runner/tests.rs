use super::digest::{Digest, of_state};
use super::records::{Part, Records, RecordsError};
use hollow::read::ReadState;
use hollow::schema::Dataset;
use hollow::write::{WriteConfig, WriteStateEngine};

fn dataset() -> Dataset {
    let text = "Root { int number; long at; boolean flag; float ratio; double share; string text; bytes raw; Tags tags; Places places; Scores scores; } \
                Tag { string name; } Tags List<Tag>; Places Set<Tag>; Scores Map<Tag, Tag>;";
    Dataset::new(hollow::schema::parse(text).expect("schemas")).expect("distinct")
}

/// Two roots with everything, their parts added in the order given.
fn records(order: [&str; 3]) -> Records {
    let mut records = Records::new(dataset());
    for name in order {
        records.object("Tag", vec![Part::text(name)]).expect("a tag");
    }
    let tag = |records: &mut Records, name: &str| records.object("Tag", vec![Part::text(name)]).expect("a tag");
    let (a, b, c) = (tag(&mut records, "a"), tag(&mut records, "b"), tag(&mut records, "ü"));
    let numbers = if order[0] == "a" { [1, 2] } else { [2, 1] };
    for number in numbers {
        let list = records.list("Tags", vec![c, a, a]).expect("a list");
        let set = if number == 1 { vec![a, b, a] } else { vec![b, a] };
        let set = records.set("Places", set).expect("a set");
        let map = records.map("Scores", vec![(a, b), (c, a), (a, c)]).expect("a map");
        let parts = vec![
            Part::Int(number),
            Part::Long(i64::MIN),
            Part::Boolean(true),
            Part::Float(f32::NAN),
            Part::Double(-0.5),
            Part::text("ü"),
            Part::Bytes([1, 2, 3].into()),
            Part::Record(list),
            Part::Record(set),
            Part::Record(map),
        ];
        let root = records.object("Root", parts).expect("a root");
        records.root(root);
    }
    let nothing = records.object("Root", vec![Part::Null; 10]).expect("a root of nothing");
    records.root(nothing);
    records
}

fn written(records: &Records) -> ReadState {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in dataset().schemas() {
        engine.add_type(schema.clone(), None).expect("a new type");
    }
    records.write(&mut engine).expect("records of these types");
    engine.set_next_tag(1);
    let mut blob = Vec::new();
    engine.write_snapshot(&mut blob).expect("memory takes everything");
    ReadState::from_snapshot(&blob).expect("what was written reads")
}

#[test]
fn equal_records_are_one() {
    let records = records(["a", "b", "ü"]);
    // Three tags, one list, one set, one map, three roots.
    assert_eq!(records.len(), 9);
    assert!(!records.is_empty());
}

#[test]
fn the_digest_is_that_of_the_state_whatever_the_order() {
    let (one, other) = (records(["a", "b", "ü"]), records(["ü", "b", "a"]));
    assert_eq!(one.digest(), other.digest());
    let (state, other_state) = (written(&one), written(&other));
    let ordinals = |state: &ReadState| state.value("Tag", hollow::Ordinal::new(0).expect("small"));
    assert_ne!(ordinals(&state), ordinals(&other_state), "the ordinals do differ");
    assert_eq!(of_state(&state, "Root"), Ok(one.digest()));
    assert_eq!(of_state(&other_state, "Root"), Ok(one.digest()));
}

#[test]
fn the_digest_tells_records_apart() {
    let mut digests = Vec::new();
    for (text, twice) in [("a", false), ("b", false), ("", false), ("a", true)] {
        let mut records = Records::new(dataset());
        let tag = records.object("Tag", vec![Part::text(text)]).expect("a tag");
        let list = records
            .list("Tags", if twice { vec![tag, tag] } else { vec![tag] })
            .expect("a list");
        records.root(list);
        digests.push(records.digest());
    }
    let mut distinct = digests.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), digests.len());
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut records = Records::new(dataset());
    let tag = records.object("Tag", vec![Part::text("a")]).expect("a tag");
    let list = records.list("Tags", vec![tag]).expect("a list");
    let is_misfit = |result: Result<_, RecordsError>| matches!(result, Err(RecordsError::Misfit { .. }));
    assert!(is_misfit(records.object("Tag", vec![])));
    assert!(is_misfit(records.object("Tag", vec![Part::Int(1)])));
    assert!(is_misfit(records.object("Tag", vec![Part::Record(tag)])));
    assert!(is_misfit(records.list("Tags", vec![list])));
    assert!(is_misfit(records.map("Scores", vec![(tag, list)])));
    let mut fields = vec![Part::Null; 10];
    fields[7] = Part::Record(tag);
    assert!(is_misfit(records.object("Root", fields)), "a reference of another type");
    let unknown = records.object("Nothing", vec![]);
    assert!(matches!(unknown, Err(RecordsError::NoSuchType { .. })));
    assert!(
        matches!(records.set("Tags", vec![]), Err(RecordsError::NoSuchType { .. })),
        "a list is no set"
    );
    // Ids of another collection of records are only numbers: those that are not there are refused.
    let mut empty = Records::new(dataset());
    assert!(is_misfit(empty.list("Tags", vec![list])));
}

#[test]
fn types_that_refer_to_themselves_are_refused() {
    let text = "Node { Node next; }";
    let dataset = Dataset::new(hollow::schema::parse(text).expect("a schema")).expect("distinct");
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    engine.add_type(dataset.schemas()[0].clone(), None).expect("a new type");
    engine.set_next_tag(1);
    let mut blob = Vec::new();
    engine.write_snapshot(&mut blob).expect("memory takes everything");
    let state = ReadState::from_snapshot(&blob).expect("what was written reads");
    assert!(of_state(&state, "Node").is_err());
    assert!(of_state(&state, "Other").is_err());
}

#[test]
fn digests_read_back() {
    let digest = records(["a", "b", "ü"]).digest();
    assert_eq!(digest.to_string().parse::<Digest>(), Ok(digest));
    for bad in ["", "00", &"g".repeat(64), &"A".repeat(64)] {
        assert!(bad.parse::<Digest>().is_err(), "{bad}");
    }
}
