//! Services that end anywhere, one after the other over one topic: each goes on at the offsets of the announced state.

use super::{codec, fold, key, position, title};
use crate::broker::Admin;
use crate::folding::{Writer, config};
use anyhow::{Context, Result, ensure};
use fixtures::rng::Rng;
use hollow::producer::{BoxError, CycleError, Producer, PublishUnchanged, Step};
use hollow::store::Store;
use hollow::testing::records_of;
use incremental_producer::Offsets;
use incremental_producer::client::ClientSettings;
use incremental_producer::dead_letter::KafkaDeadLetters;
use incremental_producer::service::{DatasetHandle, DatasetService, Event, Phase};
use incremental_producer::source::kafka::{KafkaSettings, KafkaSource};
use incremental_producer::source::{BoxError as FoldError, LogView, ReadLimits, Reading, Record, Source, SourceError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tests::harness::{Chain, wait_for};
use xtask::kafka::{Kafka, StartOptions};

const TOPIC: &str = "titles";
const PARTITIONS: i32 = 3;
const SEED: u64 = 7;

/// What was asked of a source, and what it handed over.
#[derive(Debug, Default)]
struct Seen {
    /// Where the first reading began.
    first: Option<Offsets>,
    /// The first message of each partition.
    first_messages: BTreeMap<i32, i64>,
}

/// A source that is watched.
struct Watched {
    inner: KafkaSource,
    seen: Arc<Mutex<Seen>>,
}

impl Source for Watched {
    fn topic(&self) -> &str {
        self.inner.topic()
    }

    fn look(&mut self) -> Result<LogView, SourceError> {
        self.inner.look()
    }

    fn read(
        &mut self,
        from: &Offsets,
        cut: &Offsets,
        limits: &ReadLimits,
        fold: &mut dyn FnMut(&Record<'_>) -> Result<(), FoldError>,
    ) -> Result<Reading, SourceError> {
        let seen = self.seen.clone();
        let lock = || seen.lock().unwrap_or_else(PoisonError::into_inner);
        lock().first.get_or_insert_with(|| from.clone());
        self.inner.read(from, cut, limits, &mut |record| {
            lock().first_messages.entry(record.partition).or_insert(record.offset);
            fold(record)
        })
    }
}

/// How a service ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// As if its process died, the n-th time it gets to this step.
    At(Step, u64),
    /// Dropped after so many milliseconds.
    Dropped(u64),
    /// When everything is folded; the broker is restarted meanwhile.
    FoldedOverRestart,
    /// When everything is folded.
    Folded,
}

/// Steps at which there is something to lose: before, around and after the commit.
const STEPS: [Step; 10] = [
    Step::ChainLoaded,
    Step::EpochTaken,
    Step::Populated,
    Step::PartlyEncoded,
    Step::Checked,
    Step::PartlyPut,
    Step::ManifestPut,
    Step::Committed,
    Step::Swapped,
    Step::Cleaned,
];

struct Bench {
    kafka: Kafka,
    admin: Admin,
    store: Store,
    rng: Rng,
    sent: u64,
}

impl Bench {
    /// New records, changes, repetitions, deletes, deletes of what is not there.
    fn send(&mut self, count: u64) -> Result<Writer> {
        let (codec, writer) = (codec()?, Writer::new(self.kafka.bootstrap())?);
        for _ in 0..count {
            self.sent += 1;
            let id = self.rng.between(0, 40);
            let payload = match self.rng.below(10) {
                0 | 1 => None,
                2 => Some(codec.encode_json(&title(id, 0))), // mostly a repetition
                3..=5 => Some(codec.encode_rkyv(&title(id, self.sent))?),
                _ => Some(codec.encode_json(&title(id, self.sent))),
            };
            writer.emitter.emit(TOPIC, &key(id), payload.as_deref(), 0, None)?;
        }
        writer.ends(TOPIC)?;
        Ok(writer)
    }

    fn start(&self, end: End, seen: &Arc<Mutex<Seen>>, messages: &Arc<Mutex<u64>>) -> Result<DatasetHandle> {
        let codec = codec()?;
        let mut settings = config(TOPIC, codec.clone(), self.kafka.bootstrap(), None).settings;
        // Several versions for each batch of messages.
        settings.limits.messages = 23;
        let mut passed = 0;
        let fail_point = move |step: Step| -> Result<(), BoxError> {
            let End::At(last, nth) = end else { return Ok(()) };
            passed += u64::from(step == last);
            if passed == nth {
                return Err(format!("told to die at {step:?}").into());
            }
            Ok(())
        };
        let producer = Producer::builder(codec.dataset().clone(), self.store.clone())
            .root("Title")
            .snapshot_every(5)
            .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
            .fail_point(fail_point)
            .build()?;
        let source = KafkaSource::new(KafkaSettings {
            bootstrap_servers: self.kafka.bootstrap().to_owned(),
            topic: TOPIC.to_owned(),
            log: None,
            group: "fold-titles".to_owned(),
            client: ClientSettings::default(),
        });
        let source = Watched {
            inner: source,
            seen: seen.clone(),
        };
        let letters = KafkaDeadLetters::new(self.kafka.bootstrap(), "titles.dlq", ClientSettings::default());
        let service = DatasetService::new(settings, codec, producer, Box::new(source), Box::new(letters));
        let messages = messages.clone();
        let count = move |_: &str, event: &Event| {
            if let Event::Cycle(report) = event {
                *messages.lock().unwrap_or_else(PoisonError::into_inner) += report.messages;
            }
        };
        Ok(service.listener(Arc::new(count)).start()?)
    }

    /// One service from start to end, and where it must have begun.
    fn live(&mut self, end: End) -> Result<()> {
        let before = position(&self.store)?;
        let count = self.rng.between(30, 90).unsigned_abs();
        let writer = self.send(count)?;
        let (seen, messages) = (Arc::<Mutex<Seen>>::default(), Arc::<Mutex<u64>>::default());
        let handle = self.start(end, &seen, &messages)?;
        match end {
            End::At(step, _) => wait_for(&format!("death at {step:?}"), || {
                Ok((handle.status().phase == Phase::Halted).then_some(()))
            })?,
            End::Dropped(ms) => std::thread::sleep(Duration::from_millis(ms)),
            End::FoldedOverRestart => {
                self.kafka.restart()?;
                self.send(20)?.wait_until_folded(TOPIC, &handle)?;
            }
            End::Folded => writer.wait_until_folded(TOPIC, &handle)?,
        }
        let error = handle.status().last_error;
        drop(handle);
        if let End::At(step, _) = end {
            let expected = CycleError::Interrupted(step).to_string();
            ensure!(
                error.as_ref() == Some(&expected),
                "it died of something else: {error:?}"
            );
        }
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = &seen.first else {
            ensure!(!matches!(end, End::Folded | End::FoldedOverRestart), "nothing was read");
            return Ok(());
        };
        let nothing: Offsets = (0..PARTITIONS).map(|partition| (partition, 0)).collect();
        let expected = before.map_or(nothing, |position| position.offsets);
        ensure!(
            *first == expected,
            "began at {first}, the announced state ends at {expected}"
        );
        for (partition, offset) in &seen.first_messages {
            ensure!(
                expected.get(*partition) == Some(*offset),
                "first read offset={offset} of partition={partition}, the announced state ends at {expected}"
            );
        }
        if matches!(end, End::Folded | End::FoldedOverRestart) {
            // Each message once: as many as there are offsets from where it began to the end of the log.
            let ends = self
                .admin
                .read(TOPIC)?
                .iter()
                .map(|message| (message.partition, message.offset + 1))
                .collect();
            let all = Offsets::distance_from(&ends, &expected);
            let read = *messages.lock().unwrap_or_else(PoisonError::into_inner);
            ensure!(read == all, "read {read} messages, there are {all} behind {expected}");
        }
        Ok(())
    }

    /// Every version ever announced is the fold of what its own offsets say.
    fn check_all_versions(&self) -> Result<usize> {
        let (codec, log) = (codec()?, self.admin.read(TOPIC)?);
        let chain = Chain::read(&self.store)?;
        let mut reached = Offsets::new();
        chain.walk(|manifest, state| {
            let tag = |name: &str| manifest.header_tags.get(name).map_or("", String::as_str);
            ensure!(tag("kafka.log") == self.kafka.cluster_id() && tag("kafka.generation") == "0");
            let offsets: Offsets = tag("kafka.offsets").parse()?;
            let goes_on = |(partition, offset)| offsets.get(partition).is_some_and(|now| now >= offset);
            ensure!(
                reached.iter().all(goes_on),
                "offsets go back from {reached} to {offsets}"
            );
            let model = fold(&codec, &log, &offsets)?;
            ensure!(
                records_of(state) == model.records(),
                "it is not the fold of the log up to {offsets}"
            );
            reached = offsets;
            Ok(())
        })?;
        Ok(chain.manifests().len())
    }
}

#[test]
fn every_version_is_the_fold_of_the_log_up_to_its_own_offsets() -> Result<()> {
    let what = "every version is the fold of the log up to its own offsets";
    let Some(kafka) = Kafka::start_or_skip(what, StartOptions::default())? else {
        return Ok(());
    };
    let admin = Admin::new(kafka.bootstrap())?;
    admin.create(TOPIC, PARTITIONS)?;
    let mut rng = Rng::new(SEED);
    let mut ends = vec![End::At(Step::Populated, 1), End::At(Step::Committed, 1)];
    // Loading happens once in a life; the other steps also later in it.
    let nth = |step: Step, rng: &mut Rng| match step {
        Step::ChainLoaded | Step::EpochTaken => 1,
        _ => rng.below(2) + 1,
    };
    ends.extend(STEPS.map(|step| End::At(step, nth(step, &mut rng))));
    ends.extend([40, 150, 400].map(End::Dropped));
    ends.extend([End::FoldedOverRestart, End::At(Step::ManifestPut, 2), End::Folded]);
    let mut bench = Bench {
        kafka,
        admin,
        store: Store::memory(),
        rng,
        sent: 0,
    };
    for (number, end) in ends.into_iter().enumerate() {
        bench.live(end).with_context(|| format!("service {number}, {end:?}"))?;
    }
    let versions = bench.check_all_versions()?;
    ensure!(versions > 20, "{versions} versions prove little");
    Ok(())
}
