//! What lies in the store and is reachable from no version.

use super::{Severity, Verification, listed};
use crate::Version;
use crate::store::{Key, Link, LinkRef};
use std::collections::BTreeSet;

/// The versions that have blobs by their manifests, and none of them in the store. Never the newest.
pub(super) fn thinned(names: &[String], links: &[Link]) -> BTreeSet<Version> {
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let is_gone = |link: &&Link| {
        let mut blobs = [&link.snapshot, &link.delta, &link.reverse_delta].into_iter().flatten();
        link.manifest.is_some() && !names.is_empty() && blobs.all(|blob| !names.contains(blob.name.as_str()))
    };
    links.iter().skip(1).filter(is_gone).map(|link| link.version).collect()
}

/// Compares what is there with what the chain names.
pub(super) fn check(inventory: Vec<String>, tip: Option<LinkRef>, links: &[Link], report: &mut Verification) {
    let mut named: BTreeSet<String> = BTreeSet::new();
    // By the digests under which the chain names them: that is what makes them reachable.
    for at in links.iter().filter_map(|link| link.previous).chain(tip) {
        named.extend(at.manifest.map(|digest| Key::manifest(at.version, &digest).to_string()));
    }
    for link in links {
        for blob in [&link.snapshot, &link.delta, &link.reverse_delta].into_iter().flatten() {
            named.insert(blob.name.clone());
            named.extend(blob.parts.iter().map(|part| part.name.clone()));
        }
    }
    let mut others: Vec<String> = inventory.into_iter().filter(|name| !named.contains(name)).collect();
    if !others.is_empty() {
        others.sort();
        let problem = format!(
            "{} objects belong to no version of the chain: {}",
            others.len(),
            listed(&others)
        );
        report.find(Severity::Note, None, "leftovers", problem);
    }
}
