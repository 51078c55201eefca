//! D2 `flat`: one record type of plain fields, and a small one it refers to.

use super::stream::Stream;
use super::{Add, Dataset};
use std::fmt::Write as _;

pub(crate) const REFS: u32 = 10_000;
const LETTERS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

#[derive(Clone, Debug)]
pub(crate) struct Flat {
    pub(crate) id: i64,
    pub(crate) i: i32,
    pub(crate) d: f64,
    pub(crate) b: bool,
    pub(crate) s: String,
    /// Number of the Ref.
    pub(crate) reference: Option<u32>,
}

/// Names of the Ref records.
#[derive(Debug)]
pub(crate) struct Flats {
    pub(crate) names: Vec<String>,
}

impl Flats {
    pub(crate) fn new() -> Self {
        let names = (0..REFS).map(|code| format!("cat-{code}")).collect();
        Self { names }
    }
}

/// The key of record `i`.
pub(crate) fn id(i: u32) -> i64 {
    (u64::from(i).wrapping_mul(0x9E37_79B1) & 0xF_FFFF_FFFF) as i64
}

impl Dataset for Flats {
    type Record = Flat;
    const TAG: u64 = 0xD2;
    const SCHEMA: &'static str = "
        Flat @PrimaryKey(id) { long id; int i; double d; boolean b; string s; Ref ref; }
        Ref { int code; string name; }";
    const ROOT: &'static str = "Flat";

    fn record(&self, i: u32, version: u32) -> Flat {
        let mut stable = Stream::new(0xD200, i.into(), 0);
        let s = (0..4 + stable.below(17))
            .map(|_| char::from(LETTERS[stable.below(36) as usize]))
            .collect();
        let reference = (stable.below(5) != 0).then(|| stable.below(REFS));
        let mut rest = Stream::new(0xD201, i.into(), version.into());
        Flat {
            id: id(i),
            i: rest.below(1_000_000) as i32 - 500_000,
            d: rest.unit() * 1000.0,
            b: rest.coin(),
            s,
            reference,
        }
    }

    fn adds(&self, flat: &Flat) -> Add {
        1 + Add::from(flat.reference.is_some())
    }

    fn canonical(&self, flat: &Flat, out: &mut String) {
        let (bits, Flat { id, i, b, s, .. }) = (flat.d.to_bits(), flat);
        let _ = write!(
            out,
            "{{\"id\":{id},\"i\":{i},\"d\":\"{bits:016x}\",\"b\":{b},\"s\":\"{s}\",\"ref\":"
        );
        match flat.reference {
            None => out.push_str("null}"),
            Some(code) => {
                let name = &self.names[code as usize];
                let _ = write!(out, "{{\"code\":{code},\"name\":\"{name}\"}}}}");
            }
        }
    }
}
