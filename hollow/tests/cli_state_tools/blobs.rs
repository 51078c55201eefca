//! `rewrite`, `patch` and `compact`: blobs that are followed from recorded snapshots, forward and back.

use crate::support::{Ground, answer, dataset, dump, dumped, hollow, plain_cases, recorded, refused};
use fixtures::vectors::Case;
use hollow::read::{ReadState, TypeReadState};
use hollow::record::Value as Tree;
use hollow::tools::checksum::Checksums;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn load(path: &Path) -> ReadState {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    ReadState::from_snapshot(&bytes).expect("a snapshot")
}

/// All records by type as trees without ordinals, sets and maps in an order of their own.
fn trees(state: &ReadState) -> BTreeMap<String, Vec<String>> {
    fn text(value: &Tree) -> String {
        let sorted = |mut parts: Vec<String>| {
            parts.sort();
            parts.join(",")
        };
        match value {
            Tree::Object(fields) => format!("({})", fields.iter().map(text).collect::<Vec<_>>().join(",")),
            Tree::List(elements) => format!("[{}]", elements.iter().map(text).collect::<Vec<_>>().join(",")),
            Tree::Set(elements) => format!("{{{}}}", sorted(elements.iter().map(text).collect())),
            Tree::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, value)| format!("{}={}", text(key), text(value)));
                format!("<{}>", sorted(entries.collect()))
            }
            other => format!("{other:?}"),
        }
    }
    let of_type = |ty: &TypeReadState| {
        let values = ty
            .populated()
            .map(|ordinal| state.value(ty.name(), ordinal).expect("populated"));
        let mut texts: Vec<String> = values.map(|value| text(&value)).collect();
        texts.sort();
        (ty.name().to_owned(), texts)
    };
    state.types().map(of_type).collect()
}

/// Follows delta files from a recorded snapshot, then the ones back.
#[track_caller]
fn follow(case: &Case, from: i64, directory: &str, steps: &[i64], place: &str) -> (ReadState, ReadState) {
    let file =
        |name: String| fs::read(Path::new(directory).join(&name)).unwrap_or_else(|e| panic!("{place}: {name}: {e}"));
    let mut state = ReadState::from_snapshot(case.snapshot(from).expect("recorded")).expect("a snapshot");
    let mut before = from;
    for &step in steps {
        let delta = file(format!("delta-{before}-{step}"));
        state = state
            .apply_delta(&delta)
            .unwrap_or_else(|error| panic!("{place}: {error}"));
        before = step;
    }
    let mut back = state.clone();
    let all: Vec<i64> = std::iter::once(from).chain(steps.iter().copied()).collect();
    for pair in all.windows(2).rev() {
        let (to, at) = (pair[0], pair[1]);
        let delta = file(format!("reversedelta-{at}-{to}"));
        back = back
            .apply_delta(&delta)
            .unwrap_or_else(|error| panic!("{place}: {error}"));
    }
    (state, back)
}

#[test]
fn rewrite_writes_a_snapshot_of_any_version_and_one_delta_in_place_of_many() {
    let ground = Ground::new();
    let (mut leaps, mut refusals) = (0, 0);
    for case in plain_cases().filter(|case| case.versions().len() > 2) {
        let versions = case.versions();
        let (first, last) = (versions[0], *versions.last().expect("some"));
        let store = ground.path(&case.name);
        // Reached by reverse deltas only, the snapshot of the first version being gone.
        let middle = versions[versions.len() / 2];
        let to = ground.fresh();
        let number = middle.to_string();
        let written = answer(&["rewrite", "--store", &store, "--version", &number, "--to", &to]);
        assert_eq!(written["files"][0]["name"], json!(format!("snapshot-{middle}")));
        let state = load(&Path::new(&to).join(format!("snapshot-{middle}")));
        let place = format!("case={} version={middle}", case.name);
        assert_eq!(dump(&state), recorded(case, middle), "{place}");
        let checksum = case.text(&format!("checksum-{middle}.txt")).expect("recorded");
        assert_eq!(
            Checksums::of(&state).to_string().trim_end(),
            checksum.trim_end(),
            "{place}"
        );
        assert_eq!(
            fs::read_to_string(Path::new(&to).join("announced.version")).expect("there"),
            number
        );

        let to = ground.fresh();
        let (from, number) = (first.to_string(), last.to_string());
        let arguments = [
            "rewrite",
            "--store",
            &store,
            "--version",
            &number,
            "--from",
            &from,
            "--to",
            &to,
        ];
        if hollow(&arguments).status.success() {
            let place = format!("case={} {first}-{last}", case.name);
            let (there, back) = follow(case, first, &to, &[last], &place);
            assert_eq!(dump(&there), recorded(case, last), "{place}");
            assert_eq!(dump(&back), recorded(case, first), "{place}");
            leaps += 1;
        } else {
            // Ordinals were used again in between: no one delta leads there.
            let (code, message) = refused(&arguments);
            assert!(
                code == 6 && message.contains("no delta leads there"),
                "{place}: {message}"
            );
            assert!(!Path::new(&to).exists(), "{place}: nothing is left behind");
            refusals += 1;
        }
    }
    assert!(leaps > 3 && refusals > 3, "{leaps} {refusals}");
}

#[test]
fn rewrite_needs_no_snapshot_of_the_version() {
    let ground = Ground::new();
    let store = ground.path("compaction");
    for version in [2, 3, 4, 5] {
        fs::remove_file(Path::new(&store).join(format!("snapshot-{version}"))).expect("removed");
    }
    let case = fixtures::vectors::case("compaction");
    for route in ["deltas", "reverse"] {
        let to = ground.fresh();
        answer(&[
            "rewrite",
            "--store",
            &store,
            "--version",
            "4",
            "--route",
            route,
            "--to",
            &to,
        ]);
        assert_eq!(
            dump(&load(&Path::new(&to).join("snapshot-4"))),
            recorded(case, 4),
            "{route}"
        );
    }
}

#[test]
fn patch_leads_from_any_version_to_any_other_and_back() {
    let ground = Ground::new();
    let mut steps_seen = BTreeMap::new();
    for case in plain_cases().filter(|case| case.versions().len() > 1) {
        let versions = case.versions();
        for (from, target) in [
            (versions[0], *versions.last().expect("one")),
            (*versions.last().expect("one"), versions[0]),
        ] {
            let (Ok(before), Ok(after)) = (
                case.json(&format!("state-{from}.json")),
                case.json(&format!("state-{target}.json")),
            ) else {
                continue;
            };
            if dataset(case, from).schemas() != dataset(case, target).schemas() {
                continue;
            }
            let place = format!("case={} from={from} target={target}", case.name);
            let (store, to) = (ground.path(&case.name), ground.fresh());
            let (version, at) = (from.to_string(), format!("{store}@{target}"));
            let arguments = ["patch", "--store", &store, "--version", &version, "--target", &at];
            let plan = answer(&arguments);
            let written = answer(&[&arguments[..], &["--to", &to]].concat());
            assert_eq!(plan["moved"], written["moved"], "{place}");
            let steps: Vec<i64> = written["steps"]
                .as_array()
                .expect("a list")
                .iter()
                .filter_map(Value::as_i64)
                .collect();
            assert!(
                steps[0] > from && steps.is_sorted_by(|a, b| a < b),
                "{place}: {steps:?}"
            );
            assert_eq!(written["version"].as_i64(), steps.last().copied(), "{place}");
            let (there, back) = follow(case, from, &to, &steps, &place);
            assert_eq!(dump(&there), after, "{place}");
            assert_eq!(dump(&back), before, "{place}");
            // What follows on the target in its own chain applies to whoever came there.
            let target_state = ReadState::from_snapshot(case.snapshot(target).expect("recorded")).expect("a snapshot");
            assert_eq!(there.tag(), target_state.tag(), "{place}");
            assert_eq!(
                dump(&load(&Path::new(&to).join(format!("snapshot-{}", written["version"])))),
                after,
                "{place}"
            );
            *steps_seen.entry(steps.len()).or_insert(0) += 1;
        }
    }
    assert!(steps_seen[&1] > 3 && steps_seen[&2] > 20, "{steps_seen:?}");
}

#[test]
fn patch_leads_from_one_dataset_to_another_of_other_types() {
    let ground = Ground::new();
    let (tiny, lists, to) = (ground.path("tiny"), ground.path("lists"), ground.fresh());
    let case = fixtures::vectors::case("tiny");
    let target = fixtures::vectors::case("lists");
    let shared = dataset(case, 1)
        .schemas()
        .iter()
        .any(|schema| dataset(target, 1).get(schema.name()).is_some());
    assert!(!shared, "datasets that have nothing in common");
    let written = answer(&[
        "patch",
        "--store",
        &tiny,
        "--version",
        "1",
        "--target",
        &format!("{lists}@1"),
        "--to",
        &to,
    ]);
    let steps: Vec<i64> = written["steps"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_i64)
        .collect();
    let (there, back) = follow(case, 1, &to, &steps, "tiny to lists");
    assert!(
        there.types().all(|ty| ty.is_empty()),
        "followers do not know the new types until they load a snapshot"
    );
    assert_eq!(dump(&back), recorded(case, 1));
    assert_eq!(dumped(&to), recorded(target, 1));
}

#[test]
fn compact_closes_holes_and_keeps_all_records() {
    let ground = Ground::new();
    let mut compacted = 0;
    for case in plain_cases() {
        let version = *case.versions().last().expect("one");
        let (store, to, number) = (ground.path(&case.name), ground.fresh(), version.to_string());
        let arguments = [
            "compact",
            "--store",
            &store,
            "--version",
            &number,
            "--min-hole-percent",
            "1",
        ];
        let output = hollow(&[&arguments[..], &["--to", &to, "--json"]].concat());
        let place = format!("case={} version={version}", case.name);
        match output.status.code() {
            Some(0) => {}
            Some(1) => {
                let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
                assert_eq!(answer["steps"], json!([]), "{place}");
                assert!(!Path::new(&to).exists(), "{place}: nothing to write");
                continue;
            }
            // NaN would be lost by moving records, as in Java.
            Some(6) => {
                assert!(String::from_utf8_lossy(&output.stderr).contains("NaN"), "{place}");
                continue;
            }
            code => panic!("{place}: {code:?} {}", String::from_utf8_lossy(&output.stderr)),
        }
        let written: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let steps = written["steps"].as_array().expect("a list");
        let versions: Vec<i64> = steps.iter().filter_map(|step| step["version"].as_i64()).collect();
        let (there, back) = follow(case, version, &to, &versions, &place);
        assert_eq!(dump(&back), recorded(case, version), "{place}");
        assert_eq!(dump(&there), dumped(&to), "{place}");
        // Whole trees are what they were; ordinals are others.
        let before = ReadState::from_snapshot(case.snapshot(version).expect("recorded")).expect("a snapshot");
        assert_eq!(trees(&there), trees(&before), "{place}");
        for ty in written["types"].as_array().expect("a list") {
            let name = ty["name"].as_str().expect("a name");
            // Counted from what Java said: ordinals below the highest without a record.
            let state = recorded(case, version);
            let records = state[name]["records"].as_object().expect("records");
            let highest = records
                .keys()
                .filter_map(|key| key.parse::<usize>().ok())
                .max()
                .map_or(0, |highest| highest + 1);
            assert_eq!(
                ty["holes"]["before"],
                json!(highest - records.len()),
                "{place} type={name}"
            );
            let after = there.ty(name).expect("a type");
            let highest = after.populated().last().map_or(0, |highest| highest.get() as usize + 1);
            assert_eq!(
                ty["holes"]["after"],
                json!(highest - after.len()),
                "{place} type={name}"
            );
        }
        // Nothing is left to do. A type can have got a hole by what it refers to, one too cheap to close.
        let again = hollow(&["compact", "--store", &to, "--min-hole-percent", "1"]);
        assert_eq!(again.status.code(), Some(1), "{place}");
        let sum = |when: &str| -> u64 {
            let types = written["types"].as_array().expect("a list").iter();
            types.filter_map(|ty| ty["holes"][when].as_u64()).sum()
        };
        assert!(sum("after") < sum("before"), "{place}");
        compacted += 1;
    }
    assert!(compacted > 10, "{compacted}");
}
