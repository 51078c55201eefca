//! The comparison of two states.
//!
//! For each type: records that the states share are left out (`shared`), the others are paired by key or content
//! (`pairing`), and each modified pair is laid over each other as trees (`tree`) to count where records differ and
//! which of them changed in the same way. One pair of trees exists at a time. What is kept of a record is a few words,
//! so that data sets of millions of records fit; whoever shows a record reads it again through [`Details`].
//!
//! [`Details`]: crate::Details

use crate::model::{Diff, FieldDiff, Group, MatchedBy, Modified, Options, TypeDiff};
use crate::pairing::{self, Identified, Pairing};
use crate::progress::Progress;
use crate::shared::Suspects;
use crate::side::{KeyPlan, Seed, Side, Twins, TypeNumber};
use crate::tree::{Node, changes, compare};
use crate::{schemas, tags};
use hollow::Ordinal;
use hollow::read::ReadState;
use siphasher::sip128::Hasher128;
use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;

/// Compares two states.
///
/// Costs time and memory in proportion to the records of the types compared; with [`Options::same_chain`] in
/// proportion to the records that changed and those that could refer to them; of two states that one delta leads between
/// ([`ReadState::is_next_to`]) in proportion to the records that changed.
pub fn diff(a: &ReadState, b: &ReadState, options: &Options) -> Diff {
    diff_with(a, b, options, &mut Progress::silent())
}

/// As [`diff`], and says how far it is.
pub fn diff_with(a: &ReadState, b: &ReadState, options: &Options, progress: &mut Progress) -> Diff {
    let seed = Seed::draw();
    let engine = Engine {
        a: Side::new(a, seed),
        b: Side::new(b, seed),
        seed,
        options,
    };
    let suspects = if options.same_chain || a.is_next_to(b) {
        Suspects::between(&engine.a, &engine.b)
    } else {
        None
    };
    let version = |state: &ReadState| state.version().map(|version| version.to_string());
    Diff {
        tags: tags::compare(a.header_tags(), b.header_tags(), (version(a), version(b))),
        schemas: schemas::compare(a.dataset(), b.dataset())
            .into_iter()
            .filter(|difference| options.compares(difference.type_name()))
            .collect(),
        types: engine
            .types()
            .iter()
            .map(|name| engine.compare(name, suspects.as_ref(), progress))
            .collect(),
    }
}

impl Options {
    fn compares(&self, type_name: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|name| name == type_name)
    }
}

/// The paths by which the records of a type are matched, if both sides have them: those given, or those that both
/// declare, or that one of them declares.
///
/// Where the two declare different keys the records have none in common.
pub(crate) fn key_paths(a: &Side<'_>, b: &Side<'_>, name: &str, options: &Options) -> Option<Vec<String>> {
    let declared = |side: &Side<'_>| side.number(name).and_then(|number| side.declared_key(number));
    let paths = match (options.keys.get(name), declared(a), declared(b)) {
        (Some(given), ..) => given.clone(),
        (None, Some(x), Some(y)) => (x == y).then_some(x)?,
        (None, x, y) => x.or(y)?,
    };
    let resolves = |side: &Side<'_>| side.number(name).is_none() || KeyPlan::new(side, name, &paths).is_some();
    (resolves(a) && resolves(b)).then_some(paths)
}

struct Engine<'s, 'o> {
    a: Side<'s>,
    b: Side<'s>,
    seed: Seed,
    options: &'o Options,
}

impl<'s> Engine<'s, '_> {
    /// The types to compare, in the order of the report.
    fn types(&self) -> Vec<&'s str> {
        let of_b = self.b.state.types().map(|ty| ty.name());
        let of_a = self
            .a
            .state
            .types()
            .map(|ty| ty.name())
            .filter(|name| self.b.number(name).is_none());
        let mut names: Vec<&str> = of_b.chain(of_a).filter(|name| self.options.compares(name)).collect();
        names.sort_by_key(|name| key_paths(&self.a, &self.b, name, self.options).is_none());
        names
    }

    fn compare(&self, name: &str, suspects: Option<&Suspects>, progress: &mut Progress) -> TypeDiff {
        let (a, b) = (self.a.number(name), self.b.number(name));
        let paths = key_paths(&self.a, &self.b, name, self.options);
        let changes = suspects.and_then(|suspects| suspects.of(name));
        let len = |side: &Side<'_>, number: Option<TypeNumber>| {
            number
                .and_then(|number| side.records(number))
                .map_or(0, |records| records.len())
        };
        let (in_a, in_b) = (len(&self.a, a), len(&self.b, b));
        let records_a = ordinals(&self.a, a, changes.map(|changes| &changes.removed));
        let records_b = ordinals(&self.b, b, changes.map(|changes| &changes.added));
        let left_out = in_a.saturating_sub(records_a.len());

        progress.start(name, records_a.len() + records_b.len());
        let key = paths
            .as_ref()
            .map(|paths| (plan(&self.a, name, paths), plan(&self.b, name, paths)));
        let mut pairing = match &key {
            Some((key_a, key_b)) => pairing::by_key(
                identify(records_a, progress, |o| {
                    key_a.as_ref().map_or(0, |key| key.hash(&self.a, o))
                }),
                identify(records_b, progress, |o| {
                    key_b.as_ref().map_or(0, |key| key.hash(&self.b, o))
                }),
                |x, y| match (a.zip(b), suspects) {
                    (Some((a, b)), Some(suspects)) if a == b => self.twins(suspects).same(a, x, y),
                    _ => content(&self.a, a, x) == content(&self.b, b, y),
                },
                |o| content(&self.a, a, o),
                |o| content(&self.b, b, o),
            ),
            None => pairing::by_content(
                identify(records_a, progress, |o| content(&self.a, a, o)),
                identify(records_b, progress, |o| content(&self.b, b, o)),
            ),
        };
        match &key {
            Some((key_a, key_b)) => sort_by_key(&mut pairing, key_a.as_ref(), key_b.as_ref()),
            None => {
                pairing.only_in_a.sort_unstable();
                pairing.only_in_b.sort_unstable();
            }
        }
        let mut types = TypeDiff {
            name: name.to_owned(),
            matched_by: paths.map_or(MatchedBy::Content, MatchedBy::Key),
            in_a,
            in_b,
            equal: pairing.equal + left_out,
            modified: pairing
                .modified
                .into_iter()
                .map(|(a, b)| Modified { a, b, group: 0 })
                .collect(),
            only_in_a: pairing.only_in_a,
            only_in_b: pairing.only_in_b,
            ambiguous: pairing.ambiguous,
            fields: Vec::new(),
            groups: Vec::new(),
        };
        if let (true, Some(a), Some(b)) = (self.options.fields, a, b) {
            self.compare_fields(&mut types, (a, b), suspects, progress);
        }
        types
    }

    fn twins<'e>(&'e self, suspects: &'e Suspects) -> Twins<'e, 's> {
        Twins::new(&self.a, &self.b, suspects)
    }

    /// Counts where the modified records differ, and which changed in the same way.
    fn compare_fields(
        &self,
        ty: &mut TypeDiff,
        (a, b): (TypeNumber, TypeNumber),
        suspects: Option<&Suspects>,
        progress: &mut Progress,
    ) {
        progress.start(&ty.name, ty.modified.len());
        let mut fields: HashMap<String, FieldDiff> = HashMap::new();
        let mut groups: HashMap<u128, u32> = HashMap::new();
        for (index, record) in ty.modified.iter_mut().enumerate() {
            progress.advance(1);
            let (before, after) = match suspects {
                Some(suspects) if a == b => self.twins(suspects).trees(a, record.a, record.b),
                _ => (self.a.tree(a, record.a), self.b.tree(b, record.b)),
            };
            let edit = compare(&before, &after);
            let changes = changes(&edit);
            let mut here: BTreeSet<String> = BTreeSet::new();
            let mut identities: Vec<u128> = Vec::with_capacity(changes.len());
            for change in &changes {
                let mut hasher = self.seed.hasher();
                change.hash_identity(&mut hasher);
                identities.push(hasher.finish128().as_u128());
                let path = change.path();
                match fields.get_mut(&path) {
                    Some(field) => field.places += 1,
                    None => {
                        fields.insert(
                            path.clone(),
                            FieldDiff {
                                path: path.clone(),
                                records: 0,
                                places: 1,
                            },
                        );
                    }
                }
                here.insert(path);
            }
            for path in here {
                if let Some(field) = fields.get_mut(&path) {
                    field.records += 1;
                }
            }
            identities.sort_unstable();
            let mut hasher = self.seed.hasher();
            identities.hash(&mut hasher);
            record.group = *groups.entry(hasher.finish128().as_u128()).or_insert_with(|| {
                ty.groups.push(Group {
                    records: 0,
                    first: index,
                });
                u32::try_from(ty.groups.len() - 1).unwrap_or(u32::MAX)
            });
            if let Some(group) = ty.groups.get_mut(record.group as usize) {
                group.records += 1;
            }
        }
        ty.fields = fields.into_values().collect();
        ty.fields
            .sort_by(|x, y| y.records.cmp(&x.records).then_with(|| x.path.cmp(&y.path)));
        most_frequent_first(ty);
    }
}

/// Orders the groups by size, then by their first record, and renumbers the records' groups.
fn most_frequent_first(ty: &mut TypeDiff) {
    let mut order: Vec<usize> = (0..ty.groups.len()).collect();
    order.sort_by_key(|&index| (std::cmp::Reverse(ty.groups[index].records), ty.groups[index].first));
    let mut places = vec![0u32; order.len()];
    for (place, &index) in order.iter().enumerate() {
        places[index] = u32::try_from(place).unwrap_or(u32::MAX);
    }
    ty.groups = order.iter().map(|&index| ty.groups[index]).collect();
    for record in &mut ty.modified {
        record.group = places.get(record.group as usize).copied().unwrap_or(0);
    }
}

fn plan<'s>(side: &Side<'s>, name: &str, paths: &[String]) -> Option<KeyPlan<'s>> {
    side.number(name)?;
    KeyPlan::new(side, name, paths)
}

fn content(side: &Side<'_>, number: Option<TypeNumber>, ordinal: Ordinal) -> u128 {
    number.map_or(0, |number| side.content(number, ordinal))
}

/// The populated ordinals, or of these only the suspects.
fn ordinals(side: &Side<'_>, number: Option<TypeNumber>, suspects: Option<&roaring::RoaringBitmap>) -> Vec<Ordinal> {
    let Some(records) = number.and_then(|number| side.records(number)) else {
        return Vec::new();
    };
    match suspects {
        Some(suspects) => suspects
            .iter()
            .filter_map(Ordinal::new)
            .filter(|o| records.is_populated(*o))
            .collect(),
        None => records.populated().collect(),
    }
}

fn identify(records: Vec<Ordinal>, progress: &mut Progress, hash: impl Fn(Ordinal) -> u128) -> Vec<Identified> {
    let identify = |ordinal: Ordinal| {
        progress.advance(1);
        (hash(ordinal), ordinal)
    };
    records.into_iter().map(identify).collect()
}

/// Orders records by key, so that reports do not depend on ordinals.
fn sort_by_key(pairing: &mut Pairing, a: Option<&KeyPlan<'_>>, b: Option<&KeyPlan<'_>>) {
    fn key(plan: Option<&KeyPlan<'_>>, ordinal: Ordinal) -> (Vec<Node>, Ordinal) {
        (plan.map_or_else(Vec::new, |plan| plan.read(ordinal)), ordinal)
    }
    pairing.modified.sort_by_cached_key(|(ordinal, _)| key(a, *ordinal));
    pairing.only_in_a.sort_by_cached_key(|ordinal| key(a, *ordinal));
    pairing.only_in_b.sort_by_cached_key(|ordinal| key(b, *ordinal));
}
