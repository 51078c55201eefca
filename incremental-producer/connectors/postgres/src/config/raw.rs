//! The configuration as it stands in the file.

use super::OnRefused;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    pub(super) database: RawDatabase,
    pub(super) kafka: RawKafka,
    #[serde(default)]
    pub(super) dataset: Vec<RawDataset>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDatabase {
    pub(super) host: String,
    pub(super) port: Option<u16>,
    pub(super) name: String,
    pub(super) user: String,
    pub(super) password: Option<RawValue>,
    pub(super) tls: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawKafka {
    pub(super) bootstrap_servers: String,
    #[serde(default)]
    pub(super) client: BTreeMap<String, RawValue>,
}

/// A value, or where it is.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawValue {
    Text(String),
    Number(i64),
    Boolean(bool),
    Environment { env: String },
    File { file: PathBuf },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDataset {
    pub(super) name: String,
    pub(super) schema_file: PathBuf,
    pub(super) root: String,
    pub(super) topic: Option<String>,
    #[serde(default)]
    pub(super) on_refused: OnRefused,
    pub(super) poll: Option<String>,
    pub(super) batch: Option<i64>,
    pub(super) max_message_bytes: Option<i64>,
    pub(super) version_column: Option<String>,
    pub(super) sweep: Option<RawSweep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSweep {
    pub(super) table: String,
    pub(super) key: Vec<String>,
    pub(super) record: Option<String>,
    pub(super) chunk: Option<i64>,
    pub(super) rows_per_second: Option<i64>,
    pub(super) every: Option<String>,
    #[serde(default)]
    pub(super) control: bool,
}
