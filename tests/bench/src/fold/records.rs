//! The records that are folded: nested, with texts, as sources send them, each a function of its number and version.

use crate::data::stream::{Stream, code2, lang2};
use hollow::record::Value;
use std::collections::BTreeSet;

pub(crate) const SCHEMA: &str = "
    Asset @PrimaryKey(asset_id) {
        string asset_id; long video_id; AssetType asset_type; Language language; StatusCode status_code;
        Countries territory; Texts texts; long updated_at;
    }
    AssetType { string name; }
    Language { string tag; }
    StatusCode { string name; }
    Country { string code; }
    Countries Set<Country> @HashKey(code);
    Texts List<Text>;
    Text { Language language; string title; string synopsis; }";
pub(crate) const ROOT: &str = "Asset";
/// The position of `updated_at`, which is the last field.
const UPDATED_AT: usize = 7;

/// How large a record is, as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    /// 200 bytes on average.
    Small,
    /// 1 024 bytes on average.
    Large,
}

impl Size {
    pub(crate) const ALL: [Size; 2] = [Size::Small, Size::Large];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Size::Small => "200 B",
            Size::Large => "1 KB",
        }
    }
}

const TYPES: [&str; 4] = ["video", "audio", "subtitle", "artwork"];
const STATES: [&str; 5] = ["received", "inspected", "validated", "rejected", "withdrawn"];
const LANGUAGES: u32 = 40;
/// How many lists of countries there are: contracts share them.
const TERRITORIES: u32 = 400;

fn named(text: impl Into<String>) -> Value {
    Value::Object(vec![Value::String(text.into())])
}

/// The text that names record `i`.
pub(crate) fn asset_id(i: u32) -> String {
    format!("asset-{i:09}")
}

/// Record `i` as it is in a version. Two versions always differ.
pub(crate) fn record(size: Size, i: u32, version: u32) -> Value {
    let mut stable = Stream::new(0xF0, i.into(), 0);
    let mut fresh = Stream::new(0xF1, i.into(), version.into());
    let language = stable.below(LANGUAGES);
    let texts = match size {
        Size::Small => Value::Null,
        // A version changes one of the three.
        Size::Large => Value::List((0..3).map(|at| text(i, at, language, (version + at) / 3)).collect()),
    };
    Value::Object(vec![
        Value::String(asset_id(i)),
        Value::Long(i64::from(80_000_000 + i / 8)),
        named(TYPES[stable.below(4) as usize]),
        named(lang2(language as usize)),
        named(STATES[fresh.below(5) as usize]),
        territory(size, stable.below(TERRITORIES)),
        texts,
        Value::Long(1_700_000_000_000 + i64::from(version) * 60_000),
    ])
}

/// The same with another time of change.
pub(crate) fn with_time(record: Value, updated_at: i64) -> Value {
    match record {
        Value::Object(mut fields) => {
            fields[UPDATED_AT] = Value::Long(updated_at);
            Value::Object(fields)
        }
        other => other,
    }
}

fn territory(size: Size, number: u32) -> Value {
    let mut stream = Stream::new(0xF2, number.into(), 0);
    let (least, span) = match size {
        Size::Small => (6, 7),
        Size::Large => (11, 12),
    };
    let count = least + stream.below(span);
    let codes: BTreeSet<u32> = (0..count).map(|_| stream.below(120)).collect();
    Value::Set(codes.into_iter().map(|code| named(code2(code as usize))).collect())
}

fn text(i: u32, at: u32, language: u32, version: u32) -> Value {
    let mut stream = Stream::new(0xF3 + u64::from(at), i.into(), version.into());
    Value::Object(vec![
        named(lang2(((language + at * 7) % LANGUAGES) as usize)),
        Value::String(stream.words(3, 2, 3)),
        Value::String(stream.words(22, 3, 3)),
    ])
}

/// What the messages of a part of a topic are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Every record for the first time.
    First,
    /// Every record once more, changed, in another order.
    Distinct,
    /// A few records, again and again.
    Hot,
}

/// How many records are hot.
const HOT: u32 = 1000;
/// A prime that divides no number of records used here: its multiples name each record once.
const STRIDE: u64 = 7_368_787;

impl Case {
    /// In the order in which a topic has them.
    pub(crate) const ALL: [Case; 3] = [Case::First, Case::Distinct, Case::Hot];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Case::First => "distinct keys, first load",
            Case::Distinct => "distinct keys, changes",
            Case::Hot => "1 000 hot keys, changes",
        }
    }

    /// The record and the version that message `m` of `n` carries; there are `n` records.
    pub(crate) fn message(self, m: u32, n: u32) -> (u32, u32) {
        match self {
            Case::First => (m, 0),
            Case::Distinct => ((u64::from(m) * STRIDE % u64::from(n)) as u32, 1),
            Case::Hot => {
                let hot = HOT.min(n);
                let key = Stream::new(0xF8, m.into(), 0).below(hot);
                (key * (n / hot), 2 + m)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hollow::schema::Dataset;
    use incremental_producer::Codec;

    #[test]
    fn records_are_as_large_as_is_said_and_both_forms_mean_them() {
        let codec = Codec::new(Dataset::parse(SCHEMA).expect("schemas"), ROOT).expect("a key");
        for (size, expected) in [(Size::Small, 200.0), (Size::Large, 1024.0)] {
            let mut bytes = 0;
            for i in 0..1000 {
                let value = record(size, i, i % 4);
                let key = codec.encode_key(&codec.key_of(&value).expect("a key"));
                let json = codec.encode_json(&value);
                let compact = codec.encode_rkyv(&value).expect("the compact form");
                bytes += json.len();
                let [json, compact] =
                    [json, compact].map(|payload| codec.decode(Some(&key), Some(&payload)).expect("it means a record"));
                assert_eq!(json, compact);
                assert_eq!(json.change, incremental_producer::message::Change::Upsert(value));
            }
            let mean = bytes as f64 / 1000.0;
            assert!((mean / expected - 1.0).abs() < 0.03, "{size:?}: {mean}");
        }
    }

    #[test]
    fn versions_differ_and_every_record_changes_once() {
        for size in Size::ALL {
            let versions: Vec<Value> = (0..10).map(|version| record(size, 7, version)).collect();
            for (at, one) in versions.iter().enumerate() {
                assert!(!versions[..at].contains(one), "{size:?} {at}");
            }
            let late = with_time(versions[0].clone(), 5);
            assert!(matches!(&late, Value::Object(fields) if fields[UPDATED_AT] == Value::Long(5)));
        }
        for n in [2_000, 100_000, 400_000, 1_000_000] {
            let all: BTreeSet<u32> = (0..n).map(|m| Case::Distinct.message(m, n).0).collect();
            assert_eq!(all.len(), n as usize);
            let hot: BTreeSet<u32> = (0..n).map(|m| Case::Hot.message(m, n).0).collect();
            assert!(hot.len() <= HOT as usize && hot.iter().all(|&i| i < n), "{n}");
        }
    }
}
