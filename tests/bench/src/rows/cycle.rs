//! W7 to W10: cycles that follow one another, of the write engine alone and of a whole producer.

use super::{Context, Group, Row, RowResult, Unit, row};
use crate::data::{Data, Dataset as _, RATES, d2};
use crate::measure::Stopwatch;
use crate::populate::{self, FlatRecords, Typed, With, chunk};
use crate::scale::Scale;
use anyhow::Context as _;
use hollow::Ordinal;
use hollow::producer::{CycleOutcome, Producer};
use hollow::record::Value;
use hollow::schema::Dataset as Schemas;
use hollow::store::Store;
use hollow::write::WriteStateEngine;
use std::io::{self, Write};

/// How many of our cycles are one repetition where none writes a snapshot. By default a repetition is as many as there
/// are from one snapshot to the next, so that it pays for exactly one.
const CYCLES: u32 = 10;
/// The first change set of the cycles here; those of the chain of blobs are below.
const FIRST_CYCLE: u32 = 1000;

pub(super) fn rows(scale: &Scale, rows: &mut Vec<Row>) {
    for (at, rate) in (0..).zip(RATES) {
        let percent = rate * 100.0;
        let title = format!("write engine, incremental cycle with delta and reverse delta, {percent} % changed");
        let id = format!("W7-{percent}%");
        rows.push(
            row(scale, Group::Cycle, Data::D2, &id, &title)
                .param(at)
                .does(engine_cycle),
        );
    }
    let few = |row: Row| Row {
        warm_up: 1,
        repetitions: scale.repetitions.min(3),
        ..row
    };
    let full = |id: &str, title: &str, tuned| {
        few(row(scale, Group::Producer, Data::D1, id, title)
            .param(tuned)
            .does(full_cycle))
    };
    rows.push(full(
        "W8-default",
        "producer, full cycle, 0.1 % changed, default settings",
        0,
    ));
    rows.push(full(
        "W8-tuned",
        "producer, full cycle, 0.1 % changed, no snapshots (Java: no check either)",
        1,
    ));
    for &n in &scale.curve {
        let incremental = |id: &str, title: &str, tuned| {
            let row = few(row(scale, Group::Producer, Data::D2, id, title));
            let row = row
                .param(tuned)
                .unit(Unit::MsPerOp)
                .does(|context, row, _| incremental(context, row.param == 1, 10));
            Row { n, ..row }
        };
        let default = incremental(
            "W9-default",
            "producer, incremental cycle, 10 changes, default settings",
            0,
        );
        rows.push(if n == 10_000_000 {
            default.target(1000.0)
        } else {
            default
        });
        let title = "producer, incremental cycle, 10 changes, no snapshots (Java: no check either)";
        rows.push(incremental("W9-tuned", title, 1));
    }
    let million = scale.curve.get(1).copied().unwrap_or(scale.n(Data::D2));
    for (data, n) in [(Data::D2, million), (Data::D1, scale.n(Data::D1))] {
        for (at, rate) in (0..).zip(RATES) {
            let percent = rate * 100.0;
            let title = format!("producer, incremental cycle, {percent} % changed, default settings");
            let row = few(row(scale, Group::Producer, data, &format!("W10-{percent}%"), &title));
            let row = row.param(at).unit(Unit::MsPerOp).does(|context, row, _| {
                let k = (f64::from(context.n) * RATES[row.param as usize]).round() as u32;
                incremental(context, false, k.max(1))
            });
            rows.push(Row { n, ..row });
        }
    }
}

/// A write engine and where each record of D2 is.
pub(super) struct Cycling {
    engine: WriteStateEngine,
    data: d2::Flats,
    flats: FlatRecords,
    ordinals: Vec<Ordinal>,
    cycle: u32,
}

impl Cycling {
    fn new(n: u32) -> anyhow::Result<Self> {
        let data = d2::Flats::new();
        let mut engine = populate::engine(Data::D2)?;
        let flats = FlatRecords::begin(&mut engine, &data)?;
        let ordinals = (0..n).map(|i| flats.add(&mut engine, &data.record(i, 0)));
        let ordinals = ordinals.collect::<Result<_, _>>()?;
        engine.prepare_for_write()?;
        let cycle = FIRST_CYCLE;
        Ok(Self {
            engine,
            data,
            flats,
            ordinals,
            cycle,
        })
    }
}

fn engine_cycle(context: &mut Context, row: &Row, _: u32) -> RowResult {
    let n = context.n;
    let cycling = match context.cycling.take() {
        Some(cycling) => context.cycling.insert(cycling),
        None => context.cycling.insert(Cycling::new(n)?),
    };
    cycling.cycle += 1;
    let k = ((f64::from(n) * RATES[row.param as usize]).round() as u32).max(1);
    let changed: Vec<_> = Data::D2
        .changed(n, cycling.cycle, k)
        .into_iter()
        .map(|i| (i as usize, cycling.data.record(i, cycling.cycle)))
        .collect();
    let Cycling {
        engine,
        flats,
        ordinals,
        cycle,
        ..
    } = cycling;
    let flat = engine.type_id("Flat").context("the engine has D2's types")?;
    let (mut delta, mut reverse) = (Count::default(), Count::default());
    let mut watch = Stopwatch::default();
    watch.time(|| -> anyhow::Result<()> {
        engine.prepare_for_next_cycle(i64::from(*cycle));
        engine.add_all_from_previous_cycle()?;
        for (i, record) in &changed {
            engine.remove(flat, ordinals[*i])?;
            ordinals[*i] = flats.add(engine, record)?;
        }
        engine.prepare_for_write()?;
        engine.write_delta(&mut delta)?;
        engine.write_reverse_delta(&mut reverse)?;
        Ok(())
    })?;
    let bytes = delta.0 + reverse.0;
    Ok(watch.sample(1, bytes, bytes).into())
}

/// A producer that publishes to a directory, and the number of its last cycle.
pub(super) struct Producing {
    producer: Producer,
    tuned: bool,
    cycle: u32,
    /// Gone with the producer.
    _directory: tempfile::TempDir,
}

struct Begin<'a> {
    context: &'a Context,
    tuned: bool,
}

impl With for Begin<'_> {
    type Output = anyhow::Result<Producing>;

    fn with<D: Typed>(self, data: &D) -> Self::Output {
        let Context { data: which, n, .. } = *self.context;
        let directory = tempfile::tempdir_in(self.context.scratch("")?)?;
        let mut builder = Producer::builder(Schemas::parse(which.schema())?, Store::fs(directory.path())?)
            .write_config(populate::config());
        if self.tuned {
            builder = builder.snapshot_every(u32::MAX);
        }
        let mut producer = builder.build()?;
        producer.restore()?;
        producer.run_cycle(|cycle| {
            for start in (0..n).step_by(chunk(which) as usize) {
                for i in start..n.min(start + chunk(which)) {
                    cycle.add(D::ROOT, &data.value(data.record(i, 0)))?;
                }
            }
            Ok(())
        })?;
        Ok(Producing {
            producer,
            tuned: self.tuned,
            cycle: FIRST_CYCLE,
            _directory: directory,
        })
    }
}

/// The producer with these settings; begun, with one cycle of each kind behind it, when there is none.
fn producing(context: &mut Context, tuned: bool) -> anyhow::Result<&mut Producing> {
    if context
        .producing
        .as_ref()
        .is_none_or(|producing| producing.tuned != tuned)
    {
        context.producing = None; // its memory goes before that of the next one comes
        let begun = context.data.with(Begin { context, tuned })?;
        context.producing = Some(begun);
    }
    context.producing.as_mut().context("it was just begun")
}

/// Values of records as they are in a cycle.
struct Values {
    records: Vec<u32>,
    cycle: u32,
}

impl With for Values {
    type Output = Vec<Value>;

    fn with<D: Typed>(self, data: &D) -> Self::Output {
        let value = |&i: &u32| data.value(data.record(i, self.cycle));
        self.records.iter().map(value).collect()
    }
}

fn incremental(context: &mut Context, tuned: bool, k: u32) -> RowResult {
    let (data, n) = (context.data, context.n);
    let producing = producing(context, tuned)?;
    let mut watch = Stopwatch::default();
    let snapshot_before = producing.producer.background_snapshot();
    let mut cycles = 0_u32;
    loop {
        producing.cycle += 1;
        cycles += 1;
        let records = data.changed(n, producing.cycle, k).into_iter().collect();
        let cycle = producing.cycle;
        let values = data.with(Values { records, cycle });
        let outcome = watch.time(|| {
            producing.producer.run_incremental_cycle(|cycle| {
                for value in &values {
                    cycle.upsert(data.root(), value)?;
                }
                Ok(())
            })
        })?;
        published(&outcome)?;
        let snapshot = producing.producer.background_snapshot();
        let over = match tuned {
            true => cycles == CYCLES,
            false => snapshot.is_some() && snapshot != snapshot_before,
        };
        if over {
            break;
        }
    }
    // What is written in the background is part of the price.
    watch.time(|| producing.producer.finish_background_snapshot())?;
    Ok(watch.sample(cycles.into(), 0, population(producing, data)).into())
}

fn full_cycle(context: &mut Context, row: &Row, _: u32) -> RowResult {
    let (data, n) = (context.data, context.n);
    let producing = producing(context, row.param == 1)?;
    producing.cycle += 1;
    let k = ((f64::from(n) * RATES[1]).round() as u32).max(1);
    let changed = data.changed(n, producing.cycle, k);
    let version = |i| if changed.contains(&i) { producing.cycle } else { 0 };
    let values = data.with(All { n, version: &version });
    let mut watch = Stopwatch::default();
    let outcome = watch.time(|| {
        producing.producer.run_cycle(|cycle| {
            for value in &values {
                cycle.add(data.root(), value)?;
            }
            Ok(())
        })
    })?;
    published(&outcome)?;
    watch.time(|| producing.producer.finish_background_snapshot())?;
    Ok(watch.sample(1, 0, population(producing, data)).into())
}

/// Values of all records.
struct All<'a> {
    n: u32,
    version: &'a dyn Fn(u32) -> u32,
}

impl With for All<'_> {
    type Output = Vec<Value>;

    fn with<D: Typed>(self, data: &D) -> Self::Output {
        let value = |i| data.value(data.record(i, (self.version)(i)));
        (0..self.n).map(value).collect()
    }
}

fn published(outcome: &CycleOutcome) -> anyhow::Result<()> {
    anyhow::ensure!(outcome.version().is_some(), "the cycle published nothing");
    Ok(())
}

/// Top-level records announced.
fn population(producing: &Producing, data: Data) -> usize {
    let state = producing.producer.state();
    state.and_then(|state| Some(state.ty(data.root())?.len())).unwrap_or(0)
}

/// Takes bytes and counts them.
#[derive(Debug, Default)]
pub(super) struct Count(pub(super) u64);

impl Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
