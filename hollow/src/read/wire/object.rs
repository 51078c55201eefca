//! The records of an object type in a blob. See `docs/format.md`, section 6.2.

use super::super::object_block::FieldKind;
use super::{Extent, read_width, read_words};
use crate::blob::{Cursor, DecodeError, DecodeErrorKind};
use crate::schema::ObjectSchema;
use std::ops::Range;

/// All shards of an object type.
#[derive(Debug)]
pub(crate) struct ObjectBody {
    fields: Vec<WireField>,
    record_bits: u64,
    num_areas: usize,
    /// The records of each shard.
    shards: Vec<Extent>,
    /// The variable-length areas of all shards, one shard after the other.
    areas: Vec<Extent>,
}

#[derive(Debug)]
pub(crate) struct WireField {
    name: String,
    pub(crate) kind: FieldKind,
    pub(crate) offset: u64,
    pub(crate) width: u32,
    /// STRING and BYTES: which of the shard's variable-length areas is the field's.
    pub(crate) area: usize,
}

impl WireField {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl ObjectBody {
    pub(super) fn new(schema: &ObjectSchema) -> Self {
        let mut num_areas = 0;
        let fields = schema.fields.iter().map(|field| {
            let kind = FieldKind::of(&field.ty);
            let area = num_areas;
            num_areas += usize::from(kind.is_variable_length());
            WireField {
                name: field.name.clone(),
                kind,
                offset: 0,
                width: 0,
                area,
            }
        });
        Self {
            fields: fields.collect(),
            record_bits: 0,
            num_areas,
            shards: Vec::new(),
            areas: Vec::new(),
        }
    }

    /// The highest ordinal and the number of words; a width and a number of bytes for each field. Types without fields
    /// have one record at most, and shards without records take more for their highest ordinal.
    pub(super) fn min_shard_bytes(&self) -> u64 {
        (2 + 2 * self.fields.len() as u64).max(4)
    }

    /// Makes room for so many shards, each of which takes its bytes.
    pub(super) fn reserve(&mut self, num_shards: usize) {
        self.shards.reserve_exact(num_shards);
        self.areas.reserve_exact(num_shards * self.num_areas);
    }

    pub(super) fn read_shard(&mut self, cursor: &mut Cursor<'_>, num_records: u64) -> Result<(), DecodeError> {
        let first = self.shards.is_empty();
        for at in 0..self.fields.len() {
            let field = &mut self.fields[at];
            let width = read_field_width(cursor, field.kind).map_err(|e| e.in_field(&field.name))?;
            if first {
                (field.offset, field.width) = (self.record_bits, width);
                self.record_bits += u64::from(width);
            } else if field.width != width {
                let expected = format!("{} as in the first shard", field.width);
                return Err(cursor
                    .invalid("width of a field", expected, width)
                    .in_field(&field.name));
            }
        }
        let records = read_words(cursor, "fixed-length data", num_records * self.record_bits)?;
        for field in &self.fields {
            const WHAT: &str = "variable-length data";
            let length = cursor.var_u64(WHAT).map_err(|e| e.in_field(&field.name))?;
            if field.kind.is_variable_length() {
                let area = Extent::take(cursor, WHAT, length).map_err(|e| e.in_field(&field.name))?;
                self.areas.push(area);
            } else if length != 0 {
                return Err(cursor
                    .invalid(WHAT, "none for this type of field", length)
                    .in_field(&field.name));
            }
        }
        self.shards.push(records);
        Ok(())
    }

    /// The bytes of a record begin where those of the record before end: ends must not go back, nor past the area. Looks at
    /// the records of a shard at these positions.
    pub(crate) fn check_ends(&self, blob: &[u8], shard: usize, positions: Range<u64>) -> Result<(), DecodeError> {
        let Some(records) = self.shard(shard).map(|records| records.words(blob)) else {
            return Ok(());
        };
        let areas = self.areas_of(shard);
        for field in self.fields.iter().filter(|field| field.kind.is_variable_length()) {
            let limit = areas.get(field.area).map_or(0, |area| area.len() as u64);
            let bit_of = |position: u64| position * self.record_bits + field.offset;
            let mut before = match positions.start.checked_sub(1) {
                Some(before) => records.get(bit_of(before), field.width - 1),
                None => 0,
            };
            let mut at_bit = bit_of(positions.start);
            for _ in positions.clone() {
                let end = records.get_near(at_bit, field.width - 1);
                if end < before || end > limit {
                    return Err(DecodeError {
                        offset: areas.last().map_or(0, |last| last.end()),
                        type_name: None,
                        field: Some(field.name.clone()),
                        kind: DecodeErrorKind::Invalid {
                            what: "end of variable-length data",
                            expected: format!("{before} to {limit}"),
                            found: end.to_string(),
                        },
                    });
                }
                before = end;
                at_bit += self.record_bits;
            }
        }
        Ok(())
    }

    /// The variable-length areas of a shard.
    pub(crate) fn areas_of(&self, shard: usize) -> &[Extent] {
        let first = shard * self.num_areas;
        self.areas.get(first..first + self.num_areas).unwrap_or_default()
    }

    /// Bits of a record beside what it has in the areas.
    pub(crate) fn record_bits(&self) -> u64 {
        self.record_bits
    }

    /// The fields, in the order of the blob's schema.
    pub(crate) fn fields(&self) -> &[WireField] {
        &self.fields
    }

    /// The records of a shard.
    pub(crate) fn shard(&self, shard: usize) -> Option<Extent> {
        self.shards.get(shard).copied()
    }

    /// Whether there are STRING or BYTES fields.
    pub(crate) fn has_texts(&self) -> bool {
        self.num_areas > 0
    }

    /// A field that takes no bits although there are records, which no writer makes: a record has at least the bit that
    /// says null. Refused, or few bytes could stand for very many fields.
    pub(crate) fn field_without_bits(&self) -> Option<&str> {
        let field = self.fields.iter().find(|field| field.width == 0)?;
        Some(&field.name)
    }

    /// The fields at these positions, each where a row finds it; `None` for a field that the blob does not have.
    pub(crate) fn columns(&self, positions: &[Option<usize>]) -> Columns {
        let columns = positions.iter().map(|position| {
            let field = self.fields.get((*position)?)?;
            Some(Column {
                offset: field.offset,
                width: field.width,
                kind: field.kind,
                area: field.area,
            })
        });
        let columns: Vec<Option<Column>> = columns.collect();
        let num_fields = columns.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        Columns { columns, num_fields }
    }

    /// The record at a position of a shard, by the columns made from this body.
    #[inline]
    pub(crate) fn row<'a>(&'a self, columns: &'a Columns, blob: &'a [u8], shard: usize, position: u32) -> BlobRow<'a> {
        BlobRow {
            body: self,
            columns,
            blob,
            shard,
            at: u64::from(position) * self.record_bits,
        }
    }
}

/// Where the fields of the reader's schema are in a record of the blob.
#[derive(Debug)]
pub(crate) struct Columns {
    columns: Vec<Option<Column>>,
    /// Those from this one on are `None`.
    num_fields: usize,
}

#[derive(Debug)]
struct Column {
    offset: u64,
    width: u32,
    kind: FieldKind,
    area: usize,
}

impl Columns {
    /// Fields from this one on are not in the blob.
    pub(crate) fn num_fields(&self) -> usize {
        self.num_fields
    }
}

/// A record in a blob. Accessors are total: what is not within the blob is null.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BlobRow<'a> {
    body: &'a ObjectBody,
    columns: &'a Columns,
    blob: &'a [u8],
    shard: usize,
    /// The record's first bit.
    at: u64,
}

impl<'a> BlobRow<'a> {
    /// Fields from this one on are not in the blob.
    pub(crate) fn num_fields(&self) -> usize {
        self.columns.num_fields
    }

    /// Bits of fixed-length data.
    pub(crate) fn record_bits(&self) -> u64 {
        self.body.record_bits
    }

    fn column(&self, field: usize, kind: FieldKind) -> Option<&'a Column> {
        let column = self.columns.columns.get(field)?.as_ref()?;
        (column.kind == kind).then_some(column)
    }

    /// The stored value of a field if it is of this kind and not null.
    pub(crate) fn value_of(&self, field: usize, kind: FieldKind) -> Option<u64> {
        let column = self.column(field, kind)?;
        let records = self.body.shards.get(self.shard)?.words(self.blob);
        let raw = records.get(self.at + column.offset, column.width);
        kind.decode(raw, column.width)
    }

    /// The stored bytes of a field if it is of this kind and not null.
    pub(crate) fn bytes_of(&self, field: usize, kind: FieldKind) -> Option<&'a [u8]> {
        let column = self.column(field, kind)?;
        let records = self.body.shards.get(self.shard)?.words(self.blob);
        let width = column.width.checked_sub(1)?;
        let at = self.at + column.offset;
        let raw = records.get(at, column.width);
        if raw >> width != 0 {
            return None;
        }
        let start = match self.at.checked_sub(self.body.record_bits) {
            Some(before) => records.get(before + column.offset, width),
            None => 0,
        };
        let area = self.body.areas_of(self.shard).get(column.area)?.of(self.blob);
        area.get(start as usize..raw as usize)
    }
}

fn read_field_width(cursor: &mut Cursor<'_>, kind: FieldKind) -> Result<u32, DecodeError> {
    const WHAT: &str = "width of a field";
    let exactly = |cursor: &mut Cursor<'_>, bits: u32| match read_width(cursor, WHAT, 0, bits)? {
        width if width == 0 || width == bits => Ok(width),
        width => Err(cursor.invalid(WHAT, format!("0 or {bits}"), width)),
    };
    match kind {
        FieldKind::Int => read_width(cursor, WHAT, 0, 32),
        FieldKind::Long => read_width(cursor, WHAT, 0, 64),
        FieldKind::Boolean => exactly(cursor, 2),
        FieldKind::Float => exactly(cursor, 32),
        FieldKind::Double => exactly(cursor, 64),
        FieldKind::Text | FieldKind::Bytes => read_width(cursor, WHAT, 2, 64),
        FieldKind::Reference => read_width(cursor, WHAT, 0, 30),
    }
}
