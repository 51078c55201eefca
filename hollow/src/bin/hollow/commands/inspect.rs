//! `hollow inspect`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::output::{print_json, printable, write};
use crate::source;
use hollow::read::ReadState;
use hollow::tools::checksum::Checksums;
use hollow::tools::usage::{PartUsage, TypeUsage, usage};
use serde_json::{Value, json};
use std::io::{self, Write};

#[derive(clap::Args)]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Also prints bits and bytes of each field (with --json they always are).
    #[arg(long)]
    fields: bool,
    /// Looks at this type only.
    #[arg(long = "type", value_name = "TYPE")]
    type_name: Option<String>,
}

/// Header tags, types, and where the bytes are.
pub(crate) fn run(args: &InspectArgs) -> Result<Answer, Failure> {
    let state = source::state(&args.state)?;
    let mut types = usage(&state);
    if let Some(name) = &args.type_name {
        source::require_type(&state, name)?;
        types.retain(|ty| ty.name == *name);
    }
    let total = Checksums::of(&state).total;
    match args.state.store.json {
        true => print_json(&to_json(&state, &types, total)),
        false => write(|out| print(&state, &types, total, args.fields, out)),
    }
}

fn print(state: &ReadState, types: &[TypeUsage], total: i32, fields: bool, out: &mut impl Write) -> io::Result<()> {
    let version = state.version().map_or_else(String::new, |version| version.to_string());
    writeln!(out, "version   {version}")?;
    writeln!(out, "checksum  {total}")?;
    writeln!(out, "memory    {} bytes", state.memory_bytes())?;
    for (key, value) in state.header_tags() {
        writeln!(out, "tag       {} = {}", printable(key), printable(value))?;
    }
    writeln!(
        out,
        "{:<32}  {:<6}  {:>10}  {:>8}  {:>6}  {:>5}  {:>14}  {:>14}  {:>12}",
        "TYPE", "KIND", "RECORDS", "HOLES", "SHARDS", "BITS", "MEMORY", "SNAPSHOT", "IN HOLES"
    )?;
    for ty in types {
        let bits: u32 = ty.parts.iter().map(|part| part.bits).sum();
        writeln!(
            out,
            "{:<32}  {:<6}  {:>10}  {:>8}  {:>6}  {:>5}  {:>14}  {:>14}  {:>12}",
            printable(&ty.name),
            ty.kind.to_string(),
            ty.records,
            ty.holes,
            ty.num_shards,
            bits,
            ty.memory_bytes,
            ty.snapshot_bytes,
            ty.hole_bytes,
        )?;
        if fields {
            ty.parts.iter().try_for_each(|part| print_part(part, out))?;
        }
    }
    Ok(())
}

fn print_part(part: &PartUsage, out: &mut impl Write) -> io::Result<()> {
    let nulls = match part.nulls {
        0 => String::new(),
        nulls => format!("{nulls} null"),
    };
    writeln!(
        out,
        "  {:<30}  {:<16}  {:>18}  {:>5}  {:>14}  {:>14}",
        printable(&part.name),
        printable(&part.holds),
        nulls,
        part.bits,
        "",
        part.bytes,
    )
}

fn to_json(state: &ReadState, types: &[TypeUsage], total: i32) -> Value {
    json!({
        "schema": 1,
        "version": state.version(),
        "tag": state.tag(),
        "header_tags": state.header_tags(),
        "schema_hash": state.dataset().schema_hash(),
        "checksum": total,
        "memory_bytes": state.memory_bytes(),
        "types": types.iter().map(|ty| type_json(state, ty)).collect::<Vec<_>>(),
    })
}

fn type_json(state: &ReadState, ty: &TypeUsage) -> Value {
    let parts: Vec<Value> = ty
        .parts
        .iter()
        .map(|part| {
            json!({
                "name": part.name,
                "holds": part.holds,
                "bits": part.bits,
                "nulls": part.nulls,
                "variable_bytes": part.variable_bytes,
                "bytes": part.bytes,
            })
        })
        .collect();
    json!({
        "name": ty.name,
        "kind": ty.kind.to_string(),
        "records": ty.records,
        "holes": ty.holes,
        "num_shards": ty.num_shards,
        "memory_bytes": ty.memory_bytes,
        "snapshot_bytes": ty.snapshot_bytes,
        "hole_bytes": ty.hole_bytes,
        "parts": parts,
        "schema": state.dataset().get(&ty.name).map(ToString::to_string),
    })
}
