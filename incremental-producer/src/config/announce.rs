//! `[dataset.announce]`: how versions are announced besides, and how long they are kept.

use super::checks::{check_topic, duration, location};
use super::{Problem, wrong};
use serde::Deserialize;
use std::path::Path;
use std::time::Duration;

/// The table as it stands in the file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAnnounce {
    topic: Option<String>,
    grace: Option<String>,
    derived: Option<Vec<String>>,
}

/// How versions are announced besides, and how long they are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnnounceConfig {
    /// The topic to which the head is sent after each version, and at the start; none sends nothing. It may be the same
    /// for all datasets.
    pub topic: Option<String>,
    /// Versions younger than this are not removed, whatever `keep_versions` says.
    pub grace: Duration,
    /// Stores of datasets made from this one: what their versions name as inputs is not removed.
    pub derived: Vec<String>,
}

impl RawAnnounce {
    pub(super) fn check(self, directory: &Path, others: &[&str]) -> Result<AnnounceConfig, Problem> {
        if let Some(topic) = &self.topic {
            check_topic("announce.topic", topic)?;
            if others.contains(&topic.as_str()) {
                return Err(wrong("announce.topic", "another topic than those of records", topic));
            }
        }
        let derived = self.derived.unwrap_or_default();
        Ok(AnnounceConfig {
            topic: self.topic,
            grace: duration(
                "announce.grace",
                self.grace.as_deref(),
                Duration::ZERO,
                Duration::from_secs(1),
            )?,
            derived: derived
                .iter()
                .map(|store| location(directory, store))
                .collect::<Result<_, _>>()?,
        })
    }
}
