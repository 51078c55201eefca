//! An engine that is lent its records beside one that keeps them: what both do is the same.

use super::*;
use crate::memory::OrdinalSet;
use crate::record::Value;
use crate::write::{CompactionConfig, FieldValue, TypeId, WriteConfig};
use proptest::prelude::*;

const SCHEMAS: &str = "Leaf @PrimaryKey(a) { int a; string s; }
    Leaves List<Leaf>; LeafSet Set<Leaf> @HashKey(a); LeafMap Map<Leaf,Leaf>; Plain Set<Leaf>; Pairs Map<Leaf,Leaf>;
    Nothing {}
    Top { long id; float f; double d; boolean b; bytes y; string t; Leaf leaf; Leaves list; LeafSet set; LeafMap map; Plain plain; }";

#[derive(Clone, Debug)]
enum Op {
    Add(Value),
    /// From another thread.
    AddBeside(Value),
    AddSet {
        elements: Vec<u32>,
        hashes: Option<i32>,
    },
    AddPairs {
        keys: Vec<u32>,
        hashes: Option<i32>,
    },
    AddNothing,
    Carry(usize, u32),
    KeepAll,
    KeepType(usize),
    Remove(usize, u32),
    RemoveType(usize),
    Reset,
    Publish(Publish),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Publish {
    /// The next state is lent: the one by the delta, or by the snapshot.
    Lend { by_delta: bool },
    /// The next state is not lent; the one before is further on.
    Keep,
    /// Everything is written, and then the cycle fails.
    Fail,
    /// Both engines begin anew from what is published.
    Resume,
    /// And the next cycle is a compaction.
    Compact,
}

fn leaf() -> impl Strategy<Value = Value> {
    (0i32..9, prop_oneof!["[ab]?", ".{0,3}"]).prop_map(|(a, s)| Value::Object(vec![Value::Int(a), Value::String(s)]))
}

fn or_null(strategy: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![1 => Just(Value::Null), 3 => strategy].boxed()
}

fn top() -> impl Strategy<Value = Value> {
    let floats = prop_oneof![Just(f32::NAN), Just(1.5), any::<u32>().prop_map(f32::from_bits)];
    let doubles = prop_oneof![Just(f64::NAN), Just(-0.0), any::<u64>().prop_map(f64::from_bits)];
    let numbers = (
        or_null(prop_oneof![0i64..8, any::<i64>()].prop_map(Value::Long)),
        or_null(floats.prop_map(Value::Float)),
        or_null(doubles.prop_map(Value::Double)),
        or_null(any::<bool>().prop_map(Value::Boolean)),
    );
    let texts = (
        or_null(prop::collection::vec(any::<u8>(), 0..4).prop_map(Value::Bytes)),
        or_null("\\PC{0,3}".prop_map(Value::String)),
    );
    let map = prop::collection::btree_map(0i32..5, leaf(), 0..4).prop_map(|map| {
        let key = |a| Value::Object(vec![Value::Int(a), Value::Null]);
        Value::Map(map.into_iter().map(|(a, value)| (key(a), value)).collect())
    });
    let references = (
        or_null(leaf()),
        or_null(prop::collection::vec(leaf(), 0..4).prop_map(Value::List)),
        or_null(prop::collection::vec(leaf(), 0..7).prop_map(Value::Set)),
        or_null(map),
        or_null(prop::collection::vec(leaf(), 0..4).prop_map(Value::Set)),
    );
    (numbers, texts, references).prop_map(|((id, f, d, b), (y, t), (leaf, list, set, map, plain))| {
        Value::Object(vec![id, f, d, b, y, t, leaf, list, set, map, plain])
    })
}

fn op() -> impl Strategy<Value = Op> {
    let numbers = || prop::collection::vec(0u32..12, 0..5);
    let hashes = || prop::option::of(any::<i32>());
    let ty = || 0usize..8;
    prop_oneof![
        8 => top().prop_map(Op::Add),
        2 => top().prop_map(Op::AddBeside),
        2 => (numbers(), hashes()).prop_map(|(elements, hashes)| Op::AddSet { elements, hashes }),
        2 => (numbers(), hashes()).prop_map(|(keys, hashes)| Op::AddPairs { keys, hashes }),
        1 => Just(Op::AddNothing),
        3 => (ty(), 0u32..20).prop_map(|(ty, ordinal)| Op::Carry(ty, ordinal)),
        4 => Just(Op::KeepAll),
        1 => ty().prop_map(Op::KeepType),
        4 => (prop_oneof![Just(0usize), Just(7), 0usize..8], 0u32..20).prop_map(|(ty, ordinal)| Op::Remove(ty, ordinal)),
        1 => ty().prop_map(Op::RemoveType),
        1 => Just(Op::Reset),
        6 => prop_oneof![
            4 => any::<bool>().prop_map(|by_delta| Publish::Lend { by_delta }),
            1 => Just(Publish::Keep),
            1 => Just(Publish::Fail),
            1 => Just(Publish::Resume),
            1 => Just(Publish::Compact),
        ].prop_map(Op::Publish),
    ]
}

fn engine(config: WriteConfig) -> WriteStateEngine {
    let mut engine = WriteStateEngine::new(config);
    for schema in crate::schema::parse(SCHEMAS).unwrap() {
        engine.add_type(schema, None).unwrap();
    }
    engine.set_next_tag(1);
    engine
}

/// Two that give the same ordinals, also to records added beside.
fn engines(config: WriteConfig) -> (WriteStateEngine, WriteStateEngine) {
    let (keeping, mut lent) = (engine(config), engine(config));
    lent.hash_as(&keeping);
    (keeping, lent)
}

fn apply(engine: &mut WriteStateEngine, op: &Op) -> Result<Option<Ordinal>, String> {
    let types: Vec<TypeId> = engine.type_ids().collect();
    let at = |number: &u32| Ordinal::new(*number).unwrap();
    let (plain, pairs, nothing) = (types[4], types[5], types[6]);
    let done = match op {
        Op::Add(value) => engine.add("Top", value).map(Some),
        Op::AddBeside(value) => engine
            .parallel(|adders| {
                std::thread::scope(|scope| scope.spawn(|| adders.adder().add("Top", value)).join().unwrap())
            })
            .unwrap()
            .map(Some),
        Op::AddSet { elements, hashes } => match hashes {
            None => engine.add_set(plain, &elements.iter().map(at).collect::<Vec<_>>()),
            Some(hash) => {
                let elements: Vec<_> = elements.iter().map(|element| (at(element), *hash)).collect();
                engine.add_set_hashed(plain, &elements)
            }
        }
        .map(Some),
        Op::AddPairs { keys, hashes } => {
            let pairs_of = keys
                .iter()
                .map(|key| (at(key), at(&(key / 2)), hashes.unwrap_or(key.cast_signed())));
            engine.add_map_hashed(pairs, &pairs_of.collect::<Vec<_>>()).map(Some)
        }
        Op::AddNothing => engine.add_fields(nothing, &[] as &[FieldValue<'_>]).map(Some),
        Op::Carry(ty, ordinal) => engine.carry(types[*ty], at(ordinal)).map(|()| None),
        Op::KeepAll => engine.add_all_from_previous_cycle().map(|()| None),
        Op::KeepType(ty) => engine.add_all_of_type_from_previous_cycle(types[*ty]).map(|()| None),
        Op::Remove(ty, ordinal) => engine.remove(types[*ty], at(ordinal)).map(|_| None),
        Op::RemoveType(ty) => engine.remove_all_of_type(types[*ty]).map(|()| None),
        Op::Reset => {
            engine.reset();
            Ok(None)
        }
        Op::Publish(_) => Ok(None),
    };
    done.map_err(|error| error.to_string())
}

#[derive(Debug, PartialEq, Eq)]
struct Blobs {
    snapshot: Vec<u8>,
    deltas: Option<(Vec<u8>, Vec<u8>)>,
}

fn write(engine: &mut WriteStateEngine) -> Result<Blobs, String> {
    let (mut snapshot, mut delta, mut reverse) = (Vec::new(), Vec::new(), Vec::new());
    let text = |error: WriteError| error.to_string();
    engine.write_snapshot(&mut snapshot).map_err(text)?;
    let mut deltas = None;
    if engine.has_previous_state() {
        engine.write_delta(&mut delta).map_err(text)?;
        engine.write_reverse_delta(&mut reverse).map_err(text)?;
        deltas = Some((delta, reverse));
    }
    Ok(Blobs { snapshot, deltas })
}

/// Both engines, and what they published.
struct Both {
    config: WriteConfig,
    keeping: WriteStateEngine,
    lent: WriteStateEngine,
    state: Option<ReadState>,
    tag: i64,
    /// There were cycles that were not lent.
    kept: bool,
}

impl Both {
    fn new(config: WriteConfig) -> Self {
        let (keeping, lent) = engines(config);
        Self {
            config,
            keeping,
            lent,
            state: None,
            tag: 1,
            kept: false,
        }
    }

    fn publish(&mut self, how: Publish) {
        let blobs = write(&mut self.keeping);
        assert_eq!(blobs, write(&mut self.lent));
        let Ok(blobs) = blobs else {
            return self.each(|engine| engine.reset());
        };
        if how == Publish::Fail {
            return self.each(|engine| engine.reset());
        }
        let of_snapshot = ReadState::from_snapshot(&blobs.snapshot).unwrap();
        let before = self.state.take();
        let by_delta = before
            .zip(blobs.deltas)
            .map(|(before, (delta, _))| before.apply_delta(&delta).unwrap());
        let state = match (how, by_delta) {
            (Publish::Lend { by_delta: false }, _) | (_, None) => of_snapshot,
            (_, Some(state)) => state,
        };
        self.tag += 1;
        self.keeping.prepare_for_next_cycle(self.tag);
        if how == Publish::Keep {
            self.lent.prepare_for_next_cycle(self.tag);
            self.kept = true;
        } else {
            self.lent.prepare_for_next_cycle_lent(self.tag, &state);
            self.own_nothing_that_is_lent(&state);
        }
        if how == Publish::Resume {
            (self.keeping, self.lent) = engines(self.config);
            self.kept = false;
            self.keeping.recreate(&state, HashPositions::AsAdded).unwrap();
            self.lent.recreate_lent(&state).unwrap();
            self.tag += 1;
            self.each(|engine| engine.prepare_for_next_cycle(engine.next_tag().unwrap() + 1));
            let bytes = |engine: &WriteStateEngine| engine.memory_bytes();
            assert!(bytes(&self.lent) <= bytes(&self.keeping));
        }
        if how == Publish::Compact {
            let config = CompactionConfig {
                min_candidate_hole_cost_bytes: 0,
                min_candidate_hole_percentage: 0,
            };
            let moved = self
                .keeping
                .compact_within(config, 40)
                .map_err(|error| error.to_string());
            assert_eq!(
                moved,
                self.lent.compact_within(config, 40).map_err(|error| error.to_string())
            );
        }
        self.state = Some(state);
    }

    fn each(&mut self, mut work: impl FnMut(&mut WriteStateEngine)) {
        work(&mut self.keeping);
        work(&mut self.lent);
    }

    /// What the state gives back byte for byte is not kept, but for records of cycles that were not lent.
    fn own_nothing_that_is_lent(&self, state: &ReadState) {
        for (id, ty) in self.lent.type_ids().zip(state.types()) {
            for ordinal in self.lent.previous_populated(id) {
                let mut given = Vec::new();
                EngineForm::of(ty.schema()).push(ty, ordinal, &mut given);
                let is_given = self.keeping.record_bytes(id, ordinal).as_deref() == Some(&given[..]);
                let own = self.lent.own_record_bytes(id, ordinal);
                assert!(is_given || own.is_some(), "{} {ordinal}", ty.name());
                assert!(!is_given || own.is_none() || self.kept, "{} {ordinal}", ty.name());
                assert!(
                    self.lent
                        .is_told_to_be(id, ordinal, &self.keeping.record_bytes(id, ordinal).unwrap())
                );
                given.push(0);
                assert!(!self.lent.is_told_to_be(id, ordinal, &given));
            }
        }
    }

    fn are_alike(&self) {
        let (a, b) = (&self.keeping, &self.lent);
        for id in a.type_ids() {
            let mut all: OrdinalSet = a.populated(id).clone();
            all.union_with(a.previous_populated(id));
            assert_eq!(a.populated(id), b.populated(id));
            assert_eq!(a.previous_populated(id), b.previous_populated(id));
            for ordinal in &all {
                assert_eq!(a.record_bytes(id, ordinal), b.record_bytes(id, ordinal));
                assert_eq!(a.references_of(id, ordinal), b.references_of(id, ordinal));
                assert!(b.has_record(id, ordinal));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn whatever_happens_the_blobs_are_the_same(
        ops in prop::collection::vec(op(), 0..90),
        partitioned_ordinal_map in any::<bool>(),
        allow_type_resharding in any::<bool>(),
        focus_hole_fill_in_fewest_shards in any::<bool>(),
        target in prop_oneof![Just(60u64), Just(u64::MAX)],
    ) {
        let mut both = Both::new(WriteConfig {
            partitioned_ordinal_map,
            allow_type_resharding,
            focus_hole_fill_in_fewest_shards,
            target_max_type_shard_size_bytes: target,
        });
        for op in &ops {
            if let Op::Publish(how) = op {
                both.publish(*how);
            }
            prop_assert_eq!(apply(&mut both.keeping, op), apply(&mut both.lent, op));
            both.are_alike();
        }
        both.publish(Publish::Lend { by_delta: true });
        both.are_alike();
    }
}

fn leaf_of(a: i32) -> Value {
    Value::Object(vec![Value::Int(a), Value::String(format!("leaf {a}"))])
}

/// Adds this many leaves and publishes them.
fn published(count: i32) -> Both {
    let mut both = Both::new(WriteConfig::default());
    for a in 0..count {
        both.each(|engine| _ = engine.add("Leaf", &leaf_of(a)).unwrap());
    }
    both.publish(Publish::Lend { by_delta: true });
    both
}

#[test]
fn nothing_is_left_of_records_that_are_published() {
    let mut both = published(20_000);
    let (leaves, bytes) = (both.lent.type_id("Leaf").unwrap(), 20_000 * 12);
    let saved = |both: &Both| both.keeping.memory_bytes() - both.lent.memory_bytes();
    assert!(
        saved(&both) > bytes,
        "{} {}",
        both.keeping.memory_bytes(),
        both.lent.memory_bytes()
    );
    // A cycle has what it adds, until it is published.
    let before = both.lent.memory_bytes();
    for round in 0..5 {
        both.each(|engine| {
            engine.add_all_from_previous_cycle().unwrap();
            for a in 0..100 {
                engine.remove(leaves, Ordinal::new(round * 100 + a).unwrap()).unwrap();
                engine
                    .add("Leaf", &leaf_of(100_000 + (round * 100 + a).cast_signed()))
                    .unwrap();
            }
        });
        assert!(both.lent.memory_bytes() > before);
        both.publish(Publish::Lend { by_delta: true });
        assert!(saved(&both) > bytes);
        let own = |ordinal: &Ordinal| both.lent.own_record_bytes(leaves, *ordinal).is_some();
        assert_eq!(both.lent.previous_populated(leaves).iter().filter(own).count(), 0);
        assert!(
            both.lent.memory_bytes() < before + 4096,
            "{} {before}",
            both.lent.memory_bytes()
        );
    }
}

#[test]
fn a_resumed_engine_copies_nothing() {
    let mut both = published(20_000);
    both.each(|engine| engine.add_all_from_previous_cycle().unwrap());
    both.publish(Publish::Resume);
    let leaves = both.lent.type_id("Leaf").unwrap();
    assert_eq!(both.lent.own_record_bytes(leaves, Ordinal::new(7).unwrap()), None);
    assert!(both.lent.memory_bytes() + 20_000 * 12 < both.keeping.memory_bytes());
    both.each(|engine| _ = engine.add("Leaf", &leaf_of(7)).unwrap());
    both.are_alike();
    both.publish(Publish::Lend { by_delta: true });
}

#[test]
fn sets_with_hashes_of_the_callers_keep_their_bytes() {
    let mut both = published(10);
    let plain = both.lent.type_id("Plain").unwrap();
    let elements: Vec<(Ordinal, i32)> = (0..6).map(|n| (Ordinal::new(n).unwrap(), 77)).collect();
    let own: Vec<Ordinal> = elements.iter().map(|&(element, _)| element).collect();
    let mut ordinals = Vec::new();
    both.each(|engine| {
        engine.add_all_from_previous_cycle().unwrap();
        ordinals = vec![
            engine.add_set_hashed(plain, &elements).unwrap(),
            engine.add_set(plain, &own).unwrap(),
        ];
    });
    for _ in 0..3 {
        both.publish(Publish::Lend { by_delta: true });
        let own: Vec<bool> = ordinals
            .iter()
            .map(|&o| both.lent.own_record_bytes(plain, o).is_some())
            .collect();
        assert_eq!(own, [true, false]);
        both.are_alike();
        both.each(|engine| {
            engine.add_all_from_previous_cycle().unwrap();
            assert_eq!(engine.add_set_hashed(plain, &elements).unwrap(), ordinals[0]);
        });
    }
}

#[test]
fn a_state_with_another_tag_is_not_read_from() {
    let mut lent = engine(WriteConfig::default());
    lent.add("Leaf", &leaf_of(1)).unwrap();
    let state = ReadState::from_snapshot(&write(&mut lent).unwrap().snapshot).unwrap();
    lent.set_next_tag(2);
    lent.prepare_for_next_cycle_lent(3, &state);
    let leaves = lent.type_id("Leaf").unwrap();
    assert!(lent.own_record_bytes(leaves, Ordinal::new(0).unwrap()).is_some());
}
