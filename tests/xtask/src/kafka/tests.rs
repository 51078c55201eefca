//! The parts that need no broker; the broker itself is tried in `tests/kafka_broker.rs` of this package.

use std::ffi::OsStr;
use std::path::Path;

use super::error::LogTail;
use super::layout::{Cluster, Layout, Listener, new_cluster_id};
use super::node;
use super::probe::{self, Reader};
use super::process::Process;
use super::*;

fn three_brokers() -> Cluster {
    let listener = |port, controller_port| Listener { port, controller_port };
    Cluster {
        id: "MkU3OEVBNTcwNTJENDM2Qg".into(),
        listeners: vec![listener(9092, 9192), listener(9093, 9193), listener(9094, 9194)],
    }
}

#[test]
fn java_versions_are_read_in_both_numberings() {
    let cases = [
        (
            "openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment",
            Some(17),
        ),
        (
            "Picked up JAVA_TOOL_OPTIONS: -Xmx1g\nopenjdk version \"21\" 2023-09-19",
            Some(21),
        ),
        ("java version \"1.8.0_392\"", Some(8)),
        ("openjdk version \"24-ea\" 2025-03-18", Some(24)),
        ("openjdk version \"\"", None),
        ("command not found", None),
    ];
    for (text, expected) in cases {
        assert_eq!(java::major_version(text), expected, "{text}");
    }
}

#[test]
fn a_cluster_record_reads_back() {
    let cluster = three_brokers();
    assert_eq!(Cluster::parse(&cluster.render()), Some(cluster));
}

#[test]
fn a_damaged_cluster_record_is_refused() {
    let cases = [
        "",
        "cluster.id=\nbroker.1=1,2\n",
        "cluster.id=x\n",
        "cluster.id=x\nbroker.2=1,2\n",
        "cluster.id=x\nbroker.1=70000,2\n",
        "id=x\nbroker.1=1,2\n",
    ];
    for text in cases {
        assert_eq!(Cluster::parse(text), None, "{text:?}");
    }
}

#[test]
fn addresses_name_every_broker() {
    let cluster = three_brokers();
    assert_eq!(cluster.bootstrap(), "127.0.0.1:9092,127.0.0.1:9093,127.0.0.1:9094");
    assert_eq!(cluster.voters(), "1@127.0.0.1:9192,2@127.0.0.1:9193,3@127.0.0.1:9194");
}

#[test]
fn cluster_ids_are_16_bytes_in_url_safe_base64() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..500 {
        let id = new_cluster_id();
        assert_eq!(id.len(), 22, "{id}");
        assert!(
            id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
            "{id}"
        );
        assert!(!id.starts_with('-'), "Kafka refuses {id}");
        // 128 bits fill 21 digits and two bits: a strict decoder refuses other last digits.
        assert!(id.ends_with(['A', 'Q', 'g', 'w']), "{id}");
        assert!(seen.insert(id));
    }
}

#[test]
fn properties_are_filled_in_completely_and_extra_lines_come_last() {
    let layout = Layout {
        dir: Path::new("/data/cluster").to_path_buf(),
    };
    let extra = [
        ("log.retention.ms".to_owned(), "1000".to_owned()),
        ("x".to_owned(), "a\\b\nevil=1".to_owned()),
    ];
    let text = node::properties(&layout, &three_brokers(), 2, &extra);
    let setting = |name: &str| {
        let prefix = format!("{name}=");
        text.lines()
            .filter_map(|line| line.strip_prefix(prefix.as_str()))
            .next_back()
    };
    assert_eq!(setting("node.id"), Some("2"));
    assert_eq!(setting("advertised.listeners"), Some("PLAINTEXT://127.0.0.1:9093"));
    assert_eq!(
        setting("listeners"),
        Some("PLAINTEXT://127.0.0.1:9093,CONTROLLER://127.0.0.1:9193")
    );
    assert_eq!(setting("log.dirs"), Some("/data/cluster/broker-2/data"));
    assert_eq!(setting("default.replication.factor"), Some("3"));
    assert_eq!(setting("transaction.state.log.min.isr"), Some("2"));
    assert_eq!(setting("log.retention.ms"), Some("1000"));
    assert_eq!(setting("x"), Some("a\\\\b\\nevil=1"));
    assert_eq!(setting("evil"), None);
    let settings = text.lines().filter(|line| !line.starts_with('#'));
    assert!(settings.into_iter().all(|line| !line.contains('{')), "{text}");
}

#[test]
fn requests_are_framed_as_kafka_wants_them() {
    // Size, api key 18, version 0, correlation 7, client id of 5 bytes.
    let expected = b"\0\0\0\x0f\0\x12\0\0\0\0\0\x07\0\x05xtask";
    assert_eq!(probe::request(18, 0, 7, &[]), expected);
}

#[test]
fn replies_are_read_and_bad_ones_refused() {
    let range = |bytes: &[u8]| probe::metadata_range(&mut Reader(bytes)).map_err(|error| error.to_string());
    assert_eq!(range(b"\0\0\0\0\0\x02\0\0\0\x03\0\x0d\0\x03\0\0\0\x0d"), Ok((0, 13)));
    assert_eq!(
        range(b"\0\x23\0\0\0\0"),
        Err("ApiVersions was refused; error_code=35".into())
    );
    assert!(
        range(b"\0\0\0\0\0\x01\0\0\0\x03\0\x0d")
            .unwrap_err()
            .contains("does not serve Metadata")
    );
    assert!(range(b"\0\0\x7f\xff\xff\xff").unwrap_err().contains("ends early"));

    let count = |bytes: &[u8]| probe::count_brokers(&mut Reader(bytes)).ok();
    let one_broker = b"\0\0\0\x01\0\0\0\x01\0\x01h\0\0\x23\x84\xff\xff";
    assert_eq!(count(one_broker), Some(1));
    assert_eq!(count(b"\x7f\xff\xff\xff\0\0\0\x01"), None);
    assert_eq!(count(b"\xff\xff\xff\xff"), None);
}

#[test]
fn the_switch_carries_its_reason() {
    assert_eq!(switched_off(None), None);
    assert_eq!(switched_off(Some("on")), None);
    assert_eq!(switched_off(Some("off")), Some("switched off by REAL_KAFKA=off".into()));
    assert_eq!(switched_off(Some("off: no Java")), Some("no Java".into()));
}

#[test]
fn a_log_tail_keeps_the_end() {
    let text: String = (1..=100).map(|n| format!("line {n}\n\n")).collect();
    let shown = LogTail::of(&text).to_string();
    assert!(shown.ends_with("\n    line 100"));
    assert!(shown.contains("line 76") && !shown.contains("line 75"));
    let error = KafkaError::Fetch {
        outcome: "exit status: 1".into(),
        tail: LogTail::of("one\ntwo"),
    };
    assert!(error.to_string().ends_with("\n    one\n    two"));
    assert!(!error.brief().contains('\n'));
}

#[test]
fn only_a_taken_port_is_worth_another_try() {
    let ended = |log: &str| KafkaError::Ended {
        broker: 1,
        outcome: "exit status: 1".into(),
        log: "broker.log".into(),
        tail: LogTail::of(log),
    };
    assert!(ended("java.net.BindException: Address already in use").is_taken_port());
    assert!(!ended("OutOfMemoryError").is_taken_port());
    assert!(KafkaError::PortTaken { port: 1 }.is_taken_port());
}

#[test]
fn a_stale_pid_file_names_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let layout = Layout::create(dir.path()).expect("a layout");
    std::fs::create_dir_all(layout.broker_dir(1)).expect("a folder");
    // This test's own process: it exists, and is no broker of that folder.
    for content in [
        std::process::id().to_string(),
        "0".into(),
        "-1".into(),
        "4294967295".into(),
        "x".into(),
    ] {
        std::fs::write(layout.pid_file(1), &content).expect("a pid file");
        assert!(Process::recorded(&layout, 1).is_none(), "{content}");
    }
}

#[test]
fn a_process_is_recognised_by_its_whole_argument() {
    let dir = tempfile::tempdir().expect("a folder");
    let layout = Layout::create(dir.path()).expect("a layout");
    std::fs::create_dir_all(layout.broker_dir(1)).expect("a folder");
    let mark = |suffix: &str| format!("-Dxtask.broker.dir={}{suffix}", layout.broker_dir(1).display());
    for (suffix, recognised) in [("", true), ("2", false)] {
        let mut child = std::process::Command::new("sh")
            // Waits for input that never comes; the builtin keeps the shell's command line as it is.
            .args([OsStr::new("-c"), OsStr::new("read -r _; :"), OsStr::new(&mark(suffix))])
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("a shell");
        std::fs::write(layout.pid_file(1), child.id().to_string()).expect("a pid file");
        // The system fills in the command line a moment after the start.
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(Process::recorded(&layout, 1).is_some(), recognised, "{suffix:?}");
        child.kill().expect("killed");
        child.wait().expect("waited");
        assert!(Process::recorded(&layout, 1).is_none());
    }
}

#[test]
fn picked_ports_are_free_and_different() {
    let picked = ports::pick(20, &[]).expect("ports");
    let different: std::collections::HashSet<_> = picked.iter().collect();
    assert_eq!(different.len(), 20);
    let listening = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    assert!(!ports::is_free(listening.local_addr().expect("an address").port()));
}

#[test]
fn a_cluster_keeps_its_ports_unless_they_are_taken() {
    // A free port may be taken by anybody before it is used, by the tests beside this one too: then with another cluster.
    let stays = |_| {
        let dir = tempfile::tempdir().expect("a folder");
        let layout = Layout::create(dir.path()).expect("a layout");
        let first = Cluster::open(&layout, 1, 0).expect("a cluster");
        let same = Cluster::open(&layout, 1, 0).expect("the same") == first;
        let taken = std::net::TcpListener::bind(("127.0.0.1", first.listeners[0].port)).ok();
        taken.filter(|_| same).map(|taken| (dir, layout, first, taken))
    };
    let (_dir, layout, first, taken) = (0..20).find_map(stays).expect("one of twenty clusters keeps its ports");
    let port = first.listeners[0].port;
    let moved = Cluster::open(&layout, 1, 0).expect("other ports");
    assert_eq!(moved.id, first.id);
    assert_ne!(moved.listeners[0].port, port);
    let refused = Cluster::open(&layout, 1, port).expect_err("the port was asked for");
    assert!(
        matches!(refused, KafkaError::PortTaken { port: named } if named == port),
        "{refused}"
    );
    drop(taken);

    let refused = Cluster::open(&layout, 3, 0).expect_err("another size");
    assert!(refused.to_string().contains("brokers=1 asked=3"), "{refused}");
}

#[test]
fn stopping_and_wiping_leave_other_folders_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("precious"), "x").expect("a file");
    assert_eq!(stop(dir.path()).expect("nothing to stop"), 0);
    assert!(!wipe(dir.path()).expect("nothing to wipe"));
    std::fs::write(dir.path().join("cluster.properties"), "precious too").expect("a file");
    assert!(wipe(dir.path()).is_err());
    let layout = Layout::create(dir.path()).expect("a layout");
    std::fs::remove_file(layout.record()).expect("deleted");
    Cluster::open(&layout, 1, 0).expect("a cluster");
    std::fs::create_dir_all(layout.data_dir(1)).expect("a folder");
    assert!(wipe(dir.path()).expect("wiped"));
    assert!(!layout.broker_dir(1).exists());
    assert!(
        dir.path().join("precious").exists(),
        "what the cluster did not write stays"
    );
}
