//! Several threads that fill one engine.
//!
//! Children come before parents and a parent holds the ordinals of its children, so every record needs its ordinal at
//! once, from a table that all threads share. A type's table comes in stripes by hash; a thread locks the stripe of its
//! record for one look and, if the record is new, for storing it:
//!
//! ```text
//!              frozen: records from before, read by all without a lock
//! stripe 0     lock ( table, records stored beside, ordinals in stock, who was found )
//! ..
//! stripe 15    lock ( .. )
//! ```
//!
//! Serializing and hashing need no lock. When the threads are done, what they stored beside is handed over by the chunk.
//!
//! Which of two new records gets the lower ordinal depends on who comes first, so blobs of such a cycle are not the same
//! from run to run, as in Java Hollow; they hold the same records. What was there before keeps its ordinal.

use super::adding::{self, Added, Buffers, Sink, adding_methods};
use super::free_ordinals::FreeOrdinals;
use super::place_table::{STRIPES, Stripe, stripe_of};
use super::record_form::Shape;
use super::record_store::Beside;
use super::type_state::TypeState;
use super::{FieldValue, ObjectRecord, TypeId, WriteError, WriteStateEngine, tree};
use crate::Ordinal;
use crate::memory::OrdinalSet;
use crate::record::Value;
use crate::schema::{Dataset, Schema};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Ordinals that a stripe takes at once. What is left over is free again when the threads are done.
const STOCK: usize = 16;

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
    buffers: Buffers,
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

#[derive(Debug)]
struct Striped {
    /// Not changed meanwhile.
    frozen: TypeState,
    stripes: [Aligned; STRIPES],
    free: Mutex<FreeOrdinals>,
    chunk_numbers: AtomicU32,
    bytes: AtomicU64,
}

/// A stripe on cache lines of its own: threads that work on neighbours do not disturb each other.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Aligned(Mutex<Work>);

#[derive(Debug, Default)]
struct Work {
    table: Stripe,
    beside: Beside,
    found: OrdinalSet,
    stock: Vec<u32>,
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
            buffers: Buffers::default(),
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
            SharedRecords::Striped(ty) => ty.add(record),
            SharedRecords::Whole(ty) => lock(ty).add(record),
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

impl Striped {
    /// The type itself if it cannot be divided.
    fn new(mut ty: TypeState) -> Result<Self, Box<TypeState>> {
        let [partition] = &mut ty.partitions[..] else {
            return Err(Box::new(ty));
        };
        if ty.restored.is_some() {
            return Err(Box::new(ty));
        }
        let tables = partition.table.take_stripes();
        let free = std::mem::take(&mut partition.free);
        let stripe = |table| {
            let work = Work {
                table,
                ..Work::default()
            };
            Aligned(Mutex::new(work))
        };
        Ok(Self {
            stripes: tables.map(stripe),
            free: Mutex::new(free),
            chunk_numbers: ty.records.chunk_numbers(),
            bytes: AtomicU64::new(ty.records.live_bytes()),
            frozen: ty,
        })
    }

    fn add(&self, record: &[u8]) -> Added {
        let hash = self.frozen.hasher.hash(record);
        let work = &mut *lock(&self.stripes[stripe_of(hash)].0);
        let known = work
            .table
            .find(hash, |place| work.beside.recognise(&self.frozen.records, place, record));
        let ordinal = match known {
            Some(ordinal) => ordinal,
            None => self.store(work, hash, record)?.ordinal(),
        };
        work.found.insert(ordinal);
        Ok(ordinal.into())
    }

    fn store(&self, work: &mut Work, hash: u64, record: &[u8]) -> Added {
        let before = self.bytes.fetch_add(record.len() as u64, Ordering::Relaxed);
        self.frozen.check_size(record, before)?;
        if work.stock.is_empty() {
            let mut free = lock(&self.free);
            work.stock
                .extend(std::iter::from_fn(|| free.take(Ordinal::MAX)).take(STOCK));
            work.stock.reverse();
        }
        let ordinal = work.stock.pop().and_then(Ordinal::new);
        let ordinal = ordinal.ok_or_else(|| self.frozen.no_ordinal())?;
        let place = work.beside.insert(&self.chunk_numbers, ordinal, record);
        work.table.insert(hash, place);
        Ok(ordinal.into())
    }

    fn into_type(self) -> TypeState {
        let mut ty = self.frozen;
        let mut free = into_inner(self.free);
        let mut left = Vec::new();
        for (number, stripe) in self.stripes.into_iter().enumerate() {
            let work = into_inner(stripe.0);
            ty.partitions[0].table.put_back(number, work.table);
            for ordinal in work.beside.ordinals() {
                ty.live.insert(ordinal);
                ty.members.note(ordinal);
            }
            ty.records.adopt(work.beside);
            ty.members.insert_all(&work.found);
            left.extend(work.stock);
        }
        ty.records.tidy();
        // The lowest is to be taken first, as if it had never been in stock.
        left.sort_unstable_by(|a, b| b.cmp(a));
        left.into_iter().for_each(|ordinal| free.put_back(ordinal));
        ty.partitions[0].free = free;
        ty
    }
}
