//! The records of a list, set or map type in a blob. See `docs/format.md`, sections 6.3 to 6.6.

use super::super::bits::WireWords;
use super::{read_width, read_words};
use crate::blob::{Cursor, DecodeError};
use crate::memory::bit_array::mask;
use crate::schema::Kind;

/// All shards of a list, set or map type, over the blob's bytes.
#[derive(Debug)]
pub(crate) struct CollectionBody<'b> {
    kind: Kind,
    widths: Widths,
    shards: Vec<Shard<'b>>,
}

/// Widths in bits; 0 for what the kind does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Widths {
    end: u32,
    size: u32,
    key: u32,
    value: u32,
}

#[derive(Debug)]
struct Shard<'b> {
    ends: WireWords<'b>,
    entries: WireWords<'b>,
}

/// Ordinals take 30 bits at most, as all ones of their width stand for null or empty.
const ORDINAL_BITS: u32 = 30;
const SIZE_BITS: u32 = 31;

impl<'b> CollectionBody<'b> {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            widths: Widths::default(),
            shards: Vec::new(),
        }
    }

    pub(super) fn read_shard(&mut self, cursor: &mut Cursor<'b>, num_records: u64) -> Result<(), DecodeError> {
        let widths = self.read_widths(cursor)?;
        if self.shards.is_empty() {
            self.widths = widths;
        } else if self.widths != widths {
            let expected = format!("{:?} as in the first shard", self.widths);
            return Err(cursor.invalid("widths of a shard", expected, format!("{widths:?}")));
        }
        let total = cursor.var_u64("total number of elements or buckets")?; // a statistic: not relied upon
        if i64::try_from(total).is_err() {
            return Err(cursor.invalid("total number of elements or buckets", "0 or more", total.cast_signed()));
        }
        let ends = read_words(cursor, "pointers", num_records * u64::from(widths.end + widths.size))?;
        let entries = read_words(cursor, "elements or buckets", 0)?;
        self.shards.push(Shard { ends, entries });
        self.check_ends(cursor, num_records)
    }

    fn read_widths(&self, cursor: &mut Cursor<'_>) -> Result<Widths, DecodeError> {
        let end = read_width(cursor, "width of a pointer", 0, 64)?;
        let size = match self.kind {
            Kind::List => 0,
            _ => read_width(cursor, "width of a size", 0, SIZE_BITS)?,
        };
        let key = read_width(cursor, "width of an element or key", 1, ORDINAL_BITS)?;
        let value = match self.kind {
            Kind::Map => read_width(cursor, "width of a value", 0, ORDINAL_BITS)?,
            _ => 0,
        };
        Ok(Widths { end, size, key, value })
    }

    /// The entries of a record begin where those of the record before end: ends must not go back, nor past the entries.
    fn check_ends(&self, cursor: &Cursor<'_>, num_records: u64) -> Result<(), DecodeError> {
        let (Some(shard), Widths { end, size, key, value }) = (self.shards.last(), self.widths) else {
            return Ok(());
        };
        if end == 0 {
            return Ok(()); // all are 0, and there may be very many of them
        }
        let limit = shard.entries.len_bits() / u64::from(key + value).max(1);
        let mut before = 0;
        for record in 0..num_records {
            let pointer = shard.ends.get(record * u64::from(end + size), end);
            if pointer < before || pointer > limit {
                return Err(cursor.invalid("pointer", format!("{before} to {limit}"), pointer));
            }
            before = pointer;
        }
        Ok(())
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// The entries of a record in its shard: their first number and the number after the last.
    #[inline]
    pub(crate) fn span(&self, shard: usize, record: u32) -> (u64, u64) {
        let Some(shard) = self.shards.get(shard) else {
            return (0, 0);
        };
        let stride = u64::from(self.widths.end + self.widths.size);
        let at = u64::from(record) * stride;
        let start = match at.checked_sub(stride) {
            Some(before) if record > 0 => shard.ends.get(before, self.widths.end),
            _ => 0,
        };
        (start, shard.ends.get(at, self.widths.end))
    }

    /// How many elements a set or map record says it has.
    #[inline]
    pub(crate) fn size(&self, shard: usize, record: u32) -> u64 {
        let (Some(shard), Widths { end, size, .. }) = (self.shards.get(shard), self.widths) else {
            return 0;
        };
        shard
            .ends
            .get(u64::from(record) * u64::from(end + size) + u64::from(end), size)
    }

    /// The entry with this number in the shard; `None` for an empty bucket.
    #[inline]
    pub(crate) fn entry(&self, shard: usize, number: u64) -> Option<(u64, u64)> {
        let shard = self.shards.get(shard)?;
        let Widths { key, value, .. } = self.widths;
        let at = number * u64::from(key + value);
        let found = shard.entries.get(at, key);
        if self.kind != Kind::List && found == mask(key) {
            return None;
        }
        Some((found, shard.entries.get(at + u64::from(key), value)))
    }
}
