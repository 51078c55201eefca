//! Whether the next cycle may begin, and as what.

use super::{ACCEPTED_CANDIDATE, Acceptance, Candidate, Hold, Streak, candidates, read_register};
use hollow::Version;
use hollow::store::{Manifest, Previous, Register, Store, StoreError, Token};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many versions of the chain are looked at for how often candidates were refused.
const VERSIONS: usize = 5;

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Gate {
    /// A cycle.
    Open,
    /// Nothing, for this reason.
    Held(String),
    /// The cycle that a person has accepted.
    Accepted(Box<Acceptance>),
}

/// What a service knows of people's wishes. All of it can be read again from the store.
pub(crate) struct Control {
    store: Store,
    streak: Streak,
    /// What was refused last, in words.
    refusal: Option<String>,
    /// The register as it was seen last.
    hold: Option<Token>,
    /// The acceptance that was used, or came to nothing.
    done_with: Option<Token>,
    /// The acceptance that is being used.
    using: Option<Token>,
    /// Whether an acceptance may have come without a refusal that is remembered.
    look_for_acceptance: bool,
    /// Candidates that chain says were accepted.
    accepted: Vec<String>,
}

impl Control {
    pub(crate) fn new(store: Store) -> Self {
        Self {
            store,
            streak: Streak::default(),
            refusal: None,
            hold: None,
            done_with: None,
            using: None,
            look_for_acceptance: true,
            accepted: Vec::new(),
        }
    }

    /// Reads what happened before from chain and quarantine.
    pub(crate) fn restore(&mut self) -> Result<(), StoreError> {
        let hold = read_register::<Hold>(&self.store, Register::Hold)?;
        let forgiven = hold.as_ref().and_then(|(hold, _)| hold.forgives);
        self.hold = hold.map(|(_, token)| token);
        let chain = last_versions(&self.store)?;
        let accepted = |manifest: &Manifest| manifest.header_tags.get(ACCEPTED_CANDIDATE).cloned();
        self.accepted = chain.iter().filter_map(accepted).collect();
        let published: Vec<(Version, bool)> = chain
            .iter()
            .map(|manifest| (manifest.version, accepted(manifest).is_some()))
            .collect();
        let refused = candidates(&self.store)?;
        let versions: Vec<Version> = refused.iter().map(|candidate| candidate.manifest.version).collect();
        self.streak = Streak::of(&published, &versions, forgiven);
        self.refusal = refused.first().map(describe);
        self.look_for_acceptance = true;
        Ok(())
    }

    /// Whether a cycle may begin. Gives also what is to be told of an acceptance that is for nothing.
    pub(crate) fn look(
        &mut self,
        announced: Option<Previous>,
        now: SystemTime,
    ) -> Result<(Gate, Option<(String, String)>), StoreError> {
        let now = now
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
        if let Some((hold, token)) = read_register::<Hold>(&self.store, Register::Hold)? {
            let is_new = self.hold.as_ref() != Some(&token);
            self.hold = Some(token);
            if hold.is_in_force(now) {
                let reason = format!(
                    "held by {}: {}; `incremental-producer release` ends it",
                    hold.by, hold.reason
                );
                return Ok((Gate::Held(reason), None));
            }
            if is_new && !hold.held {
                self.streak.forgive();
                self.look_for_acceptance = true;
            }
        }
        let mut ignored = None;
        if self.look_for_acceptance || self.streak.refusals() > 0 {
            match self.acceptance(announced)? {
                Some(Ok(acceptance)) => return Ok((Gate::Accepted(Box::new(acceptance)), None)),
                Some(Err(reason)) => ignored = reason,
                None => {}
            }
            self.look_for_acceptance = false;
        }
        if self.streak.is_too_much() {
            return Ok((Gate::Held(self.refused_text()), ignored));
        }
        Ok((Gate::Open, ignored))
    }

    /// The acceptance that is to be used; or what to tell of one that is for nothing, once.
    #[expect(clippy::type_complexity, reason = "what it is made of stands in the line above")]
    fn acceptance(
        &mut self,
        announced: Option<Previous>,
    ) -> Result<Option<Result<Acceptance, Option<(String, String)>>>, StoreError> {
        let read = read_register::<Acceptance>(&self.store, Register::Acceptance)?;
        let Some((acceptance, token)) = read.filter(|(_, token)| self.done_with.as_ref() != Some(token)) else {
            return Ok(None);
        };
        if acceptance.based_on == announced {
            self.using = Some(token);
            return Ok(Some(Ok(acceptance)));
        }
        self.done_with = Some(token);
        if self.accepted.contains(&acceptance.candidate) {
            return Ok(Some(Err(None)));
        }
        let version = |previous: Option<Previous>| {
            previous.map_or_else(|| "none".to_owned(), |previous| previous.version.to_string())
        };
        let reason = format!(
            "it continues version={}, and announced is version={}",
            version(acceptance.based_on),
            version(announced)
        );
        Ok(Some(Err(Some((acceptance.candidate, reason)))))
    }

    /// The acceptance in use came to a version, or to nothing: either way it is not tried again.
    pub(crate) fn done_with_acceptance(&mut self) {
        self.done_with = self.using.take();
    }

    /// A version was published.
    pub(crate) fn published(&mut self) {
        if self.using.is_some() {
            self.done_with_acceptance();
            self.streak.forgive();
        } else {
            self.streak.published();
        }
    }

    /// A candidate was refused.
    pub(crate) fn refused(&mut self, text: String) {
        self.streak.refused();
        self.refusal = Some(text);
    }

    /// Whether a person has to decide before anything more is tried.
    pub(crate) fn is_too_much(&self) -> bool {
        self.streak.is_too_much()
    }

    fn refused_text(&self) -> String {
        format!(
            "{} of the last candidates were refused; the last: {}. `incremental-producer quarantine` shows them, `accept` \
             publishes one, `release` lets the service try again",
            self.streak.refusals(),
            self.refusal.as_deref().unwrap_or("unknown")
        )
    }
}

fn describe(candidate: &Candidate) -> String {
    let refusals: Vec<String> = candidate
        .refusals()
        .map(|receipt| format!("{}: {}", receipt.validator, receipt.details))
        .collect();
    format!("{}; candidate={}", refusals.join("; "), candidate.name)
}

/// The manifests of the last versions of the chain, newest first.
pub(crate) fn last_versions(store: &Store) -> Result<Vec<Manifest>, StoreError> {
    let mut chain = Vec::new();
    let mut next = store.head()?.map(|(head, _)| Previous {
        version: head.version,
        manifest: head.manifest,
    });
    while let Some(at) = next.filter(|_| chain.len() < VERSIONS) {
        let manifest = match store.manifest(at.version, &at.manifest) {
            Ok(manifest) => manifest,
            Err(StoreError::Absent { .. }) => break, // cleaned up
            Err(error) => return Err(error),
        };
        next = manifest.previous;
        chain.push(manifest);
    }
    Ok(chain)
}
