//! Whether a store keeps its word: that a write happens only under its condition, also when many write at once.
//!
//! Some stores that look like S3 accept the conditions and ignore them, or check first and write afterwards. With such a
//! store two producers would overwrite each other, and nobody would notice.

use super::bucket::{Bucket, nonce};
use super::failure::Failure;
use super::settings::invalid;
use super::write::{Condition, Written};
use crate::store::StoreError;
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// How many objects are raced for, all at once, and by how many writers each: first to create it, then to replace it.
///
/// What shows a store that checks first and writes afterwards are writers that come before the first write has taken
/// effect; those who come later are refused by any store. So many races of few prove more than few of many. A store that
/// lets the writers of an object wait for each other may do so in steps of a second, longer each time: SeaweedFS took 9 s
/// for three races of eight one after the other, in which writers met 1 to 5 times, and takes 2.3 s for these, in which they
/// meet 8 to 12 times. (Of two they hardly ever meet.) One that decides by luck passes once in hundreds of thousands.
const RACES: usize = 8;
const WRITERS: usize = 3;

/// Where scratch objects are put.
pub(super) const FOLDER: &str = "proving";

/// What is wrong.
enum Flaw {
    /// The store does something else than it must.
    Broken(String),
    /// It could not be found out.
    Failed(Failure),
}

impl From<Failure> for Flaw {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

fn broken<T>(what: impl Into<String>) -> Result<T, Flaw> {
    Err(Flaw::Broken(what.into()))
}

impl Bucket {
    /// Tries on scratch objects whether conditions are honoured, and removes them.
    pub(super) async fn prove(&self) -> Result<(), StoreError> {
        let scratch = format!("{FOLDER}/{}", nonce());
        let outcome = self.prove_side_by_side(&scratch).await;
        let mut removing = JoinSet::new();
        for entry in self.list(&scratch).await.unwrap_or_default() {
            let bucket = self.clone();
            removing.spawn(async move { bucket.remove(&entry.name).await });
        }
        while removing.join_next().await.is_some() {} // scratch; nobody reads it
        match outcome {
            Ok(()) => Ok(()),
            Err(Flaw::Failed(failure)) => Err(failure.about(self.shown(&scratch))),
            Err(Flaw::Broken(found)) => Err(invalid(
                "store",
                "one that writes only under the condition given: do not publish to this one, two producers would \
                 overwrite each other",
                format!("s3://{}: {found}", self.settings.bucket),
            )),
        }
    }

    /// All proofs at once, each on objects of its own: what one takes is waiting for the store more than anything else.
    async fn prove_side_by_side(&self, scratch: &str) -> Result<(), Flaw> {
        let mut proofs = JoinSet::new();
        let (bucket, key) = (self.clone(), format!("{scratch}-one"));
        proofs.spawn(async move { bucket.prove_one_after_another(&key).await });
        for race in 0..RACES {
            let (bucket, key) = (self.clone(), format!("{scratch}-race-{race}"));
            proofs.spawn(async move { bucket.prove_race(&key).await });
        }
        let mut outcome = Ok(());
        while let Some(proof) = proofs.join_next().await {
            let proof = proof.unwrap_or_else(|_| Err(ended().into()));
            // What is known to be broken counts more than what could not be found out. To the end: nobody may still write.
            if proof.is_err() && !matches!(outcome, Err(Flaw::Broken(_))) {
                outcome = proof;
            }
        }
        outcome
    }

    async fn prove_one_after_another(&self, key: &str) -> Result<(), Flaw> {
        let first = Bytes::from(format!("first {}", nonce()));
        let second = Bytes::from(format!("second {}", nonce()));
        let never = Condition::Matches("\"00000000000000000000000000000000\"");
        if self.try_write(key, &second, never).await?.is_some() {
            return broken("an object that is not there is replaced");
        }
        let Some(etag) = self.try_write(key, &first, Condition::Absent).await? else {
            return broken("an object that is not there cannot be created");
        };
        self.must_hold(key, &first, &etag, "what was written is not what is read next")
            .await?;
        if self.try_write(key, &second, Condition::Absent).await?.is_some() {
            return broken("an object is created that is there already");
        }
        self.must_hold(key, &first, &etag, "a write that was refused changed the object")
            .await?;
        let Some(replaced) = self.try_write(key, &second, Condition::Matches(&etag)).await? else {
            return broken("an object that is as the condition says is not replaced");
        };
        if replaced == etag {
            return broken("two contents have the same ETag");
        }
        self.must_hold(key, &second, &replaced, "what was replaced is not what is read next")
            .await?;
        if self.try_write(key, &first, Condition::Matches(&etag)).await?.is_some() {
            return broken("an object is replaced that is no longer as the condition says");
        }
        self.must_hold(key, &second, &replaced, "a write that was refused changed the object")
            .await
    }

    /// The ETag of what was written; `None` if it was refused. Nobody else writes scratch objects.
    async fn try_write(&self, key: &str, content: &Bytes, condition: Condition<'_>) -> Result<Option<String>, Failure> {
        match self.write(key, content, condition).await? {
            Written::Done(etag) => Ok(Some(etag)),
            Written::Refused => Ok(None),
            Written::Overtaken => Err(lost()),
        }
    }

    async fn must_hold(&self, key: &str, content: &Bytes, etag: &str, otherwise: &str) -> Result<(), Flaw> {
        match self.read(key, 1024).await? {
            Some((bytes, found)) if bytes == *content && found == etag => Ok(()),
            _ => broken(otherwise),
        }
    }

    /// Of writers that create one object at once, and then replace it at once, exactly one may win.
    async fn prove_race(&self, key: &str) -> Result<(), Flaw> {
        let mut expected: Option<String> = None;
        for _ in 0..2 {
            let mut writers = JoinSet::new();
            let start = Arc::new(Barrier::new(WRITERS));
            for _ in 0..WRITERS {
                let (bucket, key, expected) = (self.clone(), key.to_owned(), expected.clone());
                let start = start.clone();
                writers.spawn(async move {
                    start.wait().await;
                    let content = Bytes::from(nonce());
                    let condition = expected.as_deref().map_or(Condition::Absent, Condition::Matches);
                    let written = bucket.write(&key, &content, condition).await;
                    (content, written)
                });
            }
            let (mut winners, mut unsure) = (Vec::new(), false);
            while let Some(writer) = writers.join_next().await {
                let (content, written) = writer.map_err(|_| ended())?;
                match written? {
                    Written::Done(etag) => winners.push((content, etag)),
                    Written::Refused => {}
                    // Its answer was lost, and another's content is there: it lost the race, if anybody won it.
                    Written::Overtaken => unsure = true,
                }
            }
            match &winners[..] {
                [(content, etag)] => {
                    self.must_hold(key, content, etag, "another than who won a race is read next")
                        .await?;
                    expected = Some(etag.clone());
                }
                [] if unsure => return Err(lost().into()),
                _ => {
                    return broken(format!(
                        "of {WRITERS} that wrote at once, {} were told they won",
                        winners.len()
                    ));
                }
            }
        }
        Ok(())
    }
}

/// An answer did not come, so that nothing can be said of the store.
fn lost() -> Failure {
    Failure::unavailable("an answer was lost, and what became of the write cannot be told")
}

/// A task panicked.
fn ended() -> Failure {
    Failure::unavailable("a proof ended without a result")
}
