//! One version of a chain: its blobs, its state, and the ways that lead to it.

use super::{Severity, Verification, damage_or_err, listed};
use crate::index::UniqueKey;
use crate::read::{LoadOptions, ReadState};
use crate::schema::Schema;
use crate::store::{BlobBytes, BlobRef, Link, Source, StoreError};
use crate::tools::checksum::Checksums;
use crate::tools::references::Survey;
use crate::{Version, blob::DecodeError};

/// A walk from the oldest version to the newest.
pub(super) struct Walk<'a> {
    source: &'a dyn Source,
    deep: bool,
    /// The version before, if it could be reached.
    before: Option<Reached>,
    is_first: bool,
}

/// A state and what is known about it.
struct Reached {
    state: ReadState,
    sums: Checksums,
}

impl Reached {
    fn new(state: ReadState) -> Self {
        Self {
            sums: Checksums::of(&state),
            state,
        }
    }
}

impl<'a> Walk<'a> {
    pub(super) fn new(source: &'a dyn Source, deep: bool) -> Self {
        Self {
            source,
            deep,
            before: None,
            is_first: true,
        }
    }

    /// Looks at the next version.
    pub(super) fn version(&mut self, link: &Link, newest: bool, report: &mut Verification) -> Result<(), StoreError> {
        let snapshot = self.snapshot(link, report)?;
        let by_delta = self.delta(link, report)?;
        if let (Some(a), Some(b)) = (&snapshot, &by_delta) {
            compare_routes(link.version, a, b, report);
        }
        // What follows was made for the schemas of the snapshot, if they changed here.
        let reached = match (snapshot, by_delta) {
            (Some(snapshot), Some(delta)) if snapshot.sums == delta.sums => Some(delta),
            (Some(snapshot), _) => Some(snapshot),
            (None, delta) => delta,
        };
        let was_first = std::mem::replace(&mut self.is_first, false);
        match &reached {
            Some(reached) => {
                check_manifest(link, reached, report);
                if newest || self.deep {
                    check_content(link.version, &reached.state, report);
                }
            }
            None => report.find(Severity::Fault, Some(link.version), "version", "no way leads to it"),
        }
        if !was_first && link.delta.is_none() {
            let problem = "no delta leads to it: consumers have to load a snapshot";
            report.find(Severity::Note, Some(link.version), "version", problem);
        }
        self.reverse_delta(link, reached.as_ref(), report)?;
        self.before = reached;
        Ok(())
    }

    /// Passes over a version that has no blobs any more.
    pub(super) fn skip(&mut self) {
        self.before = None;
        self.is_first = true; // what follows begins anew
    }

    fn open(
        &self,
        version: Version,
        blob: &BlobRef,
        report: &mut Verification,
    ) -> Result<Option<Vec<BlobBytes>>, StoreError> {
        match self.source.open(blob) {
            Ok(bytes) => {
                report.bytes += bytes.iter().map(|bytes| bytes.len() as u64).sum::<u64>();
                Ok(Some(bytes))
            }
            Err(error) => damage_or_err(report, Some(version), &blob.name, error).map(|()| None),
        }
    }

    fn snapshot(&self, link: &Link, report: &mut Verification) -> Result<Option<Reached>, StoreError> {
        let Some(blob) = &link.snapshot else {
            return Ok(None);
        };
        let Some(bytes) = self.open(link.version, blob, report)? else {
            return Ok(None);
        };
        report.snapshots += 1;
        let read = with_parts(&bytes, |main, parts| {
            let options = LoadOptions {
                parts: parts.to_vec(),
                ..LoadOptions::default()
            };
            ReadState::from_snapshot_with(main, &options)
        });
        Ok(decoded(read, link.version, blob, report))
    }

    fn delta(&self, link: &Link, report: &mut Verification) -> Result<Option<Reached>, StoreError> {
        let Some(blob) = &link.delta else {
            return Ok(None);
        };
        let Some(bytes) = self.open(link.version, blob, report)? else {
            return Ok(None);
        };
        let Some(before) = self.before.as_ref() else {
            return Ok(None); // the version before is past its time, or has a finding of its own
        };
        report.deltas += 1;
        let applied = with_parts(&bytes, |main, parts| before.state.apply_delta_with(main, parts));
        Ok(decoded(applied, link.version, blob, report))
    }

    /// Whether the reverse delta leads back to where the walk comes from.
    fn reverse_delta(&self, link: &Link, here: Option<&Reached>, report: &mut Verification) -> Result<(), StoreError> {
        let Some(blob) = &link.reverse_delta else {
            return Ok(());
        };
        let Some(bytes) = self.open(link.version, blob, report)? else {
            return Ok(());
        };
        let (Some(here), Some(before)) = (here, &self.before) else {
            return Ok(());
        };
        report.reverse_deltas += 1;
        let applied = with_parts(&bytes, |main, parts| here.state.apply_delta_with(main, parts));
        let Some(back) = decoded(applied, link.version, blob, report) else {
            return Ok(());
        };
        let version = Some(link.version);
        if back.state.tag() != before.state.tag() {
            report.find(
                Severity::Fault,
                version,
                &blob.name,
                "leads to another state than the one before",
            );
        } else if let Some(types) = difference(&back, before) {
            let problem = format!("does not lead back to the records of the version before: {types}");
            report.find(Severity::Fault, version, &blob.name, problem);
        } else if back.state.header_tags() != before.state.header_tags() {
            let problem = "does not lead back to the header tags of the version before";
            report.find(Severity::Fault, version, &blob.name, problem);
        }
        Ok(())
    }
}

fn with_parts<T>(bytes: &[BlobBytes], read: impl FnOnce(&[u8], &[&[u8]]) -> T) -> T {
    let parts: Vec<&[u8]> = bytes.iter().map(|part| &**part).collect();
    let (main, rest) = parts
        .split_first()
        .map_or((&[][..], &[][..]), |(main, rest)| (*main, rest));
    read(main, rest)
}

fn decoded(
    state: Result<ReadState, DecodeError>,
    version: Version,
    blob: &BlobRef,
    report: &mut Verification,
) -> Option<Reached> {
    match state {
        Ok(state) => Some(Reached::new(state.with_version(version))),
        Err(error) => {
            report.find(Severity::Damage, Some(version), &blob.name, error);
            None
        }
    }
}

fn compare_routes(version: Version, snapshot: &Reached, delta: &Reached, report: &mut Verification) {
    if snapshot.state.tag() != delta.state.tag() {
        let problem = "the delta leads to another state than the snapshot";
        report.find(Severity::Fault, Some(version), "random tag", problem);
    }
    if snapshot.state.header_tags() != delta.state.header_tags() {
        let problem = "the delta has other header tags than the snapshot";
        report.find(Severity::Fault, Some(version), "header tags", problem);
    }
    if let Some(types) = difference(snapshot, delta) {
        let problem = format!("the delta leads to other records than the snapshot: {types}");
        report.find(Severity::Fault, Some(version), "records", problem);
    }
}

/// The types in which two states differ, as far as their schemas agree; `None` if they do not.
fn difference(a: &Reached, b: &Reached) -> Option<String> {
    if a.sums == b.sums {
        return None;
    }
    let (of_a, of_b) = match a.state.dataset() == b.state.dataset() {
        true => (a.sums.clone(), b.sums.clone()),
        false => Checksums::common(&a.state, &b.state),
    };
    let differing: Vec<String> = of_a
        .types
        .iter()
        .filter(|(name, sum)| of_b.types.get(*name) != Some(*sum))
        .map(|(name, _)| name.clone())
        .collect();
    (!differing.is_empty()).then(|| listed(&differing))
}

fn check_manifest(link: &Link, reached: &Reached, report: &mut Verification) {
    let Some(manifest) = &link.manifest else {
        return;
    };
    let mut compare = |what: &str, expected: String, found: String| {
        if expected != found {
            let problem = format!("the manifest says {expected}, the state has {found}");
            report.find(Severity::Fault, Some(link.version), what, problem);
        }
    };
    compare("random tag", manifest.tag.to_string(), reached.state.tag().to_string());
    let schema_hash = reached.state.dataset().schema_hash();
    compare("schema hash", manifest.schema_hash.to_string(), schema_hash.to_string());
    if let Some(expected) = manifest.record_checksum {
        compare("record checksum", expected.to_string(), reached.sums.total.to_string());
    }
    if manifest.header_tags != *reached.state.header_tags() {
        let problem = "the state has other header tags than its manifest says";
        report.find(Severity::Fault, Some(link.version), "header tags", problem);
    }
}

/// References and keys.
fn check_content(version: Version, state: &ReadState, report: &mut Verification) {
    for (name, referred) in Survey::of(state).types {
        if !referred.is_present {
            if referred.dangling > 0 {
                let problem = format!(
                    "{} references lead to it, and it is not part of the state",
                    referred.dangling
                );
                report.find(Severity::Note, Some(version), &name, problem);
            }
            continue;
        }
        if let Some((from, record, to)) = &referred.example {
            let problem = format!(
                "{} references lead to records that are not there, such as ordinal {to} from {from} ordinal {record}",
                referred.dangling
            );
            report.find(Severity::Fault, Some(version), &name, problem);
        }
        if referred.unreferenced > 0 {
            let problem = format!("nothing refers to {} of its records", referred.unreferenced);
            report.find(Severity::Note, Some(version), &name, problem);
        }
    }
    for schema in state.dataset().schemas() {
        let keyed = matches!(schema, Schema::Object(object) if object.primary_key.is_some());
        if !keyed {
            continue;
        }
        match UniqueKey::build(state, schema.name()) {
            Ok(index) => {
                if let Some(twice) = index.duplicates(state).first() {
                    let problem = format!(
                        "{} records have a primary key that another has too, such as ordinals {} and {}",
                        index.num_duplicates(),
                        twice.found,
                        twice.hidden
                    );
                    report.find(Severity::Note, Some(version), schema.name(), problem);
                }
            }
            Err(error) => report.find(
                Severity::Note,
                Some(version),
                schema.name(),
                format!("its primary key cannot be used: {error}"),
            ),
        }
    }
}
