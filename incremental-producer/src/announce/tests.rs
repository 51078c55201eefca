use super::*;
use crate::client::ClientSettings;
use crate::mock::MockKafka;
use crate::service::{Event, Listener};
use hollow::Version;
use hollow::consumer::Consumer;
use hollow::producer::Producer;
use hollow::record::Value;
use hollow::schema::Dataset;
use hollow::store::Store;
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const TOPIC: &str = "announcements";
/// So long that it never comes in a test.
const NEVER: Duration = Duration::from_secs(1_000_000);

fn producer(store: &Store) -> Producer {
    let dataset = Dataset::parse("Title @PrimaryKey(id) { long id; }").expect("a schema");
    Producer::builder(dataset, store.clone()).build().expect("a producer")
}

fn publish(producer: &mut Producer, id: i64) -> Version {
    let title = Value::Object(vec![Value::Long(id)]);
    let outcome = producer.run_incremental_cycle(|cycle| {
        cycle.upsert("Title", &title)?;
        Ok(())
    });
    outcome.expect("published").version().expect("a new record")
}

fn topic(mock: &MockKafka) -> AnnouncementTopic {
    AnnouncementTopic::new(mock.bootstrap_servers(), TOPIC)
}

fn announcer(servers: &str, store: &Store) -> KafkaAnnouncer {
    KafkaAnnouncer::start("titles", servers, TOPIC, &ClientSettings::default(), store.clone())
}

/// A consumer that only hears.
fn follow(store: &Store, mock: &MockKafka) -> (Arc<Consumer>, KafkaAnnouncements) {
    let consumer = Consumer::builder(store.clone())
        .refresh_every(NEVER)
        .instance("test")
        .start()
        .expect("a start");
    let handle = consumer.wake_handle();
    let listening = KafkaAnnouncements::listen(topic(mock), "titles", move || handle.wake()).expect("a thread");
    (consumer, listening)
}

fn wait_for(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(60), "{what} never happened");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Sends anything.
fn forge(mock: &MockKafka, key: &str, payload: &[u8], times: usize) {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", mock.bootstrap_servers())
        .create()
        .expect("a client");
    for _ in 0..times {
        producer
            .send(BaseRecord::to(TOPIC).key(key).payload(payload))
            .expect("taken on");
    }
    producer.flush(Duration::from_secs(30)).expect("sent");
}

#[test]
fn who_listens_has_a_version_without_asking_for_it() {
    let mock = MockKafka::with_topics([(TOPIC, 1)]).expect("a cluster");
    let store = Store::memory();
    let mut producer = producer(&store);
    publish(&mut producer, 1);
    let (consumer, listening) = follow(&store, &mock);
    wait_for("listening", || listening.is_listening());
    let announcer = announcer(mock.bootstrap_servers(), &store);
    for id in 2..6 {
        let version = publish(&mut producer, id);
        announcer.announce();
        wait_for("the version", || consumer.version() == Some(version));
    }
    assert!(listening.heard() >= 1);
}

#[test]
fn what_was_announced_before_anybody_listened_is_found_when_listening_begins() {
    let mock = MockKafka::start().expect("a cluster");
    let store = Store::memory();
    let mut producer = producer(&store);
    publish(&mut producer, 1);
    let (consumer, listening) = follow(&store, &mock);
    let version = publish(&mut producer, 2);
    assert!(!listening.is_listening(), "the topic does not exist yet");
    mock.create_topic(TOPIC, 1).expect("a topic");
    wait_for("the version", || consumer.version() == Some(version));
}

#[test]
fn forged_hints_do_no_harm() {
    let mock = MockKafka::with_topics([(TOPIC, 3)]).expect("a cluster");
    let store = Store::memory();
    let mut producer = producer(&store);
    let version = publish(&mut producer, 1);
    let (consumer, listening) = follow(&store, &mock);
    wait_for("listening", || listening.is_listening());
    let head = format!("{{\"schema\":1,\"version\":{}}}", version.0 + 1_000_000);
    forge(&mock, "ratings", b"{}", 200);
    forge(&mock, "titles", head.as_bytes(), 200);
    forge(&mock, "titles", &[0xFF; 100], 200);
    wait_for("hearing", || listening.heard() == 400);
    assert_eq!(
        consumer.version(),
        Some(version),
        "it asked the store, which knows better"
    );
    let health = consumer.health();
    assert!(health.is_current() && health.failures == 0, "{health:?}");
    assert!(
        health.requests < 100,
        "{} requests for 400 forged hints",
        health.requests
    );
    let next = publish(&mut producer, 2);
    forge(&mock, "titles", b"", 1);
    wait_for("the version", || consumer.version() == Some(next));
}

#[test]
fn a_fleet_that_hears_together_does_not_ask_together() {
    let mock = MockKafka::with_topics([(TOPIC, 1)]).expect("a cluster");
    for spread in [Duration::from_secs(3600), Duration::ZERO] {
        let wakes = Arc::new(AtomicU64::new(0));
        let count = wakes.clone();
        let topic = AnnouncementTopic { spread, ..topic(&mock) };
        let wake = move || {
            count.fetch_add(1, Ordering::SeqCst);
        };
        let listening = KafkaAnnouncements::listen(topic, "titles", wake).expect("a thread");
        wait_for("listening", || listening.is_listening());
        if spread.is_zero() {
            wait_for("the first wake", || wakes.load(Ordering::SeqCst) == 1);
        }
        wait_for("hearing", || {
            forge(&mock, "titles", b"", 10);
            listening.heard() >= 50
        });
        if spread.is_zero() {
            wait_for("the wakes", || wakes.load(Ordering::SeqCst) == listening.heard() + 1);
        } else {
            // Whatever is heard while one waits is read together.
            assert!(wakes.load(Ordering::SeqCst) <= 3, "{wakes:?}");
        }
    }
}

#[test]
fn hints_that_are_lost_cost_nothing_but_time() {
    let mock = MockKafka::with_topics([(TOPIC, 1)]).expect("a cluster");
    let store = Store::memory();
    let mut producer = producer(&store);
    publish(&mut producer, 1);
    let consumer = Consumer::builder(store.clone())
        .refresh_every(Duration::from_millis(20))
        .start()
        .expect("a start");
    mock.set_down(true).expect("told");
    let announcer = announcer(mock.bootstrap_servers(), &store);
    let version = publish(&mut producer, 2);
    announcer.announce();
    wait_for("the version", || consumer.version() == Some(version));
}

/// What the service tells its listener is what is announced: its start, and every version.
#[test]
fn a_service_announces_at_its_start_and_after_each_version() {
    let mock = MockKafka::with_topics([(TOPIC, 1)]).expect("a cluster");
    let store = Store::memory();
    let mut producer = producer(&store);
    publish(&mut producer, 1);
    let (_consumer, listening) = follow(&store, &mock);
    wait_for("listening", || listening.is_listening());
    let told = Arc::new(AtomicU64::new(0));
    let count = told.clone();
    let inner: Listener = Arc::new(move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    let listener = announcer(mock.bootstrap_servers(), &store).before(inner);
    let nothing = Event::Restored {
        version: None,
        position: None,
    };
    listener("titles", &nothing);
    listener("titles", &Event::Stopped);
    listener(
        "titles",
        &Event::Restored {
            version: producer.version(),
            position: None,
        },
    );
    wait_for("hearing", || listening.heard() == 1);
    assert_eq!(told.load(Ordering::SeqCst), 3, "who listens besides hears all");
}
