//! What is to be kept, and why.

use crate::Version;
use crate::store::route::Chain;
use crate::store::{LinkRef, Pins, Source, Store, StoreError, Tags};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// The header tags in which a derived dataset names what it was made from: this, and the name of the dataset.
const INPUT: &str = "in.";
/// How long refused candidates are kept for inspection if nothing else is said.
const QUARANTINE: Duration = Duration::from_secs(7 * 86_400);

/// What to keep.
#[derive(Clone, Debug)]
pub struct Keep {
    pub(super) versions: usize,
    pub(super) grace: Duration,
    pub(super) quarantine: Duration,
    pub(super) derived: Vec<Store>,
    pub(super) thorough: bool,
}

impl Keep {
    /// Keeps the newest `count` versions (at least one) and what people or derived datasets hold, nothing besides.
    pub fn versions(count: usize) -> Self {
        Self {
            versions: count.max(1),
            grace: Duration::ZERO,
            quarantine: QUARANTINE,
            derived: Vec::new(),
            thorough: true,
        }
    }

    /// Keeps what is younger than this. At least twice as long as anybody may take to publish a version or to load one.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Keeps refused candidates for so long (default: 7 days).
    pub fn quarantine(mut self, age: Duration) -> Self {
        self.quarantine = age;
        self
    }

    /// Keeps the versions that a derived dataset was made from. Of its header tags `in.<dataset>=<version>` every number
    /// counts that is a version here: what the dataset is called there is not looked at.
    pub fn derived(mut self, store: Store) -> Self {
        self.derived.push(store);
        self
    }

    /// Does not look for objects without names as long as the whole chain is needed: for whoever cleans after each version.
    pub(crate) fn only_the_chain(mut self) -> Self {
        self.thorough = false;
        self
    }

    /// The versions that are held by name, each with the reasons.
    pub(super) fn held(&self, pins: &Pins, tags: &Tags, now: u64) -> Result<BTreeMap<Version, Vec<Why>>, StoreError> {
        let mut held: BTreeMap<Version, Vec<Why>> = BTreeMap::new();
        // Clocks of consumers may be slow: they go on using a pin for a while.
        let before = now.saturating_sub(millis(self.grace));
        for pin in pins.all().iter().filter(|pin| pin.is_in_force(before)) {
            held.entry(pin.version)
                .or_default()
                .push(Why::Pin(scope_text(&pin.scope)));
        }
        for (name, tag) in tags.all() {
            held.entry(tag.version).or_default().push(Why::Tag(name.clone()));
        }
        for derived in &self.derived {
            for (version, by) in lineage(derived)? {
                held.entry(version).or_default().push(Why::MadeFrom(by));
            }
        }
        Ok(held)
    }
}

/// The versions that the versions of a derived dataset were made from, each with one that was.
fn lineage(derived: &Store) -> Result<BTreeMap<Version, Version>, StoreError> {
    let tip = derived.announced()?;
    let mut chain = Chain::new(derived, tip);
    chain.extend_to_end()?;
    let mut inputs = BTreeMap::new();
    for link in chain.links() {
        let tags = link.manifest.iter().flat_map(|manifest| &manifest.header_tags);
        for (_, value) in tags.filter(|(name, _)| name.starts_with(INPUT)) {
            inputs.extend(value.parse().ok().map(|version: Version| (version, link.version)));
        }
    }
    Ok(inputs)
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn scope_text(scope: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = scope.iter().map(|(key, value)| format!("{key}={value}")).collect();
    match pairs.is_empty() {
        true => "everybody".to_owned(),
        false => pairs.join(","),
    }
}

/// Why a version is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It is announced.
    Announced,
    /// It is one of the newest.
    Window,
    /// It is younger than the grace time.
    Young,
    /// A pin holds these consumers there.
    Pin(String),
    /// It has this tag.
    Tag(String),
    /// This version of a derived dataset was made from it.
    MadeFrom(Version),
    /// Another version that is kept is loaded by way of it.
    Route,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Announced => f.write_str("announced"),
            Why::Window => f.write_str("newest"),
            Why::Young => f.write_str("young"),
            Why::Pin(scope) => write!(f, "pin {scope}"),
            Why::Tag(name) => write!(f, "tag {name}"),
            Why::MadeFrom(version) => write!(f, "input of {version}"),
            Why::Route => f.write_str("on the way"),
        }
    }
}

/// The announced version of a store, with what tells whether it moved.
pub(super) fn announced(store: &Store) -> Result<Option<(super::super::Head, LinkRef)>, StoreError> {
    Ok(store.head()?.map(|(head, _)| {
        let at = LinkRef::from(&head);
        (head, at)
    }))
}
