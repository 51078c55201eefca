//! Looking keys up in the announced state beside the thread that fills a cycle.
//!
//! What was announced does not change while a cycle is being filled, so what it has under a key, and what that record refers
//! to, can be found out by whoever prepares records. Only what the cycle itself has changed is left to ask when a record
//! is added.

use super::keys::PublishedKeys;
use super::references::Edges;
use crate::prepared::PreparedRecords;
use crate::read::ReadState;
use crate::write::TypeId;
use std::sync::Arc;

/// Looks up what prepared records replace, on any thread; made by
/// [`IncrementalCycle::finder`](super::IncrementalCycle::finder).
///
/// Of use to the cycle that made it alone, for records of the type that it was made for. While it is there it holds the announced state, and a cycle that is published
/// meanwhile copies eight bytes a record.
///
/// ```
/// # use hollow::{prepared::{PreparedRecords, Preparer, RecordPlan}, producer::Producer, schema::Dataset, store::Store};
/// let dataset = Dataset::parse("Movie @PrimaryKey(id) { long id; string title; }")?;
/// let mut preparer = Preparer::new(RecordPlan::new(&dataset, "Movie").ok_or("no plan")?);
/// let mut producer = Producer::builder(dataset, Store::memory()).root("Movie").build()?;
/// producer.run_incremental_cycle(|cycle| {
///     let finder = cycle.finder("Movie")?;
///     let mut records = PreparedRecords::default();
///     std::thread::scope(|scope| {
///         scope.spawn(|| {
///             preparer.begin(&mut records);
///             preparer.json(b"[1]", br#"{"id":1,"title":"Metropolis"}"#, &mut records);
///             finder.find(&mut records);
///         });
///     });
///     cycle.begin_prepared("Movie", &records)?;
///     assert!(cycle.upsert_prepared("Movie", &records, 0)?);
///     Ok(())
/// })?;
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
#[derive(Debug)]
pub struct Finder {
    pub(super) cycle: u64,
    pub(super) ty: TypeId,
    pub(super) keys: Arc<PublishedKeys>,
    /// The announced state, if it has the type.
    pub(super) in_state: Option<InState>,
}

#[derive(Debug)]
pub(super) struct InState {
    pub(super) state: Arc<ReadState>,
    pub(super) type_name: String,
    pub(super) edges: Edges,
}

impl Finder {
    /// Looks up all records and keys that there are, for when they are added. Takes a few accesses to distant memory for
    /// each, many at once.
    pub fn find(&self, records: &mut PreparedRecords) {
        let mut found = std::mem::take(records.found_mut());
        found.clear();
        found.sought = Some((self.cycle, self.ty));
        let keys = (0..records.len()).map(|index| records.key(index).unwrap_or_default());
        match &self.in_state {
            Some(there) => self.keys.find_all(&there.state, keys, &mut found.keys),
            None => found.keys.extend(keys.map(|key| (self.keys.hash(key), None))),
        }
        let there = self.in_state.as_ref();
        let ty = there.and_then(|there| Some((there.state.ty(&there.type_name)?, &there.edges)));
        for &(_, before) in &found.keys {
            if let (Some((ty, edges)), Some(before)) = (ty, before) {
                edges.for_each(ty, before, |ty, ordinal| found.children.push((ty, ordinal)));
            }
            found.ends.push(found.children.len() as u32);
        }
        *records.found_mut() = found;
    }
}
