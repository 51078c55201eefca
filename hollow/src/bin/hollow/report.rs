//! What the commands print.

use crate::failure::Failure;
use crate::output::{printable, write};
use hollow::Version;
use hollow::read::{ReadState, TypeReadState};
use hollow::store::Link;
use hollow::tools::checksum::Checksums;
use serde_json::{Value, json};
use std::io::Write;

fn print_json(value: &Value) -> Result<(), Failure> {
    write(|out| writeln!(out, "{value}"))
}

/// `TOTAL n` and `TYPE name n` lines.
pub(crate) fn checksum(state: &ReadState, as_json: bool) -> Result<(), Failure> {
    let sums = Checksums::of(state);
    if as_json {
        return print_json(&json!({
            "schema": 1,
            "version": state.version(),
            "total": sums.total,
            "types": sums.types,
        }));
    }
    write(|out| write!(out, "{sums}"))
}

/// The versions of a store.
pub(crate) fn versions(announced: Option<Version>, links: &[Link], as_json: bool) -> Result<(), Failure> {
    if as_json {
        let versions: Vec<Value> = links.iter().map(|link| version_json(announced, link)).collect();
        return print_json(&json!({"schema": 1, "announced": announced, "versions": versions}));
    }
    write(|out| {
        writeln!(
            out,
            "{:<20}  {:>14}  {:>14}  {:>14}",
            "VERSION", "SNAPSHOT", "DELTA", "REVERSE DELTA"
        )?;
        for link in links {
            let size = |blob: &Option<hollow::store::BlobRef>| {
                blob.as_ref()
                    .map_or_else(|| "-".to_owned(), |blob| blob.length.to_string())
            };
            let mark = if Some(link.version) == announced {
                "  announced"
            } else {
                ""
            };
            writeln!(
                out,
                "{:<20}  {:>14}  {:>14}  {:>14}{mark}",
                link.version.to_string(),
                size(&link.snapshot),
                size(&link.delta),
                size(&link.reverse_delta),
            )?;
        }
        Ok(())
    })
}

fn version_json(announced: Option<Version>, link: &Link) -> Value {
    let bytes = |blob: &Option<hollow::store::BlobRef>| blob.as_ref().map(|blob| blob.length);
    let manifest = link.manifest.as_ref();
    json!({
        "version": link.version,
        "previous": link.previous.map(|previous| previous.version),
        "announced": Some(link.version) == announced,
        "snapshot_bytes": bytes(&link.snapshot),
        "delta_bytes": bytes(&link.delta),
        "reverse_delta_bytes": bytes(&link.reverse_delta),
        "created_at": manifest.map(|manifest| manifest.created_at),
        "epoch": manifest.map(|manifest| manifest.epoch),
        "header_tags": manifest.map(|manifest| &manifest.header_tags),
        "receipts": manifest.map(|manifest| &manifest.receipts),
    })
}

/// Header tags and types of a state.
pub(crate) fn inspect(state: &ReadState, as_json: bool) -> Result<(), Failure> {
    let total = Checksums::of(state).total;
    if as_json {
        let types: Vec<Value> = state.types().map(type_json).collect();
        return print_json(&json!({
            "schema": 1,
            "version": state.version(),
            "tag": state.tag(),
            "header_tags": state.header_tags(),
            "schema_hash": state.dataset().schema_hash(),
            "checksum": total,
            "memory_bytes": state.memory_bytes(),
            "types": types,
        }));
    }
    write(|out| {
        let version = state.version().map_or_else(String::new, |version| version.to_string());
        writeln!(out, "version   {version}")?;
        writeln!(out, "checksum  {total}")?;
        writeln!(out, "memory    {} bytes", state.memory_bytes())?;
        for (key, value) in state.header_tags() {
            writeln!(out, "tag       {} = {}", printable(key), printable(value))?;
        }
        writeln!(
            out,
            "{:<32}  {:<6}  {:>10}  {:>8}  {:>6}  {:>14}",
            "TYPE", "KIND", "RECORDS", "HOLES", "SHARDS", "BYTES"
        )?;
        for ty in state.types() {
            writeln!(
                out,
                "{:<32}  {:<6}  {:>10}  {:>8}  {:>6}  {:>14}",
                printable(ty.name()),
                ty.schema().kind().to_string(),
                ty.len(),
                holes(ty),
                ty.num_shards(),
                ty.memory_bytes(),
            )?;
        }
        Ok(())
    })
}

/// Ordinals up to the highest populated one that no record has.
fn holes(ty: &TypeReadState) -> usize {
    ty.populated().last().map_or(0, |last| last.index() + 1 - ty.len())
}

fn type_json(ty: &TypeReadState) -> Value {
    json!({
        "name": ty.name(),
        "kind": ty.schema().kind().to_string(),
        "records": ty.len(),
        "holes": holes(ty),
        "num_shards": ty.num_shards(),
        "memory_bytes": ty.memory_bytes(),
        "schema": ty.schema().to_string(),
    })
}
