//! Deltas between two states that have nothing to do with each other.
//!
//! A delta cannot put another record at an ordinal that is taken. So there are two: the first leads to a state *between*
//! that has the content of the second already, with those records that are in the way at ordinals that both states leave
//! free; the second moves them to where they belong.
//!
//! ```text
//! ordinal      0    1    2    3    4
//! from         A    B    C
//! between      A    .    .    X    Y'      Y refers to X, so it cannot stand at its ordinal before X does
//! to           A    X    Y
//! ```
//!
//! Records that are the same at the same ordinal, and all they refer to as well, stay; so do ordinals that are new. If
//! nothing is in the way, one delta leads there at once.

use super::references::for_each_reference;
use super::rewrite::{Deltas, deltas, new_engine, state_of};
use super::{ToolError, union};
use crate::Ordinal;
use crate::copy::{Copier, HashPositions};
use crate::memory::OrdinalSet;
use crate::read::{ReadState, TypeReadState};
use crate::schema::{Dataset, Schema};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Header tag of Java Hollow that names the types whose buckets an application decides.
const OWN_HASHES: &str = "DEFINED_HASH_CODES";

/// One step of a patch.
#[derive(Clone, Debug)]
pub struct Step {
    /// The state that the step leads to.
    pub state: ReadState,
    /// What leads there from the state before, and back.
    pub deltas: Deltas,
}

/// The way from one state to another: one step or two.
#[derive(Clone, Debug)]
pub struct Patch {
    /// The steps. The last one leads to the state wanted.
    pub steps: Vec<Step>,
    /// How many records had to make way, by type.
    pub moved: BTreeMap<String, u64>,
}

/// Finds the way from one state to another. `between_tag` is the random tag of the state between, if there has to be one.
///
/// Schemas may differ: the deltas have types and fields of both. Followers keep the schemas they have until they load a
/// snapshot, as after any change of schemas.
///
/// Costs looks at every record of both states, and holds them several times.
///
/// # Errors
/// [`ToolError::Disagreement`] if the states do not agree on a type, [`ToolError::OrdinalLimit`].
pub fn patch(from: &ReadState, to: &ReadState, between_tag: i64) -> Result<Patch, ToolError> {
    let dataset = union::of(&[from.dataset(), to.dataset()])?;
    let moves = Moves::plan(from, to, &dataset)?;
    let last = |before: &ReadState| -> Result<Step, ToolError> {
        Ok(Step {
            state: to.clone(),
            deltas: deltas(before, to)?,
        })
    };
    if moves.places.is_empty() {
        return Ok(Patch {
            steps: vec![last(from)?],
            moved: BTreeMap::new(),
        });
    }
    let between = moves.between(to, &dataset, from.tag(), between_tag)?;
    let moved = moves
        .places
        .iter()
        .map(|(name, places)| ((*name).to_owned(), places.len() as u64));
    Ok(Patch {
        moved: moved.collect(),
        steps: vec![
            Step {
                deltas: deltas(from, &between)?,
                state: between.clone(),
            },
            last(&between)?,
        ],
    })
}

/// Which records cannot stand at their ordinals yet, and where they stand meanwhile.
struct Moves<'s> {
    places: BTreeMap<&'s str, HashMap<u32, Ordinal>>,
}

impl<'s> Moves<'s> {
    fn plan(from: &ReadState, to: &'s ReadState, dataset: &Dataset) -> Result<Self, ToolError> {
        let mut stay: BTreeMap<&'s str, OrdinalSet> = BTreeMap::new();
        for ty in to.types() {
            stay.insert(ty.name(), not_in_the_way(from.ty(ty.name()), ty, dataset)?);
        }
        make_way(to, &mut stay);
        let mut places = BTreeMap::new();
        for ty in to.types() {
            let mut spare = Spare::beside(from.ty(ty.name()), ty);
            let stays = |record: &Ordinal| stay.get(ty.name()).is_some_and(|stay| stay.contains(*record));
            let of_type: Option<HashMap<u32, Ordinal>> = ty
                .populated()
                .filter(|record| !stays(record))
                .map(|record| Some((record.get(), spare.next()?)))
                .collect();
            let of_type = of_type.ok_or_else(|| ToolError::OrdinalLimit {
                type_name: ty.name().to_owned(),
            })?;
            if !of_type.is_empty() {
                places.insert(ty.name(), of_type);
            }
        }
        Ok(Self { places })
    }

    fn place(&self, type_name: &str, record: Ordinal) -> Ordinal {
        let moved = self.places.get(type_name).and_then(|places| places.get(&record.get()));
        moved.copied().unwrap_or(record)
    }

    /// The state between: content, header tags and shards of the last one.
    fn between(&self, to: &ReadState, dataset: &Dataset, origin: i64, tag: i64) -> Result<ReadState, ToolError> {
        let mut engine = new_engine(dataset)?;
        engine.keep_buckets();
        let own_hashes: BTreeSet<&str> = match to.header_tags().get(OWN_HASHES) {
            Some(names) => names.split(',').collect(),
            None => BTreeSet::new(),
        };
        let mut bytes = Vec::new();
        for ty in to.types() {
            let (Some(id), Some(schema)) = (engine.type_id(ty.name()), dataset.get(ty.name())) else {
                continue;
            };
            let as_it_is = copier(ty, schema, HashPositions::Verbatim)?;
            // Without a hash key elements are found by their ordinals, which are others now.
            let by_ordinals = !has_hash_key(schema) && !own_hashes.contains(ty.name());
            let rehashed = copier(ty, schema, HashPositions::AsAdded)?;
            engine.set_num_shards(id, ty.num_shards());
            for record in ty.populated() {
                let place = self.place(ty.name(), record);
                let is_collection = !matches!(ty, TypeReadState::Object(_));
                let source = match place != record && is_collection && by_ordinals {
                    true => &rehashed,
                    false => &as_it_is,
                };
                bytes.clear();
                source.serialize_moved(record, &|name, child| self.place(name, child), &mut bytes);
                engine.place(id, place, &bytes)?;
            }
        }
        engine.set_origin_tag(origin);
        engine.set_next_tag(tag);
        for (key, value) in to.header_tags() {
            engine.set_header_tag(key, value);
        }
        state_of(engine)
    }
}

/// Takes away from the records that stay what refers to one that makes way, and so on.
fn make_way<'s>(to: &'s ReadState, stay: &mut BTreeMap<&'s str, OrdinalSet>) {
    let moves = |stay: &BTreeMap<&'s str, OrdinalSet>, name: &str, record: Ordinal| {
        let is_there = to.ty(name).is_some_and(|ty| ty.is_populated(record));
        is_there && !stay.get(name).is_some_and(|stay| stay.contains(record))
    };
    // Children come first: one look at each record is enough, but for those that lead to a circle of types.
    let to_circles = leading_to_circles(to.dataset());
    let mut waiting: Vec<(&'s str, Ordinal)> = Vec::new();
    let mut referrers: HashMap<(&'s str, u32), Vec<(&'s str, Ordinal)>> = HashMap::new();
    for name in to.dataset().dependency_order() {
        let Some(ty) = to.ty(name) else { continue };
        let leads_to_circle = to_circles.contains(name);
        let mut moving: Vec<Ordinal> = Vec::new();
        for record in ty.populated() {
            let mut must_move = false;
            for_each_reference(ty, record, |_, child_type, child| {
                if to_circles.contains(child_type) {
                    let referrer = (ty.name(), record);
                    referrers.entry((child_type, child.get())).or_default().push(referrer);
                } else {
                    must_move |= moves(stay, child_type, child);
                }
            });
            if must_move {
                moving.push(record);
            }
        }
        if let Some(own) = stay.get_mut(ty.name()) {
            for record in moving {
                own.remove(record);
            }
            if leads_to_circle {
                let own = &*own;
                let moving = ty.populated().filter(|record| !own.contains(*record));
                waiting.extend(moving.map(|record| (ty.name(), record)));
            }
        }
    }
    // What refers to such a type leads to the circle itself, so all that has to follow is among the referrers.
    while let Some((name, record)) = waiting.pop() {
        for (name, referrer) in referrers.remove(&(name, record.get())).unwrap_or_default() {
            if stay.get_mut(name).is_some_and(|stay| stay.remove(referrer)) {
                waiting.push((name, referrer));
            }
        }
    }
}

/// The types from which references lead, over whatever others, to a type that leads to itself.
fn leading_to_circles(dataset: &Dataset) -> BTreeSet<&str> {
    // The other way round: a type is on no circle and leads to none if all it refers to is so.
    let mut order = dataset.dependency_order();
    let mut harmless: BTreeSet<&str> = BTreeSet::new();
    loop {
        let before = order.len();
        order.retain(|name| {
            let references = dataset.get(name).map_or_else(Vec::new, Schema::references);
            let is_harmless = references
                .into_iter()
                .all(|to| dataset.get(to).is_none() || harmless.contains(to));
            if is_harmless {
                harmless.insert(name);
            }
            !is_harmless
        });
        if order.len() == before {
            return order.into_iter().collect();
        }
    }
}

fn has_hash_key(schema: &Schema) -> bool {
    match schema {
        Schema::Set(set) => set.hash_key.is_some(),
        Schema::Map(map) => map.hash_key.is_some(),
        _ => false,
    }
}

fn copier<'s>(ty: &'s TypeReadState, schema: &Schema, positions: HashPositions) -> Result<Copier<'s>, ToolError> {
    Copier::new(ty, schema, positions).map_err(|why| ToolError::Disagreement {
        type_name: ty.name().to_owned(),
        why,
    })
}

/// The records of a type whose ordinals are free before, or have the same record, as far as its own bytes go.
fn not_in_the_way(
    from: Option<&TypeReadState>,
    to: &TypeReadState,
    dataset: &Dataset,
) -> Result<OrdinalSet, ToolError> {
    let (Some(from), Some(schema)) = (from, dataset.get(to.name())) else {
        return Ok(to.populated().collect());
    };
    let (old, new) = (
        copier(from, schema, HashPositions::Verbatim)?,
        copier(to, schema, HashPositions::Verbatim)?,
    );
    let (mut before, mut after) = (Vec::new(), Vec::new());
    let mut stays = |record: &Ordinal| {
        if !from.is_populated(*record) {
            return true;
        }
        before.clear();
        after.clear();
        old.serialize_moved(*record, &|_, child| child, &mut before);
        new.serialize_moved(*record, &|_, child| child, &mut after);
        before == after
    };
    Ok(to.populated().filter(|record| stays(record)).collect())
}

/// Ordinals that neither of two states uses, ascending.
struct Spare {
    taken: OrdinalSet,
    next: u32,
}

impl Spare {
    fn beside(from: Option<&TypeReadState>, to: &TypeReadState) -> Self {
        let mut taken: OrdinalSet = to.populated().collect();
        if let Some(from) = from {
            taken.union_with(&from.populated().collect());
        }
        Self { taken, next: 0 }
    }

    fn next(&mut self) -> Option<Ordinal> {
        loop {
            let ordinal = Ordinal::new(self.next)?;
            self.next += 1;
            if !self.taken.contains(ordinal) {
                return Some(ordinal);
            }
        }
    }
}
