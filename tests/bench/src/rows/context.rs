//! What the rows of a group share: the data set, its blobs, a state.

use super::cycle::{Cycling, Producing};
use super::peers::Peer;
use crate::chain::Chain;
use crate::data::{CHAIN, Data, positions};
use crate::measure::Stopwatch;
use anyhow::Context as _;
use hollow::index::{HashIndex, IndexSpec, SortedIndex, UniqueKey};
use hollow::read::{ObjectTypeState, ReadState};
use hollow::store::BlobBytes;
use hollow::write::WriteStateEngine;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The side of a run that this process is; made once for a group of rows.
pub(crate) struct Context {
    pub(crate) data: Data,
    pub(crate) n: u32,
    pub(crate) lookups: usize,
    directory: PathBuf,
    chain: Option<Chain>,
    pub(super) reading: Option<Reading>,
    indexed_reading: Option<Reading>,
    index: Option<UniqueKey>,
    /// A hash index and its path.
    pub(super) hashed: Option<(&'static str, HashIndex)>,
    pub(super) sorted: Option<SortedIndex>,
    engine: Option<WriteStateEngine>,
    pub(super) cycling: Option<Cycling>,
    pub(super) producing: Option<Producing>,
    /// Something else that keeps the records, and which.
    pub(super) peer: Option<(u32, Box<dyn Peer>)>,
    /// The longest batch of the row before.
    pub(super) longest: Duration,
}

/// A state of the chain, and where in the chain it is.
pub(crate) struct Reading {
    pub(crate) state: ReadState,
    pub(crate) cycle: u32,
}

impl Reading {
    fn first(chain: &Chain) -> anyhow::Result<Self> {
        let state = ReadState::from_snapshot(&open(&chain.snapshot())?)?;
        Ok(Self { state, cycle: 0 })
    }

    fn go_to(&mut self, cycle: u32, chain: &Chain) -> anyhow::Result<()> {
        anyhow::ensure!(cycle <= CHAIN, "the chain has no state {cycle}");
        while self.cycle < cycle {
            self.state = self.state.apply_delta(&open(&chain.delta(self.cycle + 1))?)?;
            self.cycle += 1;
        }
        while self.cycle > cycle {
            self.state = self.state.apply_delta(&open(&chain.reverse(self.cycle))?)?;
            self.cycle -= 1;
        }
        Ok(())
    }
}

impl Context {
    pub(crate) fn new(data: Data, n: u32, lookups: usize, directory: &Path) -> Self {
        Self {
            data,
            n,
            lookups,
            directory: directory.to_owned(),
            chain: None,
            reading: None,
            indexed_reading: None,
            index: None,
            hashed: None,
            sorted: None,
            engine: None,
            cycling: None,
            producing: None,
            peer: None,
            longest: Duration::ZERO,
        }
    }

    /// The blobs to read.
    pub(crate) fn chain(&mut self) -> anyhow::Result<&Chain> {
        let chain = match self.chain.take() {
            Some(chain) => chain,
            None => Chain::prepare(&self.directory, self.data, self.n)?,
        };
        Ok(self.chain.insert(chain))
    }

    /// The folder of all blobs.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A file of its own to write to.
    pub(crate) fn scratch(&self, name: &str) -> anyhow::Result<PathBuf> {
        let directory = self.directory.join("scratch-ours");
        std::fs::create_dir_all(&directory)?;
        Ok(directory.join(name))
    }

    /// The state of the chain after `cycle` cycles; gets there without the clock.
    pub(crate) fn at(&mut self, cycle: u32) -> anyhow::Result<&mut Reading> {
        let chain = self.chain()?.clone();
        let mut reading = match self.reading.take() {
            Some(reading) => reading,
            None => Reading::first(&chain)?,
        };
        reading.go_to(cycle, &chain)?;
        Ok(self.reading.insert(reading))
    }

    /// The same with the index on the primary key, which follows.
    pub(crate) fn indexed_at(&mut self, cycle: u32) -> anyhow::Result<&mut Reading> {
        let (chain, root) = (self.chain()?.clone(), self.data.root());
        let mut reading = match self.indexed_reading.take() {
            Some(reading) => reading,
            None => {
                let Reading { state, cycle } = Reading::first(&chain)?;
                let state = state.with_index(&IndexSpec::primary_key(root));
                Reading { state, cycle }
            }
        };
        reading.go_to(cycle, &chain)?;
        Ok(self.indexed_reading.insert(reading))
    }

    /// The first state of the chain and the index over its primary key.
    pub(crate) fn indexed(&mut self) -> anyhow::Result<(&ReadState, &UniqueKey)> {
        let root = self.data.root();
        self.at(0)?;
        let state = &self.reading.as_ref().context("was just read")?.state;
        if self.index.is_none() {
            self.index = Some(UniqueKey::build(state, root)?);
        }
        Ok((state, self.index.as_ref().context("was just built")?))
    }

    /// A filled write side, left by the row before.
    pub(crate) fn engine(&mut self) -> Option<&mut WriteStateEngine> {
        self.engine.as_mut()
    }

    pub(crate) fn keep_engine(&mut self, engine: WriteStateEngine) {
        self.engine = Some(engine);
    }

    pub(crate) fn drop_engine(&mut self) {
        self.engine = None;
    }

    /// Random positions over all top-level records (tag 1).
    pub(crate) fn random(&self) -> Vec<u32> {
        positions(1, self.n, self.lookups)
    }

    /// Random positions over the first 10 000 (tag 2).
    pub(crate) fn hot(&self) -> Vec<u32> {
        positions(2, self.n.min(10_000), self.lookups)
    }
}

/// The bytes of a blob, as a consumer gets them from a directory: mapped.
pub(crate) fn open(path: &Path) -> anyhow::Result<BlobBytes> {
    Ok(BlobBytes::map(path)?)
}

/// Builds an index anew, timed.
pub(crate) fn build_index(state: &ReadState, root: &str, watch: &mut Stopwatch) -> anyhow::Result<UniqueKey> {
    Ok(watch.time(|| UniqueKey::build(state, root))?)
}

/// A type and the positions of some of its fields.
pub(crate) fn object<'s, const N: usize>(
    state: &'s ReadState,
    name: &str,
    fields: [&str; N],
) -> anyhow::Result<(&'s ObjectTypeState, [usize; N])> {
    let ty = state.object(name).with_context(|| format!("no type {name}"))?;
    let mut found = [0; N];
    for (position, field) in found.iter_mut().zip(fields) {
        *position = ty.position(field).with_context(|| format!("no field {field}"))?;
    }
    Ok((ty, found))
}
