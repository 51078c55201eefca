//! Checking what is published: every blob of every version, by every route that leads there.
//!
//! From the oldest version to the newest:
//!
//! - every blob has the length and digest its manifest lists, and makes a state or applies to one;
//! - the state has the tags, schemas and record checksum that its manifest lists;
//! - where a snapshot and a delta lead to the same version, they lead to the same records;
//! - a reverse delta leads back to the state before, header tags included;
//! - in the newest version (or in all): no reference leads nowhere, no two records have one key;
//! - what is announced and pinned is there, and what is there is reachable.
//!
//! Versions whose blobs are all gone, as [garbage collection](super::gc) leaves those between a version that is held and
//! the newest ones, are counted and passed over.
//!
//! A directory of Java Hollow has no manifests: there only structure and routes are checked against each other.

mod inventory;
mod version;

use super::route::Chain;
use super::{LinkRef, Source, StoreError};
use crate::Version;
use std::fmt;
use version::Walk;

/// How much of a finding's text names types and objects one by one.
const MOST_NAMES: usize = 5;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, nothing wrong: leftovers of a crash, records nobody refers to.
    Note,
    /// What is published contradicts itself: routes lead to different records, a reference leads nowhere.
    Fault,
    /// Bytes are missing or not what they must be.
    Damage,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Note => "note",
            Severity::Fault => "fault",
            Severity::Damage => "damage",
        })
    }
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The version it concerns; `None` if it is none in particular.
    pub version: Option<Version>,
    /// The blob, type or object it concerns.
    pub what: String,
    /// What is wrong, in words.
    pub problem: String,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verification {
    /// Versions in the chain.
    pub versions: usize,
    /// Snapshots read.
    pub snapshots: usize,
    /// Deltas applied.
    pub deltas: usize,
    /// Reverse deltas applied.
    pub reverse_deltas: usize,
    /// Bytes of all blobs that were opened.
    pub bytes: u64,
    /// What was found, oldest version first.
    pub findings: Vec<Finding>,
}

impl Verification {
    /// How bad the worst finding is; `None` if nothing was found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).max()
    }

    fn find(&mut self, severity: Severity, version: Option<Version>, what: impl ToString, problem: impl ToString) {
        self.findings.push(Finding {
            severity,
            version,
            what: what.to_string(),
            problem: problem.to_string(),
        });
    }
}

/// How far a verification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Versions done.
    pub done: usize,
    /// Versions in all.
    pub versions: usize,
    /// The version to be looked at next.
    pub next: Version,
}

/// Walks the whole chain of a source. With `deep`, references and keys are looked at in every version.
///
/// Reads every blob; looks at every record of every version two to four times. `progress` is called before each version.
///
/// # Errors
/// [`StoreError`] if the source does not answer; what it answers wrongly is a finding.
pub fn verify(source: &dyn Source, deep: bool, mut progress: impl FnMut(Step)) -> Result<Verification, StoreError> {
    let mut report = Verification::default();
    let Some(announced) = or_found(&mut report, "announcement", source.announced())? else {
        return Ok(report);
    };
    let Some(tip) = or_found(&mut report, "newest version", source.tip())? else {
        return Ok(report);
    };
    if announced.is_none() {
        report.find(Severity::Note, None, "announcement", "nothing is announced");
    }
    let mut chain = Chain::new(source, tip.or(announced));
    loop {
        match chain.extend() {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let version = chain
                    .links()
                    .last()
                    .and_then(|link| link.previous)
                    .map(|previous| previous.version);
                damage_or_err(
                    &mut report,
                    version.or(announced.map(|at| at.version)),
                    "manifest",
                    error,
                )?;
                break;
            }
        }
    }
    let links = chain.links();
    report.versions = links.len();
    let mut walk = Walk::new(source, deep);
    let names = source.inventory()?;
    let thinned = inventory::thinned(&names, links);
    for (done, link) in links.iter().rev().enumerate() {
        progress(Step {
            done,
            versions: links.len(),
            next: link.version,
        });
        match thinned.contains(&link.version) {
            true => walk.skip(),
            false => walk.version(link, done + 1 == links.len(), &mut report)?,
        }
    }
    if !thinned.is_empty() {
        let problem = format!("{} versions have no blobs any more: nothing needed them", thinned.len());
        report.find(Severity::Note, None, "removed", problem);
    }
    let is_there = |version: Version| links.iter().any(|link| link.version == version) && !thinned.contains(&version);
    check_reachable(
        &mut report,
        "announced version",
        announced.map(|at: LinkRef| at.version),
        is_there,
    );
    let pins = or_found(&mut report, "pin", source.pins())?.unwrap_or_default();
    for pin in pins.all() {
        check_reachable(&mut report, "pinned version", Some(pin.version), is_there);
    }
    inventory::check(names, tip.or(announced), links, &mut report);
    Ok(report)
}

fn check_reachable(
    report: &mut Verification,
    what: &str,
    version: Option<Version>,
    is_there: impl Fn(Version) -> bool,
) {
    if let Some(version) = version.filter(|version| !is_there(*version)) {
        report.find(Severity::Fault, Some(version), what, "is not part of the chain");
    }
}

/// The answer; `None` if it was a wrong one, which is a finding then.
fn or_found<T>(report: &mut Verification, what: &str, answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => damage_or_err(report, None, what, error).map(|()| None),
    }
}

/// Damage and absence are findings, everything else is an error.
fn damage_or_err(
    report: &mut Verification,
    version: Option<Version>,
    what: &str,
    error: StoreError,
) -> Result<(), StoreError> {
    match error {
        StoreError::Absent { .. } | StoreError::Corrupt { .. } | StoreError::Invalid { .. } => {
            report.find(Severity::Damage, version, what, error);
            Ok(())
        }
        error => Err(error),
    }
}

/// Names in a finding: the first ones, and how many more there are.
fn listed(names: &[String]) -> String {
    let mut text = names.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST_NAMES {
        text.push_str(&format!(" and {} more", names.len() - MOST_NAMES));
    }
    text
}
