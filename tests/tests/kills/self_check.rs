//! The verifier finds what it is there to find. Each case is one that a broken producer would leave behind, made by hand.

use super::log::{Log, Meaning, Row, SCHEMA};
use super::verifier::Verifier;
use anyhow::{Context, Result, ensure};
use hollow::producer::{Producer, PublishUnchanged};
use hollow::record::{KeyValue, Value};
use hollow::schema::Dataset;
use hollow::store::{BlobKind, Key, Store};

/// One partition.
struct Listed(Vec<Meaning>);

impl Log for Listed {
    fn at(&mut self, partition: i32, offset: i64) -> Result<Meaning> {
        ensure!(partition == 0, "one partition");
        self.0
            .get(usize::try_from(offset)?)
            .cloned()
            .context("beyond the end of the log")
    }
}

fn row(name: &str) -> Row {
    Row {
        name: name.to_owned(),
        group: "group".to_owned(),
        tags: [name.to_owned()].into(),
    }
}

/// Three items, of which one changes, one goes, and one message means nothing.
fn log() -> Listed {
    Listed(vec![
        Meaning::Upsert(1, row("one")),
        Meaning::Upsert(2, row("two")),
        Meaning::Nothing,
        Meaning::Upsert(1, row("one again")),
        Meaning::Delete(2),
        Meaning::Upsert(3, row("three")),
    ])
}

fn producer(store: &Store) -> Result<Producer> {
    Ok(Producer::builder(Dataset::parse(SCHEMA)?, store.clone())
        .root("Item")
        .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
        .build()?)
}

/// Publishes what these messages make of the version before, and says that it is the log up to `offset`.
fn publish(producer: &mut Producer, messages: &[Meaning], offset: i64) -> Result<()> {
    let named = |name: &String| Value::Object(vec![Value::String(name.clone())]);
    producer.run_incremental_cycle(|cycle| {
        for message in messages {
            match message {
                Meaning::Upsert(id, row) => {
                    let fields = vec![
                        Value::Long(*id),
                        Value::String(row.name.clone()),
                        named(&row.group),
                        Value::Set(row.tags.iter().map(named).collect()),
                    ];
                    cycle.upsert("Item", &Value::Object(fields))?;
                }
                Meaning::Delete(id) => drop(cycle.delete("Item", &[KeyValue::Long(*id)])?),
                Meaning::Nothing => {}
            }
        }
        for (tag, value) in [
            ("kafka.topic", "items"),
            ("kafka.log", "a log"),
            ("kafka.generation", "0"),
            ("kafka.offsets", &format!("0:{offset}")),
        ] {
            cycle.tag(tag, value);
        }
        Ok(())
    })?;
    Ok(())
}

/// What the verifier says of a second version, after a first one that is right.
fn said_of(messages: &[Meaning], offset: i64) -> Result<String> {
    let (store, mut log) = (Store::memory(), log());
    let mut producer = producer(&store)?;
    publish(&mut producer, &log.0[..3], 3)?;
    let mut verifier = Verifier::new(store);
    ensure!(verifier.check(&mut log)? == 1);
    publish(&mut producer, messages, offset)?;
    let said = verifier.check(&mut log).and_then(|_| {
        verifier.check_cold()?;
        verifier.check_cold_from_oldest()
    });
    Ok(said
        .err()
        .map_or_else(|| "right".to_owned(), |error| format!("{error:#}")))
}

#[test]
fn a_state_that_is_not_the_fold_of_its_log_is_found() -> Result<()> {
    let all = log().0;
    assert_eq!(said_of(&all[3..], 6)?, "right");
    assert_eq!(said_of(&all[3..5], 5)?, "right");
    // Read again from the beginning: harmless, and not found.
    assert_eq!(said_of(&all, 6)?, "right");

    let lost = said_of(&[all[3].clone(), all[5].clone()], 6)?; // the delete
    assert!(lost.contains("not the fold") && lost.contains("id=2"), "{lost}");
    let lost = said_of(&all[3..5], 6)?; // the last message
    assert!(lost.contains("not the fold") && lost.contains("id=3"), "{lost}");
    let ahead = said_of(&all[3..], 5)?; // more than the offsets say
    assert!(ahead.contains("not the fold") && ahead.contains("id=3"), "{ahead}");
    let reordered = said_of(&[all[3].clone(), all[0].clone(), all[4].clone(), all[5].clone()], 6)?;
    assert!(
        reordered.contains("not the fold") && reordered.contains("id=1"),
        "{reordered}"
    );
    let back = said_of(&all[3..], 2)?;
    assert!(back.contains("the offsets go back"), "{back}");
    Ok(())
}

#[test]
fn a_chain_that_is_not_one_is_found() -> Result<()> {
    let (store, mut log) = (Store::memory(), log());
    let all = log.0.clone();
    publish(&mut producer(&store)?, &all[..3], 3)?;
    let (first, _) = store.head()?.context("a head")?;
    publish(&mut producer(&store)?, &all[3..5], 5)?;
    let mut verifier = Verifier::new(store.clone());
    assert_eq!(verifier.check(&mut log)?, 2);
    verifier.check_cold()?;

    // A producer that overwrites the head because it believes nobody else is there.
    let (_, token) = store.head()?.context("a head")?;
    store.set_head(Some(&token), &first)?;
    let back = verifier.check(&mut log).err().map(|error| format!("{error:#}"));
    assert!(
        back.as_ref().is_some_and(|text| text.contains("another version=")),
        "{back:?}"
    );
    publish(&mut producer(&store)?, &all[3..], 6)?;
    let forked = verifier.check(&mut log).err().map(|error| format!("{error:#}"));
    assert!(
        forked.as_ref().is_some_and(|text| text.contains("another version=")),
        "{forked:?}"
    );

    // From the beginning the new branch is a chain like any other.
    assert_eq!(Verifier::new(store).check(&mut log)?, 2);
    Ok(())
}

#[test]
fn a_head_that_cannot_be_loaded_is_found() -> Result<()> {
    let (store, mut log) = (Store::memory(), log());
    let all = log.0.clone();
    let mut producer = producer(&store)?;
    publish(&mut producer, &all[..3], 3)?;
    publish(&mut producer, &all[3..], 6)?;
    let mut verifier = Verifier::new(store.clone());
    verifier.check(&mut log)?;
    verifier.check_cold()?;
    let manifest = producer.manifest().context("published")?;
    let delta = manifest.blob(BlobKind::Delta).context("a delta")?;
    store.blobs().remove(&Key::new(delta.key.as_str())?)?;
    let said = verifier.check_cold().err().map(|error| format!("{error:#}"));
    assert!(
        said.as_ref().is_some_and(|text| text.contains("cannot be loaded cold")),
        "{said:?}"
    );
    assert!(Verifier::new(store).check(&mut log).is_err());
    Ok(())
}
