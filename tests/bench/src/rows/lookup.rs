//! L1 to L4: the key index and the fields of D2.

use super::context::{build_index, object};
use super::{Context, Group, Row, RowResult, Unit, row};
use crate::data::{Data, d2};
use crate::measure::{Sample, Stopwatch};
use crate::scale::Scale;
use anyhow::Context as _;
use hollow::Ordinal;
use std::hint::black_box;

const NO_COLUMN: &str = "the field holds something else";

/// Added to a key to miss: no key of D2 has this bit.
const MISS: i64 = 1 << 37;

pub(super) fn rows(scale: &Scale, rows: &mut Vec<Row>) {
    let mut add =
        |id: &str, title: &str, unit: Unit, target: Option<f64>, run: fn(&mut Context, &Row, u32) -> RowResult| {
            let mut row = row(scale, Group::Lookup, Data::D2, id, title).unit(unit).does(run);
            row.target = target;
            rows.push(row);
        };
    use Unit::{Bytes, Ms, NsPerOp};
    add("L1-build", "key index: build", Ms, Some(4.0), index_build);
    add("L1-bytes", "key index: bytes", Bytes, None, index_bytes);
    add(
        "L1-hit-random",
        "key index: hit, random",
        NsPerOp,
        Some(5.0),
        |c, _, _| {
            let keys = c.random().into_iter().map(d2::id).collect();
            find(c, keys)
        },
    );
    add(
        "L1-hit-hot",
        "key index: hit among 10 000",
        NsPerOp,
        Some(8.0),
        |c, _, _| {
            let keys = c.hot().into_iter().map(d2::id).collect();
            find(c, keys)
        },
    );
    add("L1-miss", "key index: miss", NsPerOp, Some(8.0), |c, _, _| {
        let keys = c.random().into_iter().map(|i| d2::id(i) + MISS).collect();
        find(c, keys)
    });
    add(
        "L2-int-seq",
        "int by ordinal, sequential",
        NsPerOp,
        Some(8.0),
        |c, _, _| int(c, true),
    );
    add(
        "L2-int-random",
        "int by ordinal, random",
        NsPerOp,
        Some(3.0),
        |c, _, _| int(c, false),
    );
    add(
        "L2-long-seq",
        "long by ordinal, sequential",
        NsPerOp,
        None,
        |c, _, _| long(c, true),
    );
    add("L2-long-random", "long by ordinal, random", NsPerOp, None, |c, _, _| {
        long(c, false)
    });
    add(
        "L2-string-seq",
        "string by ordinal, sequential",
        NsPerOp,
        None,
        |c, _, _| string(c, true),
    );
    add(
        "L2-string-random",
        "string by ordinal, random",
        NsPerOp,
        Some(6.0),
        |c, _, _| string(c, false),
    );
    add(
        "L2-reference-random",
        "reference by ordinal, random",
        NsPerOp,
        None,
        |c, _, _| reference(c),
    );
    add(
        "L2-equal-random",
        "string equality, random",
        NsPerOp,
        None,
        |c, _, _| equal(c),
    );
    add(
        "L3-scan",
        "sum of an int field, all ordinals",
        NsPerOp,
        Some(20.0),
        |c, _, _| scan(c, false),
    );
    add(
        "L3-populated",
        "sum of an int field, populated ordinals",
        NsPerOp,
        None,
        |c, _, _| scan(c, true),
    );
    add(
        "L4",
        "key hit, int and string length, random",
        NsPerOp,
        None,
        |c, _, _| hit_and_read(c),
    );
}

fn index_build(context: &mut Context, _: &Row, _: u32) -> RowResult {
    let root = context.data.root();
    let state = &context.at(0)?.state;
    let mut watch = Stopwatch::default();
    let index = build_index(state, root, &mut watch)?;
    Ok(watch.sample(1, 0, index.len()).into())
}

fn index_bytes(context: &mut Context, _: &Row, _: u32) -> RowResult {
    let (_, index) = context.indexed()?;
    let sample = Sample {
        bytes: index.memory_bytes() as u64,
        check: index.len().to_string(),
        ..Sample::default()
    };
    Ok(sample.into())
}

fn find(context: &mut Context, keys: Vec<i64>) -> RowResult {
    let (state, index) = context.indexed()?;
    let records = index.view(state);
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let records = records.long_reader()?;
        let sum = keys.iter().fold(0_i64, |sum, &key| {
            let found = records.find(key);
            sum + found.map_or(-1, |ordinal| i64::from(ordinal.get()))
        });
        Some(sum)
    });
    let sum = sum.ok_or_else(|| anyhow::anyhow!("the key is a LONG"))?;
    Ok(watch.sample(keys.len() as u64, 0, sum).into())
}

/// Every ordinal once, or random ones.
fn ordinals(context: &Context, sequential: bool) -> Vec<Ordinal> {
    let numbers = if sequential {
        (0..context.n).collect()
    } else {
        context.random()
    };
    numbers.into_iter().filter_map(Ordinal::new).collect()
}

fn int(context: &mut Context, sequential: bool) -> RowResult {
    let ordinals = ordinals(context, sequential);
    let state = &context.at(0)?.state;
    let (flat, [field]) = object(state, "Flat", ["i"])?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let column = flat.column::<i32>(field)?.reader();
        let values = ordinals.iter().filter_map(|&ordinal| column.get(ordinal));
        Some(values.fold(0_i64, |sum, value| sum + i64::from(value)))
    });
    let sum = sum.context(NO_COLUMN)?;
    Ok(watch.sample(ordinals.len() as u64, 0, sum).into())
}

fn long(context: &mut Context, sequential: bool) -> RowResult {
    let ordinals = ordinals(context, sequential);
    let state = &context.at(0)?.state;
    let (flat, [field]) = object(state, "Flat", ["id"])?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let column = flat.column::<i64>(field)?.reader();
        let values = ordinals.iter().filter_map(|&ordinal| column.get(ordinal));
        Some(values.fold(0_i64, i64::wrapping_add))
    });
    let sum = sum.context(NO_COLUMN)?;
    Ok(watch.sample(ordinals.len() as u64, 0, sum).into())
}

/// Reads the string as a program would use it (borrowed here, a new string in Java) and takes its length. Many strings are
/// asked for together, as one who has many to read would.
fn string(context: &mut Context, sequential: bool) -> RowResult {
    let ordinals = ordinals(context, sequential);
    let state = &context.at(0)?.state;
    let (flat, [field]) = object(state, "Flat", ["s"])?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let reader = flat.text_reader(field)?;
        let texts = reader.get_many(&ordinals).flatten();
        Some(texts.fold(0, |sum, text| sum + black_box(text.to_str()).len()))
    });
    let sum = sum.context(NO_COLUMN)?;
    Ok(watch.sample(ordinals.len() as u64, 0, sum).into())
}

fn reference(context: &mut Context) -> RowResult {
    let ordinals = ordinals(context, false);
    let state = &context.at(0)?.state;
    let (flat, [field]) = object(state, "Flat", ["ref"])?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let column = flat.column::<Ordinal>(field)?.reader();
        Some(ordinals.iter().fold(0_i64, |sum, &ordinal| {
            let to = column.get(ordinal);
            sum + to.map_or(-1, |ordinal| i64::from(ordinal.get()))
        }))
    });
    let sum = sum.context(NO_COLUMN)?;
    Ok(watch.sample(ordinals.len() as u64, 0, sum).into())
}

/// Compares with the string that is there, so that every byte is looked at.
fn equal(context: &mut Context) -> RowResult {
    let ordinals = ordinals(context, false);
    let state = &context.at(0)?.state;
    let (flat, [field]) = object(state, "Flat", ["s"])?;
    let text = |&ordinal: &Ordinal| {
        let text = flat.text(ordinal, field);
        text.map(|text| text.to_str().into_owned()).unwrap_or_default()
    };
    let texts: Vec<String> = ordinals.iter().map(text).collect();
    let mut watch = Stopwatch::default();
    let equal = watch.time(|| {
        let reader = flat.text_reader(field)?;
        let pairs = reader.get_many(&ordinals).zip(&texts);
        Some(
            pairs
                .filter(|(stored, text)| stored.is_some_and(|stored| stored.is(text)))
                .count(),
        )
    });
    let equal = equal.context(NO_COLUMN)?;
    Ok(watch.sample(ordinals.len() as u64, 0, equal).into())
}

/// By the column, which goes over the populated ordinals only, or by a bit set of these.
fn scan(context: &mut Context, populated: bool) -> RowResult {
    let n = context.n;
    let state = &context.at(0)?.state;
    let (flat, [field]) = object(state, "Flat", ["i"])?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let column = flat.column::<i32>(field)?;
        if populated {
            let reader = column.reader();
            let values = flat.populated().filter_map(|ordinal| reader.get(ordinal));
            return Some(values.map(i64::from).sum());
        }
        Some(column.fold(0, |sum, _, value| sum + i64::from(value.unwrap_or(0))))
    });
    let sum = sum.context(NO_COLUMN)?;
    Ok(watch.sample(n.into(), 0, sum).into())
}

fn hit_and_read(context: &mut Context) -> RowResult {
    let keys: Vec<i64> = context.random().into_iter().map(d2::id).collect();
    let (state, index) = context.indexed()?;
    let (flat, [int, string]) = object(state, "Flat", ["i", "s"])?;
    let records = index.view(state);
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let ints = flat.column::<i32>(int)?.reader();
        let texts = flat.text_reader(string)?;
        let found: Vec<Ordinal> = records.find_longs(&keys).flatten().collect();
        let texts = texts.get_many(&found);
        Some(found.iter().zip(texts).fold(0_i64, |sum, (&ordinal, text)| {
            let length = text.map_or(0, |text| black_box(text.to_str()).len());
            sum + i64::from(ints.get(ordinal).unwrap_or_default()) + length as i64
        }))
    });
    let sum = sum.context(NO_COLUMN)?;
    Ok(watch.sample(keys.len() as u64, 0, sum).into())
}
