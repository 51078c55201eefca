//! Comparing a record as the engine knows it with the one read back.

use crate::Ordinal;
use crate::memory::var_int::{self, Decoded};
use crate::read::TypeReadState;
use crate::schema::FieldType;

/// Compares a record in its serialized form (`docs/format.md`, section 5) with the one read. Buckets of sets and maps are
/// left to the checksum of snapshots: the form has them before collisions are resolved.
pub(super) fn same_record(bytes: &[u8], ty: &TypeReadState, ordinal: Ordinal) -> bool {
    let mut form = Form(bytes);
    let same = match ty {
        TypeReadState::Object(ty) => {
            let fields = ty.schema().fields.iter().enumerate();
            fields.map(|(at, field)| (at, &field.ty)).all(|(at, kind)| match kind {
                FieldType::String => form.bytes() == ty.text(ordinal, at).map(|text| text.bytes()),
                FieldType::Bytes => form.bytes() == ty.bytes(ordinal, at),
                FieldType::Float => form.array().map(u32::from_be_bytes).map(u64::from) == ty.stored_bits(ordinal, at),
                FieldType::Double => form.array().map(u64::from_be_bytes) == ty.stored_bits(ordinal, at),
                _ => form.number() == ty.stored_bits(ordinal, at),
            })
        }
        TypeReadState::List(ty) => {
            let size = form.number();
            size == Some(ty.len_of(ordinal) as u64)
                && ty
                    .elements(ordinal)
                    .all(|element| form.number() == Some(element.get().into()))
        }
        TypeReadState::Set(ty) => {
            let mut elements: Vec<u32> = ty.elements(ordinal).map(Ordinal::get).collect();
            elements.sort_unstable();
            let (mut size, mut last) = (form.number() == Some(elements.len() as u64), 0);
            for element in elements {
                size &= form.number() == Some((element - last).into()) && form.number().is_some();
                last = element;
            }
            size
        }
        TypeReadState::Map(ty) => {
            let mut entries: Vec<(u32, u32)> = ty.entries(ordinal).map(|(k, v)| (k.get(), v.get())).collect();
            entries.sort_unstable();
            let (mut same, mut last) = (form.number() == Some(entries.len() as u64), 0);
            for (key, value) in entries {
                same &= form.number() == Some((key - last).into()) && form.number() == Some(value.into());
                same &= form.number().is_some();
                last = key;
            }
            same
        }
    };
    same && form.0.is_empty()
}

/// Takes values off the front of a serialized record.
struct Form<'b>(&'b [u8]);

impl<'b> Form<'b> {
    /// A variable-length integer; `None` for null.
    fn number(&mut self) -> Option<u64> {
        let (value, length) = match var_int::read_u64(self.0) {
            Decoded::Value(value, length) => (Some(value), length),
            Decoded::Null => (None, 1),
            Decoded::Truncated | Decoded::TooLong => (None, 0), // leaves bytes over, or none where some are due
        };
        self.0 = &self.0[length..];
        value
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (value, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (value, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*value)
    }
}
