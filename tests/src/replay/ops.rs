//! The operations of a cycle.

use super::ReplayError;
use super::fields::{OwnedField, field_values};
use super::flat_record::dump_flat_record;
use super::run::{Run, refused};
use super::script::Op;
use hollow::Ordinal;
use hollow::write::{CompactionConfig, ObjectRecord, TypeId, WriteStateEngine};
use serde_json::Value as Json;

impl Run<'_> {
    /// Does an operation, and compares the ordinal it gives with the recorded one.
    pub(super) fn operation(&mut self, op: &Op, json: &Json) -> Result<(), ReplayError> {
        let engine = &mut *self.engine;
        let version = self.cycle.version;
        let fail = || refused(version, &json.to_string());
        let added = match op {
            Op::Add { ty, fields, ordinal } => {
                let ty = id(engine, ty)?;
                let values = field_values(engine, ty, fields, json)?;
                let record = values.iter().map(OwnedField::borrow).collect();
                Some((engine.add_object(ty, &record).map_err(fail())?, *ordinal))
            }
            Op::List { ty, elements, ordinal } => {
                let (ty, elements) = (id(engine, ty)?, ordinals(elements, json)?);
                Some((engine.add_list(ty, &elements).map_err(fail())?, *ordinal))
            }
            Op::Set { ty, elements, ordinal } => {
                let (ty, elements) = (id(engine, ty)?, ordinals(elements, json)?);
                Some((engine.add_set(ty, &elements).map_err(fail())?, *ordinal))
            }
            Op::SetHashed { ty, elements, ordinal } => {
                let elements: Vec<(Ordinal, i32)> = elements
                    .iter()
                    .map(|&(element, hash)| Ok((ordinal_of(element, json)?, hash)))
                    .collect::<Result<_, ReplayError>>()?;
                let ty = id(engine, ty)?;
                Some((engine.add_set_hashed(ty, &elements).map_err(fail())?, *ordinal))
            }
            Op::Map { ty, entries, ordinal } => {
                let entries: Vec<(Ordinal, Ordinal)> = entries
                    .iter()
                    .map(|&(key, value)| Ok((ordinal_of(key, json)?, ordinal_of(value, json)?)))
                    .collect::<Result<_, ReplayError>>()?;
                let ty = id(engine, ty)?;
                Some((engine.add_map(ty, &entries).map_err(fail())?, *ordinal))
            }
            Op::MapHashed { ty, entries, ordinal } => {
                let entries: Vec<(Ordinal, Ordinal, i32)> = entries
                    .iter()
                    .map(|&(key, value, hash)| Ok((ordinal_of(key, json)?, ordinal_of(value, json)?, hash)))
                    .collect::<Result<_, ReplayError>>()?;
                let ty = id(engine, ty)?;
                Some((engine.add_map_hashed(ty, &entries).map_err(fail())?, *ordinal))
            }
            Op::MapOrdinal {
                ty,
                fields,
                ordinal,
                in_previous,
                in_current,
            } => {
                let ty = id(engine, ty)?;
                let values = field_values(engine, ty, fields, json)?;
                let record: ObjectRecord<'_> = values.iter().map(OwnedField::borrow).collect();
                let ordinal = ordinal_of(*ordinal, json)?;
                engine
                    .map_object(ty, &record, ordinal, *in_previous, *in_current)
                    .map_err(fail())?;
                None
            }
            other => {
                self.other_operation(other, json)?;
                None
            }
        };
        match added {
            Some((found, expected)) if found.get() != expected => Err(ReplayError::Differs {
                what: "ordinal",
                version,
                at: json.to_string(),
                expected: expected.to_string(),
                found: found.to_string(),
            }),
            _ => Ok(()),
        }
    }

    fn other_operation(&mut self, op: &Op, json: &Json) -> Result<(), ReplayError> {
        let engine = &mut *self.engine;
        let result = match op {
            Op::AddAll => engine.add_all_from_previous_cycle(),
            Op::AddAllOfType { ty } => engine.add_all_of_type_from_previous_cycle(id(engine, ty)?),
            Op::Carry { ty, ordinal } => engine.carry(id(engine, ty)?, ordinal_of(*ordinal, json)?),
            Op::Remove { ty, ordinal } => engine.remove(id(engine, ty)?, ordinal_of(*ordinal, json)?).map(|_| ()),
            Op::RemoveAllOfType { ty } => engine.remove_all_of_type(id(engine, ty)?),
            Op::Reset => {
                engine.reset();
                Ok(())
            }
            Op::Tag { key, value } => {
                engine.set_header_tag(key, value);
                Ok(())
            }
            Op::Untag { key } => {
                engine.remove_header_tag(key);
                Ok(())
            }
            Op::TargetShardSize { bytes } => {
                engine.set_target_max_type_shard_size_bytes(*bytes);
                Ok(())
            }
            Op::RecalculateFree { ty } => {
                engine.recalculate_free_ordinals(id(engine, ty)?);
                Ok(())
            }
            Op::Compact {
                min_cost_bytes,
                min_percentage,
            } => engine
                .compact(CompactionConfig {
                    min_candidate_hole_cost_bytes: *min_cost_bytes,
                    min_candidate_hole_percentage: *min_percentage,
                })
                .map(|_| ()),
            Op::DumpFlatRecord { index } => {
                let bytes = self
                    .replay
                    .flat_records
                    .get(*index)
                    .ok_or_else(|| ReplayError::Missing {
                        what: "flat record",
                        name: index.to_string(),
                    })?;
                return dump_flat_record(engine, bytes, &self.replay.flat_schema_ids).map_err(|what| {
                    ReplayError::Operation {
                        what,
                        operation: json.to_string(),
                    }
                });
            }
            _ => Ok(()), // handled by the caller
        };
        result.map_err(refused(self.cycle.version, &json.to_string()))
    }
}

fn id(engine: &WriteStateEngine, name: &str) -> Result<TypeId, ReplayError> {
    engine.type_id(name).ok_or_else(|| ReplayError::Missing {
        what: "type",
        name: name.to_owned(),
    })
}

fn ordinal_of(number: u32, json: &Json) -> Result<Ordinal, ReplayError> {
    Ordinal::new(number).ok_or_else(|| ReplayError::Operation {
        what: format!("no ordinal, number={number}"),
        operation: json.to_string(),
    })
}

fn ordinals(numbers: &[u32], json: &Json) -> Result<Vec<Ordinal>, ReplayError> {
    numbers.iter().map(|&number| ordinal_of(number, json)).collect()
}
