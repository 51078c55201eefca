//! Schemas in binary form. See `docs/format.md`, section 3.1.

use super::{Cursor, DecodeError, TooLong, write_utf};
use crate::memory::var_int;
use crate::schema::{Field, FieldType, HashKey, ListSchema, MapSchema, ObjectSchema, PrimaryKey, Schema, SetSchema};

const OBJECT: u8 = 0;
const SET: u8 = 1;
const LIST: u8 = 2;
const MAP: u8 = 3;
const SET_WITH_KEY: u8 = 4;
const MAP_WITH_KEY: u8 = 5;
const OBJECT_WITH_KEY: u8 = 6;

/// Appends a schema.
///
/// # Errors
/// [`TooLong`] if a name does not fit. An object type can have 32,767 fields at most; further ones are not written.
pub fn write_schema<'s>(out: &mut Vec<u8>, schema: &'s Schema) -> Result<(), TooLong<'s>> {
    let keyed = |plain, with_key, has_key: bool| if has_key { with_key } else { plain };
    out.push(match schema {
        Schema::Object(s) => keyed(OBJECT, OBJECT_WITH_KEY, s.primary_key.is_some()),
        Schema::Set(s) => keyed(SET, SET_WITH_KEY, s.hash_key.is_some()),
        Schema::List(_) => LIST,
        Schema::Map(s) => keyed(MAP, MAP_WITH_KEY, s.hash_key.is_some()),
    });
    write_utf(out, schema.name())?;
    match schema {
        Schema::Object(s) => {
            if let Some(key) = &s.primary_key {
                write_paths(out, key.paths())?;
            }
            let count = i16::try_from(s.fields.len()).unwrap_or(i16::MAX);
            out.extend_from_slice(&count.to_be_bytes());
            for field in s.fields.iter().take(count.unsigned_abs().into()) {
                write_utf(out, &field.name)?;
                write_utf(out, wire_name(&field.ty))?;
                if let FieldType::Reference(name) = &field.ty {
                    write_utf(out, name)?;
                }
            }
        }
        Schema::List(s) => write_utf(out, &s.element)?,
        Schema::Set(s) => {
            write_utf(out, &s.element)?;
            if let Some(key) = &s.hash_key {
                write_paths(out, key.paths())?;
            }
        }
        Schema::Map(s) => {
            write_utf(out, &s.key)?;
            write_utf(out, &s.value)?;
            if let Some(key) = &s.hash_key {
                write_paths(out, key.paths())?;
            }
        }
    }
    Ok(())
}

fn write_paths<'s>(out: &mut Vec<u8>, paths: &'s [String]) -> Result<(), TooLong<'s>> {
    var_int::write_u32(out, paths.len() as u32);
    paths.iter().try_for_each(|path| write_utf(out, path))
}

fn wire_name(ty: &FieldType) -> &'static str {
    match ty {
        FieldType::Int => "INT",
        FieldType::Long => "LONG",
        FieldType::Boolean => "BOOLEAN",
        FieldType::Float => "FLOAT",
        FieldType::Double => "DOUBLE",
        FieldType::String => "STRING",
        FieldType::Bytes => "BYTES",
        FieldType::Reference(_) => "REFERENCE",
    }
}

/// Reads a schema.
///
/// # Errors
/// [`DecodeError`] on an unknown kind or field type, a name that stands twice, or bytes that end too early.
pub fn read_schema(cursor: &mut Cursor<'_>) -> Result<Schema, DecodeError> {
    let kind = cursor.u8("kind of schema")?;
    let name = cursor.name("name of a type")?;
    let schema = match kind {
        OBJECT | OBJECT_WITH_KEY => {
            let primary_key = if kind == OBJECT_WITH_KEY {
                PrimaryKey::new(read_paths(cursor)?)
            } else {
                None
            };
            let fields = read_fields(cursor).map_err(|e| e.in_type(&name))?;
            Schema::Object(ObjectSchema {
                name,
                fields,
                primary_key,
            })
        }
        LIST => Schema::List(ListSchema {
            name,
            element: cursor.name("name of an element type")?,
        }),
        SET | SET_WITH_KEY => {
            let element = cursor.name("name of an element type")?;
            let hash_key = if kind == SET_WITH_KEY {
                HashKey::new(read_paths(cursor)?)
            } else {
                None
            };
            Schema::Set(SetSchema {
                name,
                element,
                hash_key,
            })
        }
        MAP | MAP_WITH_KEY => {
            let key = cursor.name("name of a key type")?;
            let value = cursor.name("name of a value type")?;
            let hash_key = if kind == MAP_WITH_KEY {
                HashKey::new(read_paths(cursor)?)
            } else {
                None
            };
            Schema::Map(MapSchema {
                name,
                key,
                value,
                hash_key,
            })
        }
        _ => {
            return Err(cursor.invalid("kind of schema", "0 to 6", kind).in_type(&name));
        }
    };
    Ok(schema)
}

fn read_fields(cursor: &mut Cursor<'_>) -> Result<Vec<Field>, DecodeError> {
    let count = cursor.i16("number of fields")?;
    // A field takes at least 8 bytes: two lengths, a name of one, a type name of three.
    let most = cursor.remaining() / 8;
    let count = match u64::try_from(count) {
        Ok(count) if count <= most => count,
        _ => return Err(cursor.invalid("number of fields", format!("0 to {most}"), count)),
    };
    let mut fields: Vec<Field> = Vec::new();
    for _ in 0..count {
        let name = cursor.name("name of a field")?;
        let ty = match cursor.utf("type of a field")?.as_str() {
            "INT" => FieldType::Int,
            "LONG" => FieldType::Long,
            "BOOLEAN" => FieldType::Boolean,
            "FLOAT" => FieldType::Float,
            "DOUBLE" => FieldType::Double,
            "STRING" => FieldType::String,
            "BYTES" => FieldType::Bytes,
            "REFERENCE" => FieldType::Reference(cursor.name("name of a type")?),
            other => {
                return Err(cursor.invalid("type of a field", "a field type", other).in_field(&name));
            }
        };
        fields.push(Field { name, ty });
    }
    match repeated(fields.iter().map(|field| field.name.as_str())) {
        Some(name) => Err(cursor.invalid("name of a field", "a name that stands once", name)),
        None => Ok(fields),
    }
}

/// A name that stands twice, if there is one.
pub(super) fn repeated<'n>(names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.array_windows().find(|[a, b]| a == b).map(|[name, _]| *name)
}

fn read_paths(cursor: &mut Cursor<'_>) -> Result<Vec<String>, DecodeError> {
    let count = cursor.count("number of key fields", 3)?;
    (0..count).map(|_| cursor.name("field path")).collect()
}
