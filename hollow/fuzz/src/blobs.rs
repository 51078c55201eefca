//! Blobs and what they are made of.

use super::walk;
use hollow::blob::{Cursor, DecodeError, Header, PartHeader, read_schema, write_schema};
use hollow::read::{Filter, LoadOptions, ReadState, Transition};
use hollow::schema::Schema;
use std::sync::OnceLock;

/// A snapshot, all of it.
pub fn snapshot(bytes: &[u8]) -> bool {
    ReadState::from_snapshot(bytes).inspect(walk).is_ok()
}

/// A snapshot with types and fields left out. Bit `k` of the first byte stands for the types and fields at positions
/// `k`, `k + 8`, and so on: of the types those are dropped, of the fields of all others too.
pub fn filtered_snapshot(bytes: &[u8]) -> bool {
    let Some((&selector, bytes)) = bytes.split_first() else {
        return false;
    };
    let options = LoadOptions {
        filter: filter(bytes, selector),
        ..LoadOptions::default()
    };
    let filtered = ReadState::from_snapshot_with(bytes, &options).inspect(walk);
    let taken = filtered.is_ok();
    // Who reads less is not more particular, and sees what everybody sees.
    if let Ok(all) = ReadState::from_snapshot(bytes) {
        let filtered = filtered.expect("what all types can be read of, some can");
        for ty in filtered.types() {
            let whole = all.ty(ty.name()).expect("a type that was kept");
            assert!(ty.populated().eq(whole.populated()), "{}", ty.name());
        }
        let (few, many) = hollow::tools::checksum::Checksums::common(&filtered, &all);
        assert_eq!(few, many);
    }
    taken
}

fn filter(bytes: &[u8], selector: u8) -> Filter {
    let chosen = |at: usize| selector >> (at % 8) & 1 != 0;
    let header = Header::read(&mut Cursor::new(bytes));
    let schemas = header.ok().and_then(|header| header.schemas).unwrap_or_default();
    let mut filter = Filter::everything();
    for (at, schema) in schemas.iter().enumerate() {
        if chosen(at) {
            filter = filter.without_type(schema.name());
        } else if let Schema::Object(object) = schema {
            let dropped = object.fields.iter().enumerate().filter(|(at, _)| chosen(*at));
            for (_, field) in dropped {
                filter = filter.without_field(&object.name, &field.name);
            }
        }
    }
    filter
}

/// A delta on each of two good states: one with every type of field, one with every kind of type, in shards. The tag
/// that the delta leads from is made to fit.
pub fn delta(bytes: &[u8]) -> bool {
    static BASES: OnceLock<[ReadState; 2]> = OnceLock::new();
    let load = |bytes: &[u8]| ReadState::from_snapshot(bytes).expect("a good snapshot");
    let bases = BASES.get_or_init(|| {
        [
            load(include_bytes!("../bases/fields")),
            load(include_bytes!("../bases/kinds")),
        ]
    });
    let mut bytes = bytes.to_vec();
    let mut taken = false;
    for base in bases {
        if let Some(tag) = bytes.get_mut(4..12) {
            tag.copy_from_slice(&base.tag().to_be_bytes());
        }
        taken |= changes_back_and_forth(base, base.apply_delta(&bytes));
    }
    taken
}

/// What changes from one state to the next, changes back the other way round.
fn changes_back_and_forth(base: &ReadState, next: Result<ReadState, DecodeError>) -> bool {
    let Ok(next) = next else {
        return false;
    };
    walk(&next);
    let (there, back) = (Transition::between(base, &next), Transition::between(&next, base));
    for ty in next.types() {
        let (there, back) = (there.changes(ty.name()), back.changes(ty.name()));
        assert_eq!((there.added, there.removed), (back.removed, back.added));
    }
    true
}

/// An optional part of a snapshot and of a delta. Its tags are made to fit.
pub fn part(bytes: &[u8]) -> bool {
    const MAIN: &[u8] = include_bytes!("../bases/parts-main");
    const MEDIA: &[u8] = include_bytes!("../bases/part-media");
    const REST: &[u8] = include_bytes!("../bases/part-rest");
    const DELTA: &[u8] = include_bytes!("../bases/parts-delta");
    static BASE: OnceLock<ReadState> = OnceLock::new();
    let with = |parts: Vec<&[u8]>| {
        let options = LoadOptions {
            parts,
            ..LoadOptions::default()
        };
        ReadState::from_snapshot_with(MAIN, &options)
    };
    let in_snapshot = with(vec![&with_tags_of(MAIN, bytes)]).inspect(walk).is_ok();
    let base = BASE.get_or_init(|| with(vec![MEDIA, REST]).expect("good parts"));
    let next = base.apply_delta_with(DELTA, &[&with_tags_of(DELTA, bytes)]);
    changes_back_and_forth(base, next) || in_snapshot
}

/// The part with both tags of a main stream: they stand behind its version and name.
fn with_tags_of(main: &[u8], part: &[u8]) -> Vec<u8> {
    let mut part = part.to_vec();
    if let Some(&[high, low]) = part.get(4..6).and_then(<[u8]>::as_array) {
        let at = 6 + usize::from(u16::from_be_bytes([high, low]));
        if let Some(tags) = part.get_mut(at..at + 16) {
            tags.copy_from_slice(&main[4..20]);
        }
    }
    part
}

/// The header of a blob, the header of a part, and a lone schema.
pub fn header(bytes: &[u8]) -> bool {
    // As many type states are promised as could be there, so the bytes written need some behind them.
    const SPACE: usize = 1 << 16;
    let mut taken = false;
    if let Ok(header) = Header::read(&mut Cursor::new(bytes)) {
        taken = true;
        let mut written = Vec::new();
        header.write(&mut written).expect("texts that were read fit");
        written.resize(written.len() + bytes.len() + SPACE, 0);
        assert_eq!(Header::read(&mut Cursor::new(&written)), Ok(header));
    }
    if let Ok(part) = PartHeader::read(&mut Cursor::new(bytes)) {
        taken = true;
        let mut written = Vec::new();
        part.write(&mut written).expect("texts that were read fit");
        written.resize(written.len() + bytes.len() + SPACE, 0);
        assert_eq!(PartHeader::read(&mut Cursor::new(&written)), Ok(part));
    }
    if let Ok(schema) = read_schema(&mut Cursor::new(bytes)) {
        taken = true;
        let mut written = Vec::new();
        write_schema(&mut written, &schema).expect("names that were read fit");
        let mut cursor = Cursor::new(&written);
        assert_eq!(read_schema(&mut cursor), Ok(schema));
        assert_eq!(cursor.finish(), Ok(()));
    }
    taken
}
