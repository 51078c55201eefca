//! Enums without data: an object type with one text field, the variant's name, as Java Hollow writes enums.

use super::model::Holds;
use super::read::{At, Budget};
use super::values::push_text;
use super::write::{RecordBytes, Writer};
use super::{ModelBuilder, ModelError, Naming, ReadError, Text, UnknownName, form};
use crate::Ordinal;
use crate::schema::FieldType;
use crate::write::WriteError;

/// An enum whose variants are names. Derived.
#[doc(hidden)]
pub trait Enumeration: Sized + 'static {
    /// The Rust name.
    const TYPE_NAME: &'static str;
    /// The name of the type in the schema.
    const NAME: &'static str;
    /// The name of its field.
    const FIELD: &'static str;
    /// Whether the type may be missing.
    const OPTIONAL_TYPE: bool;
    /// The position of the variant and its name.
    fn name(&self) -> (usize, &str);
    /// The variant with this name.
    fn parse(name: Text<'_>) -> Option<Self>;
}

/// Adds the type.
pub fn declare<E: Enumeration>(model: &mut ModelBuilder, naming: &Naming) -> Result<usize, ModelError> {
    model.object::<E>(naming.type_name.unwrap_or(E::NAME), E::OPTIONAL_TYPE, &[], |object| {
        object.inline(E::FIELD, FieldType::String);
        Ok(())
    })
}

/// Says what a field of the enum holds.
pub fn declare_field<E: Enumeration, const FORM: u8>(
    model: &mut ModelBuilder,
    naming: &Naming,
) -> Result<Holds, ModelError> {
    match FORM {
        form::INLINE => Ok(Holds::Inline(FieldType::String)),
        _ => declare::<E>(model, naming).map(Holds::Reference),
    }
}

/// Adds the record of a variant.
#[inline]
pub fn write<E: Enumeration>(value: &E, writer: &mut Writer<'_>, plan: usize) -> Result<Ordinal, WriteError> {
    let (index, name) = value.name();
    let add = |writer: &mut Writer<'_>| {
        let mut record = writer.begin(plan)?;
        push_text(record.bytes(), name);
        record.end_field();
        writer.finish(record)
    };
    // Names from data are not among the few that are worth remembering.
    if index == usize::MAX {
        return add(writer);
    }
    writer.variant(plan, index, add)
}

/// Appends a field.
#[inline]
pub fn write_field<E: Enumeration, const FORM: u8>(
    value: &E,
    writer: &mut Writer<'_>,
    record: &mut RecordBytes,
    field: usize,
) -> Result<(), WriteError> {
    if FORM == form::INLINE {
        push_text(record.bytes(), value.name().1);
        return Ok(());
    }
    let target = writer.target(record, field);
    let ordinal = write(value, writer, target)?;
    record.reference(ordinal);
    Ok(())
}

/// Reads a field; `None` is null.
pub fn get<E: Enumeration>(of: At<'_>, field: usize) -> Option<Result<E, UnknownName>> {
    let (records, ordinal, position) = of.leaf(field)?;
    let name = records.text(ordinal, position)?;
    Some(E::parse(name).ok_or_else(|| unknown::<E>(Some(name))))
}

/// What stands for null.
pub fn null<E: Enumeration>() -> Result<E, UnknownName> {
    Err(unknown::<E>(None))
}

/// A field as an owned value.
pub fn own<E: Enumeration>(of: At<'_>, field: usize, budget: &mut Budget) -> Result<Option<E>, ReadError> {
    budget.take(0)?;
    Ok(get(of, field).transpose()?)
}

#[cold]
fn unknown<E: Enumeration>(name: Option<Text<'_>>) -> UnknownName {
    UnknownName {
        type_name: E::TYPE_NAME,
        name: name.map(|name| name.to_string()),
    }
}
