//! A shard being packed, whatever its kind.

use super::HashKeys;
use super::collection::{ListBody, MapBody, SetBody};
use super::object::ObjectBody;
use crate::write::WriteError;
use crate::write::layout::{Division, Layout, Widths};
use crate::write::record_form::Shape;
use std::io;

/// How much will be packed, as far as it is known: for room that is made once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Records, holes included.
    pub(super) count: u32,
    /// Elements or buckets.
    pub(super) entries: u64,
    /// If all records of the type are packed: the number of shards among which they are divided.
    pub(super) num_shards: Option<u32>,
}

impl Size {
    /// The part of one shard in something of the whole type, and some more, as they are not all alike.
    pub(super) fn share_of(self, whole: u64) -> u64 {
        match self.num_shards {
            Some(num_shards) => whole / u64::from(num_shards) / 8 * 9,
            None => 0,
        }
    }
}

/// The records of a shard, packed one after the other.
#[derive(Debug)]
pub(super) enum Body {
    Object(ObjectBody),
    List(ListBody),
    Set(SetBody),
    Map(MapBody),
}

impl Body {
    pub(super) fn new(shape: &Shape, layout: &Layout, division: &Division, size: Size) -> Self {
        let pointer_bits = division.pointer_bits;
        match (&layout.widths, shape) {
            (Widths::Object { fields }, Shape::Object(kinds)) => Body::Object(ObjectBody::new(kinds, fields, size)),
            (Widths::Object { fields }, _) => Body::Object(ObjectBody::new(&[], fields, size)),
            (&Widths::List { element }, _) => Body::List(ListBody::new(pointer_bits, element, size)),
            (&Widths::Set { size: len, element }, _) => Body::Set(SetBody::new(pointer_bits, len, element, size)),
            (&Widths::Map { size: len, key, value }, _) => {
                Body::Map(MapBody::new(pointer_bits, len, (key, value), size))
            }
        }
    }

    /// Appends a record; `None` is a hole.
    #[inline]
    pub(super) fn push(&mut self, record: Option<&[u8]>, hash_keys: &mut HashKeys<'_>) -> Result<(), WriteError> {
        match self {
            Body::Object(body) => body.push(record),
            Body::List(body) => body.push(record),
            Body::Set(body) => body.push(record, hash_keys)?,
            Body::Map(body) => body.push(record, hash_keys)?,
        }
        Ok(())
    }

    /// Writes the shard; then the body can be filled with another. `total` is the number of entries to tell; `size_for` the number to size their array for, if not
    /// those of the records.
    pub(super) fn finish(
        &mut self,
        total: u64,
        size_for: Option<u64>,
        out: &mut dyn io::Write,
    ) -> Result<(), WriteError> {
        match self {
            Body::Object(body) => body.finish(out)?,
            Body::List(body) => body.finish(total, size_for, out)?,
            Body::Set(body) => body.finish(total, size_for, out)?,
            Body::Map(body) => body.finish(total, size_for, out)?,
        }
        Ok(())
    }
}
