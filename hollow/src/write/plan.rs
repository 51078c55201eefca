//! A snapshot that is yet to be written: all that the engine knows about it, without the records.
//!
//! Widths, numbers of shards and sizes of bit sets follow from the history of the engine (`docs/format.md`, section 11).
//! A plan holds them for one state, in a few hundred bytes for each type; the records come from a read state of the same
//! version later (see `copy`), while the engine is filled with the next one.

use super::blob::write_header;
use super::emit::{Frame, HashKeys};
use super::engine::Phase;
use super::layout::Layout;
use super::record_form::{Records, Shape};
use super::{WriteError, WriteStateEngine};
use crate::memory::OrdinalSet;
use crate::schema::Schema;
use std::io;

/// How the snapshot of a state is to be written; made by [`WriteStateEngine::snapshot_plan`].
#[derive(Clone, Debug)]
pub struct SnapshotPlan {
    pub(crate) tag: i64,
    pub(crate) head: Vec<u8>,
    pub(crate) types: Vec<TypePlan>,
}

/// One type of the snapshot.
#[derive(Clone, Debug)]
pub(crate) struct TypePlan {
    pub(crate) schema: Schema,
    shape: Shape,
    layout: Layout,
    /// Size of the bit set of populated ordinals.
    num_words: u32,
}

impl WriteStateEngine {
    /// What [`WriteStateEngine::write_snapshot`] would need now besides the records. The next cycle can begin then; the
    /// snapshot is written by [`SnapshotPlan::write`] from a read state of this version.
    ///
    /// # Errors
    /// As [`WriteStateEngine::prepare_for_write`], and [`WriteError::NoTag`].
    pub fn snapshot_plan(&mut self) -> Result<SnapshotPlan, WriteError> {
        let tag = self.next_tag.ok_or(WriteError::NoTag)?;
        self.prepare_for_write()?;
        debug_assert_eq!(self.phase, Phase::Writing);
        self.types.iter_mut().for_each(|ty| ty.touch_for_snapshot());
        let mut head = Vec::new();
        let schemas = self.dataset.schemas().to_vec();
        write_header(self.previous_tag, tag, schemas, &self.tags, &mut head)?;
        let types = self.types.iter().map(|ty| {
            Ok(TypePlan {
                schema: ty.schema.clone(),
                shape: ty.shape.clone(),
                layout: ty.layout.clone().ok_or(WriteError::WrongPhase { what: "write" })?,
                num_words: ty.members.num_words(),
            })
        });
        Ok(SnapshotPlan {
            tag,
            head,
            types: types.collect::<Result<_, WriteError>>()?,
        })
    }
}

impl TypePlan {
    /// Writes the type with these records, whose elements stand in the buckets they name.
    pub(crate) fn write(
        &self,
        records: impl Records,
        populated: &OrdinalSet,
        out: &mut dyn io::Write,
    ) -> Result<(), WriteError> {
        let frame = Frame {
            schema: &self.schema,
            shape: &self.shape,
            layout: &self.layout,
            hash_keys: HashKeys::none(),
        };
        frame.snapshot(records, populated, self.num_words, out)
    }
}
