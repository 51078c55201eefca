//! Every golden case, replayed: the blobs must be those of Java Hollow, byte for byte.

use fixtures::vectors::Case;
use tests::replay::{Replay, Script, replay};

/// Files of a case that a replay writes.
fn is_blob(name: &str) -> bool {
    ["snapshot", "delta", "reversedelta", "header-"]
        .iter()
        .any(|kind| name.starts_with(kind))
}

fn compare(case: &Case) -> Result<usize, String> {
    let script: Script =
        serde_json::from_slice(case.blob("script.json").ok_or("no script")?).map_err(|e| e.to_string())?;
    let written = Replay::for_script(&script, |name| case.blob(name).map(<[u8]>::to_vec))
        .and_then(|settings| replay(&script, &settings))
        .map_err(|error| {
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
