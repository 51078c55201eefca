//! Adding records that were prepared elsewhere: their bytes are there but for the ordinals of what they refer to.

use super::adding::{self, default_hash, with_record};
use super::record_form::{Shape, push_ordinal};
use super::{TypeId, WriteError, WriteStateEngine};
use crate::Ordinal;

impl WriteStateEngine {
    /// Adds a record whose children, in their order, have these ordinals; may bring those into another order. The bytes of an
    /// object lack the ordinals, which belong where the gaps are. What comes of it is what [`WriteStateEngine::add`] makes of
    /// the same record.
    pub(crate) fn add_form(
        &mut self,
        ty: TypeId,
        bytes: &[u8],
        gaps: impl Iterator<Item = usize>,
        ordinals: &mut [Ordinal],
    ) -> Result<Ordinal, WriteError> {
        self.require_adding("add a record")?;
        adding::told(match self.types[ty.index()].shape {
            Shape::Object(_) => with_record(self, |this, out| {
                let mut copied = 0;
                for (gap, &ordinal) in gaps.zip(&*ordinals) {
                    out.extend_from_slice(bytes.get(copied..gap).unwrap_or_default());
                    push_ordinal(out, ordinal);
                    copied = gap;
                }
                out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
                this.types[ty.index()].add(out)
            }),
            Shape::List(_) => adding::add_list(self, ty, ordinals),
            Shape::Set(_) => {
                ordinals.sort_unstable();
                let mut last = None;
                let distinct = ordinals
                    .iter()
                    .copied()
                    .filter(|&ordinal| last.replace(ordinal) != Some(ordinal));
                adding::add_set(self, ty, distinct.map(|element| (element, default_hash(element))))
            }
            Shape::Map(..) => Err(Box::new(WriteError::mismatch(
                "MAP".to_owned(),
                "a prepared record".to_owned(),
            ))),
        })
    }
}
