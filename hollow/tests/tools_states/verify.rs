//! A store that is in good order has nothing to be found in it, and one that is not is found out.

use crate::support::{dataset, top};
use fixtures::vectors::unpack;
use hollow::Version;
use hollow::producer::{Producer, SnapshotWriting};
use hollow::record::Value;
use hollow::store::verify::{Finding, Severity, Verification, verify};
use hollow::store::{BlobStore, FsStore, JavaDirectory, Key, Pin, Pins, Source, Staged, Store};
use hollow::testing::{ManualClock, entropy};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A store with this many versions, a snapshot every third.
fn publish(store: &Store, versions: usize) {
    let clock = ManualClock::at(1_700_000_000);
    let ticking = clock.clone();
    let mut producer = Producer::builder(dataset(), store.clone())
        .root("Top")
        .root("Other")
        .snapshot_every(3)
        .snapshots(SnapshotWriting::WithVersion)
        .clock(move || ticking.now())
        .entropy(entropy(7))
        .build()
        .expect("valid settings");
    let mut runner = TestRunner::deterministic();
    for version in 0..versions {
        let record = top(proptest::strategy::Just(version as i64))
            .new_tree(&mut runner)
            .expect("a record");
        clock.advance(Duration::from_secs(1));
        let outcome = producer.run_incremental_cycle(|cycle| {
            cycle.upsert("Top", &record.current())?;
            cycle.tag("cycle", &version.to_string());
            Ok(())
        });
        outcome.expect("published");
    }
}

fn check(source: &dyn Source) -> Verification {
    verify(source, true, |_| {}).expect("the store answers")
}

fn worst(report: &Verification) -> Vec<&Finding> {
    report
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note)
        .collect()
}

#[test]
fn a_store_in_good_order() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::fs(directory.path()).unwrap();
    publish(&store, 8);
    let mut steps = Vec::new();
    let report = verify(&store, false, |step| steps.push((step.done, step.versions))).unwrap();
    assert!(worst(&report).is_empty(), "{:?}", report.findings);
    assert_eq!(
        (report.versions, report.snapshots, report.deltas, report.reverse_deltas),
        (8, 3, 7, 7)
    );
    let blobs = fs::read_dir(directory.path().join("blobs")).unwrap();
    let bytes: u64 = blobs.map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert_eq!(report.bytes, bytes);
    assert_eq!(steps, (0..8).map(|done| (done, 8)).collect::<Vec<_>>());
}

#[test]
fn recorded_chains_of_java_are_in_good_order() {
    let directory = tempfile::tempdir().unwrap();
    unpack(directory.path()).unwrap();
    let (mut checked, mut quirks) = (0, 0);
    for case in fixtures::vectors::cases()
        .iter()
        .filter(|case| !case.versions().is_empty())
    {
        let source = JavaDirectory::open(directory.path().join(&case.name)).unwrap();
        let report = check(&source);
        // Some scripts take records away that others refer to; that is not about routes.
        let routes = worst(&report)
            .into_iter()
            .filter(|finding| !finding.problem.contains("references lead to"));
        let faults: Vec<String> = routes
            .map(|finding| format!("{} {}", finding.what, finding.problem))
            .collect();
        // A restored producer of Java turns NaN into null, and so its first reverse delta leads to other records.
        let versions = case.versions();
        let recorded = |name: String| case.json(&name).ok();
        let differing = |name: String, version: i64| {
            let (there, own) = (recorded(name), recorded(format!("state-{version}.json")));
            there.zip(own).is_some_and(|(there, own)| differ(&there, &own))
        };
        let back = case.reverse_deltas().into_iter();
        let expected = back
            .filter(|(from, to)| differing(format!("reverse-state-{from}-{to}.json"), *to))
            .count();
        let forth = versions
            .iter()
            .filter(|version| differing(format!("chain-state-{version}.json"), **version));
        assert_eq!(faults.len(), expected + forth.count(), "{}: {faults:?}", case.name);
        quirks += faults.len();
        assert_eq!(report.versions, case.versions().len(), "{}", case.name);
        assert_eq!(
            (report.deltas, report.reverse_deltas),
            (case.deltas().len(), case.reverse_deltas().len()),
            "{}",
            case.name
        );
        checked += 1;
    }
    assert!(checked > 30 && quirks > 4, "{checked} {quirks}");
}

/// Whether two recorded states differ in what both have: types of the same name, fields of the same name.
fn differ(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    let types = a.as_object().expect("types by name").iter();
    let mut shared = types.filter_map(|(name, of_a)| Some((of_a, b.get(name)?)));
    shared.any(|(of_a, of_b)| {
        let fields = |ty: &serde_json::Value| ty["fields"].as_array().cloned().unwrap_or_default();
        let (in_a, in_b) = (fields(of_a), fields(of_b));
        let positions = |own: &[serde_json::Value], other: &[serde_json::Value]| -> Vec<usize> {
            let mut positions: Vec<usize> = (0..own.len()).filter(|&at| other.contains(&own[at])).collect();
            positions.sort_by_key(|&at| own[at].to_string());
            positions
        };
        let records = |ty: &serde_json::Value, positions: Vec<usize>| -> Vec<(String, serde_json::Value)> {
            let records = ty["records"].as_object().expect("records by ordinal").iter();
            let of = |record: &serde_json::Value| match ty.get("fields") {
                Some(_) => positions.iter().map(|&at| record[at].clone()).collect(),
                None => record.clone(),
            };
            records.map(|(ordinal, record)| (ordinal.clone(), of(record))).collect()
        };
        records(of_a, positions(&in_a, &in_b)) != records(of_b, positions(&in_b, &in_a))
    })
}

/// Every file of a store, damaged in turn.
#[test]
fn no_damaged_file_stays_hidden() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::fs(directory.path()).unwrap();
    publish(&store, 5);
    let mut damaged = 0;
    for folder in ["blobs", "manifests"] {
        for entry in fs::read_dir(directory.path().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let whole = fs::read(&path).unwrap();
            // Longer, shorter, different, gone.
            let mut longer = whole.clone();
            longer.push(0);
            let mut different = whole.clone();
            different[whole.len() / 2] ^= 1;
            let shorter = whole[..whole.len() - 1].to_vec();
            for bytes in [Some(longer), Some(shorter), Some(different), None] {
                replace(&path, bytes.as_deref());
                let report = check(&store);
                // Older manifests that are gone are past their time: the chain just ends there.
                let forgotten = bytes.is_none() && folder == "manifests" && report.versions > 0;
                let found = report.worst() == Some(Severity::Damage);
                assert!(found || forgotten, "{}: {:?}", path.display(), report.findings);
                damaged += 1;
            }
            replace(&path, Some(&whole));
        }
    }
    assert_eq!(damaged, 4 * (2 + 4 + 4 + 5));
    assert!(worst(&check(&store)).is_empty());
}

fn replace(path: &Path, bytes: Option<&[u8]>) {
    fs::remove_file(path).ok();
    if let Some(bytes) = bytes {
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn blobs_of_java_that_contradict_each_other() {
    let directory = tempfile::tempdir().unwrap();
    unpack(directory.path()).unwrap();
    let case = directory.path().join("maps-keys");
    let fault = |report: &Verification, version: i64, problem: &str| {
        let found = worst(report);
        assert!(
            found.iter().any(|finding| finding.severity == Severity::Fault
                && finding.version == Some(Version(version))
                && finding.problem.contains(problem)),
            "{problem}: {found:?}"
        );
    };
    // A snapshot of another version under the name of this one.
    fs::copy(case.join("snapshot-2"), case.join("snapshot-3")).unwrap();
    let report = check(&JavaDirectory::open(&case).unwrap());
    fault(&report, 3, "the delta leads to another state than the snapshot");
    fault(&report, 3, "the delta leads to other records than the snapshot");
    fs::remove_file(case.join("snapshot-3")).unwrap();
    assert!(worst(&check(&JavaDirectory::open(&case).unwrap())).is_empty());
    // An announcement of what is not there.
    fs::write(case.join("announced.version"), "9").unwrap();
    fault(
        &check(&JavaDirectory::open(&case).unwrap()),
        9,
        "is not part of the chain",
    );
    // Nothing to begin with.
    fs::remove_file(case.join("announced.version")).unwrap();
    fs::remove_file(case.join("snapshot-1")).unwrap();
    fault(&check(&JavaDirectory::open(&case).unwrap()), 1, "no way leads to it");
}

#[test]
fn leftovers_pins_and_lost_references() {
    let directory = tempfile::tempdir().unwrap();
    let files = FsStore::open(directory.path()).unwrap();
    let left = Key::new("blobs/snapshot-1-0123456789abcdef").unwrap();
    files
        .put(&left, &Staged::Bytes(b"left behind".as_slice().into()))
        .unwrap();
    let store = Store::from(files);
    publish(&store, 3);
    let report = check(&store);
    assert_eq!(report.worst(), Some(Severity::Note));
    let leftovers = report
        .findings
        .iter()
        .find(|finding| finding.what == "leftovers")
        .expect("a finding");
    assert_eq!(
        leftovers.problem,
        "1 objects belong to no version of the chain: blobs/snapshot-1-0123456789abcdef"
    );
    let pins = Pins::from_iter([Pin::everybody(Version(5), "test", 0)]);
    store.set_document(None, &pins).unwrap();
    let report = check(&store);
    let found = worst(&report);
    assert!(
        found.len() == 1 && found[0].what == "pinned version" && found[0].version == Some(Version(5)),
        "{found:?}"
    );

    // A record that refers to one that was taken away.
    let mut engine = crate::support::engine(&dataset());
    engine.set_next_tag(1);
    let word = |text: &str| Value::Object(vec![Value::String(text.to_owned())]);
    engine
        .add("Other", &Value::Object(vec![word("kept"), Value::Null]))
        .unwrap();
    engine
        .add("Other", &Value::Object(vec![word("gone"), Value::Null]))
        .unwrap();
    engine.add("Word", &word("alone")).unwrap();
    let words = engine.type_id("Word").unwrap();
    assert!(engine.remove(words, hollow::Ordinal::new(1).unwrap()).unwrap());
    let case = directory.path().join("java");
    fs::create_dir(&case).unwrap();
    let mut bytes = Vec::new();
    engine.write_snapshot(&mut bytes).unwrap();
    fs::write(case.join("snapshot-1"), bytes).unwrap();
    let report = check(&JavaDirectory::open(&case).unwrap());
    let of_words: Vec<&Finding> = report
        .findings
        .iter()
        .filter(|finding| finding.what == "Word")
        .collect();
    assert_eq!(of_words[0].severity, Severity::Fault);
    assert_eq!(
        of_words[0].problem,
        "1 references lead to records that are not there, such as ordinal 1 from Other ordinal 1"
    );
    assert_eq!(
        (of_words[1].severity, of_words[1].problem.as_str()),
        (Severity::Note, "nothing refers to 1 of its records")
    );
}
