//! `dump` line by line, and `load`.

use crate::support::{Published, Run, SECOND, command, run};
use serde_json::json;
use std::fs;
use std::io::Write;
use std::process::Stdio;

/// Runs the program with something on standard input.
fn feed(arguments: &[&str], input: &str) -> Run {
    let mut child = command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    // A program that refuses before it reads is a case, too.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    Run::from(child.wait_with_output().expect("ended"))
}

#[test]
fn a_state_as_text_becomes_the_same_state_again() {
    let store = Published::new();
    let checksum = store.run("checksum", &[]).out;
    let text = store.run("dump", &["--lossless"]);
    assert_eq!((text.code, text.err.as_str()), (Some(0), ""));
    for layout in ["hollow", "java"] {
        let copy = tempfile::tempdir().expect("a directory");
        let to = copy.path().join("new/store");
        let to = to.to_str().expect("text");
        let loaded = feed(&["load", "--to", to, "--layout", layout, "--json"], &text.out);
        assert_eq!(loaded.code, Some(0), "{}", loaded.err);
        // Two titles, one text, two kinds, three countries, two sets of them.
        assert_eq!(loaded.json()["records"], json!(10));
        assert_eq!(run(&["checksum", "--store", to]).out, checksum, "{layout}");
        assert_eq!(run(&["verify", "--store", to]).code, Some(0));
        let inspected = run(&["inspect", "--store", to, "--json"]).json();
        assert_eq!(inspected["header_tags"]["source"], json!("test"));
        assert_eq!(
            fs::exists(copy.path().join("new/store/announced.version")).expect("looked"),
            layout == "java"
        );
        // What is there is left alone.
        let again = feed(&["load", "--to", to, "--json"], &text.out);
        assert_eq!((again.code, &again.error()["code"]), (Some(6), &json!(6)));
        assert_eq!(run(&["checksum", "--store", to]).out, checksum);
    }
}

#[test]
fn readable_lines_can_be_edited() {
    let store = Published::new();
    let lines = store.run("dump", &["--lines"]).out;
    assert_eq!(lines.lines().count(), 1 + 2 + 1);
    let head: serde_json::Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        (&head["hollow"], head["version"].to_string()),
        (&json!("records"), SECOND.to_owned())
    );
    let only = store.run("dump", &["--lines", "Kind"]).out;
    assert_eq!(
        only.lines().nth(1),
        Some(r#"{"type":"Kind","record":{"name":"Movie"}}"#)
    );
    let edited = lines.replace("The Salt Harbour", "The Sugar Harbour");
    let directory = tempfile::tempdir().expect("a directory");
    let to = directory.path().join("edited");
    let to = to.to_str().expect("text");
    let file = directory.path().join("lines");
    fs::write(&file, edited).expect("written");
    let loaded = run(&["load", "--to", to, file.to_str().expect("text")]);
    assert!(
        loaded.code == Some(0) && loaded.out.starts_with("loaded version "),
        "{}{}",
        loaded.out,
        loaded.err
    );
    let found = run(&["query", "--store", to, "Title where name contains Sugar | count"]);
    assert_eq!(found.out, "1\n");
    // Plain records of one type, with schemas from a file.
    let schema = directory.path().join("schema");
    fs::write(&schema, store.run("schema", &[]).out).expect("written");
    let plain = directory.path().join("plain");
    let arguments = [
        "load",
        "--to",
        plain.to_str().expect("text"),
        "--type",
        "Title",
        "--schema",
        schema.to_str().expect("text"),
    ];
    let loaded = feed(&arguments, "{\"video_id\":7,\"kind\":\"Movie\"}\n\n{\"video_id\":8}\n");
    assert_eq!(loaded.code, Some(0), "{}", loaded.err);
    assert_eq!(
        run(&["get", "--store", plain.to_str().expect("text"), "Title:8"]).json(),
        json!({"video_id": 8})
    );
}

#[test]
fn what_cannot_be_loaded() {
    let store = Published::new();
    let directory = tempfile::tempdir().expect("a directory");
    let to = directory.path().join("new");
    let to = to.to_str().expect("text");
    let refused = |input: &str, code: i32, message: &str| {
        let run = feed(&["load", "--to", to, "--json"], input);
        assert_eq!(run.code, Some(code), "{}", run.err);
        let error = run.error();
        assert!(
            error["message"].as_str().is_some_and(|text| text.contains(message)),
            "{error}"
        );
        assert!(!fs::exists(to).expect("looked"), "nothing is left behind");
    };
    refused("", 4, "line 1: ");
    let text = store.run("dump", &["--lossless"]).out;
    let cut = text.lines().take(5).collect::<Vec<_>>().join("\n");
    refused(&cut, 4, "another number of records than announced");
    refused(&text.replace("\"Movie\"", "7"), 4, "field 0, which is string");
    let missing = directory.path().join("no-such-file");
    assert_eq!(
        run(&["load", "--to", to, missing.to_str().expect("text")]).code,
        Some(3)
    );
    assert_eq!(run(&["load"]).code, Some(2));
    assert_eq!(store.run("dump", &["--lossless", "--lines"]).code, Some(2));
    assert_eq!(store.run("dump", &["--lines", "Titel"]).code, Some(3));
}
