//! Snapshots written from a read state, byte for byte as the engine would have written them.

use super::{Copier, HashPositions};
use crate::Ordinal;
use crate::memory::OrdinalSet;
use crate::read::ReadState;
use crate::write::record_form::Records;
use crate::write::restore::RecordSource;
use crate::write::{SnapshotPlan, WriteError};
use std::io;

/// Records of a read state as the engine has them.
struct FromState<'s> {
    copier: Copier<'s>,
    record: Vec<u8>,
}

impl Records for FromState<'_> {
    fn get(&mut self, ordinal: Ordinal) -> Option<&[u8]> {
        self.record.clear();
        self.copier.serialize(ordinal, &mut self.record);
        Some(&self.record)
    }
}

impl SnapshotPlan {
    /// Writes the snapshot with the records of this state, which must be the one the plan was made of: read back from
    /// blobs of the same version. The bytes are those that [`write_snapshot`](crate::write::WriteStateEngine::write_snapshot)
    /// would have written, except that records which the engine has in another form than its blobs told are written as
    /// told: NaN that a restore turned into null.
    ///
    /// Neither locks nor waits: the state is immutable. Packs about 128 MiB at a time; give a buffered stream.
    ///
    /// # Errors
    /// [`WriteError::CannotRestore`] if the state is another one; that of the stream.
    pub fn write(&self, state: &ReadState, out: &mut impl io::Write) -> Result<(), WriteError> {
        let other = |type_name: &str, why: &str| WriteError::CannotRestore {
            type_name: type_name.to_owned(),
            why: why.to_owned(),
        };
        if state.tag() != self.tag {
            return Err(other("", "the snapshot is planned for a state with another tag"));
        }
        out.write_all(&self.head)?;
        for plan in &self.types {
            let name = plan.schema.name();
            let ty = state.ty(name).filter(|ty| *ty.schema() == plan.schema);
            let ty = ty.ok_or_else(|| other(name, "the state has the type not, or with another schema"))?;
            let copier = Copier::new(ty, &plan.schema, HashPositions::Verbatim).map_err(|why| other(name, &why))?;
            let populated: OrdinalSet = ty.populated().collect();
            let records = FromState {
                copier,
                record: Vec::new(),
            };
            plan.write(records, &populated, out)?;
        }
        Ok(())
    }
}
