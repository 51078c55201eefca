//! Incremental producers on a real Kafka: what is folded, from where, and what makes them stop.

mod exactly_once;
mod set_aside_and_lost;

use crate::broker::Lying;
use anyhow::{Context, Result};
use hollow::record::{KeyValue, Value};
use hollow::schema::Dataset;
use hollow::store::Store;
use hollow::testing::Model;
use incremental_producer::message::Change;
use incremental_producer::source::LogPosition;
use incremental_producer::{Codec, Offsets};
use tests::harness::{Chain, chain};

const SCHEMA: &str = "
    Title @PrimaryKey(id) { long id; string name; Countries countries; }
    Country { string code; }
    Countries Set<Country> @HashKey(code);";

fn codec() -> Result<Codec> {
    Ok(Codec::new(Dataset::parse(SCHEMA)?, "Title")?)
}

fn key(id: i64) -> Vec<u8> {
    format!("[{id}]").into_bytes()
}

/// A record that shares its countries with others, or with none.
fn title(id: i64, name: u64) -> Value {
    let country = |code: u64| Value::Object(vec![Value::String(format!("C{code}"))]);
    Value::Object(vec![
        Value::Long(id),
        Value::String(format!("name {name}")),
        Value::Set(vec![country(name % 5), country(100 + name)]),
    ])
}

/// How far the announced state says it goes; `None` if nothing is announced.
fn position(store: &Store) -> Result<Option<LogPosition>> {
    let chain = Chain::read(store)?;
    Ok(LogPosition::from_tags(&chain::tags(&chain))?)
}

/// What a log comes to, folded by hand up to some offsets. Messages that mean nothing count for nothing.
fn fold(codec: &Codec, log: &[Lying], up_to: &Offsets) -> Result<Model> {
    let mut model = Model::new(codec.dataset().clone());
    for message in log {
        let end = up_to
            .get(message.partition)
            .context("a partition that is not in the offsets")?;
        if message.offset >= end {
            continue;
        }
        let Ok(decoded) = codec.decode(Some(&message.key), message.payload.as_deref()) else {
            continue;
        };
        match (decoded.change, decoded.key.as_slice()) {
            (Change::Upsert(value), _) => model.upsert("Title", value),
            // The model wants a record to see its key.
            (Change::Delete, [KeyValue::Long(id)]) => model.delete("Title", &title(*id, 0)),
            (Change::Delete, other) => anyhow::bail!("{other:?}"),
        }
    }
    Ok(model)
}
