//! Writing under a condition, and finding out what became of it.
//!
//! Every write carries a nonce in the object's metadata. A write without an answer may have taken effect, and trying it
//! again then fails because of itself: whoever reads the nonce back knows. Trying again with the same condition and nonce
//! is safe, since at most one of the tries can find the object as the condition says.

use super::bucket::{Bucket, NONCE, Seen, nonce};
use super::failure::{Failure, Kind};
use bytes::Bytes;

/// Up to this size, what the store holds is compared with what was written if the store keeps no metadata.
pub(super) const MOST_COMPARED: usize = 64 << 10;

/// What must be so for a write to take effect.
#[derive(Clone, Copy, Debug)]
pub(super) enum Condition<'c> {
    /// Nothing stands under the name.
    Absent,
    /// What stands there has this ETag.
    Matches(&'c str),
}

/// What became of a write.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// It took effect; the object's ETag.
    Done(String),
    /// It never took effect, the object was not as the condition says.
    Refused,
    /// The object is somebody else's now. Whether it was ours in between, nobody knows.
    Overtaken,
}

impl Bucket {
    /// Writes an object of one part if it is as the condition says.
    pub(super) async fn write(&self, key: &str, body: &Bytes, condition: Condition<'_>) -> Result<Written, Failure> {
        let nonce = nonce();
        let mut unsure = false;
        let mut tries = self.tries();
        loop {
            let failure = match tries.within(self.write_once(key, body, condition, &nonce)).await {
                Ok(Some(etag)) => return Ok(Written::Done(etag)),
                Ok(None) => match self.ours(key, body, &nonce).await? {
                    Whose::Ours(etag) => return Ok(Written::Done(etag)),
                    _ => Failure::unavailable("the store says that it wrote an object, and has it not"),
                },
                Err(failure) => failure,
            };
            let refused = match failure.kind {
                Kind::Condition => true,
                // What is to be replaced is not there: some stores tell it like this.
                Kind::Absent => matches!(condition, Condition::Matches(_)),
                _ => false,
            };
            match failure.kind {
                _ if refused && !unsure => return Ok(Written::Refused),
                _ if refused => {
                    return Ok(match self.ours(key, body, &nonce).await? {
                        Whose::Ours(etag) => Written::Done(etag),
                        _ => Written::Overtaken,
                    });
                }
                Kind::Busy => {} // nothing was done
                Kind::Unavailable | Kind::Throttled => unsure = true,
                _ => return Err(failure),
            }
            if let Err(failure) = tries.pause(failure).await {
                return self.settle(key, body, condition, &nonce, failure, unsure).await;
            }
        }
    }

    /// What became of a write that was given up: the last word is the store's.
    async fn settle(
        &self,
        key: &str,
        body: &Bytes,
        condition: Condition<'_>,
        nonce: &str,
        failure: Failure,
        unsure: bool,
    ) -> Result<Written, Failure> {
        if !unsure {
            return Ok(Written::Refused); // others were faster, each time
        }
        match (self.ours(key, body, nonce).await, condition) {
            (Ok(Whose::Ours(etag)), _) => Ok(Written::Done(etag)),
            (Ok(Whose::Theirs(_)), Condition::Absent) => Ok(Written::Overtaken),
            (Ok(Whose::Theirs(etag)), Condition::Matches(expected)) if etag != expected => Ok(Written::Overtaken),
            // As before, or nobody can tell. A try on its way may still arrive.
            _ => Err(failure),
        }
    }

    /// One try. `None`: the store wrote it and does not tell the ETag.
    async fn write_once(
        &self,
        key: &str,
        body: &Bytes,
        condition: Condition<'_>,
        nonce: &str,
    ) -> Result<Option<String>, Failure> {
        let request = self
            .client
            .put_object()
            .bucket(&self.settings.bucket)
            .key(self.name(key))
            .metadata(NONCE, nonce)
            .body(body.clone().into());
        let request = match condition {
            Condition::Absent => request.if_none_match("*"),
            Condition::Matches(etag) => request.if_match(etag),
        };
        let answer = request.send().await.map_err(|error| Failure::of(&error))?;
        Ok(answer.e_tag().map(str::to_owned))
    }

    /// Who wrote the object that is there now.
    async fn ours(&self, key: &str, body: &Bytes, nonce: &str) -> Result<Whose, Failure> {
        let Some(seen) = self.look(key).await? else {
            return Ok(Whose::Nobodys);
        };
        let Seen {
            etag,
            length,
            nonce: found,
        } = seen;
        let ours = match found {
            Some(found) => found == nonce,
            // Registers hold a nonce themselves, so equal content is the same write.
            None if length == body.len() as u64 && body.len() <= MOST_COMPARED => {
                let there = self.read(key, MOST_COMPARED as u64).await?;
                there.is_some_and(|(bytes, _)| bytes == *body)
            }
            None => false,
        };
        Ok(if ours { Whose::Ours(etag) } else { Whose::Theirs(etag) })
    }
}

enum Whose {
    /// This write's; with the ETag.
    Ours(String),
    /// Another's; with the ETag.
    Theirs(String),
    /// Nothing is there.
    Nobodys,
}
