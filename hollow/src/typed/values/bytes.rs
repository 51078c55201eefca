//! Raw bytes: `Vec<u8>`, a BYTES field in the record itself.

use super::{declare_value, is_inline};
use crate::Ordinal;
use crate::record::KeyValue;
use crate::schema::FieldType;
use crate::typed::model::Holds;
use crate::typed::read::{At, Budget};
use crate::typed::write::{RecordBytes, Writer};
use crate::typed::{Field, ModelBuilder, ModelError, Naming, ReadError, Record, form};
use crate::write::{WriteError, record_form};

fn read(of: At<'_>, field: usize) -> Option<&[u8]> {
    let (records, ordinal, position) = of.leaf(field)?;
    records.bytes(ordinal, position)
}

macro_rules! bytes {
    ($ty:ty) => {
        impl Record for $ty {
            type Ref<'s> = &'s [u8];

            fn declare_record(model: &mut ModelBuilder, naming: &Naming) -> Result<usize, ModelError> {
                let name = naming.type_name.unwrap_or("Bytes");
                model.wrapper::<Vec<u8>>(name, "value", FieldType::Bytes)
            }

            fn write_record(&self, writer: &mut Writer<'_>, plan: usize) -> Result<Ordinal, WriteError> {
                let mut record = writer.begin(plan)?;
                record_form::push_bytes(record.bytes(), self);
                record.end_field();
                writer.finish(record)
            }

            fn view_record(at: At<'_>) -> &[u8] {
                read(at, 0).unwrap_or_default()
            }

            fn own_record(at: At<'_>, budget: &mut Budget) -> Result<Self, ReadError> {
                <$ty as Field>::own(at, 0, budget)?.ok_or_else(|| at.null_error(0))
            }
        }

        impl Field for $ty {
            type View<'s> = &'s [u8];
            type Key<'k> = &'k [u8];

            fn declare<const FORM: u8>(model: &mut ModelBuilder, naming: &Naming) -> Result<Holds, ModelError> {
                let inline = is_inline(FORM, form::INLINE);
                declare_value::<Vec<u8>>(model, naming, inline, FieldType::Bytes, "Bytes")
            }

            fn write<const FORM: u8>(
                &self,
                writer: &mut Writer<'_>,
                record: &mut RecordBytes,
                field: usize,
            ) -> Result<(), WriteError> {
                if is_inline(FORM, form::INLINE) {
                    record_form::push_bytes(record.bytes(), self);
                    return Ok(());
                }
                writer.reference(self, record, field)
            }

            fn get(of: At<'_>, field: usize) -> Option<&[u8]> {
                read(of, field)
            }

            fn null(_: At<'_>, _: usize) -> &[u8] {
                &[]
            }

            fn own(of: At<'_>, field: usize, budget: &mut Budget) -> Result<Option<Self>, ReadError> {
                let bytes = read(of, field);
                budget.take(bytes.map_or(0, <[u8]>::len))?;
                Ok(bytes.map(Into::into))
            }

            fn push_key(&self, parts: &mut Vec<KeyValue>) {
                parts.push(KeyValue::Bytes(self.to_vec()));
            }
        }
    };
}
bytes!(Vec<u8>);
bytes!(Box<[u8]>);
