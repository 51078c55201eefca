//! A dataset with all kinds of types, and random records for it.

use hollow::producer::{BoxError, Cycle, Producer, ProducerBuilder, SnapshotWriting};
use hollow::read::ReadState;
use hollow::record::Value;
use hollow::schema::Dataset;
use hollow::store::Store;
use hollow::testing::{ManualClock, Model, entropy, records_of};
use std::time::Duration;

const SCHEMAS: &str = "
Movie @PrimaryKey(id, country) {
    long id; Country country; string title; People cast; Tags tags; Credits credits; int year; double score; bytes art; boolean live;
}
Country { string code; }
Person { string name; Country born; }
People List<Person>;
Tag { string value; }
Tags Set<Tag> @HashKey(value);
Credits Map<Tag, Person> @HashKey(value);
Studio @PrimaryKey(id) { int id; string name; People bosses; }
";

pub(crate) fn dataset() -> Dataset {
    Dataset::parse(SCHEMAS).expect("valid schemas")
}

/// The same without credits, and with something new in other places.
pub(crate) fn evolved_dataset() -> Dataset {
    let text = SCHEMAS
        .replace("Credits credits; int year;", "int year; Tag genre;")
        .replace("Credits Map<Tag, Person> @HashKey(value);", "")
        .replace("string name; Country born;", "Country born; string name; Tag role;");
    Dataset::parse(&text).expect("valid schemas")
}

/// A producer with time and randomness by hand, and no waiting.
pub(crate) fn builder(dataset: Dataset, store: &Store, seed: u64) -> ProducerBuilder {
    let clock = ManualClock::at(1_700_000_000 + seed);
    Producer::builder(dataset, store.clone())
        .root("Movie")
        .root("Studio")
        .snapshot_every(5)
        .snapshots(SnapshotWriting::WithVersion)
        .clock(move || clock.now())
        .entropy(entropy(seed))
        .retry(3, Duration::ZERO)
        .sleep(|_| {})
}

pub(crate) fn producer(store: &Store, seed: u64) -> Producer {
    builder(dataset(), store, seed).build().expect("valid settings")
}

/// Random numbers and records.
pub(crate) struct Random(Box<dyn FnMut() -> u64>);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Box::new(entropy(seed)))
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.0)() % limit
    }

    fn text(&mut self, kinds: u64) -> Value {
        let texts = ["Zoë", "日本", "", "Salt Harbour", "a", "𝄞 clef", "zz", "Ω"];
        let number = self.below(kinds);
        Value::String(format!("{}{number}", texts[number as usize % texts.len()]))
    }

    fn wrapper(&mut self, kinds: u64) -> Value {
        Value::Object(vec![self.text(kinds)])
    }

    fn person(&mut self) -> Value {
        let born = if self.below(4) == 0 {
            Value::Null
        } else {
            self.wrapper(5)
        };
        Value::Object(vec![self.text(12), born])
    }

    fn distinct(&mut self, most: u64, mut make: impl FnMut(&mut Self) -> Value) -> Vec<Value> {
        let mut values: Vec<Value> = Vec::new();
        for _ in 0..self.below(most + 1) {
            let value = make(self);
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }

    fn people(&mut self) -> Value {
        let count = self.below(5);
        Value::List((0..count).map(|_| self.person()).collect())
    }

    pub(crate) fn movie(&mut self, keys: u64) -> Value {
        let id = self.below(keys) as i64;
        let country = Value::Object(vec![Value::String(["de", "fr"][self.below(2) as usize].into())]);
        let cast = if self.below(5) == 0 { Value::Null } else { self.people() };
        let tags = Value::Set(self.distinct(6, |random| random.wrapper(9)));
        let credits = self.distinct(4, |random| random.wrapper(9));
        let credits = Value::Map(credits.into_iter().map(|tag| (tag, self.person())).collect());
        Value::Object(vec![
            Value::Long(id),
            country,
            self.text(20),
            cast,
            tags,
            credits,
            if self.below(6) == 0 {
                Value::Null
            } else {
                Value::Int(self.below(3000) as i32 - 100)
            },
            Value::Double(self.below(100) as f64 / 8.0),
            Value::Bytes((0..self.below(4)).map(|_| self.below(256) as u8).collect()),
            Value::Boolean(self.below(2) == 0),
        ])
    }

    pub(crate) fn studio(&mut self, keys: u64) -> Value {
        Value::Object(vec![Value::Int(self.below(keys) as i32), self.text(6), self.people()])
    }

    /// Some changes to a model.
    pub(crate) fn change(&mut self, model: &mut Model, changes: u64) {
        for _ in 0..changes {
            let (type_name, value) = match self.below(4) {
                0 => ("Studio", self.studio(6)),
                _ => ("Movie", self.movie(25)),
            };
            match self.below(4) {
                0 => model.delete(type_name, &value),
                _ => model.upsert(type_name, value),
            }
        }
    }
}

/// Fills a full cycle with a model.
pub(crate) fn fill(cycle: &mut Cycle<'_>, model: &Model) -> Result<(), BoxError> {
    for (type_name, value) in model.roots() {
        cycle.add(type_name, value)?;
    }
    Ok(())
}

/// Whether a state is what a model says.
#[track_caller]
pub(crate) fn assert_is(state: &ReadState, model: &Model) {
    assert_eq!(records_of(state), model.records());
}
