//! What the tests of typed records share.
#![allow(dead_code)]

use hollow::read::ReadState;
use hollow::record::Value;
use hollow::typed::{Mapper, Model, Record};
use hollow::write::{WriteConfig, WriteStateEngine};

pub(crate) fn engine(model: &Model) -> WriteStateEngine {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    model.add_types(&mut engine).unwrap();
    engine.set_next_tag(1);
    engine
}

/// A snapshot of these records.
pub(crate) fn snapshot<T: Record>(records: &[T]) -> Vec<u8> {
    let mut engine = engine(&Model::of::<T>().unwrap());
    let mut mapper = Mapper::new(&mut engine);
    for record in records {
        mapper.add(record).unwrap();
    }
    let mut snapshot = Vec::new();
    engine.write_snapshot(&mut snapshot).unwrap();
    snapshot
}

pub(crate) fn read_back<T: Record>(records: &[T]) -> ReadState {
    ReadState::from_snapshot(&snapshot(records)).unwrap()
}

/// The schemas of a type and all it reaches, in one line each.
pub(crate) fn schemas<T: Record>() -> Vec<String> {
    let model = Model::of::<T>().unwrap();
    let one_line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    model
        .dataset()
        .schemas()
        .iter()
        .map(|schema| one_line(schema.to_string()))
        .collect()
}

/// The record as the dynamic library reads it.
pub(crate) fn value_of<T: Record>(record: &T) -> Value {
    let state = read_back(std::slice::from_ref(record));
    let model = Model::of::<T>().unwrap();
    let root = model.roots().next().unwrap().to_owned();
    let ordinal = state.ty(&root).unwrap().populated().last().unwrap();
    state.value(&root, ordinal).unwrap()
}
