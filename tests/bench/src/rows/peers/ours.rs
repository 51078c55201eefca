//! This library: a state and the index over its key.

use super::Peer;
use crate::data::{Data, d2::Flat, d2::Flats};
use crate::populate::{self, FlatRecords};
use anyhow::Context as _;
use hollow::index::UniqueKey;
use hollow::read::{ObjectTypeState, ReadState};
use std::hint::black_box;
use std::path::Path;

struct Ours {
    state: ReadState,
    index: UniqueKey,
    flat: ObjectTypeState,
    int: usize,
    string: usize,
}

pub(super) fn build(records: Vec<Flat>, _: &Path) -> anyhow::Result<Box<dyn Peer>> {
    let mut engine = populate::engine(Data::D2)?;
    let flats = FlatRecords::begin(&mut engine, &Flats::new())?;
    for record in &records {
        flats.add(&mut engine, record)?;
    }
    drop(records);
    let mut snapshot = Vec::new();
    engine.write_snapshot(&mut snapshot)?;
    drop(engine);
    let state = ReadState::from_snapshot(&snapshot)?;
    let index = UniqueKey::build(&state, "Flat")?;
    let flat = state.object("Flat").context("D2 has this type")?.clone();
    let field = |name: &str| flat.position(name).context("the type has this field");
    let (int, string) = (field("i")?, field("s")?);
    Ok(Box::new(Ours {
        state,
        index,
        flat,
        int,
        string,
    }))
}

impl Peer for Ours {
    fn int(&self, key: i64) -> Option<i32> {
        let ordinal = self.index.find_long(&self.state, key)?;
        self.flat.int(ordinal, self.int)
    }

    fn int_and_length(&self, key: i64) -> Option<(i32, usize)> {
        let ordinal = self.index.find_long(&self.state, key)?;
        let length = black_box(self.flat.text(ordinal, self.string)?.to_str()).len();
        Some((self.flat.int(ordinal, self.int)?, length))
    }

    fn scan(&self) -> i64 {
        let ints = self
            .flat
            .populated()
            .filter_map(|ordinal| self.flat.int(ordinal, self.int));
        ints.map(i64::from).sum()
    }

    fn file_bytes(&self) -> u64 {
        0
    }
}
