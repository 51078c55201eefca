//! Building pages from what a blob has and from the pages that were there before.

use super::collection_page::{CollectionPage, CollectionSource, Unfit};
use super::object_page::{FieldKind, ObjectPage, ObjectSource};
use super::slots::{PAGE_BITS, PAGE_ORDINALS, SlotBits, Slots, contains, iter_bits};
use super::table::{Page, Records};
use super::wire::{Body, Change, CollectionBody, Contents, Frame, ObjectBody};
use crate::Ordinal;
use crate::blob::DecodeError;
use crate::schema::Kind;
use std::sync::Arc;

/// Where a record of a new page comes from.
#[derive(Clone, Copy, Debug)]
enum Origin {
    /// This index of the page before.
    Kept(usize),
    /// This position in this shard of the blob.
    Blob(usize, u32),
}

/// Makes a page of one kind.
trait Packer<P> {
    fn pack(&self, slots: Slots, origins: &[Origin], before: Option<&P>) -> Result<P, DecodeError>;
}

/// The object records that a frame leads to. `columns` names for each field of ours the position in the frame.
pub(super) fn objects(
    frame: &Frame<'_>,
    before: &Records<ObjectPage>,
    kinds: &[FieldKind],
    columns: &[Option<usize>],
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
        frame,
        body,
        kinds,
        columns,
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
    records(frame, before, &CollectionPacker { frame, body })
}

impl Contents<'_> {
    fn has_records(&self) -> bool {
        match self {
            Contents::Snapshot(words) => (0..words.len()).any(|at| words.word(at) != 0),
            Contents::Delta(changes) => changes.iter().any(|change| change.added_at().is_some()),
        }
    }
}

fn records<P: Page>(
    frame: &Frame<'_>,
    before: &Records<P>,
    packer: &impl Packer<P>,
) -> Result<Records<P>, DecodeError> {
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

fn from_snapshot<P>(frame: &Frame<'_>, packer: &impl Packer<P>) -> Result<Pages<P>, DecodeError> {
    let Contents::Snapshot(populated) = &frame.contents else {
        return Ok(Vec::new());
    };
    let mut pages = Vec::new();
    let mut origins = Vec::new();
    let mut bits: SlotBits = [0; 16];
    for (number, first_word) in (0..).zip((0..populated.len()).step_by(bits.len())) {
        for (word, at) in bits.iter_mut().zip(first_word..) {
            *word = populated.word(at);
        }
        if bits.iter().all(|&word| word == 0) {
            continue;
        }
        origins.clear();
        let ordinals = iter_bits(&bits).map(|slot| (number << PAGE_BITS) + slot);
        origins.extend(ordinals.map(|ordinal| in_shard(frame, ordinal, ordinal / frame.num_shards)));
        let page = packer.pack(Slots::new(bits), &origins, None)?;
        pages.push((number, Some(Arc::new(page))));
    }
    Ok(pages)
}

/// The record at this position of the shard that has the ordinal.
fn in_shard(frame: &Frame<'_>, ordinal: u32, position: u32) -> Origin {
    Origin::Blob((ordinal & (frame.num_shards - 1)) as usize, position)
}

fn from_delta<P: Page>(
    frame: &Frame<'_>,
    changes: &[Change],
    before: &Records<P>,
    packer: &impl Packer<P>,
) -> Result<Pages<P>, DecodeError> {
    let mut pages = Vec::new();
    let mut origins = Vec::new();
    for changes in changes.chunk_by(|a, b| a.ordinal() >> PAGE_BITS == b.ordinal() >> PAGE_BITS) {
        let number = changes[0].ordinal() >> PAGE_BITS;
        let old = before.page(number).map(|page| &**page);
        let old_bits = old.map_or([0; 16], |page| *page.slots().words());
        let bits = changed_bits(frame, changes, &old_bits)?;
        if bits.iter().all(|&word| word == 0) {
            pages.push((number, None));
            continue;
        }
        origins.clear();
        let mut added = changes
            .iter()
            .filter_map(|change| Some((change, change.added_at()?)))
            .peekable();
        for slot in iter_bits(&bits) {
            let ordinal = (number << PAGE_BITS) + slot;
            origins.push(match added.next_if(|(change, _)| change.ordinal() == ordinal) {
                Some((_, position)) => in_shard(frame, ordinal, position),
                None => Origin::Kept(old.and_then(|page| page.slots().index_of(slot)).unwrap_or_default()),
            });
        }
        let page = packer.pack(Slots::new(bits), &origins, old)?;
        pages.push((number, Some(Arc::new(page))));
    }
    Ok(pages)
}

/// The populated slots of a page after these changes.
fn changed_bits(frame: &Frame<'_>, changes: &[Change], old: &SlotBits) -> Result<SlotBits, DecodeError> {
    let mut bits = *old;
    for change in changes {
        let slot = change.ordinal() & (PAGE_ORDINALS - 1);
        match (change.added_at().is_some(), contains(old, slot)) {
            (true, true) => return Err(frame.invalid("added ordinal", "one that is not populated", change.ordinal())),
            (false, false) => return Err(frame.invalid("removed ordinal", "a populated one", change.ordinal())),
            _ => bits[(slot >> 6) as usize] ^= 1 << (slot & 63),
        }
    }
    Ok(bits)
}

struct ObjectPacker<'a> {
    frame: &'a Frame<'a>,
    body: &'a ObjectBody<'a>,
    kinds: &'a [FieldKind],
    columns: &'a [Option<usize>],
}

impl Packer<ObjectPage> for ObjectPacker<'_> {
    fn pack(&self, slots: Slots, origins: &[Origin], before: Option<&ObjectPage>) -> Result<ObjectPage, DecodeError> {
        let source = Objects {
            packer: self,
            origins,
            before,
        };
        ObjectPage::pack(slots, self.kinds, &source).map_err(|wrong| {
            let field = self.columns.get(wrong.field).copied().flatten();
            let error = self
                .frame
                .invalid("value of a field", format!("at most {}", wrong.max), wrong.found);
            match (field, self.frame.schema.as_object()) {
                (Some(at), Some(schema)) => error.in_field(&schema.fields[at].name),
                _ => error,
            }
        })
    }
}

struct Objects<'a> {
    packer: &'a ObjectPacker<'a>,
    origins: &'a [Origin],
    before: Option<&'a ObjectPage>,
}

impl ObjectSource for Objects<'_> {
    #[inline]
    fn value(&self, record: usize, field: usize) -> Option<u64> {
        match *self.origins.get(record)? {
            Origin::Kept(index) => self.before?.value(index, field),
            Origin::Blob(shard, position) => {
                self.packer
                    .body
                    .value(shard, position, (*self.packer.columns.get(field)?)?)
            }
        }
    }

    #[inline]
    fn bytes(&self, record: usize, field: usize) -> Option<&[u8]> {
        match *self.origins.get(record)? {
            Origin::Kept(index) => self.before?.bytes(index, field),
            Origin::Blob(shard, position) => {
                self.packer
                    .body
                    .bytes(shard, position, (*self.packer.columns.get(field)?)?)
            }
        }
    }
}

struct CollectionPacker<'a> {
    frame: &'a Frame<'a>,
    body: &'a CollectionBody<'a>,
}

impl Packer<CollectionPage> for CollectionPacker<'_> {
    fn pack(
        &self,
        slots: Slots,
        origins: &[Origin],
        before: Option<&CollectionPage>,
    ) -> Result<CollectionPage, DecodeError> {
        let source = Collections {
            body: self.body,
            origins,
            before,
        };
        CollectionPage::pack(slots, self.body.kind(), &source).map_err(|unfit| match unfit {
            Unfit::Reference(found) => {
                let expected = format!("at most {}", Ordinal::MAX);
                self.frame
                    .invalid("ordinal of an element, key or value", expected, found)
            }
            Unfit::Buckets { size, found } => {
                let expected = format!("the number for size={size}");
                self.frame.invalid("number of buckets", expected, found)
            }
            Unfit::InUse { size, found } => self.frame.invalid("buckets in use", size.to_string(), found),
        })
    }
}

struct Collections<'a> {
    body: &'a CollectionBody<'a>,
    origins: &'a [Origin],
    before: Option<&'a CollectionPage>,
}

impl CollectionSource for Collections<'_> {
    #[inline]
    fn span(&self, record: usize) -> (u64, u64) {
        match (self.origins.get(record), self.before) {
            (Some(&Origin::Kept(index)), Some(page)) => page.span(index),
            (Some(&Origin::Blob(shard, position)), _) => self.body.span(shard, position),
            _ => (0, 0),
        }
    }

    fn size(&self, record: usize) -> u64 {
        match (self.origins.get(record), self.before) {
            (Some(&Origin::Kept(index)), Some(page)) => page.size(index) as u64,
            (Some(&Origin::Blob(shard, position)), _) => self.body.size(shard, position),
            _ => 0,
        }
    }

    #[inline]
    fn entry(&self, record: usize, number: u64) -> Option<(u64, u64)> {
        match *self.origins.get(record)? {
            Origin::Kept(_) => self.before?.entry(number),
            Origin::Blob(shard, _) => self.body.entry(shard, number),
        }
    }
}
