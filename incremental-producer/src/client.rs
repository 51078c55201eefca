//! Settings of Kafka clients: those this program needs as they are, and those that may be given.

use crate::figures::{Client, ClientFigures, Figures};
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Characters of a complaint.
const MOST_COMPLAINT: usize = 400;

/// Settings that a configuration may give. Whatever is not here could break the fold (where reading begins, what is read,
/// which records share a partition), or load code, or run commands.
const ALLOWED: &[&str] = &[
    "broker.address.family",
    "broker.address.ttl",
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "compression.type",
    "connections.max.idle.ms",
    "fetch.error.backoff.ms",
    "fetch.max.bytes",
    "fetch.message.max.bytes",
    "fetch.min.bytes",
    "fetch.queue.backoff.ms",
    "fetch.wait.max.ms",
    "linger.ms",
    "max.partition.fetch.bytes",
    "message.max.bytes",
    "metadata.max.age.ms",
    "queued.max.messages.kbytes",
    "queued.min.messages",
    "receive.message.max.bytes",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "sasl.mechanism",
    "sasl.mechanisms",
    "sasl.password",
    "sasl.username",
    "security.protocol",
    "socket.connection.setup.timeout.ms",
    "socket.keepalive.enable",
    "socket.nagle.disable",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
    "socket.timeout.ms",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.cipher.suites",
    "ssl.endpoint.identification.algorithm",
    "ssl.key.location",
    "ssl.key.password",
    "ssl.key.pem",
    "topic.metadata.refresh.interval.ms",
];

/// Why a setting is refused, for those that people are likely to try.
const REASONS: &[(&str, &str)] = &[
    ("bootstrap.servers", "it is given as `bootstrap_servers`"),
    ("metadata.broker.list", "brokers are given as `bootstrap_servers`"),
    ("group.id", "partitions are assigned here, not by a group"),
    (
        "enable.auto.commit",
        "offsets live in the published state, not in Kafka",
    ),
    (
        "enable.auto.offset.store",
        "offsets live in the published state, not in Kafka",
    ),
    (
        "auto.offset.reset",
        "an offset that is gone must be an error, never a silent jump",
    ),
    (
        "enable.partition.eof",
        "the end of a partition is needed to know that a cut is reached",
    ),
    ("isolation.level", "messages of aborted transactions must not be folded"),
    (
        "allow.auto.create.topics",
        "a misspelt topic must be an error, not an empty topic",
    ),
    ("check.crcs", "damaged messages must not be folded"),
    ("acks", "a delivery counts when all replicas have it"),
    ("enable.idempotence", "retries must not repeat or reorder messages"),
    (
        "partitioner",
        "all writers of a topic must place a key in the same partition",
    ),
    ("plugin.library.paths", "it loads code"),
    ("ssl.engine.location", "it loads code"),
    ("ssl.providers", "it loads code"),
    ("sasl.kerberos.kinit.cmd", "it runs a command"),
    ("enable.ssl.certificate.verification", "brokers must prove who they are"),
    ("debug", "set the log filter instead: RUST_LOG=rdkafka=debug"),
];

/// Kafka client settings that are not for a configuration to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Kafka client setting {name:?} cannot be given{}; the settings that can: {}", self.because(), ALLOWED.join(", "))]
pub struct RefusedSetting {
    /// Its name.
    pub name: String,
}

impl RefusedSetting {
    fn because(&self) -> String {
        let reason = REASONS.iter().find(|(name, _)| *name == self.name);
        reason.map_or_else(String::new, |(_, reason)| format!(": {reason}"))
    }
}

/// Client settings, checked. Some are secrets: what is shown of them for debugging are the names.
#[derive(Clone, Default)]
pub struct ClientSettings {
    settings: BTreeMap<String, String>,
    /// Where the clients made with them are counted.
    figures: Figures,
}

impl PartialEq for ClientSettings {
    fn eq(&self, other: &Self) -> bool {
        self.settings == other.settings
    }
}

impl Eq for ClientSettings {}

impl fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.settings.keys()).finish()
    }
}

impl ClientSettings {
    /// Checks the names.
    ///
    /// # Errors
    /// [`RefusedSetting`] with the first that cannot be given.
    pub fn new(settings: BTreeMap<String, String>) -> Result<Self, RefusedSetting> {
        match settings.keys().find(|name| !ALLOWED.contains(&name.as_str())) {
            Some(name) => Err(RefusedSetting { name: name.clone() }),
            None => Ok(Self {
                settings,
                figures: Figures::default(),
            }),
        }
    }

    /// The names of the settings.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.settings.keys().map(String::as_str)
    }

    /// The same settings, for clients that are counted in these figures.
    pub fn counted(mut self, figures: &Figures) -> Self {
        self.figures = figures.clone();
        self
    }

    /// What goes with a client made with these settings. `what` names it in the log.
    pub(crate) fn context(&self, what: String, client: Client) -> LogContext {
        LogContext {
            what,
            figures: self.figures.client(client),
            complaint: Mutex::new(None),
            times_told: AtomicU64::new(0),
        }
    }

    /// Settings of a client, `fixed` and these; `fixed` wins.
    pub(crate) fn client(&self, servers: &str, defaults: &[(&str, &str)], fixed: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        let given = self
            .settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in defaults.iter().copied().chain(given).chain(fixed.iter().copied()) {
            config.set(name, value);
        }
        config.set("bootstrap.servers", servers);
        config.set_log_level(RDKafkaLogLevel::Warning);
        config
    }
}

/// Passes the client's own log on, counts, and remembers what it complained of last.
#[derive(Debug)]
pub(crate) struct LogContext {
    what: String,
    figures: ClientFigures,
    complaint: Mutex<Option<(Instant, String)>>,
    /// How often the client has had something to tell.
    times_told: AtomicU64,
}

impl LogContext {
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    /// What the client complained of last since then. An answer that does not come says no more than that brokers cannot be
    /// reached; that they refuse the password, or that nobody trusts their certificate, is told on the side.
    pub(crate) fn complaint_since(&self, moment: Instant) -> Option<String> {
        let complaint = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        complaint
            .as_ref()
            .filter(|(when, _)| *when >= moment)
            .map(|(_, text)| text.clone())
    }
}

impl rdkafka::ClientContext for LogContext {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.times_told.fetch_add(1, Ordering::Relaxed);
        log_line(&self.what, level, facility, message);
        self.figures.logged(level, facility, message);
    }

    fn stats(&self, statistics: Statistics) {
        self.times_told.fetch_add(1, Ordering::Relaxed);
        self.figures.told(&statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.times_told.fetch_add(1, Ordering::Relaxed);
        // That all brokers are down says nothing of why.
        if error != KafkaError::Global(RDKafkaErrorCode::AllBrokersDown) {
            let text = reason.chars().take(MOST_COMPLAINT).collect();
            *self.complaint.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), text));
        }
        tracing::debug!(client = %self.what, %error, reason, "Kafka client");
    }
}

impl ConsumerContext for LogContext {}

/// Takes in what a client has to tell of itself, which piles up in it otherwise. The client must have no partitions.
pub(crate) fn hear(client: &BaseConsumer<LogContext>) {
    const MOST: usize = 10_000; // whatever happens, this ends
    let told = || client.context().times_told.load(Ordering::Relaxed);
    for _ in 0..MOST {
        let before = told();
        if client.poll(Duration::ZERO).is_none() && told() == before {
            return;
        }
    }
}

pub(crate) fn log_line(what: &str, level: RDKafkaLogLevel, facility: &str, message: &str) {
    if (level as i32) <= (RDKafkaLogLevel::Error as i32) {
        tracing::warn!(client = %what, facility, message, "Kafka client");
    } else {
        tracing::debug!(client = %what, facility, message, "Kafka client");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_could_break_the_fold_or_run_code_are_refused() {
        let given = |name: &str| ClientSettings::new([(name.to_owned(), "x".to_owned())].into());
        assert!(given("security.protocol").is_ok());
        for (name, _) in REASONS {
            assert!(given(name).is_err(), "{name}");
        }
        let text = given("auto.offset.reset").expect_err("refused").to_string();
        assert!(
            text.contains("\"auto.offset.reset\" cannot be given: an offset that is gone must be an error"),
            "{text}"
        );
        assert!(given("test.mock.num.brokers").is_err());
    }
}
