//! R6, L11: readers on several threads, alone and while deltas are applied.

use super::context::open;
use super::{Context, Group, Row, RowResult, Unit, row};
use crate::data::{CYCLES_PER_RATE, Data, d2, stream::Stream};
use crate::measure::{Sample, Stopwatch};
use crate::scale::Scale;
use anyhow::Context as _;
use arc_swap::ArcSwap;
use hollow::read::ReadState;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const READERS: u64 = 2;
/// Look-ups between two looks at the clock; a reader holds one state for as long.
const BATCH: u64 = 256;

pub(super) fn rows(scale: &Scale, rows: &mut Vec<Row>) {
    let once = |row: Row| Row {
        warm_up: 1,
        repetitions: scale.repetitions.min(3),
        ..row
    };
    let mut add =
        |id: &str, title: &str, unit: Unit, target: Option<f64>, run: fn(&mut Context, &Row, u32) -> RowResult| {
            let row = row(scale, Group::Threads, Data::D2, id, title).unit(unit).does(run);
            rows.push(once(Row {
                target,
                param: scale.reading_ms,
                ..row
            }));
        };
    add(
        "R6-alone",
        "two readers, nothing else",
        Unit::MillionPerSecond,
        None,
        |c, row, _| read(c, row, false),
    );
    add(
        "R6-alone-longest",
        "the longest 256 look-ups of theirs",
        Unit::Ms,
        None,
        |c, _, _| longest(c),
    );
    add(
        "R6-deltas",
        "two readers during 1 % deltas with a key index",
        Unit::MillionPerSecond,
        Some(3.0),
        |c, row, _| read(c, row, true),
    );
    add(
        "R6-deltas-longest",
        "the longest 256 look-ups of theirs",
        Unit::Ms,
        None,
        |c, _, _| longest(c),
    );
    add(
        "L11",
        "key index: hit, random, two threads",
        Unit::MillionPerSecond,
        None,
        |c, _, _| hits(c),
    );
}

fn read(context: &mut Context, row: &Row, deltas: bool) -> RowResult {
    let (n, time) = (context.n, Duration::from_millis(row.param.into()));
    let from = 2 * CYCLES_PER_RATE; // the next cycle is the first of 1 %
    let chain = context.chain()?.clone();
    let seen = ArcSwap::from_pointee(context.indexed_at(from)?.state.clone());
    let stop = AtomicBool::new(false);
    let mut watch = Stopwatch::default();
    let (applied, readers) = watch.time(|| {
        thread::scope(|scope| {
            let (seen, stop) = (&seen, &stop);
            let readers: Vec<_> = (0..READERS)
                .map(|reader| scope.spawn(move || reading(seen, stop, n, reader)))
                .collect();
            let applied = updating(seen, &chain, from, deltas, time);
            stop.store(true, Ordering::Relaxed);
            let readers = readers.into_iter().map(|reader| reader.join());
            let readers: Result<Vec<Read>, _> = readers.collect();
            (applied, readers)
        })
    });
    let readers = readers.ok().context("a reader panicked")?;
    let _applied: u32 = applied?;
    let ops = readers.iter().map(|read| read.ops).sum();
    context.longest = readers.iter().map(|read| read.longest).max().unwrap_or_default();
    let torn: u64 = readers.iter().map(|read| read.torn).sum();
    anyhow::ensure!(torn == 0, "{torn} of {ops} reads found no record or another one");
    Ok(watch.sample(ops, 0, "").into())
}

/// Applies a delta and its reverse over and over, or lets the time pass.
fn updating(
    seen: &ArcSwap<ReadState>,
    chain: &crate::chain::Chain,
    from: u32,
    deltas: bool,
    time: Duration,
) -> anyhow::Result<u32> {
    let begin = Instant::now();
    let mut applied = 0;
    while begin.elapsed() < time {
        if !deltas {
            thread::sleep(time.saturating_sub(begin.elapsed()));
            continue;
        }
        let path = if applied % 2 == 0 {
            chain.delta(from + 1)
        } else {
            chain.reverse(from + 1)
        };
        let next = seen.load().apply_delta(&open(&path)?)?;
        seen.store(Arc::new(next));
        applied += 1;
    }
    Ok(applied)
}

/// What a reader came to.
struct Read {
    ops: u64,
    longest: Duration,
    torn: u64,
}

fn reading(seen: &ArcSwap<ReadState>, stop: &AtomicBool, n: u32, reader: u64) -> Read {
    let mut random = Stream::new(0xF000, 6, reader);
    let mut read = Read {
        ops: 0,
        longest: Duration::ZERO,
        torn: 0,
    };
    while !stop.load(Ordering::Relaxed) {
        let begin = Instant::now();
        let seen = seen.load_full();
        let Some((flat, fields)) = fields(&seen) else { break };
        let Ok(index) = seen.unique_key("Flat") else { break };
        for _ in 0..BATCH {
            let key = d2::id(random.below(n));
            let found = index.find_long(key);
            let whole = found.filter(|&ordinal| {
                black_box(flat.int(ordinal, fields[1]));
                black_box(flat.text(ordinal, fields[2]).map(|text| text.to_str().len()));
                flat.long(ordinal, fields[0]) == Some(key)
            });
            read.torn += u64::from(whole.is_none());
        }
        read.ops += BATCH;
        read.longest = read.longest.max(begin.elapsed());
    }
    read
}

fn fields(state: &ReadState) -> Option<(&hollow::read::ObjectTypeState, [usize; 3])> {
    let flat = state.object("Flat")?;
    Some((flat, [flat.position("id")?, flat.position("i")?, flat.position("s")?]))
}

/// Of the row before.
fn longest(context: &mut Context) -> RowResult {
    let longest = context.longest.as_nanos() as u64;
    Ok(Sample {
        cpu_ns: longest,
        wall_ns: longest,
        ops: 1,
        ..Sample::default()
    }
    .into())
}

fn hits(context: &mut Context) -> RowResult {
    let keys: Vec<i64> = context.random().into_iter().map(d2::id).collect();
    let (state, index) = context.indexed()?;
    let (first, second) = keys.split_at(keys.len() / 2);
    let find = |keys: &[i64]| {
        let found = keys.iter().filter_map(|&key| index.find_long(state, key));
        found.fold(0, |sum, ordinal| sum + u64::from(ordinal.get()))
    };
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        thread::scope(|scope| {
            let other = scope.spawn(|| find(second));
            find(first) + other.join().unwrap_or_default()
        })
    });
    Ok(watch.sample(keys.len() as u64, 0, sum).into())
}
