//! What can stand in a field: numbers, text, bytes, times, and pointers to and absence of all else.

mod bytes;
mod number;
mod pointer;
mod text;
mod time;

pub(super) use crate::write::record_form::push_text;
pub use text::Text;
pub use time::EpochMillis;

use super::model::Holds;
use super::write::RecordBytes;
use super::{ModelBuilder, ModelError, Naming, form};
use crate::schema::FieldType;
use crate::write::record_form::{self, FieldKind};

/// Whether a value whose usual form is `usual` is in the record itself.
const fn is_inline(form: u8, usual: u8) -> bool {
    match form {
        form::DEFAULT => usual == form::INLINE,
        form => form == form::INLINE,
    }
}

/// Declares a field for a single value.
fn declare_value<T: 'static>(
    model: &mut ModelBuilder,
    naming: &Naming,
    inline: bool,
    ty: FieldType,
    wrapper: &str,
) -> Result<Holds, ModelError> {
    if inline {
        return Ok(Holds::Inline(ty));
    }
    let name = naming.type_name.unwrap_or(wrapper);
    model.wrapper::<T>(name, "value", ty).map(Holds::Reference)
}

fn push_inline_null(record: &mut RecordBytes, kind: FieldKind) {
    record_form::push_null(record.bytes(), kind);
}
