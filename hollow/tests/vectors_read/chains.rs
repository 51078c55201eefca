//! Every golden blob, by every route, must give the state that the original library recorded.

use fixtures::vectors::{self, Case};
use hollow::read::{LoadOptions, ReadState};
use hollow::schema::Dataset;
use hollow::tools::checksum::Checksums;
use hollow::tools::dump;
use serde_json::Value;
use std::collections::BTreeSet;

pub(crate) fn dump_of(state: &ReadState) -> Value {
    let mut out = Vec::new();
    dump::write_json(state, &mut out).expect("writing to memory");
    serde_json::from_slice(&out).expect("the dump is JSON")
}

/// The optional parts of a case: the `PART` of its files `snapshot_PART-V`.
fn parts_of(case: &Case) -> BTreeSet<&str> {
    let names = case.files.keys().filter_map(|name| name.strip_prefix("snapshot_"));
    names.filter_map(|name| Some(name.rsplit_once('-')?.0)).collect()
}

fn part_blobs<'c>(case: &'c Case, parts: &BTreeSet<&str>, kind: &str, rest: &str) -> Vec<&'c [u8]> {
    let blob = |part: &&str| {
        let name = format!("{kind}_{part}-{rest}");
        case.blob(&name)
            .unwrap_or_else(|| panic!("{} has no {name}", case.name))
    };
    parts.iter().map(blob).collect()
}

/// A walk along a chain of versions.
struct Walk<'c> {
    case: &'c Case,
    parts: BTreeSet<&'c str>,
    state: ReadState,
    route: String,
}

impl<'c> Walk<'c> {
    fn start(case: &'c Case, parts: &BTreeSet<&'c str>, version: i64) -> Self {
        let bytes = case.snapshot(version).expect("a snapshot");
        let options = LoadOptions {
            parts: part_blobs(case, parts, "snapshot", &version.to_string()),
            ..LoadOptions::default()
        };
        let route = format!("{} snapshot-{version}", case.name);
        Self {
            case,
            parts: parts.clone(),
            state: ReadState::from_snapshot_with(bytes, &options).unwrap_or_else(|e| panic!("{route}: {e}")),
            route,
        }
    }

    fn step(&mut self, kind: &str, from: i64, to: i64) {
        let edge = format!("{from}-{to}");
        self.route.push_str(&format!(" {kind}-{edge}"));
        let bytes = self.case.blob(&format!("{kind}-{edge}")).expect("a delta");
        let parts = part_blobs(self.case, &self.parts, kind, &edge);
        let next = self.state.apply_delta_with(bytes, &parts);
        self.state = next.unwrap_or_else(|e| panic!("{}: {e}", self.route));
    }

    /// Holds the state against `state` and `checksum`, files of the case without their ending.
    fn expect(&self, state: &str, checksum: &str) {
        let (case, route) = (self.case, &self.route);
        let mut expected = case.json(&format!("{state}.json")).expect("an expected state");
        let loaded: BTreeSet<&str> = self.state.types().map(|ty| ty.name()).collect();
        let without_parts = !parts_of(case).is_empty() && self.parts.is_empty();
        if without_parts {
            let types = expected.as_object_mut().expect("an object by type");
            let before = types.len();
            types.retain(|name, _| loaded.contains(name.as_str()));
            assert!(types.len() < before, "{route}: the parts have types of their own");
        }
        let found = dump_of(&self.state);
        if found != expected {
            for (name, expected) in expected.as_object().expect("types") {
                assert_eq!(found.get(name), Some(expected), "{route} against {state}, type {name}");
            }
            panic!("{route} against {state}: more types than expected");
        }
        let text = case.text(&format!("{checksum}.txt")).expect("an expected checksum");
        let sums = Checksums::of(&self.state).to_string();
        if without_parts {
            for line in sums.lines().filter(|line| line.starts_with("TYPE ")) {
                assert!(text.lines().any(|expected| expected == line), "{route}: {line}");
            }
        } else {
            let sort = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
            assert_eq!(sort(&sums), sort(text), "{route}: checksums");
        }
    }
}

/// All parts, and none where there are some.
fn part_choices(case: &Case) -> Vec<BTreeSet<&str>> {
    let all = parts_of(case);
    let mut choices = vec![all.clone()];
    if !all.is_empty() {
        choices.push(BTreeSet::new());
    }
    choices
}

#[test]
fn every_snapshot_reads_as_recorded() {
    let mut snapshots = 0;
    for case in vectors::cases() {
        for parts in part_choices(case) {
            for version in case.versions() {
                let walk = Walk::start(case, &parts, version);
                walk.expect(&format!("state-{version}"), &format!("checksum-{version}"));
                snapshots += 1;
            }
        }
    }
    println!("{snapshots} snapshots");
    assert!(snapshots >= 293, "snapshots={snapshots}");
}

#[test]
fn every_chain_of_deltas_leads_to_the_recorded_states() {
    let mut states = 0;
    for case in vectors::cases() {
        for parts in part_choices(case) {
            let versions = case.versions();
            let first = Walk::start(case, &parts, versions[0]);
            for start in 0..versions.len() {
                let mut walk = Walk::start(case, &parts, versions[start]);
                // Expectations for readers that keep the model of the first version are files of their own.
                let of_the_chain = walk.state.dataset() == first.state.dataset();
                for edge in versions[start..].windows(2) {
                    let (from, to) = (edge[0], edge[1]);
                    if case.delta(from, to).is_none() {
                        break;
                    }
                    walk.step("delta", from, to);
                    let differs = of_the_chain && case.blob(&format!("chain-state-{to}.json")).is_some();
                    let prefix = if differs { "chain-" } else { "" };
                    walk.expect(&format!("{prefix}state-{to}"), &format!("{prefix}checksum-{to}"));
                    states += 1;
                }
            }
        }
    }
    println!("{states} states by deltas");
    assert!(states > 600, "states={states}");
}

#[test]
fn every_chain_of_reverse_deltas_leads_back_to_the_recorded_states() {
    let (mut states, mut unknown) = (0, 0);
    for case in vectors::cases() {
        for parts in part_choices(case) {
            let versions = case.versions();
            for start in 0..versions.len() {
                let mut walk = Walk::start(case, &parts, versions[start]);
                let mut known = true;
                for edge in versions[..=start].windows(2).rev() {
                    let (to, from) = (edge[0], edge[1]);
                    if case.reverse_delta(from, to).is_none() {
                        break;
                    }
                    walk.step("reversedelta", from, to);
                    if !known {
                        unknown += 1; // applies; but what it should lead to was not recorded
                        continue;
                    }
                    if case.blob(&format!("reverse-state-{from}-{to}.json")).is_some() {
                        let edge = format!("{from}-{to}");
                        walk.expect(&format!("reverse-state-{edge}"), &format!("reverse-checksum-{edge}"));
                        known = false;
                    } else {
                        walk.expect(&format!("state-{to}"), &format!("checksum-{to}"));
                    }
                    states += 1;
                }
            }
        }
    }
    println!("{states} states by reverse deltas, {unknown} more applied");
    assert!(states > 600, "states={states}");
}

#[test]
fn there_and_back_again_is_the_same_state() {
    let mut edges = 0;
    for case in vectors::cases() {
        let parts = parts_of(case);
        for (from, to) in case.deltas() {
            if case.reverse_delta(to, from).is_none() || case.snapshot(from).is_none() {
                continue;
            }
            let mut walk = Walk::start(case, &parts, from);
            walk.step("delta", from, to);
            walk.step("reversedelta", to, from);
            if case.blob(&format!("reverse-state-{to}-{from}.json")).is_none() {
                walk.expect(&format!("state-{from}"), &format!("checksum-{from}"));
                edges += 1;
            }
        }
    }
    println!("{edges} edges there and back");
    assert!(edges > 200, "edges={edges}");
}

#[test]
fn states_say_what_was_recorded_about_them() {
    for case in vectors::cases() {
        let Ok(meta) = case.json("meta.json") else { continue };
        let parts = parts_of(case);
        for version in meta["versions"].as_array().expect("versions") {
            let number = version["version"].as_i64().expect("a number");
            let state = Walk::start(case, &parts, number).state;
            let at = format!("{} {number}", case.name);
            assert_eq!(Some(state.tag()), version["tag"].as_i64(), "{at}");
            let tags: Value = serde_json::to_value(state.header_tags()).expect("strings");
            assert_eq!(tags, version["headerTags"], "{at}");
            for ty in state.types() {
                let recorded = |what: &str| version[what][ty.name()].as_i64();
                let max = ty.max_ordinal().map_or(-1, |max| i64::from(max.get()));
                assert_eq!(Some(max), recorded("snapshotMaxOrdinal"), "{at} {}", ty.name());
                assert_eq!(Some(ty.len() as i64), recorded("populated"), "{at} {}", ty.name());
                assert_eq!(Some(ty.populated().count()), Some(ty.len()), "{at} {}", ty.name());
                assert_eq!(
                    Some(i64::from(ty.num_shards())),
                    recorded("numShards"),
                    "{at} {}",
                    ty.name()
                );
            }
            let producer = match version["producer"].as_i64() {
                Some(0) | None => String::new(),
                Some(n) => format!("-producer{n}"),
            };
            let text = case.text(&format!("schemas{producer}.txt")).expect("schemas");
            let recorded = Dataset::new(hollow::schema::parse(text).expect("schemas")).expect("schemas");
            assert_eq!(state.dataset().schema_hash(), recorded.schema_hash(), "{at}");
            if parts.is_empty() {
                assert_eq!(state.dataset().schemas(), recorded.schemas(), "{at}");
            }
        }
    }
}

#[test]
fn blobs_of_other_states_and_torn_parts_are_refused() {
    let tiny = vectors::case("tiny");
    let state = ReadState::from_snapshot(tiny.snapshot(2).expect("a snapshot")).expect("a state");
    let error = state
        .apply_delta(tiny.delta(1, 2).expect("a delta"))
        .expect_err("from another state");
    assert!(
        error
            .to_string()
            .contains("expected=-7204683707651984902 found=-164166278251981257"),
        "{error}"
    );

    let case = vectors::case("optional-parts");
    let other = LoadOptions {
        parts: vec![case.blob("snapshot_media-2").expect("a part")],
        ..LoadOptions::default()
    };
    let error =
        ReadState::from_snapshot_with(case.snapshot(1).expect("a snapshot"), &other).expect_err("of another state");
    assert!(error.to_string().contains("tags of an optional part"), "{error}");
    let twice = LoadOptions {
        parts: vec![case.blob("snapshot_media-1").expect("a part"); 2],
        ..LoadOptions::default()
    };
    let error = ReadState::from_snapshot_with(case.snapshot(1).expect("a snapshot"), &twice).expect_err("twice");
    assert!(error.to_string().contains("stands once"), "{error}");
}
