//! What lies in the store and is reachable from no version.

use super::{Severity, Verification, listed};
use crate::Version;
use crate::store::{BlobRef, Key, Link, LinkRef};
use std::collections::BTreeSet;

/// The versions that garbage collection may have left without blobs: between an older one that is there and a newer one
/// that begins with its snapshot.
pub(super) fn thinned(names: &[String], links: &[Link]) -> BTreeSet<Version> {
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    let is_there = |blob: &BlobRef| names.contains(blob.name.as_str());
    let is_gone = |link: &Link| {
        let blobs = [&link.snapshot, &link.delta, &link.reverse_delta];
        link.manifest.is_some() && !blobs.into_iter().flatten().any(is_there)
    };
    let mut thinned = BTreeSet::new();
    for run in links
        .chunk_by(|a, b| is_gone(a) == is_gone(b))
        .collect::<Vec<_>>()
        .windows(3)
    {
        let [newer, run, _older] = run else { continue };
        let begins = newer
            .last()
            .is_some_and(|link| link.snapshot.as_ref().is_some_and(is_there));
        if begins && run.iter().all(is_gone) {
            thinned.extend(run.iter().map(|link| link.version));
        }
    }
    thinned
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
