//! Elements of a collection that wait for each other, so that the engine looks for all of them at once.
//!
//! ```text
//! list of A         begin A .. finish A   begin A .. finish A   ..    end of the list
//! without waiting   engine                engine
//! with waiting      (waits)               (waits)                     engine: all of them
//! ```
//!
//! Ordinals are those that adding one after the other gives: only a type waits whose records can be added by nobody else
//! meanwhile, because none lies below an element (or below a key, for the values of a map).

use super::Record;
use super::recent::Vacancy;
use super::write::{WritePlan, Writer};
use crate::Ordinal;
use crate::write::{RecordList, TypeId, WriteError};

/// Bytes of records after which they do not wait for more.
const MAX_BYTES: usize = 256 << 10;

/// Records of one collection that wait.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// The depth at which records wait; 0 if none do.
    pub(super) depth: usize,
    pub(super) plan: usize,
    pub(super) records: RecordList,
    vacancies: Vec<Option<Vacancy>>,
    /// Which elements of the collection they are.
    positions: Vec<usize>,
    /// The last element waits, and what was given as its ordinal is none.
    has_last: bool,
}

impl Waiting {
    /// Takes a record in.
    pub(super) fn push(&mut self, record: &[u8], vacancy: Option<Vacancy>) {
        self.records.push(record);
        self.vacancies.push(vacancy);
        self.has_last = true;
    }

    /// Notes which element it was that was just written, if it waits.
    #[inline]
    pub(super) fn note(&mut self, position: usize) {
        if std::mem::take(&mut self.has_last) {
            self.positions.push(position);
        }
    }

    pub(super) fn is_full(&self, together: usize) -> bool {
        self.records.len() >= together || self.records.num_bytes() >= MAX_BYTES
    }

    pub(super) fn clear(&mut self) {
        self.records.clear();
        self.vacancies.clear();
        self.positions.clear();
        self.has_last = false;
    }

    /// The elements that wait, and where their records are to be remembered.
    pub(super) fn elements(&self) -> impl Iterator<Item = (usize, Option<Vacancy>)> {
        self.positions.iter().copied().zip(self.vacancies.iter().copied())
    }
}

impl Writer<'_> {
    /// Writes the elements of a collection, or many records by themselves, and appends their ordinals.
    pub(super) fn elements<'t, T: Record, E>(
        &mut self,
        plan: usize,
        waits: bool,
        elements: impl Iterator<Item = E>,
        mut write: impl FnMut(&mut Self, E) -> Result<&'t T, WriteError>,
        ordinals: &mut Vec<Ordinal>,
    ) -> Result<(), WriteError> {
        let mut waiting = self.session.idle.pop().unwrap_or_default();
        (waiting.depth, waiting.plan) = (if waits { self.session.depth + 1 } else { 0 }, plan);
        let outer = std::mem::replace(&mut self.session.waiting, waiting);
        let mut result = Ok(());
        for element in elements {
            let written = write(self, element).and_then(|element| element.write_record(self, plan));
            match written {
                Ok(ordinal) => {
                    self.session.waiting.note(ordinals.len());
                    ordinals.push(ordinal);
                }
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
            // Not left at once: those that wait outside of this are still to be added.
            if self.session.waiting.is_full(self.session.together)
                && let Err(error) = self.add_waiting(ordinals)
            {
                result = Err(error);
                break;
            }
        }
        let added = self.add_waiting(ordinals);
        let waiting = std::mem::replace(&mut self.session.waiting, outer);
        self.session.idle.push(waiting);
        result.and(added)
    }

    /// Adds the elements that wait, and puts their ordinals where they belong.
    fn add_waiting(&mut self, ordinals: &mut [Ordinal]) -> Result<(), WriteError> {
        let session = &mut *self.session;
        if session.waiting.records.len() == 0 {
            return Ok(());
        }
        let (waiting, added) = (&mut session.waiting, &mut session.added);
        added.clear();
        let ty = session.plans[waiting.plan].ty;
        let result = self.engine.add_records(ty, &waiting.records, added);
        for ((position, vacancy), &ordinal) in waiting.elements().zip(added.iter()) {
            ordinals[position] = ordinal;
            if let Some(vacancy) = vacancy {
                session.recent.put(waiting.plan, vacancy, ordinal);
            }
        }
        waiting.clear();
        result
    }

    /// Adds a record whose ordinal is to be remembered: it does not wait.
    #[inline]
    pub(super) fn at_once(
        &mut self,
        add: impl FnOnce(&mut Self) -> Result<Ordinal, WriteError>,
    ) -> Result<Ordinal, WriteError> {
        let depth = std::mem::take(&mut self.session.waiting.depth);
        let ordinal = add(self);
        self.session.waiting.depth = depth;
        ordinal
    }
}

/// What stands for an ordinal that is not known yet.
pub(super) fn unknown() -> Ordinal {
    Ordinal::new(0).expect("the lowest ordinal")
}

/// Says of each of these plans whether elements, or values, of its collections wait, and of each object whether it waits
/// when many are added by themselves. `first` is the position of the first plan among all.
pub(super) fn decide(plans: &mut [WritePlan], first: usize) {
    let decisions: Vec<bool> = (0..plans.len()).map(|plan| waits(plans, first, plan)).collect();
    for (plan, waits) in plans.iter_mut().zip(decisions) {
        plan.waits = waits;
    }
}

fn waits(plans: &[WritePlan], first: usize, plan: usize) -> bool {
    let plan_of = |target: usize| target.checked_sub(first).filter(|&at| at < plans.len());
    let of = &plans[plan];
    let Some(collection) = of.collection.then(|| of.targets.split_last()).flatten() else {
        return of.order.is_none() && !lies_below(plans, first, plan, of.ty);
    };
    let (&element, keys) = collection;
    plan_of(element).is_some_and(|element| {
        let ty = plans[element].ty;
        let meanwhile =
            |&key: &usize| plan_of(key).is_some_and(|key| plans[key].ty == ty || lies_below(plans, first, key, ty));
        plans[element].order.is_none() && !lies_below(plans, first, element, ty) && !keys.iter().any(meanwhile)
    })
}

/// Whether writing a record can add records of this type below it.
fn lies_below(plans: &[WritePlan], first: usize, from: usize, ty: TypeId) -> bool {
    let (mut seen, mut left) = (vec![false; plans.len()], vec![from]);
    while let Some(plan) = left.pop() {
        for target in &plans[plan].targets {
            let Some(target) = target.checked_sub(first).filter(|&at| at < plans.len()) else {
                continue; // in the record itself
            };
            if plans[target].ty == ty {
                return true;
            }
            if !std::mem::replace(&mut seen[target], true) {
                left.push(target);
            }
        }
    }
    false
}
