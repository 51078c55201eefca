//! What a person can do about refused data, with the program as it is run: commands, exit codes, nothing of a secret.

use hollow::record::{KeyValue, Value};
use incremental_producer::Codec;
use incremental_producer::client::ClientSettings;
use incremental_producer::config::Config;
use incremental_producer::emit::Emitter;
use incremental_producer::mock::MockKafka;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const CANARY: &str = "canary-5f1e77";

struct World {
    _directory: tempfile::TempDir,
    config: PathBuf,
    codec: Codec,
    emitter: Emitter,
    _mock: MockKafka,
}

impl World {
    fn new() -> Self {
        let mock = MockKafka::with_topics([("titles", 2), ("titles.dlq", 1)]).expect("a mock");
        let directory = tempfile::tempdir().expect("a directory");
        let config = directory.path().join("config.toml");
        let text = format!(
            r#"
            [[dataset]]
            name = "titles"
            root = "Title"
            store = "titles"
            cadence = "20ms"
            bootstrap_servers = "{}"
            log = "{}"
            schema = "Title @PrimaryKey(id) {{ long id; }}"
            client = {{ "sasl.password" = {{ env = "CANARY" }} }}
            [dataset.checks]
            max_removed_percent = 5
            max_removed_percent_per_window = 10
            "#,
            mock.bootstrap_servers(),
            mock.log()
        );
        std::fs::write(&config, text).expect("a file");
        let environment = |_: &str| Some(CANARY.to_owned());
        let text = std::fs::read_to_string(&config).expect("a file");
        let parsed = Config::parse_with(&text, directory.path(), &environment).expect("a configuration");
        let codec = parsed.datasets[0].codec.clone();
        let emitter = Emitter::new(mock.bootstrap_servers(), &ClientSettings::default(), None, None).expect("a client");
        Self {
            _directory: directory,
            config,
            codec,
            emitter,
            _mock: mock,
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_incremental-producer"));
        command
            .args(arguments)
            .arg("--config")
            .arg(&self.config)
            .env("CANARY", CANARY);
        command
    }

    /// Runs a command; gives its exit code, standard output and standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().expect("the program starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, error) = (text(&stdout), text(&stderr));
        assert!(
            !out.contains(CANARY) && !error.contains(CANARY),
            "a secret shows: {out}{error}"
        );
        (status.code().expect("an exit"), out, error)
    }

    fn json(&self, arguments: &[&str]) -> (i32, serde_json::Value) {
        let (code, out, error) = self.run(&[arguments, &["--json"]].concat());
        let document = serde_json::from_str(&out).unwrap_or_else(|_| panic!("no JSON: {out} {error}"));
        (code, document)
    }

    fn put(&self, ids: std::ops::Range<i64>) {
        for id in ids {
            let payload = self.codec.encode_json(&Value::Object(vec![Value::Long(id)]));
            self.emit(id, Some(&payload));
        }
        self.emitter.flush(Duration::from_secs(60)).expect("delivered");
    }

    fn delete(&self, ids: std::ops::Range<i64>) {
        ids.for_each(|id| self.emit(id, None));
        self.emitter.flush(Duration::from_secs(60)).expect("delivered");
    }

    fn emit(&self, id: i64, payload: Option<&[u8]>) {
        let key = self.codec.encode_key(&[KeyValue::Long(id)]);
        self.emitter.emit("titles", &key, payload, 0, None).expect("room");
    }

    /// Waits until the status of the dataset is as wanted.
    fn until(&self, what: &str, done: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            let (code, out, _) = self.run(&["status", "titles", "--json"]);
            let document = serde_json::from_str::<serde_json::Value>(&out).unwrap_or_default();
            let dataset = document["datasets"][0].clone();
            if code < 2 && done(&dataset) {
                return dataset;
            }
            assert!(Instant::now() < deadline, "waiting for {what}: {document}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_refused_candidate_is_found_looked_at_and_accepted() {
    let world = World::new();
    let (code, out, _) = world.run(&["check-config"]);
    assert_eq!(code, 0);
    for part in [
        "client settings=sasl.password",
        "removed-records(Title) removed-records(Title, 3600 s)",
        "keep_refused=10",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    assert_eq!(
        world.json(&["check-config"]).1["datasets"][0]["checks"][0],
        "removed-records(Title)"
    );
    let (code, _, error) = world.run(&["status", "titles"]);
    assert_eq!(code, 3, "no store yet: {error}");

    world.put(0..100);
    let logs = world.config.with_file_name("log");
    let start = || {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&logs)
            .expect("a file");
        let child = world
            .command(&["run"])
            .stderr(Stdio::from(log))
            .spawn()
            .expect("the program starts");
        Running(child)
    };
    let running = start();
    world.until("the load", |status| status["counts"]["Title"]["records"] == 100);
    world.delete(0..20);
    let status = world.until("a hold", |status| status["held"].is_string());
    assert!(
        status["held"]
            .as_str()
            .is_some_and(|held| held.contains("2 of the last candidates were refused"))
    );
    drop(running);

    // Nothing runs: everything is found in the store.
    let (code, out, _) = world.run(&["status"]);
    assert_eq!(code, 1, "the answer is no");
    assert!(
        out.contains("HELD") && out.contains("offsets") && out.contains("in quarantine"),
        "{out}"
    );
    let (code, listed) = world.json(&["quarantine", "titles"]);
    assert_eq!(code, 0);
    let candidate = listed["candidates"][0]["candidate"]
        .as_str()
        .expect("a name")
        .to_owned();
    assert_eq!(listed["candidates"][0]["counts"]["Title"]["records"], 80);
    let (_, out, _) = world.run(&["quarantine", "titles", "--candidate", &candidate]);
    assert!(
        out.contains("REFUSED     removed-records(Title): 20 of 100 records removed"),
        "{out}"
    );
    let directory = world.config.with_file_name("refused");
    let to = directory.to_str().expect("text");
    let (code, _, error) = world.run(&["quarantine", "titles", "--candidate", &candidate, "--to", to]);
    assert_eq!(code, 0, "{error}");
    let consumer = hollow::store::JavaDirectory::open(&directory).expect("a directory of blobs");
    let consumer = hollow::consumer::Consumer::builder(consumer)
        .build()
        .expect("a consumer");
    consumer.refresh().expect("loaded");
    assert_eq!(
        consumer.state().and_then(|state| Some(state.ty("Title")?.len())),
        Some(80)
    );
    assert_eq!(
        world
            .run(&["quarantine", "titles", "--candidate", &candidate, "--to", to])
            .0,
        6,
        "it is there"
    );

    let who = ["--by", "Ada", "--reason", "the licence ended"];
    let accept = |candidate: &str| world.run(&[&["accept", "titles", "--candidate", candidate], &who[..]].concat());
    assert_eq!(accept("1-none").0, 3);
    assert_eq!(accept(&candidate).0, 0);
    let running = start();
    let status = world.until("the acceptance", |status| status["counts"]["Title"]["records"] == 80);
    assert!(status["held"].is_null());
    assert!(
        status["receipts"][0]["waived"]
            .as_str()
            .is_some_and(|by| by.starts_with("by Ada")),
        "{status}"
    );
    let (_, out, _) = world.run(&["offsets", "titles"]);
    assert!(
        out.contains("accepted.by=Ada\n") && out.contains(&format!("accepted.candidate={candidate}\n")),
        "{out}"
    );
    let (code, _, error) = accept(&candidate);
    assert_eq!(code, 6, "overtaken by itself");
    assert!(error.contains("it was overtaken"), "{error}");

    // Held, and released.
    assert_eq!(
        world
            .run(&["hold", "titles", "--by", "Ada", "--reason", "release of the app"])
            .0,
        0
    );
    world.until("the hold", |status| status["held"].is_string());
    std::thread::sleep(Duration::from_millis(300));
    world.put(200..201);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(world.run(&["status", "titles"]).0, 1);
    world.until("nothing", |status| status["counts"]["Title"]["records"] == 80);
    assert_eq!(world.run(&["release", "titles", "--by", "Ada"]).0, 0);
    world.until("the release", |status| status["counts"]["Title"]["records"] == 81);
    assert_eq!(world.run(&["status", "titles"]).0, 0);
    drop(running);
    let log = std::fs::read_to_string(&logs).expect("a log");
    assert!(log.contains("HELD") && !log.contains(CANARY), "{log}");
}

#[test]
fn the_doctor_finds_what_is_not_there() {
    let world = World::new();
    let (code, out, _) = world.run(&["doctor"]);
    assert_eq!(code, 0, "{out}");
    for part in [
        "is not there yet",
        "topic=titles partitions=2",
        "topic=titles.dlq partitions=1",
        "0 offsets lie between",
    ] {
        assert!(out.contains(part), "{part}: {out}");
    }
    let text = std::fs::read_to_string(&world.config).expect("a file");
    std::fs::write(
        &world.config,
        text.replace("log =", "dead_letter_topic = \"nowhere\"\nlog ="),
    )
    .expect("a file");
    let (code, found) = world.json(&["doctor"]);
    assert_eq!(code, 1);
    let findings = found["datasets"][0]["findings"].as_array().expect("a list");
    let failed: Vec<&str> = findings
        .iter()
        .filter(|finding| finding["verdict"] == "fail")
        .filter_map(|finding| finding["what"].as_str())
        .collect();
    assert_eq!(failed, ["dead letters"]);
}

#[test]
fn exit_codes_say_what_kind_of_trouble_it_is() {
    let world = World::new();
    assert_eq!(world.run(&["status", "none"]).0, 3);
    assert_eq!(world.run(&["quarantine", "none"]).0, 3);
    assert_eq!(world.run(&["run", "--accept-gap", "none"]).0, 3);
    assert_eq!(world.run(&["hold", "titles"]).0, 2, "who and why?");
    assert_eq!(world.run(&["hold", "titles", "--by", " ", "--reason", "x"]).0, 2);
    assert_eq!(
        world
            .run(&["hold", "titles", "--by", "a", "--reason", "x", "--until", "yesterday"])
            .0,
        2
    );
    let (code, _, error) = world.run(&["hold", "titles", "--by", "a", "--reason", "x", "--json"]);
    assert_eq!(code, 3, "no store yet");
    let error: serde_json::Value = serde_json::from_str(&error).expect("errors are JSON, too");
    assert_eq!(error["error"]["code"], 3);
    std::fs::write(&world.config, "dataset = 1").expect("a file");
    assert_eq!(world.run(&["check-config"]).0, 2);
    assert_eq!(world.run(&["status"]).0, 2);
}
