//! The configuration as it stands in the file.

use super::announce::RawAnnounce;
use super::dead_letters::RawDeadLetters;
use super::observe::RawObserve;
use super::state_checks::RawChecks;
use super::sweep::RawSweep;
use crate::source::NewLog;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    #[serde(default)]
    pub(super) defaults: RawDataset,
    #[serde(default)]
    pub(super) observe: RawObserve,
    #[serde(default)]
    pub(super) dataset: Vec<RawDataset>,
}

/// A dataset, or the defaults of all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDataset {
    pub(super) name: Option<String>,
    pub(super) schema: Option<String>,
    pub(super) schema_file: Option<PathBuf>,
    pub(super) root: Option<String>,
    pub(super) store: Option<String>,
    pub(super) bootstrap_servers: Option<String>,
    pub(super) topic: Option<String>,
    pub(super) dead_letter_topic: Option<String>,
    pub(super) log: Option<String>,
    pub(super) new_log: Option<NewLog>,
    pub(super) cadence: Option<String>,
    pub(super) stall: Option<String>,
    pub(super) snapshot_every: Option<i64>,
    pub(super) keep_versions: Option<i64>,
    pub(super) max_messages_per_cycle: Option<i64>,
    pub(super) max_bytes_per_cycle: Option<i64>,
    pub(super) republish_after_messages: Option<i64>,
    pub(super) republish_after: Option<String>,
    pub(super) client: Option<BTreeMap<String, ClientValue>>,
    pub(super) checks: Option<RawChecks>,
    pub(super) dead_letters: Option<RawDeadLetters>,
    pub(super) sweep: Option<RawSweep>,
    pub(super) announce: Option<RawAnnounce>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum ClientValue {
    Text(String),
    Number(i64),
    Boolean(bool),
    Environment { env: String },
}

impl RawDataset {
    /// This, and what is missing from the defaults. Client settings are put together.
    pub(super) fn or(self, defaults: RawDataset) -> RawDataset {
        // Either of these stands for the other.
        let (schema, schema_file) = match (self.schema, self.schema_file) {
            (None, None) => (defaults.schema, defaults.schema_file),
            own => own,
        };
        RawDataset {
            name: self.name,
            schema,
            schema_file,
            root: self.root.or(defaults.root),
            store: self.store.or(defaults.store),
            bootstrap_servers: self.bootstrap_servers.or(defaults.bootstrap_servers),
            topic: self.topic.or(defaults.topic),
            dead_letter_topic: self.dead_letter_topic.or(defaults.dead_letter_topic),
            log: self.log.or(defaults.log),
            new_log: self.new_log.or(defaults.new_log),
            cadence: self.cadence.or(defaults.cadence),
            stall: self.stall.or(defaults.stall),
            snapshot_every: self.snapshot_every.or(defaults.snapshot_every),
            keep_versions: self.keep_versions.or(defaults.keep_versions),
            max_messages_per_cycle: self.max_messages_per_cycle.or(defaults.max_messages_per_cycle),
            max_bytes_per_cycle: self.max_bytes_per_cycle.or(defaults.max_bytes_per_cycle),
            republish_after_messages: self.republish_after_messages.or(defaults.republish_after_messages),
            republish_after: self.republish_after.or(defaults.republish_after),
            dead_letters: self.dead_letters.or(defaults.dead_letters),
            sweep: self.sweep.or(defaults.sweep),
            announce: self.announce.or(defaults.announce),
            client: match (self.client, defaults.client) {
                (Some(own), Some(mut client)) => {
                    client.extend(own);
                    Some(client)
                }
                (own, defaults) => own.or(defaults),
            },
            checks: self.checks.or(defaults.checks),
        }
    }
}
