//! L5, L7, L8: hash and sorted indexes.

use super::context::object;
use super::{Context, Group, Row, RowResult, Unit, row};
use crate::data::stream::code2;
use crate::data::{Data, d1, d2, positions};
use crate::measure::{Sample, Stopwatch};
use crate::scale::Scale;
use hollow::Ordinal;
use hollow::index::{HashIndex, SortedIndex};
use hollow::read::ReadState;
use std::hint::black_box;

const REF_CODE: [&str; 2] = ["Flat", "ref.code"];
const PERSON: [&str; 2] = ["Movie", "cast.element.person.id"];
const COUNTRY: [&str; 2] = ["Movie", "countries.element.country.code"];

pub(super) fn rows(scale: &Scale, rows: &mut Vec<Row>) {
    use Data::{D1, D2};
    use Unit::{Bytes, Ms, NsPerOp};
    type Run = fn(&mut Context, &Row, u32) -> RowResult;
    let mut add = |data: Data, id: &str, title: &str, unit: Unit, target: Option<f64>, run: Run| {
        let mut row = row(scale, Group::Lookup, data, id, title).unit(unit).does(run);
        row.target = target;
        rows.push(row);
    };
    add(
        D2,
        "L5-build",
        "hash index on ref.code: build",
        Ms,
        Some(10.0),
        |c, _, _| build(c, REF_CODE),
    );
    add(
        D2,
        "L5-bytes",
        "hash index on ref.code: bytes",
        Bytes,
        None,
        |c, _, _| bytes(c, REF_CODE),
    );
    add(
        D2,
        "L5-first",
        "hash index on ref.code: first match",
        NsPerOp,
        Some(4.0),
        |c, _, _| first(c, 0),
    );
    add(
        D2,
        "L5-miss",
        "hash index on ref.code: miss",
        NsPerOp,
        None,
        |c, _, _| first(c, 20_000),
    );
    add(
        D2,
        "L5-iterate",
        "hash index on ref.code: all matches, each",
        NsPerOp,
        None,
        |c, _, _| iterate(c),
    );
    add(
        D1,
        "L7-person-build",
        "hash index through a list: build",
        Ms,
        None,
        |c, _, _| build(c, PERSON),
    );
    add(
        D1,
        "L7-person-bytes",
        "hash index through a list: bytes",
        Bytes,
        None,
        |c, _, _| bytes(c, PERSON),
    );
    add(
        D1,
        "L7-person-query",
        "hash index through a list: matches",
        NsPerOp,
        None,
        |c, _, _| persons(c),
    );
    add(
        D1,
        "L7-country-build",
        "hash index through a set: build",
        Ms,
        None,
        |c, _, _| build(c, COUNTRY),
    );
    add(
        D1,
        "L7-country-query",
        "hash index through a set: first match",
        NsPerOp,
        None,
        |c, _, _| countries(c),
    );
    add(D1, "L8-build", "prefix index on titles: build", Ms, None, |c, _, _| {
        build_sorted(c)
    });
    add(
        D1,
        "L8-bytes",
        "prefix index on titles: bytes",
        Bytes,
        Some(30.0),
        |c, _, _| sorted_bytes(c),
    );
    let title = "prefix index on titles: first match of 4 letters";
    add(D1, "L8-query", title, NsPerOp, Some(30.0), |c, _, _| prefix(c));
}

/// The hash index of the row before if it is this one.
fn index<'c>(
    context: &'c mut Context,
    [ty, path]: [&'static str; 2],
) -> anyhow::Result<(&'c ReadState, &'c HashIndex)> {
    context.at(0)?;
    let Context { reading, hashed, .. } = context;
    let state = &reading.as_ref().ok_or_else(|| anyhow::anyhow!("was just read"))?.state;
    let index = match hashed.take() {
        Some((of, index)) if of == path => index,
        _ => HashIndex::build(state, ty, &[path])?,
    };
    let (_, index) = hashed.insert((path, index));
    Ok((state, index))
}

fn build(context: &mut Context, [ty, path]: [&'static str; 2]) -> RowResult {
    context.hashed = None;
    let n = context.n;
    let state = &context.at(0)?.state;
    let mut watch = Stopwatch::default();
    let index = watch.time(|| HashIndex::build(state, ty, &[path]))?;
    context.hashed = Some((path, index));
    Ok(watch.sample(1, 0, n).into())
}

fn bytes(context: &mut Context, on: [&'static str; 2]) -> RowResult {
    let n = context.n;
    let (_, index) = index(context, on)?;
    held(index.memory_bytes(), n)
}

fn held(bytes: usize, n: u32) -> RowResult {
    let (bytes, check) = (bytes as u64, n.to_string());
    Ok(Sample {
        bytes,
        check,
        ..Sample::default()
    }
    .into())
}

fn first(context: &mut Context, off: i32) -> RowResult {
    let codes = positions(2, d2::REFS, context.lookups);
    let (state, index) = index(context, REF_CODE)?;
    let mut watch = Stopwatch::default();
    let found = watch.time(|| {
        let first = |&code: &u32| black_box(index.find_int(state, code.cast_signed() + off).next());
        codes.iter().filter_map(first).count()
    });
    Ok(watch.sample(codes.len() as u64, 0, found).into())
}

fn iterate(context: &mut Context) -> RowResult {
    let codes = positions(2, d2::REFS, (context.lookups / 1000).max(1));
    let (state, index) = index(context, REF_CODE)?;
    let mut watch = Stopwatch::default();
    let (count, sum) = watch.time(|| {
        let matches = codes.iter().flat_map(|code| index.find_int(state, code.cast_signed()));
        matches.fold((0, 0), |(count, sum), ordinal| {
            (count + 1, sum + u64::from(ordinal.get()))
        })
    });
    Ok(watch.sample(count, 0, sum).into())
}

fn persons(context: &mut Context) -> RowResult {
    let persons = positions(5, d1::PEOPLE, context.lookups);
    let (state, index) = index(context, PERSON)?;
    let mut watch = Stopwatch::default();
    let sum: usize = watch.time(|| {
        let matches = |&person: &u32| index.find_int(state, 20_000_000 + person.cast_signed()).len();
        persons.iter().map(matches).sum()
    });
    Ok(watch.sample(persons.len() as u64, 0, sum).into())
}

fn countries(context: &mut Context) -> RowResult {
    let codes = positions(3, d1::COUNTRIES, context.lookups).into_iter();
    let codes: Vec<String> = codes.map(|i| code2(i as usize)).collect();
    let (state, index) = index(context, COUNTRY)?;
    let mut watch = Stopwatch::default();
    let found = watch.time(|| {
        let first = |code: &String| black_box(index.find_str(state, code).next());
        codes.iter().filter_map(first).count()
    });
    Ok(watch.sample(codes.len() as u64, 0, found).into())
}

fn build_sorted(context: &mut Context) -> RowResult {
    let n = context.n;
    let state = &context.at(0)?.state;
    let mut watch = Stopwatch::default();
    let index = watch.time(|| SortedIndex::build(state, "Movie", "title.value"))?;
    context.sorted = Some(index);
    Ok(watch.sample(1, 0, n).into())
}

/// The sorted index of the row before, or a new one.
fn sorted(context: &mut Context) -> anyhow::Result<(&ReadState, &SortedIndex)> {
    context.at(0)?;
    let Context { reading, sorted, .. } = context;
    let state = &reading.as_ref().ok_or_else(|| anyhow::anyhow!("was just read"))?.state;
    let index = match sorted.take() {
        Some(index) => index,
        None => SortedIndex::build(state, "Movie", "title.value")?,
    };
    Ok((state, sorted.insert(index)))
}

fn sorted_bytes(context: &mut Context) -> RowResult {
    let n = context.n;
    let (_, index) = sorted(context)?;
    held(index.memory_bytes(), n)
}

/// Java's index is of lower-case letters, ours of the titles as they are: each is asked for what it has.
fn prefix(context: &mut Context) -> RowResult {
    let places = positions(1, context.n, (context.lookups / 16).max(1));
    let (state, index) = sorted(context)?;
    let (movies, [title]) = object(state, "Movie", ["title"])?;
    let (strings, [value]) = object(state, "String", ["value"])?;
    let letters = |&place: &u32| {
        let text = strings.text(movies.reference(Ordinal::new(place)?, title)?, value)?;
        Some(text.to_str().chars().take(4).collect::<String>())
    };
    let prefixes: Vec<String> = places.iter().filter_map(letters).collect();
    let mut watch = Stopwatch::default();
    let found = watch.time(|| {
        let first = |prefix: &String| black_box(index.prefix(state, prefix).next());
        prefixes.iter().filter_map(first).count()
    });
    Ok(watch.sample(prefixes.len() as u64, 0, found).into())
}
