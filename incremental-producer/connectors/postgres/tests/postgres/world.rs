//! A database with a table, a topic, a configuration, and what is in the log.

use hollow::consumer::Consumer;
use hollow::store::Store;
use incremental_producer::Offsets;
use incremental_producer::client::ClientSettings;
use incremental_producer::mock::MockKafka;
use incremental_producer::service::{DatasetHandle, DatasetService};
use incremental_producer::source::kafka::{KafkaSettings, KafkaSource};
use incremental_producer::source::{ReadLimits, Source};
use postgres::{Client, NoTls};
use postgres_connector::INSTALL_SQL;
use postgres_connector::config::Config;
use postgres_connector::outbox::{Batch, RelayError, relay_batch};
use postgres_connector::sink::KafkaSink;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use xtask::kafka::{Kafka, StartOptions};
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
    /// Where the brokers are.
    pub(crate) bootstrap: String,
    _brokers: Brokers,
    directory: tempfile::TempDir,
    server: Postgres,
}

/// Alive as long as the test.
enum Brokers {
    Mock(#[expect(dead_code, reason = "ends when dropped")] MockKafka),
    Real(#[expect(dead_code, reason = "ends when dropped")] Box<Kafka>),
}

pub(crate) const PARTITIONS: i32 = 3;

const TOPICS: [(&str, i32); 3] = [("titles", PARTITIONS), ("titles.control", 1), ("titles.dlq", 1)];

impl World {
    /// All that a test of the dataset `titles` needs, or a line that says why it is skipped.
    pub(crate) fn start(what: &str) -> Option<Self> {
        let server = Postgres::start_or_skip(what).expect("a server")?;
        let mock = MockKafka::with_topics(TOPICS).expect("a mock");
        let bootstrap = mock.bootstrap_servers().to_owned();
        Some(Self::new(server, bootstrap, Brokers::Mock(mock)))
    }

    /// The same with a real Kafka.
    pub(crate) fn start_with_kafka(what: &str) -> Option<Self> {
        let server = Postgres::start_or_skip(what).expect("a server")?;
        let kafka = Kafka::start_or_skip(what, StartOptions::default()).expect("a broker")?;
        let bootstrap = kafka.bootstrap().to_owned();
        let admin: AdminClient<_> = ClientConfig::new()
            .set("bootstrap.servers", &bootstrap)
            .create()
            .expect("a client");
        let topics = TOPICS.map(|(topic, partitions)| NewTopic::new(topic, partitions, TopicReplication::Fixed(1)));
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(60)));
        let created = runtime.block_on(admin.create_topics(&topics, &options));
        assert!(created.expect("an answer").iter().all(Result::is_ok));
        Some(Self::new(server, bootstrap, Brokers::Real(Box::new(kafka))))
    }

    fn new(server: Postgres, bootstrap: String, brokers: Brokers) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let schema = "Title @PrimaryKey(id) { long id; string name; long stock; }";
        std::fs::write(directory.path().join("titles.hollow"), schema).expect("a file");
        let world = Self {
            bootstrap,
            _brokers: brokers,
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
        world
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
            self.bootstrap
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

    fn source(&self) -> KafkaSource {
        KafkaSource::new(KafkaSettings {
            bootstrap_servers: self.bootstrap.clone(),
            topic: "titles".to_owned(),
            log: Some("log".to_owned()),
            group: "test".to_owned(),
            client: ClientSettings::default(),
        })
    }

    /// Starts to fold the topic, as the incremental producer does.
    pub(crate) fn fold(&self) -> DatasetHandle {
        let text = format!(
            r#"
            [[dataset]]
            name = "titles"
            root = "Title"
            store = "store"
            cadence = "20ms"
            republish_after_messages = 1
            bootstrap_servers = "{}"
            log = "log"
            schema_file = "titles.hollow"
            "#,
            self.bootstrap
        );
        let config = incremental_producer::config::Config::parse(&text, self.directory.path());
        let dataset = config.expect("a configuration").datasets.remove(0);
        let service = DatasetService::open(&dataset).expect("a service");
        service.start().expect("a thread")
    }

    /// The dataset, once it has everything that is in the log now: JSON by key.
    pub(crate) fn dataset(&self) -> BTreeMap<String, serde_json::Value> {
        let view = self.source().look().expect("a log");
        let ends: Offsets = view.partitions.iter().map(|(&id, range)| (id, range.end)).collect();
        let store = Store::fs(self.directory.path().join("store")).expect("a store");
        until("all is folded", || {
            let Some((head, _)) = store.head().expect("a head") else {
                return false;
            };
            let manifest = store.manifest(head.version, &head.manifest).expect("a manifest");
            let offsets = manifest.header_tags.get("kafka.offsets").expect("offsets");
            offsets.parse::<Offsets>().expect("offsets") == ends
        });
        let consumer = Consumer::builder(store).build().expect("a consumer");
        consumer.refresh().expect("a route");
        let state = consumer.state().expect("a state");
        let codec = &self.config().datasets[0].codec;
        let ordinals = state.ty("Title").expect("the type").populated();
        let records = ordinals.map(|ordinal| {
            let record = state.value("Title", ordinal).expect("a record");
            let key = codec.encode_key(&codec.key_of(&record).expect("a key"));
            let json = serde_json::from_slice(&codec.encode_json(&record)).expect("JSON");
            (String::from_utf8(key).expect("UTF-8"), json)
        });
        records.collect()
    }

    /// Everything in the topic, each partition in its order.
    pub(crate) fn messages(&self) -> Vec<Seen> {
        let mut source = self.source();
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
            .query(
                "select '[' || id || ']', jsonb_strip_nulls(to_jsonb(t))::text from titles t",
                &[],
            )
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
