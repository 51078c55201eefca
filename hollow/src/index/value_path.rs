//! One path from records to values, for those who count without an index.

use super::paths::Paths;
use crate::Ordinal;
use crate::read::{Part, ReadState, object};
use crate::schema::{Dataset, FieldType, SchemaError};

/// A path from the records of a type to values, as [`HashIndex`](super::HashIndex) knows it. Belongs to states with the
/// data set it was resolved in.
#[derive(Clone, Debug)]
pub(crate) struct ValuePath(Paths);

impl ValuePath {
    pub(crate) fn resolve(dataset: &Dataset, type_name: &str, path: &str) -> Result<Self, SchemaError> {
        Ok(Self(Paths::resolve(dataset, type_name, &[path], None)?))
    }

    /// What stands at its end.
    pub(crate) fn holds(&self) -> Option<&FieldType> {
        self.0.leaves().first().map(|leaf| &leaf.holds)
    }

    /// Visits the values that a record leads to, as often as it leads there. Nulls are left out.
    pub(crate) fn each<'s>(&self, state: &'s ReadState, record: Ordinal, visit: &mut impl FnMut(Part<'s>)) {
        let Some(leaf) = self.0.leaves().first() else { return };
        let Some(ty) = object(state, leaf.ty) else { return };
        self.0.each_end(state, record, &mut |end| {
            if let Some(part) = end.and_then(|end| Part::read(ty, &leaf.holds, end, leaf.field)) {
                visit(part);
            }
        });
    }
}
