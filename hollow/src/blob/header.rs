//! What stands at the beginning of every blob. See `docs/format.md`, sections 4.1 and 4.3.

use super::schema_codec::{read_schema, repeated, write_schema};
use super::{Cursor, DecodeError, TooLong, write_utf};
use crate::memory::var_int;
use crate::schema::Schema;

const FORMAT_VERSION: i32 = 1030;
const PART_VERSION: i32 = 1031;

/// The header of a snapshot, delta or reverse delta; nothing in it says which of these it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Random tag of the state the blob leads from. A delta applies to a state with this tag only.
    pub origin_tag: i64,
    /// Random tag of the state the blob leads to.
    pub destination_tag: i64,
    /// The schemas of the types in the blob; `None` in blobs of Hollow before 2.2.0, which did not list them.
    pub schemas: Option<Vec<Schema>>,
    /// Header tags, in the order of the wire.
    pub tags: Vec<(String, String)>,
    /// How many type states follow.
    pub num_type_states: usize,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    /// [`DecodeError`] on another format version, counts that cannot be, or bytes that end too early.
    pub fn read(cursor: &mut Cursor<'_>) -> Result<Self, DecodeError> {
        let version = cursor.i32("format version")?;
        if version != FORMAT_VERSION {
            return Err(cursor.invalid("format version", FORMAT_VERSION.to_string(), version));
        }
        let origin_tag = cursor.i64("origin tag")?;
        let destination_tag = cursor.i64("destination tag")?;
        let schemas = match cursor.var_u32("length of the schema list")? {
            0 => None,
            _ => Some(read_schemas(cursor)?),
        };
        let num_tags = cursor.i16("number of header tags")?;
        let most = cursor.remaining() / 4;
        if u64::try_from(num_tags).map_or(true, |count| count > most) {
            return Err(cursor.invalid("number of header tags", format!("0 to {most}"), num_tags));
        }
        let mut tags = Vec::with_capacity(num_tags.unsigned_abs().into());
        for _ in 0..num_tags {
            tags.push((cursor.utf("key of a header tag")?, cursor.utf("value of a header tag")?));
        }
        let num_type_states = cursor.count("number of type states", 10)?;
        Ok(Self {
            origin_tag,
            destination_tag,
            schemas,
            tags,
            num_type_states,
        })
    }

    /// Appends the header. `num_type_states` is written as it stands.
    ///
    /// # Errors
    /// [`TooLong`] if a name or tag does not fit.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong<'_>> {
        out.extend_from_slice(&FORMAT_VERSION.to_be_bytes());
        out.extend_from_slice(&self.origin_tag.to_be_bytes());
        out.extend_from_slice(&self.destination_tag.to_be_bytes());
        match &self.schemas {
            None => var_int::write_u32(out, 0),
            Some(schemas) => {
                let mut list = Vec::new();
                write_schemas(&mut list, schemas)?;
                var_int::write_u32(out, list.len() as u32); // the list and the byte of no extra data
                out.extend_from_slice(&list);
            }
        }
        let num_tags = i16::try_from(self.tags.len()).unwrap_or(i16::MAX);
        out.extend_from_slice(&num_tags.to_be_bytes());
        for (key, value) in self.tags.iter().take(num_tags.unsigned_abs().into()) {
            write_utf(out, key)?;
            write_utf(out, value)?;
        }
        var_int::write_u32(out, self.num_type_states as u32);
        Ok(())
    }
}

/// The header of an optional part of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartHeader {
    /// The part's name.
    pub name: String,
    /// As in the main header of the same blob.
    pub origin_tag: i64,
    /// As in the main header of the same blob.
    pub destination_tag: i64,
    /// The schemas of the types in this part.
    pub schemas: Vec<Schema>,
    /// How many type states follow.
    pub num_type_states: usize,
}

impl PartHeader {
    /// Reads the header of an optional part.
    ///
    /// # Errors
    /// As [`Header::read`].
    pub fn read(cursor: &mut Cursor<'_>) -> Result<Self, DecodeError> {
        let version = cursor.i32("version of an optional part")?;
        if version != PART_VERSION {
            return Err(cursor.invalid("version of an optional part", PART_VERSION.to_string(), version));
        }
        Ok(Self {
            name: cursor.utf("name of an optional part")?,
            origin_tag: cursor.i64("origin tag")?,
            destination_tag: cursor.i64("destination tag")?,
            schemas: read_schemas(cursor)?,
            num_type_states: cursor.count("number of type states", 10)?,
        })
    }

    /// Appends the header of an optional part.
    ///
    /// # Errors
    /// [`TooLong`] if a name does not fit.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong<'_>> {
        out.extend_from_slice(&PART_VERSION.to_be_bytes());
        write_utf(out, &self.name)?;
        out.extend_from_slice(&self.origin_tag.to_be_bytes());
        out.extend_from_slice(&self.destination_tag.to_be_bytes());
        write_schemas(out, &self.schemas)?;
        var_int::write_u32(out, self.num_type_states as u32);
        Ok(())
    }
}

/// The list of schemas with the empty room for future data behind it.
fn write_schemas<'s>(out: &mut Vec<u8>, schemas: &'s [Schema]) -> Result<(), TooLong<'s>> {
    var_int::write_u32(out, schemas.len() as u32);
    schemas.iter().try_for_each(|schema| write_schema(out, schema))?;
    var_int::write_u32(out, 0);
    Ok(())
}

fn read_schemas(cursor: &mut Cursor<'_>) -> Result<Vec<Schema>, DecodeError> {
    let count = cursor.count("number of schemas", 5)?;
    let mut schemas: Vec<Schema> = Vec::new();
    for _ in 0..count {
        schemas.push(read_schema(cursor)?);
    }
    if let Some(name) = repeated(schemas.iter().map(Schema::name)) {
        return Err(cursor.invalid("name of a type", "a name that stands once", name));
    }
    let skip = cursor.var_u32("room for future data")?;
    cursor.take("room for future data", skip.into())?;
    Ok(schemas)
}
