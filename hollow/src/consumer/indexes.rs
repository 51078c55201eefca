//! The indexes that every state of a consumer has.
//!
//! ```text
//! indexes            those of one state of the cache, named by its tag (see `index::IndexFile`)
//! ```

use super::Consumer;
use crate::index::IndexFile;
use crate::memory::MappedFile;
use crate::read::ReadState;
use crate::store::route::Route;
use crate::store::{LoadError, Source, load_with};
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

impl Consumer {
    /// Loads a state and gives it its indexes: carried along by deltas, or read from the cache, or made.
    pub(super) fn load_indexed(
        &self,
        source: &dyn Source,
        route: &Route,
        current: Option<&ReadState>,
    ) -> Result<ReadState, LoadError> {
        // Stored indexes are those of some state on the way.
        let stored = match route.snapshot {
            Some(_) if !self.indexes.is_empty() => self.stored_indexes(),
            _ => None,
        };
        let file = stored.as_deref().and_then(|bytes| IndexFile::open(bytes).ok());
        let state = load_with(source, route, current, &self.filter, self.mapped, |state| match &file {
            Some(file) if state.derived().is_none() && file.tag() == state.tag() => {
                state.with_indexes_from(&self.indexes, file).0
            }
            _ => state,
        })?;
        if self.indexes.is_empty() || state.derived().is_some() {
            return Ok(state);
        }
        Ok(state.with_indexes(&self.indexes))
    }

    fn index_path(&self) -> Option<PathBuf> {
        Some(self.cache.as_ref()?.directory().join("indexes"))
    }

    fn stored_indexes(&self) -> Option<MappedFile> {
        MappedFile::open(&self.index_path()?).ok()
    }

    /// Stores the indexes of the state in force in the [cache](super::ConsumerBuilder::cache), for the next process to
    /// find them made. That happens by itself whenever the cache begins with another snapshot; to do it before a process
    /// ends saves the next one from carrying them along the deltas that came since. False if there is no cache, no index
    /// or no state.
    ///
    /// # Errors
    /// If the file cannot be written; the one there was is as it was.
    pub fn save_indexes(&self) -> io::Result<bool> {
        match self.state() {
            Some(state) => self.write_indexes(&state),
            None => Ok(false),
        }
    }

    /// Written aside and renamed, for this user only: who knows the secrets of a hash can make data collide.
    fn write_indexes(&self, state: &ReadState) -> io::Result<bool> {
        let Some(path) = self.index_path().filter(|_| state.derived().is_some()) else {
            return Ok(false);
        };
        let aside = path.with_extension(format!("{}", std::process::id()));
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&aside).and_then(|file| {
            let mut out = BufWriter::new(file);
            state.write_indexes(&mut out)?;
            out.flush()?;
            fs::rename(&aside, &path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&aside);
        }
        written.map(|()| true)
    }
}
