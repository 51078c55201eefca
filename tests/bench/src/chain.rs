//! The blobs that the read side is measured with: a snapshot and a chain of deltas, made once for a data set and size.
//!
//! They are written by this repository's producer; both sides read the same files.

use crate::data::{CHAIN, Data, draws};
use crate::populate::{self, Typed, With, chunk};
use anyhow::Context as _;
use hollow::producer::Producer;
use hollow::schema::Dataset as Schemas;
use hollow::store::{BlobKind, Key, Store};
use std::fs;
use std::path::{Path, PathBuf};

/// Files of a chain: `snapshot`, `delta-1` from state 0 to 1, `reverse-1` back, and so on.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    directory: PathBuf,
}

impl Chain {
    pub(crate) fn snapshot(&self) -> PathBuf {
        self.directory.join("snapshot")
    }

    /// From state `cycle - 1` to state `cycle`.
    pub(crate) fn delta(&self, cycle: u32) -> PathBuf {
        self.directory.join(format!("delta-{cycle}"))
    }

    /// From state `cycle` to state `cycle - 1`.
    pub(crate) fn reverse(&self, cycle: u32) -> PathBuf {
        self.directory.join(format!("reverse-{cycle}"))
    }

    /// The chain in a folder, made if it is not there: cycles of all rates.
    pub(crate) fn prepare(parent: &Path, data: Data, n: u32) -> anyhow::Result<Self> {
        let draws: Vec<u32> = (1..=CHAIN).map(|cycle| draws(n, cycle)).collect();
        Self::with(parent.join(format!("{data}-{n}")), data, n, &draws)
    }

    /// A chain of many cycles in which one record in a thousand changes.
    pub(crate) fn of_small_changes(parent: &Path, data: Data, n: u32, cycles: u32) -> anyhow::Result<Self> {
        let draws = vec![(n / 1000).max(1); cycles as usize];
        Self::with(parent.join(format!("{data}-{n}-small-changes")), data, n, &draws)
    }

    fn with(directory: PathBuf, data: Data, n: u32, draws: &[u32]) -> anyhow::Result<Self> {
        let this = Self { directory };
        if this.directory.join("complete").exists() {
            return Ok(this);
        }
        let dir = &this.directory;
        eprintln!("making the blobs of {data}, {n} records, in {}", dir.display());
        fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
        data.with(Make {
            chain: &this,
            data,
            n,
            draws,
        })?;
        fs::write(dir.join("complete"), "")?;
        Ok(this)
    }
}

struct Make<'a> {
    chain: &'a Chain,
    data: Data,
    n: u32,
    /// Records drawn in each cycle, from the first on.
    draws: &'a [u32],
}

impl With for Make<'_> {
    type Output = anyhow::Result<()>;

    fn with<D: Typed>(self, data: &D) -> Self::Output {
        let Self {
            chain,
            data: which,
            n,
            draws,
        } = self;
        let staging = chain.directory.join("store");
        match fs::remove_dir_all(&staging) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let store = Store::fs(&staging)?;
        let mut producer = Producer::builder(Schemas::parse(which.schema())?, store.clone())
            .write_config(populate::config())
            .snapshot_every(u32::MAX)
            .build()?;
        producer.restore()?;
        producer.run_cycle(|cycle| {
            for start in (0..n).step_by(chunk(which) as usize) {
                for i in start..n.min(start + chunk(which)) {
                    cycle.add(D::ROOT, &data.value(data.record(i, 0)))?;
                }
            }
            Ok(())
        })?;
        take(&store, &producer, BlobKind::Snapshot, &chain.snapshot())?;
        for (cycle, &draws) in (1..).zip(draws) {
            let changed = which.changed(n, cycle, draws);
            producer.run_incremental_cycle(|state| {
                for &i in &changed {
                    state.upsert(D::ROOT, &data.value(data.record(i, cycle)))?;
                }
                Ok(())
            })?;
            take(&store, &producer, BlobKind::Delta, &chain.delta(cycle))?;
            take(&store, &producer, BlobKind::ReverseDelta, &chain.reverse(cycle))?;
        }
        fs::remove_dir_all(&staging)?;
        Ok(())
    }
}

fn take(store: &Store, producer: &Producer, kind: BlobKind, to: &Path) -> anyhow::Result<()> {
    let manifest = producer.manifest().context("a version was published")?;
    let entry = manifest.blobs.iter().find(|entry| entry.kind == kind);
    let entry = entry.with_context(|| format!("the version has no {kind}"))?;
    let bytes = store.blobs().open(&Key::new(&*entry.key)?)?;
    fs::write(to, &*bytes)?;
    Ok(())
}
