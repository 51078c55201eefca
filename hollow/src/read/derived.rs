//! What is made of a state's records and belongs to the state, such as its indexes.

use super::ReadState;
use std::any::Any;
use std::fmt;
use std::sync::Arc;

/// Something made of the records of a state that every state made of it by a delta has too.
///
/// A state is immutable, and so is what is derived from it: the next state gets its own, which may share what the delta
/// does not touch.
pub trait Derived: Any + fmt::Debug + Send + Sync {
    /// The same of the state that follows. `after` was made of `before` by a delta, and has nothing derived yet.
    fn next(&self, before: &ReadState, after: &ReadState) -> Arc<dyn Derived>;
    /// Bytes held, those shared with other states included.
    fn memory_bytes(&self) -> usize;
}

impl ReadState {
    /// What is derived from this state, if anything.
    pub fn derived(&self) -> Option<&Arc<dyn Derived>> {
        self.types.derived.as_ref()
    }

    /// The same state with this derived from it, in place of anything else.
    pub fn with_derived(self, derived: Option<Arc<dyn Derived>>) -> Self {
        let mut this = self;
        this.types.derived = derived;
        this
    }

    /// This state, just made of `before` by a delta, with what that one has derived carried forward.
    pub(super) fn derived_from(self, before: &ReadState) -> Self {
        let derived = before.derived().map(|derived| derived.next(before, &self));
        self.with_derived(derived)
    }
}
