//! Putting an object in parts: nothing is visible before the last step, which has the condition.

use super::bucket::{Bucket, NONCE, nonce};
use super::failure::{Failure, Kind};
use super::settings::MIN_PART_BYTES;
use super::write::{Condition, Written};
use crate::store::Staged;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::task::JoinSet;

/// Parts of one object are numbered from 1 to this.
const MOST_PARTS: u64 = 10_000;

/// Where the bytes of an object are taken from, a part at a time.
#[derive(Clone, Debug)]
pub(super) enum Content {
    Bytes(Bytes),
    File { path: PathBuf, length: u64 },
}

impl Content {
    pub(super) fn of(object: &Staged) -> Result<Self, Failure> {
        match object {
            Staged::Bytes(bytes) => Ok(Self::Bytes(Bytes::from_owner(bytes.clone()))),
            Staged::File(path) => {
                let metadata = std::fs::metadata(path).map_err(|error| Failure::local(path, &error))?;
                let (path, length) = (path.clone(), metadata.len());
                Ok(Self::File { path, length })
            }
        }
    }

    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
        }
    }

    /// The bytes from here on, so many.
    fn part(&self, start: u64, length: u64) -> Result<Bytes, Failure> {
        match self {
            Self::Bytes(bytes) => {
                let start = start as usize; // within the bytes, which are in memory
                Ok(bytes.slice(start..start + length as usize))
            }
            Self::File { path, .. } => {
                let read = File::open(path).and_then(|mut file| {
                    file.seek(SeekFrom::Start(start))?;
                    let mut bytes = vec![0; length as usize];
                    file.read_exact(&mut bytes)?;
                    Ok(bytes)
                });
                Ok(read.map_err(|error| Failure::local(path, &error))?.into())
            }
        }
    }
}

impl Bucket {
    /// Puts an object if there is none of its name, in parts if it is large.
    pub(super) async fn put(&self, key: &str, content: Content) -> Result<Written, Failure> {
        if content.length() <= self.settings.part_bytes {
            let body = content.part(0, content.length())?;
            return self.write(key, &body, Condition::Absent).await;
        }
        // Asked first: a blob that was put before need not travel again to be refused in the end.
        if self.look(key).await?.is_some() {
            return Ok(Written::Refused);
        }
        let nonce = nonce();
        let mut tries = self.tries();
        loop {
            // Parts have their own time; here it is only counted how often all of it was sent.
            match self.put_in_parts(key, &content, &nonce).await {
                Err(failure) if failure.kind == Kind::Busy => {
                    let failure = tries.within::<()>(async { Err(failure) }).await.expect_err("it fails");
                    tries.pause(failure).await?;
                }
                other => return other,
            }
        }
    }

    async fn put_in_parts(&self, key: &str, content: &Content, nonce: &str) -> Result<Written, Failure> {
        let begin = || async {
            let request = self.client.create_multipart_upload();
            let request = request.bucket(&self.settings.bucket).key(self.name(key));
            let answer = request.metadata(NONCE, nonce).send().await;
            let answer = answer.map_err(|error| Failure::of(&error))?;
            let upload = answer.upload_id().map(str::to_owned);
            upload.ok_or_else(|| Failure::unavailable("an upload without an id"))
        };
        let upload = self.persist(begin).await?;
        let outcome = match self.send_parts(key, &upload, content).await {
            Ok(parts) => self.complete(key, &upload, parts, content.length(), nonce).await,
            Err(failure) => Err(failure),
        };
        if !matches!(outcome, Ok(Written::Done(_))) {
            self.abort(key, &upload).await;
        }
        outcome
    }

    /// Sends all parts, several at a time.
    async fn send_parts(&self, key: &str, upload: &str, content: &Content) -> Result<Vec<CompletedPart>, Failure> {
        let length = content.length();
        let size = self.settings.part_bytes.max(length.div_ceil(MOST_PARTS));
        let count = length.div_ceil(size);
        let next = Arc::new(AtomicU64::new(0));
        let mut senders = JoinSet::new();
        for _ in 0..self.settings.parallel.min(usize::try_from(count).unwrap_or(1)) {
            let (bucket, content, next) = (self.clone(), content.clone(), next.clone());
            let (key, upload) = (key.to_owned(), upload.to_owned());
            senders.spawn(async move {
                let mut done = Vec::new();
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= count {
                        return Ok(done);
                    }
                    let start = index * size;
                    let body = content.part(start, size.min(length - start))?;
                    done.push(bucket.send_part(&key, &upload, index as i32 + 1, &body).await?);
                }
            });
        }
        let mut parts: Vec<CompletedPart> = Vec::new();
        while let Some(sent) = senders.join_next().await {
            // Dropping the others ends them.
            parts.extend(sent.unwrap_or_else(|_| Err(Failure::unavailable("a transfer ended without a result")))?);
        }
        parts.sort_by_key(|part| part.part_number());
        Ok(parts)
    }

    async fn send_part(&self, key: &str, upload: &str, number: i32, body: &Bytes) -> Result<CompletedPart, Failure> {
        let send = || async {
            let request = self
                .client
                .upload_part()
                .bucket(&self.settings.bucket)
                .key(self.name(key));
            let request = request.upload_id(upload).part_number(number).body(body.clone().into());
            let answer = request.send().await.map_err(|error| Failure::of(&error))?;
            let etag = answer.e_tag().map(str::to_owned);
            let etag = etag.ok_or_else(|| Failure::unavailable("a part without an ETag"))?;
            let part = CompletedPart::builder().part_number(number).e_tag(etag);
            Ok(part.set_checksum_crc32(answer.checksum_crc32).build())
        };
        self.persist(send).await
    }

    /// Makes one object of the parts, if there still is none of its name.
    async fn complete(
        &self,
        key: &str,
        upload: &str,
        parts: Vec<CompletedPart>,
        length: u64,
        nonce: &str,
    ) -> Result<Written, Failure> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let mut conditional = true;
        let mut tries = self.tries();
        loop {
            let request = self.client.complete_multipart_upload();
            let request = request.bucket(&self.settings.bucket).key(self.name(key));
            let request = request.upload_id(upload).multipart_upload(parts.clone());
            let request = request.set_if_none_match(conditional.then(|| "*".to_owned()));
            let send = async { request.send().await.map_err(|error| Failure::of(&error)) };
            let failure = tries.within(send).await.err();
            // Whatever the answer was: it can be lost, say 200 and mean an error, or come from a store that ignores the
            // condition. What is there now is what counts.
            match (self.look(key).await?, failure) {
                (Some(seen), _) if seen.nonce.as_deref() == Some(nonce) => {
                    if seen.length != length {
                        let found = format!("{} of {length} bytes are there", seen.length);
                        return Err(Failure::unavailable(found));
                    }
                    return Ok(Written::Done(seen.etag));
                }
                // A store that keeps no metadata.
                (Some(seen), None) if seen.nonce.is_none() && seen.length == length => {
                    return Ok(Written::Done(seen.etag));
                }
                (Some(_), _) => return Ok(Written::Overtaken),
                (None, Some(failure)) if failure.kind == Kind::Unsupported && conditional => {
                    // There is nothing to overwrite, as was just seen, and names tell content.
                    conditional = false;
                    tries.pause(failure).await?;
                }
                (None, Some(failure)) => match failure.kind {
                    Kind::Unavailable | Kind::Throttled => tries.pause(failure).await?,
                    Kind::Condition | Kind::Absent => return Err(Failure::new(Kind::Busy, failure.cause)),
                    Kind::Refused if self.settings.part_bytes < MIN_PART_BYTES => {
                        let cause = format!("{}; parts below 5 MiB are refused by most stores", failure.cause);
                        return Err(Failure::new(Kind::Refused, cause));
                    }
                    _ => return Err(failure),
                },
                (None, None) => {
                    let failure =
                        Failure::unavailable("the store says that it made an object of the parts, and has it not");
                    tries.pause(failure).await?;
                }
            }
        }
    }

    /// Parts that belong to nothing cost room. What cannot be removed now, a rule of the bucket should.
    async fn abort(&self, key: &str, upload: &str) {
        let ask = || async {
            let request = self.client.abort_multipart_upload();
            let request = request.bucket(&self.settings.bucket).key(self.name(key));
            request
                .upload_id(upload)
                .send()
                .await
                .map(drop)
                .map_err(|error| Failure::of(&error))
        };
        let _ = self.persist(ask).await;
    }
}
