//! One cycle of a runner, leading or following.

use super::digest::Digest;
use super::inputs::{InputSet, InputStatus, PinError};
use super::{BoxError, Derivation, Records};
use hollow::Version;
use hollow::consumer::{Consumer, RefreshError};
use hollow::producer::{CycleError, CycleOutcome, CycleStats, Producer};
use hollow::read::ReadState;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Names of the header tags of an output.
pub mod tag_names {
    /// Before the name of an input: its version.
    pub const INPUT: &str = "in.";
    /// The instant of evaluation, epoch milliseconds.
    pub const INSTANT: &str = "eval.instant";
    /// The policy.
    pub const POLICY: &str = "policy.id";
    /// The version of the code.
    pub const LOGIC: &str = "logic.version";
    /// The digest of the records.
    pub const DIGEST: &str = "output.digest";
    /// The output of the leading runner that a following runner took its inputs and instant from.
    pub const FOLLOWS: &str = "follows.version";
    /// How many outputs of the leading runner were skipped before that one.
    pub const SKIPPED: &str = "follows.skipped";
}
use tag_names::{DIGEST, FOLLOWS, INPUT, INSTANT, LOGIC, POLICY, SKIPPED};

/// Where inputs and instant come from.
pub enum Role {
    /// The newest announced inputs, and now.
    Lead,
    /// Those of the newest output of the leading runner, read through this consumer.
    Follow(Arc<Consumer>),
}

/// What a following runner followed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Follows {
    /// The output of the leading runner.
    pub version: i64,
    /// How many of its outputs were skipped before.
    pub skipped: u64,
}

/// What a cycle came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// These have no state yet; nothing can be evaluated.
    Waiting(Vec<String>),
    /// Nothing to publish: inputs and records are those of the last output.
    Unchanged,
    /// A new output.
    Published {
        /// Its version.
        version: Version,
        /// What publishing took.
        stats: CycleStats,
    },
}

/// What a cycle did.
#[derive(Clone, Debug, PartialEq)]
pub struct CycleReport {
    /// What it came to.
    pub outcome: Outcome,
    /// The instant of evaluation, epoch milliseconds; `None` if nothing was evaluated.
    pub instant: Option<i64>,
    /// The digest of the records.
    pub digest: Option<Digest>,
    /// How the inputs are.
    pub inputs: Vec<InputStatus>,
    /// What was followed.
    pub follows: Option<Follows>,
    /// Time to evaluate.
    pub evaluate: Duration,
    /// Time to write, check and announce.
    pub publish: Duration,
}

/// Why a cycle failed. The last output stays in force; the next cycle begins anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunnerError {
    /// The inputs cannot be evaluated.
    #[error("the inputs cannot be evaluated")]
    Evaluate(#[source] BoxError),
    /// The output cannot be published.
    #[error("the output cannot be published")]
    Publish(#[from] CycleError),
    /// Another runner publishes this output now. This one stays away until it is started again.
    #[error("another runner has taken over this output; stop one of the two")]
    Replaced,
    /// The inputs cannot be brought to the versions that the leading runner used.
    #[error("the inputs cannot be brought to the versions of the output, version={version}")]
    Pin {
        /// The leading runner's output.
        version: Version,
        /// What happened.
        source: Box<PinError>,
    },
    /// The leading runner's output cannot be read.
    #[error("the output to follow cannot be read")]
    Lead(#[from] RefreshError),
    /// A header tag is missing or makes no sense.
    #[error("version={version} is no output of a runner: tag={tag} should be {expected}, found={found:?}")]
    Tag {
        /// The output.
        version: Version,
        /// The tag.
        tag: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: Option<String>,
    },
}

/// Evaluates again and again, and publishes what changed.
pub struct Runner<D> {
    derivation: D,
    inputs: InputSet,
    producer: Producer,
    role: Role,
    standing: Standing,
}

/// Whether the producer may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Ready,
    /// After it was restored.
    Lost,
    /// Not in this process: another one has taken over.
    Replaced,
}

/// What an output was made from, according to its header tags.
pub(super) struct Provenance {
    pub(super) version: Version,
    pub(super) inputs: BTreeMap<String, Version>,
    pub(super) instant: i64,
}

impl Provenance {
    pub(super) fn read(state: &ReadState) -> Result<Self, RunnerError> {
        let version = state.version().unwrap_or(Version(0));
        let tags = state.header_tags();
        let number = |tag: &str, expected: &'static str| -> Result<i64, RunnerError> {
            let found = tags.get(tag);
            found
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| RunnerError::Tag {
                    version,
                    tag: tag.to_owned(),
                    expected,
                    found: found.cloned(),
                })
        };
        let mut inputs = BTreeMap::new();
        for tag in tags.keys() {
            if let Some(name) = tag.strip_prefix(INPUT) {
                inputs.insert(name.to_owned(), Version(number(tag, "a version")?));
            }
        }
        Ok(Provenance {
            version,
            inputs,
            instant: number(INSTANT, "epoch milliseconds")?,
        })
    }
}

impl<D: Derivation> Runner<D> {
    /// A runner over these parts. The inputs must be those of the derivation, in its order.
    pub fn new(derivation: D, inputs: InputSet, producer: Producer, role: Role) -> Self {
        Runner {
            derivation,
            inputs,
            producer,
            role,
            standing: Standing::Lost,
        }
    }

    /// The last output; `None` before the first cycle.
    pub fn output(&self) -> Option<Arc<ReadState>> {
        self.producer.state()
    }

    /// The derivation.
    pub fn derivation(&self) -> &D {
        &self.derivation
    }

    /// The inputs.
    pub fn inputs(&self) -> &InputSet {
        &self.inputs
    }

    /// Brings a leading runner's inputs up to date without evaluating them, for what else reads them. A following runner's
    /// inputs stay, because what it follows decides about them.
    pub fn refresh_inputs(&mut self, now: i64) {
        if matches!(self.role, Role::Lead) {
            self.inputs.refresh(now);
        }
    }

    /// Takes over the output store and continues its chain. Cycles do it when it was not done.
    ///
    /// # Errors
    /// [`RunnerError::Publish`] if the announced output cannot be continued.
    pub fn restore(&mut self) -> Result<Option<Version>, RunnerError> {
        let version = self.producer.restore()?;
        self.standing = Standing::Ready;
        Ok(version)
    }

    /// One cycle at `now` (epoch milliseconds).
    ///
    /// # Errors
    /// [`RunnerError`]; the last output stays in force.
    pub fn cycle(&mut self, now: i64) -> Result<CycleReport, RunnerError> {
        match self.standing {
            Standing::Ready => {}
            Standing::Lost => drop(self.restore()?),
            Standing::Replaced => return Err(RunnerError::Replaced),
        }
        let follows = match &self.role {
            Role::Lead => {
                self.inputs.refresh(now);
                None
            }
            Role::Follow(lead) => {
                let lead = Arc::clone(lead);
                match self.follow(&lead, now)? {
                    Some(follows) => Some(follows),
                    None => return Ok(self.report(Outcome::Waiting(vec!["the output to follow".to_owned()]))),
                }
            }
        };
        let states = match self.inputs.states() {
            Ok(states) => states,
            Err(missing) => return Ok(self.report(Outcome::Waiting(missing))),
        };
        let previous = self.producer.state();
        let previous = previous.as_deref().map(Provenance::read).and_then(Result::ok);
        let instant = match &follows {
            Some((_, instant)) => *instant,
            // Time never goes back: a clock set back must not undo what an instant has already made so.
            None => previous.map_or(now, |previous| previous.instant.max(now)),
        };
        let follows = follows.map(|(follows, _)| follows);
        if follows.as_ref().is_some_and(|follows| self.is_followed(follows)) {
            return Ok(CycleReport {
                instant: Some(instant),
                follows,
                ..self.report(Outcome::Unchanged)
            });
        }
        self.evaluate(&states, instant, follows)
    }

    /// Brings the inputs to where the leading runner's newest output had them. `None` if there is none yet.
    fn follow(&mut self, lead: &Consumer, now: i64) -> Result<Option<(Follows, i64)>, RunnerError> {
        lead.refresh()?;
        let Some(state) = lead.state() else { return Ok(None) };
        let provenance = Provenance::read(&state)?;
        let pinned = self.inputs.pin_to(|name| provenance.inputs.get(name).copied(), now);
        pinned.map_err(|source| RunnerError::Pin {
            version: provenance.version,
            source: Box::new(source),
        })?;
        let before = self.followed();
        let between =
            |version: &&Version| before.is_some_and(|before| **version > before) && **version < provenance.version;
        let skipped = match before {
            // Counting is for information: where the chain cannot be read, nothing is claimed.
            Some(before) if before < provenance.version => lead
                .versions()
                .map_or(0, |versions| versions.iter().filter(between).count() as u64),
            _ => 0,
        };
        let follows = Follows {
            version: provenance.version.0,
            skipped,
        };
        Ok(Some((follows, provenance.instant)))
    }

    fn followed(&self) -> Option<Version> {
        let state = self.producer.state()?;
        state.header_tags().get(FOLLOWS)?.parse().ok()
    }

    /// Whether the last output already follows that version, under the present policy and logic.
    fn is_followed(&self, follows: &Follows) -> bool {
        let Some(state) = self.producer.state() else {
            return false;
        };
        let tag = |name: &str| state.header_tags().get(name).map(String::as_str);
        self.followed() == Some(Version(follows.version))
            && tag(POLICY) == Some(self.derivation.policy_id().as_str())
            && tag(LOGIC) == Some(self.derivation.logic_version().as_str())
    }

    fn evaluate(
        &mut self,
        states: &[Arc<ReadState>],
        instant: i64,
        follows: Option<Follows>,
    ) -> Result<CycleReport, RunnerError> {
        let start = Instant::now();
        let records = self
            .derivation
            .evaluate(states, instant)
            .map_err(RunnerError::Evaluate)?;
        let digest = records.digest();
        let evaluate = start.elapsed();
        let start = Instant::now();
        let tags = self.tags(states, instant, &digest, follows.as_ref());
        let outcome = if self.is_published(&tags) {
            Outcome::Unchanged
        } else {
            self.publish(&records, &tags)?
        };
        Ok(CycleReport {
            instant: Some(instant),
            digest: Some(digest),
            follows,
            evaluate,
            publish: start.elapsed(),
            ..self.report(outcome)
        })
    }

    fn tags(
        &self,
        states: &[Arc<ReadState>],
        instant: i64,
        digest: &Digest,
        follows: Option<&Follows>,
    ) -> BTreeMap<String, String> {
        let version = |state: &Arc<ReadState>| state.version().map_or(0, |version| version.0);
        let inputs = self.inputs.names().zip(states);
        let mut tags: BTreeMap<String, String> = inputs
            .map(|(name, state)| (format!("{INPUT}{name}"), version(state).to_string()))
            .collect();
        tags.insert(INSTANT.to_owned(), instant.to_string());
        tags.insert(POLICY.to_owned(), self.derivation.policy_id());
        tags.insert(LOGIC.to_owned(), self.derivation.logic_version());
        tags.insert(DIGEST.to_owned(), digest.to_string());
        if let Some(follows) = follows {
            tags.insert(FOLLOWS.to_owned(), follows.version.to_string());
            tags.insert(SKIPPED.to_owned(), follows.skipped.to_string());
        }
        tags
    }

    /// Whether the last output differs in nothing but the instant.
    fn is_published(&self, tags: &BTreeMap<String, String>) -> bool {
        let Some(state) = self.producer.state() else {
            return false;
        };
        let published = state.header_tags();
        tags.iter()
            .filter(|(name, _)| *name != INSTANT)
            .all(|(name, value)| published.get(name) == Some(value))
    }

    fn publish(&mut self, records: &Records, tags: &BTreeMap<String, String>) -> Result<Outcome, RunnerError> {
        let outcome = self.producer.run_cycle(|cycle| {
            records.write(cycle.engine())?;
            let is_ours = |name: &String| name.starts_with(INPUT) || *name == FOLLOWS || *name == SKIPPED;
            let gone: Vec<String> = cycle.tags().keys().filter(|name| is_ours(name)).cloned().collect();
            gone.iter().for_each(|name| cycle.remove_tag(name));
            tags.iter().for_each(|(name, value)| cycle.tag(name, value));
            Ok(())
        });
        match outcome {
            Ok(CycleOutcome::NothingChanged) => Ok(Outcome::Unchanged),
            Ok(CycleOutcome::Published { version, stats }) => Ok(Outcome::Published { version, stats }),
            Err(CycleError::Fenced { .. }) => {
                self.standing = Standing::Replaced;
                Err(RunnerError::Replaced)
            }
            Err(error) => {
                if matches!(error, CycleError::Unresolved { .. } | CycleError::NeedsRestore) {
                    self.standing = Standing::Lost;
                }
                Err(error.into())
            }
        }
    }

    fn report(&self, outcome: Outcome) -> CycleReport {
        CycleReport {
            outcome,
            instant: None,
            digest: None,
            inputs: self.inputs.status(),
            follows: None,
            evaluate: Duration::ZERO,
            publish: Duration::ZERO,
        }
    }
}
