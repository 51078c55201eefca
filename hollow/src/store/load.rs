//! From a route to a state.

use super::route::Route;
use super::{BlobBytes, Source, StoreError};
use crate::blob::DecodeError;
use crate::read::{Filter, LoadOptions, ReadState};

/// Why a route did not lead to its state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A blob could not be had, or not in good order.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A blob has the right digest, if it has one, but makes no state.
    #[error("cannot read blob={blob}")]
    Decode {
        /// The blob.
        blob: String,
        /// What is wrong with it.
        #[source]
        source: Box<DecodeError>,
    },
}

/// Loads what a route begins with and applies what follows. The state at hand, `current`, stays as it is.
///
/// # Errors
/// [`LoadError`] with the first blob that fails.
pub fn load(
    source: &dyn Source,
    route: &Route,
    current: Option<&ReadState>,
    filter: &Filter,
) -> Result<ReadState, LoadError> {
    load_with(source, route, current, filter, false, |state| state)
}

/// As [`load`]; a snapshot whose blobs are mapped files is read where it lies if `mapped` says so; each state on the way, the last one included, is handed to `each`, which gives it on as it is wanted.
pub(crate) fn load_with(
    source: &dyn Source,
    route: &Route,
    current: Option<&ReadState>,
    filter: &Filter,
    mapped: bool,
    each: impl Fn(ReadState) -> ReadState,
) -> Result<ReadState, LoadError> {
    let decode = |blob: &super::BlobRef| {
        let blob = blob.name.clone();
        move |source| LoadError::Decode {
            blob,
            source: Box::new(source),
        }
    };
    let mut parts = None;
    let mut state = match &route.snapshot {
        Some((version, blob)) => {
            let bytes = source.open(blob)?;
            parts = Some(part_names(blob));
            let state = snapshot(&blob.name, &bytes, filter, mapped)?.map_err(decode(blob))?;
            each(state.with_version(*version))
        }
        None => current
            .cloned()
            .ok_or_else(|| StoreError::absent("state to begin with"))?,
    };
    for (version, blob) in &route.steps {
        // Without a part its types would silently stay as they were.
        let names = part_names(blob);
        if *parts.get_or_insert_with(|| names.clone()) != names {
            let expected = format!("the optional parts {:?}", parts.unwrap_or_default());
            return Err(StoreError::corrupt(&blob.name, expected, format!("{names:?}")).into());
        }
        let bytes = source.open(blob)?;
        let (main, rest) = bytes.split_first().ok_or_else(|| StoreError::absent(&blob.name))?;
        let rest: Vec<&[u8]> = rest.iter().map(|part| &**part).collect();
        let next = state.apply_delta_with(main, &rest).map_err(decode(blob))?;
        state = each(next.with_version(*version));
    }
    Ok(state)
}

fn snapshot(
    name: &str,
    bytes: &[BlobBytes],
    filter: &Filter,
    mapped: bool,
) -> Result<Result<ReadState, DecodeError>, StoreError> {
    let (main, rest) = bytes.split_first().ok_or_else(|| StoreError::absent(name))?;
    let files: Option<Vec<_>> = bytes.iter().map(BlobBytes::file).collect();
    if mapped && let Some([main, rest @ ..]) = files.as_deref() {
        return Ok(ReadState::from_mapped(main, rest, filter));
    }
    let options = LoadOptions {
        parts: rest.iter().map(|part| &**part).collect(),
        filter: filter.clone(),
    };
    Ok(ReadState::from_snapshot_with(main, &options))
}

fn part_names(blob: &super::BlobRef) -> Vec<String> {
    blob.parts.iter().map(|part| part.part.clone()).collect()
}
