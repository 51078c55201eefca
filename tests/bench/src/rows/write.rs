//! W1, W4, W5: populating, preparing and writing a snapshot. A repetition does all three and reports one.

use super::cycle::Count;
use super::{Context, Group, Row, RowResult, row};
use crate::data::Data;
use crate::data::published::SNAPSHOT_BYTES;
use crate::measure::{Sample, Stopwatch};
use crate::populate::{self, FlatRecords, Typed, With, chunk};
use crate::scale::Scale;
use hollow::typed::{AddError, Mapper};
use hollow::write::WriteStateEngine;
use std::fs::File;
use std::io::{self, BufWriter};

pub(super) fn rows(scale: &Scale, rows: &mut Vec<Row>) {
    for (data, target) in [
        (Data::D1, Some(6.0)),
        (Data::D2, Some(6.0)),
        (Data::D3, Some(8.0)),
        (Data::D4, None),
    ] {
        let fewer = |row: Row| Row {
            warm_up: 1,
            repetitions: scale.repetitions.min(3),
            ..row
        };
        let populate = row(scale, Group::Write, data, "W1", "populate, high-level API, one thread").does(high_level);
        rows.push(fewer(Row { target, ..populate }));
        let threads = row(scale, Group::Write, data, "W2", "populate, high-level API, two threads");
        rows.push(fewer(threads.does(two_threads)));
        if data == Data::D2 {
            let records = row(
                scale,
                Group::Write,
                data,
                "W3",
                "populate, record-level API, one thread",
            );
            rows.push(fewer(records.does(record_level)));
        }
        let prepare = row(scale, Group::Write, data, "W4", "prepare for write");
        rows.push(fewer(prepare.does(prepare_for_write)));
        rows.push(row(scale, Group::Write, data, "W5-sink", "snapshot to a counting sink").does(snapshot_to_sink));
        let to_file = row(scale, Group::Write, data, "W5-file", "snapshot to a file").does(snapshot_to_file);
        rows.push(if data == Data::D2 { to_file.target(8.0) } else { to_file });
    }
}

struct Populate {
    which: Data,
    n: u32,
}

impl With for Populate {
    type Output = anyhow::Result<(WriteStateEngine, Sample)>;

    fn with<D: Typed>(self, data: &D) -> Self::Output {
        let Self { which, n } = self;
        let mut engine = populate::engine(which)?;
        let (mut watch, pool) = (Stopwatch::default(), data.pool());
        let mut mapper = Mapper::new(&mut engine);
        let mut sum = 0_u64;
        for start in (0..n).step_by(chunk(which) as usize) {
            let end = n.min(start + chunk(which));
            let records: Vec<_> = (start..end).map(|i| data.typed(&pool, data.record(i, 0))).collect();
            sum += watch.time(|| -> Result<u64, AddError> {
                let ordinals = mapper.add_all(&records)?;
                Ok(ordinals.iter().map(|ordinal| u64::from(ordinal.get())).sum())
            })?;
        }
        Ok((engine, watch.sample(n.into(), 0, sum)))
    }
}

fn high_level(context: &mut Context, _: &Row, _: u32) -> RowResult {
    context.drop_engine();
    let (which, n) = (context.data, context.n);
    let (engine, sample) = which.with(Populate { which, n })?;
    context.keep_engine(engine);
    Ok(sample.into())
}

/// Two halves, on a thread each. All records are made before: the threads must not wait for one another.
fn two_threads(context: &mut Context, _: &Row, _: u32) -> RowResult {
    context.drop_engine();
    let (which, n) = (context.data, context.n);
    Ok(which.with(PopulateTwo { which, n })?.into())
}

struct PopulateTwo {
    which: Data,
    n: u32,
}

impl With for PopulateTwo {
    type Output = anyhow::Result<Sample>;

    fn with<D: Typed>(self, data: &D) -> Self::Output {
        let Self { which, n } = self;
        let mut engine = populate::engine(which)?;
        let (mut watch, pool) = (Stopwatch::default(), data.pool());
        let records: Vec<_> = (0..n).map(|i| data.typed(&pool, data.record(i, 0))).collect();
        let (first, second) = records.split_at(records.len() / 2);
        watch.time(|| {
            engine.parallel(|adders| {
                let add = |records: &[D::Struct]| {
                    let mut mapper = Mapper::with_adder(adders.adder());
                    mapper.add_all(records).map(drop)
                };
                std::thread::scope(|scope| {
                    let other = scope.spawn(|| add(second));
                    add(first)?;
                    other.join().unwrap_or(Ok(()))
                })
            })
        })??;
        let root = engine.type_id(which.root()).map_or(0, |ty| engine.populated(ty).len());
        Ok(watch.sample(n.into(), 0, root))
    }
}

/// Here the Ref records are added first, and count.
fn record_level(context: &mut Context, _: &Row, _: u32) -> RowResult {
    use crate::data::{Dataset as _, d2::Flats};
    context.drop_engine();
    let (n, data) = (context.n, Flats::new());
    let mut engine = populate::engine(Data::D2)?;
    let mut watch = Stopwatch::default();
    let flats = watch.time(|| FlatRecords::begin(&mut engine, &data))?;
    let mut sum = 0_u64;
    for start in (0..n).step_by(chunk(Data::D2) as usize) {
        let end = n.min(start + chunk(Data::D2));
        let records: Vec<_> = (start..end).map(|i| data.record(i, 0)).collect();
        sum += watch.time(|| -> Result<u64, hollow::write::WriteError> {
            records.iter().try_fold(0, |sum, record| {
                Ok(sum + u64::from(flats.add(&mut engine, record)?.get()))
            })
        })?;
    }
    context.keep_engine(engine);
    Ok(watch.sample(n.into(), 0, sum).into())
}

fn prepare_for_write(context: &mut Context, row: &Row, repetition: u32) -> RowResult {
    if repetition > 0 {
        context.drop_engine(); // it is prepared already
    }
    let engine = populated(context, row)?;
    let mut watch = Stopwatch::default();
    watch.time(|| engine.prepare_for_write())?;
    let records: usize = engine.type_ids().map(|ty| engine.populated(ty).len()).sum();
    Ok(watch.sample(1, 0, records).into())
}

fn snapshot_to_sink(context: &mut Context, row: &Row, _: u32) -> RowResult {
    let engine = populated(context, row)?;
    engine.prepare_for_write()?;
    let mut sink = Count::default();
    let mut watch = Stopwatch::default();
    watch.time(|| engine.write_snapshot(&mut sink))?;
    published(context, sink.0)?;
    Ok(watch.sample(1, sink.0, sink.0).into())
}

fn snapshot_to_file(context: &mut Context, row: &Row, _: u32) -> RowResult {
    let path = context.scratch("snapshot")?;
    let engine = populated(context, row)?;
    engine.prepare_for_write()?;
    let _ = std::fs::remove_file(&path);
    let mut watch = Stopwatch::default();
    watch.time(|| -> anyhow::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 18, File::create(&path)?);
        engine.write_snapshot(&mut out)?;
        out.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(())
    })?;
    let bytes = std::fs::metadata(&path)?.len();
    std::fs::remove_file(&path)?;
    published(context, bytes)?;
    Ok(watch.sample(1, bytes, bytes).into())
}

/// At the sizes for which it is published, a snapshot is as long as published.
fn published(context: &Context, bytes: u64) -> anyhow::Result<()> {
    let known = SNAPSHOT_BYTES
        .iter()
        .find(|(data, n, _)| (*data, *n) == (context.data, context.n));
    if let Some((_, _, published)) = known {
        anyhow::ensure!(
            bytes == *published,
            "a snapshot has {bytes} bytes, published={published}"
        );
    }
    Ok(())
}

/// The engine of the repetition before, or one that is filled without the clock.
fn populated<'c>(context: &'c mut Context, _: &Row) -> anyhow::Result<&'c mut WriteStateEngine> {
    if context.engine().is_none() {
        let (which, n) = (context.data, context.n);
        let (engine, _) = which.with(Populate { which, n })?;
        context.keep_engine(engine);
    }
    context.engine().ok_or_else(|| anyhow::anyhow!("it was just filled"))
}
