//! F5: what a cycle of a large dataset takes, from its begin to the announcement, with and without a snapshot being written
//! meanwhile.

use super::Run;
use super::service::{Cycle, Folding, WHEN_ASKED};
use super::sizes::Sizes;
use super::topic::{self, Writer};
use crate::data::Dataset as _;
use crate::data::d2::Flats;
use crate::populate::{self, Handed as _};
use hollow::producer::{Producer, Step};
use hollow::schema::Dataset;
use hollow::store::Store;
use incremental_producer::Codec;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

/// Cycles that are dropped.
const WARM_UP: usize = 5;

/// Times of cycles.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cycles {
    pub(crate) records: u32,
    pub(crate) changes: u32,
    /// From start to the first announcement: loading, and what the first cycle does once.
    pub(crate) start: Duration,
    /// While nothing else is done.
    pub(crate) alone: Vec<OneCycle>,
    /// While a snapshot is written in the background, the cycles with its begin and its end included.
    pub(crate) beside_snapshot: Vec<OneCycle>,
}

/// What a cycle took.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct OneCycle {
    pub(crate) took: Duration,
    /// CPU time of the service's thread.
    pub(crate) cpu: Duration,
    /// Of the time, encoding, checking, publishing and announcing.
    pub(crate) publishing: Duration,
}

pub(crate) fn run(run: &Run<'_>, sizes: &Sizes) -> anyhow::Result<Cycles> {
    let data = Flats::new();
    let directory = run.scratch()?;
    let store = Store::fs(directory.path())?;
    publish_state(&data, sizes.records, store.clone())?;
    let name = run.topic("cycles");
    topic::create(run.servers, &name, 1)?;
    let codec = Codec::new(Dataset::parse(Flats::SCHEMA)?, Flats::ROOT)?;
    let writing = Arc::<AtomicBool>::default();
    let flag = writing.clone();
    let begin = std::time::Instant::now();
    let settings = topic::settings(run.servers, &name);
    // The first snapshot of its own is due when the cycles without one are over.
    let every = (WARM_UP + sizes.cycles) as u32;
    let folding = Folding::start(&codec, settings, store, WHEN_ASKED, |producer| {
        producer
            .write_config(populate::config())
            .snapshot_every(every)
            .fail_point(move |step| {
                match step {
                    Step::SnapshotBegun => flag.store(true, SeqCst),
                    Step::SnapshotPut => flag.store(false, SeqCst),
                    _ => {}
                }
                Ok(())
            })
    })?;
    folding.next()?;
    let mut cycles = Cycles {
        records: sizes.records,
        changes: sizes.changes,
        start: begin.elapsed(),
        alone: Vec::new(),
        beside_snapshot: Vec::new(),
    };
    let mut writer = Writer::new(run.servers, &name, Box::new(|_| {}))?;
    let most = 10 * (WARM_UP + sizes.cycles);
    for number in 0..most {
        if cycles.alone.len() >= sizes.cycles && cycles.beside_snapshot.len() >= sizes.cycles {
            break;
        }
        for change in 0..sizes.changes {
            // Draws over all records; versions begin where no other row has them.
            let i = (u64::from(change) * u64::from(sizes.records) / u64::from(sizes.changes)) as u32;
            let i = (i + number as u32 * 7) % sizes.records;
            let value = data.value(data.record(i, 100_000 + number as u32));
            let key = codec.encode_key(&codec.key_of(&value)?);
            writer.send(0, &key, &codec.encode_json(&value), 0, 0)?;
        }
        writer.flush()?;
        let before = writing.load(SeqCst);
        let cycle = folding.cycle()?;
        anyhow::ensure!(
            cycle.report.upserts == u64::from(sizes.changes),
            "another number of changes, expected={} found={}",
            sizes.changes,
            cycle.report.upserts
        );
        if number < WARM_UP {
            continue;
        }
        match before || writing.load(SeqCst) {
            true => cycles.beside_snapshot.push(one(&cycle)),
            false => cycles.alone.push(one(&cycle)),
        }
    }
    folding.stop();
    Ok(cycles)
}

fn one(cycle: &Cycle) -> OneCycle {
    let published = cycle.report.published.as_ref();
    OneCycle {
        took: cycle.report.took,
        cpu: cycle.cpu,
        publishing: published.map_or(Duration::ZERO, |stats| {
            stats.encode + stats.check + stats.validate + stats.publish
        }),
    }
}

/// A state of so many records, as a source that is older than the topic may have published it.
fn publish_state(data: &Flats, records: u32, store: Store) -> anyhow::Result<()> {
    let mut producer = Producer::builder(Dataset::parse(Flats::SCHEMA)?, store)
        .write_config(populate::config())
        .root(Flats::ROOT)
        .build()?;
    producer.restore()?;
    producer.run_cycle(|cycle| {
        for i in 0..records {
            cycle.add(Flats::ROOT, &data.value(data.record(i, 0)))?;
        }
        Ok(())
    })?;
    Ok(())
}
