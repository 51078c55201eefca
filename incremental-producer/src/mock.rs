//! A Kafka cluster within the process: librdkafka's mock brokers, for tests and demonstrations.
//!
//! It speaks the real protocol over loopback, and keeps little: **5 MiB and 100,000 batches per partition**, dropping the
//! oldest without a word; nothing survives the process. Writers must not run further ahead of the readers than that (see
//! [`crate::emit::Pace`]), and readers notice a loss as a gap. There are no admin calls: topics are created here.

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, DefaultProducerContext, Producer};
use std::time::{SystemTime, UNIX_EPOCH};

/// How many bytes a partition of the mock keeps.
pub const RETAINED_BYTES: u64 = 5 << 20;

/// A running mock cluster. It stops when this is dropped.
pub struct MockKafka {
    owner: BaseProducer,
    bootstrap_servers: String,
    log: String,
}

impl MockKafka {
    /// Starts a cluster of one broker.
    ///
    /// # Errors
    /// [`KafkaError`] if the client or its brokers cannot be started.
    pub fn start() -> Result<Self, KafkaError> {
        let owner: BaseProducer = ClientConfig::new()
            .set("test.mock.num.brokers", "1")
            .set_log_level(rdkafka::config::RDKafkaLogLevel::Error)
            .create()?;
        let cluster = owner.client().mock_cluster();
        let bootstrap_servers = cluster.map(|cluster| cluster.bootstrap_servers());
        let bootstrap_servers = bootstrap_servers.ok_or(KafkaError::Canceled)?;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos());
        Ok(Self {
            log: format!("mock-{}-{now:x}", std::process::id()),
            owner,
            bootstrap_servers,
        })
    }

    /// Starts a cluster with these topics, each with a number of partitions.
    ///
    /// # Errors
    /// As [`MockKafka::start`] and [`MockKafka::create_topic`].
    pub fn with_topics<'a>(topics: impl IntoIterator<Item = (&'a str, i32)>) -> Result<Self, KafkaError> {
        let mock = Self::start()?;
        topics
            .into_iter()
            .try_for_each(|(topic, partitions)| mock.create_topic(topic, partitions))?;
        Ok(mock)
    }

    /// Creates a topic.
    ///
    /// # Errors
    /// [`KafkaError`] if it exists, or the number of partitions makes no sense.
    pub fn create_topic(&self, topic: &str, partitions: i32) -> Result<(), KafkaError> {
        self.cluster()?.create_topic(topic, partitions, 1)
    }

    /// Where clients find it.
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// An identity for this cluster's logs that no other start ever has. The mock's own cluster id is always the same.
    pub fn log(&self) -> &str {
        &self.log
    }

    /// Lets the broker refuse connections, or takes it back.
    ///
    /// # Errors
    /// [`KafkaError`] if the broker cannot be told.
    pub fn set_down(&self, down: bool) -> Result<(), KafkaError> {
        let cluster = self.cluster()?;
        if down {
            cluster.broker_down(1)
        } else {
            cluster.broker_up(1)
        }
    }

    fn cluster(&self) -> Result<MockCluster<'_, DefaultProducerContext>, KafkaError> {
        self.owner.client().mock_cluster().ok_or(KafkaError::Canceled)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn threads_can_share_a_cluster() {
        fn shared<T: Send + Sync>() {}
        shared::<super::MockKafka>();
        shared::<crate::emit::Emitter>();
    }
}
