//! Versions that consumers are held at, whatever is announced.

use super::{Document, check_name, check_text};
use crate::Version;
use crate::store::manifest::parse;
use crate::store::{Register, SCHEMA, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More pins than anybody can oversee. With reasons of full length they still fit into a register.
const MAX_PINS: usize = 50;
/// The most pairs of a scope.
const MAX_LABELS: usize = 10;

/// What tells consumers apart: `application`, `region`, `instance`, whatever is agreed on.
pub type Labels = BTreeMap<String, String>;

/// Holds some consumers at a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The labels a consumer must have, all of them, to be held. Empty holds everybody.
    #[serde(default)]
    pub scope: Labels,
    /// The version they are held at.
    pub version: Version,
    /// Why.
    pub reason: String,
    /// Who said so.
    #[serde(default)]
    pub by: String,
    /// When, in milliseconds since 1970.
    pub pinned_at: u64,
    /// Until when, in milliseconds since 1970; `None` until it is taken back.
    #[serde(default)]
    pub expires_at: Option<u64>,
}

impl Pin {
    /// A pin that holds everybody until it is taken back.
    pub fn everybody(version: Version, reason: &str, pinned_at: u64) -> Self {
        Self {
            scope: Labels::new(),
            version,
            reason: reason.to_owned(),
            by: String::new(),
            pinned_at,
            expires_at: None,
        }
    }

    /// Whether the pin still counts at this moment, in milliseconds since 1970.
    pub fn is_in_force(&self, now: u64) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether the pin is meant for a consumer with these labels.
    pub fn applies_to(&self, labels: &Labels) -> bool {
        self.scope.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

/// All pins of a dataset: one for each scope at most.
///
/// The most specific pin that matches a consumer counts: the one with the most pairs; of those with equally many, the
/// one made last. A pin past its time counts for nothing.
///
/// Whether a pin is past its time is for the clock of the consumer: one whose clock is fast leaves the pin early by as
/// much, one whose clock is slow stays longer by as much. Nobody is ever held, or let go, for good by a wrong clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins(Vec<Pin>);

/// The document. Programs that know one pin only read what everybody is held at.
#[derive(Serialize, Deserialize)]
struct Form {
    schema: u32,
    version: Option<Version>,
    reason: String,
    pinned_at: u64,
    pins: Option<Vec<Pin>>,
}

impl Document for Pins {
    const REGISTER: Register = Register::Pin;

    fn parse(bytes: &[u8]) -> Result<Self, StoreError> {
        let form: Form = parse("pin", bytes)?;
        let single = form
            .version
            .map(|version| Pin::everybody(version, &form.reason, form.pinned_at));
        Ok(Self(form.pins.unwrap_or_else(|| Vec::from_iter(single))))
    }

    fn to_json(&self) -> Vec<u8> {
        let everybody = self.0.iter().rfind(|pin| pin.scope.is_empty());
        let form = Form {
            schema: SCHEMA,
            version: everybody.map(|pin| pin.version),
            reason: everybody.map_or_else(String::new, |pin| pin.reason.clone()),
            pinned_at: everybody.map_or(0, |pin| pin.pinned_at),
            pins: Some(self.0.clone()),
        };
        serde_json::to_vec(&form).expect("pins are plain data")
    }
}

impl Pins {
    /// All pins, those past their time included, in the order in which they were made.
    pub fn all(&self) -> &[Pin] {
        &self.0
    }

    /// The pin that holds a consumer with these labels at this moment, in milliseconds since 1970.
    pub fn for_consumer(&self, labels: &Labels, now: u64) -> Option<&Pin> {
        let counts = |pin: &&Pin| pin.is_in_force(now) && pin.applies_to(labels);
        let matching = self.0.iter().filter(counts);
        matching.max_by_key(|pin| (pin.scope.len(), pin.pinned_at))
    }

    /// Adds a pin in place of that of the same scope, and forgets those past their time. Gives the one replaced.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if labels or texts are none, or there are too many pins.
    pub fn add(&mut self, pin: Pin) -> Result<Option<Pin>, StoreError> {
        for (key, value) in &pin.scope {
            check_name("name of a label", key)?;
            check_name("value of a label", value)?;
        }
        check_text("reason of a pin", &pin.reason)?;
        check_text("name of a person", &pin.by)?;
        let now = pin.pinned_at;
        let replaced = self.remove(&pin.scope);
        self.0.retain(|pin| pin.is_in_force(now));
        if self.0.len() >= MAX_PINS || pin.scope.len() > MAX_LABELS {
            return Err(StoreError::Invalid {
                what: "number of pins",
                expected: "at most 50, each with at most 10 labels: take some back first",
                found: self.0.len().to_string(),
            });
        }
        self.0.push(pin);
        Ok(replaced)
    }

    /// Takes back the pin of exactly this scope, and gives it.
    pub fn remove(&mut self, scope: &Labels) -> Option<Pin> {
        let at = self.0.iter().position(|pin| pin.scope == *scope)?;
        Some(self.0.remove(at))
    }
}

impl FromIterator<Pin> for Pins {
    fn from_iter<I: IntoIterator<Item = Pin>>(pins: I) -> Self {
        Self(pins.into_iter().collect())
    }
}
