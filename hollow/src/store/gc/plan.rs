//! Which objects of a store nothing reaches.

use super::GcError;
use super::keep::{Keep, Why, announced, millis};
use crate::Version;
use crate::store::route::Chain;
use crate::store::{Key, Link, LinkRef, Listed, Pins, ReadUnless, Register, Store, StoreError, Tags, Token, now_ms};
use std::collections::{BTreeMap, HashSet};
use std::ops::RangeInclusive;
use std::time::SystemTime;

/// What is kept of a store and what is not, as of one moment.
#[derive(Clone, Debug, Default)]
pub struct Collection {
    /// The versions that are kept, newest first.
    pub kept: Vec<Kept>,
    /// Versions whose manifests stay on the way to older ones, while their blobs do not.
    pub thinned: usize,
    /// Bytes of the objects that are kept.
    pub kept_bytes: u64,
    /// What nothing reaches.
    pub garbage: Vec<Garbage>,
    /// Versions that are pinned or tagged and not there (any more).
    pub missing: Vec<Kept>,
    /// How many versions it takes until more can go because of them.
    pub(crate) wait: usize,
    pub(super) basis: Basis,
}

/// A version that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The version.
    pub version: Version,
    /// Why: everything that speaks for it.
    pub why: Vec<Why>,
}

/// An object that nothing reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Garbage {
    /// Its name.
    pub key: Key,
    /// Its length, if the store tells.
    pub bytes: Option<u64>,
}

impl Collection {
    /// Bytes of the garbage, as far as the store tells.
    pub fn garbage_bytes(&self) -> u64 {
        self.garbage.iter().filter_map(|garbage| garbage.bytes).sum()
    }
}

/// What a plan was made from.
#[derive(Clone, Debug, Default)]
pub(super) struct Basis(BTreeMap<Register, Option<Token>>);

impl Basis {
    pub(super) fn still_holds(&self, store: &Store) -> Result<bool, StoreError> {
        for (register, token) in &self.0 {
            let same = match token {
                Some(token) => store.registers().read_unless(*register, token)? == ReadUnless::Unchanged,
                None => store.registers().read(*register)?.is_none(),
            };
            if !same {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn read(store: &Store) -> Result<(Self, Pins, Tags), StoreError> {
        // The head first: what is pinned or tagged later is part of its chain, or younger.
        let head = store.registers().read(Register::Head)?.map(|(_, token)| token);
        let (pins, pins_token) = store.document::<Pins>()?;
        let (tags, tags_token) = store.document::<Tags>()?;
        let basis = [
            (Register::Head, head),
            (Register::Pin, pins_token),
            (Register::Tags, tags_token),
        ];
        Ok((Self(basis.into()), pins, tags))
    }
}

/// Says what is to be kept and what nothing reaches. Reads manifests and lists objects; changes nothing.
///
/// # Errors
/// [`GcError`] if this store or a derived one cannot be read, or the clock is behind.
pub fn plan(store: &Store, keep: &Keep, now: SystemTime) -> Result<Collection, GcError> {
    let (basis, pins, tags) = Basis::read(store)?;
    let Some((head, tip)) = announced(store)? else {
        return Ok(Collection::default()); // nothing is announced: whatever is there may be on its way
    };
    let now = now_ms(now);
    let held = keep.held(&pins, &tags, now)?;
    let walked = Walked::new(store, keep, tip, &held, now)?;
    let newest = walked.links[0]
        .manifest
        .as_ref()
        .map_or(0, |manifest| manifest.created_at);
    let newest = newest.max(head.announced_at);
    if now < newest {
        return Err(GcError::Clock {
            behind_ms: newest - now,
        });
    }
    let mut collection = Collection {
        wait: walked.wait(keep),
        basis,
        ..Collection::default()
    };
    let why = walked.reasons(keep, &held, now);
    let Some(lowest) = why.iter().rposition(|why| !why.is_empty()) else {
        return Ok(collection);
    };
    let is_here = |version: Version| walked.links.iter().any(|link| link.version == version);
    // Numbers in header tags may be versions of other datasets.
    let is_ours = |why: &[Why]| why.iter().any(|why| !matches!(why, Why::MadeFrom(_)));
    collection.missing = held
        .iter()
        .filter(|(version, why)| !is_here(**version) && is_ours(why))
        .map(|(version, why)| Kept {
            version: *version,
            why: why.clone(),
        })
        .collect();
    let mut needed: HashSet<Key> = HashSet::new();
    let mut without_snapshot: HashSet<Version> = HashSet::new();
    for (at, link) in walked.links.iter().enumerate().take(lowest + 1) {
        needed.extend(walked.manifest_key(at));
        if why[at].is_empty() {
            collection.thinned += 1;
            continue;
        }
        let entries = link.manifest.iter().flat_map(|manifest| &manifest.blobs);
        needed.extend(entries.filter_map(|entry| Key::new(entry.key.as_str()).ok()));
        if link.snapshot.is_none() {
            without_snapshot.insert(link.version);
        }
        let snapshot = link.snapshot.iter();
        needed.extend(snapshot.filter_map(|blob| Key::new(blob.name.as_str()).ok()));
        collection.kept.push(Kept {
            version: link.version,
            why: why[at].clone(),
        });
    }
    if !keep.thorough && walked.is_whole && lowest + 1 == walked.links.len() && collection.thinned == 0 {
        return Ok(collection); // all there is is needed
    }
    for (prefix, age) in [
        ("manifests/", keep.grace),
        ("blobs/", keep.grace),
        ("quarantine/", keep.quarantine),
    ] {
        let oldest = now.saturating_sub(millis(age));
        for object in store.blobs().survey(prefix)? {
            let is_old = match prefix {
                "quarantine/" => walked.is_before(&object, oldest),
                _ if object.key.newest_version().is_none_or(|version| version > tip.version) => false,
                // A version is as old as its manifest says; what none names, as old as it is.
                _ => walked.names(&object.key) || age.is_zero() || walked.is_before(&object, oldest),
            };
            let may_be_named = snapshot_of(&object.key).is_some_and(|version| without_snapshot.contains(&version));
            if is_old && !needed.contains(&object.key) && !may_be_named {
                collection.garbage.push(Garbage {
                    key: object.key,
                    bytes: object.bytes,
                });
            } else {
                collection.kept_bytes += object.bytes.unwrap_or(0);
            }
        }
    }
    Ok(collection)
}

/// The part of a chain that is looked at.
struct Walked {
    links: Vec<Link>,
    tip: LinkRef,
    /// Whether the chain ends here, or has an older part that nobody asked for.
    is_whole: bool,
    named: HashSet<String>,
}

impl Walked {
    /// Walks to a snapshot from which everything that could be kept can be loaded.
    fn new(
        store: &Store,
        keep: &Keep,
        tip: LinkRef,
        held: &BTreeMap<Version, Vec<Why>>,
        now: u64,
    ) -> Result<Self, StoreError> {
        let lowest = held.keys().next().copied();
        let mut chain = Chain::new(store, Some(tip));
        let mut is_whole = true;
        while chain.extend()? {
            let links = chain.links();
            let Some(last) = links.last() else { break };
            if last.snapshot.is_some()
                && links.len() >= keep.versions
                && lowest.is_none_or(|lowest| last.version <= lowest)
                && !is_young(last, keep, now)
            {
                is_whole = false;
                break;
            }
        }
        let links = chain.links().to_vec();
        if links.is_empty() {
            return Err(StoreError::absent(format!("version={}", tip.version)));
        }
        let mut walked = Self {
            links,
            tip,
            is_whole,
            named: HashSet::new(),
        };
        for at in 0..walked.links.len() {
            let manifest = walked.manifest_key(at).map(|key| key.to_string());
            let link = &walked.links[at];
            let blobs = [&link.snapshot, &link.delta, &link.reverse_delta];
            let blobs = blobs.into_iter().flatten().map(|blob| blob.name.clone());
            walked.named.extend(blobs.chain(manifest));
        }
        Ok(walked)
    }

    fn manifest_key(&self, at: usize) -> Option<Key> {
        let by = match at {
            0 => Some(self.tip),
            at => self.links[at - 1].previous,
        }?;
        by.manifest.map(|sha256| Key::manifest(by.version, &sha256))
    }

    /// Whether one of these versions names the object.
    fn names(&self, key: &Key) -> bool {
        self.named.contains(key.as_str())
    }

    /// Why each of these versions is kept; nothing for those that are not.
    fn reasons(&self, keep: &Keep, held: &BTreeMap<Version, Vec<Why>>, now: u64) -> Vec<Vec<Why>> {
        let mut why: Vec<Vec<Why>> = vec![Vec::new(); self.links.len()];
        for (at, link) in self.links.iter().enumerate() {
            if at == 0 {
                why[at].push(Why::Announced);
            } else if at < keep.versions {
                why[at].push(Why::Window);
            } else if is_young(link, keep, now) {
                why[at].push(Why::Young);
            }
            why[at].extend(held.get(&link.version).into_iter().flatten().cloned());
        }
        let roots: Vec<usize> = (0..why.len()).filter(|at| !why[*at].is_empty()).collect();
        for root in roots {
            for on_the_way in &mut why[self.way_to(root)] {
                if on_the_way.is_empty() {
                    on_the_way.push(Why::Route);
                }
            }
        }
        why
    }

    /// The versions that it takes to load one: from the nearest snapshot before it, by deltas. If there is none it can
    /// only be reached from later ones, and takes everything.
    fn way_to(&self, root: usize) -> RangeInclusive<usize> {
        let end = self.links.len() - 1;
        let mut at = root;
        while self.links[at].snapshot.is_none() && at < end && self.links[at].delta.is_some() {
            at += 1;
        }
        match self.links[at].snapshot {
            Some(_) => root..=at,
            None => 0..=end,
        }
    }

    /// Versions until a snapshot that is there becomes old enough for all before it to go.
    fn wait(&self, keep: &Keep) -> usize {
        let mut young = self.links.iter().take(keep.versions - 1);
        let next = young.rposition(|link| link.snapshot.is_some());
        next.map_or(usize::MAX, |at| keep.versions - 2 - at)
    }

    /// Whether an object was there before this moment. Where the store does not tell, it is as old as the first version
    /// that is not older than what it was made for.
    fn is_before(&self, object: &Listed, moment: u64) -> bool {
        let modified = object.modified.map(now_ms);
        let of_version = || {
            let version = quarantined(&object.key).or_else(|| object.key.newest_version())?;
            let later = self.links.iter().rev().find(|link| link.version >= version)?;
            later.manifest.as_ref().map(|manifest| manifest.created_at)
        };
        modified.or_else(of_version).is_some_and(|at| at <= moment)
    }
}

/// The version that a snapshot holds by its name: `blobs/snapshot-<version>-…`.
fn snapshot_of(key: &Key) -> Option<Version> {
    let name = key.as_str().strip_prefix("blobs/snapshot-")?;
    name.split('-').next()?.parse().ok()
}

/// The version in the name of a refused candidate: `quarantine/<version>-…`.
fn quarantined(key: &Key) -> Option<Version> {
    let name = key.as_str().strip_prefix("quarantine/")?;
    name.split(['-', '/']).next()?.parse().ok()
}

fn is_young(link: &Link, keep: &Keep, now: u64) -> bool {
    let created = link.manifest.as_ref().map_or(0, |manifest| manifest.created_at);
    created.saturating_add(millis(keep.grace)) > now
}
