//! Records in the order of a value.

mod order;
#[cfg(test)]
mod tests;

use super::ordered::{Entries, Entry, Ordered, Place};
use crate::Ordinal;
use crate::read::{Part, ReadState, Route, Transition, TypeReadState};
use crate::record::KeyValue;
use crate::schema::{Dataset, FieldPath, FieldType, SchemaError};
use order::Target;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

/// Finds the records whose value lies in a range or begins with a prefix, and all records in the order of a value.
///
/// The value stands in the record or is led to by references. Numbers go by size, FLOAT and DOUBLE by IEEE 754's total
/// order (NaN last), text by Unicode scalar values as `str` does, BYTES by bytes; equal values by ordinal. Records
/// without a value are not in the index.
///
/// Twelve bytes a record: the first eight of the value, and the ordinal, in blocks that states share. To find a place
/// takes two binary searches over those eight bytes; records are read only where they are the same. An index is an
/// immutable value; see the [module](super) for how it belongs to a state.
#[derive(Clone, Debug)]
pub struct SortedIndex {
    dataset: Arc<Dataset>,
    type_name: Arc<str>,
    /// The type, as position in the data set.
    ty: usize,
    path: Arc<FieldPath>,
    route: Arc<Route>,
    order: Ordered,
    nulls: usize,
}

impl SortedIndex {
    /// Indexes the records of a type by the value at the end of a path through references. Reads all of them.
    ///
    /// # Errors
    /// [`SchemaError`] if there is no such object type or the path does not lead to a value.
    pub fn build(state: &ReadState, type_name: &str, path: &str) -> Result<Self, SchemaError> {
        Ok(Self::empty(state, type_name, path)?.rebuilt(state))
    }

    /// What is stored besides the path: how many records have no value, and the others in order.
    pub(super) fn stored(&self) -> (u64, &Ordered) {
        (self.nulls as u64, &self.order)
    }

    /// The same index with what was stored.
    pub(super) fn of_stored(self, nulls: usize, order: Ordered) -> Self {
        Self { order, nulls, ..self }
    }

    /// An index without any records.
    pub(super) fn empty(state: &ReadState, type_name: &str, path: &str) -> Result<Self, SchemaError> {
        let dataset = state.dataset();
        let path = dataset.resolve(type_name, path)?;
        let unknown = || SchemaError::UnknownType(type_name.to_owned());
        Ok(Self {
            dataset: Arc::clone(dataset),
            type_name: type_name.into(),
            ty: dataset.position(type_name).ok_or_else(unknown)?,
            route: Arc::new(Route::of(dataset, &path)?),
            path: Arc::new(path),
            order: Ordered::default(),
            nulls: 0,
        })
    }

    pub(super) fn rebuilt(&self, state: &ReadState) -> Self {
        let records = state.types().as_slice().get(self.ty);
        let mut ends: Vec<(Ordinal, Ordinal)> = Vec::with_capacity(records.map_or(0, TypeReadState::len));
        let mut nulls = 0;
        for record in records.into_iter().flat_map(TypeReadState::populated) {
            match self
                .route
                .end(state, record)
                .filter(|&end| self.route.part_at(state, end).is_some())
            {
                Some(end) => ends.push((end, record)),
                None => nulls += 1,
            }
        }
        let entries = match self.route.direct() {
            Some(_) => self.sort_values(state, ends.into_iter().map(|(end, _)| end).collect()),
            None => self.sort_by_ends(state, &ends),
        };
        Self {
            order: Ordered::build(&entries),
            nulls,
            ..self.clone()
        }
    }

    fn cmp_ends(&self, state: &ReadState, a: Ordinal, b: Ordinal) -> Ordering {
        match (self.route.part_at(state, a), self.route.part_at(state, b)) {
            _ if a == b => Ordering::Equal,
            (Some(a), Some(b)) => order::cmp(a, b),
            _ => Ordering::Equal,
        }
    }

    /// Records that hold a value, in its order.
    fn sort_values(&self, state: &ReadState, ends: Vec<Ordinal>) -> Vec<Entry> {
        let mut entries: Vec<Entry> = ends
            .into_iter()
            .map(|ordinal| Entry {
                head: self.route.part_at(state, ordinal).map_or(0, order::head),
                ordinal,
            })
            .collect();
        let is_number = !matches!(self.route.holds(), FieldType::String | FieldType::Bytes);
        if is_number {
            entries.sort_unstable_by_key(|entry| (entry.head, entry.ordinal));
        } else {
            entries.sort_unstable_by(|a, b| {
                let by_value = a
                    .head
                    .cmp(&b.head)
                    .then_with(|| self.cmp_ends(state, a.ordinal, b.ordinal));
                by_value.then_with(|| a.ordinal.cmp(&b.ordinal))
            });
        }
        entries
    }

    /// Records that refer to a value, in its order. Values are compared once each, however many refer to them: a long
    /// text that all share would take forever otherwise.
    fn sort_by_ends(&self, state: &ReadState, ends: &[(Ordinal, Ordinal)]) -> Vec<Entry> {
        let mut values: Vec<Ordinal> = ends.iter().map(|&(end, _)| end).collect();
        values.sort_unstable();
        values.dedup();
        let mut ranks: HashMap<Ordinal, (u32, u64)> = HashMap::with_capacity(values.len());
        let mut last: Option<Entry> = None;
        let mut rank = 0;
        for entry in self.sort_values(state, values) {
            let same = last.is_some_and(|last| {
                last.head == entry.head && self.cmp_ends(state, last.ordinal, entry.ordinal) == Ordering::Equal
            });
            rank += u32::from(!same);
            ranks.insert(entry.ordinal, (rank, entry.head));
            last = Some(entry);
        }
        let ranked = ends
            .iter()
            .filter_map(|(end, record)| Some((*ranks.get(end)?, *record)));
        let mut entries: Vec<((u32, u64), Ordinal)> = ranked.collect();
        entries.sort_unstable_by_key(|&((rank, _), record)| (rank, record));
        let entry = |((_, head), ordinal)| Entry { head, ordinal };
        entries.into_iter().map(entry).collect()
    }

    /// The index of the state that follows: `after` was made of `before`, to which this one belongs, by a delta.
    ///
    /// The cost is that of finding the places of the records of the type that changed, and of copying the blocks they
    /// stand in (6 KB each); if more than an eighth of the records did, that of building an index. It is enough to look
    /// at the type itself: a record never changes, so where the value at the end of the path is another one now, so is
    /// the record.
    pub fn next(&self, before: &ReadState, after: &ReadState) -> Self {
        let changes = Transition::of_type(before, after, &self.type_name);
        if changes.is_empty() {
            return self.clone();
        }
        if (changes.removed.len() + changes.added.len()) * 8 > self.order.len().max(512) as u64 {
            return self.rebuilt(after);
        }
        let mut next = self.clone();
        let all_found = changes
            .removed
            .iter()
            .filter_map(Ordinal::new)
            .all(|old| next.remove(before, old));
        if !all_found {
            // References of a state that is not whole led elsewhere when the record was indexed.
            return self.rebuilt(after);
        }
        changes
            .added
            .iter()
            .filter_map(Ordinal::new)
            .for_each(|new| next.insert(after, new));
        next
    }

    fn remove(&mut self, before: &ReadState, old: Ordinal) -> bool {
        let Some(part) = self.route.part(before, old) else {
            let left = self.nulls.checked_sub(1);
            self.nulls = left.unwrap_or(0);
            return left.is_some();
        };
        let entry = Entry {
            head: order::head(part),
            ordinal: old,
        };
        let route = Arc::clone(&self.route);
        self.order
            .remove(entry, |other| cmp_record(&route, before, other, part, old))
    }

    fn insert(&mut self, after: &ReadState, new: Ordinal) {
        let Some(part) = self.route.part(after, new) else {
            self.nulls += 1;
            return;
        };
        let entry = Entry {
            head: order::head(part),
            ordinal: new,
        };
        let route = Arc::clone(&self.route);
        self.order
            .insert(entry, |other| cmp_record(&route, after, other, part, new));
    }

    /// The first place whose value is not before the target, or the first after all that are equal to it.
    fn edge(&self, state: &ReadState, target: Target<'_>, after: bool) -> Place {
        self.order.lower_bound(target.head(after), |ordinal| {
            let order = self
                .route
                .part(state, ordinal)
                .map_or(Ordering::Equal, |part| target.cmp(part));
            match order {
                Ordering::Equal if after => Ordering::Less,
                order => order,
            }
        })
    }

    fn fits(&self, state: &ReadState, target: Option<Target<'_>>) -> bool {
        let same = Arc::ptr_eq(&self.dataset, state.dataset()) || self.dataset == *state.dataset();
        let holds = self.route.holds();
        same && match target {
            None => true,
            Some(Target::Text(_) | Target::Prefix(_)) => *holds == FieldType::String,
            Some(Target::Bytes(_)) => *holds == FieldType::Bytes,
            Some(Target::Head(_)) => !matches!(holds, FieldType::String | FieldType::Bytes),
        }
    }

    fn between<'s>(&'s self, state: &ReadState, lower: Bound<Target<'_>>, upper: Bound<Target<'_>>) -> InOrder<'s> {
        let target = |bound: &Bound<_>| match *bound {
            Bound::Included(target) | Bound::Excluded(target) => Some(target),
            Bound::Unbounded => None,
        };
        if !self.fits(state, target(&lower)) || !self.fits(state, target(&upper)) {
            return InOrder::new(&self.order, self.order.end(), self.order.end());
        }
        let from = match lower {
            Bound::Included(target) => self.edge(state, target, false),
            Bound::Excluded(target) => self.edge(state, target, true),
            Bound::Unbounded => Place::START,
        };
        let to = match upper {
            Bound::Included(target) => self.edge(state, target, true),
            Bound::Excluded(target) => self.edge(state, target, false),
            Bound::Unbounded => self.order.end(),
        };
        InOrder::new(&self.order, from, to)
    }

    /// All records that have a value, ascending. `state` is the one the index belongs to.
    pub fn iter<'s>(&'s self, state: &ReadState) -> InOrder<'s> {
        self.between(state, Bound::Unbounded, Bound::Unbounded)
    }

    /// The records with values in this range, ascending. `state` is the one the index belongs to. Nothing if the bounds
    /// are not of the type of the field.
    pub fn range<'s>(&'s self, state: &ReadState, range: impl RangeBounds<KeyValue>) -> InOrder<'s> {
        let is = |bound: Bound<&KeyValue>| match (bound, self.route.holds()) {
            (Bound::Included(value) | Bound::Excluded(value), holds) => matches!(
                (value, holds),
                (KeyValue::Int(_), FieldType::Int)
                    | (KeyValue::Long(_), FieldType::Long)
                    | (KeyValue::Boolean(_), FieldType::Boolean)
                    | (KeyValue::Float(_), FieldType::Float)
                    | (KeyValue::Double(_), FieldType::Double)
                    | (KeyValue::Text(_), FieldType::String)
                    | (KeyValue::Bytes(_), FieldType::Bytes)
            ),
            (Bound::Unbounded, _) => true,
        };
        if !is(range.start_bound()) || !is(range.end_bound()) {
            return InOrder::new(&self.order, self.order.end(), self.order.end());
        }
        let (lower, upper) = (range.start_bound().map(Target::of), range.end_bound().map(Target::of));
        self.between(state, lower, upper)
    }

    /// As [`SortedIndex::range`] for LONG and INT fields.
    pub fn range_long<'s>(&'s self, state: &ReadState, range: impl RangeBounds<i64>) -> InOrder<'s> {
        if !matches!(self.route.holds(), FieldType::Long | FieldType::Int) {
            return InOrder::new(&self.order, self.order.end(), self.order.end());
        }
        let target = |value: &i64| Target::Head(order::head(Part::Long(*value)));
        self.between(state, range.start_bound().map(target), range.end_bound().map(target))
    }

    /// As [`SortedIndex::range`] for STRING fields. Allocates nothing.
    pub fn range_str<'s, 'r>(&'s self, state: &ReadState, range: impl RangeBounds<&'r str>) -> InOrder<'s> {
        let target = |text: &&'r str| Target::Text(text);
        self.between(state, range.start_bound().map(target), range.end_bound().map(target))
    }

    /// The records whose text begins with these characters, ascending. Nothing if the field is no STRING.
    pub fn prefix<'s>(&'s self, state: &ReadState, prefix: &str) -> InOrder<'s> {
        let target = Target::Prefix(prefix);
        self.between(state, Bound::Included(target), Bound::Included(target))
    }

    /// The path to the value.
    pub fn path(&self) -> &FieldPath {
        &self.path
    }

    /// How many records have a value.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// How many records have none.
    pub fn nulls(&self) -> usize {
        self.nulls
    }

    /// Bytes held, those shared with indexes of other states included. Walks over the blocks.
    pub fn memory_bytes(&self) -> usize {
        self.order.memory_bytes()
    }
}

/// How another record with a value of the same head compares with this one.
fn cmp_record(route: &Route, state: &ReadState, other: Ordinal, part: Part<'_>, record: Ordinal) -> Ordering {
    let by_value = route
        .part(state, other)
        .map_or(Ordering::Equal, |other| order::cmp(other, part));
    by_value.then_with(|| other.cmp(&record))
}

/// Records in the order of their values, from [`SortedIndex`]. Taking one costs about a nanosecond.
#[derive(Clone, Debug)]
pub struct InOrder<'s> {
    list: &'s Ordered,
    entries: Entries<'s>,
}

impl<'s> InOrder<'s> {
    fn new(list: &'s Ordered, from: Place, to: Place) -> Self {
        Self {
            list,
            entries: list.between(from, to),
        }
    }
}

impl Iterator for InOrder<'_> {
    type Item = Ordinal;

    #[inline]
    fn next(&mut self) -> Option<Ordinal> {
        self.entries.next().map(|entry| entry.ordinal)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.len();
        (left, Some(left))
    }

    /// How many are left. Looks at each block between the ends, not at records.
    fn count(self) -> usize {
        self.len()
    }
}

impl ExactSizeIterator for InOrder<'_> {
    fn len(&self) -> usize {
        let (from, to) = self.entries.ends();
        self.list.count(from, to)
    }
}
