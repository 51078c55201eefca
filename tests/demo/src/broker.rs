//! The Kafka the demo runs on: one inside the process, or a real one.

use anyhow::{Context, Result, bail};
use incremental_producer::mock::{MockKafka, RETAINED_BYTES};
use incremental_producer::source::NewLog;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::types::RDKafkaErrorCode;
use std::time::Duration;

/// Partitions of each topic. The mock keeps 5 MiB in each: more partitions hold more.
const PARTITIONS: i32 = 8;

/// A running Kafka with the demo's topics.
pub enum Broker {
    /// Inside this process; forgets everything when it ends.
    Mock(MockKafka),
    /// Somewhere else.
    Real(String),
}

impl Broker {
    /// Connects, or starts one; creates the topics that are missing.
    pub fn open(servers: Option<&str>, topics: &[String]) -> Result<Self> {
        match servers {
            None => {
                let topics = topics.iter().map(|topic| (topic.as_str(), PARTITIONS));
                Ok(Self::Mock(
                    MockKafka::with_topics(topics).context("cannot start the Kafka inside this process")?,
                ))
            }
            Some(servers) => {
                create_topics(servers, topics)?;
                Ok(Self::Real(servers.to_owned()))
            }
        }
    }

    /// Where clients find it.
    pub fn servers(&self) -> &str {
        match self {
            Self::Mock(mock) => mock.bootstrap_servers(),
            Self::Real(servers) => servers,
        }
    }

    /// What tells this log from all others, where the cluster's own id does not.
    pub fn log(&self) -> Option<String> {
        match self {
            Self::Mock(mock) => Some(mock.log().to_owned()),
            Self::Real(_) => None,
        }
    }

    /// What to do when the log is another than the one a state was folded from: the mock's always is, after a restart.
    pub fn new_log(&self) -> NewLog {
        match self {
            Self::Mock(_) => NewLog::StartGeneration,
            Self::Real(_) => NewLog::Halt,
        }
    }

    /// How far sources may run ahead of the folding, in bytes per partition. A real Kafka keeps what it is given; the
    /// limit then only keeps the demo's own memory and disk small.
    pub fn pace_bytes(&self) -> u64 {
        match self {
            Self::Mock(_) => RETAINED_BYTES * 3 / 4,
            Self::Real(_) => 64 << 20,
        }
    }

    /// In words.
    pub fn describe(&self) -> String {
        match self {
            Self::Mock(_) => "inside this process".to_owned(),
            Self::Real(servers) => servers.clone(),
        }
    }
}

fn create_topics(servers: &str, topics: &[String]) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set_log_level(rdkafka::config::RDKafkaLogLevel::Error)
        .create()
        .context("cannot make a Kafka client")?;
    let wait = Duration::from_secs(20);
    admin
        .inner()
        .fetch_metadata(None, wait)
        .with_context(|| format!("no Kafka answers at {servers}; start one with: cargo xtask kafka start"))?;
    let dead_letters = topics.iter().map(|topic| format!("{topic}.dlq")).collect::<Vec<_>>();
    let wanted = topics
        .iter()
        .map(|topic| NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1)).set("retention.ms", "-1"))
        .chain(
            dead_letters
                .iter()
                .map(|topic| NewTopic::new(topic, 1, TopicReplication::Fixed(1))),
        )
        .collect::<Vec<_>>();
    let options = AdminOptions::new()
        .operation_timeout(Some(wait))
        .request_timeout(Some(wait));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for result in runtime
        .block_on(admin.create_topics(&wanted, &options))
        .context("cannot create topics")?
    {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, error)) => bail!("cannot create a topic, topic={topic} error={error}"),
        }
    }
    Ok(())
}
