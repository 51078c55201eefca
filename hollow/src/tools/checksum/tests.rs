//! Checksums against those of records read one by one, in the order of the wire.

use super::*;
use crate::memory::hash::murmur;
use crate::write::{FieldValue, TypeId, WriteConfig, WriteStateEngine};
use std::io::Write;

const SCHEMAS: &str = "
    Thing { int number; long id; boolean is; float small; double large; string name; bytes key; Thing next; }
    Things List<Thing>; Pool Set<Thing>; ByThing Map<Thing, Thing>;";

/// The format's definition: `docs/format.md`, section 14.
fn expected(ty: &TypeReadState) -> i32 {
    let mut sum = Checksum::default();
    for shard in 0..ty.num_shards() {
        for ordinal in ty
            .populated()
            .filter(|ordinal| ordinal.get() % ty.num_shards() == shard)
        {
            sum.apply_int(ordinal.get().cast_signed());
            let mut apply = |value: Ordinal| sum.apply_int(value.get().cast_signed());
            match ty {
                TypeReadState::Object(ty) => of_fields(ty, ordinal, &mut sum),
                TypeReadState::List(ty) => ty.elements(ordinal).for_each(apply),
                TypeReadState::Set(ty) => ty.buckets(ordinal).for_each(|(bucket, element)| {
                    [Ordinal::new(bucket).expect("few"), element]
                        .into_iter()
                        .for_each(&mut apply);
                }),
                TypeReadState::Map(ty) => ty.buckets(ordinal).for_each(|(bucket, key, value)| {
                    [Ordinal::new(bucket).expect("few"), key, value]
                        .into_iter()
                        .for_each(&mut apply);
                }),
            }
        }
    }
    sum.value()
}

fn of_fields(ty: &crate::read::ObjectTypeState, ordinal: Ordinal, sum: &mut Checksum) {
    let fields = &ty.schema().fields;
    let mut sorted: Vec<usize> = (0..fields.len()).collect();
    sorted.sort_by_key(|&at| &fields[at].name);
    for at in sorted {
        let bytes = match FieldKind::of(&fields[at].ty) {
            FieldKind::Text => ty.text(ordinal, at).map(|text| text.bytes()),
            FieldKind::Bytes => ty.bytes(ordinal, at),
            _ => match ty.stored_bits(ordinal, at) {
                Some(bits) => {
                    sum.apply_long(bits.cast_signed());
                    continue;
                }
                None => {
                    sum.apply_int(i32::MAX);
                    continue;
                }
            },
        };
        sum.apply_int(bytes.map_or(-1, murmur));
    }
}

/// Adds records that differ from one cycle to the next in some of them.
fn fill(engine: &mut WriteStateEngine, types: &[TypeId], cycle: u64, some: u64) {
    let mut random = crate::testing::entropy(3);
    let mut things = Vec::new();
    for number in 0..2500 {
        let (random, text) = (random(), format!("{:.*}", (number % 23) as usize, 1.0 / 3.0));
        if cycle > 0 && random % some == cycle {
            continue;
        }
        let number = if random % some == 0 {
            number << 32 | cycle
        } else {
            number
        };
        let or_null = |bit: u32, value| match random >> (32 + 2 * bit) & 3 {
            0 => FieldValue::Null,
            _ => value,
        };
        let last = things.last().copied();
        let fields = [
            or_null(0, FieldValue::Int(number as i32 - 900)),
            FieldValue::Long(number.cast_signed()),
            or_null(1, FieldValue::Boolean(number % 2 == 0)),
            or_null(2, FieldValue::Float(number as f32 / 7.0)),
            or_null(
                3,
                FieldValue::Double(if number % 5 == 0 { f64::NAN } else { number as f64 }),
            ),
            or_null(4, FieldValue::Text(&text)),
            or_null(
                5,
                FieldValue::Bytes(text.as_bytes().get(..number as usize % 6).unwrap_or_default()),
            ),
            or_null(6, last.map_or(FieldValue::Null, FieldValue::Reference)),
        ];
        things.push(engine.add_fields(types[0], &fields).expect("fits"));
    }
    for at in 0..1500_u64 {
        let len = match at {
            7 => 1500, // more than is gone over at a time
            _ => random() % 12,
        };
        let change = if at % some == 0 { cycle } else { 0 };
        let chosen: Vec<Ordinal> = (0..len)
            .map(|number| things[(at + (number + change) * 7) as usize % things.len()])
            .collect();
        let pairs: Vec<(Ordinal, Ordinal)> = chosen.iter().map(|&key| (key, things[at as usize % 9])).collect();
        engine.add_list(types[1], &chosen).expect("fits");
        engine.add_set(types[2], &chosen).expect("fits");
        engine.add_map(types[3], &pairs).expect("fits");
    }
}

#[test]
fn any_number_of_shards_is_summed_up_in_their_order() {
    for num_shards in [1, 2, 16, 64, 128, 1024, 4096] {
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        let schemas = crate::schema::parse(SCHEMAS).expect("schemas");
        let types: Vec<TypeId> = schemas
            .into_iter()
            .map(|schema| engine.add_type(schema, Some(num_shards)).expect("new"))
            .collect();
        let (mut states, mut file): (Vec<ReadState>, _) = (Vec::new(), tempfile::NamedTempFile::new().expect("a file"));
        for cycle in 0..5 {
            engine.prepare_for_next_cycle(cycle as i64 + 1);
            // In the last one hardly any stays, so that most places of pages are empty.
            fill(&mut engine, &types, cycle, if cycle == 4 { 2 } else { 30 });
            let (mut snapshot, mut delta) = (Vec::new(), Vec::new());
            engine.write_snapshot(&mut snapshot).expect("written");
            if let Some(state) = states.last() {
                engine.write_delta(&mut delta).expect("written");
                states.push(state.apply_delta(&delta).expect("the next state"));
            } else {
                file.write_all(&snapshot).expect("written");
            }
            states.push(ReadState::from_snapshot(&snapshot).expect("a state"));
        }
        states.push(ReadState::open_mapped(file.path()).expect("a state"));
        for state in &states {
            let found = Checksums::of(state);
            for ty in state.types() {
                assert_eq!(ty.num_shards(), num_shards);
                assert_eq!(
                    found.types[ty.name()],
                    expected(ty),
                    "{} in {num_shards} shards",
                    ty.name()
                );
            }
        }
        let (a, b) = (&states[7], &states[8]);
        assert_eq!(Checksums::of(a), Checksums::of(b), "by deltas and by a snapshot");
    }
}

#[test]
fn null_is_mixed_as_the_format_says() {
    assert_eq!(hash_long(objects::LIKE_NULL.cast_signed()), hash_int(i32::MAX));
}
