//! Reading: small objects into memory, large ones in ranges side by side into a file.
//!
//! All ranges are asked for with the ETag that the first had, and each answer must say that it is that range of that
//! object: bytes of two objects are never mixed. Whether the bytes are the right ones is for digests to say.

use super::bucket::Bucket;
use super::failure::{Failure, Kind};
use crate::store::BlobBytes;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;

/// Objects up to this size stay in memory.
const IN_MEMORY: u64 = 256 << 10;

/// A stretch of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    start: u64,
    end: u64,
}

/// Which object is asked for.
#[derive(Clone, Copy, Debug)]
enum Which<'e> {
    /// The one that is there.
    Any,
    /// The one with this ETag.
    This(&'e str),
    /// The one that is there, unless it has this ETag.
    Another(&'e str),
}

/// Bytes of a stretch, and what the store says of the object.
struct Stretch {
    bytes: Vec<u8>,
    etag: String,
    total: u64,
}

impl Bucket {
    /// An object that is at most so long, and its ETag; `None` if it is not there. For what fits into memory.
    pub(super) async fn read(&self, key: &str, at_most: u64) -> Result<Option<(Vec<u8>, String)>, Failure> {
        self.read_which(key, Which::Any, at_most).await
    }

    /// As `read`, unless the object still has this ETag: then a failure of [`Kind::Unchanged`].
    pub(super) async fn read_unless(
        &self,
        key: &str,
        etag: &str,
        at_most: u64,
    ) -> Result<Option<(Vec<u8>, String)>, Failure> {
        self.read_which(key, Which::Another(etag), at_most).await
    }

    async fn read_which(
        &self,
        key: &str,
        which: Which<'_>,
        at_most: u64,
    ) -> Result<Option<(Vec<u8>, String)>, Failure> {
        let ask = || async {
            match self.stretch(key, None, which, at_most).await {
                Ok(stretch) => Ok(Some((stretch.bytes, stretch.etag))),
                Err(failure) if failure.kind == Kind::Absent => Ok(None),
                Err(failure) => Err(failure),
            }
        };
        self.persist(ask).await
    }

    /// An object that is at most so long, in memory if it is small and else in a file of this directory.
    pub(super) async fn fetch(&self, key: &str, directory: &Path, at_most: u64) -> Result<BlobBytes, Failure> {
        let mut tries = self.tries();
        loop {
            match self.fetch_once(key, directory, at_most).await {
                // Write-once objects do not change; this one was removed and put again.
                Err(failure) if failure.kind == Kind::Changed => {
                    let failure = tries.within::<()>(async { Err(failure) }).await.expect_err("it fails");
                    tries.pause(failure).await?;
                }
                other => return other,
            }
        }
    }

    async fn fetch_once(&self, key: &str, directory: &Path, at_most: u64) -> Result<BlobBytes, Failure> {
        let part = self.settings.part_bytes;
        let first = Range { start: 0, end: part };
        let first = match self
            .persist(|| self.stretch(key, Some(first), Which::Any, at_most))
            .await
        {
            // An empty object has no first byte to ask for.
            Err(failure) if failure.kind == Kind::Range => {
                self.persist(|| self.stretch(key, None, Which::Any, at_most.min(part)))
                    .await?
            }
            other => other?,
        };
        let total = first.total;
        if first.bytes.len() as u64 == total && total <= IN_MEMORY {
            return Ok(BlobBytes::Memory(first.bytes.into()));
        }
        let file = Download::create(directory)?;
        let at = first.bytes.len() as u64;
        file.write(0, &first.bytes)?;
        let etag: Arc<str> = first.etag.into();
        drop(first.bytes);

        let next = Arc::new(AtomicU64::new(at));
        let mut parts = JoinSet::new();
        for _ in 0..self
            .settings
            .parallel
            .min(usize::try_from((total - at).div_ceil(part)).unwrap_or(1))
        {
            let (bucket, key, etag) = (self.clone(), key.to_owned(), etag.clone());
            let (next, path) = (next.clone(), file.path.clone());
            parts.spawn(async move {
                loop {
                    let start = next.fetch_add(part, Ordering::Relaxed);
                    if start >= total {
                        return Ok(());
                    }
                    let range = Range {
                        start,
                        end: total.min(start + part),
                    };
                    let ask = || bucket.stretch(&key, Some(range), Which::This(&etag), at_most);
                    let stretch = bucket.persist(ask).await?;
                    if stretch.total != total {
                        return Err(Failure::new(Kind::Changed, "its length is another"));
                    }
                    write_at(&path, start, &stretch.bytes)?;
                }
            });
        }
        while let Some(part) = parts.join_next().await {
            // Dropping the others ends them.
            part.unwrap_or_else(|_| Err(Failure::unavailable("a transfer ended without a result")))?;
        }
        file.map(total)
    }

    /// One try to get a stretch of an object, or all of it.
    async fn stretch(
        &self,
        key: &str,
        range: Option<Range>,
        which: Which<'_>,
        at_most: u64,
    ) -> Result<Stretch, Failure> {
        // The client's own limit ends with the first byte of the answer.
        let limit = self.settings.attempt_timeout;
        let work = self.stretch_unlimited(key, range, which, at_most);
        let late = || Failure::unavailable(format!("not all of it came within {} s", limit.as_secs_f32()));
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| Err(late()))
    }

    async fn stretch_unlimited(
        &self,
        key: &str,
        range: Option<Range>,
        which: Which<'_>,
        at_most: u64,
    ) -> Result<Stretch, Failure> {
        let request = self
            .client
            .get_object()
            .bucket(&self.settings.bucket)
            .key(self.name(key));
        let request = match which {
            Which::Any => request,
            Which::This(etag) => request.if_match(etag),
            Which::Another(etag) => request.if_none_match(etag),
        };
        let request = request.set_range(range.map(|range| format!("bytes={}-{}", range.start, range.end - 1)));
        let mut answer = request.send().await.map_err(|error| match Failure::of(&error) {
            failure if failure.kind == Kind::Condition => Failure::new(Kind::Changed, "its ETag is another"),
            failure => failure,
        })?;
        let found = answer.e_tag().map(str::to_owned);
        let found = found.ok_or_else(|| Failure::unavailable("an answer without an ETag"))?;
        match which {
            Which::This(etag) if etag != found => return Err(Failure::new(Kind::Changed, "its ETag is another")),
            // A server that does not know the condition sends what the asker has.
            Which::Another(etag) if etag == found => return Err(Failure::new(Kind::Unchanged, "its ETag is the same")),
            _ => {}
        }
        let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
        let length = length.ok_or_else(|| Failure::unavailable("an answer without a length"))?;
        let total = match (range, answer.content_range()) {
            (Some(asked), Some(text)) => {
                let wrong = || Failure::unavailable(format!("another range than asked for: {text:.60}"));
                let (range, total) = content_range(text).ok_or_else(wrong)?;
                let fits = range.start == asked.start && range.end == asked.end.min(total);
                if !fits || length != range.end - range.start {
                    return Err(wrong());
                }
                total
            }
            // Without a range asked for, or with a server that sends all of it: fine if it is no more than asked for.
            (Some(asked), None) if asked.start > 0 || length > asked.end => {
                return Err(Failure::new(
                    Kind::Unsupported,
                    "the store sends whole objects where a range is asked for",
                ));
            }
            _ => length,
        };
        if total > at_most {
            return Err(Failure::new(
                Kind::TooLong,
                format!("{total} bytes of at most {at_most}"),
            ));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length.min(self.settings.part_bytes)).unwrap_or(0));
        loop {
            let chunk = tokio::time::timeout(self.settings.read_timeout, answer.body.next()).await;
            let chunk = chunk.map_err(|_| Failure::unavailable("the store stopped in the middle of an object"))?;
            let Some(chunk) = chunk else { break };
            let chunk = chunk.map_err(|error| Failure::unavailable(format!("the answer broke off: {error}")))?;
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > length {
                return Err(Failure::unavailable("more bytes than the answer said"));
            }
        }
        if bytes.len() as u64 != length {
            let found = bytes.len();
            return Err(Failure::unavailable(format!("{found} of {length} bytes came")));
        }
        Ok(Stretch {
            bytes,
            etag: found,
            total,
        })
    }
}

/// `bytes 0-99/1000`.
fn content_range(text: &str) -> Option<(Range, u64)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (start, last) = range.split_once('-')?;
    let (start, last, total): (u64, u64, u64) = (start.parse().ok()?, last.parse().ok()?, total.parse().ok()?);
    (start <= last && last < total).then(|| (Range { start, end: last + 1 }, total))
}

/// A file that is being filled. It loses its name when it is mapped or given up.
struct Download {
    path: PathBuf,
}

impl Download {
    fn create(directory: &Path) -> Result<Self, Failure> {
        private_directory(directory).map_err(|error| Failure::local(directory, &error))?;
        let path = directory.join(format!("{PREFIX}{}", super::bucket::nonce()));
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&path).map_err(|error| Failure::local(&path, &error))?;
        Ok(Self { path })
    }

    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), Failure> {
        write_at(&self.path, at, bytes)
    }

    /// The whole file, mapped. Its name goes, its bytes stay as long as they are used.
    fn map(self, length: u64) -> Result<BlobBytes, Failure> {
        let bytes = BlobBytes::map(&self.path).map_err(|error| Failure::unavailable(error.to_string()))?;
        if bytes.len() as u64 != length {
            return Err(Failure::unavailable(
                "a file of another length than what was written to it",
            ));
        }
        Ok(bytes)
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path); // swept later where a file in use cannot be removed
    }
}

/// The threads that run this wait for a network most of the time: writing to the page cache does not hold up others.
fn write_at(path: &Path, at: u64, bytes: &[u8]) -> Result<(), Failure> {
    let written = File::options().write(true).open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)
    });
    written.map_err(|error| Failure::local(path, &error))
}

const PREFIX: &str = "fetch-";

/// A directory that only this user can look into.
pub(super) fn private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Removes what processes left in a directory that were killed while they read. What is being read is younger.
pub(super) fn remove_leftovers(directory: &Path) {
    const AGE: std::time::Duration = std::time::Duration::from_secs(24 * 3600);
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| modified.elapsed().ok());
        if ours && age.is_some_and(|age| age > AGE) {
            let _ = fs::remove_file(entry.path()); // it only takes room
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_what_the_header_says_or_nothing() {
        let range = |start, end, total| Some((Range { start, end }, total));
        assert_eq!(content_range("bytes 0-99/1000"), range(0, 100, 1000));
        assert_eq!(content_range("bytes 999-999/1000"), range(999, 1000, 1000));
        for bad in [
            "",
            "bytes",
            "bytes 0-99/*",
            "bytes */1000",
            "bytes 9-8/1000",
            "bytes 0-1000/1000",
            "0-99/1000",
            "bytes 0-18446744073709551615/18446744073709551615",
        ] {
            assert_eq!(content_range(bad), None, "{bad}");
        }
    }
}
