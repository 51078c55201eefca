//! A new directory that is there whole or not at all.

use crate::failure::Failure;
use crate::source::location;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A directory beside the one that is wanted, which it becomes at the end. Dropped before, it is removed.
pub(crate) struct Staging {
    directory: PathBuf,
    target: PathBuf,
}

impl Staging {
    /// Begins a directory; there must be nothing at `target`, or an empty directory.
    pub(crate) fn new(target: &Path) -> Result<Self, Failure> {
        require_empty(target)?;
        let target = std::path::absolute(target).map_err(|error| io_failure(target, &error))?;
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(Failure::usage(format!("{} cannot be made anew", target.display())));
        };
        fs::create_dir_all(parent).map_err(|error| io_failure(parent, &error))?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".partial-{}", std::process::id()));
        let directory = parent.join(hidden);
        fs::create_dir(&directory).map_err(|error| io_failure(&directory, &error))?;
        Ok(Self { directory, target })
    }

    /// Where to write.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Gives the directory its name. Refuses if anything came to be there meanwhile.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        require_empty(&self.target)?;
        // Not every system renames over an empty directory.
        match fs::remove_dir(&self.target) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io_failure(&self.target, &error)),
            _ => {}
        }
        fs::rename(&self.directory, &self.target).map_err(|error| io_failure(&self.target, &error))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // It is gone if it was finished; if it cannot be removed its name says what it is.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// An error if there is anything at a path but an empty directory, or if it is no path.
pub(crate) fn require_empty(directory: &Path) -> Result<(), Failure> {
    if location(directory).is_some() {
        return Err(Failure::usage("what is made here are files: name a directory"));
    }
    let is_empty = match fs::read_dir(directory) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => true,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => false,
        Err(error) => return Err(io_failure(directory, &error)),
    };
    match is_empty {
        true => Ok(()),
        false => Err(Failure::refused(
            format!("{} is not an empty directory", directory.display()),
            "name a directory that is empty or does not exist; nothing that is there is ever changed",
        )),
    }
}

/// A file or directory that cannot be read or written.
pub(crate) fn io_failure(path: &Path, error: &io::Error) -> Failure {
    Failure::unavailable(format!("{}: {error}", path.display()))
}
