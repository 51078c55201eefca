//! The program, as people and scripts meet it.

#[path = "../common/mod.rs"]
mod common;
mod failures;
mod hostile;
mod reports;
mod stores;

use common::{Chain, set, text, wrapped};
use hollow::record::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const LIVENESS: &str = "
    VideoLiveness @PrimaryKey(video_id) { long video_id; Verdicts verdicts; }
    Verdicts List<Verdict>;
    Verdict { Countries countries; Status status; Reasons reasons; long live_from_at; }
    Countries Set<Country> @HashKey(code);
    Country @PrimaryKey(code) { string code; }
    Status { string name; }
    Reasons List<Reason>;
    Reason { string code; string detail; string owner; string input; }
";

fn reason(code: &str, detail: &str) -> Value {
    Value::Object(vec![text(code), text(detail), text("Localization"), text("assets")])
}

fn verdict(countries: &[&str], status: &str, reasons: Vec<Value>) -> Value {
    // 2026-01-01 00:00:00 UTC
    Value::Object(vec![
        set(countries),
        wrapped(status),
        Value::List(reasons),
        Value::Long(1_767_225_600_000),
    ])
}

fn video(id: i64, verdicts: Vec<Value>) -> (&'static str, Value) {
    (
        "VideoLiveness",
        Value::Object(vec![Value::Long(id), Value::List(verdicts)]),
    )
}

const MANY: [&str; 14] = [
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AR", "AT", "DE", "FR", "KR", "US",
];

type State<'a> = (&'a [(&'a str, &'a str)], Vec<(&'static str, Value)>);

/// The states of a directory in the layout of Java Hollow: versions 20260101000000001 and so on.
fn publish(directory: &Path, schema: &str, states: &[State<'_>]) -> PathBuf {
    fs::create_dir_all(directory).expect("directory");
    let mut chain = Chain::new(schema, 1);
    let version = |index: usize| 20_260_101_000_000_001 + index;
    for (index, (tags, records)) in states.iter().enumerate() {
        tags.iter().for_each(|(name, value)| chain.header(name, value));
        let (snapshot, delta) = chain.next(records);
        fs::write(directory.join(format!("snapshot-{}", version(index))), snapshot).expect("snapshot");
        if let Some(delta) = delta {
            let name = format!("delta-{}-{}", version(index - 1), version(index));
            fs::write(directory.join(name), delta).expect("delta");
        }
        fs::write(directory.join("announced.version"), version(index).to_string()).expect("announcement");
    }
    directory.to_owned()
}

const TAGS: [(&str, &str); 4] = [
    ("in.titles", "11"),
    ("in.assets", "12"),
    ("eval.instant", "1767225600000"),
    ("policy.id", "p1"),
];
const OTHER_POLICY: [(&str, &str); 5] = [
    ("in.titles", "11"),
    ("in.assets", "12"),
    ("eval.instant", "1767225600000"),
    ("policy.id", "p2"),
    ("follows.version", "20260101000000001"),
];

fn everywhere(id: i64) -> (&'static str, Value) {
    video(id, vec![verdict(&MANY, "Live", vec![])])
}

/// Subtitles are missing in Korea.
fn not_in_korea(id: i64) -> (&'static str, Value) {
    let others: Vec<&str> = MANY.into_iter().filter(|code| *code != "KR").collect();
    let missing = reason("SUBTITLE_MISSING", "subtitle ko");
    video(
        id,
        vec![
            verdict(&others, "Live", vec![]),
            verdict(&["KR"], "Blocked", vec![missing]),
        ],
    )
}

struct World {
    directory: TempDir,
}

impl World {
    fn new() -> Self {
        World {
            directory: tempfile::tempdir().expect("directory"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// PROD with five videos, PREPROD where two of them are blocked in Korea, one is gone and one is new.
    fn prod_and_preprod(&self) {
        publish(
            &self.path("prod"),
            LIVENESS,
            &[(&TAGS, (1..=5).map(everywhere).collect())],
        );
        let preprod = vec![
            everywhere(1),
            not_in_korea(2),
            everywhere(3),
            not_in_korea(4),
            everywhere(6),
        ];
        publish(&self.path("preprod"), LIVENESS, &[(&OTHER_POLICY, preprod)]);
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diff-tool"));
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "TERM"] {
            command.env_remove(name);
        }
        command
            .current_dir(self.directory.path())
            .args(arguments)
            .envs(environment.iter().copied());
        command.output().expect("runs").into()
    }
}

#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let utf8 = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran {
            code: output.status.code(),
            out: utf8(output.stdout),
            err: utf8(output.stderr),
        }
    }
}
