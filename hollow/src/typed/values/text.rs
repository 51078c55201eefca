//! Text: a record of type `String` that all who have the same text share; in the record itself if `inline`.

use super::{declare_value, is_inline};
use crate::Ordinal;
use crate::memory::text::StoredText;
use crate::record::KeyValue;
use crate::schema::FieldType;
use crate::typed::model::Holds;
use crate::typed::read::{At, Budget};
use crate::typed::write::{RecordBytes, Writer};
use crate::typed::{Field, ModelBuilder, ModelError, Naming, ReadError, Record, form};
use crate::write::{WriteError, record_form};
use std::sync::Arc;

/// Text borrowed from a state: compares and hashes without decoding; [`to_str`](StoredText::to_str) borrows if it is
/// ASCII.
pub type Text<'s> = StoredText<'s>;

impl PartialEq<str> for StoredText<'_> {
    fn eq(&self, other: &str) -> bool {
        self.is(other)
    }
}

impl PartialEq<&str> for StoredText<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.is(other)
    }
}

impl PartialEq<String> for StoredText<'_> {
    fn eq(&self, other: &String) -> bool {
        self.is(other)
    }
}

/// No text.
impl Default for StoredText<'_> {
    fn default() -> Self {
        Self::new(&[])
    }
}

fn read(of: At<'_>, field: usize) -> Option<Text<'_>> {
    let (records, ordinal, position) = of.leaf(field)?;
    records.text(ordinal, position)
}

fn write_record(text: &str, writer: &mut Writer<'_>, plan: usize) -> Result<Ordinal, WriteError> {
    let mut record = writer.begin(plan)?;
    record_form::push_text(record.bytes(), text);
    record.end_field();
    writer.finish(record)
}

/// `write`: how a record of it is added.
macro_rules! text {
    ($ty:ty, remembered = $remembered:expr, $write:expr) => {
        impl Record for $ty {
            type Ref<'s> = Text<'s>;
            const IS_REMEMBERED: bool = $remembered;

            fn declare_record(model: &mut ModelBuilder, naming: &Naming) -> Result<usize, ModelError> {
                let name = naming.type_name.unwrap_or("String");
                model.wrapper::<String>(name, "value", FieldType::String)
            }

            fn write_record(&self, writer: &mut Writer<'_>, plan: usize) -> Result<Ordinal, WriteError> {
                let write: fn(&$ty, &mut Writer<'_>, usize) -> Result<Ordinal, WriteError> = $write;
                write(self, writer, plan)
            }

            #[inline]
            fn view_record(at: At<'_>) -> Text<'_> {
                read(at, 0).unwrap_or_default()
            }

            fn own_record(at: At<'_>, budget: &mut Budget) -> Result<Self, ReadError> {
                <$ty as Field>::own(at, 0, budget)?.ok_or_else(|| at.null_error(0))
            }
        }

        impl Field for $ty {
            type View<'s> = Text<'s>;
            type Key<'k> = &'k str;

            fn declare<const FORM: u8>(model: &mut ModelBuilder, naming: &Naming) -> Result<Holds, ModelError> {
                let inline = is_inline(FORM, form::BOXED);
                declare_value::<String>(model, naming, inline, FieldType::String, "String")
            }

            #[inline]
            fn write<const FORM: u8>(
                &self,
                writer: &mut Writer<'_>,
                record: &mut RecordBytes,
                field: usize,
            ) -> Result<(), WriteError> {
                if is_inline(FORM, form::BOXED) {
                    record_form::push_text(record.bytes(), self);
                    return Ok(());
                }
                writer.reference(self, record, field)
            }

            #[inline]
            fn get(of: At<'_>, field: usize) -> Option<Text<'_>> {
                read(of, field)
            }

            #[inline]
            fn null(_: At<'_>, _: usize) -> Text<'_> {
                Text::default()
            }

            fn own(of: At<'_>, field: usize, budget: &mut Budget) -> Result<Option<Self>, ReadError> {
                let text = read(of, field);
                budget.take(text.map_or(0, |text| text.bytes().len()))?;
                Ok(text.map(|text| text.to_str().into()))
            }

            fn push_key(&self, parts: &mut Vec<KeyValue>) {
                parts.push(KeyValue::Text(self.to_string()));
            }
        }
    };
}
text!(String, remembered = false, |text, writer, plan| write_record(
    text, writer, plan
));
text!(Box<str>, remembered = false, |text, writer, plan| write_record(
    text, writer, plan
));
text!(Arc<str>, remembered = true, |text, writer, plan| {
    writer.shared(plan, text, |writer| write_record(text, writer, plan))
});
