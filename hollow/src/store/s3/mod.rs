//! A store in a bucket of S3, or of a service that speaks its protocol (feature `s3`).
//!
//! ```text
//! <prefix>/blobs/…  <prefix>/manifests/…  <prefix>/quarantine/…    objects, created if absent, in parts if large
//! <prefix>/head  <prefix>/pin  <prefix>/marks  <prefix>/tags       registers, replaced if their ETag is as expected
//! <prefix>/proving/…                                               scratch, while [`Registers::prove`] runs
//! ```
//!
//! - Nothing is written but under a condition (`If-None-Match: *`, `If-Match`). A store that ignores conditions is not
//!   fit to publish to; [`Registers::prove`] finds out, and whoever publishes should ask it first.
//! - A write without an answer is resolved by reading back: each carries a nonce in the object's metadata.
//! - Requests are tried again with pauses, and have limits of time: for connecting, for silence, for a try, for all tries.
//! - Memory: a few parts of one object. Objects that are read lie in files that have no name any more and are mapped.
//! - Whether bytes are the right ones is for whoever has the digest to say; here only length and ETag must agree.
//!
//! Calls block the calling thread, which may be one of an asynchronous runtime. The store's own requests run on a small
//! runtime that all stores of a process share.
//!
//! What is left to the bucket: rights, encryption, versions, and a rule that removes uploads never completed. Rights to
//! list are needed: without them a missing object is reported as refused.

mod bucket;
mod engine;
mod failure;
mod location;
mod multipart;
mod prove;
mod read;
mod settings;
#[cfg(test)]
mod tests;
mod trust;
mod write;

pub use settings::{S3Checksums, S3Credentials, S3Settings};

use super::{BlobBytes, BlobStore, Key, Listed, Put, ReadUnless, Register, Registers, Staged, StoreError, Token};
use bucket::Bucket;
use bytes::Bytes;
use engine::Engine;
use failure::{Failure, Kind};
use multipart::Content;
use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use write::{Condition, Written};

/// A register is a small JSON object; anything longer is none of ours.
const MAX_REGISTER_BYTES: usize = write::MOST_COMPARED;

/// A store in a bucket. Clones share connections.
#[derive(Clone)]
pub struct S3Store {
    bucket: Bucket,
    downloads: Arc<Downloads>,
    engine: Arc<Engine>,
}

impl S3Store {
    /// A store with these settings. Asks the bucket nothing yet: a reader may start while it is away.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if a setting cannot be; [`StoreError::Unavailable`] if the system gives no threads.
    pub fn open(settings: S3Settings) -> Result<Self, StoreError> {
        settings.check()?;
        let trust = trust::context(settings.ca_file.as_deref())?;
        let downloads = match &settings.download_directory {
            Some(directory) => {
                read::remove_leftovers(directory);
                Downloads::In(directory.clone())
            }
            None => Downloads::Own(std::env::temp_dir().join(format!("hollow-s3-{}", bucket::nonce()))),
        };
        let engine = Engine::shared().map_err(|error| StoreError::io("threads for requests", error))?;
        let connect = async move { Ok(Bucket::connect(settings, trust).await) };
        let bucket = engine.run(connect).map_err(|failure| failure.about("settings"))?;
        Ok(Self {
            bucket,
            downloads: Arc::new(downloads),
            engine,
        })
    }

    /// The settings.
    pub fn settings(&self) -> &S3Settings {
        &self.bucket.settings
    }

    /// Does something with the bucket; errors are about this object.
    fn run<T, F>(&self, key: &str, work: impl FnOnce(Bucket) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let outcome = self.engine.run(work(self.bucket.clone()));
        outcome.map_err(|failure| failure.about(self.bucket.shown(key)))
    }
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("S3Store").field(&self.bucket.settings).finish()
    }
}

impl BlobStore for S3Store {
    fn put(&self, key: &Key, object: &Staged) -> Result<Put, StoreError> {
        let content = Content::of(object).map_err(|failure| failure.about(self.bucket.shown(key.as_str())))?;
        let name = key.as_str().to_owned();
        let written = self.run(key.as_str(), |bucket| async move { bucket.put(&name, content).await })?;
        Ok(match written {
            Written::Done(_) => Put::Created,
            Written::Refused | Written::Overtaken => Put::Exists,
        })
    }

    fn open(&self, key: &Key) -> Result<BlobBytes, StoreError> {
        self.open_within(key, u64::MAX)
    }

    fn open_within(&self, key: &Key, at_most: u64) -> Result<BlobBytes, StoreError> {
        let (name, downloads) = (key.as_str().to_owned(), self.downloads.clone());
        self.run(key.as_str(), |bucket| async move {
            bucket.fetch(&name, downloads.directory(), at_most).await
        })
    }

    fn list(&self, prefix: &str) -> Result<Vec<Key>, StoreError> {
        Ok(self.survey(prefix)?.into_iter().map(|listed| listed.key).collect())
    }

    fn survey(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let own = prefix.to_owned();
        let entries = self.run(prefix, |bucket| async move { bucket.list(&own).await })?;
        let scratch = |name: &str| name.split('/').next() == Some(prove::FOLDER);
        // Registers have no folder, and names that are no keys are not ours.
        let entries = entries
            .into_iter()
            .filter(|entry| entry.name.contains('/') && !scratch(&entry.name));
        let listed = entries.filter_map(|entry| {
            Some(Listed {
                key: Key::new(entry.name).ok()?,
                bytes: entry.bytes,
                modified: entry.modified,
            })
        });
        Ok(listed.collect())
    }

    fn remove(&self, key: &Key) -> Result<(), StoreError> {
        let name = key.as_str().to_owned();
        self.run(key.as_str(), |bucket| async move { bucket.remove(&name).await })
    }
}

impl Registers for S3Store {
    fn read(&self, register: Register) -> Result<Option<(Vec<u8>, Token)>, StoreError> {
        let name = register.to_string();
        let key = name.clone();
        let read = self.run(&name, |bucket| async move {
            bucket.read(&key, MAX_REGISTER_BYTES as u64).await
        })?;
        Ok(read.map(|(bytes, etag)| (bytes, Token(etag))))
    }

    fn read_unless(&self, register: Register, known: &Token) -> Result<ReadUnless, StoreError> {
        let name = register.to_string();
        let (key, etag) = (name.clone(), known.0.clone());
        self.run(&name, |bucket| async move {
            match bucket.read_unless(&key, &etag, MAX_REGISTER_BYTES as u64).await {
                Ok(read) => Ok(ReadUnless::Changed(read.map(|(bytes, etag)| (bytes, Token(etag))))),
                Err(failure) if failure.kind == Kind::Unchanged => Ok(ReadUnless::Unchanged),
                Err(failure) => Err(failure),
            }
        })
    }

    fn compare_and_set(
        &self,
        register: Register,
        expected: Option<&Token>,
        content: &[u8],
    ) -> Result<Token, StoreError> {
        let name = register.to_string();
        if content.len() > MAX_REGISTER_BYTES {
            let expected = "at most 64 KiB";
            return Err(settings::invalid("content of a register", expected, content.len()));
        }
        let content = Bytes::copy_from_slice(content);
        let (key, expected) = (name.clone(), expected.map(|token| token.0.clone()));
        let written = self.run(&name, |bucket| async move {
            let condition = expected.as_deref().map_or(Condition::Absent, Condition::Matches);
            bucket.write(&key, &content, condition).await
        })?;
        match written {
            Written::Done(etag) => Ok(Token(etag)),
            Written::Refused => Err(StoreError::Conflict {
                what: self.bucket.shown(&name),
            }),
            Written::Overtaken => Err(StoreError::Unavailable {
                what: self.bucket.shown(&name),
                cause: "the answer was lost, and somebody else has set it since".into(),
            }),
        }
    }

    fn prove(&self) -> Result<(), StoreError> {
        let bucket = self.bucket.clone();
        let prove = async move { Ok(bucket.prove().await) };
        let outcome = self.engine.run(prove);
        outcome.map_err(|failure| failure.about(self.bucket.shown(prove::FOLDER)))?
    }
}

/// Where objects that are read are put.
#[derive(Debug)]
enum Downloads {
    /// A directory that somebody chose.
    In(PathBuf),
    /// One of this store, which goes with it.
    Own(PathBuf),
}

impl Downloads {
    fn directory(&self) -> &std::path::Path {
        match self {
            Self::In(path) | Self::Own(path) => path,
        }
    }
}

impl Drop for Downloads {
    fn drop(&mut self) {
        if let Self::Own(path) = self {
            let _ = std::fs::remove_dir(path); // empty, unless files in use cannot lose their names here
        }
    }
}
