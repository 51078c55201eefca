use super::super::layout::{Layout, ShardCounts};
use super::super::{FieldValue, ObjectRecord, TypeId, WriteConfig, WriteStateEngine};
use super::*;
use proptest::prelude::*;

const SCHEMAS: &str = "R { int i; long l; string s; bytes y; R r; boolean b; double d; }
    L List<R>; S Set<R>; M Map<R,R>;";

#[derive(Clone, Debug)]
enum Op {
    Record(Option<i32>, i64, String),
    Collection(Vec<u32>),
    Remove(u32),
    KeepAll,
    Reset,
    NextCycle { write: bool },
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (any::<Option<i32>>(), (0u32..63).prop_map(|shift| 1i64 << shift), ".{0,8}")
            .prop_map(|(i, l, s)| Op::Record(i, l, s)),
        4 => prop::collection::vec(0u32..300, 0..6).prop_map(Op::Collection),
        3 => (0u32..20).prop_map(Op::Remove),
        2 => Just(Op::KeepAll),
        1 => Just(Op::Reset),
        3 => any::<bool>().prop_map(|write| Op::NextCycle { write }),
    ]
}

fn apply(engine: &mut WriteStateEngine, op: &Op) {
    let types: Vec<TypeId> = engine.type_ids().collect();
    match op {
        Op::Record(i, l, s) => {
            let reference = Ordinal::new(l.trailing_zeros()).unwrap();
            let record = ObjectRecord::new(vec![
                i.map_or(FieldValue::Null, FieldValue::Int),
                FieldValue::Long(*l),
                FieldValue::Text(s),
                FieldValue::Bytes(s.as_bytes()),
                FieldValue::Reference(reference),
            ]);
            engine.add_object(types[0], &record).unwrap();
        }
        Op::Collection(numbers) => {
            let ordinals: Vec<Ordinal> = numbers.iter().map(|&number| Ordinal::new(number).unwrap()).collect();
            engine.add_list(types[1], &ordinals).unwrap();
            engine.add_set(types[2], &ordinals).unwrap();
            let entries: Vec<_> = ordinals.iter().copied().zip(ordinals.iter().rev().copied()).collect();
            engine.add_map(types[3], &entries).unwrap();
        }
        Op::Remove(number) => {
            for &ty in &types {
                engine.remove(ty, Ordinal::new(*number).unwrap()).unwrap();
            }
        }
        Op::KeepAll => engine.add_all_from_previous_cycle().unwrap(),
        Op::Reset => engine.reset(),
        Op::NextCycle { write } => {
            if *write {
                engine.prepare_for_write().unwrap();
            }
            engine.prepare_for_next_cycle(1);
        }
    }
}

/// The layout as it comes out when every record is looked at.
fn layout_from_scratch(ty: &super::super::type_state::TypeState, num_shards: u32) -> Layout {
    let mut statistics = Statistics::new(&ty.shape);
    statistics.refresh(&ty.members, &ty.shape, &ty.records);
    let shards = ShardCounts {
        before: ty.num_shards_before,
        now: Some(num_shards),
        target_bytes: 1,
        may_change: false,
    };
    Layout::new(ty.live.last(), shards, &mut statistics, &ty.records)
}

proptest! {
    #[test]
    fn what_is_kept_up_to_date_equals_a_look_at_every_record(
        ops in prop::collection::vec(op(), 0..80),
        reshard in any::<bool>(),
        target in prop_oneof![Just(30u64), Just(300), Just(u64::MAX)],
    ) {
        let mut engine = WriteStateEngine::new(WriteConfig {
            allow_type_resharding: reshard,
            target_max_type_shard_size_bytes: target,
            ..WriteConfig::default()
        });
        for schema in crate::schema::parse(SCHEMAS).unwrap() {
            engine.add_type(schema, None).unwrap();
        }
        for op in &ops {
            apply(&mut engine, op);
        }
        engine.prepare_for_write().unwrap();
        for ty in &engine.types {
            let kept = ty.layout.as_ref().unwrap();
            let counted = layout_from_scratch(ty, kept.forward.num_shards);
            prop_assert_eq!(kept, &counted);
        }
    }
}
