use super::*;
use crate::producer::{IncrementalStats, Producer};
use crate::record::{Value, json};
use crate::schema::Dataset;
use crate::store::Store;
use proptest::prelude::*;

const SCHEMA: &str = "Item @PrimaryKey(id) { long id; Label label; Labels labels; string text; }
    Label { string text; } Labels List<Label>;";

fn dataset() -> Dataset {
    Dataset::parse(SCHEMA).expect("schemas")
}

fn preparer() -> Preparer {
    Preparer::new(RecordPlan::new(&dataset(), "Item").expect("a plan"))
}

/// Whether a record with this text in place of its text is prepared.
fn is_plain(text: &str) -> bool {
    let (mut preparer, mut records) = (preparer(), PreparedRecords::default());
    preparer.begin(&mut records);
    let json = format!(r#"{{"id":1,"text":{text}}}"#);
    preparer.json(b"[1]", json.as_bytes(), &mut records).is_some()
}

#[test]
fn texts_are_plain_or_left_to_others() {
    for text in [
        r#""""#,
        r#""twelve bytes""#,
        "\"größe, größe, größe\"",
        r#""a\"b\\c\/\n\u00e9 and more""#,
        "null",
    ] {
        assert!(is_plain(text), "{text}");
    }
    let long = format!("\"{}\"", "x".repeat(MOST_BYTES));
    for text in [
        r#""\ud83d\ude00""#,
        "\"a\u{1}\"",
        r#""\x""#,
        r#""open"#,
        r#""two"x"#,
        "1",
        "nul",
        "[]",
        &long,
    ] {
        assert!(!is_plain(text), "{text}");
    }
    let mut json = br#"{"id":1,"text":"1234567"}"#.to_vec();
    let (mut preparer, mut records) = (preparer(), PreparedRecords::default());
    preparer.begin(&mut records);
    assert_eq!(preparer.json(b"[1]", &json, &mut records), Some(0));
    json[18] = 0xff;
    assert_eq!(preparer.json(b"[1]", &json, &mut records), None, "not UTF-8");
    assert_eq!(preparer.json(b"[2]", br#"{"id":1}"#, &mut records), None, "another key");
    assert_eq!(
        preparer.json(b"[1]", br#"{"id":1.0}"#, &mut records),
        None,
        "another way to write it"
    );
    assert_eq!(preparer.key(b"[-5]", &mut records), Some(1));
    assert_eq!(preparer.key(b"[-0]", &mut records), None);
    assert_eq!(records.key_values(1), Some(vec![KeyValue::Long(-5)]));
    assert_eq!(records.len(), 2);
}

proptest! {
    /// Half of the texts are JSON with something done to it.
    #[test]
    fn what_is_plain_is_what_the_reader_of_values_finds(
        id in any::<i32>(),
        labels in prop::collection::vec("\\PC{0,9}", 0..4),
        harm in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
    ) {
        let label = |text: &String| Value::Object(vec![Value::String(text.clone())]);
        let value = Value::Object(vec![
            Value::Long(id.into()),
            labels.first().map_or(Value::Null, label),
            Value::List(labels.iter().map(label).collect()),
            labels.last().map_or(Value::Null, |text| Value::String(text.clone())),
        ]);
        let mut text = json::to_vec(&dataset(), "Item", &value);
        if let Some((at, byte)) = harm {
            *at.get_mut(&mut text) = byte;
        }
        let (mut preparer, mut records) = (preparer(), PreparedRecords::default());
        preparer.begin(&mut records);
        let prepared = preparer.json(format!("[{id}]").as_bytes(), &text, &mut records);
        let parsed = json::parse(&dataset(), "Item", &text);
        if harm.is_none() {
            prop_assert_eq!(parsed.as_ref(), Ok(&value));
        }
        let Some(index) = prepared else { return Ok(()) };
        let expected = parsed.expect("only records are prepared");
        let mut producer = Producer::builder(dataset(), Store::memory()).root("Item").build().expect("a producer");
        producer
            .run_incremental_cycle(|cycle| {
                cycle.begin_prepared("Item", &records)?;
                assert!(cycle.upsert_prepared("Item", &records, index)?);
                Ok(())
            })
            .expect("a version");
        let state = producer.state().expect("a state");
        let ordinal = state.ty("Item").and_then(|ty| ty.populated().next()).expect("a record");
        prop_assert_eq!(state.value("Item", ordinal), Some(expected));
    }
}

#[test]
fn records_come_in_the_order_in_which_they_were_made() {
    let (mut preparer, mut first, mut second) = (preparer(), PreparedRecords::default(), PreparedRecords::default());
    preparer.begin(&mut first);
    assert_eq!(preparer.json(b"[1]", br#"{"id":1,"label":"a"}"#, &mut first), Some(0));
    preparer.begin(&mut second);
    assert_eq!(
        preparer.json(b"[2]", br#"{"id":2,"label":"a","labels":["b"]}"#, &mut second),
        Some(0)
    );
    let mut producer = Producer::builder(dataset(), Store::memory())
        .root("Item")
        .build()
        .expect("a producer");
    let refused = producer.run_incremental_cycle(|cycle| {
        cycle.begin_prepared("Item", &first)?;
        assert!(cycle.upsert_prepared("Item", &second, 0).is_err(), "not taken up");
        assert!(cycle.upsert_prepared("Item", &first, 1).is_err(), "not there");
        cycle.begin_prepared("Item", &second)?;
        assert!(cycle.upsert_prepared("Item", &first, 0).is_err(), "over");
        assert!(cycle.upsert_prepared("Item", &second, 0)?);
        Ok(())
    });
    refused.expect("a version");
    let missing = producer.run_incremental_cycle(|cycle| Ok(cycle.begin_prepared("Item", &second)?));
    assert!(missing.is_err(), "what the second needs of the first is not there");
}

#[test]
fn records_of_one_type_are_not_taken_for_those_of_another() {
    let schemas = "Item @PrimaryKey(id) { long id; } Other @PrimaryKey(id) { long id; }";
    let dataset = Dataset::parse(schemas).expect("schemas");
    let prepared = |root: &str| {
        let mut preparer = Preparer::new(RecordPlan::new(&dataset, root).expect("a plan"));
        let mut records = PreparedRecords::default();
        preparer.begin(&mut records);
        assert_eq!(preparer.json(b"[1]", br#"{"id":1}"#, &mut records), Some(0));
        records
    };
    let (mut items, mut others) = (prepared("Item"), prepared("Other"));
    let builder = Producer::builder(dataset.clone(), Store::memory());
    let mut producer = builder.root("Item").root("Other").build().expect("a producer");
    let cycle = producer.run_incremental_cycle(|cycle| {
        cycle.begin_prepared("Item", &PreparedRecords::default())?;
        assert!(cycle.upsert_prepared("Item", &PreparedRecords::default(), 0).is_err());
        assert!(cycle.begin_prepared("Other", &items).is_err());
        cycle.begin_prepared("Item", &items)?;
        assert!(cycle.upsert_prepared("Other", &items, 0).is_err());
        assert!(cycle.upsert_prepared("Item", &items, 0)?);
        Ok(())
    });
    cycle.expect("a version");
    let cycle = producer.run_incremental_cycle(|cycle| {
        // Looked up among the others, of which there are none, and the other way round.
        cycle.finder("Other")?.find(&mut items);
        cycle.begin_prepared("Item", &items)?;
        assert!(cycle.delete_prepared("Other", &items, 0).is_err());
        assert!(!cycle.upsert_prepared("Item", &items, 0)?, "it is there");
        cycle.finder("Item")?.find(&mut others);
        cycle.begin_prepared("Other", &others)?;
        assert!(cycle.upsert_prepared("Other", &others, 0)?, "it is new");
        Ok(())
    });
    cycle.expect("a version");
}

/// A change of a cycle: an item with its label, or its end.
type Step = (u8, Option<u8>);

fn steps() -> impl Strategy<Value = Vec<Vec<Vec<Step>>>> {
    let step = (0..12u8, prop::option::weighted(0.8, 0..4u8));
    let batch = prop::collection::vec(step, 0..8);
    prop::collection::vec(prop::collection::vec(batch, 1..4), 1..5)
}

/// Who looks up what the records of a cycle replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looks {
    Nobody,
    ThisCycle,
    /// Kept from the first cycle: of no use, and of no harm.
    TheFirst,
}

/// The hashes of all types after each cycle, and what each did.
fn published(cycles: &[Vec<Vec<Step>>], looks: Looks) -> Vec<(Vec<crate::read::ContentHash>, IncrementalStats)> {
    let builder = Producer::builder(dataset(), Store::memory()).root("Item");
    let mut producer = builder.build().expect("a producer");
    let (mut kept, mut all) = (None, Vec::new());
    for batches in cycles {
        let mut preparer = preparer();
        let mut stats = IncrementalStats::default();
        let cycle = producer.run_incremental_cycle(|cycle| {
            let of_this = cycle.finder("Item")?;
            for steps in batches {
                let mut records = PreparedRecords::default();
                preparer.begin(&mut records);
                for (id, label) in steps {
                    let key = format!("[{id}]");
                    let taken = match label {
                        Some(label) => {
                            let json = format!(r#"{{"id":{id},"label":"l{label}","labels":["l{label}","x{id}"]}}"#);
                            preparer.json(key.as_bytes(), json.as_bytes(), &mut records)
                        }
                        None => preparer.key(key.as_bytes(), &mut records),
                    };
                    assert!(taken.is_some());
                }
                match looks {
                    Looks::Nobody => {}
                    Looks::ThisCycle => of_this.find(&mut records),
                    Looks::TheFirst => kept.as_ref().unwrap_or(&of_this).find(&mut records),
                }
                cycle.begin_prepared("Item", &records)?;
                for (index, (_, label)) in steps.iter().enumerate() {
                    match label {
                        Some(_) => cycle.upsert_prepared("Item", &records, index)?,
                        None => cycle.delete_prepared("Item", &records, index)?,
                    };
                }
            }
            kept.get_or_insert(of_this);
            stats = cycle.stats();
            Ok(())
        });
        cycle.expect("a version, or nothing new");
        let state = producer.state();
        let hashes = state.iter().flat_map(|state| state.types().map(|ty| ty.content_hash()));
        all.push((hashes.collect(), stats));
    }
    all
}

proptest! {
    #[test]
    fn whether_somebody_looks_up_what_is_replaced_makes_no_difference(cycles in steps()) {
        let expected = published(&cycles, Looks::Nobody);
        prop_assert_eq!(&published(&cycles, Looks::ThisCycle), &expected);
        prop_assert_eq!(&published(&cycles, Looks::TheFirst), &expected);
    }
}
