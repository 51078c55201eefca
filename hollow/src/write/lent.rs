//! Records that whoever publishes the states of an engine keeps anyway, and lends to it.
//!
//! ```text
//! cycle N ends      records added: bytes in the store      all others: lent by state N-1
//! state N is lent   each record added is compared with the one in state N, and its bytes go if they are the same
//! cycle N+1         removed and known records are read from state N, in the form that the engine would have kept
//! ```
//!
//! So an engine of a producer holds no second copy of what is published: its tables have ordinals and parts of hashes.
//! A record that the state does not give back byte for byte (as a set with hashes of the caller's) keeps its bytes.
//!
//! An ordinal keeps its record as long as it is taken, so what a state lends is also good when later states are not lent.
//!
//! What is lent is not known here: `copy` reads it out of a read state.

use super::record_store::Place;
use super::type_state::{Moves, TypeState};
use super::{TypeId, WriteError, WriteStateEngine};
use crate::Ordinal;
use crate::schema::Schema;
use std::fmt::Debug;

/// The records of one type in a state that somebody else keeps, in the form of the engine's schema.
pub(crate) trait LentRecords: Debug + Send + Sync {
    /// Appends a record in serialized form; nothing if there is none.
    fn serialize(&self, ordinal: Ordinal, out: &mut Vec<u8>);
    /// Whether the record at this ordinal has this serialized form.
    fn is(&self, ordinal: Ordinal, record: &[u8]) -> bool;
    /// Something of the record; for bringing it close.
    fn touch(&self, ordinal: Ordinal) -> u64;
}

/// A state whose records can be lent.
pub(crate) trait Lender {
    /// The tag of the state.
    fn tag(&self) -> i64;
    /// The records of a type, if the state has it with this schema.
    fn lend(&self, schema: &Schema) -> Option<Box<dyn LentRecords>>;
}

impl WriteStateEngine {
    /// As [`WriteStateEngine::prepare_for_next_cycle`], with the state that was just written, which the engine may read
    /// records from as long as it likes: it gives up the bytes of those that it finds there. A state with another tag is
    /// not looked at.
    ///
    /// Costs, besides, a look at the records that came with the cycle.
    pub(crate) fn prepare_for_next_cycle_lent(&mut self, next_tag: i64, state: &dyn Lender) {
        let is_that = Some(state.tag()) == self.next_tag;
        self.begin_next_cycle(next_tag, Some(state).filter(|_| is_that));
    }

    /// The bytes of a record of this or the previous cycle, if the engine keeps them itself.
    pub(crate) fn own_record_bytes(&self, ty: TypeId, ordinal: Ordinal) -> Option<&[u8]> {
        self.types[ty.index()].records.own(ordinal)
    }

    /// Hashes records as the other engine, so that threads find their ordinals in the same stocks.
    #[cfg(test)]
    pub(crate) fn hash_as(&mut self, other: &Self) {
        let types = self.types.iter_mut().zip(&other.types);
        types.for_each(|(ty, other)| ty.hasher = other.hasher);
    }

    /// Whether there is a record of this or the previous cycle.
    pub(crate) fn has_record(&self, ty: TypeId, ordinal: Ordinal) -> bool {
        self.types[ty.index()].records.has(ordinal)
    }

    /// Whether a serialized record is the one that got this ordinal, told by what the engine keeps itself: its bytes or,
    /// of one that is lent, 34 bits of a hash that nobody else knows.
    pub(crate) fn is_told_to_be(&self, ty: TypeId, ordinal: Ordinal, record: &[u8]) -> bool {
        let ty = &self.types[ty.index()];
        match ty.records.own(ordinal) {
            Some(own) => own == record,
            None => ty.has_fingerprint(ordinal, record),
        }
    }
}

impl TypeState {
    /// Reads from this state from now on what it gives back, and gives up the bytes of such records among those that
    /// came with the cycle.
    pub(super) fn settle(&mut self, lent: Box<dyn LentRecords>, added: &[Ordinal]) {
        self.records.lend(lent);
        let mut moves = Moves::new(&mut self.partitions, &self.hasher);
        self.records
            .give_up(added, |record, ordinal, from, to| moves.push(record, ordinal, from, to));
        moves.tell();
    }

    /// As [`TypeState::map_at`], of a record that is lent.
    pub(super) fn map_lent_at(&mut self, ordinal: Ordinal, record: &[u8]) -> Result<(), WriteError> {
        self.check_room(ordinal, record)?;
        let place = self.records.insert_lent(ordinal, record.len());
        self.enter_at(ordinal, record, place);
        self.statistics.include(ordinal, &self.shape, record);
        Ok(())
    }

    fn has_fingerprint(&self, ordinal: Ordinal, record: &[u8]) -> bool {
        let (lent, hash) = (Place::lent(ordinal), self.hasher.hash(record));
        let table = &self.partitions[self.partition_of(ordinal)].table;
        table.find(hash, |place| (place == lent).then_some(())).is_some()
    }
}
