//! What the announced state has under the keys of prepared records, if somebody has looked.

use crate::Ordinal;
use crate::write::TypeId;

/// What was found, in the order of the records.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The cycle that it was looked up for, and the type.
    pub(crate) sought: Option<(u64, TypeId)>,
    /// The hash of each key, and the record that has it.
    pub(crate) keys: Vec<(u64, Option<Ordinal>)>,
    /// What these records refer to, one behind the other, and where that ends for each.
    pub(crate) children: Vec<(TypeId, Ordinal)>,
    pub(crate) ends: Vec<u32>,
}

/// What was found of one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FoundRecord<'a> {
    pub(crate) hash: u64,
    pub(crate) before: Option<Ordinal>,
    pub(crate) children: &'a [(TypeId, Ordinal)],
}

impl Found {
    pub(crate) fn clear(&mut self) {
        self.sought = None;
        self.keys.clear();
        self.children.clear();
        self.ends.clear();
    }

    pub(crate) fn get(&self, index: usize) -> Option<FoundRecord<'_>> {
        let &(hash, before) = self.keys.get(index)?;
        let begin = index.checked_sub(1).map_or(Some(&0), |before| self.ends.get(before))?;
        let children = self.children.get(*begin as usize..*self.ends.get(index)? as usize)?;
        Some(FoundRecord { hash, before, children })
    }
}
