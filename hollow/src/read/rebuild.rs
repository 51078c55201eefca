//! Building pages from what a blob has and from the pages that were there before.

use super::budget::{Budget, OverBudget};
use super::collection_page::{CollectionPage, CollectionRow, Unfit};
use super::object_page::{self, FieldKind, ObjectPage, ObjectRow};
use super::slots::{PAGE_BITS, PAGE_ORDINALS, SlotBits, Slots, contains, iter_bits};
use super::table::{Page, Records};
use super::wire::{BlobCollection, BlobRow, Body, Change, CollectionBody, Columns, Contents, Frame, ObjectBody};
use crate::Ordinal;
use crate::blob::DecodeError;
use crate::schema::Kind;
use std::sync::Arc;

/// The object records that a frame leads to. `positions` names for each field of ours the position in the frame.
pub(super) fn objects(
    frame: &Frame<'_>,
    before: &Records<ObjectPage>,
    kinds: &[FieldKind],
    positions: &[Option<usize>],
    budget: &Budget,
) -> Result<Records<ObjectPage>, DecodeError> {
    let Body::Object(body) = &frame.body else {
        return Err(frame.invalid("kind of a type", Kind::Object.to_string(), frame.schema.kind()));
    };
    if let Some(field) = body.field_without_bits()
        && frame.contents.has_records()
    {
        return Err(frame.invalid("width of a field", "at least 1", 0).in_field(field));
    }
    let packer = ObjectPacker {
        body,
        kinds,
        positions,
        columns: body.columns(positions),
        budget,
    };
    records(frame, before, &packer)
}

/// The list, set or map records that a frame leads to.
pub(super) fn collections(
    frame: &Frame<'_>,
    before: &Records<CollectionPage>,
) -> Result<Records<CollectionPage>, DecodeError> {
    let Body::Collection(body) = &frame.body else {
        return Err(frame.invalid("kind of a type", "LIST, SET or MAP", frame.schema.kind()));
    };
    records(frame, before, &CollectionPacker { body })
}

impl Contents<'_> {
    fn has_records(&self) -> bool {
        match self {
            Contents::Snapshot(words) => (0..words.len()).any(|at| words.word(at) != 0),
            Contents::Delta(changes) => changes.iter().any(|change| change.is_added()),
        }
    }
}

/// What differs between pages of objects and of collections.
trait Packer {
    type Page: Page;
    /// A record that goes into a page: one that was there before, or one of the blob.
    type Row<'a>
    where
        Self: 'a;

    fn kept<'a>(&'a self, page: &'a Self::Page, index: usize) -> Self::Row<'a>;
    fn added(&self, shard: usize, position: u32) -> Option<Self::Row<'_>>;
    /// Packs the page that stands in the place of `old`.
    fn pack(
        &self,
        frame: &Frame<'_>,
        old: Option<&Self::Page>,
        slots: Slots,
        rows: &[Self::Row<'_>],
    ) -> Result<Self::Page, DecodeError>;
}

fn records<P: Packer>(
    frame: &Frame<'_>,
    before: &Records<P::Page>,
    packer: &P,
) -> Result<Records<P::Page>, DecodeError> {
    let pages = match &frame.contents {
        Contents::Snapshot(_) => from_snapshot(frame, packer)?,
        Contents::Delta(changes) => from_delta(frame, changes, before, packer)?,
    };
    let mut records = before.with_pages(pages);
    records.num_shards = frame.num_shards;
    records.max_ordinal = frame.max_ordinal;
    match records.last() {
        Some(last) if frame.max_ordinal.is_none_or(|max| last > max) => {
            let max = frame.max_ordinal.map_or(-1, |max| i64::from(max.get()));
            Err(frame.invalid("populated ordinals after the delta", format!("at most {max}"), last))
        }
        _ => Ok(records),
    }
}

type Pages<P> = Vec<(u32, Option<Arc<P>>)>;

fn from_snapshot<P: Packer>(frame: &Frame<'_>, packer: &P) -> Result<Pages<P::Page>, DecodeError> {
    let Contents::Snapshot(populated) = &frame.contents else {
        return Ok(Vec::new());
    };
    let shift = frame.num_shards.trailing_zeros();
    let mut pages = Vec::new();
    let mut rows = Vec::new();
    let mut bits: SlotBits = [0; 16];
    for (number, first_word) in (0..).zip((0..populated.len()).step_by(bits.len())) {
        for (word, at) in bits.iter_mut().zip(first_word..) {
            *word = populated.word(at);
        }
        if bits.iter().all(|&word| word == 0) {
            continue;
        }
        rows.clear();
        for ordinal in iter_bits(&bits).map(|slot| (number << PAGE_BITS) + slot) {
            rows.extend(packer.added(shard_of(frame, ordinal), ordinal >> shift));
        }
        let page = packer.pack(frame, None, Slots::new(bits), &rows)?;
        pages.push((number, Some(Arc::new(page))));
    }
    Ok(pages)
}

fn shard_of(frame: &Frame<'_>, ordinal: u32) -> usize {
    (ordinal & (frame.num_shards - 1)) as usize
}

fn from_delta<P: Packer>(
    frame: &Frame<'_>,
    changes: &[Change],
    before: &Records<P::Page>,
    packer: &P,
) -> Result<Pages<P::Page>, DecodeError> {
    let by_page = || changes.chunk_by(|a, b| a.ordinal() >> PAGE_BITS == b.ordinal() >> PAGE_BITS);
    let mut pages = Vec::with_capacity(by_page().count());
    let mut rows = Vec::new();
    let mut positions = vec![0; frame.num_shards as usize]; // of the next record that each shard adds
    for changes in by_page() {
        let number = changes[0].ordinal() >> PAGE_BITS;
        let old = before.page(number);
        let old_bits = old.map_or([0; 16], |page| *page.slots().words());
        let bits = changed_bits(frame, changes, &old_bits)?;
        if bits.iter().all(|&word| word == 0) {
            pages.push((number, None));
            continue;
        }
        rows.clear();
        let added = changes.iter().filter(|change| change.is_added());
        let mut added = added.map(|change| change.ordinal()).peekable();
        for slot in iter_bits(&bits) {
            let ordinal = (number << PAGE_BITS) + slot;
            rows.extend(match added.next_if(|next| *next == ordinal) {
                Some(_) => {
                    let shard = shard_of(frame, ordinal);
                    let position = positions[shard];
                    positions[shard] += 1;
                    packer.added(shard, position)
                }
                None => old.and_then(|page| Some(packer.kept(page, page.slots().index_of(slot)?))),
            });
        }
        let page = packer.pack(frame, old.map(|page| &**page), Slots::new(bits), &rows)?;
        pages.push((number, Some(Arc::new(page))));
    }
    Ok(pages)
}

/// The populated slots of a page after these changes.
fn changed_bits(frame: &Frame<'_>, changes: &[Change], old: &SlotBits) -> Result<SlotBits, DecodeError> {
    let mut bits = *old;
    for change in changes {
        let slot = change.ordinal() & (PAGE_ORDINALS - 1);
        match (change.is_added(), contains(old, slot)) {
            (true, true) => return Err(frame.invalid("added ordinal", "one that is not populated", change.ordinal())),
            (false, false) => return Err(frame.invalid("removed ordinal", "a populated one", change.ordinal())),
            _ => bits[(slot >> 6) as usize] ^= 1 << (slot & 63),
        }
    }
    Ok(bits)
}

struct ObjectPacker<'a> {
    body: &'a ObjectBody<'a>,
    kinds: &'a [FieldKind],
    positions: &'a [Option<usize>],
    columns: Columns,
    budget: &'a Budget,
}

enum MixedObject<'a> {
    Kept(&'a ObjectPage, usize),
    Blob(BlobRow<'a>),
}

impl ObjectRow for MixedObject<'_> {
    #[inline]
    fn value(&self, field: usize) -> Option<u64> {
        match self {
            Self::Kept(page, index) => page.value(*index, field),
            Self::Blob(row) => row.value(field),
        }
    }

    #[inline]
    fn bytes(&self, field: usize) -> Option<&[u8]> {
        match self {
            Self::Kept(page, index) => page.bytes(*index, field),
            Self::Blob(row) => row.bytes(field),
        }
    }
}

impl Packer for ObjectPacker<'_> {
    type Page = ObjectPage;
    type Row<'a>
        = MixedObject<'a>
    where
        Self: 'a;

    fn kept<'a>(&'a self, page: &'a ObjectPage, index: usize) -> MixedObject<'a> {
        MixedObject::Kept(page, index)
    }

    fn added(&self, shard: usize, position: u32) -> Option<MixedObject<'_>> {
        self.body.row(&self.columns, shard, position).map(MixedObject::Blob)
    }

    fn pack(
        &self,
        frame: &Frame<'_>,
        old: Option<&ObjectPage>,
        slots: Slots,
        rows: &[MixedObject<'_>],
    ) -> Result<ObjectPage, DecodeError> {
        let over_budget = |over: OverBudget| {
            let expected = format!("at most {} more for a delta of this size", over.left);
            frame.invalid("bytes of memory for a page", expected, over.needed)
        };
        let added = rows.iter().filter(|row| matches!(row, MixedObject::Blob(_)));
        let added_bits = added.count() as u64 * self.body.record_bits();
        let old_bytes = old.map_or(0, ObjectPage::record_bytes);
        self.budget.add_page(old_bytes as u64, added_bits);
        if old.is_none() {
            let fixed = ObjectPage::fixed_bytes(self.kinds.len());
            self.budget.take(fixed as u64).map_err(over_budget)?;
        }
        let position = |field: usize| self.positions.get(field).copied().flatten();
        let is_null = |field| position(field).is_none() && old.is_none_or(|old| old.is_null_in_all(field));
        ObjectPage::pack(slots, self.kinds, rows, is_null, self.budget).map_err(|unfit| match unfit {
            object_page::Unfit::OutOfRange { field, max, found } => {
                let error = frame.invalid("value of a field", format!("at most {max}"), found);
                match (position(field), frame.schema.as_object()) {
                    (Some(at), Some(schema)) => error.in_field(&schema.fields[at].name),
                    _ => error,
                }
            }
            object_page::Unfit::OverBudget(over) => over_budget(over),
        })
    }
}

struct CollectionPacker<'a> {
    body: &'a CollectionBody<'a>,
}

enum MixedCollection<'a> {
    Kept(&'a CollectionPage, usize),
    Blob(BlobCollection<'a>),
}

impl CollectionRow for MixedCollection<'_> {
    #[inline]
    fn span(&self) -> (u64, u64) {
        match self {
            Self::Kept(page, index) => page.span(*index),
            Self::Blob(row) => row.span(),
        }
    }

    #[inline]
    fn size(&self) -> u64 {
        match self {
            Self::Kept(page, index) => page.size(*index) as u64,
            Self::Blob(row) => row.size(),
        }
    }

    #[inline]
    fn entry(&self, number: u64) -> Option<(u64, u64)> {
        match self {
            Self::Kept(page, _) => page.entry(number),
            Self::Blob(row) => row.entry(number),
        }
    }
}

impl Packer for CollectionPacker<'_> {
    type Page = CollectionPage;
    type Row<'a>
        = MixedCollection<'a>
    where
        Self: 'a;

    fn kept<'a>(&'a self, page: &'a CollectionPage, index: usize) -> MixedCollection<'a> {
        MixedCollection::Kept(page, index)
    }

    fn added(&self, shard: usize, position: u32) -> Option<MixedCollection<'_>> {
        self.body.row(shard, position).map(MixedCollection::Blob)
    }

    fn pack(
        &self,
        frame: &Frame<'_>,
        _old: Option<&CollectionPage>,
        slots: Slots,
        rows: &[MixedCollection<'_>],
    ) -> Result<CollectionPage, DecodeError> {
        CollectionPage::pack(slots, self.body.kind(), rows).map_err(|unfit| match unfit {
            Unfit::Reference(found) => {
                let expected = format!("at most {}", Ordinal::MAX);
                frame.invalid("ordinal of an element, key or value", expected, found)
            }
            Unfit::Buckets { size, found } => {
                let expected = format!("the number for size={size}");
                frame.invalid("number of buckets", expected, found)
            }
            Unfit::InUse { size, found } => frame.invalid("buckets in use", size.to_string(), found),
        })
    }
}
