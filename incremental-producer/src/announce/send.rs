//! The service's side: telling that something was announced.

use crate::client::{ClientSettings, LogContext};
use crate::figures::{Client, STATISTICS};
use crate::service::{Event, Listener};
use hollow::store::{Register, Store};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, BaseRecord, DeliveryResult, Producer, ProducerContext};
use rdkafka::statistics::Statistics;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a hint is worth sending.
const MESSAGE_TIMEOUT: &str = "30000";
/// How often the client is served while there is nothing to send.
const POLL: Duration = Duration::from_millis(100);
/// How long to wait at the end for what is on its way.
const FLUSH: Duration = Duration::from_secs(2);

/// Sends the head of a dataset to a topic, from a thread of its own.
#[derive(Debug)]
pub struct KafkaAnnouncer {
    /// Closed to end the thread.
    wake: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl KafkaAnnouncer {
    /// Starts the thread. Nothing is connected before the first announcement. Without a thread nothing is ever sent,
    /// which the log says.
    pub fn start(dataset: &str, servers: &str, topic: &str, client: &ClientSettings, store: Store) -> Self {
        let (wake, woken) = sync_channel(1);
        let sender = Sender {
            dataset: dataset.to_owned(),
            servers: servers.to_owned(),
            topic: topic.to_owned(),
            client: client.clone(),
            store,
            producer: None,
        };
        let thread = std::thread::Builder::new().name(format!("announce-{dataset}"));
        let thread = thread.spawn(move || sender.run(&woken));
        if let Err(error) = &thread {
            tracing::warn!(dataset, %error, "announcements are not sent");
        }
        Self {
            wake: Some(wake),
            thread: thread.ok(),
        }
    }

    /// Sends what is announced by now. Returns at once; several calls may come to one message.
    pub fn announce(&self) {
        if let Some(wake) = &self.wake {
            let _ = wake.try_send(()); // full: the thread has not read the head yet, and will
        }
    }

    /// A listener that announces what a service has announced, and what it finds at its start, and tells this one all.
    pub fn before(self, listener: Listener) -> Listener {
        Arc::new(move |name, event| {
            let announced = match event {
                Event::Restored { version, .. } => version.is_some(),
                Event::Cycle(report) => report.published.is_some(),
                _ => false,
            };
            if announced {
                self.announce();
            }
            listener(name, event);
        })
    }
}

impl Drop for KafkaAnnouncer {
    fn drop(&mut self) {
        drop(self.wake.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // it has nothing to say
        }
    }
}

/// What the thread runs.
struct Sender {
    dataset: String,
    servers: String,
    topic: String,
    client: ClientSettings,
    store: Store,
    producer: Option<BaseProducer<Deliveries>>,
}

impl Sender {
    fn run(mut self, woken: &Receiver<()>) {
        loop {
            match woken.recv_timeout(POLL) {
                Ok(()) => self.send(),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if let Some(producer) = &self.producer {
                producer.poll(Duration::ZERO);
            }
        }
        if let Some(producer) = &self.producer {
            let _ = producer.flush(FLUSH); // hints; the next start sends them again
        }
    }

    fn send(&mut self) {
        if let Err(error) = self.try_send() {
            let (dataset, topic) = (self.dataset.as_str(), self.topic.as_str());
            tracing::warn!(
                dataset,
                topic,
                error,
                "an announcement is not sent: consumers find it when they ask"
            );
        }
    }

    fn try_send(&mut self) -> Result<(), String> {
        let read = self.store.registers().read(Register::Head);
        let Some((head, _)) = read.map_err(|error| error.to_string())? else {
            return Ok(());
        };
        let producer = match self.producer.take() {
            Some(producer) => producer,
            None => self.connect().map_err(|error| error.to_string())?,
        };
        let record = BaseRecord::to(&self.topic).key(&self.dataset).payload(&head);
        let sent = producer.send(record).map_err(|(error, _)| error.to_string());
        self.producer = Some(producer);
        sent
    }

    fn connect(&self) -> Result<BaseProducer<Deliveries>, KafkaError> {
        let config = self.client.client(
            &self.servers,
            &[("linger.ms", "0"), STATISTICS],
            &[
                ("acks", "all"),
                ("partitioner", "murmur2_random"),
                ("message.timeout.ms", MESSAGE_TIMEOUT),
                ("queue.buffering.max.messages", "1000"),
            ],
        );
        let what = format!("announcements of {}", self.dataset);
        config.create_with_context(Deliveries(self.client.context(what, Client::Announcements)))
    }
}

struct Deliveries(LogContext);

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.0.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        self.0.stats(statistics);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            tracing::warn!(client = %self.0.what(), %error, "not delivered: consumers find the version when they ask");
        }
    }
}
