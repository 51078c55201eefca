//! What changed between two states, as records: added, updated, removed.

use super::{Keyed, ModelError, Record, Table, TypedState};
use crate::read::{RecordChange, Transition};

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
    let (before, after) = (old.state().state(), new.state().state());
    let changes = transition.by_key(before, after, new.name(), T::PRIMARY_KEY)?;
    let view = |table: Table<'a, T>, ordinal| T::view_record(table.at(Some(ordinal)));
    Ok(changes.into_iter().map(move |change| match change {
        RecordChange::Added(ordinal) => Change::Added(view(new, ordinal)),
        RecordChange::Updated { before, after } => Change::Updated {
            before: view(old, before),
            after: view(new, after),
        },
        RecordChange::Removed(ordinal) => Change::Removed(view(old, ordinal)),
    }))
}
