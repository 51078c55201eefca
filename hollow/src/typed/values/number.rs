//! Numbers, `bool` and `char`: in the record itself, unless the field is `boxed` or they are elements.

use super::{declare_value, is_inline, push_inline_null};
use crate::Ordinal;
use crate::read::ObjectTypeState;
use crate::record::KeyValue;
use crate::schema::FieldType;
use crate::typed::key::KeyParts;
use crate::typed::model::Holds;
use crate::typed::read::{At, Budget};
use crate::typed::write::{RecordBytes, Writer};
use crate::typed::{Field, ModelBuilder, ModelError, Naming, ReadError, Record, form};
use crate::write::WriteError;
use crate::write::record_form::{self, FieldKind};

/// `view`: what the accessor gives; `push`: appends a value, false if it cannot be stored; `read`: from a state;
/// `own`: from what was read, an error number if it does not fit.
macro_rules! number {
    ($ty:ty, view = $view:ty, kind = $kind:ident, wrapper = $wrapper:literal, $($rest:tt)*) => {
        number_field!($ty, view = $view, kind = $kind, wrapper = $wrapper, $($rest)*);

        impl Record for $ty {
            type Ref<'s> = $view;

            fn declare_record(model: &mut ModelBuilder, naming: &Naming) -> Result<usize, ModelError> {
                let name = naming.type_name.unwrap_or($wrapper);
                model.wrapper::<$ty>(name, "value", FieldType::$kind)
            }

            fn write_record(&self, writer: &mut Writer<'_>, plan: usize) -> Result<Ordinal, WriteError> {
                let mut record = writer.begin(plan)?;
                <$ty as Field>::write::<{ form::INLINE }>(self, writer, &mut record, 0)?;
                record.end_field();
                writer.finish(record)
            }

            #[inline]
            fn view_record(at: At<'_>) -> $view {
                <$ty as Field>::get(at, 0).unwrap_or_default()
            }

            fn own_record(at: At<'_>, budget: &mut Budget) -> Result<Self, ReadError> {
                <$ty as Field>::own(at, 0, budget)?.ok_or_else(|| at.null_error(0))
            }
        }
    };
}

macro_rules! number_field {
    (
        $ty:ty, view = $view:ty, kind = $kind:ident, wrapper = $wrapper:literal,
        push = $push:expr, why = $why:literal, read = $read:expr, own = $own:expr
    ) => {
        impl Field for $ty {
            type View<'s> = $view;
            type Key<'k> = $ty;

            fn declare<const FORM: u8>(model: &mut ModelBuilder, naming: &Naming) -> Result<Holds, ModelError> {
                declare_value::<$ty>(
                    model,
                    naming,
                    is_inline(FORM, form::INLINE),
                    FieldType::$kind,
                    $wrapper,
                )
            }

            #[inline]
            fn write<const FORM: u8>(
                &self,
                writer: &mut Writer<'_>,
                record: &mut RecordBytes,
                field: usize,
            ) -> Result<(), WriteError> {
                if !is_inline(FORM, form::INLINE) {
                    let target = writer.target(record, field);
                    let mut wrapper = writer.begin(target)?;
                    <$ty as Field>::write::<{ form::INLINE }>(self, writer, &mut wrapper, 0)?;
                    wrapper.end_field();
                    record.reference(writer.finish(wrapper)?);
                    return Ok(());
                }
                let push: fn(&mut Vec<u8>, $ty) -> bool = $push;
                if push(record.bytes(), *self) {
                    return Ok(());
                }
                Err(writer.unfit(record, field, $why, format!("{self:?}")))
            }

            #[inline]
            fn write_null<const FORM: u8>(record: &mut RecordBytes) {
                if is_inline(FORM, form::INLINE) {
                    push_inline_null(record, FieldKind::$kind);
                } else {
                    record.null();
                }
            }

            #[inline]
            fn get(of: At<'_>, field: usize) -> Option<$view> {
                let (records, ordinal, position) = of.leaf(field)?;
                let read: fn(&ObjectTypeState, Ordinal, usize) -> Option<$view> = $read;
                read(records, ordinal, position)
            }

            #[inline]
            fn null(_: At<'_>, _: usize) -> $view {
                Default::default()
            }

            fn own(of: At<'_>, field: usize, budget: &mut Budget) -> Result<Option<Self>, ReadError> {
                budget.take(0)?;
                let own: fn($view) -> Result<$ty, i64> = $own;
                match <$ty as Field>::get(of, field).map(own) {
                    Some(Ok(value)) => Ok(Some(value)),
                    Some(Err(found)) => Err(of.range_error(field, stringify!($ty), found)),
                    None => Ok(None),
                }
            }

            fn push_key(&self, parts: &mut Vec<KeyValue>) {
                KeyParts::push(*self, parts);
            }
        }
    };
}

/// The smallest number stands for null.
#[inline]
fn push_int(out: &mut Vec<u8>, value: i32) -> bool {
    record_form::push_int(out, value);
    value != i32::MIN
}

#[inline]
fn push_long(out: &mut Vec<u8>, value: i64) -> bool {
    record_form::push_long(out, value);
    value != i64::MIN
}

macro_rules! narrow {
    ($macro:ident, $ty:ty, $view:ty, $kind:ident, $wrapper:literal, $push:ident, $read:ident) => {
        $macro! {
            $ty, view = $view, kind = $kind, wrapper = $wrapper,
            push = |out, value| $push(out, value.into()),
            why = "a number that does not stand for null",
            read = |records, ordinal, position| records.$read(ordinal, position),
            own = |value| <$ty>::try_from(value).map_err(|_| value.into())
        }
    };
}
narrow!(number, i8, i32, Int, "Byte", push_int, int);
narrow!(number, i16, i32, Int, "Short", push_int, int);
// Not as an element: a `Vec<u8>` is bytes.
narrow!(number_field, u8, i32, Int, "Integer", push_int, int);
narrow!(number, u16, i32, Int, "Integer", push_int, int);
narrow!(number, u32, i64, Long, "Long", push_long, long);

number! {
    i32, view = i32, kind = Int, wrapper = "Integer",
    push = push_int, why = "a number above -2147483648, which stands for null",
    read = |records, ordinal, position| records.int(ordinal, position), own = Ok
}
number! {
    i64, view = i64, kind = Long, wrapper = "Long",
    push = push_long, why = "a number above -9223372036854775808, which stands for null",
    read = |records, ordinal, position| records.long(ordinal, position), own = Ok
}
number! {
    bool, view = bool, kind = Boolean, wrapper = "Boolean",
    push = |out, value| { out.push(value.into()); true }, why = "",
    read = |records, ordinal, position| records.boolean(ordinal, position), own = Ok
}
number! {
    f32, view = f32, kind = Float, wrapper = "Float",
    push = |out, value| { record_form::push_float(out, value); true }, why = "",
    read = |records, ordinal, position| records.float(ordinal, position), own = Ok
}
number! {
    f64, view = f64, kind = Double, wrapper = "Double",
    push = |out, value| { record_form::push_double(out, value); true }, why = "",
    read = |records, ordinal, position| records.double(ordinal, position), own = Ok
}
number! {
    char, view = char, kind = Int, wrapper = "Character",
    push = |out, value| push_int(out, u32::from(value).cast_signed()), why = "",
    read = |records, ordinal, position| {
        let code = records.int(ordinal, position)?;
        Some(char::from_u32(code.cast_unsigned()).unwrap_or(char::REPLACEMENT_CHARACTER))
    },
    own = Ok
}
