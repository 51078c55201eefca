//! A database with a table, a topic, a configuration, and what is in the log.

use incremental_producer::Offsets;
use incremental_producer::client::ClientSettings;
use incremental_producer::mock::MockKafka;
use incremental_producer::source::kafka::{KafkaSettings, KafkaSource};
use incremental_producer::source::{ReadLimits, Source};
use postgres::{Client, NoTls};
use postgres_connector::INSTALL_SQL;
use postgres_connector::config::Config;
use postgres_connector::outbox::{Batch, RelayError, relay_batch};
use postgres_connector::sink::KafkaSink;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use xtask::postgres::Postgres;

/// The variable with the database's password.
const PASSWORD: &str = "CONNECTOR_TEST_PASSWORD";

/// A message of the log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) partition: i32,
    pub(crate) key: String,
    pub(crate) payload: Option<String>,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Seen {
    pub(crate) fn version(&self) -> Option<i64> {
        self.headers.get("source-version")?.parse().ok()
    }

    pub(crate) fn sweep(&self) -> Option<&str> {
        self.headers.get("sweep").map(String::as_str)
    }

    pub(crate) fn mark(&self) -> Option<&str> {
        self.headers.get("sweep-mark").map(String::as_str)
    }

    pub(crate) fn record(&self) -> Option<serde_json::Value> {
        self.payload
            .as_ref()
            .map(|text| serde_json::from_str(text).expect("JSON"))
    }
}

pub(crate) struct World {
    pub(crate) mock: MockKafka,
    directory: tempfile::TempDir,
    server: Postgres,
}

pub(crate) const PARTITIONS: i32 = 3;

impl World {
    /// All that a test of the dataset `titles` needs, or a line that says why it is skipped.
    pub(crate) fn start(what: &str) -> Option<Self> {
        let server = Postgres::start_or_skip(what).expect("a server")?;
        let mock = MockKafka::with_topics([("titles", PARTITIONS), ("titles.control", 1)]).expect("a mock");
        let directory = tempfile::tempdir().expect("a directory");
        let schema = "Title @PrimaryKey(id) { long id; string name; long stock; }";
        std::fs::write(directory.path().join("titles.hollow"), schema).expect("a file");
        let world = Self {
            mock,
            directory,
            server,
        };
        world.configure("", "");
        world.sql(INSTALL_SQL);
        world.sql(
            "create table titles (id bigint primary key, name text, stock bigint not null); \
             create trigger distribution_titles after insert or update or delete on titles \
                 for each row execute function distribution.capture('titles', 'id')",
        );
        Some(world)
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.directory.path().join("config.toml")
    }

    /// Writes the configuration, with more keys for the dataset and its sweeps.
    pub(crate) fn configure(&self, dataset: &str, sweep: &str) {
        let text = format!(
            r#"
            [database]
            host = "127.0.0.1"
            port = {}
            name = "{}"
            user = "{}"
            password = {{ env = "{PASSWORD}" }}
            tls = "off"
            [kafka]
            bootstrap_servers = "{}"
            [[dataset]]
            name = "titles"
            schema_file = "titles.hollow"
            root = "Title"
            poll = "20ms"
            {dataset}
            [dataset.sweep]
            table = "titles"
            key = ["id"]
            {sweep}
            "#,
            self.server.port(),
            Postgres::DATABASE,
            Postgres::USER,
            self.mock.bootstrap_servers()
        );
        std::fs::write(self.config_path(), text).expect("a file");
    }

    pub(crate) fn config(&self) -> Config {
        let text = std::fs::read_to_string(self.config_path()).expect("a file");
        Config::parse(&text, self.directory.path(), &|name| {
            (name == PASSWORD).then(|| Postgres::PASSWORD.to_owned())
        })
        .expect("a configuration")
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(&self.server.connection(), NoTls).expect("a connection")
    }

    pub(crate) fn sql(&self, text: &str) {
        self.client().batch_execute(text).expect("SQL");
    }

    pub(crate) fn number(&self, query: &str) -> i64 {
        self.client().query_one(query, &[]).expect("a row").get(0)
    }

    /// Relays one batch with this library, without a process.
    pub(crate) fn relay(&self) -> Result<Batch, RelayError> {
        let config = self.config();
        let sink = KafkaSink::new(&config.kafka).expect("a client");
        relay_batch(&mut self.client(), &sink, &config.datasets[0])
    }

    /// The program with these arguments and the configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_postgres-connector"));
        command
            .args(arguments)
            .arg("--config")
            .arg(self.config_path())
            .env(PASSWORD, Postgres::PASSWORD)
            .env("RUST_LOG", "debug");
        command
    }

    /// Starts the program; it ends with the value.
    pub(crate) fn spawn(&self, arguments: &[&str]) -> Running {
        let child = self
            .command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        Running(child.expect("the program starts"))
    }

    pub(crate) fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the program starts")
    }

    /// Everything in the topic, each partition in its order.
    pub(crate) fn messages(&self) -> Vec<Seen> {
        let mut source = KafkaSource::new(KafkaSettings {
            bootstrap_servers: self.mock.bootstrap_servers().to_owned(),
            topic: "titles".to_owned(),
            log: Some("log".to_owned()),
            group: "test".to_owned(),
            client: ClientSettings::default(),
        });
        let view = source.look().expect("a log");
        let from: Offsets = view.partitions.iter().map(|(&id, range)| (id, range.start)).collect();
        let cut: Offsets = view.partitions.iter().map(|(&id, range)| (id, range.end)).collect();
        let mut seen = Vec::new();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let reading = source.read(&from, &cut, &ReadLimits::default(), &mut |record| {
            seen.push(Seen {
                partition: record.partition,
                key: text(record.key.expect("a key")),
                payload: record.payload.map(text),
                headers: record
                    .headers
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), text(value.unwrap_or_default())))
                    .collect(),
            });
            Ok(())
        });
        assert!(reading.expect("a reading").complete);
        seen
    }

    /// The table, as the records a dataset should have: JSON by key.
    pub(crate) fn table(&self) -> BTreeMap<String, serde_json::Value> {
        let rows = self
            .client()
            .query("select '[' || id || ']', to_jsonb(t)::text from titles t", &[])
            .expect("rows");
        rows.iter()
            .map(|row| (row.get(0), serde_json::from_str(row.get(1)).expect("JSON")))
            .collect()
    }
}

/// A process that does not outlive the test.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// As kill -9.
    pub(crate) fn kill(&mut self) {
        self.0.kill().expect("a signal");
        self.0.wait().expect("an end");
    }

    /// As kill, and its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let sent = Command::new("kill").arg(self.0.id().to_string()).status();
        assert!(sent.expect("a signal").success());
        self.0.wait().expect("an end").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until something holds.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !holds() {
        assert!(Instant::now() < deadline, "still not: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What the log comes to for one who applies a message if its version is not older than that of the last one applied to its
/// key, and removes at the end of a sweep what was not seen since its begin. The topic's partitions hold different keys.
pub(crate) fn fold(messages: &[Seen]) -> BTreeMap<String, serde_json::Value> {
    struct Known {
        version: i64,
        record: Option<serde_json::Value>,
        seen: bool,
    }
    let mut state: BTreeMap<(i32, String), Known> = BTreeMap::new();
    for message in messages {
        let partition = message.partition;
        match message.mark() {
            Some(mark) => {
                for ((_, _), known) in state.iter_mut().filter(|((of, _), _)| *of == partition) {
                    if mark == "end" && !known.seen {
                        known.record = None;
                    }
                    known.seen = false;
                }
            }
            None => {
                let version = message.version().expect("a version");
                let known = state.entry((partition, message.key.clone())).or_insert(Known {
                    version,
                    record: None,
                    seen: false,
                });
                known.seen = true;
                if version >= known.version {
                    known.version = version;
                    known.record = message.record();
                }
            }
        }
    }
    let kept = state
        .into_iter()
        .filter_map(|((_, key), known)| Some((key, known.record?)));
    kept.collect()
}
