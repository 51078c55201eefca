//! The program as it is run: a configuration file, a signal, exit codes.

use hollow::record::{KeyValue, Value};
use hollow::store::Store;
use incremental_producer::client::ClientSettings;
use incremental_producer::config::Config;
use incremental_producer::emit::Emitter;
use incremental_producer::mock::MockKafka;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn program(arguments: &[&str], path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_incremental-producer"))
        .args(arguments)
        .arg(path)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn wait(child: &mut Child) -> bool {
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return status.success();
        }
        if Instant::now() > deadline {
            child.kill().expect("a child");
            panic!("it does not stop");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn start(config: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_incremental-producer"))
        .args(["run", "--config"])
        .arg(config)
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

#[test]
fn it_folds_until_it_is_told_to_stop() {
    let mock = MockKafka::with_topics([("titles", 2), ("titles.dlq", 1)]).expect("a mock");
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    let config = |log: &str| {
        format!(
            r#"
            [[dataset]]
            name = "titles"
            root = "Title"
            store = "titles"
            cadence = "20ms"
            bootstrap_servers = "{}"
            log = "{log}"
            schema = "Title @PrimaryKey(id) {{ long id; }}"
            "#,
            mock.bootstrap_servers()
        )
    };
    std::fs::write(&path, config(mock.log())).expect("a file");
    let codec = Config::read(&path).expect("a configuration").datasets.remove(0).codec;
    let emitter = Emitter::new(mock.bootstrap_servers(), &ClientSettings::default(), None, None).expect("a client");
    for id in 0..20 {
        let key = codec.encode_key(&[KeyValue::Long(id)]);
        let payload = codec.encode_json(&Value::Object(vec![Value::Long(id)]));
        emitter.emit("titles", &key, Some(&payload), 0, None).expect("room");
    }
    emitter.flush(Duration::from_secs(60)).expect("delivered");

    let checked = program(&["check-config", "--config"], &path);
    assert!(checked.status.success());
    assert!(text(&checked.stdout).starts_with("titles: topic=titles root=Title types=1 cadence=20ms"));

    let mut child = start(&path);
    let store = directory.path().join("titles");
    let deadline = Instant::now() + Duration::from_secs(90);
    loop {
        let printed = text(&program(&["offsets", "--store"], &store).stdout);
        let offsets = printed.lines().find_map(|line| line.strip_prefix("kafka.offsets="));
        let folded: i64 = offsets
            .into_iter()
            .flat_map(|offsets| offsets.split(','))
            .map(|pair| {
                pair.split_once(':')
                    .expect("a pair")
                    .1
                    .parse::<i64>()
                    .expect("an offset")
            })
            .sum();
        if folded == 20 {
            assert!(printed.starts_with("version="), "{printed}");
            break;
        }
        assert!(Instant::now() < deadline, "{printed}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let sent = Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .expect("a signal");
    assert!(sent.success() && wait(&mut child), "a signal ends it well");

    // Every dataset halted: it ends by itself, and not well.
    std::fs::write(&path, config("another log")).expect("a file");
    assert!(!wait(&mut start(&path)));
}

#[test]
fn mistakes_end_it_with_a_reason() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    std::fs::write(&path, "[[dataset]]\nname = \"titles\"\ncadense = \"3s\"\n").expect("a file");
    for command in ["run", "check-config"] {
        let refused = program(&[command, "--config"], &path);
        assert!(!refused.status.success());
        assert!(
            text(&refused.stderr).contains("unknown field `cadense`"),
            "{}",
            text(&refused.stderr)
        );
    }
    let nothing = program(&["offsets", "--store"], &directory.path().join("nothing"));
    assert!(!nothing.status.success());
    assert!(
        text(&nothing.stderr).contains("cannot open the store"),
        "{}",
        text(&nothing.stderr)
    );
    let store = directory.path().join("store");
    Store::fs(&store).expect("a store");
    let empty = program(&["offsets", "--store"], &store);
    assert!(!empty.status.success());
    assert!(
        text(&empty.stderr).contains("nothing is announced"),
        "{}",
        text(&empty.stderr)
    );
}
