//! The program: its pages while it folds and while it waits, its log, its end.

use crate::exposition::Exposition;
use crate::program::{Program, Setting, emitter};
use incremental_producer::mock::MockKafka;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

pub(crate) fn mock() -> MockKafka {
    MockKafka::with_topics([("titles", 2), ("titles.dlq", 1)]).expect("a mock")
}

fn folding(mock: &MockKafka) -> Setting {
    Setting::new(
        mock.bootstrap_servers(),
        &format!("store = \"titles\"\nlog = \"{}\"", mock.log()),
    )
}

#[test]
fn it_shows_what_it_does_and_ends_when_told() {
    let mock = mock();
    let setting = folding(&mock);
    let emitter = emitter(&mock);
    for id in 0..20 {
        let payload = format!("{{\"id\":{id},\"name\":\"a name of nobody's business\"}}");
        let key = format!("[{id}]");
        emitter
            .emit("titles", key.as_bytes(), Some(payload.as_bytes()), 0, None)
            .expect("room");
    }
    // Neither is a key of the dataset; the second one would clear a terminal.
    emitter.emit("titles", b"[\"x\"]", Some(b"{}"), 0, None).expect("room");
    let hostile = "[\"a\u{1b}[2J\nb\u{9b}31m\"]";
    emitter
        .emit("titles", hostile.as_bytes(), Some(b"{}"), 0, None)
        .expect("room");
    emitter.flush(Duration::from_secs(60)).expect("delivered");

    let mut program = Program::start(&setting.config, &[]);
    let status = program
        .until("/status", |answer| {
            answer.json()["datasets"][0]["counts"]["messages"] == 22
        })
        .json();
    let titles = &status["datasets"][0];
    assert_eq!(
        (&titles["phase"], &titles["lag"]),
        (&"folding".into(), &0.into()),
        "{status}"
    );
    assert_eq!(
        (&titles["epoch"], &titles["counts"]["dead_letters"]),
        (&1.into(), &2.into()),
        "{status}"
    );
    assert_eq!(titles["log"]["partitions"].as_array().map(Vec::len), Some(2));
    assert!(!status.to_string().contains("nobody's business"), "no record is shown");

    let ready = program.until("/ready", |answer| answer.code == 200);
    assert_eq!(
        ready.json(),
        serde_json::json!({"schema": 1, "ok": true, "problems": []})
    );
    assert!(ready.head.contains("x-content-type-options: nosniff"), "{ready:?}");
    assert_eq!(program.get("/live").code, 200);

    let metrics = program.get("/metrics");
    assert!(
        metrics
            .head
            .contains("content-type: application/openmetrics-text; version=1.0.0"),
        "{metrics:?}"
    );
    let found = Exposition::parse(&metrics.body).unwrap_or_else(|error| panic!("{error}\n{}", metrics.body));
    let of = |name, labels: &[(&str, &str)]| found.value(name, labels);
    assert_eq!(
        of("incremental_producer_messages_total", &[("dataset", "titles")]),
        Some(22.0)
    );
    assert_eq!(
        of("incremental_producer_records_folded_total", &[("outcome", "upserted")]),
        Some(20.0)
    );
    assert_eq!(of("incremental_producer_dead_letters_total", &[]), Some(2.0));
    assert_eq!(of("incremental_producer_records", &[]), Some(20.0));
    assert_eq!(of("incremental_producer_ready", &[]), Some(1.0));
    // A store in which nothing was before.
    for (operation, outcome) in [("put", "ok"), ("register_read", "absent"), ("compare_and_set", "ok")] {
        let labels = [("operation", operation), ("outcome", outcome)];
        let requests = of("incremental_producer_store_requests_total", &labels);
        assert!(requests >= Some(1.0), "{operation}: {requests:?}");
        let timed = of("incremental_producer_store_request_seconds_count", &labels[..1]);
        assert!(timed >= requests, "{operation}: {timed:?} of {requests:?}");
    }

    hostile_requests(&program);

    program.signal("TERM");
    assert_eq!(program.wait(), Some(0), "{:#?}", program.log);
    // Every line is one JSON object, and nothing in it steers a terminal.
    for line in &program.log {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    let set_aside = |line: &&String| line.contains("a message means nothing");
    assert_eq!(program.log.iter().filter(set_aside).count(), 2);
}

fn hostile_requests(program: &Program) {
    let starts = |bytes: &[u8], with: &str| {
        let answer = program.send(bytes);
        let text = String::from_utf8_lossy(&answer);
        assert!(text.starts_with(with), "{text:?}");
    };
    starts(
        b"POST /status HTTP/1.1\r\nhost: x\r\ncontent-length: 999999999999\r\n\r\n",
        "HTTP/1.1 405",
    );
    starts(b"DELETE /ready HTTP/1.1\r\nhost: x\r\n\r\n", "HTTP/1.1 405");
    starts(b"HEAD /status HTTP/1.1\r\nhost: x\r\n\r\n", "HTTP/1.1 200");
    starts(b"GET /../../etc/passwd HTTP/1.1\r\nhost: x\r\n\r\n", "HTTP/1.1 404");
    starts(b"GET /%2e%2e/%00 HTTP/1.1\r\nhost: x\r\n\r\n", "HTTP/1.1 404");
    starts(
        b"GET /live HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        "HTTP/1.1 200",
    );
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(1 << 20));
    starts(long.as_bytes(), "");
    let many = format!("GET /live HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(200));
    starts(many.as_bytes(), "HTTP/1.1 431");
    let wide = format!("GET /live HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    starts(wide.as_bytes(), "");
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"\0\0\0\0\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
    ] {
        starts(garbage, "");
    }
    // Two in one connection: the second is not read.
    let twice = program.send(b"GET /live HTTP/1.1\r\nhost: x\r\n\r\nGET /live HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(String::from_utf8_lossy(&twice).matches("HTTP/1.1").count(), 1);
    // More that say nothing, or not all, than there are places: they are shown the door, and others get theirs.
    let mut idle: Vec<TcpStream> = (0..40)
        .map(|_| TcpStream::connect(program.address).expect("a queue"))
        .collect();
    for stream in idle.iter_mut().step_by(2) {
        let _ = stream.write_all(b"GET /live HT");
    }
    assert_eq!(program.get("/live").code, 200);
}

#[test]
fn snapshots_written_beside_the_cycles_are_counted() {
    let mock = mock();
    let more = format!("store = \"titles\"\nsnapshot_every = 2\nlog = \"{}\"", mock.log());
    let setting = Setting::new(mock.bootstrap_servers(), &more);
    let emitter = emitter(&mock);
    let mut program = Program::start(&setting.config, &[]);
    // The first version brings its snapshot with it; those of later ones are named by the versions after them.
    for id in 0.. {
        let (key, payload) = (format!("[{id}]"), format!("{{\"id\":{id},\"name\":\"x\"}}"));
        emitter
            .emit("titles", key.as_bytes(), Some(payload.as_bytes()), 0, None)
            .expect("room");
        emitter.flush(Duration::from_secs(60)).expect("delivered");
        program.until("/status", |answer| {
            answer.json()["datasets"][0]["counts"]["messages"] == id + 1
        });
        let metrics = Exposition::parse(&program.get("/metrics").body).expect("well-formed");
        let of = |name, labels: &[(&str, &str)]| metrics.value(name, labels).expect("a value");
        let snapshots = of("incremental_producer_blobs_total", &[("kind", "snapshot")]);
        let bytes = of("incremental_producer_blob_bytes_total", &[("kind", "snapshot")]);
        assert!(bytes > snapshots * 10.0, "{bytes} of {snapshots}");
        if snapshots >= 2.0 {
            let since = of("incremental_producer_versions_since_snapshot", &[]);
            let versions = program.get("/status").json()["datasets"][0]["counts"]["versions"].as_f64();
            assert!(
                versions.is_some_and(|versions| since < versions - 1.0),
                "{since} of {versions:?}"
            );
            break;
        }
        assert!(id < 10_000, "no snapshot comes");
    }
    program.signal("TERM");
    assert_eq!(program.wait(), Some(0));
}

#[test]
fn a_dataset_that_waits_for_a_person_is_shown_until_somebody_comes() {
    let mock = mock();
    let setting = folding(&mock);
    let mut program = Program::start(&setting.config, &[]);
    program.until("/ready", |answer| answer.code == 200);
    program.signal("INT");
    assert_eq!(program.wait(), Some(0));

    // Another log than the one that was folded.
    let text = std::fs::read_to_string(&setting.config).expect("a file");
    std::fs::write(&setting.config, text.replace(mock.log(), "another-log")).expect("a file");
    let mut program = Program::start(&setting.config, &[]);
    let halted = program.until_logged("HALTED; a person is needed");
    let reason = halted["error"].as_str().expect("a reason");
    assert!(reason.contains("the log started anew"), "{reason}");
    let ready = program.until("/ready", |answer| answer.code == 503 && answer.body.contains("halted"));
    assert_eq!(ready.json()["problems"][0]["dataset"], "titles");
    assert_eq!(program.get("/live").code, 200, "a restart would not help");
    let metrics = Exposition::parse(&program.get("/metrics").body).expect("well-formed");
    assert_eq!(
        metrics.value("incremental_producer_phase", &[("phase", "halted")]),
        Some(1.0)
    );
    assert_eq!(program.get("/status").json()["datasets"][0]["last_error"], *reason);
    program.signal("TERM");
    assert_eq!(program.wait(), Some(6), "for a supervisor that must not start it again");
}

/// Accepts connections, and never says a word.
fn silent_broker() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

#[test]
fn neither_kafka_nor_the_store_makes_it_restart() {
    let (_broker, address) = silent_broker();
    let setting = Setting::new(
        &address,
        "store = \"s3://bucket/titles?region=eu-central-1&endpoint=https://127.0.0.1:1&attempts=1\"",
    );
    let program = Program::start(&setting.config, &KEYS);
    program.until("/status", |answer| {
        answer.json()["datasets"][0]["failures"].as_u64() >= Some(2)
    });
    assert_eq!(program.get("/live").code, 200);
    let ready = program.get("/ready");
    assert_eq!(
        (ready.code, &ready.json()["problems"][0]["reason"]),
        (503, &"not restored yet".into())
    );
}

/// A dataset whose store takes connections and never answers: its restore goes on for minutes.
fn silent_store() -> (TcpListener, Setting) {
    let (server, address) = silent_broker();
    let store = format!(
        "store = \"s3://bucket/titles?region=eu-central-1&endpoint=http://{address}&allow-http=true&read-timeout=600&\
         attempt-timeout=600&operation-timeout=600\""
    );
    (server, Setting::new(&address, &store))
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret")];

#[test]
fn a_second_signal_ends_it_at_once() {
    let (_server, setting) = silent_store();
    let mut program = Program::start(&setting.config, &KEYS);
    program.until("/status", |answer| answer.json()["datasets"][0]["busy_ms"].is_number());
    program.signal("TERM");
    program.until_logged("stopping");
    let ready = program.get("/ready");
    assert!(ready.code == 503 && ready.body.contains("told to stop"), "{ready:?}");
    program.signal("TERM");
    let code = program.wait();
    // On a machine slow enough the ten seconds are over first.
    let in_time = program.log.iter().any(|line| line.contains("a second signal"));
    assert_eq!(code, Some(if in_time { 130 } else { 0 }), "{:#?}", program.log);
    assert!(TcpStream::connect(program.address).is_err(), "nothing is left of it");
}

#[test]
fn what_does_not_come_to_its_end_is_left_after_ten_seconds() {
    let (_server, setting) = silent_store();
    let mut program = Program::start(&setting.config, &KEYS);
    program.until("/status", |answer| answer.json()["datasets"][0]["busy_ms"].is_number());
    program.signal("TERM");
    let line = program.until_logged("cycles did not come to their end in time; ending without them");
    assert_eq!(line["datasets"], "titles");
    assert_eq!(program.wait(), Some(0));
}

#[test]
fn a_cycle_that_is_reading_is_given_up_when_it_is_told_to_stop() {
    let mock = mock();
    let setting = folding(&mock);
    let emitter = emitter(&mock);
    // Two cycles may read it all, so there is always one to be told.
    let name = "x".repeat(200);
    for id in 0..20_000 {
        let (key, payload) = (format!("[{id}]"), format!("{{\"id\":{id},\"name\":\"{name}\"}}"));
        emitter
            .emit("titles", key.as_bytes(), Some(payload.as_bytes()), 0, None)
            .expect("room");
        if id % 1000 == 999 {
            emitter.flush(Duration::from_secs(60)).expect("delivered");
        }
    }
    let mut program = Program::start(&setting.config, &[]);
    program.until_logged("restored");
    program.signal("TERM");
    assert_eq!(program.wait(), Some(0), "{:#?}", program.log);
    // Whatever it got done, the state is what its own offsets say: the next start folds exactly the rest.
    let mut program = Program::start(&setting.config, &[]);
    let wanted = 20_000_f64;
    let records = |program: &Program| {
        let metrics = Exposition::parse(&program.get("/metrics").body).expect("well-formed");
        metrics.value("incremental_producer_records", &[]).unwrap_or(0.0)
    };
    let offsets = |answer: &crate::program::Answer| {
        let page = answer.json();
        let partitions = page["datasets"][0]["log"]["partitions"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        partitions
            .iter()
            .filter_map(|partition| partition["offset"].as_i64())
            .sum::<i64>()
    };
    program.until("/status", |answer| offsets(answer) == 20_000);
    let published = program.get("/status").json()["datasets"][0]["counts"]["versions"].as_u64();
    if published != Some(0) {
        assert_eq!(records(&program), wanted);
    }
    program.signal("TERM");
    assert_eq!(program.wait(), Some(0));
}

/// Where secrets come from, and a value that must be seen nowhere.
const CANARY: &str = "canary-5f0c9a";

#[test]
fn secrets_are_seen_nowhere() {
    let (_broker, address) = silent_broker();
    let more = format!(
        "store = \"s3://bucket/titles?region=eu-central-1&endpoint=http://{address}&allow-http=true&attempts=1&\
         connect-timeout=1&read-timeout=1\"\n\
         [dataset.client]\n\
         \"security.protocol\" = \"sasl_plaintext\"\n\"sasl.mechanism\" = \"PLAIN\"\n\"sasl.username\" = \"producer\"\n\
         \"sasl.password\" = {{ env = \"KAFKA_PASSWORD\" }}"
    );
    let environment = [
        ("KAFKA_PASSWORD", CANARY),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", CANARY),
        ("AWS_SESSION_TOKEN", CANARY),
        ("RUST_LOG", "trace"),
    ];
    let setting = Setting::new(&address, &more);
    let mut program = Program::start(&setting.config, &environment);
    program.until_logged("failed; trying again");
    let pages: String = ["/live", "/ready", "/status", "/metrics", "/nothing"]
        .map(|path| program.get(path).body)
        .concat();
    assert!(!pages.contains(CANARY), "{pages}");
    // With a store that is there, so that it comes to Kafka.
    let text = std::fs::read_to_string(&setting.config).expect("a file");
    let store = text
        .lines()
        .find(|line| line.contains("store = "))
        .expect("a store")
        .to_owned();
    std::fs::write(&setting.config, text.replace(&store, "store = \"titles\"")).expect("a file");
    program.signal("KILL");
    program.wait();
    let mut second = Program::start(&setting.config, &environment);
    second.until_logged("failed; trying again");
    let status = second.get("/status").body;
    second.signal("KILL");
    second.wait();
    let checked = check_config(&setting.config, &environment);
    for text in program.log.iter().chain(&second.log).chain([&status, &checked]) {
        assert!(!text.contains(CANARY), "{text}");
    }
    let debugged = format!(
        "{:?}",
        incremental_producer::config::Config::parse_with(
            &std::fs::read_to_string(&setting.config).expect("a file"),
            setting.directory.path(),
            &|_| Some(CANARY.to_owned()),
        )
    );
    assert!(
        debugged.contains("sasl.password") && !debugged.contains(CANARY),
        "{debugged}"
    );
}

fn check_config(path: &Path, environment: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_incremental-producer"))
        .args(["check-config", "--config"])
        .arg(path)
        .envs(environment.iter().copied())
        .output()
        .expect("the program starts");
    assert!(output.status.success());
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn a_port_or_a_configuration_that_cannot_be_used_ends_it_before_anything_is_touched() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let setting = Setting::new("127.0.0.1:1", "store = \"titles\"");
    let text = std::fs::read_to_string(&setting.config).expect("a file");
    let run = |text: &str| {
        std::fs::write(&setting.config, text).expect("a file");
        let output = Command::new(env!("CARGO_BIN_EXE_incremental-producer"))
            .args(["run", "--config"])
            .arg(&setting.config)
            .output()
            .expect("the program starts");
        assert!(!setting.directory.path().join("titles").exists());
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let address = taken.local_addr().expect("an address").to_string();
    let (code, said) = run(&text.replace("127.0.0.1:0", &address));
    assert!(
        code == Some(5) && said.contains("cannot listen, address=127.0.0.1:"),
        "{code:?} {said}"
    );
    let (code, said) = run(&text.replace("127.0.0.1:0", "0.0.0.0:0"));
    assert!(
        code == Some(2) && said.contains("allow_remote = true"),
        "{code:?} {said}"
    );
}
