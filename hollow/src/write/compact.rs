//! Compaction: records move into the holes below them, so that ordinals are dense again.
//!
//! See `docs/format.md`, section 12.3. Moving a record changes all that refers to it, so the choice of types is frugal
//! and the work is a cycle of its own.

use super::record_form;
use super::type_state::TypeState;
use super::{TypeId, WriteError, WriteStateEngine, adding};
use crate::Ordinal;
use std::collections::{HashMap, HashSet};

/// Which types are worth compacting: both must be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompactionConfig {
    /// Bytes that the holes of a type take in a snapshot.
    pub min_candidate_hole_cost_bytes: u64,
    /// Holes among the ordinals of a type, in percent.
    pub min_candidate_hole_percentage: u32,
}

/// From the ordinals that moved to where they are now, by type.
type Moves = HashMap<TypeId, HashMap<u32, Ordinal>>;

impl WriteStateEngine {
    /// Fills a cycle with the records of the previous one, compacting types that have many holes, and gives the number
    /// of records moved. If no type is worth it nothing happens and the cycle stays empty.
    ///
    /// Types that are part of a circle of references, or referred to from one, are left alone.
    ///
    /// Costs a look at every record if there is something to do.
    ///
    /// # Errors
    /// [`WriteError::WrongPhase`] if blobs are being written or something was added in this cycle;
    /// [`WriteError::NoPreviousState`].
    pub fn compact(&mut self, config: CompactionConfig) -> Result<usize, WriteError> {
        self.compact_within(config, u64::MAX)
    }

    /// As [`WriteStateEngine::compact`], moving no more than about so many bytes of records in this cycle: the highest
    /// ones first, at least one, so that repeating it in later cycles gets everything done. Records that refer to moved
    /// ones are written anew besides. Consumers then get several small deltas instead of a large one.
    ///
    /// # Errors
    /// As [`WriteStateEngine::compact`].
    pub fn compact_within(&mut self, config: CompactionConfig, budget_bytes: u64) -> Result<usize, WriteError> {
        self.require_adding("compact")?;
        if !self.has_previous {
            return Err(WriteError::NoPreviousState);
        }
        if self.types.iter().any(|ty| !ty.members.current().is_empty()) {
            let what = "compact after records were added";
            return Err(WriteError::WrongPhase { what });
        }
        let order: Vec<TypeId> = self
            .dataset
            .dependency_order()
            .into_iter()
            .filter_map(|name| self.type_id(name))
            .collect();
        let targets = self.compaction_targets(config, &order);
        if targets.is_empty() {
            return Ok(0);
        }
        self.add_all_from_previous_cycle()?;
        let mut moves = Moves::new();
        let mut budget = budget_bytes;
        for &target in &targets {
            moves.insert(target, compact_type(&mut self.types[target.index()], &mut budget)?);
        }
        for &ty in order.iter().filter(|ty| !targets.contains(ty)) {
            let moved = follow_moves(&mut self.types[ty.index()], &moves)?;
            if !moved.is_empty() {
                moves.insert(ty, moved);
            }
        }
        Ok(targets
            .iter()
            .map(|target| moves.get(target).map_or(0, HashMap::len))
            .sum())
    }

    fn compaction_targets(&mut self, config: CompactionConfig, order: &[TypeId]) -> Vec<TypeId> {
        let mut targets: Vec<TypeId> = Vec::new();
        for &ty in order {
            if is_candidate(&mut self.types[ty.index()], config)
                && !self.depends_on(ty, &targets)
                && !self.is_below_a_circle(ty)
            {
                targets.push(ty);
            }
        }
        targets
    }

    /// Whether the type is part of a circle of references, or is referred to from one. Moving its records would have to
    /// move others of the circle, over and over; Java Hollow does it once and leaves references to what is gone.
    fn is_below_a_circle(&self, ty: TypeId) -> bool {
        self.type_ids()
            .any(|other| self.depends_on(other, &[ty]) && self.leads_to_itself(other))
    }

    fn leads_to_itself(&self, ty: TypeId) -> bool {
        let references = self.types[ty.index()].schema.references();
        let mut referred = references.into_iter().filter_map(|name| self.type_id(name));
        referred.any(|referred| self.depends_on(referred, &[ty]))
    }

    /// Whether a type is, or leads to, one of the others.
    fn depends_on(&self, ty: TypeId, others: &[TypeId]) -> bool {
        let mut seen = HashSet::from([ty]);
        let mut waiting = vec![ty];
        while let Some(ty) = waiting.pop() {
            if others.contains(&ty) {
                return true;
            }
            let references = self.types[ty.index()].schema.references();
            waiting.extend(
                references
                    .into_iter()
                    .filter_map(|name| self.type_id(name))
                    .filter(|&ty| seen.insert(ty)),
            );
        }
        false
    }
}

fn is_candidate(ty: &mut TypeState, config: CompactionConfig) -> bool {
    let (max_ordinal, fixed_bits) = ty.last_layout();
    let populated = ty.members.previous();
    let num_populated = populated.len() as u64;
    let holes_up_to = |last: Option<Ordinal>| last.map_or(0, |last| u64::from(last.get()) + 1 - num_populated);
    let holes = holes_up_to(populated.last());
    let cost_bytes = holes_up_to(max_ordinal) * fixed_bits / 8;
    holes * 100 > u64::from(config.min_candidate_hole_percentage) * (holes + num_populated)
        && cost_bytes > config.min_candidate_hole_cost_bytes
}

/// Moves the highest records into the lowest holes until there are none, or the budget is used up.
fn compact_type(ty: &mut TypeState, budget_bytes: &mut u64) -> Result<HashMap<u32, Ordinal>, WriteError> {
    let populated = ty.members.previous().clone();
    let num_populated = populated.len();
    let mut above: Vec<Ordinal> = populated.iter().filter(|o| o.index() >= num_populated).collect();
    above.reverse();
    let holes = (0..num_populated as u32)
        .filter_map(Ordinal::new)
        .filter(|&ordinal| !populated.contains(ordinal));
    let mut moves = HashMap::new();
    let mut buffer = Vec::new();
    for (from, to) in above.into_iter().zip(holes) {
        if *budget_bytes == 0 {
            break;
        }
        let mut record = Vec::new();
        let bytes = ty.records.get(from, &mut buffer).unwrap_or_default();
        record_form::copy(&ty.shape, bytes, |_, _| None, &mut record);
        *budget_bytes = budget_bytes.saturating_sub(record.len() as u64);
        ty.members.remove(from);
        ty.map_at(to, &record)?;
        ty.members.insert(to);
        moves.insert(from.get(), to);
    }
    ty.recalculate_free();
    Ok(moves)
}

/// Replaces the records that refer to moved ones.
fn follow_moves(ty: &mut TypeState, moves: &Moves) -> Result<HashMap<u32, Ordinal>, WriteError> {
    let moved_to = |ty: TypeId, ordinal: u32| moves.get(&ty).and_then(|moves| moves.get(&ordinal)).copied();
    let mut moved = HashMap::new();
    let refers_to_moved = ty.schema.references();
    if refers_to_moved.is_empty() {
        return Ok(moved);
    }
    let previous = ty.members.previous().clone();
    let mut buffer = Vec::new();
    for from in &previous {
        let bytes = ty.records.get(from, &mut buffer).unwrap_or_default();
        let mut affected = false;
        record_form::for_each_reference(&ty.shape, bytes, |ty, ordinal| {
            affected |= moved_to(ty, ordinal.get()).is_some();
        });
        if affected {
            let mut record = Vec::new();
            record_form::copy(&ty.shape, bytes, moved_to, &mut record);
            let to = adding::told(ty.add(&record))?;
            if to != from {
                ty.members.remove(from);
                moved.insert(from.get(), to);
            }
        }
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::ReadState;
    use crate::record::Value;
    use crate::write::WriteConfig;
    use std::collections::BTreeSet;

    const ALWAYS: CompactionConfig = CompactionConfig {
        min_candidate_hole_cost_bytes: 0,
        min_candidate_hole_percentage: 0,
    };

    /// Adds the nodes, drops those with even numbers, compacts; gives the trees before and after, and how many moved.
    fn compacted(schema: &str, node: impl Fn(i32) -> Value) -> (BTreeSet<String>, BTreeSet<String>, usize) {
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        for schema in crate::schema::parse(schema).expect("a schema") {
            engine.add_type(schema, None).expect("a new type");
        }
        let trees = |engine: &mut WriteStateEngine| -> BTreeSet<String> {
            let mut snapshot = Vec::new();
            engine.write_snapshot(&mut snapshot).expect("a snapshot");
            let state = ReadState::from_snapshot(&snapshot).expect("what was written");
            let nodes = state.ty("Node").expect("the type").populated();
            nodes.map(|node| format!("{:?}", state.value("Node", node))).collect()
        };
        engine.prepare_for_next_cycle(1);
        engine.set_next_tag(1);
        (0..40).for_each(|n| _ = engine.add("Node", &node(n)).expect("a node"));
        trees(&mut engine);
        for tag in 2..4 {
            engine.prepare_for_next_cycle(tag);
            (1..40)
                .step_by(2)
                .for_each(|n| _ = engine.add("Node", &node(n)).expect("a node"));
            trees(&mut engine);
        }
        engine.prepare_for_next_cycle(4);
        engine.add_all_from_previous_cycle().expect("adding");
        let before = trees(&mut engine);
        engine.prepare_for_next_cycle(5);
        let moved = engine.compact(ALWAYS).expect("an empty cycle");
        if moved == 0 {
            engine.add_all_from_previous_cycle().expect("adding");
        }
        (before, trees(&mut engine), moved)
    }

    fn object(fields: Vec<Value>) -> Value {
        Value::Object(fields)
    }

    #[test]
    fn records_stay_the_same() {
        let node = |n| object(vec![Value::Int(n), object(vec![Value::Int(n * 7)])]);
        let (before, after, moved) = compacted("Node { int n; Leaf leaf; } Leaf { int n; }", node);
        assert_eq!(before, after);
        assert!(moved > 0);
    }

    #[test]
    fn records_that_lead_to_their_own_type_stay_the_same() {
        let node = |n| object(vec![Value::Int(n), object(vec![Value::Int(n + 1000), Value::Null])]);
        let (before, after, _) = compacted("Node { int n; Node parent; }", node);
        assert_eq!(before, after);
    }

    #[test]
    fn records_over_moved_ones_that_lead_to_their_own_type_stay_the_same() {
        let leaf = |n| object(vec![Value::Int(n)]);
        let parent = move |n| object(vec![leaf(n + 1000), Value::List(Vec::new())]);
        let node = move |n| object(vec![leaf(n), Value::List(vec![parent(n)])]);
        let schema = "Node { Leaf leaf; Nodes parents; } Nodes List<Node>; Leaf { int n; }";
        let (before, after, _) = compacted(schema, node);
        assert_eq!(before, after);
    }

    /// Sparse numbers: of a thousand the multiples of seven are left.
    fn sparse() -> WriteStateEngine {
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        for schema in crate::schema::parse("Node { int n; Leaf leaf; } Leaf { int n; }").expect("a schema") {
            engine.add_type(schema, None).expect("a new type");
        }
        engine.set_next_tag(1);
        for (tag, step) in [(2, 1), (3, 7), (4, 7)] {
            for n in (0..1000).step_by(step) {
                let node = object(vec![Value::Int(n), object(vec![Value::Int(n * 7)])]);
                engine.add("Node", &node).expect("a node");
            }
            engine.write_snapshot(&mut Vec::new()).expect("a snapshot");
            engine.prepare_for_next_cycle(tag);
        }
        engine
    }

    fn values(engine: &mut WriteStateEngine) -> (BTreeSet<String>, u32) {
        let mut snapshot = Vec::new();
        engine.write_snapshot(&mut snapshot).expect("a snapshot");
        let state = ReadState::from_snapshot(&snapshot).expect("what was written");
        let nodes = state.ty("Node").expect("the type");
        let values = nodes.populated().map(|node| format!("{:?}", state.value("Node", node)));
        let last = nodes.populated().last().map_or(0, Ordinal::get);
        (values.collect(), last)
    }

    #[test]
    fn within_a_budget_it_takes_several_cycles_to_the_same_end() {
        let mut at_once = sparse();
        let moved = at_once.compact(ALWAYS).expect("an empty cycle");
        let (expected, dense) = values(&mut at_once);
        assert_eq!((expected.len(), dense), (143, 142));

        let mut engine = sparse();
        let (mut cycles, mut total) = (0, 0);
        loop {
            let moved_now = engine.compact_within(ALWAYS, 40).expect("an empty cycle");
            if moved_now == 0 {
                engine.add_all_from_previous_cycle().expect("adding");
            }
            assert!(moved_now <= 40, "a record takes a byte at least");
            let (found, last) = values(&mut engine);
            assert_eq!(found, expected);
            if moved_now == 0 {
                assert_eq!(last, dense);
                break;
            }
            cycles += 1;
            total += moved_now;
            engine.prepare_for_next_cycle(10 + cycles);
        }
        // The nodes follow the leaves: moving leaves moves them as well, and they are compacted when leaves are done.
        assert!(
            cycles > 5 && total >= moved,
            "cycles={cycles} moved={total} at once={moved}"
        );
    }
}
