//! What a producer does in one cycle: random operations over the state before, and the records that must come out.

use super::model::Model;
use super::rng::Rng;
use super::script::{Builder, Op};
use super::traits::Traits;
use super::values::{self, Kinds};
use hollow::Ordinal;
use hollow::read::{ReadState, TypeReadState};
use hollow::record::Value;
use hollow::schema::Dataset;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Java's producer takes it away before each version, and so do we: it tells what changed in one version.
pub(super) const RESHARDING_TAG: &str = "hollow.type.resharding.invoked";

/// A cycle, planned.
#[derive(Debug)]
pub(super) struct Cycle {
    /// The operations, in order.
    pub(super) ops: Vec<Op>,
    /// The records of the root types that the state must have, as type and text.
    pub(super) expected: BTreeSet<(String, String)>,
    /// How the records of the state before came over, for the report.
    pub(super) style: Style,
}

/// How the records of the state before come into the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Style {
    /// All are added again; those that are the same get the ordinals they had.
    AddedAgain,
    /// All are carried over, some removed.
    CarriedAll,
    /// Each is carried over by its ordinal.
    CarriedEach,
    /// Nothing changes but ordinals, to fill holes.
    Compacted,
    /// Nothing changes.
    Unchanged,
    /// Nothing is left.
    Emptied,
}

/// A record of the state before.
struct Old {
    ty: String,
    ordinal: Ordinal,
    value: Value,
}

/// Plans a cycle. `previous` is the state before, perhaps under another model; `restored`: the producer has just been made.
pub(super) fn plan(
    model: &Model,
    previous: Option<&ReadState>,
    restored: bool,
    rng: &mut Rng,
    traits: &Traits,
) -> Cycle {
    let dataset = model.dataset();
    let mut plan = Plan {
        model,
        roots: model.roots(),
        kinds: Kinds { nan: traits.nan },
        builder: Builder::new(&dataset, traits.hashed),
        dataset: &dataset,
        expected: BTreeSet::new(),
    };
    plan.builder.ops.push(Op::Untag(RESHARDING_TAG.to_owned()));
    plan.tags(rng, traits);
    if traits.resharding && rng.percent(30) {
        plan.builder.ops.push(Op::Target(target_bytes(rng)));
    }
    if rng.percent(6) {
        plan.abandoned(rng);
    }
    let old = previous.map_or_else(Vec::new, |state| old_roots(state, &dataset, &plan.roots));
    let style = match rng.below(20) {
        _ if previous.is_none() => Style::AddedAgain,
        // A producer compacts what it has published itself.
        12..=14 if !restored && previous.is_some_and(compacts_as_java) => Style::Compacted,
        0..=8 => Style::AddedAgain,
        9..=14 => Style::CarriedAll,
        15..=17 => Style::CarriedEach,
        18 => Style::Unchanged,
        _ => Style::Emptied,
    };
    let churn_percent = *rng.pick(&[0, 5, 25, 25, 80]);
    match (style, previous) {
        (Style::AddedAgain, _) => plan.add_again(rng, old, churn_percent),
        (Style::CarriedAll, Some(state)) => plan.carry_all(rng, state, old, churn_percent),
        (Style::CarriedEach, Some(state)) => plan.carry_each(rng, state, old, churn_percent),
        (Style::Unchanged | Style::Compacted, _) => {
            plan.builder.ops.push(match style {
                Style::Compacted => Op::Compact(*rng.pick(&[0, 0, 4]), *rng.pick(&[0, 5, 20])),
                _ => Op::All,
            });
            old.iter().for_each(|old| plan.expect(&old.ty, &old.value));
        }
        _ => {}
    }
    if !matches!(style, Style::Unchanged | Style::Compacted) {
        let most = if matches!(style, Style::Emptied) {
            1
        } else {
            traits.most_new
        };
        let fewest = if previous.is_none() { most / 2 } else { 0 };
        for _ in 0..rng.between(fewest, most) {
            plan.add_new(rng);
        }
        // Java cannot read a change of the number of shards of a type of which only withdrawn records are left.
        if !traits.resharding && rng.percent(8) {
            plan.withdrawn(rng);
        }
        if rng.percent(4) {
            plan.removed_and_added(rng);
        }
    }
    let Plan { builder, expected, .. } = plan;
    Cycle {
        ops: builder.ops,
        expected,
        style,
    }
}

/// With several shards Java counts fewer holes than there are. It moves records of types that lead to themselves without
/// what refers to them; we leave such types alone.
fn compacts_as_java(state: &ReadState) -> bool {
    let is_plain = |ty: &TypeReadState| ty.num_shards() == 1 && !ty.schema().references().contains(&ty.name());
    state.types().all(is_plain)
}

/// A size of shards that makes small types have several.
pub(super) fn target_bytes(rng: &mut Rng) -> u64 {
    *rng.pick(&[1, 16, 64, 200, 800, 4000, 1 << 24])
}

/// The records of the root types, as records of the data set given.
fn old_roots(state: &ReadState, dataset: &Dataset, roots: &[&str]) -> Vec<Old> {
    let mut old = Vec::new();
    for ty in roots.iter().filter_map(|name| state.ty(name)) {
        for ordinal in ty.populated() {
            let value = state.value(ty.name(), ordinal).unwrap_or(Value::Null);
            old.push(Old {
                ty: ty.name().to_owned(),
                ordinal,
                value: values::project(state.dataset(), dataset, ty.name(), &value),
            });
        }
    }
    old
}

struct Plan<'p> {
    model: &'p Model,
    dataset: &'p Dataset,
    roots: Vec<&'p str>,
    kinds: Kinds,
    builder: Builder<'p>,
    expected: BTreeSet<(String, String)>,
}

impl Plan<'_> {
    fn expect(&mut self, ty: &str, value: &Value) {
        values::roots_within(self.dataset, &self.roots, ty, value, &mut self.expected);
    }

    fn add(&mut self, rng: &mut Rng, ty: &str, value: &Value) {
        let value = values::with_distinct_keys(value);
        self.builder.add(rng, ty, &value);
        self.expect(ty, &value);
    }

    fn add_new(&mut self, rng: &mut Rng) {
        if self.roots.is_empty() {
            return;
        }
        let ty = *rng.pick(&self.roots);
        let value = values::random(self.model, ty, rng, self.kinds);
        self.add(rng, ty, &value);
    }

    fn tags(&mut self, rng: &mut Rng, traits: &Traits) {
        if !traits.tags {
            return;
        }
        for _ in 0..rng.below(4) {
            let key = format!("tag{}", rng.below(15));
            self.builder.ops.push(match rng.percent(25) {
                true => Op::Untag(key),
                false => Op::Tag(
                    key,
                    (*rng.pick(&["", "value", "é\0𝄞", "long value of a tag"])).to_owned(),
                ),
            });
        }
    }

    /// Records that are added, and then the cycle begins anew.
    fn abandoned(&mut self, rng: &mut Rng) {
        for _ in 0..rng.between(1, 3) {
            if let Some(&ty) = self.roots.first() {
                let value = values::random(self.model, ty, rng, self.kinds);
                self.builder.add(rng, ty, &value);
            }
        }
        self.builder.reset();
    }

    /// A record that is added and taken out again; what it refers to stays.
    fn withdrawn(&mut self, rng: &mut Rng) {
        let fits = |ty: &&&str| {
            let schema = self.model.get(ty).map(|ty| &ty.schema);
            schema.is_some_and(|schema| !schema.references().contains(*ty))
        };
        let Some(ty) = self.roots.iter().find(fits).copied() else {
            return;
        };
        let value = values::random(self.model, ty, rng, self.kinds);
        if !self.expected.contains(&(ty.to_owned(), values::key(&value))) {
            let added = self.builder.add(rng, ty, &value);
            // What it refers to may be of a root type by itself only if it is its own, which was ruled out.
            self.builder.ops.push(Op::Withdraw(ty.to_owned(), added));
        }
    }

    /// A root type whose records are all taken out; one is put in again.
    fn removed_and_added(&mut self, rng: &mut Rng) {
        let is_alone = |ty: &&&str| {
            let schema = self.model.get(ty).map(|ty| &ty.schema);
            schema.is_some_and(|schema| !schema.references().contains(*ty))
        };
        let Some(ty) = self.roots.iter().find(is_alone).copied() else {
            return;
        };
        self.builder.ops.push(Op::RemoveAll(ty.to_owned()));
        self.builder.forget();
        self.expected.retain(|(other, _)| other != ty);
        let value = values::random(self.model, ty, rng, self.kinds);
        self.add(rng, ty, &value);
    }

    fn add_again(&mut self, rng: &mut Rng, mut old: Vec<Old>, churn_percent: usize) {
        if rng.percent(50) {
            rng.shuffle(&mut old);
        }
        for record in old {
            match rng.below(100) {
                n if n >= churn_percent => self.add(rng, &record.ty, &record.value),
                n if n % 3 == 0 => {} // gone
                n if n % 3 == 1 => {
                    let value = self.changed(rng, &record);
                    self.add(rng, &record.ty, &value);
                }
                _ => {
                    let value = values::random(self.model, &record.ty, rng, self.kinds);
                    self.add(rng, &record.ty, &value);
                }
            }
        }
    }

    /// The record with another value in one of its fields.
    fn changed(&mut self, rng: &mut Rng, record: &Old) -> Value {
        let other = values::random(self.model, &record.ty, rng, self.kinds);
        match (&record.value, other) {
            (Value::Object(fields), Value::Object(others)) if !fields.is_empty() => {
                let at = rng.below(fields.len());
                let mut fields = fields.clone();
                fields[at] = others[at].clone();
                Value::Object(fields)
            }
            (_, other) => other,
        }
    }

    /// Takes everything over, then removes some records with what nothing else refers to.
    fn carry_all(&mut self, rng: &mut Rng, state: &ReadState, old: Vec<Old>, churn_percent: usize) {
        match rng.percent(50) {
            true => self.builder.ops.push(Op::All),
            false => {
                for ty in self.carried_types(state) {
                    self.builder.ops.push(Op::AllOf(ty));
                }
            }
        }
        let mut references = References::of(state, self.dataset);
        let mut kept = Vec::new();
        for record in old {
            let referred = references.count(&record.ty, record.ordinal) > 0;
            if referred || rng.below(100) >= churn_percent {
                kept.push(record);
                continue;
            }
            for (ty, ordinal) in references.remove(state, self.dataset, (&record.ty, record.ordinal), &self.roots) {
                self.builder.ops.push(Op::Remove(ty, ordinal));
            }
        }
        kept.iter().for_each(|record| self.expect(&record.ty, &record.value));
    }

    /// Takes records over one by one, each with what it refers to.
    fn carry_each(&mut self, rng: &mut Rng, state: &ReadState, old: Vec<Old>, churn_percent: usize) {
        let mut carried: HashSet<(String, Ordinal)> = HashSet::new();
        for record in old {
            if rng.below(100) < churn_percent {
                continue;
            }
            let mut waiting = vec![(record.ty.clone(), record.ordinal)];
            while let Some((ty, ordinal)) = waiting.pop() {
                if !carried.insert((ty.clone(), ordinal)) {
                    continue;
                }
                waiting.extend(children(state, self.dataset, &ty, ordinal));
                self.builder.ops.push(Op::Carry(ty, ordinal));
            }
            self.expect(&record.ty, &record.value);
        }
    }

    fn carried_types(&self, state: &ReadState) -> Vec<String> {
        let names = self.dataset.schemas().iter().map(|schema| schema.name());
        names
            .filter(|name| state.ty(name).is_some())
            .map(str::to_owned)
            .collect()
    }
}

/// How often each record is referred to.
struct References(HashMap<(String, Ordinal), usize>);

impl References {
    fn of(state: &ReadState, dataset: &Dataset) -> Self {
        let mut counts = HashMap::new();
        for ty in state.types().filter(|ty| dataset.get(ty.name()).is_some()) {
            for ordinal in ty.populated() {
                for child in children(state, dataset, ty.name(), ordinal) {
                    *counts.entry(child).or_insert(0) += 1;
                }
            }
        }
        Self(counts)
    }

    fn count(&self, ty: &str, ordinal: Ordinal) -> usize {
        self.0.get(&(ty.to_owned(), ordinal)).copied().unwrap_or(0)
    }

    /// What goes with a record: itself, and what only it referred to, root types excepted.
    fn remove(
        &mut self,
        state: &ReadState,
        dataset: &Dataset,
        record: (&str, Ordinal),
        roots: &[&str],
    ) -> Vec<(String, Ordinal)> {
        let mut removed = Vec::new();
        let mut waiting = vec![(record.0.to_owned(), record.1)];
        while let Some((ty, ordinal)) = waiting.pop() {
            for child in children(state, dataset, &ty, ordinal) {
                let Some(count) = self.0.get_mut(&child) else { continue };
                *count = count.saturating_sub(1);
                if *count == 0 && !roots.contains(&child.0.as_str()) {
                    waiting.push(child);
                }
            }
            removed.push((ty, ordinal));
        }
        removed
    }
}

/// What a record refers to, as far as a data set has the types and fields.
fn children(state: &ReadState, dataset: &Dataset, ty: &str, ordinal: Ordinal) -> Vec<(String, Ordinal)> {
    let mut children: Vec<(String, Ordinal)> = Vec::new();
    match state.ty(ty) {
        Some(TypeReadState::Object(ty)) => {
            let known = dataset.get(&ty.schema().name).and_then(|schema| schema.as_object());
            for (at, field) in ty.schema().fields.iter().enumerate() {
                let is_known = known.is_some_and(|known| known.position(&field.name).is_some());
                if let (true, Some(target), Some(child)) = (is_known, field.ty.reference(), ty.reference(ordinal, at)) {
                    children.push((target.to_owned(), child));
                }
            }
        }
        Some(TypeReadState::List(ty)) => {
            children.extend(ty.elements(ordinal).map(|child| (ty.schema().element.clone(), child)));
        }
        Some(TypeReadState::Set(ty)) => {
            children.extend(ty.elements(ordinal).map(|child| (ty.schema().element.clone(), child)));
        }
        Some(TypeReadState::Map(ty)) => {
            for (key, value) in ty.entries(ordinal) {
                children.push((ty.schema().key.clone(), key));
                children.push((ty.schema().value.clone(), value));
            }
        }
        None => {}
    }
    children
}

/// The records of the root types in a state, as type and text.
pub(super) fn roots_of(state: &ReadState, roots: &[&str]) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for ty in roots.iter().filter_map(|name| state.ty(name)) {
        for ordinal in ty.populated() {
            if let Some(value) = state.value(ty.name(), ordinal) {
                found.insert((ty.name().to_owned(), values::key(&value)));
            }
        }
    }
    found
}
