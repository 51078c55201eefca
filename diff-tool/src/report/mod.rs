//! Comparisons for people and for programs.
//!
//! A [`Report`] is a comparison with the states it was made from. [`Report::text`] and [`Report::html`] write it for
//! people, [`Report::json`] for programs; all say the same and read records one at a time, while they write.

mod html;
mod inline;
mod json;
mod json_format;
mod lines;
mod paint;
mod record;
mod summary;
mod text;
mod unified;

pub use paint::Painter;

use crate::tags::TagComparison;
use crate::{Details, Diff, TypeDiff};

/// How a state is called in a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// How the reader named it: `store/liveness@latest`.
    pub selector: String,
    /// The version it is, if known.
    pub version: Option<String>,
}

/// How much to write.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// How many groups, and how many records on one side, to list for each type; all if `None`.
    pub limit: Option<usize>,
    /// How many equal lines to show around what differs; all if `None`.
    pub context: Option<usize>,
    /// What to write of each type.
    pub detail: Detail,
}

/// What to write of each type. Each includes the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Counts.
    Summary,
    /// And the field paths at which records differ.
    Fields,
    /// And groups of equal changes, a line for each change.
    Groups,
    /// And the records, the first of each group in full.
    Records,
}

impl Default for Extent {
    fn default() -> Self {
        Extent {
            limit: Some(20),
            context: Some(3),
            detail: Detail::Records,
        }
    }
}

/// A comparison to be written.
pub struct Report<'r> {
    /// A.
    pub a: Title,
    /// B.
    pub b: Title,
    /// The comparison.
    pub diff: &'r Diff,
    /// The states compared.
    pub details: &'r Details<'r>,
    /// Whether records of types without key are to be listed too.
    pub list_unkeyed: bool,
}

/// One record compared: what `--record` asks for.
pub struct RecordReport<'r> {
    /// A.
    pub a: Title,
    /// B.
    pub b: Title,
    /// The header tags of the two states.
    pub tags: &'r TagComparison,
    /// The record's type.
    pub type_name: &'r str,
    /// The record's key as text.
    pub key: String,
    /// The record before and after, `None` on a side that does not have it.
    pub sides: (Option<crate::Node>, Option<crate::Node>),
}

impl Report<'_> {
    /// Whether the records of a type are listed, not just counted.
    fn lists(&self, ty: &TypeDiff) -> bool {
        self.list_unkeyed || ty.key().is_some()
    }
}

/// How many of `count` to show under a limit.
fn limited(count: usize, limit: Option<usize>) -> usize {
    limit.map_or(count, |limit| count.min(limit))
}

/// A number with its thousands apart: `11,440,660`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 record`, `2 records`.
fn counted(number: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}
