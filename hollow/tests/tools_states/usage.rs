//! Widths and bytes are those of the snapshots that Java Hollow wrote.

use fixtures::vectors::cases;
use hollow::read::{ReadState, TypeReadState};
use hollow::schema::Kind;
use hollow::tools::usage::{TypeUsage, usage};

/// Reads the parts of snapshots that say how wide things are; `docs/format.md`, sections 4 and 6.
struct Wire<'b>(&'b [u8]);

impl Wire<'_> {
    fn take(&mut self, count: usize) -> &[u8] {
        let (taken, rest) = self.0.split_at(count);
        self.0 = rest;
        taken
    }

    fn number(&mut self) -> i64 {
        let mut value = 0;
        loop {
            let byte = self.take(1)[0];
            value = value << 7 | i64::from(byte & 0x7f);
            if byte < 0x80 {
                return value;
            }
        }
    }

    fn int(&mut self) -> i64 {
        let value = self.number();
        i64::from(value as u32 as i32)
    }

    fn i16(&mut self) -> usize {
        usize::from(u16::from_be_bytes(self.take(2).try_into().unwrap()))
    }

    fn utf(&mut self) -> String {
        let length = self.i16();
        String::from_utf8_lossy(self.take(length)).into_owned()
    }

    /// Name of the type and number of fields.
    fn schema(&mut self) -> (u8, String, usize) {
        let kind = self.take(1)[0];
        let name = self.utf();
        let paths = |wire: &mut Self| (0..wire.number()).for_each(|_| drop(wire.utf()));
        let mut fields = 0;
        match kind {
            0 | 6 => {
                if kind == 6 {
                    paths(self);
                }
                fields = self.i16();
                for _ in 0..fields {
                    self.utf();
                    if self.utf() == "REFERENCE" {
                        self.utf();
                    }
                }
            }
            1 | 2 => drop(self.utf()),
            4 => {
                self.utf();
                paths(self);
            }
            3 | 5 => {
                self.utf();
                self.utf();
                if kind == 5 {
                    paths(self);
                }
            }
            other => panic!("no kind {other}"),
        }
        (kind, name, fields)
    }

    fn words(&mut self) -> u64 {
        let words = self.number() as usize;
        self.take(words * 8);
        words as u64
    }

    /// Widths of each type, those of its first shard, and bytes of words and variable-length data.
    fn snapshot(mut self) -> Vec<(String, Vec<u32>, u64)> {
        self.take(4 + 16);
        self.number();
        (0..self.number()).for_each(|_| drop(self.schema()));
        let skip = self.number() as usize;
        self.take(skip);
        for _ in 0..2 * self.i16() {
            self.utf();
        }
        (0..self.number()).map(|_| self.frame()).collect()
    }

    fn frame(&mut self) -> (String, Vec<u32>, u64) {
        let (kind, name, fields) = self.schema();
        self.number();
        let skip = self.number() as usize;
        self.take(skip);
        let shards = self.number();
        if shards > 1 {
            self.int();
        }
        let (mut widths, mut bytes) = (Vec::new(), 0);
        for _ in 0..shards {
            self.int();
            let count = match kind {
                0 | 6 => fields,
                2 => 2,
                1 | 4 => 3,
                _ => 4,
            };
            widths = (0..count).map(|_| self.number() as u32).collect();
            if !matches!(kind, 0 | 6) {
                self.number();
                bytes += 8 * (self.words() + self.words());
                continue;
            }
            bytes += 8 * self.words();
            for _ in 0..fields {
                let length = self.number() as usize;
                self.take(length);
                bytes += length as u64;
            }
        }
        let words = u32::from_be_bytes(self.take(4).try_into().unwrap()) as usize;
        self.take(words * 8);
        (name, widths, bytes + 4 + 8 * words as u64)
    }
}

#[test]
fn widths_and_bytes_are_those_of_recorded_snapshots() {
    let (mut types, mut wider) = (0, 0);
    for case in cases() {
        // Only in the first version of a chain nothing that has gone is counted.
        let Some((version, bytes)) = case.versions().first().and_then(|&v| Some((v, case.snapshot(v)?))) else {
            continue;
        };
        let state = ReadState::from_snapshot(bytes).expect("a snapshot");
        let used = usage(&state);
        for (ty, (name, widths, bytes)) in used.iter().zip(Wire(bytes).snapshot()) {
            let place = format!("case={} version={version} type={name}", case.name);
            assert_eq!(ty.name, name, "{place}");
            let found: Vec<u32> = ty.parts.iter().map(|part| part.bits).collect();
            types += 1;
            // Records added and withdrawn before the first version was written count there as well.
            let max = state.ty(&name).and_then(TypeReadState::max_ordinal);
            if max != state.ty(&name).and_then(|ty| ty.populated().last()) {
                wider += 1;
                continue;
            }
            assert_eq!(found, widths, "{place}");
            // Each array is rounded up to words, in each shard.
            let arrays = if ty.kind == Kind::Object { 1 } else { 2 };
            let slack = u64::from(ty.num_shards) * arrays * 8;
            let (used, parts) = (ty.snapshot_bytes, ty.parts.len() as u64);
            assert!(
                bytes <= used + slack && used <= bytes + parts,
                "{place}: {used} and {bytes}"
            );
        }
    }
    assert!(types > 80 && wider * 10 < types, "{wider} of {types}");
}

#[test]
fn holes_cost_what_their_bits_cost() {
    let schemas = hollow::schema::Dataset::parse("Movie { int id; string title; }").unwrap();
    let mut engine = crate::support::engine(&schemas);
    let movie = |id: i32| {
        hollow::record::Value::Object(vec![
            hollow::record::Value::Int(id),
            hollow::record::Value::String("abc".to_owned()),
        ])
    };
    engine.set_next_tag(1);
    for id in 0..8 {
        engine.add("Movie", &movie(id)).unwrap();
    }
    let first = crate::support::snapshot(&mut engine);
    engine.prepare_for_next_cycle(2);
    for id in [1, 3, 5, 7] {
        engine.add("Movie", &movie(id)).unwrap();
    }
    let second = crate::support::snapshot(&mut engine);
    let of = |state| -> TypeUsage { usage(state).remove(0) };
    // zig-zag of 7 is 14, which takes 4 bits with 15 left for null; 24 bytes of text need ends up to 24 in 5 bits, and
    // the null flag.
    assert_eq!(
        of(&first).parts.iter().map(|part| part.bits).collect::<Vec<_>>(),
        [4, 6]
    );
    assert_eq!((of(&first).holes, of(&first).hole_bytes), (0, 0));
    // Now 12 bytes of text: 4 bits, and the flag. Holes at 0, 2, 4, 6: four times nine bits.
    assert_eq!(
        of(&second).parts.iter().map(|part| part.bits).collect::<Vec<_>>(),
        [4, 5]
    );
    assert_eq!((of(&second).holes, of(&second).hole_bytes), (4, 5));
    assert_eq!(
        (of(&second).parts[1].variable_bytes, of(&second).parts[1].bytes),
        (12, 12 + 5)
    );
    assert_eq!(of(&second).parts[0].nulls, 0);
}
