//! P1 to P7: what a Rust program might use instead, on D2: a `HashMap` of structs, LMDB, redb, an rkyv archive.

mod hash_map;
mod lmdb;
mod ours;
mod redb;
mod rkyv;

use super::{Context, Group, Row, RowResult, Unit, row};
use crate::data::d2::{self, Flat, Flats};
use crate::data::{Data, Dataset as _};
use crate::measure::{Sample, Stopwatch};
use crate::memory::held;
use crate::scale::Scale;
use anyhow::Context as _;
use std::path::Path;

/// A way to keep the records of D2 by their key.
pub(super) trait Peer: Send {
    /// The int of the record with this key.
    fn int(&self, key: i64) -> Option<i32>;
    /// Its int, and the length of its string.
    fn int_and_length(&self, key: i64) -> Option<(i32, usize)>;
    /// The sum of the int of all records.
    fn scan(&self) -> i64;
    /// Bytes on disk; zero if it is all in memory.
    fn file_bytes(&self) -> u64;
}

/// Who there is: how rows are called, and how it is begun from records in no order.
struct Kind {
    name: &'static str,
    build: Build,
}

/// Keeps records in a folder of its own, or in memory.
type Build = fn(Vec<Flat>, &Path) -> anyhow::Result<Box<dyn Peer>>;

/// The columns of the table of peers, ours first.
pub(crate) const PEERS: [&str; 5] = ["hollow", "hashmap", "lmdb", "redb", "rkyv"];

const KINDS: [Kind; 5] = [
    Kind {
        name: PEERS[0],
        build: ours::build,
    },
    Kind {
        name: PEERS[1],
        build: hash_map::build,
    },
    Kind {
        name: PEERS[2],
        build: lmdb::build,
    },
    Kind {
        name: PEERS[3],
        build: redb::build,
    },
    Kind {
        name: PEERS[4],
        build: rkyv::build,
    },
];

/// Added to a key to miss: no key of D2 has this bit.
const MISS: i64 = 1 << 37;

pub(super) fn rows(scale: &Scale, rows: &mut Vec<Row>) {
    type Run = fn(&mut Context, &Row, u32) -> RowResult;
    let operations: [(&str, &str, Unit, Run); 7] = [
        ("P1", "by key: int, random", Unit::NsPerOp, |c, row, _| {
            find(c, row, c.random(), 0)
        }),
        ("P2", "by key: int, among 10 000", Unit::NsPerOp, |c, row, _| {
            find(c, row, c.hot(), 0)
        }),
        ("P3", "by key: miss", Unit::NsPerOp, |c, row, _| {
            find(c, row, c.random(), MISS)
        }),
        ("P4", "by key: int and string, random", Unit::NsPerOp, |c, row, _| {
            find_both(c, row)
        }),
        ("P5", "sum of the int of all records", Unit::NsPerOp, |c, row, _| {
            scan(c, row)
        }),
        ("P6", "build from records in memory", Unit::Ms, |c, row, _| {
            build(c, row)
        }),
        ("P7", "bytes per record", Unit::BytesPerRecord, |c, row, _| {
            bytes(c, row)
        }),
    ];
    for (peer, kind) in (0..).zip(&KINDS) {
        for (id, title, unit, run) in operations {
            let group = if unit == Unit::BytesPerRecord {
                Group::PeerBytes
            } else {
                Group::Peer
            };
            let id = format!("{id}-{}", kind.name);
            let row = row(scale, group, Data::D2, &id, title).unit(unit).param(peer).does(run);
            let once = matches!(unit, Unit::Ms | Unit::BytesPerRecord);
            let repetitions = if once { 1 } else { row.repetitions.min(3) };
            rows.push(Row {
                warm_up: u32::from(!once),
                repetitions,
                ..row
            });
        }
    }
}

fn begin(context: &Context, row: &Row, watch: &mut Stopwatch) -> anyhow::Result<Box<dyn Peer>> {
    let kind = KINDS.get(row.param as usize).context("there is such a peer")?;
    let data = Flats::new();
    let records: Vec<Flat> = (0..context.n).map(|i| data.record(i, 0)).collect();
    let directory = context.scratch(&format!("peer-{}", kind.name))?;
    if directory.exists() {
        std::fs::remove_dir_all(&directory)?;
    }
    std::fs::create_dir_all(&directory)?;
    watch.time(|| (kind.build)(records, &directory))
}

/// The peer of the row before, or a new one.
fn peer<'c>(context: &'c mut Context, row: &Row) -> anyhow::Result<&'c dyn Peer> {
    if context.peer.as_ref().is_none_or(|(kind, _)| *kind != row.param) {
        context.peer = None; // its memory goes before that of the next one comes
        let begun = begin(context, row, &mut Stopwatch::default())?;
        context.peer = Some((row.param, begun));
    }
    let (_, peer) = context.peer.as_ref().context("it was just begun")?;
    Ok(peer.as_ref())
}

fn find(context: &mut Context, row: &Row, positions: Vec<u32>, off: i64) -> RowResult {
    let keys: Vec<i64> = positions.into_iter().map(|i| d2::id(i) + off).collect();
    let peer = peer(context, row)?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let found = keys.iter().filter_map(|&key| peer.int(key));
        found.fold(0, |sum, int| sum + i64::from(int))
    });
    Ok(watch.sample(keys.len() as u64, 0, sum).into())
}

fn find_both(context: &mut Context, row: &Row) -> RowResult {
    let keys: Vec<i64> = context.random().into_iter().map(d2::id).collect();
    let peer = peer(context, row)?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let found = keys.iter().filter_map(|&key| peer.int_and_length(key));
        found.fold(0, |sum, (int, length)| sum + i64::from(int) + length as i64)
    });
    Ok(watch.sample(keys.len() as u64, 0, sum).into())
}

fn scan(context: &mut Context, row: &Row) -> RowResult {
    let n = context.n;
    let peer = peer(context, row)?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| peer.scan());
    Ok(watch.sample(n.into(), 0, sum).into())
}

fn build(context: &mut Context, row: &Row) -> RowResult {
    context.peer = None;
    let mut watch = Stopwatch::default();
    let peer = begin(context, row, &mut watch)?;
    let sum = peer.scan();
    context.peer = Some((row.param, peer));
    Ok(watch.sample(1, 0, sum).into())
}

/// On disk, or in memory where nothing is on disk. The records that it was built from are gone by then.
fn bytes(context: &mut Context, row: &Row) -> RowResult {
    context.peer = None;
    let (peer, held) = held(|| begin(context, row, &mut Stopwatch::default()));
    let peer = peer?;
    let bytes = match peer.file_bytes() {
        0 => held,
        bytes => bytes,
    };
    let sample = Sample {
        ops: context.n.into(),
        bytes,
        check: peer.scan().to_string(),
        ..Sample::default()
    };
    Ok(sample.into())
}

/// A record as the stores that keep bytes keep it: int, double, boolean, Ref, string.
fn encode(flat: &Flat, out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&flat.i.to_le_bytes());
    out.extend_from_slice(&flat.d.to_le_bytes());
    out.push(u8::from(flat.b));
    out.extend_from_slice(&flat.reference.unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(flat.s.as_bytes());
}

/// Bytes before the string.
const FIXED: usize = 4 + 8 + 1 + 4;

fn decode_int(bytes: &[u8]) -> Option<i32> {
    Some(i32::from_le_bytes(*bytes.first_chunk()?))
}

fn decode_both(bytes: &[u8]) -> Option<(i32, usize)> {
    let text = std::str::from_utf8(bytes.get(FIXED..)?).ok()?;
    Some((decode_int(bytes)?, text.len()))
}
