//! Several threads that fill one engine.
//!
//! Children come before parents and a parent holds the ordinals of its children, so every record needs its ordinal at
//! once, from a table that all threads share. A type's table comes in stripes by hash. Everything else a thread has to
//! itself, at a desk of its own for each type: it stores there, under ordinals that it took in stock.
//!
//! ```text
//!              frozen: records from before, read by all without a lock
//! stripe 0     lock ( table )     desk of thread 0     lock ( chunk being filled, ordinals in stock, who was found )
//! ..                              ..
//! stripe 15    lock ( table )     full chunks          read by all without a lock
//! ```
//!
//! Serializing and hashing need no lock. What moves from core to core with each record is its part of a table and the
//! lock over it; where several records are added at once (as [`Mapper::add_all`](crate::typed::Mapper::add_all) does), a
//! stripe moves once for all of them. When the threads are done, what lies at desks is handed over by the chunk and by
//! the page of ordinals.
//!
//! Which of two new records gets the lower ordinal depends on who comes first, so blobs of such a cycle are not the same
//! from run to run, as in Java Hollow; they hold the same records. What was there before keeps its ordinal.

mod chunks;
mod desk;
mod striped;

use self::desk::{Desk, Seat};
use self::striped::{Sorting, Striped};
use super::adding::{self, Added, Buffers, Sink, adding_methods};
use super::record_form::Shape;
use super::together::{Looking, RecordList};
use super::type_state::TypeState;
use super::{FieldValue, ObjectRecord, TypeId, WriteError, WriteStateEngine, tree};
use crate::Ordinal;
use crate::record::Value;
use crate::schema::{Dataset, Schema};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What threads share while they fill an engine; made by [`WriteStateEngine::parallel`].
#[derive(Debug)]
pub struct Adders<'e> {
    dataset: &'e Dataset,
    types: Vec<SharedType>,
}

/// One thread's access to an engine that several fill.
#[derive(Debug)]
pub struct Adder<'a> {
    adders: &'a Adders<'a>,
    /// By type, as soon as the thread adds such records.
    desks: Vec<Option<Seat>>,
    buffers: Buffers,
    sorting: Sorting,
    looking: Looking,
}

#[derive(Debug)]
struct SharedType {
    schema: Schema,
    shape: Shape,
    records: SharedRecords,
}

#[derive(Debug)]
enum SharedRecords {
    Striped(Box<Striped>),
    /// One thread at a time: partitioned types, and those whose records wait for being recognised after a restore.
    Whole(Box<Mutex<TypeState>>),
}

/// Nothing is left half done where a thread can panic, so what it leaves is good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

impl WriteStateEngine {
    /// Lets several threads add records to this cycle at once: `work` shares its argument with them, and each gets an
    /// [`Adder`] of its own. A record that several add is there once.
    ///
    /// Ordinals of new records depend on which thread comes first; with one thread, add to the engine itself.
    ///
    /// # Errors
    /// [`WriteError::WrongPhase`]; threads hear of other errors themselves.
    ///
    /// ```
    /// # use hollow::{record::Value, write::{WriteConfig, WriteStateEngine}};
    /// # let mut engine = WriteStateEngine::new(WriteConfig::default());
    /// # engine.add_type(hollow::schema::parse("Movie { long id; }")?.remove(0), None)?;
    /// engine.parallel(|adders| {
    ///     std::thread::scope(|scope| {
    ///         for part in 0..2 {
    ///             scope.spawn(move || {
    ///                 let mut adder = adders.adder();
    ///                 for id in 0..1000 {
    ///                     let movie = Value::Object(vec![Value::Long(2 * id + part)]);
    ///                     adder.add("Movie", &movie).expect("fits");
    ///                 }
    ///             });
    ///         }
    ///     });
    /// })?;
    /// # let movies = engine.type_id("Movie").expect("registered");
    /// assert_eq!(engine.populated(movies).len(), 2000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parallel<T>(&mut self, work: impl FnOnce(&Adders<'_>) -> T) -> Result<T, WriteError> {
        self.require_adding("add records")?;
        let types = std::mem::take(&mut self.types);
        let adders = Adders {
            dataset: &self.dataset,
            types: types.into_iter().map(SharedType::new).collect(),
        };
        // The records must find back into the engine whatever happens.
        let result = catch_unwind(AssertUnwindSafe(|| work(&adders)));
        self.types = adders.types.into_iter().map(SharedType::into_type).collect();
        result.map_err(|panic| resume_unwind(panic))
    }
}

impl<'e> Adders<'e> {
    /// Access for one thread.
    pub fn adder(&self) -> Adder<'_> {
        Adder {
            adders: self,
            desks: Vec::new(),
            buffers: Buffers::default(),
            sorting: Sorting::default(),
            looking: Looking::default(),
        }
    }
}

impl Adder<'_> {
    adding_methods!();

    /// The type of this name, if it is registered.
    pub fn type_id(&self, name: &str) -> Option<TypeId> {
        Sink::type_id(self, name)
    }

    pub(crate) fn schema_of(&self, ty: TypeId) -> &Schema {
        Sink::schema(self, ty)
    }

    /// Adds a serialized record; as that of the engine.
    #[inline]
    pub(crate) fn add_record(&mut self, ty: TypeId, record: &[u8]) -> Result<Ordinal, WriteError> {
        adding::told(self.add_serialized(ty, record))
    }

    /// Adds serialized records of a type and appends their ordinals; as that of the engine, but that records behind one
    /// that cannot be added may be there.
    pub(crate) fn add_records(
        &mut self,
        ty: TypeId,
        records: &RecordList,
        ordinals: &mut Vec<Ordinal>,
    ) -> Result<(), WriteError> {
        match &self.adders.types[ty.index()].records {
            SharedRecords::Striped(striped) => {
                let desk = desk(&mut self.desks, ty, striped);
                striped.add_all(desk, records, &mut self.sorting, ordinals)
            }
            SharedRecords::Whole(whole) => lock(whole).add_all(records, &mut self.looking, ordinals),
        }
    }
}

/// The desk of a thread for a type.
#[inline]
fn desk<'d>(desks: &'d mut Vec<Option<Seat>>, ty: TypeId, striped: &Striped) -> &'d Arc<Desk> {
    if desks.len() <= ty.index() {
        desks.resize(ty.index() + 1, None);
    }
    desks[ty.index()].get_or_insert_with(|| striped.take_seat())
}

impl Sink for Adder<'_> {
    #[inline]
    fn type_id(&self, name: &str) -> Option<TypeId> {
        self.adders.dataset.position(name).map(|index| TypeId(index as u32))
    }

    #[inline]
    fn schema(&self, ty: TypeId) -> &Schema {
        &self.adders.types[ty.index()].schema
    }

    #[inline]
    fn shape(&self, ty: TypeId) -> &Shape {
        &self.adders.types[ty.index()].shape
    }

    #[inline]
    fn require_adding(&self) -> Result<(), Box<WriteError>> {
        Ok(())
    }

    #[inline]
    fn add_serialized(&mut self, ty: TypeId, record: &[u8]) -> Added {
        match &self.adders.types[ty.index()].records {
            SharedRecords::Striped(striped) => striped.add(desk(&mut self.desks, ty, striped), record),
            SharedRecords::Whole(whole) => lock(whole).add(record),
        }
    }

    #[inline]
    fn buffers(&mut self) -> &mut Buffers {
        &mut self.buffers
    }
}

impl SharedType {
    fn new(ty: TypeState) -> Self {
        Self {
            schema: ty.schema.clone(),
            shape: ty.shape.clone(),
            records: match Striped::new(ty) {
                Ok(striped) => SharedRecords::Striped(Box::new(striped)),
                Err(ty) => SharedRecords::Whole(Box::new(Mutex::new(*ty))),
            },
        }
    }

    fn into_type(self) -> TypeState {
        match self.records {
            SharedRecords::Striped(striped) => striped.into_type(),
            SharedRecords::Whole(ty) => into_inner(*ty),
        }
    }
}
