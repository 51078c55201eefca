//! From arguments to a state.

use crate::args::{SourceArg, StateArgs};
use crate::failure::Failure;
use hollow::Version;
use hollow::consumer::Consumer;
use hollow::read::ReadState;
use hollow::store::route::Preference;
use hollow::store::{FsStore, JavaDirectory, Source, Store, StoreError};
use std::path::Path;
use std::sync::Arc;

/// What stands where a directory may stand and is none: `s3://bucket/prefix?options`.
pub(crate) fn location(directory: &Path) -> Option<&str> {
    directory.to_str().filter(|text| text.contains("://"))
}

/// Opens a directory, whichever of the two layouts it has, or a store elsewhere. Writes nothing.
pub(crate) fn source(directory: &Path) -> Result<Box<dyn Source>, Failure> {
    if let Some(location) = location(directory) {
        return Ok(Box::new(Store::open_existing_at(location)?));
    }
    match FsStore::open_existing(directory) {
        Ok(store) => Ok(Box::new(Store::from(store))),
        Err(_) if JavaDirectory::is_one(directory) => Ok(Box::new(JavaDirectory::open(directory)?)),
        Err(error) => Err(error.into()),
    }
}

/// A consumer of the states in a directory, or of a store elsewhere.
pub(crate) fn consumer(directory: &Path) -> Result<Consumer, Failure> {
    if let Some(location) = location(directory) {
        return Ok(Consumer::builder(Store::open_existing_at(location)?).build()?);
    }
    let builder = match FsStore::open_existing(directory) {
        Ok(store) => Consumer::builder(Store::from(store)),
        Err(_) if JavaDirectory::is_one(directory) => Consumer::builder(JavaDirectory::open(directory)?),
        Err(error) => return Err(error.into()),
    };
    Ok(builder.build()?)
}

/// The state that was asked for.
pub(crate) fn state(args: &StateArgs) -> Result<Arc<ReadState>, Failure> {
    state_at(
        &args.store.store,
        args.version,
        args.route.map_or(Preference::Best, Into::into),
    )
}

/// The state of a version in a directory; of the announced version if none is named.
pub(crate) fn state_at(
    directory: &Path,
    version: Option<Version>,
    preference: Preference,
) -> Result<Arc<ReadState>, Failure> {
    let consumer = consumer(directory)?;
    let newest = || -> Result<Option<Version>, StoreError> {
        match consumer.announced()? {
            Some(version) => Ok(Some(version)),
            // A directory to which no announcement was copied: its newest version.
            None => Ok(consumer.chain(1)?.first().map(|link| link.version)),
        }
    };
    let nothing = || StoreError::Absent {
        what: format!("version announced in {}", directory.display()),
    };
    let version = match version {
        Some(version) => version,
        None => newest()?.ok_or_else(nothing)?,
    };
    consumer.refresh_by(version, preference)?;
    Ok(consumer.state().ok_or_else(nothing)?)
}

/// The state of `DIR` or `DIR@VERSION`.
pub(crate) fn further_state(source: &SourceArg) -> Result<Arc<ReadState>, Failure> {
    state_at(&source.directory, source.version, Preference::Best)
}

/// An error if the state does not have the type.
pub(crate) fn require_type(state: &ReadState, name: &str) -> Result<(), Failure> {
    if state.ty(name).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = state.types().map(|ty| ty.name()).take(20).collect();
    let hint = format!("types of this state: {}", crate::output::printable(&names.join(", ")));
    Err(Failure::not_found(format!("the state has no type {name}")).hint(hint))
}
