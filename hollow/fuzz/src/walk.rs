//! Asking a state for everything there is to ask.

use hollow::Ordinal;
use hollow::index::UniqueKey;
use hollow::read::{ObjectTypeState, ReadState, TypeReadState};
use hollow::record::json;
use hollow::schema::FieldType;
use hollow::tools::checksum::Checksums;
use hollow::tools::dump;

/// Of so many records of a type the whole tree is taken: a tree can be very much larger than its record.
const TREES: usize = 16;

/// Reads every record of a state through every accessor, and everything that goes over whole states.
///
/// # Panics
/// If the state contradicts itself: such a state must never come of a blob.
pub fn walk(state: &ReadState) {
    for ty in state.types() {
        let ordinals: Vec<Ordinal> = ty.populated().collect();
        assert_eq!(ordinals.len(), ty.len(), "{}", ty.name());
        assert!(ordinals.is_sorted_by(|a, b| a < b), "{}", ty.name());
        assert!(ordinals.last().copied() <= ty.max_ordinal(), "{}", ty.name());
        assert!(ty.num_shards().is_power_of_two());
        for &ordinal in &ordinals {
            assert!(ty.is_populated(ordinal));
            record(ty, ordinal);
        }
        for &ordinal in ordinals.iter().take(TREES) {
            let tree = state.value(ty.name(), ordinal).expect("a record that is there");
            json::to_vec(state.dataset(), ty.name(), &tree);
        }
        // Records that are not there are not there for anybody.
        let next = ordinals.last().map_or(0, |last| last.get() + 1);
        for absent in [Ordinal::new(next), Ordinal::new(Ordinal::MAX)].into_iter().flatten() {
            if !ty.is_populated(absent) {
                assert!(state.value(ty.name(), absent).is_none());
                record(ty, absent);
            }
        }
        if let Ok(index) = UniqueKey::build(state, ty.name()) {
            assert!(index.len() <= ty.len());
        }
    }
    Checksums::of(state);
    state.dataset().dependency_order();
    state.memory_bytes();
    dump::write_json(state, &mut std::io::sink()).expect("a sink takes all");
}

/// All that readers see of a state: schemas, header tags and records. Not the random tags, which belong to the chain.
pub fn content(state: &ReadState) -> Vec<u8> {
    let mut out = format!("{:?}\n{:?}\n", state.header_tags(), state.dataset().schemas()).into_bytes();
    dump::write_json(state, &mut out).expect("memory takes all");
    out
}

fn record(ty: &TypeReadState, ordinal: Ordinal) {
    let populated = ty.is_populated(ordinal);
    match ty {
        TypeReadState::Object(ty) => (0..=ty.schema().fields.len()).for_each(|field| object_field(ty, ordinal, field)),
        TypeReadState::List(ty) => {
            assert_eq!(ty.elements(ordinal).count(), ty.len_of(ordinal));
            assert!(populated || ty.len_of(ordinal) == 0);
        }
        TypeReadState::Set(ty) => {
            assert_eq!(ty.elements(ordinal).count(), ty.len_of(ordinal));
            assert!(ty.buckets(ordinal).map(|(bucket, _)| bucket).is_sorted_by(|a, b| a < b));
            assert!(populated || ty.len_of(ordinal) == 0);
        }
        TypeReadState::Map(ty) => {
            assert_eq!(ty.entries(ordinal).count(), ty.len_of(ordinal));
            assert!(
                ty.buckets(ordinal)
                    .map(|(bucket, ..)| bucket)
                    .is_sorted_by(|a, b| a < b)
            );
            assert!(populated || ty.len_of(ordinal) == 0);
        }
    }
}

/// Asks for a field as every type there is: at most its own gives a value.
fn object_field(ty: &ObjectTypeState, ordinal: Ordinal, field: usize) {
    let text = ty.text(ordinal, field);
    if let Some(text) = text {
        text.to_well_formed();
        text.java_hash();
        assert!(text.to_str().chars().count() <= text.bytes().len());
    }
    let given = [
        (ty.int(ordinal, field).is_some(), FieldType::Int),
        (ty.long(ordinal, field).is_some(), FieldType::Long),
        (ty.boolean(ordinal, field).is_some(), FieldType::Boolean),
        (ty.float(ordinal, field).is_some(), FieldType::Float),
        (ty.double(ordinal, field).is_some(), FieldType::Double),
        (text.is_some(), FieldType::String),
        (ty.bytes(ordinal, field).is_some(), FieldType::Bytes),
    ];
    let declared = ty.schema().fields.get(field).map(|field| &field.ty);
    for (given, holds) in given {
        assert!(!given || declared == Some(&holds), "{holds}");
    }
    if ty.reference(ordinal, field).is_some() {
        assert!(declared.is_some_and(|holds| holds.reference().is_some()));
    }
}
