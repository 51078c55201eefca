//! What Java's reader cannot do, told from the data: where a chain comes upon it, Java is expected to fail.

use hollow::Ordinal;
use hollow::read::{ReadState, TypeReadState};
use hollow::schema::{Dataset, Field, HashKey, PathError, Schema};
use std::collections::BTreeSet;

/// Whether Java can load these types without others: it cannot if it has a set or map but not the type that a path of its
/// hash key goes on to without naming a field of it. Where a written part of the path needs a type that is missing, Java
/// does without the key.
pub(super) fn loads_in_java(loaded: &Dataset) -> bool {
    loaded.schemas().iter().all(|schema| {
        let (root, hash_key) = match schema {
            Schema::Set(schema) => (&schema.element, &schema.hash_key),
            Schema::Map(schema) => (&schema.key, &schema.hash_key),
            Schema::Object(_) | Schema::List(_) => return true,
        };
        for path in hash_key.as_ref().map(HashKey::paths).unwrap_or_default() {
            match loaded.resolve(root, path) {
                Ok(_) => {}
                // The paths behind are not looked at.
                Err(PathError::MissingType { written: true, .. }) => return true,
                Err(_) => return false,
            }
        }
        true
    })
}

/// Whether what Java says is that it cannot go from one state to another because a type has another number of shards
/// there, and that is a type with which it cannot do that.
pub(super) fn is_failed_resharding(said: &str, from: &ReadState, to: &ReadState) -> bool {
    from.types().any(|ty| {
        let shards = (ty.num_shards(), to.ty(ty.name()).map(TypeReadState::num_shards));
        let (before, Some(after)) = shards else { return false };
        before != after
            && cannot_reshard(ty, after)
            && said.contains("Failed to reshard")
            && said.contains(&format!(" type {} from {before} to {after} shards", ty.name()))
    })
}

/// Java's reader makes itself arrays of no length where records take no bits, and fails to write to them: for any type
/// that has ordinals and no record; for sets and maps in each shard that has ordinals and no record, if all that the type
/// has is empty.
fn cannot_reshard(ty: &TypeReadState, shards: u32) -> bool {
    let Some(highest) = ty.max_ordinal() else { return false };
    let is_empty = |ordinal: Ordinal| match ty {
        TypeReadState::Set(ty) => ty.elements(ordinal).next().is_none(),
        TypeReadState::Map(ty) => ty.entries(ordinal).next().is_none(),
        TypeReadState::Object(_) | TypeReadState::List(_) => false,
    };
    let with_ordinals = shards.min(highest.get() + 1);
    let with_records: BTreeSet<u32> = ty.populated().map(|ordinal| ordinal.get() % shards).collect();
    ty.populated().all(is_empty) && with_records.len() < with_ordinals as usize
}

/// What Java says when it looks at a record that takes no bits.
pub(super) const NO_BITS: &str = "sum: java.lang.ArrayIndexOutOfBoundsException";

/// The types whose records Java may fail to look at: the reader had none of them and has got some, and all the fields it
/// has of the type are gone from the data. Where Java has not kept a width from earlier records, these take no bits.
pub(super) fn without_fields<'s>(before: &ReadState, now: &'s ReadState, written: &Dataset) -> Vec<&'s TypeReadState> {
    let types = now.types().filter(|ty| {
        let had_none = before.ty(ty.name()).is_none_or(TypeReadState::is_empty);
        let schemas = (
            ty.schema().as_object(),
            written.get(ty.name()).and_then(Schema::as_object),
        );
        let (Some(known), Some(written)) = schemas else {
            return false;
        };
        let is_gone = |field: &Field| written.position(&field.name).is_none();
        had_none && !ty.is_empty() && !known.fields.is_empty() && known.fields.iter().all(is_gone)
    });
    types.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hollow::write::{FieldValue, WriteConfig, WriteStateEngine};

    fn dataset(text: &str) -> Dataset {
        Dataset::parse(text).expect("a data set")
    }

    #[test]
    fn a_type_behind_a_hash_key_is_missed_where_the_path_does_not_name_its_field() {
        let loads = |key: &str, kind: &str, types: &[&str]| {
            let whole = dataset(&format!(
                "Country {{ string code; }} Film {{ Country made_in; Country sold_in; int year; }} Films {kind} @HashKey({key});"
            ));
            let loaded = whole.schemas().iter().filter(|schema| types.contains(&schema.name()));
            loads_in_java(&Dataset::new(loaded.cloned().collect()).expect("a data set"))
        };
        for kind in ["Set<Film>", "Map<Film, Film>"] {
            for (key, without_country) in [
                ("year", true),
                ("made_in", false),
                ("made_in.code", true),
                ("year, made_in", false),
                // The first path is given up, and with it those behind.
                ("made_in.code, sold_in", true),
            ] {
                assert!(loads(key, kind, &["Country", "Film", "Films"]), "{key}");
                assert_eq!(loads(key, kind, &["Film", "Films"]), without_country, "{kind} {key}");
                assert!(loads(key, kind, &["Films"]) && loads(key, kind, &["Film"]), "{key}");
            }
        }
    }

    /// A state of sets of numbers with so many shards: the sets of these sizes, in order of their ordinals, and no other.
    /// None: an ordinal without a record.
    fn state(shards: u32, sizes: &[Option<usize>]) -> ReadState {
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        let mut types = dataset("Number { int value; } Numbers Set<Number>;").schemas().to_vec();
        let numbers = types
            .pop()
            .map(|schema| engine.add_type(schema, Some(shards)).expect("a type"));
        let number = types.pop().map(|schema| engine.add_type(schema, None).expect("a type"));
        let (number, numbers) = (number.expect("Number"), numbers.expect("Numbers"));
        // Sets of sizes of their own take the ordinals that none is wanted at; they are not of the next version.
        for cycle in 0..2 {
            engine.prepare_for_next_cycle(cycle);
            for (at, size) in sizes.iter().enumerate() {
                let size = match size {
                    Some(size) => *size,
                    None if cycle == 0 => 10 + at,
                    None => continue,
                };
                let elements: Vec<Ordinal> = (0..size as i32)
                    .map(|value| engine.add_object(number, &[FieldValue::Int(value)].into_iter().collect()))
                    .collect::<Result<_, _>>()
                    .expect("numbers");
                engine.add_set(numbers, &elements).expect("a set");
            }
            let mut bytes = Vec::new();
            engine.write_snapshot(&mut bytes).expect("a snapshot");
            if cycle == 1 {
                return ReadState::from_snapshot(&bytes).expect("a state");
            }
        }
        unreachable!("the second cycle returns");
    }

    #[test]
    fn a_type_is_without_fields_if_the_reader_had_no_record_of_it_and_its_fields_are_gone() {
        let (none, some) = (state(1, &[]), state(1, &[Some(1)]));
        let names = |before: &ReadState, now: &ReadState, written: &str| -> Vec<String> {
            let types = without_fields(before, now, &dataset(written));
            types.iter().map(|ty| ty.name().to_owned()).collect()
        };
        let changed = "Number { int other; } Numbers Set<Number>;";
        assert_eq!(names(&none, &some, changed), ["Number"]);
        assert!(
            names(&none, &some, "Number { int other; int value; }").is_empty(),
            "one is left"
        );
        assert!(
            names(&none, &some, "Numbers Set<Numbers>;").is_empty(),
            "the type is gone"
        );
        assert!(names(&some, &some, changed).is_empty(), "it had records");
        assert!(names(&some, &none, changed).is_empty(), "it has none");
    }

    #[test]
    fn resharding_fails_in_java_where_records_take_no_bits() {
        let said = "java: follow: Failed to reshard SET type Numbers from 2 to 4 shards. This may";
        let to = state(4, &[Some(1)]);
        let expected = |sizes: &[Option<usize>]| is_failed_resharding(said, &state(2, sizes), &to);
        assert!(expected(&[None, Some(0)]), "shard 0 of 4 has nothing");
        assert!(expected(&[None, None]), "no record at all");
        assert!(!expected(&[Some(0)]), "the only shard with an ordinal has a record");
        assert!(!expected(&[None, Some(1)]), "records take bits");
        assert!(!expected(&[]), "no ordinal");
        let from = state(2, &[None, Some(0)]);
        assert!(
            !is_failed_resharding(said, &from, &state(2, &[Some(1)])),
            "no other number"
        );
        assert!(
            !is_failed_resharding(said, &from, &state(8, &[Some(1)])),
            "another number"
        );
        assert!(
            !is_failed_resharding(&said.replace("Numbers", "Number"), &from, &to),
            "another type"
        );
        assert!(
            !is_failed_resharding(&said.replace("reshard", "read"), &from, &to),
            "another failure"
        );
    }
}
