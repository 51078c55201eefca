use super::pages::changed_as_told;
use super::*;
use crate::Version;
use crate::producer::stage::{Snapshot, Staging};
use crate::record::Value;
use crate::schema::Schema;
use crate::store::Staged;
use crate::tools::dump;
use crate::write::WriteConfig;
use crate::write::lent::{Lender, LentRecords};
use std::sync::{Arc, Mutex};

const SCHEMAS: &str = "
Movie @PrimaryKey(id) { long id; string title; Tags tags; double score; }
Tag { string name; }
Tags Set<Tag> @HashKey(name);";

fn movie(id: i64, title: &str) -> Value {
    let tag = |name: &str| Value::Object(vec![Value::String(name.to_owned())]);
    let tags = Value::Set(vec![tag("drama"), tag(["short", "long"][(id % 2) as usize])]);
    let title = Value::String(title.to_owned());
    Value::Object(vec![Value::Long(id), title, tags, Value::Double(id as f64)])
}

/// An announced state, the engine with the next one, and the blobs that it made.
struct Candidate {
    engine: WriteStateEngine,
    previous: ReadState,
    encoded: Encoded,
}

/// A state whose memory can be damaged while it is lent.
struct Memory(Arc<Mutex<ReadState>>);

#[derive(Debug)]
struct LentMemory(Arc<Mutex<ReadState>>, Schema);

impl Lender for Memory {
    fn tag(&self) -> i64 {
        self.0.lock().unwrap().tag()
    }

    fn lend(&self, schema: &Schema) -> Option<Box<dyn LentRecords>> {
        Some(Box::new(LentMemory(self.0.clone(), schema.clone())))
    }
}

impl LentMemory {
    fn now<T>(&self, look: impl FnOnce(&dyn LentRecords) -> T) -> T {
        look(&*self.0.lock().unwrap().lend(&self.1).unwrap())
    }
}

impl LentRecords for LentMemory {
    fn serialize(&self, ordinal: Ordinal, out: &mut Vec<u8>) {
        self.now(|lent| lent.serialize(ordinal, out));
    }

    fn is(&self, ordinal: Ordinal, record: &[u8]) -> bool {
        self.now(|lent| lent.is(ordinal, record))
    }

    fn touch(&self, ordinal: Ordinal) -> u64 {
        self.now(|lent| lent.touch(ordinal))
    }
}

/// The movies of both states, by title: all the same, but for what a test changes.
struct Plan {
    before: Vec<String>,
    removed: Vec<usize>,
    added: Vec<&'static str>,
    /// The announced state lends the engine its records.
    lent: bool,
    /// The movie whose title is another one in memory since the state was announced.
    damaged: Option<usize>,
}

impl Plan {
    fn new(count: usize) -> Self {
        Self {
            before: (0..count).map(|number| format!("movie {number}")).collect(),
            removed: vec![3, 8],
            added: vec!["first", "second", "third"],
            lent: true,
            damaged: None,
        }
    }

    /// The same of an engine that keeps its records.
    fn kept(count: usize) -> Self {
        Self {
            lent: false,
            ..Self::new(count)
        }
    }

    fn candidate(&self, snapshot: Snapshot) -> Candidate {
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        for schema in crate::schema::parse(SCHEMAS).unwrap() {
            engine.add_type(schema, None).unwrap();
        }
        engine.set_next_tag(0x1234_5678_0000_0001);
        let add = |engine: &mut WriteStateEngine, number: usize, title: &str| {
            engine.add("Movie", &movie(number as i64, title)).unwrap()
        };
        let mut ordinals = Vec::new();
        for (number, title) in self.before.iter().enumerate() {
            ordinals.push(add(&mut engine, number, title));
        }
        let mut bytes = Vec::new();
        engine.write_snapshot(&mut bytes).unwrap();
        let mut previous = ReadState::from_snapshot(&bytes).unwrap();

        let tag = 0x2345_6789_0000_0001;
        let memory = Memory(Arc::new(Mutex::new(previous.clone())));
        match self.lent {
            true => engine.prepare_for_next_cycle_lent(tag, &memory),
            false => engine.prepare_for_next_cycle(tag),
        }
        if let Some(damaged) = self.damaged {
            let mut plan = Plan::kept(self.before.len());
            plan.before[damaged] = plan.before[damaged].replace("movie", "m0vie");
            previous = plan.candidate(Snapshot::None).previous;
            *memory.0.lock().unwrap() = previous.clone();
        }
        engine.add_all_from_previous_cycle().unwrap();
        let movies = engine.type_id("Movie").unwrap();
        for &number in &self.removed {
            engine.remove(movies, ordinals[number]).unwrap();
        }
        for (number, title) in self.added.iter().enumerate() {
            add(&mut engine, 100_000 + number, title);
        }
        engine.prepare_for_write().unwrap();
        let staging = Staging::begin(None, 1, "test").unwrap();
        let (from, to) = (Version(1), Version(2));
        let encoded = Encoded::stage(&mut engine, &staging, Some(from), to, snapshot, || Ok(())).unwrap();
        Candidate {
            engine,
            previous,
            encoded,
        }
    }
}

impl Candidate {
    fn check(&self, in_full: bool) -> Result<Checked, CycleError> {
        let extent = Extent {
            evolved: false,
            in_full,
        };
        check(&self.engine, &self.encoded, Some(&self.previous), extent)
    }

    #[track_caller]
    fn is_refused(&self, in_full: bool, why: &str) {
        let error = self.check(in_full).err().expect("refused").to_string();
        assert!(error.contains(why), "{error}");
    }
}

fn bytes(blob: &StagedBlob) -> Vec<u8> {
    blob.content.open().unwrap().to_vec()
}

#[test]
fn what_was_encoded_well_is_accepted() {
    let snapshots = [Snapshot::None, Snapshot::Checked, Snapshot::Published];
    for (snapshot, lent) in snapshots
        .into_iter()
        .flat_map(|snapshot| [(snapshot, false), (snapshot, true)])
    {
        let candidate = Plan {
            lent,
            ..Plan::new(3000)
        }
        .candidate(snapshot);
        for in_full in [false, true] {
            let checked = candidate.check(in_full).unwrap();
            assert_eq!(checked.state.ty("Movie").unwrap().len(), 3001);
            assert_eq!(checked.checksum.is_some(), snapshot == Snapshot::Published);
        }
    }
}

#[test]
fn a_delta_that_leads_elsewhere_is_refused() {
    let plan = || Plan::new(3000);
    let others = [
        // The same ordinals, with another record in one of them.
        Plan {
            added: vec!["first", "another", "third"],
            ..plan()
        },
        // One more, one fewer.
        Plan {
            added: vec!["first", "second", "third", "fourth"],
            ..plan()
        },
        Plan {
            added: vec!["first", "second"],
            ..plan()
        },
        // Another one removed, one more, one fewer, none at all.
        Plan {
            removed: vec![3, 2000],
            ..plan()
        },
        Plan {
            removed: vec![3, 8, 2000],
            ..plan()
        },
        Plan {
            removed: vec![3],
            ..plan()
        },
        Plan {
            removed: Vec::new(),
            added: Vec::new(),
            ..plan()
        },
    ];
    for (number, other) in others.iter().enumerate() {
        let mut candidate = plan().candidate(Snapshot::None);
        candidate.encoded.delta = other.candidate(Snapshot::None).encoded.delta;
        let error = candidate.check(false).err();
        assert!(
            matches!(error, Some(CycleError::Integrity(_))),
            "delta {number}: {error:?}"
        );
    }
}

#[test]
fn a_reverse_delta_that_leads_elsewhere_is_refused() {
    let mut altered = Plan::new(3000);
    altered.before[8] = "movie eight".to_owned();
    let mut candidate = Plan::new(3000).candidate(Snapshot::None);
    candidate.encoded.reverse_delta = altered.candidate(Snapshot::None).encoded.reverse_delta;
    candidate.is_refused(
        false,
        "the reverse delta does not lead back, type=Movie ordinals=0..=1023",
    );
}

#[test]
fn a_record_that_was_altered_in_a_page_is_found_when_the_page_is_made_anew_and_by_the_full_check() {
    let mut altered = Plan::new(3000);
    altered.before[2500] = "movie 25oo".to_owned();
    let altered = altered.candidate(Snapshot::None).previous;
    let mut candidate = Plan::kept(3000).candidate(Snapshot::Checked);

    // As if it had happened on the way from one state to the next: none of the pages is that of the state before.
    let next = altered
        .apply_delta(&bytes(candidate.encoded.delta.as_ref().unwrap()))
        .unwrap();
    let found = changed_as_told(&candidate.engine, &candidate.previous, &next);
    let error = found.expect_err("found").to_string();
    assert!(error.contains("type=Movie ordinals=2048..=3071"), "{error}");

    // In a page that both states share only the full check looks for it.
    candidate.previous = altered;
    assert!(candidate.check(false).is_ok());
    candidate.is_refused(true, "a record reads back differently, type=Movie ordinal=2500");
}

#[test]
fn a_record_that_is_damaged_while_it_is_lent_is_found_in_full_and_when_it_goes() {
    for snapshot in [Snapshot::Checked, Snapshot::Published] {
        let damaged = |damaged| Plan {
            damaged: Some(damaged),
            ..Plan::new(3000)
        };
        // All blobs are of damaged memory, and say the same.
        let candidate = damaged(2500).candidate(snapshot);
        assert!(candidate.check(false).is_ok());
        candidate.is_refused(true, "a record reads back differently, type=Movie ordinal=2500");

        let candidate = damaged(8).candidate(snapshot);
        for in_full in [false, true] {
            candidate.is_refused(in_full, "a record reads back differently, type=Movie ordinal=8");
        }
    }
}

#[test]
fn no_flipped_bit_of_a_snapshot_goes_unnoticed() {
    let json = |state: &ReadState| {
        let mut out = Vec::new();
        dump::write_json(state, &mut out).unwrap();
        out
    };
    let mut candidate = Plan::new(40).candidate(Snapshot::Checked);
    let expected = json(&candidate.check(true).unwrap().state);
    let good = bytes(candidate.encoded.for_check.as_ref().unwrap());
    let mut refused = 0;
    for at in 0..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        let read = ReadState::from_snapshot(&flipped);
        candidate.encoded.for_check.as_mut().unwrap().content = Staged::Bytes(flipped.into());
        match candidate.check(true) {
            Err(_) => refused += 1,
            // Bits that say nothing: those that fill up, and what only a writer that goes on would read.
            Ok(_) => assert!(json(&read.unwrap()) == expected, "bit {at} was not noticed"),
        }
    }
    assert!(refused * 2 > good.len() * 8, "{refused} of {}", good.len() * 8);
}
