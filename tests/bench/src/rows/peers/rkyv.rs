//! An rkyv archive of a map, mapped and validated once.

use super::Peer;
use crate::data::d2::Flat;
use anyhow::Context as _;
use hollow::store::BlobBytes;
use rkyv::collections::swiss_table::ArchivedHashMap;
use rkyv::rancor::Error;
use rkyv::rend::i64_le;
use rkyv::ser::writer::IoWriter;
use rkyv::{Archive, Serialize};
use std::collections::HashMap;
use std::fs::File;
use std::hint::black_box;
use std::io::{BufWriter, Write as _};
use std::path::Path;

#[derive(Archive, Serialize)]
struct Record {
    i: i32,
    d: f64,
    b: bool,
    s: String,
    reference: Option<u32>,
}

struct Rkyv {
    map: &'static Map,
    length: u64,
}

type Map = ArchivedHashMap<i64_le, ArchivedRecord>;

pub(super) fn build(records: Vec<Flat>, directory: &Path) -> anyhow::Result<Box<dyn Peer>> {
    let record = |flat: Flat| {
        let Flat {
            id,
            i,
            d,
            b,
            s,
            reference,
        } = flat;
        (id, Record { i, d, b, s, reference })
    };
    let map: HashMap<i64, Record> = records.into_iter().map(record).collect();
    let file = directory.join("archive");
    let out = IoWriter::new(BufWriter::new(File::create(&file)?));
    let out = rkyv::api::high::to_bytes_in::<_, Error>(&map, out)?;
    out.into_inner().flush()?;
    drop(map);
    // Never unmapped: a map in an archive borrows from it, and this one is needed until the process ends.
    let archive: &'static BlobBytes = Box::leak(Box::new(BlobBytes::map(&file)?));
    let map = rkyv::access::<Map, Error>(archive).context("the archive is not valid")?;
    Ok(Box::new(Rkyv {
        map,
        length: archive.len() as u64,
    }))
}

impl Peer for Rkyv {
    fn int(&self, key: i64) -> Option<i32> {
        Some(self.map.get(&i64_le::from_native(key))?.i.to_native())
    }

    fn int_and_length(&self, key: i64) -> Option<(i32, usize)> {
        let record = self.map.get(&i64_le::from_native(key))?;
        Some((record.i.to_native(), black_box(record.s.as_str()).len()))
    }

    fn scan(&self) -> i64 {
        self.map.values().map(|record| i64::from(record.i.to_native())).sum()
    }

    fn file_bytes(&self) -> u64 {
        self.length
    }
}
