//! Messages that mean nothing are set aside with where they came from; messages that are gone stop the service.

use super::{codec, fold, key, position, title};
use crate::broker::{Admin, shared};
use crate::folding::{Writer, announced, config};
use anyhow::{Context, Result, ensure};
use hollow::store::Store;
use hollow::testing::records_of;
use incremental_producer::Offsets;
use incremental_producer::config::DatasetConfig;
use incremental_producer::message::MAGIC;
use incremental_producer::service::{DatasetHandle, DatasetService, Phase};
use incremental_producer::source::NewLog;
use std::ops::Range;
use tests::harness::wait_for;
use xtask::kafka::Kafka;

/// A topic of its own on a shared broker.
struct Bench {
    admin: Admin,
    config: DatasetConfig,
    store: Store,
}

impl Bench {
    fn new(kafka: &Kafka, topic: &str, partitions: i32) -> Result<Self> {
        let admin = Admin::new(kafka.bootstrap())?;
        admin.create(topic, partitions)?;
        admin.create(&format!("{topic}.dlq"), 1)?;
        Ok(Self {
            admin,
            config: config(topic, codec()?, kafka.bootstrap(), None),
            store: Store::memory(),
        })
    }

    fn topic(&self) -> &str {
        &self.config.topic
    }

    fn writer(&self) -> Result<Writer> {
        Writer::new(&self.config.bootstrap_servers)
    }

    fn service(&self) -> Result<DatasetHandle> {
        Ok(DatasetService::open_with(&self.config, self.store.clone())?.start()?)
    }

    /// Sends records with these ids, and deletes one of them.
    fn send(&self, ids: Range<i64>) -> Result<Writer> {
        let writer = self.writer()?;
        for id in ids.clone() {
            let payload = codec()?.encode_json(&title(id, id.unsigned_abs()));
            writer.emitter.emit(self.topic(), &key(id), Some(&payload), 0, None)?;
        }
        writer.emitter.emit(self.topic(), &key(ids.start), None, 0, None)?;
        writer.ends(self.topic())?;
        Ok(writer)
    }

    /// Folds all there is, with a service that ends then.
    fn fold(&self, writer: &Writer) -> Result<Offsets> {
        let service = self.service()?;
        writer.wait_until_folded(self.topic(), &service)?;
        drop(service);
        Ok(position(&self.store)?.context("nothing is announced")?.offsets)
    }

    /// Waits until a service gives up, and says why it did.
    fn halted(&self, service: &DatasetHandle) -> Result<String> {
        wait_for("the service to halt", || {
            let status = service.status();
            Ok((status.phase == Phase::Halted).then(|| status.last_error.unwrap_or_default()))
        })
    }
}

#[test]
fn messages_that_mean_nothing_are_set_aside_with_where_they_came_from() -> Result<()> {
    let Some(kafka) = shared("messages that mean nothing are set aside with where they came from")? else {
        return Ok(());
    };
    let bench = Bench::new(&kafka, "set-aside", 2)?;
    let (writer, codec) = (bench.send(0..20)?, codec()?);
    let mut cut_short = codec.encode_rkyv(&title(3, 3))?;
    cut_short.truncate(cut_short.len() / 2);
    ensure!(cut_short.starts_with(&MAGIC));
    let bad: [(&[u8], Option<&[u8]>); 5] = [
        (b"[1]", Some(b"nonsense")),
        (b"[2]", Some(b"{\"id\":2,\"nmae\":\"two\"}")),
        (b"[3]", Some(&cut_short)),
        (b"[4]", Some(b"{\"id\":5,\"name\":\"five\"}")),
        (b"six", None),
    ];
    for (key, payload) in bad {
        writer.emitter.emit(bench.topic(), key, payload, 1_234, None)?;
    }
    let writer = bench.send(15..25)?;
    bench.fold(&writer)?;

    let log = bench.admin.read(bench.topic())?;
    let ends: Offsets = log
        .iter()
        .map(|message| (message.partition, message.offset + 1))
        .collect();
    let state = announced(&bench.store)?;
    ensure!(records_of(&state) == fold(&codec, &log, &ends)?.records());
    ensure!(
        state.ty("Title").context("no titles")?.len() == 23,
        "25 ids without 0 and 15"
    );

    let letters = bench.admin.read("set-aside.dlq")?;
    ensure!(letters.len() == bad.len(), "{letters:#?}");
    for (key, payload) in bad {
        let source = log
            .iter()
            .find(|message| message.key == key && message.payload.as_deref() == payload);
        let source = source.context("not in the log")?;
        let letter = letters
            .iter()
            .find(|letter| letter.key == key)
            .context("not set aside")?;
        ensure!(letter.payload == source.payload, "{letter:?} is not {source:?}");
        let header = |name: &str| letter.headers.get(name).map_or("", String::as_str);
        let place = ["source-topic", "source-partition", "source-offset"].map(header);
        let expected = [bench.topic(), &source.partition.to_string(), &source.offset.to_string()];
        ensure!(place == expected, "{place:?}, expected {expected:?}");
        ensure!(
            !header("reason").is_empty() && header("source-ms") == "1234",
            "{letter:?}"
        );
    }
    // They are behind the published offsets: a restart does not set them aside again.
    let writer = bench.send(30..32)?;
    bench.fold(&writer)?;
    ensure!(bench.admin.read("set-aside.dlq")?.len() == bad.len());
    Ok(())
}

#[test]
fn messages_removed_before_they_were_folded_stop_the_service() -> Result<()> {
    let Some(kafka) = shared("messages removed before they were folded stop the service")? else {
        return Ok(());
    };
    let bench = Bench::new(&kafka, "retention", 1)?;
    bench.fold(&bench.send(0..10)?)?;
    // What is folded may go.
    let writer = bench.send(10..20)?;
    bench.admin.delete_records(bench.topic(), 0, 11)?;
    let before = bench.fold(&writer)?;
    ensure!(before.to_string() == "0:22", "{before}");

    bench.send(20..30)?;
    bench.admin.delete_records(bench.topic(), 0, 25)?;
    let service = bench.service()?;
    let error = bench.halted(&service)?;
    ensure!(
        error.contains("DATA LOST")
            && error.contains("topic=retention partition=0 expected offset=22 low watermark=25; 3 offsets are gone"),
        "{error}"
    );
    drop(service);
    ensure!(
        position(&bench.store)?.context("no state")?.offsets == before,
        "a halted service published"
    );
    Ok(())
}

#[test]
fn a_topic_created_again_stops_the_service_unless_told_otherwise() -> Result<()> {
    let Some(kafka) = shared("a topic created again stops the service unless told otherwise")? else {
        return Ok(());
    };
    let mut bench = Bench::new(&kafka, "again", 1)?;
    let service = bench.service()?;
    bench.send(0..10)?.wait_until_folded("again", &service)?;
    bench.admin.delete("again")?;
    bench.admin.create("again", 1)?;
    bench.send(100..103)?;
    let says_why = |service: DatasetHandle| -> Result<()> {
        let error = bench.halted(&service)?;
        let expected = [
            "the log started anew",
            "deleted and created again",
            "topic=again",
            "new_log",
        ];
        ensure!(expected.iter().all(|text| error.contains(text)), "{error}");
        Ok(())
    };
    says_why(service)?;
    // Nor does it go on after another start: nothing was skipped, nothing published.
    says_why(bench.service()?)?;
    let position_before = position(&bench.store)?.context("no state")?;
    ensure!((position_before.offsets.to_string().as_str(), position_before.generation) == ("0:11", 0));

    bench.config.settings.new_log = NewLog::StartGeneration;
    let (writer, service) = (bench.send(103..105)?, bench.service()?);
    // The old offsets are higher than those of the new log.
    wait_for("a new generation", || {
        let position = service.status().position;
        Ok(position.filter(|position| position.generation == 1).map(drop))
    })?;
    writer.wait_until_folded("again", &service)?;
    drop(service);
    let after = position(&bench.store)?.context("no state")?;
    ensure!(
        (after.offsets.to_string().as_str(), after.generation) == ("0:7", 1),
        "{after:?}"
    );
    // Onto the records that were there: 1 to 9, 101 and 102, 104.
    ensure!(announced(&bench.store)?.ty("Title").context("no titles")?.len() == 12);
    Ok(())
}
