//! The configuration file: which datasets to fold, from where, to where, how often.
//!
//! TOML. `[defaults]` may hold anything a `[[dataset]]` may hold, except its name. A key that is not known is an error, not
//! a default in disguise. Paths are relative to the file. See `examples/incremental-producer.toml`.

mod announce;
mod by_value;
mod checks;
mod dead_letters;
mod observe;
mod raw;
mod state_checks;
mod sweep;
#[cfg(test)]
mod tests;

pub use announce::AnnounceConfig;
pub use by_value::ByValue;

use crate::client::{ClientSettings, RefusedSetting};
use crate::message::Codec;
use crate::service::ServiceSettings;
use crate::source::{NewLog, ReadLimits};
use checks::{check_distinct, check_name, check_topic, duration, location, positive};
use hollow::producer::ByValueError;
use hollow::record::KeyError;
use hollow::schema::{Dataset, SchemaError};
use hollow::store::StoreError;
pub use observe::ObserveSettings;
use raw::{ClientValue, RawConfig, RawDataset};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use checks::{is_host_and_port, parse_duration};
pub use state_checks::Checks;

/// Everything one process folds.
#[derive(Clone, Debug)]
pub struct Config {
    /// The datasets, in the order of the file.
    pub datasets: Vec<DatasetConfig>,
    /// What the process shows of itself.
    pub observe: ObserveSettings,
}

/// One dataset, checked.
#[derive(Clone, Debug)]
pub struct DatasetConfig {
    /// How its service works; holds its name.
    pub settings: ServiceSettings,
    /// Schemas and root type.
    pub codec: Codec,
    /// Where it is published to, as [`Store::open_at`](hollow::store::Store::open_at) takes it: a directory, or
    /// `s3://bucket/prefix?options`.
    pub store: String,
    /// Brokers to ask first.
    pub bootstrap_servers: String,
    /// The topic to fold.
    pub topic: String,
    /// The topic for messages that mean nothing.
    pub dead_letter_topic: String,
    /// The identity of the log; none takes the cluster's id.
    pub log: Option<String>,
    /// Further Kafka client settings.
    pub client: ClientSettings,
    /// A snapshot with every n-th version; none lets the deltas decide
    /// ([`hollow::producer::ProducerBuilder::snapshot_every`]).
    pub snapshot_every: Option<u32>,
    /// How many versions to keep in the store; none keeps all.
    pub keep_versions: Option<usize>,
    /// What a state must fulfil before it is announced.
    pub checks: Checks,
    /// How versions are announced besides, and what else is kept.
    pub announce: AnnounceConfig,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("cannot read {what}, file={}", path.display())]
    File {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is no configuration: no TOML, an unknown key, a value of another type.
    #[error("the configuration does not make sense")]
    Toml(#[from] toml::de::Error),
    /// No dataset is configured.
    #[error("no dataset is configured; add a [[dataset]] table")]
    NoDataset,
    /// Something is wrong with `[observe]`.
    #[error("`[observe]` does not make sense")]
    Observe(#[source] Problem),
    /// Something is wrong with one dataset.
    #[error("dataset={dataset} cannot be folded as configured")]
    Dataset {
        /// Its name, or its number in the file.
        dataset: String,
        /// What is wrong.
        #[source]
        problem: Problem,
    },
}

/// What is wrong with a dataset.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A key that must be given.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// Two keys of which one must be given.
    #[error("give either `{0}` or `{1}`, and not both")]
    Either(&'static str, &'static str),
    /// A value that cannot be.
    #[error("`{key}` must be {expected}, found={found:?}")]
    Value {
        /// The key.
        key: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Something two datasets cannot share.
    #[error("`{key}` is also that of dataset={other}, value={value:?}")]
    Shared {
        /// The key.
        key: &'static str,
        /// The other dataset.
        other: String,
        /// The value.
        value: String,
    },
    /// A file cannot be read.
    #[error("cannot read `schema_file`, file={}", path.display())]
    SchemaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The location of the store cannot be one.
    #[error("`store` is no place to publish to")]
    Store(#[source] StoreError),
    /// The schemas are wrong.
    #[error("the schema is wrong")]
    Schema(#[source] SchemaError),
    /// The root type has no usable key.
    #[error("the root type cannot be folded by key")]
    Root(#[source] KeyError),
    /// Records that cannot be counted by a field.
    #[error("`checks.by_value` names a field that records cannot be counted by")]
    ByValue(#[source] ByValueError),
    /// A client setting that cannot be given.
    #[error(transparent)]
    Client(#[from] RefusedSetting),
    /// A client setting that is taken from an environment variable that is not set.
    #[error("the Kafka client setting {setting:?} is taken from the environment variable {variable}, which is not set")]
    Environment {
        /// The setting.
        setting: String,
        /// The variable.
        variable: String,
    },
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = read_text(path).map_err(|source| ConfigError::File {
            what: "the configuration",
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")))
    }

    /// Reads a text. Relative paths in it are taken from `directory`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(text: &str, directory: &Path) -> Result<Self, ConfigError> {
        Self::parse_with(text, directory, &|name| std::env::var(name).ok())
    }

    /// As [`parse`](Config::parse), with another environment.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse_with(
        text: &str,
        directory: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let raw: RawConfig = toml::from_str(text)?;
        if raw.dataset.is_empty() {
            return Err(ConfigError::NoDataset);
        }
        if let Some(name) = &raw.defaults.name {
            return Err(ConfigError::Dataset {
                dataset: "defaults".to_owned(),
                problem: wrong("name", "given for each dataset", name),
            });
        }
        let mut datasets: Vec<DatasetConfig> = Vec::with_capacity(raw.dataset.len());
        for (index, dataset) in raw.dataset.into_iter().enumerate() {
            let name = dataset.name.clone().unwrap_or_else(|| format!("#{}", index + 1));
            let failed = |problem| ConfigError::Dataset {
                dataset: name.clone(),
                problem,
            };
            let dataset = build(dataset.or(raw.defaults.clone()), directory, environment).map_err(failed)?;
            for other in &datasets {
                check_distinct(other, &dataset).map_err(failed)?;
            }
            datasets.push(dataset);
        }
        let observe = raw.observe.check().map_err(ConfigError::Observe)?;
        Ok(Self { datasets, observe })
    }
}

fn read_text(path: &Path) -> std::io::Result<String> {
    // A mistaken path must not fill the memory.
    const MOST_BYTES: u64 = 4 << 20;
    let length = std::fs::metadata(path)?.len();
    if length > MOST_BYTES {
        let text = format!("{length} bytes, more than {MOST_BYTES}");
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, text));
    }
    std::fs::read_to_string(path)
}

fn build(
    raw: RawDataset,
    directory: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<DatasetConfig, Problem> {
    let name = raw.name.clone().ok_or(Problem::Missing("name"))?;
    check_name(&name)?;
    let codec = codec(&raw, directory)?;
    let checks = Checks::new(raw.checks.clone().unwrap_or_default(), codec.dataset(), codec.root())?;
    let topic = raw.topic.clone().unwrap_or_else(|| name.clone());
    check_topic("topic", &topic)?;
    let dead_letter_topic = raw.dead_letter_topic.clone().unwrap_or_else(|| format!("{topic}.dlq"));
    check_topic("dead_letter_topic", &dead_letter_topic)?;
    if dead_letter_topic == topic {
        return Err(wrong(
            "dead_letter_topic",
            "another topic than `topic`",
            &dead_letter_topic,
        ));
    }
    let defaults = ServiceSettings::new(&name);
    let limits = ReadLimits::default();
    let settings = ServiceSettings {
        cadence: duration(
            "cadence",
            raw.cadence.as_deref(),
            defaults.cadence,
            Duration::from_millis(10),
        )?,
        limits: ReadLimits {
            messages: positive("max_messages_per_cycle", raw.max_messages_per_cycle, limits.messages)?,
            bytes: positive("max_bytes_per_cycle", raw.max_bytes_per_cycle, limits.bytes)?,
            stall: duration("stall", raw.stall.as_deref(), limits.stall, Duration::from_millis(100))?,
        },
        new_log: raw.new_log.unwrap_or(NewLog::Halt),
        letters: raw.dead_letters.clone().unwrap_or_default().settings()?,
        most_removed: raw
            .sweep
            .clone()
            .unwrap_or_default()
            .most_removed(defaults.most_removed)?,
        republish_after_messages: positive(
            "republish_after_messages",
            raw.republish_after_messages,
            defaults.republish_after_messages,
        )?,
        republish_after: duration(
            "republish_after",
            raw.republish_after.as_deref(),
            defaults.republish_after,
            Duration::from_millis(10),
        )?,
        ..defaults
    };
    let log = raw.log.clone();
    if let Some(log) = log.as_deref().filter(|log| log.is_empty() || log.len() > 200) {
        return Err(wrong("log", "a text of 1 to 200 bytes", log));
    }
    let bootstrap_servers = raw.bootstrap_servers.ok_or(Problem::Missing("bootstrap_servers"))?;
    if !bootstrap_servers.split(',').all(is_host_and_port) {
        return Err(wrong("bootstrap_servers", "host:port,host:port,…", &bootstrap_servers));
    }
    let announce = raw.announce.unwrap_or_default();
    let announce = announce.check(directory, &[&topic, &dead_letter_topic])?;
    Ok(DatasetConfig {
        settings,
        announce,
        codec,
        store: location(directory, &raw.store.ok_or(Problem::Missing("store"))?)?,
        bootstrap_servers,
        topic,
        dead_letter_topic,
        log,
        client: client(raw.client.unwrap_or_default(), environment)?,
        snapshot_every: match raw.snapshot_every {
            None => None,
            versions => Some(u32::try_from(positive("snapshot_every", versions, 1)?).unwrap_or(u32::MAX)),
        },
        keep_versions: match raw.keep_versions {
            None => None,
            versions => Some(usize::try_from(positive("keep_versions", versions, 1)?).unwrap_or(usize::MAX)),
        },
        checks,
    })
}

fn wrong(key: &'static str, expected: &'static str, found: impl ToString) -> Problem {
    Problem::Value {
        key,
        expected,
        found: found.to_string(),
    }
}

fn codec(raw: &RawDataset, directory: &Path) -> Result<Codec, Problem> {
    let text = match (&raw.schema, &raw.schema_file) {
        (Some(text), None) => text.clone(),
        (None, Some(file)) => {
            let path = directory.join(file);
            read_text(&path).map_err(|source| Problem::SchemaFile { path, source })?
        }
        _ => return Err(Problem::Either("schema", "schema_file")),
    };
    let dataset = Dataset::parse(&text).map_err(Problem::Schema)?;
    let root = raw.root.as_deref().ok_or(Problem::Missing("root"))?;
    Codec::new(dataset, root).map_err(Problem::Root)
}

fn client(
    raw: BTreeMap<String, ClientValue>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<ClientSettings, Problem> {
    let mut settings = BTreeMap::new();
    for (setting, value) in raw {
        let value = match value {
            ClientValue::Text(text) => text,
            ClientValue::Number(number) => number.to_string(),
            ClientValue::Boolean(boolean) => boolean.to_string(),
            ClientValue::Environment { env } => environment(&env).ok_or_else(|| Problem::Environment {
                setting: setting.clone(),
                variable: env,
            })?,
        };
        settings.insert(setting, value);
    }
    Ok(ClientSettings::new(settings)?)
}
