//! How many records refer to each record, so that a record goes when the last one that refers to it goes.
//!
//! Root records have one more: their key. The counts follow a cycle step by step and keep a journal to go back by.

use crate::Ordinal;
use crate::read::{ReadState, TypeReadState};
use crate::write::{TypeId, WriteError, WriteStateEngine};
use std::collections::HashSet;

/// The counts of all types.
#[derive(Debug)]
pub(super) struct References {
    /// In the order of the engine's types.
    types: Vec<TypeCounts>,
    journal: Vec<(u32, Ordinal, u32)>,
    /// Only after a restore with other schemas: restored records that the cycle took up with what is new in their type.
    taken_up: Option<HashSet<(TypeId, Ordinal)>>,
    /// Records that are still to be looked at; room that is used again and again.
    waiting: Vec<(TypeId, Ordinal)>,
}

#[derive(Debug)]
struct TypeCounts {
    id: TypeId,
    name: String,
    counts: Vec<u32>,
    /// Of the published state's type. Its schema stays as it is for as long as there are these counts.
    edges: Option<Edges>,
}

/// What the counts are kept of.
pub(super) struct World<'a> {
    pub(super) engine: &'a mut WriteStateEngine,
    pub(super) published: Option<&'a ReadState>,
}

impl References {
    /// Counts all references of a state; `evolved` if its schemas are not those of the engine.
    pub(super) fn build(engine: &WriteStateEngine, state: Option<&ReadState>, evolved: bool) -> Self {
        let ids = engine.type_ids().zip(engine.dataset().schemas());
        let types: Vec<TypeCounts> = ids
            .map(|(id, schema)| TypeCounts {
                id,
                name: schema.name().to_owned(),
                counts: Vec::new(),
                edges: None,
            })
            .collect();
        let mut this = Self {
            types,
            journal: Vec::new(),
            taken_up: evolved.then(HashSet::new),
            waiting: Vec::new(),
        };
        let Some(state) = state else {
            return this;
        };
        for at in 0..this.types.len() {
            let Some(ty) = state.ty(&this.types[at].name) else {
                continue;
            };
            let edges = Edges::new(engine, ty);
            for ordinal in ty.populated() {
                edges.for_each(ty, ordinal, |child, ordinal| {
                    this.add(child, ordinal);
                });
            }
        }
        this.journal.clear();
        this
    }

    fn count(&mut self, ty: TypeId, ordinal: Ordinal) -> (usize, &mut u32) {
        let at = ty.index();
        let counts = &mut self.types[at].counts;
        if counts.len() <= ordinal.index() {
            counts.resize(ordinal.index() + 1, 0);
        }
        (at, &mut counts[ordinal.index()])
    }

    /// Counts one more; true if there was none.
    fn add(&mut self, ty: TypeId, ordinal: Ordinal) -> bool {
        let (at, count) = self.count(ty, ordinal);
        let before = *count;
        *count = count.saturating_add(1);
        self.journal.push((at as u32, ordinal, before));
        before == 0
    }

    /// Counts one less; true if none is left.
    fn subtract(&mut self, ty: TypeId, ordinal: Ordinal) -> bool {
        let (at, count) = self.count(ty, ordinal);
        let before = *count;
        *count = count.saturating_sub(1);
        self.journal.push((at as u32, ordinal, before));
        before == 1
    }

    /// Counts a record's key, for a root record of the published state.
    pub(super) fn add_key(&mut self, ty: TypeId, ordinal: Ordinal) {
        self.add(ty, ordinal);
    }

    /// How often a record is referred to, for bringing it close.
    pub(super) fn touch(&self, ty: TypeId, ordinal: Ordinal) -> u32 {
        let counts = self.types[ty.index()].counts.get(ordinal.index());
        counts.copied().unwrap_or(0)
    }

    pub(super) fn is_live(&self, ty: TypeId, ordinal: Ordinal) -> bool {
        self.types[ty.index()]
            .counts
            .get(ordinal.index())
            .is_some_and(|&count| count > 0)
    }

    /// What a record refers to. Records of the published state are read from there: after a restore the engine does not
    /// know them yet.
    fn of(&mut self, world: &World<'_>, ty: TypeId, ordinal: Ordinal) -> Vec<(TypeId, Ordinal)> {
        let mut references = Vec::new();
        self.push(world, ty, ordinal, &mut references);
        references
    }

    /// Appends what a record refers to.
    fn push(&mut self, world: &World<'_>, ty: TypeId, ordinal: Ordinal, to: &mut Vec<(TypeId, Ordinal)>) {
        let taken_up = self
            .taken_up
            .as_ref()
            .is_some_and(|taken| taken.contains(&(ty, ordinal)));
        let counts = &mut self.types[ty.index()];
        let published = world.published.and_then(|state| state.ty(&counts.name));
        match published.filter(|published| !taken_up && published.is_populated(ordinal)) {
            Some(published) => {
                let edges = counts.edges.get_or_insert_with(|| Edges::new(world.engine, published));
                edges.for_each(published, ordinal, |ty, ordinal| to.push((ty, ordinal)));
            }
            None => world
                .engine
                .for_each_reference(ty, ordinal, |ty, ordinal| to.push((ty, ordinal))),
        }
    }

    /// Adds a reference to a record, which may be new in this cycle with all it refers to. What it refers to itself may be
    /// known.
    pub(super) fn acquire(
        &mut self,
        world: &World<'_>,
        (ty, ordinal): (TypeId, Ordinal),
        children: Option<&[(TypeId, Ordinal)]>,
    ) {
        let mut waiting = std::mem::take(&mut self.waiting);
        match children.filter(|_| self.taken_up.is_none()) {
            None => waiting.push((ty, ordinal)),
            Some(children) => {
                if self.add(ty, ordinal) {
                    waiting.extend_from_slice(children);
                }
            }
        }
        while let Some((ty, ordinal)) = waiting.pop() {
            if self.add(ty, ordinal) {
                self.push(world, ty, ordinal, &mut waiting);
            } else {
                self.take_up(world, ty, ordinal);
            }
        }
        self.waiting = waiting;
    }

    /// A record of a state with other schemas may have been added again with what is new in its type: then its
    /// references are those the engine has, and so are those of what it refers to.
    pub(super) fn take_up(&mut self, world: &World<'_>, ty: TypeId, ordinal: Ordinal) {
        if self.taken_up.is_none() {
            return;
        }
        let mut waiting = vec![(ty, ordinal)];
        let mut dropped = Vec::new();
        while let Some((ty, ordinal)) = waiting.pop() {
            let name = &self.types[ty.index()].name;
            let published = world.published.and_then(|state| state.ty(name));
            let restored = published.is_some_and(|published| published.is_populated(ordinal));
            if !restored || !world.engine.has_record(ty, ordinal) {
                continue;
            }
            let before = self.of(world, ty, ordinal);
            if !self.taken_up.as_mut().is_some_and(|taken| taken.insert((ty, ordinal))) {
                continue;
            }
            for (child, ordinal) in world.engine.references_of(ty, ordinal) {
                if self.add(child, ordinal) {
                    // A record that nobody referred to: what it refers to counts from now on.
                    let further = self.of(world, child, ordinal);
                    for (ty, ordinal) in further {
                        self.acquire(world, (ty, ordinal), None);
                    }
                } else {
                    waiting.push((child, ordinal));
                }
            }
            dropped.extend(before);
        }
        // The new references hold whatever is still needed, so this never takes a count to nothing.
        for (ty, ordinal) in dropped {
            self.subtract(ty, ordinal);
        }
    }

    /// Takes a reference to a record away, and the record out of the cycle if it was the last one. What it refers to itself
    /// in the announced state may be known.
    pub(super) fn release(
        &mut self,
        world: &mut World<'_>,
        (ty, ordinal): (TypeId, Ordinal),
        children: Option<&[(TypeId, Ordinal)]>,
    ) -> Result<(), WriteError> {
        let mut waiting = std::mem::take(&mut self.waiting);
        match children.filter(|_| self.taken_up.is_none()) {
            None => waiting.push((ty, ordinal)),
            Some(children) => {
                if self.subtract(ty, ordinal) {
                    waiting.extend_from_slice(children);
                    world.engine.remove(ty, ordinal)?;
                }
            }
        }
        while let Some((ty, ordinal)) = waiting.pop() {
            if self.subtract(ty, ordinal) {
                self.push(world, ty, ordinal, &mut waiting);
                world.engine.remove(ty, ordinal)?;
            }
        }
        self.waiting = waiting;
        Ok(())
    }

    /// Takes out of the cycle what nothing refers to. `counted` says whether the references of such records were counted:
    /// they were if the published state had these records, not if an addition failed half way in this cycle.
    pub(super) fn sweep(&mut self, world: &mut World<'_>, counted: bool) -> Result<(), WriteError> {
        for at in 0..self.types.len() {
            let id = self.types[at].id;
            let populated = world.engine.populated(id).iter();
            let orphans: Vec<Ordinal> = populated.filter(|&ordinal| !self.is_live(id, ordinal)).collect();
            for ordinal in orphans {
                if world.engine.remove(id, ordinal)? && counted {
                    for (ty, ordinal) in self.of(world, id, ordinal) {
                        self.release(world, (ty, ordinal), None)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Back to the counts of the published state.
    pub(super) fn roll_back(&mut self) {
        for (at, ordinal, before) in self.journal.drain(..).rev() {
            if let Some(count) = self.types[at as usize].counts.get_mut(ordinal.index()) {
                *count = before;
            }
        }
        if let Some(taken) = &mut self.taken_up {
            taken.clear();
        }
    }

    /// The counts as they are belong to the published state now.
    pub(super) fn commit(&mut self) {
        self.journal.clear();
    }
}

/// Where the records of a type in a state have references to types the engine knows.
#[derive(Debug)]
pub(super) struct Edges {
    fields: Vec<(usize, TypeId)>,
    element: Option<TypeId>,
    key: Option<TypeId>,
}

impl Edges {
    pub(super) fn new(engine: &WriteStateEngine, ty: &TypeReadState) -> Self {
        let mut edges = Self {
            fields: Vec::new(),
            element: None,
            key: None,
        };
        match ty {
            TypeReadState::Object(ty) => {
                let schema = engine
                    .dataset()
                    .get(&ty.schema().name)
                    .and_then(|schema| schema.as_object());
                for (position, field) in ty.schema().fields.iter().enumerate() {
                    // A field that the engine's schema lacks is gone, with what it refers to.
                    let kept = schema.is_some_and(|schema| schema.position(&field.name).is_some());
                    let target = field
                        .ty
                        .reference()
                        .filter(|_| kept)
                        .and_then(|name| engine.type_id(name));
                    edges.fields.extend(target.map(|target| (position, target)));
                }
            }
            TypeReadState::List(ty) => edges.element = engine.type_id(&ty.schema().element),
            TypeReadState::Set(ty) => edges.element = engine.type_id(&ty.schema().element),
            TypeReadState::Map(ty) => {
                edges.key = engine.type_id(&ty.schema().key);
                edges.element = engine.type_id(&ty.schema().value);
            }
        }
        edges
    }

    pub(super) fn for_each(&self, ty: &TypeReadState, ordinal: Ordinal, mut each: impl FnMut(TypeId, Ordinal)) {
        match ty {
            TypeReadState::Object(ty) => {
                for &(field, target) in &self.fields {
                    ty.reference(ordinal, field)
                        .into_iter()
                        .for_each(|child| each(target, child));
                }
            }
            TypeReadState::List(ty) => {
                self.element
                    .into_iter()
                    .for_each(|target| ty.elements(ordinal).for_each(|child| each(target, child)));
            }
            TypeReadState::Set(ty) => {
                self.element
                    .into_iter()
                    .for_each(|target| ty.elements(ordinal).for_each(|child| each(target, child)));
            }
            TypeReadState::Map(ty) => {
                for (key, value) in ty.entries(ordinal) {
                    self.key.into_iter().for_each(|target| each(target, key));
                    self.element.into_iter().for_each(|target| each(target, value));
                }
            }
        }
    }
}
