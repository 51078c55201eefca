//! Every golden case, replayed: the blobs must be those of Java Hollow, byte for byte.

use fixtures::vectors::Case;
use hollow::blob::{Cursor, PartHeader};
use hollow::read::ReadState;
use std::collections::BTreeMap;
use tests::replay::{Replay, Script, replay};

/// Files of a case that a replay writes.
fn is_blob(name: &str) -> bool {
    ["snapshot", "delta", "reversedelta", "header-"]
        .iter()
        .any(|kind| name.starts_with(kind))
}

/// Which types go into which optional part, as the recorded snapshots have it.
fn parts_of(case: &Case) -> BTreeMap<String, Vec<String>> {
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, bytes) in &case.files {
        let Some((part, _)) = name.strip_prefix("snapshot_").and_then(|rest| rest.split_once('-')) else {
            continue;
        };
        let header = PartHeader::read(&mut Cursor::new(bytes)).expect("the vectors are well formed");
        let types = header.schemas.iter().map(|schema| schema.name().to_owned()).collect();
        parts.insert(part.to_owned(), types);
    }
    parts
}

fn settings(case: &Case, script: &Script) -> Replay {
    let mut settings = Replay {
        parts: parts_of(case),
        header_blobs: case.files.keys().any(|name| name.starts_with("header-")),
        ..Replay::default()
    };
    if let Some(json) = case.blob("flat-records.json") {
        settings.read_flat_records(json).expect("the vectors are well formed");
    }
    for cycle in script.producers.iter().flat_map(|producer| &producer.cycles) {
        if let (false, Some(version)) = (cycle.ops_complete, cycle.version) {
            let state = ReadState::from_snapshot(case.snapshot(version).expect("every version has a snapshot"));
            settings
                .recorded
                .insert(version, state.expect("the vectors are well formed"));
        }
    }
    settings
}

fn compare(case: &Case) -> Result<usize, String> {
    let script: Script =
        serde_json::from_slice(case.blob("script.json").ok_or("no script")?).map_err(|e| e.to_string())?;
    let written = replay(&script, &settings(case, &script)).map_err(|error| {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        format!("{error}{}", source.unwrap_or_default())
    })?;
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (name, expected) in case.files.iter().filter(|(name, _)| is_blob(name)) {
        match written.get(name) {
            None => wrong.push(format!("{name} not written")),
            Some(found) if found != expected => {
                let at = found.iter().zip(expected).position(|(a, b)| a != b);
                wrong.push(format!(
                    "{name} differs at byte {at:?}, {} bytes instead of {}",
                    found.len(),
                    expected.len()
                ));
            }
            Some(_) => compared += 1,
        }
    }
    for name in written.keys().filter(|name| !case.files.contains_key(*name)) {
        wrong.push(format!("{name} written, not recorded"));
    }
    if wrong.is_empty() {
        Ok(compared)
    } else {
        Err(wrong.join("; "))
    }
}

#[test]
fn all_blobs_are_those_of_java() {
    let mut failures = Vec::new();
    let mut compared = 0;
    for case in fixtures::vectors::cases() {
        match compare(case) {
            Ok(count) => compared += count,
            Err(error) => failures.push(format!("{}: {error}", case.name)),
        }
    }
    assert!(
        failures.is_empty(),
        "{} cases:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(compared > 800, "only {compared} blobs were compared");
}
