//! What a comparison says: plain data, without the states it was made from.

use crate::schemas::SchemaDifference;
use crate::tags::TagComparison;
use hollow::Ordinal;
use std::collections::BTreeMap;

/// What to compare, and how thoroughly.
#[derive(Clone, Debug)]
pub struct Options {
    /// The types to compare; all if empty.
    pub types: Vec<String>,
    /// Keys to match records by, in place of those the schemas declare: field paths by type.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Whether modified records are compared field by field: gives [`TypeDiff::fields`] and [`TypeDiff::groups`] at
    /// the cost of reading these records.
    pub fields: bool,
    /// Whether both states are of one chain of one producer. Then records that their pages have in common are not
    /// looked at. Wrong results if it is not true.
    pub same_chain: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            types: Vec::new(),
            keys: BTreeMap::new(),
            fields: true,
            same_chain: false,
        }
    }
}

/// The differences between two states, A and B.
#[derive(Clone, Debug)]
pub struct Diff {
    /// Header tags.
    pub tags: TagComparison,
    /// Types and fields that are not the same.
    pub schemas: Vec<SchemaDifference>,
    /// The types of either state: those with a key first, in the order of B's schemas, then of A's.
    pub types: Vec<TypeDiff>,
}

impl Diff {
    /// Whether both states have the same types and say the same. Header tags do not count: no two versions share them.
    pub fn is_same(&self) -> bool {
        self.schemas.is_empty() && self.types.iter().all(TypeDiff::is_same)
    }
}

/// How the records of a type were matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MatchedBy {
    /// By the values at these paths.
    Key(Vec<String>),
    /// By everything they say: a record has an equal one on the other side, or none.
    Content,
}

/// The differences between the records of one type.
#[derive(Clone, Debug)]
pub struct TypeDiff {
    /// The type's name.
    pub name: String,
    /// How records were matched.
    pub matched_by: MatchedBy,
    /// How many records A has.
    pub in_a: usize,
    /// How many records B has.
    pub in_b: usize,
    /// How many records have an equal one on the other side.
    pub equal: usize,
    /// Records that both sides have, with different content, by key.
    pub modified: Vec<Modified>,
    /// Records that only A has, by key; of a type without key by ordinal.
    pub only_in_a: Vec<Ordinal>,
    /// Records that only B has, by key; of a type without key by ordinal.
    pub only_in_b: Vec<Ordinal>,
    /// How many of the records on only one side share their key with records of the other side: several records have
    /// that key, and nothing tells which belong together.
    pub ambiguous: usize,
    /// Where modified records differ, most frequent first. Empty unless asked for.
    pub fields: Vec<FieldDiff>,
    /// Modified records by what changed in them, most frequent first. Empty unless asked for.
    pub groups: Vec<Group>,
}

impl TypeDiff {
    /// Whether both sides have the same records.
    pub fn is_same(&self) -> bool {
        self.modified.is_empty() && self.only_in_a.is_empty() && self.only_in_b.is_empty()
    }

    /// The key's paths, if records were matched by key.
    pub fn key(&self) -> Option<&[String]> {
        match &self.matched_by {
            MatchedBy::Key(paths) => Some(paths),
            MatchedBy::Content => None,
        }
    }
}

/// A record that both sides have, with different content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Modified {
    /// Its ordinal in A.
    pub a: Ordinal,
    /// Its ordinal in B.
    pub b: Ordinal,
    /// Its group: an index into [`TypeDiff::groups`], 0 if there are none.
    pub group: u32,
}

/// A field path at which records differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldDiff {
    /// The path from the record: `verdicts.element.reasons`.
    pub path: String,
    /// How many records differ there.
    pub records: usize,
    /// In how many places they do; elements added to or removed from a collection count one by one.
    pub places: usize,
}

/// Records that changed in the same way: at the same paths, from the same values to the same values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// How many records.
    pub records: usize,
    /// The first of them by key: an index into [`TypeDiff::modified`].
    pub first: usize,
}
