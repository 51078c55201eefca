//! Snapshots read where their file lies: every golden snapshot is what it is in memory, and damaged ones are read to the
//! end without a failure.

use crate::chains::dump_of;
use fixtures::vectors;
use hollow::read::{Filter, ReadState, TypeReadState};
use hollow::testing::entropy;
use hollow::tools::checksum::Checksums;
use std::path::Path;

fn open(directory: &Path, bytes: &[u8]) -> Option<ReadState> {
    let path = directory.join("snapshot");
    let _ = std::fs::remove_file(&path); // a file that is mapped stays as it is
    std::fs::write(&path, bytes).expect("a file");
    ReadState::open_mapped(&path).ok()
}

#[test]
fn every_snapshot_is_the_same_in_its_file() {
    let directory = tempfile::tempdir().expect("a folder");
    let mut compared = 0;
    for case in vectors::cases() {
        for version in case.versions() {
            let Some(bytes) = case.snapshot(version) else { continue };
            let Ok(loaded) = ReadState::from_snapshot(bytes) else {
                continue;
            };
            let mapped = open(directory.path(), bytes).expect("a snapshot");
            assert_eq!(
                Checksums::of(&mapped),
                Checksums::of(&loaded),
                "{} {version}",
                case.name
            );
            assert_eq!(mapped.content_hash(), loaded.content_hash(), "{} {version}", case.name);
            assert_eq!(dump_of(&mapped), dump_of(&loaded), "{} {version}", case.name);
            compared += 1;
        }
        let steps = case
            .deltas()
            .into_iter()
            .filter(|(from, _)| case.snapshot(*from).is_some());
        for (from, to) in steps {
            let delta = case.delta(from, to).expect("a delta");
            let snapshot = case.snapshot(from).expect("a snapshot");
            let loaded = ReadState::from_snapshot(snapshot).and_then(|state| state.apply_delta(delta));
            let Ok(loaded) = loaded else { continue };
            let mapped = open(directory.path(), snapshot).expect("a snapshot");
            let mapped = mapped.apply_delta(delta).expect("a delta");
            assert_eq!(dump_of(&mapped), dump_of(&loaded), "{} {from} to {to}", case.name);
            assert_eq!(
                mapped.content_hash(),
                loaded.content_hash(),
                "{} {from} to {to}",
                case.name
            );
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn filters_hold_for_files() {
    let directory = tempfile::tempdir().expect("a folder");
    let case = vectors::case("large-random");
    let bytes = case.snapshot(case.versions()[0]).expect("a snapshot");
    let path = directory.path().join("snapshot");
    std::fs::write(&path, bytes).expect("a file");
    let whole = ReadState::from_snapshot(bytes).expect("a snapshot");
    for ty in whole.types() {
        let filter = Filter::nothing().with_type(ty.name());
        let state = ReadState::open_mapped_with(&path, &[], &filter).expect("a snapshot");
        assert_eq!(state.types().map(TypeReadState::name).collect::<Vec<_>>(), [ty.name()]);
        assert_eq!(
            state.types().next().map(TypeReadState::content_hash),
            Some(ty.content_hash())
        );
        assert!(state.memory_bytes() < 1000, "a file takes no memory");
    }
    let missing = directory.path().join("missing");
    assert!(ReadState::open_mapped(&missing).is_err_and(|error| error.to_string().contains("cannot map")));
}

/// Asks everything of every record.
fn read_all(state: &ReadState) {
    let mut out = Vec::new();
    hollow::tools::dump::write_json(state, &mut out).expect("writing to memory");
    Checksums::of(state);
    state.content_hash();
    for ty in state.types() {
        for ordinal in ty.populated().take(200) {
            state.value(ty.name(), ordinal);
        }
        assert!(ty.populated().count() == ty.len());
    }
}

#[test]
fn damaged_files_are_read_to_the_end() {
    let directory = tempfile::tempdir().expect("a folder");
    let (mut opened, mut refused) = (0, 0);
    for name in ["tiny", "large-random", "bitset-history"] {
        let case = vectors::case(name);
        let version = case.versions()[0];
        let bytes = case.snapshot(version).expect("a snapshot");
        let delta = case.deltas().into_iter().find(|(from, _)| *from == version);
        let mut next = entropy(9);
        for _ in 0..300 {
            let mut damaged = bytes.to_vec();
            for _ in 0..1 + next() % 3 {
                let at = next() as usize % damaged.len();
                damaged[at] ^= 1 << (next() % 8);
            }
            match open(directory.path(), &damaged) {
                Some(state) => {
                    opened += 1;
                    read_all(&state);
                    let delta = delta.and_then(|(from, to)| case.delta(from, to));
                    if let Some(Ok(next)) = delta.map(|delta| state.apply_delta(delta)) {
                        read_all(&next);
                    }
                }
                None => refused += 1,
            }
        }
        for length in (0..bytes.len()).step_by(1 + bytes.len() / 100) {
            assert!(
                open(directory.path(), &bytes[..length]).is_none(),
                "{length} of {}",
                bytes.len()
            );
        }
    }
    assert!(opened > 100 && refused > 10, "opened={opened} refused={refused}");
}
