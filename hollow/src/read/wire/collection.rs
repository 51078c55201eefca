//! The records of a list, set or map type in a blob. See `docs/format.md`, sections 6.3 to 6.6.

use super::super::bits::WireWords;
use super::super::collection_page::CollectionRow;
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

    /// The highest ordinal, two widths at least, the number of elements, and two numbers of words.
    pub(super) const MIN_SHARD_BYTES: u64 = 6;

    /// Makes room for so many shards, each of which takes its bytes.
    pub(super) fn reserve(&mut self, num_shards: usize) {
        self.shards.reserve_exact(num_shards);
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

    /// The record at a position of a shard.
    #[inline]
    pub(crate) fn row(&self, shard: usize, position: u32) -> Option<BlobCollection<'_>> {
        Some(BlobCollection {
            body: self,
            shard: self.shards.get(shard)?,
            position,
        })
    }
}

/// A list, set or map record in a blob.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlobCollection<'a> {
    body: &'a CollectionBody<'a>,
    shard: &'a Shard<'a>,
    position: u32,
}

impl CollectionRow for BlobCollection<'_> {
    #[inline]
    fn span(&self) -> (u64, u64) {
        let Widths { end, size, .. } = self.body.widths;
        let stride = u64::from(end + size);
        let at = u64::from(self.position) * stride;
        let start = if self.position == 0 {
            0
        } else {
            self.shard.ends.get(at - stride, end)
        };
        (start, self.shard.ends.get(at, end))
    }

    #[inline]
    fn size(&self) -> u64 {
        let Widths { end, size, .. } = self.body.widths;
        let at = u64::from(self.position) * u64::from(end + size) + u64::from(end);
        self.shard.ends.get(at, size)
    }

    #[inline]
    fn entry(&self, number: u64) -> Option<(u64, u64)> {
        let Widths { key, value, .. } = self.body.widths;
        let at = number * u64::from(key + value);
        let found = self.shard.entries.get(at, key);
        if self.body.kind != Kind::List && found == mask(key) {
            return None;
        }
        Some((found, self.shard.entries.get(at + u64::from(key), value)))
    }
}
