//! A new directory of blobs in Java Hollow's layout, whose versions and random tags are those that were decided on.
//!
//! They fit to the states they were made of: followers of these take the deltas as those of their own chain.

use crate::failure::{Answer, Failure};
use crate::output::{print_json, write};
use crate::staging::{Staging, io_failure};
use hollow::Version;
use hollow::read::ReadState;
use hollow::tools::rewrite::{self, Deltas};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::SystemTime;

/// Blobs being written.
pub(crate) struct BlobDirectory {
    staging: Staging,
    written: Vec<(String, u64)>,
}

impl BlobDirectory {
    /// Begins a directory; there must be nothing at `to`, or an empty directory.
    pub(crate) fn new(to: &Path) -> Result<Self, Failure> {
        Ok(Self {
            staging: Staging::new(to)?,
            written: Vec::new(),
        })
    }

    /// Writes the snapshot of a state.
    pub(crate) fn snapshot(&mut self, state: &ReadState, version: Version) -> Result<(), Failure> {
        let name = format!("snapshot-{version}");
        let path = self.staging.directory().join(&name);
        let file = File::create_new(&path).map_err(|error| io_failure(&path, &error))?;
        let mut out = BufWriter::with_capacity(1 << 16, file);
        rewrite::snapshot(state, &mut out)?;
        let file = out.into_inner().map_err(|error| io_failure(&path, error.error()))?;
        let length = file.sync_all().and_then(|()| file.metadata());
        let length = length.map_err(|error| io_failure(&path, &error))?.len();
        self.written.push((name, length));
        Ok(())
    }

    /// Writes the delta from one version to the next, and the one back.
    pub(crate) fn deltas(&mut self, deltas: &Deltas, from: Version, to: Version) -> Result<(), Failure> {
        self.file(format!("delta-{from}-{to}"), &deltas.delta)?;
        self.file(format!("reversedelta-{to}-{from}"), &deltas.reverse_delta)
    }

    fn file(&mut self, name: String, bytes: &[u8]) -> Result<(), Failure> {
        let path = self.staging.directory().join(&name);
        let written = File::create_new(&path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
        written.map_err(|error| io_failure(&path, &error))?;
        self.written.push((name, bytes.len() as u64));
        Ok(())
    }

    /// Announces a version, gives the directory its name, and says what was written. `more` goes into the JSON.
    pub(crate) fn finish(self, announced: Version, more: &Value, as_json: bool) -> Result<Answer, Failure> {
        let path = self.staging.directory().join("announced.version");
        fs::write(&path, announced.to_string()).map_err(|error| io_failure(&path, &error))?;
        self.staging.finish()?;
        if as_json {
            let files = self.written.iter();
            let files: Vec<Value> = files
                .map(|(name, bytes)| json!({"name": name, "bytes": bytes}))
                .collect();
            let mut answer = json!({"schema": 1, "version": announced, "files": files});
            if let (Some(answer), Some(more)) = (answer.as_object_mut(), more.as_object()) {
                answer.extend(more.clone());
            }
            return print_json(&answer);
        }
        write(|out| {
            for (name, bytes) in &self.written {
                writeln!(out, "{bytes:>14}  {name}")?;
            }
            Ok(())
        })
    }
}

/// The version of a state that was loaded.
pub(crate) fn version_of(state: &ReadState) -> Result<Version, Failure> {
    state
        .version()
        .ok_or_else(|| Failure::damaged("the state has no version"))
}

/// A version for a state that is made now, later than these.
pub(crate) fn later_than(versions: &[Version]) -> Result<Version, Failure> {
    let latest = versions.iter().copied().max();
    let version = Version::mint(SystemTime::now(), latest);
    // Versions are part of file names; there is none behind the last.
    match latest.is_none_or(|latest| version > latest) {
        true => Ok(version),
        false => Err(Failure::refused(
            format!("there is no version after {version}"),
            "no chain can go on from there",
        )),
    }
}

/// A random tag that none of these states has. Java Hollow needs its upper half to be neither 0 nor -1.
pub(crate) fn new_tag(states: &[&ReadState]) -> Result<i64, Failure> {
    loop {
        let tag = getrandom::u64()
            .map_err(|error| Failure::unavailable(format!("no random number: {error}")))?
            .cast_signed();
        let is_taken = states.iter().any(|state| state.tag() >> 32 == tag >> 32);
        if !matches!(tag >> 32, 0 | -1) && !is_taken {
            return Ok(tag);
        }
    }
}
