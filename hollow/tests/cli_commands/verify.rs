//! `verify`.

use crate::support::{Published, SECOND, command};
use serde_json::json;
use std::fs;

#[test]
fn a_store_in_good_order() {
    let store = Published::new();
    let run = store.run("verify", &["--deep"]);
    assert_eq!((run.code, run.err.as_str()), (Some(0), ""));
    let summary = run.out.lines().last().expect("a line");
    assert!(
        summary.starts_with("2 versions, 2 snapshots, 1 deltas, 1 reverse deltas, "),
        "{summary}"
    );
    assert!(summary.ends_with(": 0 damaged, 0 faults, 0 notes"), "{summary}");
    let json = store.run("verify", &["--json"]).json();
    assert_eq!((&json["schema"], &json["ok"]), (&json!(1), &json!(true)));
    assert_eq!(json["verification"]["findings"], json!([]));
}

#[test]
fn damage_and_faults_have_codes_of_their_own() {
    let store = Published::new();
    let blobs = store.directory.path().join("blobs");
    let snapshot = fs::read_dir(&blobs).expect("listed").find_map(|entry| {
        let path = entry.expect("listed").path();
        path.to_str()
            .is_some_and(|name| name.contains(&format!("/snapshot-{SECOND}")))
            .then_some(path)
    });
    let snapshot = snapshot.expect("there");
    let whole = fs::read(&snapshot).expect("read");
    fs::remove_file(&snapshot).expect("removed");
    let mut bytes = whole.clone();
    bytes[100] ^= 0x10;
    fs::write(&snapshot, bytes).expect("written");
    let run = store.run("verify", &[]);
    assert_eq!(run.code, Some(4));
    assert!(
        run.out.starts_with(&format!("damage  {SECOND}  blobs/snapshot-")),
        "{}",
        run.out
    );
    let json = store.run("verify", &["--json", "--exit-zero"]);
    assert_eq!((json.code, &json.json()["ok"]), (Some(4), &json!(false)));
    fs::remove_file(&snapshot).expect("removed");
    fs::write(&snapshot, whole).expect("written");

    let pin = json!({"schema": 1, "version": 7, "reason": "test", "pinned_at": 0});
    fs::write(store.directory.path().join("pin"), pin.to_string()).expect("written");
    let run = store.run("verify", &[]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.out
            .starts_with("fault   7  pinned version: is not part of the chain\n"),
        "{}",
        run.out
    );
    assert_eq!(store.run("verify", &["--exit-zero"]).code, Some(0));
}

#[test]
fn what_is_no_store() {
    let directory = tempfile::tempdir().expect("a directory");
    let run = crate::support::run(&["verify", "--store", directory.path().to_str().expect("text"), "--json"]);
    assert_eq!((run.code, &run.error()["code"]), (Some(3), &json!(3)));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_enough_ends_it_quietly() {
    let store = Published::new();
    for arguments in [
        &["verify", "--store", store.path()][..],
        &["query", "--store", store.path(), "Title"],
        &["get", "--store", store.path(), "Title:1"],
        &["inspect", "--store", store.path(), "--json"],
    ] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = command(arguments).stdout(writer).output().expect("started");
        assert_eq!(
            (output.status.code(), output.stderr.len()),
            (Some(0), 0),
            "{arguments:?}"
        );
    }
}
