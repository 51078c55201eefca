//! Dead letters against the mock cluster, and through the program: caps, restarts, listing, sending back.

use hollow::store::Store;
use incremental_producer::client::ClientSettings;
use incremental_producer::config::{Config, DatasetConfig};
use incremental_producer::dead_letter::letters::{LetterBox, SentBack};
use incremental_producer::emit::Emitter;
use incremental_producer::mock::MockKafka;
use incremental_producer::service::{DatasetHandle, DatasetService, Phase, Status};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

struct World {
    mock: MockKafka,
    directory: tempfile::TempDir,
    store: Store,
    emitter: Emitter,
}

impl World {
    fn new() -> Self {
        let mock = MockKafka::with_topics([("people", 2), ("people.dlq", 2)]).expect("a mock");
        let emitter = Emitter::new(mock.bootstrap_servers(), &ClientSettings::default(), None, None).expect("a client");
        Self {
            mock,
            directory: tempfile::tempdir().expect("a directory"),
            store: Store::memory(),
            emitter,
        }
    }

    fn config(&self, schema: &str, letters: &str) -> DatasetConfig {
        let text = format!(
            r#"
            [[dataset]]
            name = "people"
            root = "Person"
            store = "store"
            cadence = "20ms"
            bootstrap_servers = "{}"
            log = "{}"
            schema = "{schema}"
            [dataset.dead_letters]
            {letters}
            "#,
            self.mock.bootstrap_servers(),
            self.mock.log()
        );
        std::fs::write(self.directory.path().join("config.toml"), &text).expect("a file");
        Config::parse(&text, self.directory.path())
            .expect("a configuration")
            .datasets
            .remove(0)
    }

    fn start(&self, config: &DatasetConfig) -> DatasetHandle {
        let service = DatasetService::open_with(config, self.store.clone()).expect("a service");
        service.start().expect("a thread")
    }

    fn send(&self, id: i64, payload: &[u8]) {
        self.emitter
            .emit("people", format!("[{id}]").as_bytes(), Some(payload), 77, None)
            .expect("room");
        self.emitter.flush(Duration::from_secs(60)).expect("delivered");
    }

    fn letters(&self, config: &DatasetConfig) -> LetterBox {
        LetterBox {
            bootstrap_servers: config.bootstrap_servers.clone(),
            topic: config.topic.clone(),
            dead_letter_topic: config.dead_letter_topic.clone(),
            group: "dead-letters-people".to_owned(),
            client: config.client.clone(),
        }
    }

    fn program(&self, arguments: &[&str]) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_incremental-producer"))
            .args(arguments)
            .args([Path::new("--config"), &self.directory.path().join("config.toml")])
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        serde_json::from_slice(&self.program(arguments).stdout).expect("JSON")
    }
}

const SCHEMA: &str = "Person @PrimaryKey(id) { long id; string name; }";
const GROWN: &str = "Person @PrimaryKey(id) { long id; string name; int age; }";

fn until(handle: &DatasetHandle, what: &str, done: impl Fn(&Status) -> bool) -> Status {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let status = handle.status();
        if done(&status) {
            return status;
        }
        assert!(Instant::now() < deadline, "waiting for {what}: {status:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_row_of_them_halts_again_and_again_at_the_same_message_and_sends_nothing() {
    let world = World::new();
    let config = world.config(SCHEMA, "most_in_a_row = 5");
    // One key, so one partition.
    for _ in 0..3 {
        world.send(1, b"nonsense");
    }
    let handle = world.start(&config);
    until(&handle, "three letters", |status| status.dead_letters == 3);
    // Its offsets and what the cap counts are published with the next change.
    world.send(1, br#"{"id":1,"name":"one"}"#);
    for _ in 0..2 {
        world.send(1, b"nonsense");
    }
    until(&handle, "five letters", |status| status.dead_letters == 5);
    drop(handle);
    for _ in 0..8 {
        world.send(1, b"nonsense");
    }
    let letters = || world.letters(&config).newest(1000).expect("letters").len();
    let mut before = None;
    for round in 0..3 {
        let handle = world.start(&config);
        let status = until(&handle, "a halt", |status| status.phase == Phase::Halted);
        let error = status.last_error.expect("an error");
        assert!(
            error.starts_with("5 messages in a row mean nothing, topic=people partition="),
            "{error}"
        );
        assert!(
            error.contains(" offset=8 ") && error.contains("raise `most_in_a_row`, which is 5"),
            "{error}"
        );
        assert_eq!(*before.get_or_insert(letters()), letters(), "round {round}");
    }
    assert_eq!(letters(), 5);
    // A person says that they may go.
    let config = world.config(SCHEMA, "most_in_a_row = 50");
    let handle = world.start(&config);
    until(&handle, "the rest", |status| status.behind == 0 && status.cycles > 0);
    assert_eq!(letters(), 13);
}

#[test]
fn some_datasets_halt_at_the_first_and_large_messages_are_not_decoded() {
    let world = World::new();
    let config = world.config(SCHEMA, "policy = \"halt\"\nmost_message_bytes = 100");
    world.send(1, br#"{"id":1,"name":"one"}"#);
    world.send(2, format!(r#"{{"id":2,"name":"{}"}}"#, "x".repeat(100)).as_bytes());
    let handle = world.start(&config);
    let status = until(&handle, "a halt", |status| status.phase == Phase::Halted);
    let error = status.last_error.expect("an error");
    assert!(
        error.starts_with("a message means nothing, topic=people partition="),
        "{error}"
    );
    assert!(
        error.contains("the message is too large, bytes=121 most_message_bytes=100"),
        "{error}"
    );
    assert!(world.letters(&config).newest(10).expect("letters").is_empty());
}

#[test]
fn letters_are_listed_and_sent_back_once() {
    let world = World::new();
    let config = world.config(SCHEMA, "");
    world.send(1, br#"{"id":1,"name":"one","age":41}"#);
    world.send(2, br#"{"id":2,"name":"two"}"#);
    world.send(3, br#"{"id":3,"name":"three","age":43}"#);
    world.send(4, b"\x1b[2Jnonsense");
    let handle = world.start(&config);
    until(&handle, "three letters", |status| status.dead_letters == 3);
    drop(handle);

    let listed = world.json(&["dead-letters", "people", "--json"]);
    let letters = listed["letters"].as_array().expect("a list");
    assert_eq!((listed["schema"].as_i64(), letters.len()), (Some(1), 3));
    assert!(
        letters
            .iter()
            .all(|letter| letter["sent_back"] == false && letter["topic"] == "people")
    );
    let third = letters.iter().find(|letter| letter["key"] == "[3]").expect("the third");
    assert!(
        third["reason"]
            .as_str()
            .is_some_and(|reason| reason.contains("no such field")),
        "{third}"
    );
    assert_eq!(third["payload"], r#"{"id":3,"name":"three","age":43}"#);
    let text = String::from_utf8(world.program(&["dead-letters", "people", "--limit", "1"]).stdout).expect("text");
    assert_eq!(text.lines().count(), 1);
    assert!(!text.contains('\u{1b}'), "{text:?}");

    // The schema is mended: the fields are known now.
    let config = world.config(GROWN, "");
    let done = world.json(&["dead-letters", "people", "--replay", "--json"]);
    assert_eq!(
        (
            done["sent"].as_i64(),
            done["repeated"].as_i64(),
            done["foreign"].as_i64()
        ),
        (Some(3), Some(0), Some(0))
    );
    assert_eq!(
        world.letters(&config).send_back(u64::MAX).expect("an answer"),
        SentBack::default(),
        "once"
    );
    let handle = world.start(&config);
    until(&handle, "all of them again", |status| {
        status.messages >= 3 && status.behind == 0
    });
    drop(handle);
    let consumer = hollow::consumer::Consumer::builder(world.store.clone())
        .build()
        .expect("a consumer");
    consumer.refresh().expect("a route");
    let state = consumer.state().expect("a state");
    assert_eq!(state.ty("Person").expect("the type").len(), 3);
    // The nonsense is a letter once more, which was not sent back.
    let letters = world.letters(&config).newest(10).expect("letters");
    let sent_back: Vec<bool> = letters.iter().map(|letter| letter.sent_back).collect();
    assert_eq!(sent_back, [true, true, true, false]);
    assert_eq!(letters[3].payload.as_deref(), Some(b"\x1b[2Jnonsense".as_slice()));
    assert_eq!(letters[3].headers, [("source-ms".to_owned(), Some(b"77".to_vec()))]);
    assert_eq!(world.letters(&config).send_back(1).expect("an answer").sent, 1);
}

#[test]
fn letters_of_another_topic_are_not_sent_back() {
    let world = World::new();
    let config = world.config(SCHEMA, "");
    world
        .emitter
        .emit("people.dlq", b"[1]", Some(b"no headers at all"), 0, None)
        .expect("room");
    world.emitter.flush(Duration::from_secs(60)).expect("delivered");
    let done = world.letters(&config).send_back(u64::MAX).expect("an answer");
    assert_eq!((done.sent, done.foreign), (0, 1));
}
