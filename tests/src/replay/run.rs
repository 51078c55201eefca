//! The replay itself.

use super::ReplayError;
use super::fields::hex;
use super::reconstruct::reconstruct;
use super::script::{Cycle, Op, Producer, Script};
use hollow::copy::HashPositions;
use hollow::read::{LoadOptions, ReadState};
use hollow::write::{BlobPart, WriteConfig, WriteError, WriteStateEngine};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

const RESHARDING: &str = "hollow.type.resharding.invoked";

/// What a replay needs besides the script.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// Optional parts: part name to the names of its types.
    pub parts: BTreeMap<String, Vec<String>>,
    /// Whether header blobs are written too.
    pub header_blobs: bool,
    /// The flat records that operations dump, by number, as bytes.
    pub flat_records: Vec<Vec<u8>>,
    /// The ids of the types in flat records.
    pub flat_schema_ids: BTreeMap<u32, String>,
    /// Recorded snapshots, for cycles whose operations were not recorded.
    pub recorded: BTreeMap<i64, ReadState>,
}

/// Optional parts of the cases that have any: case, part, types. Scripts do not say.
const PARTS: [(&str, &str, &[&str]); 2] = [
    ("optional-parts", "media", &["S", "L"]),
    ("optional-parts", "rest", &["M"]),
];

impl Replay {
    /// What a recorded script needs, from the other files of its case: flat records, and snapshots for cycles whose
    /// operations were not recorded.
    ///
    /// # Errors
    /// [`ReplayError`] if one of these files is there and does not look like one.
    pub fn for_script(script: &Script, file: impl Fn(&str) -> Option<Vec<u8>>) -> Result<Self, ReplayError> {
        let mut replay = Replay {
            header_blobs: script.case.starts_with("producer-"),
            ..Replay::default()
        };
        for (_, part, types) in PARTS.iter().filter(|(case, _, _)| *case == script.case) {
            let types = types.iter().map(|&ty| ty.to_owned()).collect();
            replay.parts.insert((*part).to_owned(), types);
        }
        if let Some(json) = file("flat-records.json") {
            replay.read_flat_records(&json)?;
        }
        for version in script.unrecorded() {
            if let Some(bytes) = file(&format!("snapshot-{version}")) {
                let state = ReadState::from_snapshot(&bytes).map_err(|source| ReplayError::Read {
                    version,
                    source: Box::new(source),
                })?;
                replay.recorded.insert(version, state);
            }
        }
        Ok(replay)
    }

    /// Takes the flat records of a `flat-records.json`.
    ///
    /// # Errors
    /// [`ReplayError`] if the file does not look like one.
    fn read_flat_records(&mut self, json: &[u8]) -> Result<(), ReplayError> {
        let json: Json = serde_json::from_slice(json)?;
        let refuse = || ReplayError::Missing {
            what: "part of a list of flat records",
            name: "schemaIds, records".into(),
        };
        for (name, id) in json["schemaIds"].as_object().ok_or_else(refuse)? {
            let id = id.as_u64().and_then(|id| u32::try_from(id).ok()).ok_or_else(refuse)?;
            self.flat_schema_ids.insert(id, name.clone());
        }
        for record in json["records"].as_array().ok_or_else(refuse)? {
            let bytes = record["hex"].as_str().and_then(hex).ok_or_else(refuse)?;
            self.flat_records.push(bytes);
        }
        Ok(())
    }
}

/// Runs a script and gives the blobs by file name, as the vectors name them.
///
/// Checked on the way, against the script: every ordinal, and every header tag that the operations set.
///
/// # Errors
/// [`ReplayError`], also for the first ordinal or header tag that differs.
pub fn replay(script: &Script, replay: &Replay) -> Result<BTreeMap<String, Vec<u8>>, ReplayError> {
    let mut files = BTreeMap::new();
    for producer in &script.producers {
        let mut engine = new_engine(producer)?;
        if let Some(version) = producer.restored_from {
            let state = read_back(&files, version, replay)?;
            engine.restore(&state).map_err(refused(None, "restore"))?;
        }
        if let Some(version) = producer.recreated_from {
            let positions = match producer.preserve_hash_positions {
                true => HashPositions::Preserve,
                false => HashPositions::Rehash,
            };
            let state = read_back(&files, version, replay)?;
            engine.recreate(&state, positions).map_err(refused(None, "recreate"))?;
        }
        for cycle in &producer.cycles {
            engine.prepare_for_next_cycle(cycle.tag);
            Run {
                engine: &mut engine,
                cycle,
                replay,
            }
            .cycle(&mut files)?;
        }
    }
    Ok(files)
}

fn new_engine(producer: &Producer) -> Result<WriteStateEngine, ReplayError> {
    let mut engine = WriteStateEngine::new(WriteConfig {
        partitioned_ordinal_map: producer.partitioned_ordinal_map,
        focus_hole_fill_in_fewest_shards: producer.focus_hole_fill_in_fewest_shards,
        allow_type_resharding: producer.allow_type_resharding,
        target_max_type_shard_size_bytes: producer.target_max_type_shard_size,
    });
    for entry in &producer.types {
        for schema in hollow::schema::parse(&schema_text(&entry.schema))? {
            let schema = with_bare_paths(schema, &entry.schema);
            engine
                .add_type(schema, u32::try_from(entry.num_shards).ok())
                .map_err(refused(None, &entry.name))?;
        }
    }
    Ok(engine)
}

/// The text form knows no `!` at the end of a path: such paths are taken out here and put back after parsing.
fn schema_text(text: &str) -> String {
    text.replace('!', "")
}

fn with_bare_paths(schema: hollow::schema::Schema, text: &str) -> hollow::schema::Schema {
    use hollow::schema::{HashKey, Schema};
    if !text.contains('!') {
        return schema;
    }
    let inside = text.split_once("@HashKey(").and_then(|(_, rest)| rest.split_once(')'));
    let key = inside.and_then(|(paths, _)| HashKey::new(paths.split(',').map(str::trim)));
    match schema {
        Schema::Set(mut set) => {
            set.hash_key = key;
            Schema::Set(set)
        }
        Schema::Map(mut map) => {
            map.hash_key = key;
            Schema::Map(map)
        }
        other => other,
    }
}

fn read_back(files: &BTreeMap<String, Vec<u8>>, version: i64, replay: &Replay) -> Result<ReadState, ReplayError> {
    let file = |name: String| {
        files.get(&name).ok_or(ReplayError::Missing {
            what: "snapshot to restore",
            name,
        })
    };
    let mut options = LoadOptions::default();
    for part in replay.parts.keys() {
        options.parts.push(file(format!("snapshot_{part}-{version}"))?);
    }
    ReadState::from_snapshot_with(file(format!("snapshot-{version}"))?, &options).map_err(|source| ReplayError::Read {
        version,
        source: Box::new(source),
    })
}

pub(super) fn refused(version: Option<i64>, operation: &str) -> impl FnOnce(WriteError) -> ReplayError + use<> {
    let operation = operation.to_owned();
    move |source| ReplayError::Write {
        version,
        operation,
        source: Box::new(source),
    }
}

pub(super) struct Run<'r> {
    pub(super) engine: &'r mut WriteStateEngine,
    pub(super) cycle: &'r Cycle,
    pub(super) replay: &'r Replay,
}

impl Run<'_> {
    fn cycle(&mut self, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), ReplayError> {
        if self.cycle.ops_complete {
            for json in &self.cycle.ops {
                let op = Op::parse(json)?;
                self.operation(&op, json)?;
            }
        } else {
            let version = self.cycle.version.unwrap_or_default();
            let state = self.replay.recorded.get(&version).ok_or_else(|| ReplayError::Missing {
                what: "recorded snapshot of a cycle without operations",
                name: version.to_string(),
            })?;
            reconstruct(self.engine, state).map_err(refused(self.cycle.version, "reconstruct"))?;
        }
        let Some(version) = self.cycle.version else {
            self.engine.reset();
            return Ok(());
        };
        self.engine
            .prepare_for_write()
            .map_err(refused(Some(version), "prepare for write"))?;
        self.header_tags()?;
        if self.replay.header_blobs {
            let mut header = Vec::new();
            self.engine
                .write_header_blob(&mut header)
                .map_err(refused(Some(version), "header blob"))?;
            files.insert(format!("header-{version}"), header);
        }
        self.blob(files, "snapshot", &version.to_string(), |engine, out, parts| {
            engine.write_snapshot_in_parts(out, parts)
        })?;
        self.planned_snapshot(version)?;
        if let Some(previous) = self.cycle.previous_version {
            self.blob(
                files,
                "delta",
                &format!("{previous}-{version}"),
                |engine, out, parts| engine.write_delta_in_parts(out, parts),
            )?;
            self.blob(
                files,
                "reversedelta",
                &format!("{version}-{previous}"),
                |engine, out, parts| engine.write_reverse_delta_in_parts(out, parts),
            )?;
        }
        Ok(())
    }

    /// A snapshot that is written later, from the state that was read, must be the engine's to the byte.
    fn planned_snapshot(&mut self, version: i64) -> Result<(), ReplayError> {
        let refused = || refused(Some(version), "planned snapshot");
        let plan = self.engine.snapshot_plan().map_err(refused())?;
        let (mut written, mut planned) = (Vec::new(), Vec::new());
        self.engine.write_snapshot(&mut written).map_err(refused())?;
        let differs = |expected: String, found: String| ReplayError::Differs {
            what: "planned snapshot",
            version: Some(version),
            at: "snapshot".to_owned(),
            expected,
            found,
        };
        let read = ReadState::from_snapshot(&written);
        let state = read.map_err(|error| differs("a snapshot that reads back".to_owned(), error.to_string()))?;
        plan.write(&state, &mut planned).map_err(refused())?;
        if planned == written {
            return Ok(());
        }
        let expected = format!("{} bytes as the engine writes them", written.len());
        Err(differs(expected, format!("{} other bytes", planned.len())))
    }

    /// Compares the header tags with the recorded ones, and takes over what the operations do not determine: tags of
    /// the producer's own, and the order in which changed shard counts are told.
    fn header_tags(&mut self) -> Result<(), ReplayError> {
        let found: BTreeMap<String, String> = self
            .engine
            .header_tags()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let entries = |tags: &BTreeMap<String, String>| -> BTreeSet<String> {
            let value = tags.get(RESHARDING).map_or("", String::as_str);
            value.split_whitespace().map(str::to_owned).collect()
        };
        let differs = |at: &str, expected: String, found: String| ReplayError::Differs {
            what: "header tag",
            version: self.cycle.version,
            at: at.to_owned(),
            expected,
            found,
        };
        // Concurrent tasks assemble the tag in Java: entries can be lost, but none can be there that are not ours.
        let (told, changed) = (entries(&self.cycle.header_tags), entries(&found));
        if !told.is_subset(&changed) || told.is_empty() != changed.is_empty() {
            return Err(differs(RESHARDING, format!("{told:?}"), format!("{changed:?}")));
        }
        for key in found.keys().chain(self.cycle.header_tags.keys()) {
            let (expected, found) = (self.cycle.header_tags.get(key), found.get(key));
            if !key.starts_with("hollow.") && expected != found {
                return Err(differs(key, format!("{expected:?}"), format!("{found:?}")));
            }
            match expected {
                Some(value) => self.engine.set_header_tag(key, value),
                None => self.engine.remove_header_tag(key),
            }
        }
        Ok(())
    }

    fn blob(
        &mut self,
        files: &mut BTreeMap<String, Vec<u8>>,
        kind: &str,
        versions: &str,
        write: impl FnOnce(&mut WriteStateEngine, &mut Vec<u8>, &mut [BlobPart<'_>]) -> Result<(), WriteError>,
    ) -> Result<(), ReplayError> {
        let replay = self.replay;
        let types: Vec<Vec<&str>> = replay
            .parts
            .values()
            .map(|types| types.iter().map(String::as_str).collect())
            .collect();
        let mut buffers = vec![Vec::new(); types.len()];
        let mut parts: Vec<BlobPart<'_>> = replay
            .parts
            .keys()
            .zip(&types)
            .zip(&mut buffers)
            .map(|((name, types), out)| BlobPart { name, types, out })
            .collect();
        let mut main = Vec::new();
        write(self.engine, &mut main, &mut parts).map_err(refused(self.cycle.version, kind))?;
        files.insert(format!("{kind}-{versions}"), main);
        for (name, buffer) in replay.parts.keys().zip(buffers) {
            files.insert(format!("{kind}_{name}-{versions}"), buffer);
        }
        Ok(())
    }
}
