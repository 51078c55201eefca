//! States to compare, made with the write engine.

#![allow(dead_code, reason = "each test program uses its own part")]

use hollow::Ordinal;
use hollow::read::ReadState;
use hollow::record::Value;
use hollow::schema::{Dataset, Schema};
use hollow::write::{WriteConfig, WriteStateEngine};

/// All kinds of types: keyed and not, in lists, sets and maps.
pub(crate) const SCHEMA: &str = "
    Title @PrimaryKey(id) {
        long id; string name; double score; boolean shown; bytes raw;
        Tag tag; Tags tags; Parts parts; Steps steps; Ratings ratings; Words words;
    }
    Tag { string value; }
    Tags Set<Tag> @HashKey(value);
    Part @PrimaryKey(n) { int n; string what; Tags tags; }
    Parts List<Part>;
    Step { int x; int y; float z; Tag tag; }
    Steps List<Step>;
    Rating { string system; string value; int year; }
    Ratings Set<Rating> @HashKey(system);
    Words Map<Tag, Step>;
    Loose { string text; Step step; }
";

/// The engine of a chain of states.
pub(crate) struct Chain {
    engine: WriteStateEngine,
    tag: i64,
}

impl Chain {
    /// A chain whose states have tags from `first_tag` on.
    pub(crate) fn new(schema: &str, first_tag: i64) -> Self {
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        for schema in Dataset::parse(schema).expect("schema").schemas() {
            engine.add_type(schema.clone(), None).expect("type");
        }
        engine.set_next_tag(first_tag);
        Chain { engine, tag: first_tag }
    }

    /// Sets a header tag of the state to come.
    pub(crate) fn header(&mut self, name: &str, value: &str) {
        self.engine.set_header_tag(name, value);
    }

    /// The next state: its snapshot, and the delta to it if there is a state before.
    pub(crate) fn next(&mut self, records: &[(&str, Value)]) -> (Vec<u8>, Option<Vec<u8>>) {
        let has_previous = self.engine.has_previous_state();
        for (ty, record) in records {
            self.engine.add(ty, record).expect("record");
        }
        let (mut snapshot, mut delta) = (Vec::new(), Vec::new());
        self.engine.write_snapshot(&mut snapshot).expect("snapshot");
        let delta = has_previous.then(|| {
            self.engine.write_delta(&mut delta).expect("delta");
            delta
        });
        self.tag += 1;
        self.engine.prepare_for_next_cycle(self.tag);
        (snapshot, delta)
    }
}

/// A state with these records.
pub(crate) fn state(schema: &str, records: &[(&str, Value)]) -> ReadState {
    ReadState::from_snapshot(&Chain::new(schema, 1).next(records).0).expect("snapshot")
}

pub(crate) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

/// A record of a type with one field.
pub(crate) fn wrapped(value: &str) -> Value {
    Value::Object(vec![text(value)])
}

pub(crate) fn set(values: &[&str]) -> Value {
    Value::Set(values.iter().map(|value| wrapped(value)).collect())
}

/// All records of a type.
pub(crate) fn all(state: &ReadState, ty: &str) -> Vec<(Ordinal, Value)> {
    let records = state.ty(ty).into_iter().flat_map(|ty| ty.populated());
    records
        .map(|ordinal| (ordinal, state.value(ty, ordinal).expect("record")))
        .collect()
}

/// The same text for equal records: sets and maps sorted, floats by their bits. Independent of what is tested.
pub(crate) fn canonical(value: &Value) -> String {
    let sorted = |mut items: Vec<String>| {
        items.sort();
        items.join(",")
    };
    match value {
        Value::Float(value) => format!("f{:x}", value.to_bits()),
        Value::Double(value) => format!("d{:x}", value.to_bits()),
        Value::Object(fields) => format!("O({})", fields.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::List(items) => format!("L({})", items.iter().map(canonical).collect::<Vec<_>>().join(",")),
        Value::Set(items) => format!("S({})", sorted(items.iter().map(canonical).collect())),
        Value::Map(entries) => {
            format!(
                "M({})",
                sorted(
                    entries
                        .iter()
                        .map(|(k, v)| format!("{}={}", canonical(k), canonical(v)))
                        .collect()
                )
            )
        }
        other => format!("{other:?}"),
    }
}

/// The names of the fields of an object type.
pub(crate) fn field_names(state: &ReadState, ty: &str) -> Vec<String> {
    match state.dataset().get(ty) {
        Some(Schema::Object(schema)) => schema.fields.iter().map(|field| field.name.clone()).collect(),
        _ => Vec::new(),
    }
}
