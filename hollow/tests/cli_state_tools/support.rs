//! The vectors as directories, running the program, and what Java recorded.

use fixtures::vectors::{Case, cases, unpack};
use hollow::read::ReadState;
use hollow::schema::Dataset;
use hollow::tools::dump::write_json;
use serde_json::{Value, json};
use std::cell::Cell;
use std::process::{Command, Output};

/// The vectors as directories, and room for new ones.
pub(crate) struct Ground {
    pub(crate) directory: tempfile::TempDir,
    given: Cell<usize>,
}

impl Ground {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        unpack(directory.path()).expect("unpacked");
        Self {
            directory,
            given: Cell::new(0),
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().expect("text").to_owned()
    }

    /// A name that nothing has yet.
    pub(crate) fn fresh(&self) -> String {
        self.given.set(self.given.get() + 1);
        self.path(&format!("new-{}/store", self.given.get()))
    }
}

pub(crate) fn hollow(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hollow"))
        .args(arguments)
        .env_remove("HOLLOW_STORE")
        .output()
        .expect("the program was built with this test")
}

#[track_caller]
pub(crate) fn done(arguments: &[&str]) -> String {
    let output = hollow(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {}: {errors}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

#[track_caller]
pub(crate) fn answer(arguments: &[&str]) -> Value {
    let text = done(&[arguments, &["--json"]].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The exit code and the error as JSON.
#[track_caller]
pub(crate) fn refused(arguments: &[&str]) -> (i32, String) {
    let output = hollow(&[arguments, &["--json"]].concat());
    assert!(output.stdout.is_empty(), "{arguments:?}: data where there is an error");
    let error: Value = serde_json::from_slice(&output.stderr).expect("an error as JSON");
    assert!(
        error["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()),
        "{error}"
    );
    let code = output.status.code().expect("an exit code");
    assert_eq!(error["error"]["code"], json!(code));
    (code, error["error"]["message"].as_str().expect("text").to_owned())
}

/// What a state holds in the form in which Java's answers are recorded.
pub(crate) fn dump(state: &ReadState) -> Value {
    let mut bytes = Vec::new();
    write_json(state, &mut bytes).expect("memory takes all");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// What is in a directory under its announced version, read by the program.
#[track_caller]
pub(crate) fn dumped(store: &str) -> Value {
    serde_json::from_str(&done(&["dump", "--store", store])).expect("JSON")
}

/// Whole records as lines of JSON without ordinals, whatever their order: what must stay when ordinals change.
pub(crate) fn lines(store: &str) -> Vec<String> {
    let text = done(&["dump", "--store", store, "--lines"]);
    let mut lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    lines.sort();
    lines
}

pub(crate) fn recorded(case: &Case, version: i64) -> Value {
    case.json(&format!("state-{version}.json")).expect("recorded")
}

/// Cases whose versions have one snapshot file each and a schema that stays.
pub(crate) fn plain_cases() -> impl Iterator<Item = &'static Case> {
    let odd = ["optional-parts", "schema-evolution", "large-random", "bitset-growth"];
    cases()
        .iter()
        .filter(move |case| !case.versions().is_empty() && !odd.contains(&case.name.as_str()))
}

pub(crate) fn dataset(case: &Case, version: i64) -> Dataset {
    let state = ReadState::from_snapshot(case.snapshot(version).expect("recorded")).expect("a snapshot");
    Dataset::clone(state.dataset())
}
