//! L6, L9, L10: look-ups through references, sets and maps; strings.

use super::context::object;
use super::{Context, Group, Row, RowResult, Unit, row};
use crate::data::stream::{code2, lang2};
use crate::data::{Data, d1, d3, positions};
use crate::measure::Stopwatch;
use crate::scale::Scale;
use anyhow::Context as _;
use hollow::Ordinal;
use hollow::index::UniqueKey;
use hollow::read::HashKeyLookup;
use hollow::record::KeyValue;
use std::hint::black_box;

pub(super) fn rows(scale: &Scale, rows: &mut Vec<Row>) {
    use Data::{D1, D3, D4};
    use Unit::{Ms, NsPerOp};
    type Run = fn(&mut Context, &Row, u32) -> RowResult;
    let mut add = |data: Data, id: &str, title: &str, unit: Unit, target: Option<f64>, run: Run| {
        let mut row = row(scale, Group::Lookup, data, id, title).unit(unit).does(run);
        row.target = target;
        rows.push(row);
    };
    add(D1, "L6-hit", "key index: hit, random", NsPerOp, None, |c, _, _| {
        movie_hit(c)
    });
    add(D1, "L6-title", "title of a movie, random", NsPerOp, None, |c, _, _| {
        movie_title(c)
    });
    add(
        D1,
        "L6-set",
        "element of a set by its hash key",
        NsPerOp,
        None,
        |c, _, _| find_element(c),
    );
    add(
        D1,
        "L6-map",
        "value of a map by its hash key",
        NsPerOp,
        None,
        |c, _, _| find_value(c),
    );
    add(
        D1,
        "L6-query",
        "key hit, title, title in a language",
        NsPerOp,
        None,
        |c, _, _| query(c),
    );
    add(
        D3,
        "L9-map",
        "value of a map of 190 by its hash key",
        NsPerOp,
        None,
        |c, _, _| status(c),
    );
    add(
        D3,
        "L9-iterate",
        "all entries of maps of 190, each",
        NsPerOp,
        None,
        |c, _, _| iterate(c),
    );
    add(D4, "L10-seq", "60-byte string, sequential", NsPerOp, None, |c, _, _| {
        text(c, true)
    });
    add(D4, "L10-random", "60-byte string, random", NsPerOp, None, |c, _, _| {
        text(c, false)
    });
    add(
        D4,
        "L10-equal",
        "60-byte string equality, random",
        NsPerOp,
        None,
        |c, _, _| equal(c),
    );
    add(D4, "L10-build", "key index on strings: build", Ms, None, |c, _, _| {
        build_on_text(c)
    });
    add(
        D4,
        "L10-hit",
        "key index on strings: hit, random",
        NsPerOp,
        None,
        |c, _, _| hit_by_text(c),
    );
}

fn ordinals(numbers: impl IntoIterator<Item = u32>) -> Vec<Ordinal> {
    numbers.into_iter().filter_map(Ordinal::new).collect()
}

fn movie_hit(context: &mut Context) -> RowResult {
    let keys: Vec<i64> = context.random().into_iter().map(d1::id).collect();
    let (state, index) = context.indexed()?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let found = keys.iter().filter_map(|&key| index.find_long(state, key));
        found.fold(0, |sum, ordinal| sum + u64::from(ordinal.get()))
    });
    Ok(watch.sample(keys.len() as u64, 0, sum).into())
}

fn movie_title(context: &mut Context) -> RowResult {
    let ordinals = ordinals(context.random());
    let state = &context.at(0)?.state;
    let (movies, [title]) = object(state, "Movie", ["title"])?;
    let (strings, [value]) = object(state, "String", ["value"])?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let texts = ordinals
            .iter()
            .filter_map(|&movie| strings.text(movies.reference(movie, title)?, value));
        texts.fold(0, |sum, text| sum + black_box(text.to_str()).chars().count())
    });
    Ok(watch.sample(ordinals.len() as u64, 0, sum).into())
}

fn find_element(context: &mut Context) -> RowResult {
    let movies_at = ordinals(context.random());
    let wanted = keys(positions(3, d1::COUNTRIES, movies_at.len()), code2);
    let state = &context.at(0)?.state;
    let (movies, [countries]) = object(state, "Movie", ["countries"])?;
    let sets = HashKeyLookup::of(state, "SetOfCountryAvailability")?;
    let mut watch = Stopwatch::default();
    let found = watch.time(|| {
        let element = |(&movie, wanted): (&Ordinal, &[KeyValue; 1])| {
            sets.find_element(state, movies.reference(movie, countries)?, wanted)
        };
        movies_at.iter().zip(&wanted).filter_map(element).count()
    });
    Ok(watch.sample(movies_at.len() as u64, 0, found).into())
}

/// Codes as parts of keys.
fn keys(numbers: Vec<u32>, code: fn(usize) -> String) -> Vec<[KeyValue; 1]> {
    let codes = numbers.into_iter().map(|i| code(i as usize));
    codes.map(|code| [KeyValue::Text(code)]).collect()
}

fn languages(count: usize) -> Vec<[KeyValue; 1]> {
    keys(positions(4, d1::LANGUAGES, count), lang2)
}

fn find_value(context: &mut Context) -> RowResult {
    let movies_at = ordinals(context.random());
    let wanted = languages(movies_at.len());
    let state = &context.at(0)?.state;
    let (movies, [titles]) = object(state, "Movie", ["titles"])?;
    let maps = HashKeyLookup::of(state, "MapOfLanguageToLocalizedTitle")?;
    let mut watch = Stopwatch::default();
    let found = watch.time(|| {
        let entry = |(&movie, wanted): (&Ordinal, &[KeyValue; 1])| {
            maps.find_entry(state, movies.reference(movie, titles)?, wanted)
        };
        movies_at.iter().zip(&wanted).filter_map(entry).count()
    });
    Ok(watch.sample(movies_at.len() as u64, 0, found).into())
}

fn query(context: &mut Context) -> RowResult {
    let ids: Vec<i64> = context.random().into_iter().map(d1::id).collect();
    let wanted = languages(ids.len());
    let (state, index) = context.indexed()?;
    let (movies, [title, titles]) = object(state, "Movie", ["title", "titles"])?;
    let (strings, [value]) = object(state, "String", ["value"])?;
    let (localized, [text]) = object(state, "LocalizedTitle", ["text"])?;
    let maps = HashKeyLookup::of(state, "MapOfLanguageToLocalizedTitle")?;
    let length = |string: Option<Ordinal>| {
        let text = string.and_then(|string| strings.text(string, value));
        text.map_or(0, |text| black_box(text.to_str()).chars().count())
    };
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let mut sum = 0;
        for (&key, wanted) in ids.iter().zip(&wanted) {
            let Some(movie) = index.find_long(state, key) else {
                continue;
            };
            sum += length(movies.reference(movie, title));
            let map = movies.reference(movie, titles);
            let entry = map.and_then(|map| maps.find_entry(state, map, wanted));
            sum += entry.map_or(0, |(_, found)| length(localized.reference(found, text)));
        }
        sum
    });
    Ok(watch.sample(ids.len() as u64, 0, sum).into())
}

fn status(context: &mut Context) -> RowResult {
    let videos_at = ordinals(context.random());
    let wanted = keys(positions(3, d3::COUNTRIES, videos_at.len()), code2);
    let state = &context.at(0)?.state;
    let (videos, [statuses]) = object(state, "Video", ["statuses"])?;
    let (values, [field]) = object(state, "Status", ["state"])?;
    let maps = HashKeyLookup::of(state, "MapOfCountryToStatus")?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let state_of = |(&video, wanted): (&Ordinal, &[KeyValue; 1])| {
            let (_, found) = maps.find_entry(state, videos.reference(video, statuses)?, wanted)?;
            values.int(found, field).map(i64::from)
        };
        videos_at.iter().zip(&wanted).filter_map(state_of).sum::<i64>()
    });
    Ok(watch.sample(videos_at.len() as u64, 0, sum).into())
}

fn iterate(context: &mut Context) -> RowResult {
    let mut videos_at = ordinals(context.random());
    videos_at.truncate((context.lookups / d3::COUNTRIES as usize).max(1));
    let state = &context.at(0)?.state;
    let (videos, [statuses]) = object(state, "Video", ["statuses"])?;
    let maps = state.map("MapOfCountryToStatus").context("D3 has this type")?;
    let mut watch = Stopwatch::default();
    let (count, sum) = watch.time(|| {
        let found = videos_at.iter().filter_map(|&video| videos.reference(video, statuses));
        let entries = found.flat_map(|map| maps.entries(map));
        entries.fold((0_u64, 0_u64), |(count, sum), (key, value)| {
            (count + 1, sum + u64::from(key.get()) + u64::from(value.get()))
        })
    });
    Ok(watch.sample(count, 0, sum).into())
}

fn text(context: &mut Context, sequential: bool) -> RowResult {
    let ordinals = if sequential {
        ordinals(0..context.n)
    } else {
        ordinals(context.random())
    };
    let state = &context.at(0)?.state;
    let (strings, [field]) = object(state, "Str", ["text"])?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let texts = ordinals.iter().filter_map(|&ordinal| strings.text(ordinal, field));
        texts.fold(0, |sum, text| sum + black_box(text.to_str()).len())
    });
    // Bytes here, UTF-16 units there: what both can tell is that no string is missing.
    anyhow::ensure!(sum > 0, "no text was read");
    Ok(watch.sample(ordinals.len() as u64, 0, ordinals.len()).into())
}

/// The texts at random places, in the order of the places.
fn texts(context: &mut Context) -> anyhow::Result<(Vec<Ordinal>, Vec<String>)> {
    let ordinals = ordinals(context.random());
    let state = &context.at(0)?.state;
    let (strings, [field]) = object(state, "Str", ["text"])?;
    let text = |&ordinal: &Ordinal| {
        let text = strings.text(ordinal, field);
        text.map(|text| text.to_str().into_owned()).unwrap_or_default()
    };
    let texts = ordinals.iter().map(text).collect();
    Ok((ordinals, texts))
}

fn equal(context: &mut Context) -> RowResult {
    let (ordinals, texts) = texts(context)?;
    let state = &context.at(0)?.state;
    let (strings, [field]) = object(state, "Str", ["text"])?;
    let mut watch = Stopwatch::default();
    let same = watch.time(|| {
        let same = |&(&ordinal, text): &(&Ordinal, &String)| {
            strings.text(ordinal, field).is_some_and(|stored| stored.is(text))
        };
        ordinals.iter().zip(&texts).filter(same).count()
    });
    Ok(watch.sample(ordinals.len() as u64, 0, same).into())
}

fn build_on_text(context: &mut Context) -> RowResult {
    let state = &context.at(0)?.state;
    let mut watch = Stopwatch::default();
    let index = watch.time(|| UniqueKey::build_on(state, "Str", &["text"]))?;
    Ok(watch.sample(1, 0, index.len()).into())
}

fn hit_by_text(context: &mut Context) -> RowResult {
    let (_, texts) = texts(context)?;
    let state = &context.at(0)?.state;
    let index = UniqueKey::build_on(state, "Str", &["text"])?;
    let keys: Vec<[KeyValue; 1]> = texts.into_iter().map(|text| [KeyValue::Text(text)]).collect();
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let found = keys.iter().filter_map(|key| index.find(state, key));
        found.fold(0, |sum, ordinal| sum + u64::from(ordinal.get()))
    });
    Ok(watch.sample(keys.len() as u64, 0, sum).into())
}
