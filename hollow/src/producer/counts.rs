//! What a version did to the records of the one before: in numbers for limits and windows, as a digest for acceptances.

use super::Producer;
use super::cycle::Filling;
use super::digest::ChangeDigest;
use super::keys::KeyReader;
use crate::Ordinal;
use crate::read::ReadState;
use crate::record::key_bytes::key_bytes;
use crate::store::{KeyChanges, Sha256, TypeCounts};
use std::collections::{BTreeMap, HashSet};

/// Records of one root type that came, and that went. Ordinals tell: none is used again in the version it becomes free.
struct Moves {
    added: Vec<Ordinal>,
    removed: Vec<Ordinal>,
}

impl Producer {
    /// How many records each type has, and for root types with a key what became of those before. Incremental cycles know
    /// that; after others the keys of root records that changed are read.
    pub(super) fn count(
        &self,
        filling: Filling,
        previous: Option<&ReadState>,
        next: &ReadState,
    ) -> BTreeMap<String, TypeCounts> {
        let types = next.types().map(|ty| {
            let is_root = self.config.roots.iter().any(|root| root == ty.name());
            let changes = match filling {
                Filling::Freely => self.key_changes(previous, next, ty.name()),
                // A cycle that only moves records has no keys at hand, and changes none.
                Filling::ByKey => Some(match &self.incremental {
                    Some(incremental) => incremental.key_changes(ty.name()).unwrap_or_default(),
                    None => KeyChanges::default(),
                }),
            };
            let counts = TypeCounts {
                records: ty.len() as u64,
                changes: changes.filter(|_| is_root),
            };
            (ty.name().to_owned(), counts)
        });
        types.collect()
    }

    /// Digest over the root records that came and went.
    pub(super) fn change_digest(&self, previous: Option<&ReadState>, next: &ReadState) -> Sha256 {
        let mut digest = ChangeDigest::default();
        for name in &self.config.roots {
            let moves = self.moves(previous, next, name);
            for ordinal in moves.added {
                digest.add(b'+', next, name, ordinal);
            }
            let Some(previous) = previous else { continue };
            for ordinal in moves.removed {
                digest.add(b'-', previous, name, ordinal);
            }
        }
        digest.finish()
    }

    fn moves(&self, previous: Option<&ReadState>, next: &ReadState, type_name: &str) -> Moves {
        let all = |state: &ReadState| -> Vec<Ordinal> {
            let ty = state.ty(type_name);
            ty.into_iter().flat_map(|ty| ty.populated()).collect()
        };
        match (previous, self.engine.type_id(type_name)) {
            // Over a break of the chain the engine knows nothing of the version before.
            (Some(_), Some(id)) if !self.chain_broken => {
                let changes = self.engine.changes(id);
                Moves {
                    added: changes.added,
                    removed: changes.removed,
                }
            }
            _ => Moves {
                added: all(next),
                removed: previous.map(all).unwrap_or_default(),
            },
        }
    }

    fn key_changes(&self, previous: Option<&ReadState>, next: &ReadState, type_name: &str) -> Option<KeyChanges> {
        if !self.config.roots.iter().any(|root| root == type_name) {
            return None;
        }
        let reader = KeyReader::resolve(next, type_name).ok()?;
        let moves = self.moves(previous, next, type_name);
        let (added, removed) = (moves.added.len() as u64, moves.removed.len() as u64);
        let changed = match previous {
            Some(previous) if added > 0 && removed > 0 => {
                let reader_before = KeyReader::resolve(previous, type_name).ok()?;
                let keys = |reader: &KeyReader, state: &ReadState, ordinals: &[Ordinal]| -> HashSet<Vec<u8>> {
                    let keys = ordinals.iter().filter_map(|&ordinal| reader.read(state, ordinal));
                    keys.map(|key| key_bytes(&key)).collect()
                };
                let gone = keys(&reader_before, previous, &moves.removed);
                let came = keys(&reader, next, &moves.added);
                came.intersection(&gone).count() as u64
            }
            _ => 0,
        };
        Some(KeyChanges {
            added: added.saturating_sub(changed),
            changed,
            removed: removed.saturating_sub(changed),
        })
    }
}
