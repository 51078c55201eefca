//! L5 to L10: look-ups through references, sets and maps; hash and prefix indexes; strings.

use super::context::object;
use super::{Context, Group, Outcome, Row, RowResult, Unit, row};
use crate::data::{Data, d1, d3, positions};
use crate::measure::Stopwatch;
use crate::scale::Scale;
use anyhow::Context as _;
use hollow::Ordinal;
use hollow::index::UniqueKey;
use hollow::record::KeyValue;
use std::hint::black_box;

pub(super) fn rows(scale: &Scale, rows: &mut Vec<Row>) {
    use Data::{D1, D2, D3, D4};
    use Unit::{Bytes, Ms, NsPerOp};
    type Run = fn(&mut Context, &Row, u32) -> RowResult;
    let mut add = |data: Data, id: &str, title: &str, unit: Unit, target: Option<f64>, run: Run| {
        let mut row = row(scale, Group::Lookup, data, id, title).unit(unit).does(run);
        row.target = target;
        rows.push(row);
    };
    let hash: Run = |_, _, _| Ok(Outcome::NotThere("the hash index is not there yet"));
    add(D2, "L5-build", "hash index on ref.code: build", Ms, Some(10.0), hash);
    add(D2, "L5-bytes", "hash index on ref.code: bytes", Bytes, None, hash);
    add(
        D2,
        "L5-first",
        "hash index on ref.code: first match",
        NsPerOp,
        Some(4.0),
        hash,
    );
    add(D2, "L5-miss", "hash index on ref.code: miss", NsPerOp, None, hash);
    add(
        D2,
        "L5-iterate",
        "hash index on ref.code: all matches, each",
        NsPerOp,
        None,
        hash,
    );
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
        D1,
        "L7-person-build",
        "hash index through a list: build",
        Ms,
        None,
        hash,
    );
    add(
        D1,
        "L7-person-bytes",
        "hash index through a list: bytes",
        Bytes,
        None,
        hash,
    );
    add(
        D1,
        "L7-person-query",
        "hash index through a list: matches",
        NsPerOp,
        None,
        hash,
    );
    add(
        D1,
        "L7-country-build",
        "hash index through a set: build",
        Ms,
        None,
        hash,
    );
    add(
        D1,
        "L7-country-query",
        "hash index through a set: first match",
        NsPerOp,
        None,
        hash,
    );
    let prefix: Run = |_, _, _| Ok(Outcome::NotThere("the sorted index is not there yet"));
    add(D1, "L8-build", "prefix index on titles: build", Ms, None, prefix);
    add(
        D1,
        "L8-bytes",
        "prefix index on titles: bytes",
        Bytes,
        Some(30.0),
        prefix,
    );
    add(
        D1,
        "L8-query",
        "prefix index on titles: first match of 4 letters",
        NsPerOp,
        Some(30.0),
        prefix,
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
        let found = keys.iter().filter_map(|&key| index.find(state, &[KeyValue::Long(key)]));
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

/// There is no look-up by hash key yet: a program goes through the elements.
fn find_element(context: &mut Context) -> RowResult {
    let movies_at = ordinals(context.random());
    let wanted: Vec<String> = positions(3, d1::COUNTRIES, movies_at.len())
        .into_iter()
        .map(|i| crate::data::stream::code2(i as usize))
        .collect();
    let state = &context.at(0)?.state;
    let (movies, [countries]) = object(state, "Movie", ["countries"])?;
    let (availabilities, [country]) = object(state, "CountryAvailability", ["country"])?;
    let (names, [code]) = object(state, "Country", ["code"])?;
    let sets = state.set("SetOfCountryAvailability").context("D1 has this type")?;
    let mut watch = Stopwatch::default();
    let found = watch.time(|| {
        let has = |&(&movie, wanted): &(&Ordinal, &String)| {
            let set = movies.reference(movie, countries);
            set.is_some_and(|set| {
                sets.elements(set).any(|element| {
                    let name = availabilities.reference(element, country);
                    name.and_then(|name| names.text(name, code))
                        .is_some_and(|text| text.is(wanted))
                })
            })
        };
        movies_at.iter().zip(&wanted).filter(has).count()
    });
    Ok(watch.sample(movies_at.len() as u64, 0, found).into())
}

fn languages(count: usize) -> Vec<String> {
    let numbers = positions(4, d1::LANGUAGES, count).into_iter();
    numbers.map(|i| crate::data::stream::lang2(i as usize)).collect()
}

fn find_value(context: &mut Context) -> RowResult {
    let movies_at = ordinals(context.random());
    let wanted = languages(movies_at.len());
    let state = &context.at(0)?.state;
    let (movies, [titles]) = object(state, "Movie", ["titles"])?;
    let (names, [code]) = object(state, "Language", ["code"])?;
    let maps = state.map("MapOfLanguageToLocalizedTitle").context("D1 has this type")?;
    let mut watch = Stopwatch::default();
    let found = watch.time(|| {
        let has = |&(&movie, wanted): &(&Ordinal, &String)| {
            let map = movies.reference(movie, titles);
            map.is_some_and(|map| {
                let mut keys = maps.entries(map).map(|(key, _)| key);
                keys.any(|key| names.text(key, code).is_some_and(|text| text.is(wanted)))
            })
        };
        movies_at.iter().zip(&wanted).filter(has).count()
    });
    Ok(watch.sample(movies_at.len() as u64, 0, found).into())
}

fn query(context: &mut Context) -> RowResult {
    let keys: Vec<i64> = context.random().into_iter().map(d1::id).collect();
    let wanted = languages(keys.len());
    let (state, index) = context.indexed()?;
    let (movies, [title, titles]) = object(state, "Movie", ["title", "titles"])?;
    let (strings, [value]) = object(state, "String", ["value"])?;
    let (names, [code]) = object(state, "Language", ["code"])?;
    let (localized, [text]) = object(state, "LocalizedTitle", ["text"])?;
    let maps = state.map("MapOfLanguageToLocalizedTitle").context("D1 has this type")?;
    let length = |string: Option<Ordinal>| {
        let text = string.and_then(|string| strings.text(string, value));
        text.map_or(0, |text| black_box(text.to_str()).chars().count())
    };
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let mut sum = 0;
        for (&key, wanted) in keys.iter().zip(&wanted) {
            let Some(movie) = index.find(state, &[KeyValue::Long(key)]) else {
                continue;
            };
            sum += length(movies.reference(movie, title));
            let Some(map) = movies.reference(movie, titles) else {
                continue;
            };
            let mut entries = maps.entries(map);
            let entry = entries.find(|&(key, _)| names.text(key, code).is_some_and(|text| text.is(wanted)));
            sum += entry.map_or(0, |(_, found)| length(localized.reference(found, text)));
        }
        sum
    });
    Ok(watch.sample(keys.len() as u64, 0, sum).into())
}

fn status(context: &mut Context) -> RowResult {
    let videos_at = ordinals(context.random());
    let wanted: Vec<String> = positions(3, d3::COUNTRIES, videos_at.len())
        .into_iter()
        .map(|i| crate::data::stream::code2(i as usize))
        .collect();
    let state = &context.at(0)?.state;
    let (videos, [statuses]) = object(state, "Video", ["statuses"])?;
    let (names, [code]) = object(state, "Country", ["code"])?;
    let (values, [field]) = object(state, "Status", ["state"])?;
    let maps = state.map("MapOfCountryToStatus").context("D3 has this type")?;
    let mut watch = Stopwatch::default();
    let sum = watch.time(|| {
        let state_of = |(&video, wanted): (&Ordinal, &String)| {
            let map = videos.reference(video, statuses)?;
            let mut entries = maps.entries(map);
            let (_, found) = entries.find(|&(key, _)| names.text(key, code).is_some_and(|text| text.is(wanted)))?;
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
