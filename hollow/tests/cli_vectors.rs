//! The command line program over the golden vectors: every version by every route gives the recorded state.

#![cfg(feature = "cli")]

use fixtures::vectors::{Case, cases, unpack};
use std::path::Path;
use std::process::{Command, Output};

fn hollow(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hollow"))
        .args(arguments)
        .env_remove("HOLLOW_STORE")
        .output()
        .expect("the program was built with this test")
}

#[track_caller]
fn text(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// The files that say what a version holds when reached by a route, best first.
///
/// After a change of the model, or of what a restored producer preserves, the routes may differ; the vectors record the
/// difference for chains from the first snapshot, and for one step back.
fn expected(case: &Case, kind: &str, version: i64, route: &str) -> Option<String> {
    let file = |name: String| {
        case.text(&name).map(str::to_owned).or_else(|| {
            case.blob(&name)
                .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        })
    };
    let suffix = if kind == "state" { "json" } else { "txt" };
    let own = || file(format!("{kind}-{version}.{suffix}"));
    let versions = case.versions();
    let reverse = |from: i64, to: i64| file(format!("reverse-{kind}-{from}-{to}.{suffix}"));
    match route {
        "snapshot" => own(),
        "deltas" => file(format!("chain-{kind}-{version}.{suffix}")).or_else(own),
        _ => {
            let steps: Vec<(i64, i64)> = case
                .reverse_deltas()
                .into_iter()
                .filter(|(_, to)| *to >= version)
                .collect();
            let different: Vec<&(i64, i64)> = steps
                .iter()
                .filter(|(from, to)| reverse(*from, *to).is_some())
                .collect();
            match different.as_slice() {
                [] => own(),
                // Recorded for the step from the next version's snapshot: comparable if that is where we begin.
                [(from, to)] if *to == version && versions.last() == Some(from) => reverse(*from, *to),
                _ => None,
            }
        }
    }
}

#[test]
fn every_version_by_every_route_is_as_recorded() {
    let directory = tempfile::tempdir().expect("a directory");
    unpack(directory.path()).expect("unpacked");
    let mut compared = [0; 3];
    let mut left_out = Vec::new();
    for case in cases().iter().filter(|case| !case.versions().is_empty()) {
        let store = directory.path().join(&case.name);
        let store = store.to_str().expect("text");
        for version in case.versions() {
            for (at, route) in ["snapshot", "deltas", "reverse"].into_iter().enumerate() {
                let arguments = |command| {
                    let version = version.to_string();
                    text(&hollow(&[
                        command,
                        "--store",
                        store,
                        "--version",
                        &version,
                        "--route",
                        route,
                    ]))
                };
                let place = format!("case={} version={version} route={route}", case.name);
                let Some(checksum) = expected(case, "checksum", version, route) else {
                    left_out.push(place);
                    continue;
                };
                assert_eq!(arguments("checksum").trim_end(), checksum.trim_end(), "{place}");
                let state =
                    expected(case, "state", version, route).expect("where there is a checksum there is a state");
                let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
                assert_eq!(parse(&arguments("dump")), parse(&state), "{place}");
                compared[at] += 1;
            }
        }
    }
    let versions: usize = cases().iter().map(|case| case.versions().len()).sum();
    assert_eq!((compared[0], compared[1]), (versions, versions));
    // Further back than one step over a change of the model nothing is recorded.
    assert_eq!(compared[2] + left_out.len(), versions);
    assert!(left_out.len() * 10 < versions, "{left_out:?}");
}

#[test]
fn the_exit_code_says_what_is_wrong() {
    let directory = tempfile::tempdir().expect("a directory");
    unpack(directory.path()).expect("unpacked");
    let case = |name: &str| directory.path().join(name).to_str().expect("text").to_owned();
    let lists = case("lists");
    let code = |arguments: &[&str]| {
        let output = hollow(arguments);
        assert!(output.stdout.is_empty(), "data where there is an error");
        assert!(!output.stderr.is_empty(), "an error says so");
        output.status.code()
    };
    assert_eq!(code(&["checksum"]), Some(2));
    assert_eq!(code(&["checksum", "--store", &lists, "--route", "sideways"]), Some(2));
    assert_eq!(code(&["checksum", "--store", &lists, "--version", "x"]), Some(2));
    assert_eq!(code(&["checksum", "--store", &lists, "--version", "99"]), Some(3));
    assert_eq!(code(&["versions", "--store", &case("no-such-case")]), Some(3));
    std::fs::write(Path::new(&lists).join("snapshot-1"), b"damaged").expect("written");
    assert_eq!(
        code(&["dump", "--store", &lists, "--version", "1", "--route", "snapshot"]),
        Some(4)
    );
    let json = hollow(&["checksum", "--store", &lists, "--version", "99", "--json"]);
    let error: serde_json::Value = serde_json::from_slice(&json.stderr).expect("JSON");
    assert_eq!(error["error"]["code"], 3);
    assert!(error["error"]["hint"].as_str().is_some_and(|hint| !hint.is_empty()));
}

#[test]
fn the_announced_version_is_the_default() {
    let directory = tempfile::tempdir().expect("a directory");
    unpack(directory.path()).expect("unpacked");
    let case = directory.path().join("producer-api");
    let store = case.to_str().expect("text");
    let announced = std::fs::read_to_string(case.join("announced.version")).expect("there");
    let checksum = std::fs::read_to_string(case.join(format!("checksum-{announced}.txt"))).expect("there");
    assert_eq!(
        text(&hollow(&["checksum", "--store", store])).trim_end(),
        checksum.trim_end()
    );
    let json = text(&hollow(&["versions", "--store", store, "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let versions: Vec<i64> = json["versions"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|v| v["version"].as_i64())
        .collect();
    assert_eq!(versions[0].to_string(), announced.trim());
    assert!(
        versions.len() == 5 && versions.is_sorted_by(|a, b| a > b),
        "{versions:?}"
    );
    let json = text(&hollow(&["inspect", "--store", store, "--json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["header_tags"]["hollow.blob.to.version"], announced.trim());
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_enough_ends_it_quietly() {
    use std::io::Read;
    use std::process::Stdio;
    let directory = tempfile::tempdir().expect("a directory");
    unpack(directory.path()).expect("unpacked");
    let mut child = Command::new(env!("CARGO_BIN_EXE_hollow"))
        .args(["dump", "--store"])
        .arg(directory.path().join("large-random"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let mut out = child.stdout.take().expect("piped");
    out.read_exact(&mut [0; 10]).expect("more than ten bytes");
    drop(out);
    let output = child.wait_with_output().expect("ended");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}
