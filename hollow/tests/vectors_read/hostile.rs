//! Damaged blobs give an error or some valid state: never a panic, and no work beyond what the bytes pay for.

use fixtures::vectors::{self, Case};
use hollow::index::UniqueKey;
use hollow::read::{LoadOptions, ReadState, Transition};
use hollow::tools::checksum::Checksums;
use hollow::tools::dump;

/// Asks a state for everything there is to ask.
fn read_all(state: &ReadState) {
    dump::write_json(state, &mut std::io::sink()).expect("a sink takes all");
    Checksums::of(state);
    for ty in state.types() {
        assert_eq!(ty.populated().count(), ty.len());
        assert!(ty.populated().all(|ordinal| ty.is_populated(ordinal)));
        assert!(ty.populated().last() <= ty.max_ordinal());
        if let Ok(index) = UniqueKey::build(state, ty.name()) {
            assert!(index.len() <= ty.len());
        }
        if let Some(ordinal) = ty.populated().next() {
            assert!(state.value(ty.name(), ordinal).is_some());
        }
    }
}

fn load(bytes: &[u8]) -> Option<ReadState> {
    let state = ReadState::from_snapshot(bytes).ok()?;
    read_all(&state);
    // Proof against memory for nothing; that what is freed again is bounded too is for `read_memory`.
    let limit = 4 * bytes.len() + (1 << 20);
    assert!(state.memory_bytes() <= limit, "{} of {limit}", state.memory_bytes());
    Some(state)
}

fn apply(state: &ReadState, bytes: &[u8]) -> Option<ReadState> {
    let next = state.apply_delta(bytes).ok()?;
    read_all(&next);
    Transition::between(state, &next);
    Some(next)
}

/// Positions worth damaging: all, but of long runs of zeros only the ends and some on the way.
fn positions(bytes: &[u8]) -> Vec<usize> {
    let zero = |at: usize| bytes.get(at) == Some(&0);
    let inside = |at: &usize| (at.saturating_sub(16)..=at + 16).all(zero);
    (0..bytes.len()).filter(|at| !inside(at) || at % 97 == 0).collect()
}

struct Tally {
    tried: usize,
    valid: usize,
}

/// Every truncation, every flip of a single bit, and every byte replaced by extremes.
fn damage(original: &[u8], mut attempt: impl FnMut(&[u8]) -> bool) -> Tally {
    let mut tally = Tally { tried: 0, valid: 0 };
    let mut count = |bytes: &[u8]| {
        tally.tried += 1;
        tally.valid += usize::from(attempt(bytes));
    };
    let positions = positions(original);
    for &length in &positions {
        count(&original[..length]);
    }
    let mut bytes = original.to_vec();
    for &at in &positions {
        let damaged = (0..8).map(|bit| original[at] ^ 1 << bit).chain([0, 0x7f, 0x80, 0xff]);
        for value in damaged {
            bytes[at] = value;
            count(&bytes);
        }
        bytes[at] = original[at];
    }
    bytes.push(0);
    count(&bytes);
    tally
}

fn blob<'c>(case: &'c Case, name: &str) -> &'c [u8] {
    case.blob(name).unwrap_or_else(|| panic!("{} has no {name}", case.name))
}

#[test]
fn damaged_snapshots() {
    for (case, name) in [
        ("tiny", "snapshot-2"),
        ("shards-2", "snapshot-2"),
        ("nested-collections", "snapshot-1"),
        ("primitives", "snapshot-2"),
        ("empty-types", "snapshot-3"),
        ("header-tags", "snapshot-2"),
    ] {
        let original = blob(vectors::case(case), name);
        assert!(load(original).is_some(), "{case}");
        let tally = damage(original, |bytes| load(bytes).is_some());
        println!("{case}: {} of {} damaged snapshots are valid", tally.valid, tally.tried);
        assert!(tally.valid > 0 && tally.valid < tally.tried, "{case}");
        let truncated = (0..original.len())
            .rev()
            .take(100)
            .find(|&length| load(&original[..length]).is_some());
        assert_eq!(truncated, None, "{case}: a truncated snapshot was taken");
    }
}

#[test]
fn damaged_deltas() {
    for (case, from, delta) in [
        ("tiny", "snapshot-1", "delta-1-2"),
        ("tiny", "snapshot-2", "reversedelta-2-1"),
        ("shards-2", "snapshot-2", "delta-2-3"),
        ("nested-collections", "snapshot-1", "delta-1-2"),
        ("schema-evolution", "snapshot-1", "delta-1-2"),
        ("resharding", "snapshot-2", "delta-2-3"),
    ] {
        let case = vectors::case(case);
        let state = ReadState::from_snapshot(blob(case, from)).expect("a snapshot");
        let before = Checksums::of(&state);
        let original = blob(case, delta);
        assert!(apply(&state, original).is_some(), "{delta}");
        let tally = damage(original, |bytes| apply(&state, bytes).is_some());
        println!(
            "{} {delta}: {} of {} damaged deltas are valid",
            case.name, tally.valid, tally.tried
        );
        assert!(tally.valid > 0 && tally.valid < tally.tried, "{delta}");
        assert_eq!(
            Checksums::of(&state),
            before,
            "the state that a failed delta was applied to"
        );
    }
}

#[test]
fn damaged_parts() {
    let case = vectors::case("optional-parts");
    let (main, media) = (blob(case, "snapshot-1"), blob(case, "snapshot_media-1"));
    let with = |part: &[u8]| {
        let options = LoadOptions {
            parts: vec![part],
            ..LoadOptions::default()
        };
        let state = ReadState::from_snapshot_with(main, &options);
        state.inspect(read_all).is_ok()
    };
    assert!(with(media));
    let tally = damage(media, with);
    assert!(tally.valid < tally.tried);
}

/// Blobs taken for what they are not.
#[test]
fn blobs_of_the_wrong_kind_are_refused() {
    for case in vectors::cases() {
        let version = case.versions()[0];
        let snapshot = case.snapshot(version).expect("a snapshot");
        let state = ReadState::from_snapshot(snapshot).expect("a state");
        assert!(
            state.apply_delta(snapshot).is_err(),
            "{}: a snapshot as a delta",
            case.name
        );
        for (from, to) in case.deltas() {
            let delta = case.delta(from, to).expect("a delta");
            // A delta without types is a snapshot without types: nothing in the bytes tells them apart.
            let wrong = ReadState::from_snapshot(delta);
            assert!(
                wrong.is_err() || wrong.is_ok_and(|s| s.types().len() == 0),
                "{} {from} {to}",
                case.name
            );
        }
    }
}
