//! The real broker: does it serve, does data outlive it, does it end when it should?

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use xtask::kafka::{self, Kafka, KafkaError, StartOptions};

type Outcome = Result<(), Box<dyn Error>>;

const TOPIC: &str = "titles";
const PATIENCE: Duration = Duration::from_secs(60);

fn client(kafka: &Kafka) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", kafka.bootstrap());
    config
}

fn create_topic(kafka: &Kafka, replicas: i32) -> Outcome {
    let admin: AdminClient<DefaultClientContext> = client(kafka).create()?;
    let topic = NewTopic::new(TOPIC, 1, TopicReplication::Fixed(replicas));
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for result in runtime.block_on(admin.create_topics([&topic], &options))? {
        result.map_err(|(name, code)| format!("topic {name} was not created: {code}"))?;
    }
    Ok(())
}

/// Sends the messages and waits until all replicas that must have them have them.
fn produce(kafka: &Kafka, messages: &[&str]) -> Outcome {
    let producer: BaseProducer = client(kafka)
        .set("acks", "all")
        .set("message.timeout.ms", "60000")
        .create()?;
    for message in messages {
        producer
            .send(BaseRecord::<str, str>::to(TOPIC).payload(message))
            .map_err(|(error, _)| error)?;
    }
    producer.flush(PATIENCE)?;
    assert_eq!(producer.in_flight_count(), 0);
    Ok(())
}

/// The first `count` messages of the topic.
fn consume(kafka: &Kafka, count: usize) -> Result<Vec<String>, Box<dyn Error>> {
    let consumer: BaseConsumer = client(kafka).set("group.id", "reader").create()?;
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(TOPIC, 0, Offset::Beginning)?;
    consumer.assign(&from)?;
    let deadline = Instant::now() + PATIENCE;
    let mut messages = Vec::new();
    while messages.len() < count && Instant::now() < deadline {
        // A connection that breaks while a broker restarts is made again: errors are not the end.
        if let Some(Ok(message)) = consumer.poll(Duration::from_millis(100)) {
            messages.push(String::from_utf8_lossy(message.payload().unwrap_or_default()).into());
        }
    }
    Ok(messages)
}

#[test]
fn messages_outlive_their_broker() -> Outcome {
    let dir = tempfile::tempdir()?;
    let options = || StartOptions {
        dir: Some(dir.path().to_path_buf()),
        ..StartOptions::default()
    };
    let Some(mut kafka) = Kafka::start_or_skip("messages outlive their broker", options())? else {
        return Ok(());
    };

    create_topic(&kafka, 1)?;
    produce(&kafka, &["one", "two"])?;
    assert_eq!(consume(&kafka, 2)?, ["one", "two"]);

    // Two owners of one folder: the second is told, the first is not disturbed.
    let refused = Kafka::start(options()).expect_err("the folder is in use");
    assert!(matches!(refused, KafkaError::AlreadyRunning { .. }), "{refused}");

    let before = kafka.bootstrap().to_owned();
    kafka.restart()?;
    produce(&kafka, &["three"])?;
    kafka.kill_broker(1)?;
    kafka.start_broker(1)?;
    assert_eq!(consume(&kafka, 3)?, ["one", "two", "three"]);
    let id = kafka.cluster_id().to_owned();

    drop(kafka);
    let stopped = kafka::status(dir.path())?;
    assert_eq!(stopped.iter().map(|broker| broker.pid).collect::<Vec<_>>(), [None]);
    let kafka = Kafka::start(options())?;
    assert_eq!((kafka.bootstrap(), kafka.cluster_id()), (before.as_str(), id.as_str()));
    assert_eq!(consume(&kafka, 3)?, ["one", "two", "three"]);
    Ok(())
}

#[test]
fn three_brokers_do_without_one() -> Outcome {
    let options = StartOptions {
        brokers: 3,
        ..StartOptions::default()
    };
    let Some(mut kafka) = Kafka::start_or_skip("three brokers do without one", options)? else {
        return Ok(());
    };
    assert_eq!(kafka.bootstrap().split(',').count(), 3);

    create_topic(&kafka, 3)?;
    produce(&kafka, &["one"])?;
    kafka.kill_broker(2)?;
    produce(&kafka, &["two"])?;
    kafka.start_broker(2)?;
    kafka.stop_broker(3)?;
    produce(&kafka, &["three"])?;
    assert_eq!(consume(&kafka, 3)?, ["one", "two", "three"]);

    assert!(matches!(
        kafka.stop_broker(4),
        Err(KafkaError::NoSuchBroker { broker: 4, brokers: 3 })
    ));
    let dir = kafka.dir().to_path_buf();
    drop(kafka);
    assert!(!dir.exists(), "a throwaway cluster leaves nothing");
    Ok(())
}

#[test]
fn a_broker_that_cannot_start_says_why() -> Outcome {
    let properties = vec![("num.network.threads".to_owned(), "many".to_owned())];
    let options = StartOptions {
        properties,
        ..StartOptions::default()
    };
    let refused = match Kafka::start_or_skip("a broker that cannot start says why", options) {
        Ok(None) => return Ok(()),
        Ok(Some(_)) => return Err("it started".into()),
        Err(error) => error.to_string(),
    };
    assert!(refused.contains("num.network.threads"), "{refused}");
    Ok(())
}

/// Set for the process that is killed in [`a_broker_ends_with_its_killed_owner`].
const OWNER: &str = "XTASK_TEST_BROKER_OWNER";

#[test]
fn a_broker_ends_with_its_killed_owner() -> Outcome {
    const NAME: &str = "a_broker_ends_with_its_killed_owner";
    if std::env::var_os(OWNER).is_some() {
        let kafka = Kafka::start(StartOptions::default())?;
        println!("\nbootstrap {}", kafka.bootstrap());
        std::thread::sleep(PATIENCE * 10);
        return Ok(());
    }
    if let Err(reason) = Kafka::available() {
        if std::env::var("CI").is_ok_and(|value| value == "true") {
            return Err(reason.into());
        }
        xtask::skip::skip("a broker ends with its killed owner", &reason);
        return Ok(());
    }
    let mut owner = Command::new(std::env::current_exe()?)
        .args(["--exact", NAME, "--nocapture"])
        .env(OWNER, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let lines = BufReader::new(owner.stdout.take().ok_or("no output")?).lines();
    let address = lines
        .map_while(Result::ok)
        .find_map(|line| line.strip_prefix("bootstrap ").map(str::to_owned));
    let address = match address {
        Some(address) => address,
        None => {
            owner.wait()?;
            return Err("the owner did not start its broker".into());
        }
    };
    TcpStream::connect(&address)?;
    owner.kill()?; // SIGKILL: no Drop runs
    owner.wait()?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while TcpStream::connect(&address).is_ok() {
        assert!(Instant::now() < deadline, "the broker lives on at {address}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
