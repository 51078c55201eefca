//! S3: blobs are written where nobody reads them, and hashed while they are.

use super::sink::{Sink, Written};
use super::{CycleError, Step};
use crate::Version;
use crate::store::{BlobEntry, BlobKind, Key, Staged, StoreError};
use crate::write::{WriteError, WriteStateEngine};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Where the blobs of one cycle are staged; the directory goes with the value, unless the process dies.
#[derive(Debug)]
pub(super) struct Staging {
    directory: Option<PathBuf>,
}

/// A blob that is ready to be put.
#[derive(Debug)]
pub(super) struct StagedBlob {
    pub(super) entry: BlobEntry,
    pub(super) content: Staged,
}

impl Staging {
    /// A directory of its own below `root`, or memory. The epoch in its name tells later producers whose it was.
    pub(super) fn begin(root: Option<&Path>, epoch: u64, nonce: &str) -> Result<Self, StoreError> {
        let directory = root.map(|root| root.join(format!("cycle-{epoch}-{nonce}")));
        if let Some(directory) = &directory {
            fs::create_dir_all(directory).map_err(|e| StoreError::io(directory.display().to_string(), e))?;
        }
        Ok(Self { directory })
    }

    /// Writes one blob.
    pub(super) fn blob(
        &self,
        kind: BlobKind,
        from: Option<Version>,
        to: Version,
        write: impl FnOnce(&mut Sink) -> Result<(), WriteError>,
    ) -> Result<StagedBlob, CycleError> {
        let failed = |error: io::Error| CycleError::Store {
            step: Step::PartlyEncoded,
            source: StoreError::io(format!("staged {kind}"), error),
        };
        let path = self
            .directory
            .as_ref()
            .map(|directory| directory.join(kind.to_string()));
        let file = path.as_ref().map(File::create_new).transpose().map_err(failed)?;
        let mut sink = Sink::new(file);
        write(&mut sink)?;
        let Written { sha256, length, bytes } = sink.finish().map_err(failed)?;
        let content = match path {
            Some(path) => Staged::File(path),
            None => Staged::Bytes(bytes.into()),
        };
        let entry = BlobEntry {
            kind,
            from,
            to,
            key: Key::blob(kind, from, to, &sha256).to_string(),
            length,
            sha256,
        };
        Ok(StagedBlob { entry, content })
    }

    /// Leaves the files as a killed process would.
    pub(super) fn abandon(mut self) {
        self.directory = None;
    }

    /// Removes what earlier producers left behind: directories of epochs before this one.
    pub(super) fn sweep(root: &Path, epoch: u64) {
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let left_by = name
                .to_str()
                .and_then(|name| name.strip_prefix("cycle-")?.split('-').next()?.parse::<u64>().ok());
            if left_by.is_some_and(|left_by| left_by < epoch) {
                // What cannot be removed now takes room until the next sweep; it is never read.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Some(directory) = &self.directory {
            let _ = fs::remove_dir_all(directory); // the next producer sweeps what is left
        }
    }
}

/// The blobs of a candidate.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) snapshot: Option<StagedBlob>,
    /// A snapshot for the full check alone: it is not published.
    pub(super) for_check: Option<StagedBlob>,
    pub(super) delta: Option<StagedBlob>,
    pub(super) reverse_delta: Option<StagedBlob>,
}

/// What becomes of a snapshot of the cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Snapshot {
    /// None is encoded.
    None,
    /// It is read back, and that is all.
    Checked,
    /// It is checked and published.
    Published,
}

impl Encoded {
    /// Encodes the engine's state: a snapshot if asked, deltas from and to the version before if there is one.
    pub(super) fn stage(
        engine: &mut WriteStateEngine,
        staging: &Staging,
        previous: Option<Version>,
        version: Version,
        snapshot: Snapshot,
        mut between: impl FnMut() -> Result<(), CycleError>,
    ) -> Result<Self, CycleError> {
        let mut encoded = Self {
            snapshot: None,
            for_check: None,
            delta: None,
            reverse_delta: None,
        };
        if snapshot != Snapshot::None {
            let blob = staging.blob(BlobKind::Snapshot, None, version, |out| engine.write_snapshot(out))?;
            let place = match snapshot {
                Snapshot::Published => &mut encoded.snapshot,
                _ => &mut encoded.for_check,
            };
            *place = Some(blob);
        }
        if let Some(previous) = previous {
            let delta = staging.blob(BlobKind::Delta, Some(previous), version, |out| engine.write_delta(out))?;
            encoded.delta = Some(delta);
            between()?;
            let back = |out: &mut Sink| engine.write_reverse_delta(out);
            let reverse = staging.blob(BlobKind::ReverseDelta, Some(version), previous, back)?;
            encoded.reverse_delta = Some(reverse);
        }
        Ok(encoded)
    }

    /// The blobs in the order in which they are put.
    pub(super) fn blobs(&self) -> impl Iterator<Item = &StagedBlob> {
        self.delta.iter().chain(&self.reverse_delta).chain(&self.snapshot)
    }
}
