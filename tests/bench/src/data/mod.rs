//! The four data sets of the benchmark: synthetic, each record a function of its index and version.
//!
//! Any program that follows the same rules makes the same records; the check values in the tests are published with the
//! rules and were found by generators other than this one.

pub(crate) mod d1;
pub(crate) mod d2;
pub(crate) mod d3;
pub(crate) mod d4;
pub(crate) mod published;
pub(crate) mod stream;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use stream::Stream;

/// A count of records handed over, shared ones as often as they are.
pub(crate) type Add = u64;

/// A data set.
pub(crate) trait Dataset {
    /// A top-level record.
    type Record;
    /// Tells its change sets from those of others.
    const TAG: u64;
    const SCHEMA: &'static str;
    /// The top-level type.
    const ROOT: &'static str;

    /// Record `i` as it is in a version.
    fn record(&self, i: u32, version: u32) -> Self::Record;
    /// How many records, before any are found to be the same, a top-level record is made of.
    fn adds(&self, record: &Self::Record) -> Add;
    /// The record as a line of JSON, without the line feed.
    fn canonical(&self, record: &Self::Record, out: &mut String);
}

/// Which data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Data {
    D1,
    D2,
    D3,
    D4,
}

impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl FromStr for Data {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "D1" => Data::D1,
            "D2" => Data::D2,
            "D3" => Data::D3,
            "D4" => Data::D4,
            other => anyhow::bail!("no data set has this name, expected=D1..D4 found={other}"),
        })
    }
}

impl Data {
    pub(crate) fn schema(self) -> &'static str {
        match self {
            Data::D1 => d1::Catalog::SCHEMA,
            Data::D2 => d2::Flats::SCHEMA,
            Data::D3 => d3::Liveness::SCHEMA,
            Data::D4 => d4::Strings::SCHEMA,
        }
    }

    pub(crate) fn root(self) -> &'static str {
        match self {
            Data::D1 => d1::Catalog::ROOT,
            Data::D2 => d2::Flats::ROOT,
            Data::D3 => d3::Liveness::ROOT,
            Data::D4 => d4::Strings::ROOT,
        }
    }

    fn tag(self) -> u64 {
        match self {
            Data::D1 => d1::Catalog::TAG,
            Data::D2 => d2::Flats::TAG,
            Data::D3 => d3::Liveness::TAG,
            Data::D4 => d4::Strings::TAG,
        }
    }

    /// The records of the first `n` that a cycle changes, in ascending order: `k` draws, repeats collapsed.
    pub(crate) fn changed(self, n: u32, cycle: u32, k: u32) -> BTreeSet<u32> {
        let mut s = Stream::new(0xC000 + self.tag(), cycle.into(), 0);
        (0..k).map(|_| s.below(n)).collect()
    }
}

/// The change rates, and how many cycles each of them has in the chain of states.
pub(crate) const RATES: [f64; 4] = [0.0001, 0.001, 0.01, 0.1];
/// Cycles of each rate.
pub(crate) const CYCLES_PER_RATE: u32 = 5;
/// States of the chain after the first.
pub(crate) const CHAIN: u32 = RATES.len() as u32 * CYCLES_PER_RATE;

/// How many draws a cycle of the chain makes, from cycle 1 on.
pub(crate) fn draws(n: u32, cycle: u32) -> u32 {
    let rate = RATES[((cycle - 1) / CYCLES_PER_RATE) as usize % RATES.len()];
    ((f64::from(n) * rate).round() as u32).max(1)
}

/// Random positions: tag 1 over all records, 2 over the hot ones, 3 countries, 4 languages or reasons, 5 persons.
pub(crate) fn positions(tag: u64, below: u32, count: usize) -> Vec<u32> {
    let mut s = Stream::new(0xF000, tag, 0);
    (0..count).map(|_| s.below(below)).collect()
}

/// 64-bit FNV-1a.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fnv(pub(crate) u64);

impl Fnv {
    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

/// Hash over the canonical text of the first `n` records, its bytes, and the records handed over.
pub(crate) fn check<D: Dataset>(data: &D, n: u32, version: u32) -> (u64, u64, Add) {
    let (mut hash, mut bytes, mut adds, mut line) = (Fnv::new(), 0, 0, String::new());
    for i in 0..n {
        let record = data.record(i, version);
        line.clear();
        data.canonical(&record, &mut line);
        line.push('\n');
        hash.update(line.as_bytes());
        bytes += line.len() as u64;
        adds += data.adds(&record);
    }
    (hash.0, bytes, adds)
}

fn json_string(out: &mut String, text: &str) {
    out.push('"');
    out.push_str(text);
    out.push('"');
}
