//! From arguments to a state.

use crate::failure::Failure;
use crate::{StateArgs, VersionsArgs};
use hollow::Version;
use hollow::consumer::Consumer;
use hollow::read::ReadState;
use hollow::store::route::Preference;
use hollow::store::{FsStore, JavaDirectory, Link, Store, StoreError};
use std::path::Path;
use std::sync::Arc;

/// Opens a directory, whichever of the two layouts it has. Writes nothing.
fn open(directory: &Path) -> Result<Consumer, Failure> {
    let builder = match FsStore::open_existing(directory) {
        Ok(store) => Consumer::builder(Store::from(store)),
        Err(_) if JavaDirectory::is_one(directory) => Consumer::builder(JavaDirectory::open(directory)?),
        Err(error) => return Err(error.into()),
    };
    Ok(builder.build()?)
}

/// The state that was asked for.
pub(crate) fn state(args: &StateArgs) -> Result<Arc<ReadState>, Failure> {
    let consumer = open(&args.store.store)?;
    let newest = || -> Result<Option<Version>, StoreError> {
        match consumer.announced()? {
            Some(version) => Ok(Some(version)),
            // A directory to which no announcement was copied: its newest version.
            None => Ok(consumer.chain(1)?.first().map(|link| link.version)),
        }
    };
    let nothing = || StoreError::Absent {
        what: format!("version announced in {}", args.store.store.display()),
    };
    let version = match args.version {
        Some(version) => version,
        None => newest()?.ok_or_else(nothing)?,
    };
    consumer.refresh_by(version, args.route.map_or(Preference::Best, Into::into))?;
    Ok(consumer.state().ok_or_else(nothing)?)
}

/// The announced version and the newest versions.
pub(crate) fn versions(args: &VersionsArgs) -> Result<(Option<Version>, Vec<Link>), Failure> {
    let consumer = open(&args.store.store)?;
    let limit = if args.limit == 0 { usize::MAX } else { args.limit };
    Ok((consumer.announced()?, consumer.chain(limit)?))
}
