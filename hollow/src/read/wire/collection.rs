//! The records of a list, set or map type in a blob. See `docs/format.md`, sections 6.3 to 6.6.

use super::super::bits::WireWords;
use super::super::collection_block::{CollectionRow, Widths};
use super::super::pack::BitWriter;
use super::{Extent, read_width, read_words};
use crate::blob::{Cursor, DecodeError};
use crate::memory::bit_array::mask;
use crate::schema::Kind;

/// All shards of a list, set or map type.
#[derive(Debug)]
pub(crate) struct CollectionBody {
    kind: Kind,
    widths: Widths,
    shards: Vec<Shard>,
}

/// A shard: its ends and sizes, and its entries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shard {
    pub(crate) ends: Extent,
    pub(crate) entries: Extent,
}

/// Ordinals take 30 bits at most, as all ones of their width stand for null or empty.
const ORDINAL_BITS: u32 = 30;
const SIZE_BITS: u32 = 31;

impl CollectionBody {
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

    pub(super) fn read_shard(&mut self, cursor: &mut Cursor<'_>, num_records: u64) -> Result<(), DecodeError> {
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
        Ok(())
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
        Ok(Widths {
            has_buckets: self.kind != Kind::List,
            end,
            size,
            key,
            value,
        })
    }

    /// The entries of a record begin where those of the record before end: ends must not go back, nor past the entries.
    pub(super) fn check_ends(&self, blob: &[u8], cursor: &Cursor<'_>, num_records: u64) -> Result<(), DecodeError> {
        let (Some(shard), Widths { end, size, .. }) = (self.shards.last(), self.widths) else {
            return Ok(());
        };
        if end == 0 {
            return Ok(()); // all are 0, and there may be very many of them
        }
        let limit = self.limit(shard);
        let ends = shard.ends.words(blob);
        let mut before = 0;
        for record in 0..num_records {
            let pointer = ends.get(record * u64::from(end + size), end);
            if pointer < before || pointer > limit {
                return Err(cursor.invalid("pointer", format!("{before} to {limit}"), pointer));
            }
            before = pointer;
        }
        Ok(())
    }

    /// How many entries there is room for.
    fn limit(&self, shard: &Shard) -> u64 {
        shard.entries.len_bits() / u64::from(self.widths.entry()).max(1)
    }

    pub(crate) fn widths(&self) -> Widths {
        self.widths
    }

    /// The ends and sizes of a shard.
    pub(crate) fn ends<'a>(&self, blob: &'a [u8], shard: usize) -> WireWords<'a> {
        let shard = self.shards.get(shard);
        shard.map_or(WireWords::default(), |shard| shard.ends.words(blob))
    }

    /// The entries of a shard.
    pub(crate) fn entries<'a>(&self, blob: &'a [u8], shard: usize) -> WireWords<'a> {
        let shard = self.shards.get(shard);
        shard.map_or(WireWords::default(), |shard| shard.entries.words(blob))
    }

    /// The record at a position of a shard.
    pub(crate) fn row<'a>(&'a self, blob: &'a [u8], shard: usize, position: u32) -> BlobCollection<'a> {
        let mut row = BlobCollection {
            body: self,
            blob,
            ends: Extent::default(),
            entries: Extent::default(),
            start: 0,
            end: 0,
            position,
        };
        if let Some(shard) = self.shards.get(shard) {
            let Widths { end: width, .. } = self.widths;
            let stride = u64::from(self.widths.record());
            let at = u64::from(position) * stride;
            let ends = shard.ends.words(blob);
            row.ends = shard.ends;
            row.entries = shard.entries;
            row.end = ends.get(at, width).min(self.limit(shard));
            row.start = at
                .checked_sub(stride)
                .filter(|_| position > 0)
                .map_or(0, |before| ends.get(before, width));
        }
        row
    }
}

/// A list, set or map record in a blob. Accessors are total: there are no entries beyond those of the blob.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlobCollection<'a> {
    body: &'a CollectionBody,
    blob: &'a [u8],
    ends: Extent,
    entries: Extent,
    start: u64,
    end: u64,
    position: u32,
}

impl<'a> BlobCollection<'a> {
    /// What it has in common with all others.
    pub(crate) fn body(&self) -> &'a CollectionBody {
        self.body
    }

    /// The words that its entries are in, and the bit at which they begin.
    fn entries(&self) -> (WireWords<'a>, u64) {
        let at = self.start * u64::from(self.body.widths.entry());
        (self.entries.words(self.blob), at)
    }

    /// Appends all entries as they are.
    pub(crate) fn copy(&self, out: &mut BitWriter<'_>) {
        let (words, at) = self.entries();
        out.copy_wire(words, at, self.num_entries() * u64::from(self.body.widths.entry()));
    }

    /// Appends all entries with these widths, which they fit.
    pub(crate) fn write(&self, widths: Widths, out: &mut BitWriter<'_>) {
        let Widths { key, value, .. } = self.body.widths;
        if (key, value) == (widths.key, widths.value) {
            return self.copy(out);
        }
        for number in 0..self.num_entries() {
            let (key, value) = self.entry(number).unwrap_or((mask(widths.key), 0));
            out.push(key, widths.key);
            out.push(value, widths.value);
        }
    }

    /// How many entries are not empty.
    pub(crate) fn in_use(&self) -> u64 {
        let Widths { key, value, .. } = self.body.widths;
        let (words, mut at) = self.entries();
        let mut in_use = 0;
        for _ in 0..self.num_entries() {
            in_use += u64::from(words.get_near(at, key) != mask(key));
            at += u64::from(key + value);
        }
        in_use
    }

    /// Bits of the record and its entries.
    pub(crate) fn bits(&self) -> u64 {
        u64::from(self.body.widths.record()) + self.num_entries() * u64::from(self.body.widths.entry())
    }
}

impl CollectionRow for BlobCollection<'_> {
    #[inline]
    fn num_entries(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    #[inline]
    fn size(&self) -> u64 {
        if self.body.kind == Kind::List {
            return self.num_entries();
        }
        let Widths { end, size, .. } = self.body.widths;
        let at = u64::from(self.position) * u64::from(end + size) + u64::from(end);
        self.ends.words(self.blob).get(at, size)
    }

    #[inline]
    fn entry(&self, number: u64) -> Option<(u64, u64)> {
        let Widths { key, value, .. } = self.body.widths;
        let at = (self.start + number) * u64::from(key + value);
        let raw = self.entries.words(self.blob).get(at, key + value);
        let found = raw & mask(key);
        if self.body.kind != Kind::List && found == mask(key) {
            return None;
        }
        Some((found, raw >> key))
    }
}
