//! The configuration file: which database, which brokers, which datasets.
//!
//! TOML. A key that is not known is an error, not a default in disguise. Paths are relative to the file. Secrets are named,
//! by environment variable or file, never given. See `examples/postgres-connector.toml`.

mod checks;
mod error;
mod raw;
#[cfg(test)]
mod tests;

pub use error::{ConfigError, Problem};

use checks::{at_least, check_name, check_topic, duration};
use hollow::record::KeyPaths;
use hollow::schema::Dataset;
use incremental_producer::Codec;
use incremental_producer::client::ClientSettings;
use incremental_producer::config::is_host_and_port;
use raw::{RawConfig, RawDataset, RawSweep, RawValue};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Everything one process connects.
#[derive(Clone, Debug)]
pub struct Config {
    /// The database.
    pub database: DatabaseSettings,
    /// The brokers.
    pub kafka: KafkaSettings,
    /// The datasets, in the order of the file.
    pub datasets: Vec<DatasetConfig>,
}

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct DatabaseSettings {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its name.
    pub name: String,
    /// Who connects.
    pub user: String,
    /// The password; none if the server asks for none.
    pub password: Option<Secret>,
    /// Whether the connection is encrypted, and the server must prove who it is.
    pub tls: bool,
    /// A file with the certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// How to reach the brokers.
#[derive(Clone)]
pub struct KafkaSettings {
    /// Brokers to ask first.
    pub bootstrap_servers: String,
    /// Further client settings. They may hold secrets.
    pub client: ClientSettings,
}

impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .finish_non_exhaustive()
    }
}

/// A text that never shows in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// One dataset, checked.
#[derive(Clone, Debug)]
pub struct DatasetConfig {
    /// Its name in the outbox.
    pub name: String,
    /// Schemas and root type.
    pub codec: Codec,
    /// Where its messages go.
    pub topic: String,
    /// What becomes of rows that do not fit.
    pub on_refused: OnRefused,
    /// How long to wait when the outbox was empty.
    pub poll: Duration,
    /// The most rows sent before they are recorded.
    pub batch: i64,
    /// The most bytes of key and payload.
    pub max_message_bytes: i32,
    /// The column that grows with every change of a row; without one the ids of the outbox are the versions.
    pub version_column: Option<String>,
    /// How to sweep it.
    pub sweep: Option<SweepConfig>,
}

/// What becomes of rows that do not fit the schema.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnRefused {
    /// They stay in the outbox with the reason, and the others go on.
    #[default]
    SetAside,
    /// The dataset waits for a person.
    Halt,
}

/// How a dataset is swept.
#[derive(Clone, Debug)]
pub struct SweepConfig {
    /// The table or view, with its schema or without.
    pub table: String,
    /// The columns of its key, in the order of the primary key's parts.
    pub key: Vec<String>,
    /// SQL for the record of row `t`.
    pub record: String,
    /// Rows read at once.
    pub chunk: i64,
    /// The most rows a second; none knows no limit.
    pub rows_per_second: Option<u32>,
    /// How often; none sweeps only when asked to.
    pub every: Option<Duration>,
    /// Whether to take requests from the topic's control topic.
    pub control: bool,
}

/// Where secrets come from.
struct Secrets<'a> {
    directory: &'a Path,
    environment: &'a dyn Fn(&str) -> Option<String>,
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
        let directory = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, directory, &|name| std::env::var(name).ok())
    }

    /// Reads a text. Relative paths in it are taken from `directory`.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(
        text: &str,
        directory: &Path,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let raw: RawConfig = toml::from_str(text).map_err(|error| ConfigError::Toml {
            message: error.message().to_owned(),
            line: error
                .span()
                .and_then(|span| text.get(..span.start))
                .map(|before| before.matches('\n').count() + 1),
        })?;
        if raw.dataset.is_empty() {
            return Err(ConfigError::NoDataset);
        }
        let secrets = Secrets { directory, environment };
        let in_table = |table: &str| {
            let table = table.to_owned();
            move |problem| ConfigError::Table { table, problem }
        };
        let database = database(raw.database, &secrets).map_err(in_table("database"))?;
        let kafka = kafka(raw.kafka, &secrets).map_err(in_table("kafka"))?;
        let mut datasets: Vec<DatasetConfig> = Vec::with_capacity(raw.dataset.len());
        for dataset in raw.dataset {
            let table = format!("dataset {}", dataset.name);
            let dataset = build(dataset, directory).map_err(in_table(&table))?;
            for other in &datasets {
                for (key, mine, others) in [
                    ("name", &dataset.name, &other.name),
                    ("topic", &dataset.topic, &other.topic),
                ] {
                    if mine == others {
                        let value = mine.clone();
                        return Err(ConfigError::Shared { key, value });
                    }
                }
            }
            datasets.push(dataset);
        }
        Ok(Self {
            database,
            kafka,
            datasets,
        })
    }

    /// The dataset of this name.
    pub fn dataset(&self, name: &str) -> Option<&DatasetConfig> {
        self.datasets.iter().find(|dataset| dataset.name == name)
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

impl Secrets<'_> {
    fn value(&self, key: &str, value: RawValue) -> Result<String, Problem> {
        match value {
            RawValue::Text(text) => Ok(text),
            RawValue::Number(number) => Ok(number.to_string()),
            RawValue::Boolean(boolean) => Ok(boolean.to_string()),
            RawValue::Environment { env } => (self.environment)(&env).ok_or_else(|| Problem::Environment {
                key: key.to_owned(),
                variable: env,
            }),
            RawValue::File { file } => {
                let path = self.directory.join(file);
                let text = read_text(&path).map_err(|source| Problem::File {
                    key: key.to_owned(),
                    path,
                    source,
                })?;
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
        }
    }

    fn secret(&self, key: &str, value: RawValue) -> Result<String, Problem> {
        match value {
            RawValue::Environment { .. } | RawValue::File { .. } => self.value(key, value),
            _ => Err(Problem::Plain { key: key.to_owned() }),
        }
    }
}

fn database(raw: raw::RawDatabase, secrets: &Secrets<'_>) -> Result<DatabaseSettings, Problem> {
    let tls = match raw.tls.as_deref() {
        None | Some("verify-full") => true,
        Some("off") => false,
        Some(other) => return Err(Problem::value("tls", "\"verify-full\" or \"off\"", other)),
    };
    let password = raw
        .password
        .map(|value| secrets.secret("password", value))
        .transpose()?;
    Ok(DatabaseSettings {
        host: raw.host,
        port: raw.port.unwrap_or(5432),
        name: raw.name,
        user: raw.user,
        password: password.map(Secret),
        tls,
        ca_file: raw.ca_file.map(|file| secrets.directory.join(file)),
    })
}

fn kafka(raw: raw::RawKafka, secrets: &Secrets<'_>) -> Result<KafkaSettings, Problem> {
    if !raw.bootstrap_servers.split(',').all(is_host_and_port) {
        let found = &raw.bootstrap_servers;
        return Err(Problem::value("bootstrap_servers", "host:port,host:port,…", found));
    }
    let mut client = BTreeMap::new();
    for (key, value) in raw.client {
        let is_secret = key.ends_with("password") || key.ends_with("key.pem");
        let value = if is_secret {
            secrets.secret(&key, value)?
        } else {
            secrets.value(&key, value)?
        };
        client.insert(key, value);
    }
    Ok(KafkaSettings {
        bootstrap_servers: raw.bootstrap_servers,
        client: ClientSettings::new(client)?,
    })
}

fn build(raw: RawDataset, directory: &Path) -> Result<DatasetConfig, Problem> {
    check_name(&raw.name)?;
    let topic = raw.topic.unwrap_or_else(|| raw.name.clone());
    check_topic(&topic)?;
    let path = directory.join(&raw.schema_file);
    let text = read_text(&path).map_err(|source| Problem::File {
        key: "schema_file".to_owned(),
        path,
        source,
    })?;
    let schemas = Dataset::parse(&text).map_err(Problem::Schema)?;
    let codec = Codec::new(schemas, &raw.root).map_err(Problem::Root)?;
    Ok(DatasetConfig {
        sweep: raw.sweep.map(|sweep| build_sweep(sweep, &codec)).transpose()?,
        name: raw.name,
        codec,
        topic,
        on_refused: raw.on_refused,
        poll: duration("poll", raw.poll.as_deref(), Duration::from_millis(200))?,
        batch: at_least(1, 100_000, "batch", raw.batch, 500)?,
        // Above Kafka's own limit of a megabyte nothing would arrive.
        max_message_bytes: at_least(1, 64 << 20, "max_message_bytes", raw.max_message_bytes, 900_000)?,
        version_column: raw.version_column,
    })
}

fn build_sweep(raw: RawSweep, codec: &Codec) -> Result<SweepConfig, Problem> {
    let paths = KeyPaths::resolve(codec.dataset(), codec.root()).map_err(Problem::Root)?;
    let parts = paths.paths().len();
    if raw.key.len() != parts {
        let found = format!("{:?}, for {parts} part(s)", raw.key);
        return Err(Problem::value(
            "key",
            "a column for each part of the primary key",
            found,
        ));
    }
    Ok(SweepConfig {
        table: raw.table,
        key: raw.key,
        record: raw.record.unwrap_or_else(|| "to_jsonb(t)".to_owned()),
        chunk: at_least(1, 100_000, "chunk", raw.chunk, 1000)?,
        rows_per_second: raw
            .rows_per_second
            .map(|rate| at_least(1, u32::MAX, "rows_per_second", Some(rate), 1))
            .transpose()?,
        every: raw
            .every
            .map(|every| duration("every", Some(&every), Duration::ZERO))
            .transpose()?,
        control: raw.control,
    })
}
