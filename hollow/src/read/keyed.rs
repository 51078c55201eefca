//! What changed between two states, told apart by key: the same record before and after has another ordinal.

#[cfg(test)]
mod tests;

use super::{Part, ReadState, Route, Transition};
use crate::Ordinal;
use crate::schema::SchemaError;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What became of the record with a key from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordChange {
    /// Only the second state has a record with this key: this one.
    Added(Ordinal),
    /// Both have one, with other content.
    Updated {
        /// The record of the first state.
        before: Ordinal,
        /// The record of the second.
        after: Ordinal,
    },
    /// Only the first state has a record with this key: this one.
    Removed(Ordinal),
}

impl Transition {
    /// The changed records of a type, told apart by the values at these paths, such as those of its primary key: first
    /// what is added or updated, by ordinal, then what is removed, by ordinal. A record counts as updated if anything it is
    /// made of changed, records that it refers to included. `before` and `after` are the states the transition is between.
    ///
    /// A record whose key has a null in it is added or removed, never updated; so is a second one with the same key.
    /// Takes time and memory for what changed.
    ///
    /// ```
    /// use hollow::read::{ReadState, RecordChange, Transition};
    ///
    /// # fn show(before: &ReadState, after: &ReadState) -> Result<(), hollow::schema::SchemaError> {
    /// let transition = Transition::between(before, after);
    /// for change in transition.by_key(before, after, "Movie", &["id"])? {
    ///     if let RecordChange::Updated { before: was, after: is } = change {
    ///         println!("{was} is {is} now");
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`SchemaError`] if a state has the type but not what a path says. A type that a state does not have has no records.
    pub fn by_key(
        &self,
        before: &ReadState,
        after: &ReadState,
        type_name: &str,
        paths: &[&str],
    ) -> Result<Vec<RecordChange>, SchemaError> {
        let (old, new) = (Keys::of(before, type_name, paths)?, Keys::of(after, type_name, paths)?);
        let changes = self.changes(type_name);
        let mut removed: HashMap<Vec<Part<'_>>, Ordinal> = HashMap::new();
        let mut gone = Vec::new();
        for ordinal in changes.removed.iter().filter_map(Ordinal::new) {
            match old.key(ordinal).map(|key| removed.entry(key)) {
                Some(Entry::Vacant(entry)) => _ = entry.insert(ordinal),
                Some(Entry::Occupied(_)) | None => gone.push(ordinal),
            }
        }
        let present = changes.added.iter().filter_map(Ordinal::new).map(|after| {
            let before = new.key(after).and_then(|key| removed.remove(&key));
            before.map_or(RecordChange::Added(after), |before| RecordChange::Updated {
                before,
                after,
            })
        });
        let mut all: Vec<_> = present.collect();
        gone.extend(removed.into_values());
        gone.sort_unstable();
        all.extend(gone.into_iter().map(RecordChange::Removed));
        Ok(all)
    }
}

/// The keys of the records of a type in a state.
struct Keys<'s> {
    routes: Vec<Route>,
    state: &'s ReadState,
}

impl<'s> Keys<'s> {
    fn of(state: &'s ReadState, type_name: &str, paths: &[&str]) -> Result<Self, SchemaError> {
        let routes = match state.ty(type_name) {
            Some(_) => Route::all(state.dataset(), type_name, paths.iter().copied())?,
            None => Vec::new(),
        };
        Ok(Self { routes, state })
    }

    fn key(&self, ordinal: Ordinal) -> Option<Vec<Part<'s>>> {
        let parts = self.routes.iter().map(|route| route.part(self.state, ordinal));
        parts.collect()
    }
}
