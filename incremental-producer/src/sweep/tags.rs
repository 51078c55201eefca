//! What a state says of sweeps, in two header tags.

use super::SweepRange;
use crate::Offsets;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The header tag with the sweeps that run, as a JSON array of [`ActiveSweep`]; absent without any.
pub const ACTIVE_TAG: &str = "sweep.active";
/// The header tag with the sweep that was over last, as a [`LastSweep`] in JSON.
pub const LAST_TAG: &str = "sweep.last";

/// A sweep that runs, as far as it is folded in a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActiveSweep {
    /// Its id.
    pub id: String,
    /// How many partitions its marks speak of.
    pub partitions: i32,
    /// What is swept.
    #[serde(default)]
    pub range: SweepRange,
    /// The offset of the begin mark in each partition that has one.
    #[serde(with = "as_text")]
    pub begun: Offsets,
    /// The offset of the end mark, or of whatever ended it, in each partition in which it is over.
    #[serde(with = "as_text")]
    pub ended: Offsets,
    /// How many keys were seen between the marks.
    pub seen: u64,
    /// How many records were not, and changed after the end mark, while other partitions had none.
    pub late: u64,
    /// Why nothing will be removed, if that is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<String>,
}

/// How a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SweepOutcome {
    /// What it did not show is removed.
    Complete,
    /// It would have removed more than it may; nothing is removed.
    Refused,
    /// It came to no end that counts; nothing is removed.
    GivenUp,
}

/// A sweep that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LastSweep {
    /// Its id.
    pub id: String,
    /// How it ended.
    pub outcome: SweepOutcome,
    /// When that was folded, in epoch milliseconds.
    pub at: i64,
    /// Records removed.
    pub removed: u64,
    /// Records of the range that the sweep did not show.
    pub unseen: u64,
    /// Keys it showed.
    pub seen: u64,
    /// Why nothing was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Both tags.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SweepTags {
    /// The sweeps that run, oldest first.
    pub active: Vec<ActiveSweep>,
    /// The one that was over last.
    pub last: Option<LastSweep>,
}

/// A header tag that does not say what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the header tag {tag} makes no sense: {reason}")]
pub struct SweepTagError {
    /// The tag.
    pub tag: &'static str,
    /// What is wrong.
    pub reason: String,
}

impl SweepTags {
    /// Reads the header tags of a state.
    ///
    /// # Errors
    /// [`SweepTagError`] if they were not written by this program.
    pub fn from_tags(tags: &BTreeMap<String, String>) -> Result<Self, SweepTagError> {
        fn parse<T: serde::de::DeserializeOwned>(tag: &'static str, text: &str) -> Result<T, SweepTagError> {
            serde_json::from_str(text).map_err(|error| SweepTagError {
                tag,
                reason: error.to_string(),
            })
        }
        let active = tags.get(ACTIVE_TAG).map(|text| parse(ACTIVE_TAG, text)).transpose()?;
        let last = tags.get(LAST_TAG).map(|text| parse(LAST_TAG, text)).transpose()?;
        Ok(Self {
            active: active.unwrap_or_default(),
            last,
        })
    }
}

mod as_text {
    use crate::Offsets;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(offsets: &Offsets, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(offsets)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Offsets, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_read_back_and_nonsense_does_not() {
        let active =
            r#"[{"id":"a","partitions":2,"range":{"from":[7]},"begun":"0:5,1:9","ended":"1:12","seen":3,"late":0}]"#;
        let last = r#"{"id":"z","outcome":"given-up","at":7,"removed":0,"unseen":0,"seen":4,"reason":"b began"}"#;
        let tags = |active: &str, last: &str| -> BTreeMap<String, String> {
            [(ACTIVE_TAG, active), (LAST_TAG, last)]
                .map(|(tag, text)| (tag.to_owned(), text.to_owned()))
                .into()
        };
        let read = SweepTags::from_tags(&tags(active, last)).expect("tags");
        assert_eq!(serde_json::to_string(&read.active).expect("JSON"), active);
        assert_eq!(serde_json::to_string(&read.last).expect("JSON"), last);
        assert_eq!(
            (read.active[0].begun.get(1), read.active[0].ended.get(1)),
            (Some(9), Some(12))
        );
        assert_eq!(SweepTags::from_tags(&BTreeMap::new()), Ok(SweepTags::default()));
        for wrong in ["", "{}", r#"[{"id":"a"}]"#, &active.replace("0:5", "0:-5")] {
            assert!(SweepTags::from_tags(&tags(wrong, last)).is_err(), "{wrong}");
        }
    }
}
