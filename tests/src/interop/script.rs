//! The operations of a cycle: run by our engine, and written as lines for Java's.

use super::rng::Rng;
use super::words::{NULL, push_bytes, push_text};
use anyhow::{Context, Result};
use hollow::Ordinal;
use hollow::record::Value;
use hollow::schema::{Dataset, FieldType, Schema};
use hollow::write::{CompactionConfig, FieldValue, ObjectRecord, TypeId, WriteError, WriteStateEngine};
use std::collections::HashMap;
use std::fmt::Write;

/// A record added in this cycle, by the number of its operation among those that add.
pub(super) type Added = usize;

/// A field of a record to add. Floating point numbers are their bits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum FieldOp {
    /// Not set.
    Null,
    /// INT.
    Int(i32),
    /// LONG.
    Long(i64),
    /// BOOLEAN.
    Boolean(bool),
    /// FLOAT.
    Float(u32),
    /// DOUBLE.
    Double(u64),
    /// STRING.
    Text(String),
    /// BYTES.
    Bytes(Vec<u8>),
    /// REFERENCE.
    Added(Added),
}

/// A record to add.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum RecordOp {
    /// OBJECT.
    Object(Vec<FieldOp>),
    /// LIST.
    List(Vec<Added>),
    /// SET.
    Set(Vec<Added>),
    /// SET with hashes of the caller's.
    SetHashed(Vec<(Added, i32)>),
    /// MAP.
    Map(Vec<(Added, Added)>),
    /// MAP with hashes of the caller's.
    MapHashed(Vec<(Added, Added, i32)>),
}

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// A record.
    Add(String, RecordOp),
    /// Everything from the previous cycle.
    All,
    /// Everything of a type from the previous cycle.
    AllOf(String),
    /// A record of the previous cycle.
    Carry(String, Ordinal),
    /// A record of the previous cycle, out of this one.
    Remove(String, Ordinal),
    /// A record added in this cycle, out of it again.
    Withdraw(String, Added),
    /// Everything of a type, out of this cycle.
    RemoveAll(String),
    /// Back to the beginning.
    Reset,
    /// A header tag.
    Tag(String, String),
    /// A header tag less.
    Untag(String),
    /// The size a shard should not exceed.
    Target(u64),
    /// Compacts types with more than so many bytes and percent of holes; carries everything over if there are none.
    Compact(u64, u32),
}

impl Op {
    /// The operation as a line for the Java program.
    pub(super) fn line(&self) -> String {
        let mut out = String::new();
        let tag = |out: &mut String, text: &str| {
            out.push(' ');
            push_text(out, text);
        };
        // Writing to a String cannot fail.
        let _ = match self {
            Op::Add(ty, record) => {
                add_line(&mut out, ty, record);
                Ok(())
            }
            Op::All => write!(out, "all"),
            Op::AllOf(ty) => write!(out, "allof {ty}"),
            Op::Carry(ty, ordinal) => write!(out, "carry {ty} {ordinal}"),
            Op::Remove(ty, ordinal) => write!(out, "rm {ty} @{ordinal}"),
            Op::Withdraw(ty, added) => write!(out, "rm {ty} #{added}"),
            Op::RemoveAll(ty) => write!(out, "rmall {ty}"),
            Op::Reset => write!(out, "reset"),
            Op::Target(bytes) => write!(out, "target {bytes}"),
            Op::Compact(bytes, percent) => write!(out, "compact {bytes} {percent}"),
            Op::Tag(key, value) => {
                out.push_str("tag");
                tag(&mut out, key);
                tag(&mut out, value);
                Ok(())
            }
            Op::Untag(key) => {
                out.push_str("untag");
                tag(&mut out, key);
                Ok(())
            }
        };
        out
    }
}

fn add_line(out: &mut String, ty: &str, record: &RecordOp) {
    let kind = match record {
        RecordOp::Object(_) => "o",
        RecordOp::List(_) => "l",
        RecordOp::Set(_) => "s",
        RecordOp::SetHashed(_) => "sh",
        RecordOp::Map(_) => "m",
        RecordOp::MapHashed(_) => "mh",
    };
    let _ = write!(out, "{kind} {ty}");
    match record {
        RecordOp::Object(fields) => fields.iter().for_each(|field| {
            out.push(' ');
            let _ = match field {
                FieldOp::Null => out.write_str(NULL),
                FieldOp::Int(v) => write!(out, "{v}"),
                FieldOp::Long(v) => write!(out, "{v}"),
                FieldOp::Boolean(v) => out.write_str(if *v { "t" } else { "f" }),
                FieldOp::Float(v) => write!(out, "{v:08x}"),
                FieldOp::Double(v) => write!(out, "{v:016x}"),
                FieldOp::Added(v) => write!(out, "#{v}"),
                FieldOp::Text(v) => {
                    push_text(out, v);
                    Ok(())
                }
                FieldOp::Bytes(v) => {
                    push_bytes(out, v);
                    Ok(())
                }
            };
        }),
        RecordOp::List(elements) | RecordOp::Set(elements) => elements.iter().for_each(|element| {
            let _ = write!(out, " #{element}");
        }),
        RecordOp::SetHashed(elements) => elements.iter().for_each(|(element, hash)| {
            let _ = write!(out, " #{element} {hash}");
        }),
        RecordOp::Map(entries) => entries.iter().for_each(|(key, value)| {
            let _ = write!(out, " #{key} #{value}");
        }),
        RecordOp::MapHashed(entries) => entries.iter().for_each(|(key, value, hash)| {
            let _ = write!(out, " #{key} #{value} {hash}");
        }),
    }
}

/// Runs operations on our engine; gives the ordinals of the records added.
///
/// # Errors
/// The operation that the engine refuses.
pub(super) fn run(ops: &[Op], engine: &mut WriteStateEngine) -> Result<Vec<Ordinal>> {
    let mut added = Vec::new();
    for op in ops {
        run_one(op, engine, &mut added).with_context(|| format!("our engine refuses: {}", op.line()))?;
    }
    Ok(added)
}

/// Where two outcomes differ: whether anything changed, then the ordinal of each record added.
pub(super) fn first_difference(ops: &[Op], ours: &str, java: &str) -> String {
    let mut adding = ops.iter().filter(|op| matches!(op, Op::Add(..)));
    for (index, (ours, java)) in ours.split(' ').zip(java.split(' ')).enumerate() {
        let op = if index == 0 { None } else { adding.next() };
        if ours != java {
            let what = op.map_or("whether anything changed".to_owned(), Op::line);
            return format!("{what}: ours={ours} java={java}");
        }
    }
    format!("ours={ours} java={java}")
}

fn run_one(op: &Op, engine: &mut WriteStateEngine, added: &mut Vec<Ordinal>) -> Result<(), WriteError> {
    let id =
        |engine: &WriteStateEngine, ty: &str| engine.type_id(ty).ok_or_else(|| WriteError::UnknownType(ty.to_owned()));
    match op {
        Op::Add(ty, record) => {
            let ty = id(engine, ty)?;
            let ordinal = add(engine, ty, record, added)?;
            added.push(ordinal);
        }
        Op::All => engine.add_all_from_previous_cycle()?,
        Op::AllOf(ty) => engine.add_all_of_type_from_previous_cycle(id(engine, ty)?)?,
        Op::Carry(ty, ordinal) => engine.carry(id(engine, ty)?, *ordinal)?,
        Op::Remove(ty, ordinal) => drop(engine.remove(id(engine, ty)?, *ordinal)?),
        Op::Withdraw(ty, which) => drop(engine.remove(id(engine, ty)?, added[*which])?),
        Op::RemoveAll(ty) => engine.remove_all_of_type(id(engine, ty)?)?,
        Op::Reset => engine.reset(),
        Op::Tag(key, value) => engine.set_header_tag(key, value),
        Op::Untag(key) => engine.remove_header_tag(key),
        Op::Target(bytes) => engine.set_target_max_type_shard_size_bytes(*bytes),
        Op::Compact(bytes, percent) => {
            let moved = engine.compact(CompactionConfig {
                min_candidate_hole_cost_bytes: *bytes,
                min_candidate_hole_percentage: *percent,
            })?;
            if moved == 0 {
                engine.add_all_from_previous_cycle()?;
            }
        }
    }
    Ok(())
}

fn add(engine: &mut WriteStateEngine, ty: TypeId, record: &RecordOp, added: &[Ordinal]) -> Result<Ordinal, WriteError> {
    match record {
        RecordOp::Object(fields) => {
            let record: ObjectRecord<'_> = fields
                .iter()
                .map(|field| match field {
                    FieldOp::Null => FieldValue::Null,
                    FieldOp::Int(v) => FieldValue::Int(*v),
                    FieldOp::Long(v) => FieldValue::Long(*v),
                    FieldOp::Boolean(v) => FieldValue::Boolean(*v),
                    FieldOp::Float(v) => FieldValue::Float(f32::from_bits(*v)),
                    FieldOp::Double(v) => FieldValue::Double(f64::from_bits(*v)),
                    FieldOp::Text(v) => FieldValue::Text(v),
                    FieldOp::Bytes(v) => FieldValue::Bytes(v),
                    FieldOp::Added(v) => FieldValue::Reference(added[*v]),
                })
                .collect();
            engine.add_object(ty, &record)
        }
        RecordOp::List(elements) => engine.add_list(ty, &ordinals(elements, added)),
        RecordOp::Set(elements) => engine.add_set(ty, &ordinals(elements, added)),
        RecordOp::SetHashed(elements) => {
            let elements: Vec<_> = elements.iter().map(|&(element, hash)| (added[element], hash)).collect();
            engine.add_set_hashed(ty, &elements)
        }
        RecordOp::Map(entries) => {
            let entries: Vec<_> = entries.iter().map(|&(key, value)| (added[key], added[value])).collect();
            engine.add_map(ty, &entries)
        }
        RecordOp::MapHashed(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|&(key, value, hash)| (added[key], added[value], hash))
                .collect();
            engine.add_map_hashed(ty, &entries)
        }
    }
}

fn ordinals(elements: &[Added], added: &[Ordinal]) -> Vec<Ordinal> {
    elements.iter().map(|&element| added[element]).collect()
}

/// Makes operations out of records, children first, each distinct record once.
#[derive(Debug)]
pub(super) struct Builder<'d> {
    dataset: &'d Dataset,
    hashed: bool,
    known: HashMap<(String, RecordOp), Added>,
    added: usize,
    /// The operations so far.
    pub(super) ops: Vec<Op>,
}

impl<'d> Builder<'d> {
    /// Without operations yet. `hashed`: sets and maps without hash key get hashes at times.
    pub(super) fn new(dataset: &'d Dataset, hashed: bool) -> Self {
        Self {
            dataset,
            hashed,
            known: HashMap::new(),
            added: 0,
            ops: Vec::new(),
        }
    }

    /// Goes back to the beginning of the cycle; ordinals given before mean nothing any more.
    pub(super) fn reset(&mut self) {
        self.ops.push(Op::Reset);
        self.forget();
    }

    /// Lets records that were added before be added again.
    pub(super) fn forget(&mut self) {
        self.known.clear();
    }

    /// Adds a record with all it refers to.
    pub(super) fn add(&mut self, rng: &mut Rng, type_name: &str, value: &Value) -> Added {
        let dataset = self.dataset;
        let record = match (dataset.get(type_name), value) {
            (Some(Schema::Object(schema)), Value::Object(values)) => RecordOp::Object(
                schema
                    .fields
                    .iter()
                    .zip(values)
                    .map(|(field, value)| self.field(rng, &field.ty, value))
                    .collect(),
            ),
            (Some(Schema::List(schema)), Value::List(elements)) => {
                RecordOp::List(self.all(rng, &schema.element, elements))
            }
            (Some(Schema::Set(schema)), Value::Set(elements)) => {
                let mut elements = self.all(rng, &schema.element, elements);
                elements.sort_unstable();
                elements.dedup();
                rng.shuffle(&mut elements);
                match self.hashed && schema.hash_key.is_none() && rng.percent(50) {
                    true => RecordOp::SetHashed(elements.into_iter().map(|e| (e, rng.next() as i32)).collect()),
                    false => RecordOp::Set(elements),
                }
            }
            (Some(Schema::Map(schema)), Value::Map(entries)) => {
                let mut added: Vec<(Added, Added)> = Vec::new();
                for (key, value) in entries {
                    let key = self.add(rng, &schema.key, key);
                    let value = self.add(rng, &schema.value, value);
                    if added.iter().all(|(other, _)| *other != key) {
                        added.push((key, value));
                    }
                }
                match self.hashed && schema.hash_key.is_none() && rng.percent(50) {
                    true => RecordOp::MapHashed(added.into_iter().map(|(k, v)| (k, v, rng.next() as i32)).collect()),
                    false => RecordOp::Map(added),
                }
            }
            // A record that is not there cannot come up: collections hold no null.
            _ => RecordOp::Object(Vec::new()),
        };
        let known_as = match &record {
            RecordOp::SetHashed(elements) => {
                let mut elements: Vec<Added> = elements.iter().map(|(element, _)| *element).collect();
                elements.sort_unstable();
                RecordOp::Set(elements)
            }
            RecordOp::MapHashed(entries) => {
                let mut entries: Vec<_> = entries.iter().map(|(key, value, _)| (*key, *value)).collect();
                entries.sort_unstable();
                RecordOp::Map(entries)
            }
            RecordOp::Set(elements) => {
                let mut elements = elements.clone();
                elements.sort_unstable();
                RecordOp::Set(elements)
            }
            RecordOp::Map(entries) => {
                let mut entries = entries.clone();
                entries.sort_unstable();
                RecordOp::Map(entries)
            }
            other => other.clone(),
        };
        let known = (type_name.to_owned(), known_as);
        if let Some(&added) = self.known.get(&known) {
            // At times the same record is added again: it must get the ordinal it has.
            if !rng.percent(5) {
                return added;
            }
        }
        let record = with_smallest(rng, self.dataset.get(type_name), record);
        self.ops.push(Op::Add(type_name.to_owned(), record));
        let added = self.added;
        self.added += 1;
        *self.known.entry(known).or_insert(added)
    }

    fn all(&mut self, rng: &mut Rng, type_name: &str, values: &[Value]) -> Vec<Added> {
        values.iter().map(|value| self.add(rng, type_name, value)).collect()
    }

    fn field(&mut self, rng: &mut Rng, ty: &FieldType, value: &Value) -> FieldOp {
        match (value, ty) {
            (Value::Int(i32::MIN) | Value::Long(i64::MIN) | Value::Null, _) => FieldOp::Null,
            (Value::Int(v), _) => FieldOp::Int(*v),
            (Value::Long(v), _) => FieldOp::Long(*v),
            (Value::Boolean(v), _) => FieldOp::Boolean(*v),
            (Value::Float(v), _) => FieldOp::Float(v.to_bits()),
            (Value::Double(v), _) => FieldOp::Double(v.to_bits()),
            (Value::String(v), _) => FieldOp::Text(v.clone()),
            (Value::Bytes(v), _) => FieldOp::Bytes(v.clone()),
            (value, FieldType::Reference(target)) => FieldOp::Added(self.add(rng, target, value)),
            _ => FieldOp::Null,
        }
    }
}

/// Null in INT and LONG can be written as the smallest value, and NaN has many patterns.
fn with_smallest(rng: &mut Rng, schema: Option<&Schema>, record: RecordOp) -> RecordOp {
    let (RecordOp::Object(mut fields), Some(Schema::Object(schema))) = (record.clone(), schema) else {
        return record;
    };
    for (field, schema) in fields.iter_mut().zip(&schema.fields) {
        match (&field, &schema.ty) {
            (FieldOp::Null, FieldType::Int) if rng.percent(20) => *field = FieldOp::Int(i32::MIN),
            (FieldOp::Null, FieldType::Long) if rng.percent(20) => *field = FieldOp::Long(i64::MIN),
            (FieldOp::Float(bits), FieldType::Float) if f32::from_bits(*bits).is_nan() => {
                *field = FieldOp::Float(0xffc0_0000 | (rng.next() as u32 & 0xffff));
            }
            _ => {}
        }
    }
    RecordOp::Object(fields)
}
