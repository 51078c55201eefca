//! R1 to R5: loading, bytes held, applying deltas.

use super::context::{Reading, object, open};
use super::{Context, Group, Row, RowResult, Unit, row};
use crate::data::{CYCLES_PER_RATE, Data, RATES, positions};
use crate::measure::{Sample, Stopwatch};
use crate::scale::Scale;
use hollow::read::ReadState;
use hollow::tools::checksum::Checksums;
use hollow::{Ordinal, read};
use std::path::Path;

pub(super) fn rows(scale: &Scale, rows: &mut Vec<Row>) {
    for data in [Data::D1, Data::D2, Data::D3, Data::D4] {
        let load = row(scale, Group::Read, data, "R1", "snapshot load into memory").does(load);
        rows.push(if data == Data::D2 { load.target(5.0) } else { load });
    }
    rows.push(
        row(
            scale,
            Group::Read,
            Data::D2,
            "R2",
            "snapshot opened in mapped mode, first field read",
        )
        .target(200.0)
        .does(map),
    );
    for data in [Data::D1, Data::D2, Data::D3, Data::D4] {
        let held = row(scale, Group::Memory, data, "R3", "bytes in memory after a load");
        rows.push(held.unit(Unit::Bytes).target(1.0).does(held_bytes));
    }
    for data in [Data::D2, Data::D1, Data::D3, Data::D4] {
        let target = |rate: usize, targets: [Option<f64>; 4]| if data == Data::D2 { targets[rate] } else { None };
        for (at, rate) in (0..).zip(RATES) {
            let percent = rate * 100.0;
            let id = format!("R4-{percent}%");
            let title = format!("delta apply, {percent} % changed");
            let mut applied = row(scale, Group::Read, data, &id, &title).param(at).does(apply);
            applied.target = target(at as usize, [Some(100.0), None, None, Some(2.0)]);
            rows.push(applied);
        }
        for (at, rate) in (0..).zip(RATES) {
            let percent = rate * 100.0;
            let id = format!("R4-reverse-{percent}%");
            let title = format!("reverse delta apply, {percent} % changed");
            rows.push(row(scale, Group::Read, data, &id, &title).param(at).does(reverse));
        }
        if matches!(data, Data::D1 | Data::D2) {
            for (at, rate) in (0..).zip(RATES) {
                let percent = rate * 100.0;
                let id = format!("R4-index-{percent}%");
                let title = format!("delta apply with a key index kept current, {percent} % changed");
                let mut applied = row(scale, Group::Read, data, &id, &title)
                    .param(at)
                    .does(apply_with_index);
                applied.target = target(at as usize, [Some(500.0), None, None, None]);
                rows.push(applied);
            }
        }
        let same = "state after all deltas and back has the checksum of the snapshot";
        let mut same = row(scale, Group::Read, data, "R5", same).does(there_and_back);
        (same.warm_up, same.repetitions) = (0, 1);
        rows.push(same);
    }
}

/// How many records there are in all: says that both sides loaded the same, at no cost.
fn records(state: &ReadState) -> usize {
    state.types().map(read::TypeReadState::len).sum()
}

fn load(context: &mut Context, _: &Row, _: u32) -> RowResult {
    let path = context.chain()?.snapshot();
    let mut watch = Stopwatch::default();
    let state = watch.time(|| anyhow::Ok(ReadState::from_snapshot(&open(&path)?)?))?;
    Ok(watch.sample(1, std::fs::metadata(&path)?.len(), records(&state)).into())
}

/// The field read is in the middle, where nothing was looked at before.
fn map(context: &mut Context, _: &Row, _: u32) -> RowResult {
    let (path, root) = (context.chain()?.snapshot(), context.data.root());
    let middle = Ordinal::new(context.n / 2);
    let mut watch = Stopwatch::default();
    let found = watch.time(|| {
        let state = ReadState::open_mapped(&path)?;
        let (ty, [id]) = object(&state, root, ["id"])?;
        anyhow::Ok(middle.and_then(|ordinal| ty.long(ordinal, id)).unwrap_or(-1))
    })?;
    Ok(watch.sample(1, std::fs::metadata(&path)?.len(), found).into())
}

fn held_bytes(context: &mut Context, _: &Row, _: u32) -> RowResult {
    let path = context.chain()?.snapshot();
    let bytes = open(&path)?;
    let (state, held) = crate::memory::held(|| ReadState::from_snapshot(&bytes));
    let sample = Sample {
        bytes: held,
        check: records(&state?).to_string(),
        ..Sample::default()
    };
    Ok(sample.into())
}

/// The cycles of a rate, over and over.
fn cycle(row: &Row, repetition: u32) -> u32 {
    row.param * CYCLES_PER_RATE + repetition % CYCLES_PER_RATE
}

fn apply(context: &mut Context, row: &Row, repetition: u32) -> RowResult {
    let from = cycle(row, repetition);
    let (path, data, n) = (context.chain()?.delta(from + 1), context.data, context.n);
    step(context.at(from)?, &path, from + 1, data, n)
}

fn reverse(context: &mut Context, row: &Row, repetition: u32) -> RowResult {
    let from = (row.param + 1) * CYCLES_PER_RATE - repetition % CYCLES_PER_RATE;
    let (path, data, n) = (context.chain()?.reverse(from), context.data, context.n);
    step(context.at(from)?, &path, from - 1, data, n)
}

fn apply_with_index(context: &mut Context, row: &Row, repetition: u32) -> RowResult {
    let from = cycle(row, repetition);
    let (path, data, n) = (context.chain()?.delta(from + 1), context.data, context.n);
    let root = data.root();
    let sample = step(context.indexed_at(from)?, &path, from + 1, data, n)?;
    let state = &context.indexed_at(from + 1)?.state;
    let keys = state.unique_key(root)?.index().len();
    let records = state.ty(root).map_or(0, read::TypeReadState::len);
    anyhow::ensure!(keys == records, "the index has {keys} keys for {records} records");
    Ok(sample)
}

/// One delta, from the file to the new state.
fn step(reading: &mut Reading, path: &Path, to: u32, data: Data, n: u32) -> RowResult {
    let mut watch = Stopwatch::default();
    let next = watch.time(|| anyhow::Ok(reading.state.apply_delta(&open(path)?)?))?;
    // Giving back what the old state had is on another thread, but costs all the same.
    watch.time(|| {
        reading.state = next;
        read::wait_for_release();
    });
    reading.cycle = to;
    let check = fingerprint(&reading.state, data, n);
    Ok(watch.sample(1, std::fs::metadata(path)?.len(), check).into())
}

/// The keys of a thousand random places, where there are records, and how many there are.
fn fingerprint(state: &ReadState, data: Data, n: u32) -> i64 {
    let Some((ty, id)) = state.object(data.root()).and_then(|ty| Some((ty, ty.position("id")?))) else {
        return -1;
    };
    let at = |place: u32| Ordinal::new(place).filter(|&ordinal| ty.is_populated(ordinal));
    positions(1, n, 1000)
        .into_iter()
        .filter_map(at)
        .filter_map(|ordinal| ty.long(ordinal, id))
        .fold(records(state) as i64, |sum, id| sum.wrapping_mul(31).wrapping_add(id))
}

fn there_and_back(context: &mut Context, _: &Row, _: u32) -> RowResult {
    let before = Checksums::of(&context.at(0)?.state);
    context.at(crate::data::CHAIN)?;
    let after = Checksums::of(&context.at(0)?.state);
    anyhow::ensure!(before == after, "another checksum after deltas and reverse deltas");
    Ok(Sample {
        check: after.total.to_string(),
        ..Sample::default()
    }
    .into())
}
