//! A store to run the program over, and running it.

use hollow::producer::Producer;
use hollow::record::Value;
use hollow::schema::Dataset;
use hollow::store::Store;
use hollow::testing::{ManualClock, entropy};
use std::path::Path;
use std::process::{Command, Output};

const SCHEMAS: &str = "
Title @PrimaryKey(video_id) { long video_id; Kind kind; string name; Countries countries; int released; }
Kind { string name; }
Country { string code; }
Countries Set<Country> @HashKey(code);
Text @PrimaryKey(video_id, language) { long video_id; Kind language; string text; }
";

/// Seconds since 1970 at which the first version is published: 2023-11-14 22:13:20.
const START: u64 = 1_700_000_000;
pub(crate) const FIRST: &str = "20231114221320000";
pub(crate) const SECOND: &str = "20231114221321000";

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn wrapped(name: &str) -> Value {
    Value::Object(vec![text(name)])
}

pub(crate) fn title(id: i64, kind: &str, name: &str, countries: &[&str], released: Option<i32>) -> Value {
    Value::Object(vec![
        Value::Long(id),
        wrapped(kind),
        text(name),
        Value::Set(countries.iter().map(|code| wrapped(code)).collect()),
        released.map_or(Value::Null, Value::Int),
    ])
}

/// Publishes two versions: three titles and a text; then one title less, and another one changed.
pub(crate) fn publish(directory: &Path) {
    let store = Store::fs(directory).expect("a store");
    let clock = ManualClock::at(START);
    let ticking = clock.clone();
    let mut producer = Producer::builder(Dataset::parse(SCHEMAS).expect("valid schemas"), store)
        .root("Title")
        .root("Text")
        .snapshot_every(1)
        .clock(move || ticking.now())
        .entropy(entropy(1))
        .build()
        .expect("a producer");
    let line = Value::Object(vec![Value::Long(1), wrapped("de"), text("Salz, \u{1b}[2J")]);
    let cycle = producer.run_cycle(|cycle| {
        cycle.add(
            "Title",
            &title(1, "Movie", "The Salt Harbour", &["DE", "FR"], Some(19000)),
        )?;
        cycle.add("Title", &title(2, "Season", "Ebb", &["FR"], None))?;
        cycle.add("Title", &title(3, "Movie", "Zoë", &[], None))?;
        cycle.add("Text", &line)?;
        cycle.tag("source", "test");
        Ok(())
    });
    cycle.expect("published");
    clock.advance(std::time::Duration::from_secs(1));
    let cycle = producer.run_cycle(|cycle| {
        cycle.add(
            "Title",
            &title(1, "Movie", "The Salt Harbour", &["DE", "FR"], Some(19000)),
        )?;
        cycle.add("Title", &title(3, "Movie", "Zoë", &["IT"], None))?;
        cycle.add("Text", &line)?;
        Ok(())
    });
    cycle.expect("published");
}

/// The answer of a run.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// The error that was told as JSON.
    pub(crate) fn error(&self) -> serde_json::Value {
        assert_eq!(self.out, "", "data where there is an error");
        let json: serde_json::Value = serde_json::from_str(&self.err).expect("JSON");
        json["error"].clone()
    }
}

pub(crate) fn run(arguments: &[&str]) -> Run {
    Run::from(
        command(arguments)
            .output()
            .expect("the program was built with this test"),
    )
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hollow"));
    command.args(arguments).env_remove("HOLLOW_STORE");
    command
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        }
    }
}

/// A store, and a way to run commands over it.
pub(crate) struct Published {
    pub(crate) directory: tempfile::TempDir,
}

impl Published {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        publish(directory.path());
        Self { directory }
    }

    pub(crate) fn path(&self) -> &str {
        self.directory.path().to_str().expect("text")
    }

    pub(crate) fn run(&self, command: &str, arguments: &[&str]) -> Run {
        run(&[&[command, "--store", self.path()], arguments].concat())
    }
}
