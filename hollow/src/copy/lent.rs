//! Records of a read state lent to the engine that made them.

mod form;

pub(crate) use form::EngineForm;

use crate::Ordinal;
use crate::read::{ReadState, TypeReadState};
use crate::schema::Schema;
use crate::write::lent::{Lender, LentRecords};
use crate::write::{WriteError, WriteStateEngine};

use super::{HashPositions, restore};

impl WriteStateEngine {
    /// As [`WriteStateEngine::recreate`] with [`HashPositions::AsAdded`], for an engine that may read the state's records
    /// from it as long as it likes: it keeps none that the state can give.
    pub(crate) fn recreate_lent(&mut self, state: &ReadState) -> Result<(), WriteError> {
        let source = restore::source(self, state, HashPositions::AsAdded)?;
        self.recreate_from(&source, Some(state))
    }
}

impl Lender for ReadState {
    fn tag(&self) -> i64 {
        ReadState::tag(self)
    }

    fn lend(&self, schema: &Schema) -> Option<Box<dyn LentRecords>> {
        let ty = self.ty(schema.name()).filter(|ty| ty.schema() == schema)?;
        Some(Box::new(LentType {
            form: EngineForm::of(schema),
            ty: ty.clone(),
            _state: self.clone(),
        }))
    }
}

/// The records of a type.
#[derive(Debug)]
struct LentType {
    form: EngineForm,
    ty: TypeReadState,
    /// Whoever drops the last handle of a state does not wait for its memory to be given back.
    _state: ReadState,
}

impl LentRecords for LentType {
    fn serialize(&self, ordinal: Ordinal, out: &mut Vec<u8>) {
        self.form.push(&self.ty, ordinal, out);
    }

    fn is(&self, ordinal: Ordinal, record: &[u8]) -> bool {
        self.form.is(&self.ty, ordinal, record)
    }

    fn touch(&self, ordinal: Ordinal) -> u64 {
        self.form.touch(&self.ty, ordinal)
    }
}

#[cfg(test)]
mod tests;
