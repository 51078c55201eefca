//! Whether a store keeps its word: that a write happens only under its condition, also when many write at once.
//!
//! Some stores that look like S3 accept the conditions and ignore them, or check first and write afterwards. With such a
//! store two producers would overwrite each other, and nobody would notice.

use super::bucket::{Bucket, nonce};
use super::failure::{Failure, Kind};
use super::settings::invalid;
use super::write::{Condition, Written};
use crate::store::StoreError;
use bytes::Bytes;
use tokio::task::JoinSet;

/// How often writers race for one object, and how many. A store that decides by luck passes one round at most.
const ROUNDS: usize = 3;
const WRITERS: usize = 8;

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
        let outcome = async {
            self.prove_one_after_another(&format!("{scratch}-one")).await?;
            for round in 0..ROUNDS {
                self.prove_race(&format!("{scratch}-race-{round}")).await?;
            }
            Ok(())
        };
        let outcome = outcome.await;
        for entry in self.list(&scratch).await.unwrap_or_default() {
            let _ = self.remove(&entry.name).await; // scratch; nobody reads it
        }
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
            for _ in 0..WRITERS {
                let (bucket, key, expected) = (self.clone(), key.to_owned(), expected.clone());
                writers.spawn(async move {
                    let content = Bytes::from(nonce());
                    let condition = expected.as_deref().map_or(Condition::Absent, Condition::Matches);
                    let written = bucket.write(&key, &content, condition).await;
                    (content, written)
                });
            }
            let (mut winners, mut unsure) = (Vec::new(), false);
            while let Some(writer) = writers.join_next().await {
                let (content, written) =
                    writer.map_err(|_| Failure::new(Kind::Unavailable, "a writer ended without a result"))?;
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
