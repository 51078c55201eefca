//! A type that several threads fill: which records there are is in stripes, what was stored is at the threads' desks.

use super::chunks::{Chunks, Slot};
use super::desk::{Desk, Seat, Work};
use super::{into_inner, lock};
use crate::Ordinal;
use crate::write::WriteError;
use crate::write::adding::Added;
use crate::write::free_ordinals::FreeOrdinals;
use crate::write::place_table::{STRIPES, Stripe, stripe_of};
use crate::write::record_store::Place;
use crate::write::together::RecordList;
use crate::write::type_state::TypeState;
use std::hint::black_box;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};

/// Bytes that a desk may store before it asks whether the type has room for more.
const ALLOWANCE: u64 = 64 << 10;

#[derive(Debug)]
pub(super) struct Striped {
    /// Not changed meanwhile.
    frozen: TypeState,
    stripes: [Aligned; STRIPES],
    free: Mutex<FreeOrdinals>,
    chunks: Chunks,
    /// Bytes that are stored, or that desks may store.
    bytes: AtomicU64,
    seats: Mutex<Vec<Seat>>,
}

/// A stripe on cache lines of its own: threads that work on neighbours do not disturb each other.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Aligned(Mutex<Stripe>);

/// Room to sort a list of records by stripes, used over and over.
#[derive(Debug, Default)]
pub(super) struct Sorting {
    hashes: Vec<u64>,
    /// Positions in the list, by stripe.
    order: Vec<usize>,
    ordinals: Vec<Option<Ordinal>>,
    new: Vec<usize>,
    places: Vec<Place>,
    /// The stripe to begin with: not the same for each list, so that threads do not follow each other.
    first: usize,
}

impl Striped {
    /// The type itself if it cannot be divided.
    pub(super) fn new(mut ty: TypeState) -> Result<Self, Box<TypeState>> {
        let [partition] = &mut ty.partitions[..] else {
            return Err(Box::new(ty));
        };
        if ty.restored.is_some() {
            return Err(Box::new(ty));
        }
        let tables = partition.table.take_stripes();
        let free = std::mem::take(&mut partition.free);
        Ok(Self {
            stripes: tables.map(|table| Aligned(Mutex::new(table))),
            free: Mutex::new(free),
            chunks: Chunks::new(ty.records.next_chunk()),
            bytes: AtomicU64::new(ty.records.live_bytes()),
            seats: Mutex::default(),
            frozen: ty,
        })
    }

    /// A place at a desk at which nobody works.
    pub(super) fn take_seat(&self) -> Seat {
        let mut seats = lock(&self.seats);
        // Each is known here; somebody else knows of it only while it is taken.
        if let Some(idle) = seats.iter().find(|seat| Arc::strong_count(seat) == 1) {
            return idle.clone();
        }
        let seat = Seat::default();
        seats.push(seat.clone());
        seat
    }

    pub(super) fn add(&self, desk: &Arc<Desk>, record: &[u8]) -> Added {
        let hash = self.frozen.hasher.hash(record);
        let mut table = lock(&self.stripes[stripe_of(hash)].0);
        let known = table.find(hash, |place| self.recognise(place, record));
        if let Some(ordinal) = known {
            drop(table);
            desk.lock().found.insert(ordinal);
            return Ok(ordinal.into());
        }
        let work = &mut *desk.lock();
        let ordinal = self.store(&mut table, work, desk, hash, record)?.ordinal();
        work.found.insert(ordinal);
        Ok(ordinal.into())
    }

    /// The ordinal of the record at a place, if it is this one.
    #[inline]
    fn recognise(&self, place: Place, record: &[u8]) -> Option<Ordinal> {
        let same = |(ordinal, stored): (u32, &[u8])| if stored == record { Ordinal::new(ordinal) } else { None };
        match self.slot(place) {
            Some(slot) => slot.read(place, same),
            None => self.frozen.records.recognise(place, record),
        }
    }

    /// Where a record lies that a thread stored; `None` if it is one from before.
    #[inline]
    fn slot(&self, place: Place) -> Option<&Slot> {
        match place.lent_ordinal() {
            Some(_) => None,
            None => self.chunks.slot(place.chunk() as u32),
        }
    }

    fn store(&self, table: &mut Stripe, work: &mut Work, desk: &Arc<Desk>, hash: u64, record: &[u8]) -> Added {
        let size = record.len() as u64;
        if work.allowance < size {
            let more = size + ALLOWANCE;
            let before = self.bytes.fetch_add(more, Ordering::Relaxed);
            self.frozen.check_size(record, before + ALLOWANCE)?;
            work.allowance += more;
        }
        work.allowance -= size;
        let (ordinal, place) = work
            .store(desk, &self.chunks, &self.free, record)
            .ok_or_else(|| self.frozen.no_ordinal())?;
        table.insert(hash, place);
        Ok(ordinal.into())
    }

    /// Adds records and appends their ordinals. Each stripe is locked once for all of its records, and those are looked
    /// for together; a stripe that somebody else works on comes later. After an error records behind the one that could
    /// not be added may be there.
    pub(super) fn add_all(
        &self,
        desk: &Arc<Desk>,
        records: &RecordList,
        sorting: &mut Sorting,
        ordinals: &mut Vec<Ordinal>,
    ) -> Result<(), WriteError> {
        let ends = sorting.sort(records, |record| self.frozen.hasher.hash(record));
        let (mut done, mut result) = ([false; STRIPES], Ok(()));
        for waits in [false, true] {
            for step in 0..STRIPES {
                let stripe = (sorting.first + step) % STRIPES;
                let start = stripe.checked_sub(1).map_or(0, |before| ends[before]);
                if done[stripe] || start == ends[stripe] {
                    continue;
                }
                let Some(mut table) = self.stripes[stripe].lock(waits) else {
                    continue;
                };
                let added = self.add_group(&mut table, desk, records, sorting, start..ends[stripe]);
                result = result.and(added);
                done[stripe] = true;
            }
        }
        let work = &mut *desk.lock();
        for &ordinal in sorting.ordinals.iter().flatten() {
            work.found.insert(ordinal);
        }
        ordinals.extend(sorting.ordinals.iter().map_while(|ordinal| *ordinal));
        result.map_err(|error| *error)
    }

    /// Adds the records of one stripe.
    fn add_group(
        &self,
        table: &mut Stripe,
        desk: &Arc<Desk>,
        records: &RecordList,
        sorting: &mut Sorting,
        group: Range<usize>,
    ) -> Result<(), Box<WriteError>> {
        if group.len() > 1 && table.is_large() {
            self.come_closer(table, sorting, group.clone());
        }
        let Sorting {
            hashes,
            order,
            ordinals,
            new,
            ..
        } = sorting;
        new.clear();
        for &at in &order[group] {
            let record = records.get(at);
            ordinals[at] = table.find(hashes[at], |place| self.recognise(place, record));
            if ordinals[at].is_none() {
                new.push(at);
            }
        }
        if new.is_empty() {
            return Ok(());
        }
        // Other desks are not looked at any more: see there.
        let work = &mut *desk.lock();
        for (number, &at) in new.iter().enumerate() {
            let (hash, record) = (hashes[at], records.get(at));
            let mut before = new[..number].iter();
            let twin = before.find(|&&other| hashes[other] == hash && records.get(other) == record);
            ordinals[at] = match twin {
                Some(&twin) => ordinals[twin],
                None => Some(self.store(table, work, desk, hash, record)?.ordinal()),
            };
        }
        Ok(())
    }

    /// Brings close what looking for the records of one stripe will read.
    fn come_closer(&self, table: &Stripe, sorting: &mut Sorting, group: Range<usize>) {
        let Sorting {
            hashes, order, places, ..
        } = sorting;
        let hashes = order[group].iter().map(|&at| hashes[at]);
        // The sums are of no use, but have to be read for.
        let tags = hashes.clone().map(|hash| table.tags_at(hash));
        black_box(tags.fold(0, u64::wrapping_add));
        let slots = hashes.clone().map(|hash| table.slot_at(hash));
        black_box(slots.fold(0, u64::wrapping_add));
        places.clear();
        places.extend(hashes.filter_map(|hash| table.find(hash, Some)));
        let something = places.iter().map(|&place| match self.slot(place) {
            Some(slot) => slot.first_byte(place).into(),
            None => self.frozen.records.touch(place),
        });
        black_box(something.fold(0, u64::wrapping_add));
    }

    /// The type as if one thread had filled it.
    pub(super) fn into_type(self) -> TypeState {
        let mut ty = self.frozen;
        for (number, stripe) in self.stripes.into_iter().enumerate() {
            ty.partitions[0].table.put_back(number, into_inner(stripe.0));
        }
        for (number, chunk) in self.chunks.into_full() {
            ty.records.adopt_chunk(number, chunk);
        }
        let mut left = Vec::new();
        for seat in into_inner(self.seats) {
            let work = std::mem::take(&mut *seat.lock());
            let found = work.hand_over(&mut ty.records, &mut left);
            // New records are among them; the log of what may differ hears of those here, too.
            ty.live.union_with(&found);
            ty.members.insert_all(&found);
        }
        ty.records.tidy();
        // The lowest is to be taken first, as if it had never been in stock.
        let mut free = into_inner(self.free);
        left.sort_unstable_by(|a, b| b.cmp(a));
        left.into_iter().for_each(|ordinal| free.put_back(ordinal));
        ty.partitions[0].free = free;
        ty
    }
}

impl Aligned {
    /// The stripe; `None` if somebody else works on it, unless this waits.
    fn lock(&self, waits: bool) -> Option<MutexGuard<'_, Stripe>> {
        if waits {
            return Some(lock(&self.0));
        }
        match self.0.try_lock() {
            Ok(stripe) => Some(stripe),
            Err(TryLockError::Poisoned(stripe)) => Some(stripe.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

impl Sorting {
    /// Hashes records and puts them in the order of their stripes. Gives for each stripe where its records end.
    fn sort(&mut self, records: &RecordList, hash: impl Fn(&[u8]) -> u64) -> [usize; STRIPES] {
        self.hashes.clear();
        self.hashes.extend(records.iter().map(hash));
        self.ordinals.clear();
        self.ordinals.resize(records.len(), None);
        self.order.clear();
        self.order.resize(records.len(), 0);
        self.first = (self.first + 1) % STRIPES;
        let mut ends = [0; STRIPES];
        self.hashes.iter().for_each(|&hash| ends[stripe_of(hash)] += 1);
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
        for (at, &hash) in self.hashes.iter().enumerate() {
            let end = &mut ends[stripe_of(hash)];
            self.order[*end] = at;
            *end += 1;
        }
        ends
    }
}
