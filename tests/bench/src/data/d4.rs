//! D4 `strings`: text of several scripts.

use super::stream::Stream;
use super::{Add, Dataset, json_string};
use std::fmt::Write as _;

#[derive(Clone, Debug)]
pub(crate) struct Str {
    pub(crate) id: i64,
    pub(crate) text: String,
}

#[derive(Debug)]
pub(crate) struct Strings;

impl Dataset for Strings {
    type Record = Str;
    const TAG: u64 = 0xD4;
    const SCHEMA: &'static str = "Str @PrimaryKey(id) { long id; string text; }";
    const ROOT: &'static str = "Str";

    fn record(&self, i: u32, version: u32) -> Str {
        let mut s = Stream::new(0xD400, i.into(), version.into());
        let letter = |y: u32| char::from(b'a' + y as u8);
        let text = match s.below(20) {
            0..14 => (0..40 + s.below(41))
                .map(|_| match (s.below(6), s.below(26)) {
                    (0, _) => ' ',
                    (_, y) => letter(y),
                })
                .collect(),
            14..17 => (0..28 + s.below(29))
                .map(|_| match (s.below(2), s.below(26)) {
                    (0, y) => letter(y),
                    (_, y) => char::from(0xE0 + y as u8),
                })
                .collect(),
            17..19 => (0..10 + s.below(21)).map(|_| s.char_from(0x4E00, 20_000)).collect(),
            _ => (0..8 + s.below(15)).map(|_| s.char_from(0x1F600, 64)).collect(),
        };
        let id = 5_000_000_000 + 11 * i64::from(i);
        Str { id, text }
    }

    fn adds(&self, _: &Str) -> Add {
        1
    }

    fn canonical(&self, record: &Str, out: &mut String) {
        let _ = write!(out, "{{\"id\":{},\"text\":", record.id);
        json_string(out, &record.text);
        out.push('}');
    }
}
