//! A producer whose states lend the engine its records beside one whose engine keeps them.

use super::*;
use crate::producer::builder::ProducerBuilder;
use crate::record::Value;
use crate::testing::Model;
use crate::write::{CompactionConfig, WriteConfig};
use std::collections::BTreeSet;
use support::{Random, builder, dataset, fill};

#[path = "../../tests/chain/support.rs"]
#[expect(dead_code, reason = "shared with tests that need other parts of it")]
mod support;

/// Refuses what is tagged so.
struct Gate;

impl Validator for Gate {
    fn name(&self) -> String {
        "gate".into()
    }

    fn validate(&self, candidate: &Candidate<'_>) -> Result<String, String> {
        match candidate.state.header_tags().get("refuse") {
            Some(_) => Err("told to".into()),
            None => Ok(String::new()),
        }
    }
}

/// One of the two, in a store of its own.
struct Side {
    lends: bool,
    seed: u64,
    starts: u64,
    store: Store,
    producer: Producer,
}

impl Side {
    fn new(seed: u64, lends: bool) -> Self {
        let store = Store::memory();
        Self {
            producer: producer(&store, seed, seed, lends),
            lends,
            seed,
            starts: seed,
            store,
        }
    }

    fn restart(&mut self) {
        self.starts += 1;
        self.producer = producer(&self.store, self.starts, self.seed, self.lends);
        self.producer.restore().expect("what was published");
    }

    fn objects(&self) -> BTreeSet<String> {
        let objects = self.store.blobs().list("").expect("a list");
        objects.iter().map(ToString::to_string).collect()
    }
}

fn producer(store: &Store, start: u64, seed: u64, lends: bool) -> Producer {
    let config = WriteConfig {
        partitioned_ordinal_map: seed.is_multiple_of(3),
        allow_type_resharding: seed.is_multiple_of(2),
        focus_hole_fill_in_fewest_shards: seed.is_multiple_of(5),
        target_max_type_shard_size_bytes: if seed.is_multiple_of(4) { 100 } else { 1 << 30 },
    };
    let mut builder: ProducerBuilder = builder(dataset(), store, start)
        .write_config(config)
        .check_keys(false)
        .validator(Gate);
    if seed.is_multiple_of(2) {
        builder = builder.full_check_every(2);
    }
    if seed.is_multiple_of(7) {
        builder = builder.snapshots(SnapshotWriting::InBackground).snapshot_every(2);
    }
    builder.lends(lends).build().expect("valid settings")
}

/// One step, decided by random numbers, which are the same on both sides; in words, what became of it.
fn step(side: &mut Side, random: &mut Random, model: &mut Model) -> String {
    let told = |outcome: Result<CycleOutcome, CycleError>| match outcome {
        Ok(outcome) => format!("{:?}", outcome.version()),
        Err(error) => error.to_string(),
    };
    let (kind, ends) = (random.below(16), random.below(6));
    let end = |set: &mut dyn FnMut(&str)| -> Result<(), BoxError> {
        match ends {
            0 => Err("failed half way".into()),
            1 => {
                set("refuse");
                Ok(())
            }
            _ => Ok(()),
        }
    };
    let before = model.clone();
    let outcome = match kind {
        0..=4 => {
            random.change(model, 5);
            side.producer.run_cycle(|cycle| {
                fill(cycle, model)?;
                cycle.remove_tag("refuse");
                end(&mut |tag| cycle.tag(tag, ""))
            })
        }
        5..=11 => {
            let changes: Vec<(bool, &str, Value)> = (0..1 + random.below(6))
                .map(|_| match random.below(4) {
                    0 => (random.below(3) == 0, "Studio", random.studio(6)),
                    _ => (random.below(3) == 0, "Movie", random.movie(25)),
                })
                .collect();
            side.producer.run_incremental_cycle(|cycle| {
                cycle.remove_tag("refuse");
                for (delete, type_name, value) in &changes {
                    if *delete {
                        let paths = crate::record::KeyPaths::resolve(&dataset(), type_name)?;
                        cycle.delete(type_name, &paths.of(value)?)?;
                        model.delete(type_name, value);
                    } else {
                        cycle.upsert(type_name, value)?;
                        model.upsert(type_name, value.clone());
                    }
                }
                end(&mut |tag| cycle.tag(tag, ""))
            })
        }
        12 => side.producer.run_compaction_cycle(
            CompactionConfig {
                min_candidate_hole_cost_bytes: 0,
                min_candidate_hole_percentage: 0,
            },
            1000,
        ),
        13 => {
            let hash = random.below(1 << 32) as i32;
            side.producer.run_cycle(|cycle| {
                fill(cycle, model)?;
                cycle.tag("DEFINED_HASH_CODES", "Tags");
                let (tag, tags) = (cycle.engine().type_id("Tag"), cycle.engine().type_id("Tags"));
                let elements: Vec<_> = cycle.engine().populated(tag.expect("a type")).iter().take(3).collect();
                let elements: Vec<_> = elements.into_iter().map(|element| (element, hash)).collect();
                cycle.engine().add_set_hashed(tags.expect("a type"), &elements)?;
                Ok(())
            })
        }
        _ => {
            side.restart();
            return "restarted".to_owned();
        }
    };
    if outcome.as_ref().ok().and_then(CycleOutcome::version).is_none() {
        *model = before; // it was refused, or changed nothing
    }
    let told = told(outcome);
    side.producer.finish_background_snapshot().expect("a snapshot");
    told
}

#[test]
fn whatever_a_producer_does_it_publishes_the_same() {
    for seed in 0..60 {
        let (mut lent, mut kept) = (Side::new(seed, true), Side::new(seed, false));
        let (mut model, mut other) = (Model::new(dataset()), Model::new(dataset()));
        for number in 0..30 {
            let random = || Random::new(seed * 1000 + number);
            let told = step(&mut lent, &mut random(), &mut model);
            assert_eq!(
                told,
                step(&mut kept, &mut random(), &mut other),
                "seed={seed} step={number}"
            );
            // Names of blobs have the hashes of their bytes.
            assert_eq!(lent.objects(), kept.objects(), "seed={seed} step={number}");
        }
    }
}

#[test]
fn the_engine_of_a_producer_holds_no_copy_of_what_is_announced() {
    let store = Store::memory();
    let (mut random, mut model) = (Random::new(1), Model::new(dataset()));
    random.change(&mut model, 400);
    let own_records = |producer: &Producer| -> usize {
        let engine = &producer.engine;
        let own = |id| {
            let previous = engine.previous_populated(id).iter();
            previous.filter(move |&ordinal| engine.own_record_bytes(id, ordinal).is_some())
        };
        engine.type_ids().map(|id| own(id).count()).sum()
    };
    let start = |start| producer(&store, start, 1, true);
    let mut first = start(1);
    first.run_cycle(|cycle| fill(cycle, &model)).expect("published");
    assert_eq!(own_records(&first), 0);
    let movie = random.movie(1000);
    first
        .run_incremental_cycle(|cycle| {
            cycle.upsert("Movie", &movie)?;
            Ok(())
        })
        .expect("published");
    assert_eq!(own_records(&first), 0);
    let mut resumed = start(2);
    resumed.restore().expect("what was published");
    assert_eq!(own_records(&resumed), 0);
    assert!(
        resumed
            .state()
            .is_some_and(|state| state.ty("Movie").is_some_and(|ty| ty.len() > 20))
    );
}
