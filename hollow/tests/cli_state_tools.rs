//! The commands that make states of other states, over the golden vectors.
//!
//! What must come out is taken from what Java Hollow said about the states that went in (`state-V.json`,
//! `checksum-V.txt`), changed by hand as the command should change it. Nothing is compared with what the program itself
//! printed, but for commands that must leave all records as they are.

#![cfg(feature = "cli")]

use fixtures::vectors::{Case, cases, unpack};
use hollow::Ordinal;
use hollow::read::{ReadState, TypeReadState};
use hollow::record::Value as Tree;
use hollow::schema::{Dataset, FieldType, Schema};
use hollow::tools::checksum::Checksums;
use hollow::tools::dump::write_json;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The vectors as directories, and room for new ones.
struct Ground {
    directory: tempfile::TempDir,
    given: Cell<usize>,
}

impl Ground {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        unpack(directory.path()).expect("unpacked");
        Self {
            directory,
            given: Cell::new(0),
        }
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().expect("text").to_owned()
    }

    /// A name that nothing has yet.
    fn fresh(&self) -> String {
        self.given.set(self.given.get() + 1);
        self.path(&format!("new-{}/store", self.given.get()))
    }
}

fn hollow(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_hollow"))
        .args(arguments)
        .env_remove("HOLLOW_STORE")
        .output()
        .expect("the program was built with this test")
}

#[track_caller]
fn done(arguments: &[&str]) -> String {
    let output = hollow(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {}: {errors}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

#[track_caller]
fn answer(arguments: &[&str]) -> Value {
    let text = done(&[arguments, &["--json"]].concat());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The exit code and the error as JSON.
#[track_caller]
fn refused(arguments: &[&str]) -> (i32, String) {
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
fn dump(state: &ReadState) -> Value {
    let mut bytes = Vec::new();
    write_json(state, &mut bytes).expect("memory takes all");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// What is in a directory under its announced version, read by the program.
#[track_caller]
fn dumped(store: &str) -> Value {
    serde_json::from_str(&done(&["dump", "--store", store])).expect("JSON")
}

fn load(path: &Path) -> ReadState {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    ReadState::from_snapshot(&bytes).expect("a snapshot")
}

/// Whole records as lines of JSON without ordinals, whatever their order: what must stay when ordinals change.
fn lines(store: &str) -> Vec<String> {
    let text = done(&["dump", "--store", store, "--lines"]);
    let mut lines: Vec<String> = text.lines().skip(1).map(str::to_owned).collect();
    lines.sort();
    lines
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

fn recorded(case: &Case, version: i64) -> Value {
    case.json(&format!("state-{version}.json")).expect("recorded")
}

/// Cases whose versions have one snapshot file each and a schema that stays.
fn plain_cases() -> impl Iterator<Item = &'static Case> {
    let odd = ["optional-parts", "schema-evolution", "large-random", "bitset-growth"];
    cases()
        .iter()
        .filter(move |case| !case.versions().is_empty() && !odd.contains(&case.name.as_str()))
}

fn dataset(case: &Case, version: i64) -> Dataset {
    let state = ReadState::from_snapshot(case.snapshot(version).expect("recorded")).expect("a snapshot");
    Dataset::clone(state.dataset())
}

/// Types that cannot be without this one: it, collections of it, and collections of these.
fn fall_with(dataset: &Dataset, dropped: &str) -> BTreeSet<String> {
    let mut gone = BTreeSet::from([dropped.to_owned()]);
    loop {
        let more: Vec<String> = dataset
            .schemas()
            .iter()
            .filter(|schema| !matches!(schema, Schema::Object(_)) && !gone.contains(schema.name()))
            .filter(|schema| schema.references().iter().any(|to| gone.contains(*to)))
            .map(|schema| schema.name().to_owned())
            .collect();
        if more.is_empty() {
            return gone;
        }
        gone.extend(more);
    }
}

/// Takes types out of what Java said, and the fields for which `goes` says so.
fn without(state: &Value, gone: &BTreeSet<String>, goes: impl Fn(&str, &str) -> bool) -> Value {
    let mut left = serde_json::Map::new();
    for (name, ty) in state
        .as_object()
        .expect("types")
        .iter()
        .filter(|(name, _)| !gone.contains(*name))
    {
        let mut ty = ty.clone();
        if let Some(fields) = ty["fields"].as_array().cloned() {
            let stays: Vec<bool> = fields
                .iter()
                .map(|field| !goes(name, field.as_str().expect("a name")))
                .collect();
            let keep = |list: &Value| -> Value {
                let list = list.as_array().expect("a list").iter().zip(&stays);
                list.filter(|(_, stays)| **stays)
                    .map(|(value, _)| value.clone())
                    .collect()
            };
            ty["fields"] = keep(&ty["fields"]);
            for record in ty["records"].as_object_mut().expect("records").values_mut() {
                *record = keep(record);
            }
        }
        left.insert(name.clone(), ty);
    }
    Value::Object(left)
}

/// Names of fields that stand in any key, wherever.
fn key_words(dataset: &Dataset) -> BTreeSet<String> {
    let paths = dataset.schemas().iter().flat_map(|schema| match schema {
        Schema::Object(ty) => ty.primary_key.as_ref().map_or(Vec::new(), |key| key.paths().to_vec()),
        Schema::Set(ty) => ty.hash_key.as_ref().map_or(Vec::new(), |key| key.paths().to_vec()),
        Schema::Map(ty) => ty.hash_key.as_ref().map_or(Vec::new(), |key| key.paths().to_vec()),
        Schema::List(_) => Vec::new(),
    });
    paths
        .flat_map(|path| path.split(['.', '!']).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn filter_leaves_out_types_and_what_cannot_be_without_them() {
    let ground = Ground::new();
    let mut compared = 0;
    for case in plain_cases() {
        let version = *case.versions().last().expect("one");
        let dataset = dataset(case, version);
        let state = recorded(case, version);
        // A type in the middle, and one that nothing refers to: the first and the last of the dataset.
        let names = [dataset.schemas().first(), dataset.schemas().last()];
        for dropped in names.into_iter().flatten().map(Schema::name).collect::<BTreeSet<_>>() {
            let gone = fall_with(&dataset, dropped);
            if gone.len() == dataset.len() || !key_words(&dataset).is_empty() {
                continue; // nothing left, or keys that may break: the library's tests look at those
            }
            let refers = |ty: &str, field: &str| {
                let object = dataset.get(ty).and_then(Schema::as_object).expect("an object");
                let at = object.position(field).expect("a field");
                matches!(&object.fields[at].ty, FieldType::Reference(to) if gone.contains(to))
            };
            let expected = without(&state, &gone, refers);
            let place = format!("case={} version={version} without={dropped}", case.name);
            let (store, to, version) = (ground.path(&case.name), ground.fresh(), version.to_string());
            let filtered = answer(&[
                "filter",
                "--store",
                &store,
                "--version",
                &version,
                "--without",
                dropped,
                "--to",
                &to,
            ]);
            assert_eq!(filtered["from"].to_string(), version, "{place}");
            assert_eq!(filtered["types"], json!(dataset.len() - gone.len()), "{place}");
            assert_eq!(dumped(&to), expected, "{place}");
            compared += 1;
        }
    }
    assert!(compared > 15, "{compared}");
}

#[test]
fn filter_leaves_out_fields() {
    let ground = Ground::new();
    let mut compared = 0;
    for case in plain_cases() {
        let version = *case.versions().last().expect("one");
        let dataset = dataset(case, version);
        let (state, words) = (recorded(case, version), key_words(&dataset));
        let field = dataset
            .schemas()
            .iter()
            .rev()
            .filter_map(Schema::as_object)
            .find_map(|object| {
                let field = object.fields.iter().rev().find(|field| !words.contains(&field.name))?;
                (object.fields.len() > 1).then(|| (object.name.clone(), field.name.clone()))
            });
        let Some((ty, field)) = field else { continue };
        let expected = without(&state, &BTreeSet::new(), |of, name| of == ty && name == field);
        let place = format!("case={} version={version} without={ty}.{field}", case.name);
        let (store, version, path) = (ground.path(&case.name), version.to_string(), format!("{ty}.{field}"));
        for layout in ["hollow", "java"] {
            let to = ground.fresh();
            let filtered = answer(&[
                "filter",
                "--store",
                &store,
                "--version",
                &version,
                "--without",
                &path,
                "--to",
                &to,
                "--layout",
                layout,
            ]);
            assert_eq!(filtered["consequences"], json!([]), "{place}");
            assert_eq!(dumped(&to), expected, "{place} layout={layout}");
        }
        compared += 1;
    }
    assert!(compared > 15, "{compared}");
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

/// A store of three titles that share what they refer to.
fn titles(ground: &Ground) -> String {
    let (schema, records, to) = (
        ground.path("titles.schema"),
        ground.path("titles.jsonl"),
        ground.fresh(),
    );
    fs::write(
        &schema,
        "Title @PrimaryKey(id, part) { int id; string part; Name name; Names others; } Name { string text; } Names List<Name>;",
    )
    .expect("written");
    fs::write(
        &records,
        r#"{"id":1,"part":"a,b","name":"Ebb","others":["Flow","Ebb"]}
{"id":2,"part":"x","name":"Salt","others":["Flow"]}
{"id":3,"part":"x","name":"Salt"}
"#,
    )
    .expect("written");
    done(&["load", "--to", &to, "--schema", &schema, "--type", "Title", &records]);
    to
}

#[test]
fn copy_takes_records_by_key_with_all_they_refer_to() {
    let ground = Ground::new();
    let (store, to) = (titles(&ground), ground.fresh());
    let copied = answer(&[
        "copy",
        "--store",
        &store,
        "--to",
        &to,
        r#"Title:[1,"a,b"]"#,
        "Title:3,x",
    ]);
    // Two titles; Ebb, Flow, Salt; one list of names.
    assert_eq!((&copied["records"], &copied["types"]), (&json!(6), &json!(3)));
    let expected = [
        json!({"type": "Title", "record": {"id": 1, "part": "a,b", "name": "Ebb", "others": ["Flow", "Ebb"]}}),
        json!({"type": "Title", "record": {"id": 3, "part": "x", "name": "Salt"}}),
    ];
    let found: Vec<Value> = lines(&to)
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(done(&["query", "--store", &to, "Name | count"]), "3\n");

    let by_ordinal = ground.fresh();
    answer(&["copy", "--store", &store, "--to", &by_ordinal, "Name:#0"]);
    assert_eq!(done(&["query", "--store", &by_ordinal, "Name | count"]), "1\n");
    for (record, code) in [
        ("Title:3,y", 3),
        ("Title:#77", 3),
        ("Titel:3,x", 3),
        ("Title", 2),
        ("Title:3", 2),
        ("Name:Ebb", 2),
    ] {
        let to = ground.fresh();
        let (found, message) = refused(&["copy", "--store", &store, "--to", &to, "Title:2,x", record]);
        assert_eq!(found, code, "{record}: {message}");
        assert!(!Path::new(&to).exists(), "{record}: nothing is copied");
    }
}

#[test]
fn split_and_combine_undo_each_other() {
    let ground = Ground::new();
    let (store, parts, whole) = (titles(&ground), ground.fresh(), ground.fresh());
    let divided = answer(&["split", "--store", &store, "--parts", "3", "--to", &parts]);
    assert_eq!(divided["types"], json!(["Title"]));
    assert_eq!(divided["parts"].as_array().map(Vec::len), Some(3));
    let part = |number: usize| format!("{parts}/part-{number}");
    let mut together: Vec<String> = (0..3).flat_map(|number| lines(&part(number))).collect();
    together.sort();
    // Each title in one part, and whole: with all its names.
    assert_eq!(together, lines(&store));
    let combined = answer(&[
        "combine",
        "--store",
        &part(0),
        "--with",
        &part(1),
        "--with",
        &part(2),
        "--on-duplicate",
        "refuse",
        "--to",
        &whole,
    ]);
    assert_eq!(
        (&combined["records"], &combined["duplicates"]),
        (&json!(3 + 3 + 2), &json!({}))
    );
    assert_eq!(lines(&whole), lines(&store));
}

#[test]
fn combine_decides_between_records_with_one_key() {
    let ground = Ground::new();
    let store = titles(&ground);
    let other = ground.fresh();
    let (schema, records) = (ground.path("titles.schema"), ground.path("others.jsonl"));
    fs::write(
        &records,
        "{\"id\":2,\"part\":\"x\",\"name\":\"Sugar\"}\n{\"id\":4,\"part\":\"x\",\"name\":\"Salt\"}\n",
    )
    .expect("written");
    done(&["load", "--to", &other, "--schema", &schema, "--type", "Title", &records]);
    let names = |how: &str| -> Vec<String> {
        let to = ground.fresh();
        let arguments = [
            "combine",
            "--store",
            &store,
            "--with",
            &other,
            "--on-duplicate",
            how,
            "--to",
            &to,
        ];
        let output = hollow(&arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(told.contains("1 records of Title left out"), how == "first", "{told}");
        let found = lines(&to);
        let records = found
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["record"].clone());
        records
            .map(|record| format!("{} {}", record["id"], record["name"].as_str().expect("text")))
            .collect()
    };
    assert_eq!(names("first"), ["1 Ebb", "2 Salt", "3 Salt", "4 Salt"]);
    assert_eq!(names("keep"), ["1 Ebb", "2 Salt", "2 Sugar", "3 Salt", "4 Salt"]);
    let to = ground.fresh();
    let (code, message) = refused(&[
        "combine",
        "--store",
        &store,
        "--with",
        &other,
        "--on-duplicate",
        "refuse",
        "--to",
        &to,
    ]);
    assert!(code == 6 && message.contains(r#"key=[2,"x"]"#), "{message}");
    let lists = ground.path("lists");
    assert_eq!(
        refused(&[
            "combine",
            "--store",
            &store,
            "--with",
            &format!("{lists}@77"),
            "--to",
            &to
        ])
        .0,
        3
    );
    assert!(!Path::new(&to).exists());
}

#[test]
fn nothing_that_is_there_is_overwritten_and_nothing_half_done_is_left() {
    let ground = Ground::new();
    let store = ground.path("compaction");
    let occupied = ground.path("occupied");
    fs::create_dir(&occupied).expect("made");
    fs::write(Path::new(&occupied).join("letter"), "mine").expect("written");
    let file = ground.path("file");
    fs::write(&file, "mine").expect("written");
    let target = format!("{store}@1");
    let commands: [&[&str]; 7] = [
        &["filter", "--without", "X"],
        &["split", "--parts", "2"],
        &["combine", "--with", &store],
        &["copy", "X:1"],
        &["patch", "--target", &target],
        &["compact", "--min-hole-percent", "1"],
        &["rewrite"],
    ];
    for command in commands {
        for to in [&occupied, &file] {
            let (code, message) = refused(&[command, &["--store", &store, "--to", to]].concat());
            assert!(
                code == 6 && message.contains("is not an empty directory"),
                "{command:?}: {message}"
            );
        }
        let to = ground.fresh();
        let missing = ground.path("no-such-store");
        assert_eq!(
            refused(&[command, &["--store", &missing, "--to", &to]].concat()).0,
            3,
            "{command:?}"
        );
        assert!(!Path::new(&to).exists(), "{command:?}");
    }
    assert_eq!(
        fs::read_to_string(Path::new(&occupied).join("letter")).expect("there"),
        "mine"
    );
    assert_eq!(fs::read_to_string(&file).expect("there"), "mine");
    let hidden = |directory: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(directory)
            .expect("listed")
            .map(|entry| entry.expect("an entry").path());
        entries
            .filter(|path| path.to_string_lossy().contains(".partial"))
            .collect()
    };
    assert_eq!(hidden(ground.directory.path()), Vec::<PathBuf>::new());
    // A directory that is there and empty will do.
    let empty = ground.path("empty");
    fs::create_dir(&empty).expect("made");
    answer(&["rewrite", "--store", &store, "--version", "3", "--to", &empty]);
    assert!(Path::new(&empty).join("snapshot-3").exists());
    assert_eq!(hidden(ground.directory.path()), Vec::<PathBuf>::new());
}

#[test]
fn arguments_that_cannot_be_meant() {
    let ground = Ground::new();
    let (store, to) = (ground.path("tiny"), ground.fresh());
    let code = |arguments: &[&str]| refused(&[arguments, &["--store", &store, "--version", "1", "--to", &to]].concat());
    assert_eq!(code(&["filter"]).0, 2);
    assert_eq!(code(&["filter", "--without", "Movie", "--only", "Movie"]).0, 2);
    assert_eq!(code(&["filter", "--without", "Film"]).0, 3);
    let (found, message) = code(&["filter", "--without", "Movie.name"]);
    assert!(found == 3 && message == "the type Movie has no field name", "{message}");
    assert_eq!(code(&["filter", "--without", "MovieSet.id"]).0, 3);
    assert_eq!(code(&["split", "--parts", "0"]).0, 2);
    assert_eq!(code(&["split", "--parts", "2", "--type", "Film"]).0, 3);
    // Without a primary key there is nothing to divide records by.
    assert_eq!(code(&["split", "--parts", "2", "--type", "MovieSet"]).0, 6);
    assert_eq!(code(&["combine"]).0, 2);
    assert_eq!(code(&["rewrite", "--from", "1"]).0, 2);
    assert_eq!(code(&["rewrite", "--from", "2"]).0, 2);
    assert_eq!(code(&["patch"]).0, 2);
    assert!(!Path::new(&to).exists());
}

#[test]
fn plans_write_nothing() {
    let ground = Ground::new();
    let (store, tiny) = (ground.path("focus-holes"), ground.path("tiny"));
    let before: BTreeSet<PathBuf> = fs::read_dir(ground.directory.path())
        .expect("listed")
        .map(|e| e.expect("one").path())
        .collect();
    let plan = done(&[
        "patch",
        "--store",
        &store,
        "--version",
        "1",
        "--target",
        &format!("{tiny}@1"),
    ]);
    assert!(plan.contains("nothing was written: --to DIR says where"), "{plan}");
    let case = fixtures::vectors::case("focus-holes");
    let state = ReadState::from_snapshot(case.snapshot(4).expect("recorded")).expect("a snapshot");
    let is_hole = |ty: &TypeReadState| {
        let all = ty.populated().last().map_or(0, |last: Ordinal| last.get() as usize + 1);
        all > ty.len()
    };
    assert!(state.types().any(is_hole), "a state with holes");
    let plan = done(&[
        "compact",
        "--store",
        &store,
        "--version",
        "4",
        "--min-hole-percent",
        "1",
    ]);
    assert!(
        plan.contains("records move") && plan.contains("nothing was written"),
        "{plan}"
    );
    let after: BTreeSet<PathBuf> = fs::read_dir(ground.directory.path())
        .expect("listed")
        .map(|e| e.expect("one").path())
        .collect();
    assert_eq!(before, after);
}
