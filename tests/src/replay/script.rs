//! The recorded script of a case.

use super::ReplayError;
use serde::Deserialize;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A case: producers one after the other on the same chain of versions.
#[derive(Clone, Debug, Deserialize)]
pub struct Script {
    /// The case's name.
    pub case: String,
    /// The producers.
    pub producers: Vec<Producer>,
}

impl Script {
    /// The versions whose operations were not recorded.
    pub fn unrecorded(&self) -> impl Iterator<Item = i64> {
        let cycles = self.producers.iter().flat_map(|producer| &producer.cycles);
        cycles
            .filter(|cycle| !cycle.ops_complete)
            .filter_map(|cycle| cycle.version)
    }
}

/// One write engine.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Producer {
    /// The types, in order of registration.
    pub types: Vec<TypeEntry>,
    /// Setting of the engine.
    pub partitioned_ordinal_map: bool,
    /// Setting of the engine.
    pub focus_hole_fill_in_fewest_shards: bool,
    /// Setting of the engine.
    pub allow_type_resharding: bool,
    /// Setting of the engine, in bytes.
    pub target_max_type_shard_size: u64,
    /// The version whose snapshot the engine was restored from.
    pub restored_from: Option<i64>,
    /// The version that the engine was made to look as having written.
    pub recreated_from: Option<i64>,
    /// Whether sets and maps kept their buckets then.
    #[serde(default)]
    pub preserve_hash_positions: bool,
    /// The cycles.
    pub cycles: Vec<Cycle>,
}

/// A type to register.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TypeEntry {
    /// Its name.
    pub name: String,
    /// Its schema as text.
    pub schema: String,
    /// The number of shards, -1 if undecided.
    pub num_shards: i64,
}

/// One cycle.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cycle {
    /// The version published; `None` if nothing changed and the engine was reset.
    pub version: Option<i64>,
    /// The random tag of the state.
    #[serde(default)]
    pub tag: i64,
    /// The version before, if deltas were written.
    pub previous_version: Option<i64>,
    /// All header tags at publication.
    #[serde(default)]
    pub header_tags: BTreeMap<String, String>,
    /// Whether the operations were recorded.
    #[serde(default = "yes")]
    pub ops_complete: bool,
    /// The operations, see [`Op::parse`].
    pub ops: Vec<Json>,
}

fn yes() -> bool {
    true
}

/// One operation. Fields of records are JSON still: their schema decides what they are.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "named as in the description of the format")]
pub enum Op {
    Add {
        ty: String,
        fields: Vec<Json>,
        ordinal: u32,
    },
    List {
        ty: String,
        elements: Vec<u32>,
        ordinal: u32,
    },
    Set {
        ty: String,
        elements: Vec<u32>,
        ordinal: u32,
    },
    SetHashed {
        ty: String,
        elements: Vec<(u32, i32)>,
        ordinal: u32,
    },
    Map {
        ty: String,
        entries: Vec<(u32, u32)>,
        ordinal: u32,
    },
    MapHashed {
        ty: String,
        entries: Vec<(u32, u32, i32)>,
        ordinal: u32,
    },
    AddAll,
    AddAllOfType {
        ty: String,
    },
    Carry {
        ty: String,
        ordinal: u32,
    },
    Remove {
        ty: String,
        ordinal: u32,
    },
    RemoveAllOfType {
        ty: String,
    },
    Reset,
    Tag {
        key: String,
        value: String,
    },
    Untag {
        key: String,
    },
    TargetShardSize {
        bytes: u64,
    },
    MapOrdinal {
        ty: String,
        fields: Vec<Json>,
        ordinal: u32,
        in_previous: bool,
        in_current: bool,
    },
    RecalculateFree {
        ty: String,
    },
    Compact {
        min_cost_bytes: u64,
        min_percentage: u32,
    },
    DumpFlatRecord {
        index: usize,
    },
}

impl Op {
    /// Reads an operation.
    ///
    /// # Errors
    /// [`ReplayError::Operation`] if its kind or form is not known.
    pub fn parse(json: &Json) -> Result<Self, ReplayError> {
        let refuse = |what: &str| ReplayError::Operation {
            what: what.to_owned(),
            operation: json.to_string(),
        };
        let Some([Json::String(name), arguments @ ..]) = json.as_array().map(Vec::as_slice) else {
            return Err(refuse("no name"));
        };
        let arguments = Json::Array(arguments.to_vec());
        macro_rules! form {
            ($pattern:pat => $op:expr) => {{
                let $pattern = serde_json::from_value(arguments).map_err(|error| refuse(&error.to_string()))?;
                $op
            }};
        }
        Ok(match name.as_str() {
            "add" => form!((ty, fields, ordinal) => Op::Add { ty, fields, ordinal }),
            "list" => form!((ty, elements, ordinal) => Op::List { ty, elements, ordinal }),
            "set" => form!((ty, elements, ordinal) => Op::Set { ty, elements, ordinal }),
            "setHashed" => form!((ty, elements, ordinal) => Op::SetHashed { ty, elements, ordinal }),
            "map" => form!((ty, entries, ordinal) => Op::Map { ty, entries, ordinal }),
            "mapHashed" => form!((ty, entries, ordinal) => Op::MapHashed { ty, entries, ordinal }),
            "addAll" => Op::AddAll,
            "addAllOfType" => form!((ty,) => Op::AddAllOfType { ty }),
            "carry" => form!((ty, ordinal) => Op::Carry { ty, ordinal }),
            "remove" => form!((ty, ordinal) => Op::Remove { ty, ordinal }),
            "removeAllOfType" => form!((ty,) => Op::RemoveAllOfType { ty }),
            "reset" => Op::Reset,
            "tag" => form!((key, value) => Op::Tag { key, value }),
            "untag" => form!((key,) => Op::Untag { key }),
            "targetShardSize" => form!((bytes,) => Op::TargetShardSize { bytes }),
            "mapOrdinal" => form!((ty, fields, ordinal, in_previous, in_current) =>
                Op::MapOrdinal { ty, fields, ordinal, in_previous, in_current }),
            "recalcFree" => form!((ty,) => Op::RecalculateFree { ty }),
            "compact" => form!((config,) => {
                let config: CompactionEntry = config;
                Op::Compact {
                    min_cost_bytes: config.min_candidate_hole_cost_in_bytes,
                    min_percentage: config.min_candidate_hole_percentage,
                }
            }),
            "dumpFlatRecord" => form!((index,) => Op::DumpFlatRecord { index }),
            _ => return Err(refuse("no operation of this name")),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompactionEntry {
    min_candidate_hole_cost_in_bytes: u64,
    min_candidate_hole_percentage: u32,
}
