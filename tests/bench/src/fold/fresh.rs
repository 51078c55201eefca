//! F6: how old what a consumer sees is. From the moment the broker has acknowledged a record to the moment in which a
//! consumer, which follows the store in the background, has it in force.

use super::Run;
use super::records::{self, Size};
use super::service::Folding;
use super::sizes::Sizes;
use super::topic::{self, Writer};
use anyhow::Context as _;
use hollow::consumer::Consumer;
use hollow::index::IndexSpec;
use hollow::read::ReadState;
use hollow::schema::Dataset;
use hollow::store::Store;
use incremental_producer::Codec;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often the consumer asks whether there is something new.
pub(crate) const REFRESH: Duration = Duration::from_millis(100);

/// Ages of records when they became visible.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Freshness {
    pub(crate) cadence: Duration,
    pub(crate) records: u32,
    pub(crate) per_second: u32,
    /// From the answer of the broker to being visible.
    pub(crate) ages: Vec<Duration>,
}

pub(crate) fn run(run: &Run<'_>, sizes: &Sizes, cadence: Duration, observed: Duration) -> anyhow::Result<Freshness> {
    let codec = Codec::new(Dataset::parse(records::SCHEMA)?, records::ROOT)?;
    let name = run.topic(&format!("fresh-{}", cadence.as_millis()));
    topic::create(run.servers, &name, 1)?;
    let watched = Arc::<Watched>::default();
    let told = watched.clone();
    let mut writer = Writer::new(run.servers, &name, Box::new(move |number| told.delivered(number)))?;
    for i in 0..sizes.watched {
        send(&mut writer, &codec, i, 0, NOT_WATCHED)?;
    }
    writer.flush()?;
    let directory = run.scratch()?;
    let store = Store::fs(directory.path())?;
    let folding = Folding::start(
        &codec,
        topic::settings(run.servers, &name),
        store.clone(),
        cadence,
        |p| p,
    )?;
    folding.until(sizes.watched.into())?;
    let seen = watched.clone();
    let consumer = Consumer::builder(store)
        .index(IndexSpec::primary_key(records::ROOT))
        .refresh_every(REFRESH)
        .listener(move |refreshed| Ok(seen.visible(refreshed.after, Instant::now())?))
        .start()?;

    let pause = Duration::from_secs(1) / sizes.per_second;
    let count = (observed.as_nanos() / pause.as_nanos()) as u64;
    let begin = Instant::now();
    for number in 0..count {
        let due = begin + pause * number as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        // Larger than in any version of the record before.
        let time = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
        let i = (number % u64::from(sizes.watched)) as u32;
        watched.lock().waiting.push_back(Waiting {
            number,
            i,
            time,
            delivered: None,
            visible: false,
        });
        send(&mut writer, &codec, i, time, number)?;
    }
    let deadline = Instant::now() + 2 * cadence + Duration::from_secs(20);
    while !watched.lock().waiting.is_empty() {
        anyhow::ensure!(Instant::now() < deadline, "records did not become visible");
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(consumer);
    folding.stop();
    let ages = std::mem::take(&mut watched.lock().ages);
    anyhow::ensure!(ages.len() as u64 == count, "some records were not seen");
    Ok(Freshness {
        cadence,
        records: sizes.watched,
        per_second: sizes.per_second,
        ages,
    })
}

fn send(writer: &mut Writer, codec: &Codec, i: u32, time: i64, number: u64) -> anyhow::Result<()> {
    let value = records::with_time(records::record(Size::Small, i, 0), time);
    let key = codec.encode_key(&codec.key_of(&value)?);
    writer.send(0, &key, &codec.encode_json(&value), time, number)
}

/// Number of messages that are not watched.
const NOT_WATCHED: u64 = u64::MAX;

/// Records on their way, in the order in which they were sent.
#[derive(Default)]
struct Watched(Mutex<Ways>);

#[derive(Default)]
struct Ways {
    waiting: VecDeque<Waiting>,
    ages: Vec<Duration>,
}

struct Waiting {
    number: u64,
    i: u32,
    /// What the record says of its change.
    time: i64,
    delivered: Option<Instant>,
    visible: bool,
}

impl Watched {
    fn lock(&self) -> MutexGuard<'_, Ways> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn delivered(&self, number: u64) {
        let now = Instant::now();
        let mut ways = self.lock();
        let Ok(at) = ways.waiting.binary_search_by_key(&number, |waiting| waiting.number) else {
            return;
        };
        match &mut ways.waiting[at] {
            // The consumer had it before the writer had its answer.
            Waiting { visible: true, .. } => {
                ways.waiting.remove(at);
                ways.ages.push(Duration::ZERO);
            }
            waiting => waiting.delivered = Some(now),
        }
    }

    /// Looks each record on its way up in a state that is in force since `now`.
    fn visible(&self, state: &ReadState, now: Instant) -> anyhow::Result<()> {
        let by_id = state.unique_key(records::ROOT)?;
        let ty = state.object(records::ROOT).context("no such type")?;
        let field = ty.position("updated_at").context("no such field")?;
        let mut ways = self.lock();
        let Ways { waiting, ages } = &mut *ways;
        waiting.retain_mut(|one| {
            let found = by_id.find_str(&records::asset_id(one.i));
            one.visible = found.and_then(|ordinal| ty.long(ordinal, field)) >= Some(one.time);
            match one.delivered {
                Some(delivered) if one.visible => ages.push(now.saturating_duration_since(delivered)),
                _ => return true,
            }
            false
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hollow::producer::Producer;

    fn waiting(number: u64, i: u32, time: i64) -> Waiting {
        Waiting {
            number,
            i,
            time,
            delivered: None,
            visible: false,
        }
    }

    #[test]
    fn a_record_is_on_its_way_until_it_is_acknowledged_and_in_force() {
        let store = Store::memory();
        let mut producer = Producer::builder(Dataset::parse(records::SCHEMA).expect("schemas"), store.clone())
            .build()
            .expect("a producer");
        producer.restore().expect("an empty store");
        let consumer = Consumer::builder(store)
            .index(IndexSpec::primary_key(records::ROOT))
            .build()
            .expect("a consumer");
        let mut publish = |time| {
            let value = |i| records::with_time(records::record(Size::Small, i, 0), time);
            let published = producer.run_cycle(|cycle| {
                cycle.add(records::ROOT, &value(1))?;
                cycle.add(records::ROOT, &value(2))?;
                Ok(())
            });
            published.expect("a version");
            consumer.refresh().expect("a state");
            consumer.state().expect("a state")
        };
        let watched = Watched::default();
        let numbers = || watched.lock().waiting.iter().map(|one| one.number).collect::<Vec<_>>();
        watched
            .lock()
            .waiting
            .extend([waiting(0, 1, 10), waiting(1, 2, 20), waiting(2, 3, 10)]);
        watched.delivered(0);
        watched.delivered(NOT_WATCHED);
        watched.visible(&publish(9), Instant::now()).expect("an index");
        assert_eq!(numbers(), [0, 1, 2], "it was something older");
        let later = Instant::now() + Duration::from_secs(5);
        watched.visible(&publish(20), later).expect("an index");
        assert_eq!(numbers(), [1, 2], "no answer for one, no record for the other");
        assert!(watched.lock().ages.iter().all(|age| *age >= Duration::from_secs(5)));
        watched.delivered(1);
        assert_eq!(numbers(), [2]);
        assert_eq!(watched.lock().ages.last(), Some(&Duration::ZERO));
    }
}
