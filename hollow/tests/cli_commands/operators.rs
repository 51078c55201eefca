//! Pins, marks, tags and garbage collection, as people use them.

use crate::support::{FIRST, Published, Run, SECOND, run};
use hollow::consumer::Consumer;
use hollow::store::Store;
use serde_json::json;

impl Published {
    /// Runs a command that takes the store as its first argument.
    fn operate(&self, command: &str, arguments: &[&str]) -> Run {
        run(&[&[command, self.path()], arguments].concat())
    }

    fn follows(&self, labels: &[(&str, &str)]) -> String {
        let builder = Consumer::builder(Store::fs(self.path()).expect("a store"));
        let builder = labels
            .iter()
            .fold(builder, |builder, (key, value)| builder.label(key, value));
        let consumer = builder.build().expect("valid");
        consumer.refresh().expect("refreshed");
        consumer.version().expect("a version").to_string()
    }
}

#[test]
fn a_pin_holds_whom_it_names_until_it_is_taken_back() {
    let store = Published::new();
    assert_eq!(
        store.operate("pins", &["--json"]).json(),
        json!({"schema": 1, "pins": []})
    );
    let scope = ["--scope", "region=eu", "--scope", "application=search"];
    let told = store.operate(
        "pin",
        &[
            &[FIRST, "--reason", "bad\u{1b}[2J prices", "--expires", "24h"],
            &scope[..],
        ]
        .concat(),
    );
    assert_eq!(told.code, Some(0), "{}", told.err);
    assert!(
        told.out
            .starts_with(&format!("pinned application=search,region=eu at {FIRST} until 2")),
        "{}",
        told.out
    );
    assert_eq!(store.follows(&[]), SECOND);
    assert_eq!(store.follows(&[("region", "eu")]), SECOND);
    assert_eq!(store.follows(&[("region", "eu"), ("application", "search")]), FIRST);
    let listed = store.operate("pins", &[]);
    assert!(
        listed.out.contains("bad\\u{1b}[2J prices") && !listed.out.contains('\u{1b}'),
        "{}",
        listed.out
    );
    let json = store.operate("pins", &["--json"]).json();
    assert_eq!(json["pins"][0]["in_force"], true);

    let error = store.operate("unpin", &["--json"]);
    assert_eq!(
        (error.code, error.error()["code"].as_u64()),
        (Some(3), Some(3)),
        "not that scope"
    );
    let taken = store.operate("unpin", &scope);
    assert_eq!(
        (
            taken.code,
            store.follows(&[("region", "eu"), ("application", "search")])
        ),
        (Some(0), SECOND.into())
    );
}

#[test]
fn what_cannot_be_pinned_is_refused() {
    let store = Published::new();
    for (arguments, code) in [
        (&["5", "--reason", "x"][..], 3),
        (&[FIRST], 2),
        (&[FIRST, "--reason", "x", "--scope", "eu"], 2),
        (&[FIRST, "--reason", "x", "--expires", "soon"], 2),
        (&[FIRST, "--reason", "x", "--scope", "re gion=eu"], 2),
    ] {
        assert_eq!(store.operate("pin", arguments).code, Some(code), "{arguments:?}");
    }
    let nowhere = run(&["pins", "there/is/no/store"]);
    assert_eq!(nowhere.code, Some(3));
    let marked = store.operate("mark-bad", &[FIRST, "--reason", "wrong prices"]);
    assert_eq!(marked.code, Some(0), "{}", marked.err);
    let refused = store.operate("pin", &[FIRST, "--reason", "x"]);
    assert_eq!(refused.code, Some(6));
    assert!(refused.err.contains("wrong prices"), "{}", refused.err);
}

#[test]
fn nobody_is_let_go_to_bad_data() {
    let store = Published::new();
    store.operate("pin", &[FIRST, "--reason", "wrong prices", "--expires", "1h"]);
    let range = format!("{SECOND}..{SECOND}");
    assert_eq!(
        store.operate("mark-bad", &[&range, "--reason", "wrong prices"]).code,
        Some(0)
    );
    let refused = store.operate("unpin", &["--json"]);
    assert_eq!(refused.code, Some(6));
    let error = refused.error();
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| text.contains("wrong prices")),
        "{error}"
    );
    assert!(
        error["hint"]
            .as_str()
            .is_some_and(|text| text.contains("publish a repaired state")),
        "{error}"
    );
    assert_eq!(store.follows(&[]), FIRST);
    let warned = store.operate("pins", &[]);
    assert!(warned.err.starts_with("note: the announced version"), "{}", warned.err);
    assert_eq!(
        store
            .operate("mark-good", &[SECOND, "--reason", "prices are right"])
            .code,
        Some(0)
    );
    let marks = store.operate("marks", &["--json"]).json();
    assert_eq!(
        marks["marks"].as_array().map(Vec::len),
        Some(1),
        "the later covers the earlier"
    );
    assert_eq!(store.operate("unpin", &[]).code, Some(0));
    assert_eq!(store.follows(&[]), SECOND);
    let nonsense = format!("{SECOND}..{FIRST}");
    assert_eq!(store.operate("mark-bad", &[&nonsense, "--reason", "x"]).code, Some(2));
}

#[test]
fn a_tag_keeps_a_version_and_what_nothing_keeps_goes_when_told() {
    let store = Published::new();
    let tagged = store.operate("tag", &["golden", FIRST, "--reason", "for tests"]);
    assert_eq!(tagged.code, Some(0), "{}", tagged.err);
    assert_eq!(store.operate("tag", &["golden", SECOND, "--reason", "x"]).code, Some(6));
    assert_eq!(store.operate("tag", &["-x", SECOND, "--reason", "x"]).code, Some(2));
    let listed = store.operate("tags", &["--json"]).json();
    assert_eq!(listed["tags"]["golden"]["version"].to_string(), FIRST);

    let gc = ["--keep", "1", "--grace", "0s", "--json"];
    let plan = store.operate("gc", &gc).json();
    assert_eq!(
        (plan["garbage"].clone(), plan["removed"].clone()),
        (json!([]), json!(null))
    );
    assert_eq!(plan["kept"][1]["why"], json!(["tag golden"]));
    assert_eq!(store.operate("untag", &["golden"]).code, Some(0));
    assert_eq!(store.operate("untag", &["golden"]).code, Some(3));
    let plan = store.operate("gc", &gc).json();
    let garbage = plan["garbage"].as_array().expect("a list").len();
    assert!(garbage >= 2 && plan["garbage_bytes"].as_u64() > Some(0), "{plan}");
    assert!(
        store.run("versions", &[]).out.contains(FIRST),
        "nothing is removed without --apply"
    );
    let young = store.operate("gc", &["--keep", "1", "--json"]).json();
    assert_eq!(young["garbage"], json!([]), "objects younger than an hour stay");
    let done = store.operate("gc", &[&gc[..], &["--apply"]].concat()).json();
    assert_eq!(done["removed"]["objects"].as_u64(), Some(garbage as u64));
    assert!(!store.run("versions", &[]).out.contains(FIRST));
    assert_eq!(store.run("verify", &[]).code, Some(0));
    assert_eq!(store.operate("gc", &["--keep", "0"]).code, Some(2));
    assert_eq!(
        store
            .operate("gc", &["--keep", "1", "--derived", "there/is/no/store"])
            .code,
        Some(3)
    );
}
