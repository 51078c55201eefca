//! Flat records: what each side takes out of a state, and what the other makes of it.

use super::canonical;
use super::chain::Chain;
use super::report::Publisher;
use super::rng::Rng;
use super::values;
use super::words::{push_bytes, push_hex, push_text};
use anyhow::{Context, Result, ensure};
use hollow::Ordinal;
use hollow::flat::{self, FlatError, FlatSchemas};
use hollow::read::ReadState;
use hollow::record::{KeyValue, Value};
use hollow::write::{WriteConfig, WriteStateEngine};
use std::fmt::Write;

const FEATURE: &str = "flat records";

/// Some records of one type, chosen for a look at them as flat records.
pub(super) struct Sample {
    type_name: String,
    ordinals: Vec<Ordinal>,
}

/// Chooses some records, and asks Java for them: the command is sent, the answer to come.
pub(super) fn ask(chain: &mut Chain<'_>, rng: &mut Rng, reader: &str) -> Result<Option<Sample>> {
    let Some(last) = chain.versions.last() else {
        return Ok(None);
    };
    let objects: Vec<_> = last
        .state
        .types()
        .filter_map(|ty| ty.as_object())
        .filter(|ty| !ty.is_empty())
        .collect();
    if objects.is_empty() || rng.percent(40) {
        return Ok(None);
    }
    let ty = rng.pick(&objects);
    let populated: Vec<Ordinal> = ty.populated().collect();
    let ordinals: Vec<Ordinal> = (0..rng.between(1, 3)).map(|_| *rng.pick(&populated)).collect();
    let type_name = ty.schema().name.clone();
    let mut line = format!("extract {reader} {type_name}");
    ordinals
        .iter()
        .for_each(|ordinal| line.push_str(&format!(" {ordinal}")));
    chain.jvm.send(&line)?;
    Ok(Some(Sample { type_name, ordinals }))
}

/// Compares Java's answer with what we take out of the state, and gives Java what we write.
pub(super) fn compare(
    chain: &mut Chain<'_>,
    sample: &Sample,
    state: &ReadState,
    reader: &str,
    answer: &str,
) -> Result<()> {
    let java: Vec<&str> = answer.split(' ').collect();
    ensure!(java.len() == sample.ordinals.len(), "flat records: {answer}");
    let mut names: Vec<&str> = state.types().map(|ty| ty.name()).collect();
    names.sort_by(|a, b| a.encode_utf16().cmp(b.encode_utf16()));
    let schemas = FlatSchemas::new(state.dataset().as_ref().clone(), names.into_iter().zip(0..))?;
    let mut ours = Vec::new();
    for (&ordinal, &java) in sample.ordinals.iter().zip(&java) {
        let context = || format!("flat record of {} {ordinal}", sample.type_name);
        let value = state.value(&sample.type_name, ordinal).with_context(context)?;
        if let Some(bytes) = one(&schemas, state, sample, ordinal, java, &value).with_context(context)? {
            chain.report.count_bytes(FEATURE, 1);
            chain.report.count_direction(FEATURE, Publisher::Java, 1);
            key(chain, &schemas, reader, &bytes).with_context(context)?;
            ours.push((value, bytes));
        }
    }
    fold(chain, sample, state, reader, &ours).context("folding flat records")
}

/// Compares one record; gives what we write for it, if both sides write it.
fn one(
    schemas: &FlatSchemas,
    state: &ReadState,
    sample: &Sample,
    ordinal: Ordinal,
    java: &str,
    value: &Value,
) -> Result<Option<Vec<u8>>> {
    let extracted = flat::extract(schemas, state, &sample.type_name, ordinal);
    let has_key = !state.dataset().primary_key(&sample.type_name)?.is_empty();
    let bytes = match (extracted, java) {
        (Err(FlatError::NullKey { .. } | FlatError::UnreadableKey { .. }), "!") => return Ok(None),
        // Java cannot step over a null STRING or BYTES on its way to a part of the key.
        (Ok(bytes), "!") if has_key => {
            ensure!(flat::read(schemas, &bytes)?.key(schemas).is_ok());
            return Ok(None);
        }
        // This version of Java writes what a newer one refuses, because it cannot tell such a key from null; we read it.
        (Err(refusal @ (FlatError::NullKey { .. } | FlatError::UnreadableKey { .. })), java) => {
            let record = flat::read(schemas, &from_hex(java)?)?;
            ensure!(
                values::key(&record.value) == values::key(value),
                "read {:?}",
                record.value
            );
            if matches!(refusal, FlatError::NullKey { .. }) {
                ensure!(record.key(schemas).is_err(), "key {:?}", record.key(schemas));
            }
            return Ok(None);
        }
        (Err(error), java) => anyhow::bail!("we refuse: {error}; java={java}"),
        (Ok(bytes), _) => bytes,
    };
    let mut hex = String::new();
    push_hex(&mut hex, &bytes);
    ensure!(hex == java, "ours={hex} java={java}");
    let read = flat::read(schemas, &bytes)?;
    ensure!(read.type_name == sample.type_name, "type {}", read.type_name);
    ensure!(
        values::key(&read.value) == values::key(value),
        "read {:?} instead of {value:?}",
        read.value
    );
    Ok(Some(flat::write(schemas, &sample.type_name, value)?))
}

/// Java reads the primary key of what we wrote.
fn key(chain: &mut Chain<'_>, schemas: &FlatSchemas, reader: &str, bytes: &[u8]) -> Result<()> {
    let mut line = format!("key {reader} ");
    push_hex(&mut line, bytes);
    let java = chain.jvm.ask(&line)?;
    let read = flat::read(schemas, bytes)?;
    let mut ours = "-".to_owned();
    if let Some(parts) = read.key(schemas)? {
        ours = read.type_name;
        for part in &parts {
            ours.push(' ');
            // Writing to a String cannot fail.
            let _ = match part {
                KeyValue::Int(v) => write!(ours, "{v}"),
                KeyValue::Long(v) => write!(ours, "{v}"),
                KeyValue::Boolean(v) => ours.write_str(if *v { "t" } else { "f" }),
                KeyValue::Float(v) => write!(ours, "{:08x}", v.to_bits()),
                KeyValue::Double(v) => write!(ours, "{:016x}", v.to_bits()),
                KeyValue::Text(v) => {
                    push_text(&mut ours, v);
                    Ok(())
                }
                KeyValue::Bytes(v) => {
                    push_bytes(&mut ours, v);
                    Ok(())
                }
            };
        }
    }
    ensure!(ours == java, "key ours={ours} java={java}");
    Ok(())
}

/// Both sides put the records into an empty state, which must be the same.
fn fold(
    chain: &mut Chain<'_>,
    sample: &Sample,
    state: &ReadState,
    reader: &str,
    records: &[(Value, Vec<u8>)],
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let mut line = format!("fold {reader} folded");
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in state.dataset().schemas() {
        engine.add_type(schema.clone(), Some(1))?;
    }
    for (value, bytes) in records {
        line.push(' ');
        push_hex(&mut line, bytes);
        engine.add(&sample.type_name, value)?;
    }
    engine.set_next_tag(1);
    let mut snapshot = Vec::new();
    engine.write_snapshot(&mut snapshot)?;
    let ours = ReadState::from_snapshot(&snapshot)?;
    let java = chain.jvm.ask(&line)?;
    let sum = canonical::sum(&ours);
    ensure!(sum == java, "ours={sum} java={java} {}", canonical::text(&ours));
    chain.report.count_direction(FEATURE, Publisher::Rust, records.len());
    Ok(())
}

fn from_hex(text: &str) -> Result<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    ensure!(rest.is_empty(), "hexadecimal digits: {text}");
    let bytes = pairs
        .iter()
        .map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?));
    bytes.collect()
}
