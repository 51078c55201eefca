//! The two traits behind the typed library: what can be a record, and what can stand in a field.

use super::key::KeyParts;
use super::model::Holds;
use super::read::{At, Budget};
use super::write::{RecordBytes, Writer};
use super::{ModelBuilder, ModelError, Naming, ReadError};
use crate::Ordinal;
use crate::record::KeyValue;
use crate::write::WriteError;

/// A Rust type whose values are records with ordinals of their own: equal ones are stored once.
///
/// Derived structs and enums, text, numbers (as records of the types `Integer`, `Long`, ..), `Vec`, sets and maps.
/// Implemented by `#[derive(Hollow)]`; the methods are for derived code and may change.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a record of a dataset",
    label = "no record type",
    note = "records are structs and enums with #[derive(Hollow)], text, numbers of up to 64 bits, Vec, sets and maps of records",
    note = "elements, keys and values of collections are never null: Option cannot stand there",
    note = "u64, usize, u128 and i128 do not fit the format: use i64, or text"
)]
pub trait Record: Field {
    /// What reading a record gives: a borrowed accessor, or the value itself if it is a plain one.
    type Ref<'s>;

    /// Values are remembered by where they are, so that most need not be looked for.
    #[doc(hidden)]
    const IS_REMEMBERED: bool = false;

    /// Adds the type and all it refers to.
    #[doc(hidden)]
    fn declare_record(model: &mut ModelBuilder, naming: &Naming) -> Result<usize, ModelError>;
    /// Adds the record.
    #[doc(hidden)]
    fn write_record(&self, writer: &mut Writer<'_>, plan: usize) -> Result<Ordinal, WriteError>;
    /// The accessor of a record, or of the stand-in of a null.
    #[doc(hidden)]
    fn view_record(at: At<'_>) -> Self::Ref<'_>;
    /// The record as an owned value.
    #[doc(hidden)]
    fn own_record(at: At<'_>, budget: &mut Budget) -> Result<Self, ReadError>;
}

/// A Rust type that a field of a derived struct can have: every [`Record`], and `Option` of it.
///
/// The methods are for derived code and may change.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a record",
    label = "not supported here",
    note = "fields are numbers, bool, char, text, bytes (Vec<u8>), times, structs and enums with #[derive(Hollow)], \
            Option, Box, Arc, Vec, sets and maps of them",
    note = "u64, usize, u128 and i128 do not fit the format: use i64, or text",
    note = "leave a field out with #[hollow(skip)]"
)]
pub trait Field: Sized + 'static {
    /// What the accessor of a field gives.
    type View<'s>;
    /// How the value is given in a key: `i64`, `&str`, a tuple; [`NoKey`](super::NoKey) if it cannot be part of one.
    type Key<'k>: KeyParts;
    /// Whether null is a value.
    #[doc(hidden)]
    const OPTIONAL: bool = false;

    /// Says what the field holds, after adding the types it refers to.
    #[doc(hidden)]
    fn declare<const FORM: u8>(model: &mut ModelBuilder, naming: &Naming) -> Result<Holds, ModelError>;
    /// Appends the field, after adding what it refers to.
    #[doc(hidden)]
    fn write<const FORM: u8>(
        &self,
        writer: &mut Writer<'_>,
        record: &mut RecordBytes,
        field: usize,
    ) -> Result<(), WriteError>;
    /// Appends null.
    #[doc(hidden)]
    #[inline]
    fn write_null<const FORM: u8>(record: &mut RecordBytes) {
        record.null();
    }
    /// Reads the field; `None` is null.
    #[doc(hidden)]
    fn get(of: At<'_>, field: usize) -> Option<Self::View<'_>>;
    /// What stands for null.
    #[doc(hidden)]
    fn null(of: At<'_>, field: usize) -> Self::View<'_>;
    /// The field as an owned value; `None` is null.
    #[doc(hidden)]
    fn own(of: At<'_>, field: usize, budget: &mut Budget) -> Result<Option<Self>, ReadError>;
    /// Appends the parts of a key.
    #[doc(hidden)]
    fn push_key(&self, parts: &mut Vec<KeyValue>) {
        let _ = parts;
    }
}

/// A record with a primary key, declared by `#[hollow(primary_key(..))]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no primary key",
    label = "needs #[hollow(primary_key(..))]",
    note = "name the fields that identify a record: #[hollow(primary_key(id))] on the struct"
)]
pub trait Keyed: Record {
    /// The paths of the key, as in the schema.
    const PRIMARY_KEY: &'static [&'static str];
}

/// The forms a field can ask for.
pub mod form {
    /// As its Rust type has it: numbers in the record, text by reference.
    pub const DEFAULT: u8 = 0;
    /// In the record itself.
    pub const INLINE: u8 = 1;
    /// A record of its own.
    pub const BOXED: u8 = 2;
}

/// Implements [`Field`] for a [`Record`] that is always referred to.
#[doc(hidden)]
#[macro_export]
macro_rules! __hollow_reference_field {
    ([$($generics:tt)*] $ty:ty, key = $key:ty, push_key = $push:expr) => {
        impl<$($generics)*> $crate::typed::Field for $ty {
            type View<'s> = <$ty as $crate::typed::Record>::Ref<'s>;
            type Key<'k> = $key;
            fn declare<const FORM: u8>(
                model: &mut $crate::typed::ModelBuilder,
                naming: &$crate::typed::Naming,
            ) -> ::core::result::Result<$crate::typed::Holds, $crate::typed::ModelError> {
                <$ty as $crate::typed::Record>::declare_record(model, naming).map($crate::typed::Holds::Reference)
            }
            #[inline]
            fn write<const FORM: u8>(
                &self,
                writer: &mut $crate::typed::Writer<'_>,
                record: &mut $crate::typed::RecordBytes,
                field: usize,
            ) -> ::core::result::Result<(), $crate::write::WriteError> {
                writer.reference(self, record, field)
            }
            #[inline]
            fn get(of: $crate::typed::At<'_>, field: usize) -> ::core::option::Option<Self::View<'_>> {
                of.follow(field).map(<$ty as $crate::typed::Record>::view_record)
            }
            #[inline]
            fn null(of: $crate::typed::At<'_>, field: usize) -> Self::View<'_> {
                <$ty as $crate::typed::Record>::view_record(of.absent(field))
            }
            fn own(
                of: $crate::typed::At<'_>,
                field: usize,
                budget: &mut $crate::typed::Budget,
            ) -> ::core::result::Result<::core::option::Option<Self>, $crate::typed::ReadError> {
                match of.follow(field) {
                    ::core::option::Option::Some(at) => {
                        <$ty as $crate::typed::Record>::own_record(at, budget).map(::core::option::Option::Some)
                    }
                    ::core::option::Option::None => ::core::result::Result::Ok(::core::option::Option::None),
                }
            }
            fn push_key(&self, parts: &mut ::std::vec::Vec<$crate::record::KeyValue>) {
                let push: fn(&Self, &mut ::std::vec::Vec<$crate::record::KeyValue>) = $push;
                push(self, parts);
            }
        }
    };
}
