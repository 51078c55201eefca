//! What changed between two states, as records: added, updated, removed.

use super::key;
use super::{Keyed, ModelError, Record, Table, TypedState};
use crate::Ordinal;
use crate::read::{Part, ReadState, Route, Transition};
use std::collections::HashMap;

/// One record that two states do not have in common.
#[derive(Debug)]
pub enum Change<'a, T: Record> {
    /// Only in the second state.
    Added(T::Ref<'a>),
    /// In both, with other content.
    Updated {
        /// As it was.
        before: T::Ref<'a>,
        /// As it is.
        after: T::Ref<'a>,
    },
    /// Only in the first state.
    Removed(T::Ref<'a>),
}

/// The records of a type that two states do not have in common, told apart by primary key: first those that are added or
/// updated, then those that are removed.
///
/// A record counts as updated if anything it is made of changed, records that it refers to included. Costs what changed,
/// if one state was made of the other by deltas.
///
/// ```
/// use hollow::typed::{Change, Hollow, Model, changes};
/// # use hollow::{consumer::Consumer, producer::Producer, store::Store};
///
/// #[derive(Hollow)]
/// #[hollow(primary_key(id))]
/// struct Movie { id: i64, title: String }
///
/// # let model = Model::of::<Movie>()?;
/// # let store = Store::memory();
/// # let mut producer = Producer::builder(model.dataset().clone(), store.clone()).build()?;
/// # let consumer = Consumer::builder(store).build()?;
/// # let mut publish = |movies: &[Movie]| -> Result<_, Box<dyn std::error::Error + Send + Sync>> {
/// #     producer.run_cycle(|cycle| {
/// #         for movie in movies { cycle.add_record(movie)?; }
/// #         Ok(())
/// #     })?;
/// #     consumer.refresh()?;
/// #     Ok(consumer.state().expect("published"))
/// # };
/// # let movie = |id, title: &str| Movie { id, title: title.to_owned() };
/// # let state = publish(&[movie(1, "Heat"), movie(2, "Ran")])?;
/// let before = model.bind(&state)?;
/// # let state = publish(&[movie(1, "Heat (1995)"), movie(3, "Playtime")])?;
/// let after = model.bind(&state)?;
/// let mut seen = Vec::new();
/// for change in changes::<Movie>(&before, &after)? {
///     seen.push(match change {
///         Change::Added(movie) => format!("+{}", movie.id()),
///         Change::Updated { before, after } => format!("{} -> {}", before.title(), after.title()),
///         Change::Removed(movie) => format!("-{}", movie.id()),
///     });
/// }
/// assert_eq!(seen, ["Heat -> Heat (1995)", "+3", "-2"]);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// ```
///
/// # Errors
/// [`ModelError`] if a state's model does not have the type.
pub fn changes<'a, T: Keyed>(
    before: &'a TypedState,
    after: &'a TypedState,
) -> Result<impl Iterator<Item = Change<'a, T>> + use<'a, T>, ModelError> {
    let (old, new) = (before.table::<T>()?, after.table::<T>()?);
    let between = Transition::between(before.state(), after.state());
    changes_in(&between, old, new)
}

/// As [`changes`], if the transition between the two is at hand.
///
/// # Errors
/// As [`changes`].
pub fn changes_of<'a, T: Keyed>(
    transition: &Transition,
    before: &'a TypedState,
    after: &'a TypedState,
) -> Result<impl Iterator<Item = Change<'a, T>> + use<'a, T>, ModelError> {
    changes_in(transition, before.table::<T>()?, after.table::<T>()?)
}

fn changes_in<'a, T: Keyed>(
    transition: &Transition,
    old: Table<'a, T>,
    new: Table<'a, T>,
) -> Result<impl Iterator<Item = Change<'a, T>> + use<'a, T>, ModelError> {
    let changes = transition.changes(new.name());
    let keys_of = |table: Table<'a, T>| -> Result<_, ModelError> {
        let state = table.state().state();
        let paths = T::PRIMARY_KEY.iter().copied();
        let routes = match state.ty(table.name()) {
            Some(_) => key::routes(state.dataset(), table.name(), paths)?,
            None => Vec::new(), // an optional type: it has no records
        };
        Ok(Keys { routes, state })
    };
    let (old_keys, new_keys) = (keys_of(old)?, keys_of(new)?);
    let mut removed: HashMap<Vec<Part<'a>>, Ordinal> = HashMap::new();
    let mut without_key = Vec::new();
    for ordinal in changes.removed.iter().filter_map(Ordinal::new) {
        // A record whose key is null can only be removed and added, never updated.
        match old_keys.of(ordinal) {
            Some(key) => match removed.entry(key) {
                std::collections::hash_map::Entry::Vacant(entry) => _ = entry.insert(ordinal),
                std::collections::hash_map::Entry::Occupied(_) => without_key.push(ordinal), // a key that is not unique
            },
            None => without_key.push(ordinal),
        }
    }
    let mut present = Vec::with_capacity(changes.added.len() as usize);
    for ordinal in changes.added.iter().filter_map(Ordinal::new) {
        let before = new_keys.of(ordinal).and_then(|key| removed.remove(&key));
        present.push((before, ordinal));
    }
    let mut gone: Vec<Ordinal> = removed.into_values().chain(without_key).collect();
    gone.sort_unstable();
    let view = |table: Table<'a, T>, ordinal| T::view_record(table.at(Some(ordinal)));
    let present = present.into_iter().map(move |(before, ordinal)| match before {
        Some(before) => Change::Updated {
            before: view(old, before),
            after: view(new, ordinal),
        },
        None => Change::Added(view(new, ordinal)),
    });
    Ok(present.chain(gone.into_iter().map(move |ordinal| Change::Removed(view(old, ordinal)))))
}

/// The primary keys of the records of a type in a state.
struct Keys<'a> {
    routes: Vec<Route>,
    state: &'a ReadState,
}

impl<'a> Keys<'a> {
    fn of(&self, ordinal: Ordinal) -> Option<Vec<Part<'a>>> {
        self.routes
            .iter()
            .map(|route| route.part(self.state, ordinal))
            .collect()
    }
}
