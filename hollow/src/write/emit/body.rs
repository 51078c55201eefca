//! A shard being packed, whatever its kind.

use super::HashKeys;
use super::collection::{ListBody, MapBody, SetBody};
use super::object::ObjectBody;
use crate::write::WriteError;
use crate::write::layout::{Division, Layout, Widths};
use crate::write::record_form::Shape;
use std::io;

/// The records of a shard, packed one after the other.
#[derive(Debug)]
pub(super) enum Body {
    Object(ObjectBody),
    List(ListBody),
    Set(SetBody),
    Map(MapBody),
}

impl Body {
    /// With room for this many records, holes included.
    pub(super) fn new(shape: &Shape, layout: &Layout, division: &Division, count: u32) -> Self {
        let pointer_bits = division.pointer_bits;
        match (&layout.widths, shape) {
            (Widths::Object { fields }, Shape::Object(kinds)) => Body::Object(ObjectBody::new(kinds, fields, count)),
            (Widths::Object { fields }, _) => Body::Object(ObjectBody::new(&[], fields, count)),
            (&Widths::List { element }, _) => Body::List(ListBody::new(pointer_bits, element, count)),
            (&Widths::Set { size, element }, _) => Body::Set(SetBody::new(pointer_bits, size, element, count)),
            (&Widths::Map { size, key, value }, _) => Body::Map(MapBody::new(pointer_bits, size, (key, value), count)),
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

    /// Writes the shard. `total` is the number of entries to tell; `size_for` the number to size their array for, if not
    /// those of the records.
    pub(super) fn finish(self, total: u64, size_for: Option<u64>, out: &mut dyn io::Write) -> Result<(), WriteError> {
        match self {
            Body::Object(body) => body.finish(out)?,
            Body::List(body) => body.finish(total, size_for, out)?,
            Body::Set(body) => body.finish(total, size_for, out)?,
            Body::Map(body) => body.finish(total, size_for, out)?,
        }
        Ok(())
    }
}
