//! The blobs of a version: what our engine writes, and comparing it with what Java wrote.

use super::cycle::RESHARDING_TAG;
use anyhow::{Context, Result, bail};
use hollow::blob::{Cursor, Header};
use hollow::write::{BlobPart, WriteError, WriteStateEngine};
use std::collections::{BTreeMap, BTreeSet};

/// Optional parts: part name to the names of its types.
pub(super) type Parts = BTreeMap<String, Vec<String>>;

/// Blobs by file name, as they lie in a directory of Java's layout.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Writes snapshot, delta and reverse delta.
///
/// # Errors
/// Those of the engine.
pub(super) fn write(
    engine: &mut WriteStateEngine,
    parts: &Parts,
    version: i64,
    previous: Option<i64>,
) -> Result<Files> {
    let mut files = Files::new();
    blob(
        engine,
        parts,
        &mut files,
        "snapshot",
        &version.to_string(),
        |engine, out, parts| engine.write_snapshot_in_parts(out, parts),
    )?;
    if let Some(previous) = previous {
        let forward = format!("{previous}-{version}");
        blob(engine, parts, &mut files, "delta", &forward, |engine, out, parts| {
            engine.write_delta_in_parts(out, parts)
        })?;
        let back = format!("{version}-{previous}");
        blob(
            engine,
            parts,
            &mut files,
            "reversedelta",
            &back,
            |engine, out, parts| engine.write_reverse_delta_in_parts(out, parts),
        )?;
    }
    Ok(files)
}

fn blob(
    engine: &mut WriteStateEngine,
    parts: &Parts,
    files: &mut Files,
    kind: &str,
    versions: &str,
    write: impl FnOnce(&mut WriteStateEngine, &mut Vec<u8>, &mut [BlobPart<'_>]) -> Result<(), WriteError>,
) -> Result<()> {
    let types: Vec<Vec<&str>> = parts
        .values()
        .map(|types| types.iter().map(String::as_str).collect())
        .collect();
    let mut buffers = vec![Vec::new(); types.len()];
    let mut streams: Vec<BlobPart<'_>> = parts
        .keys()
        .zip(&types)
        .zip(&mut buffers)
        .map(|((name, types), out)| BlobPart { name, types, out })
        .collect();
    let mut main = Vec::new();
    write(engine, &mut main, &mut streams).with_context(|| format!("our engine cannot write {kind}-{versions}"))?;
    files.insert(format!("{kind}-{versions}"), main);
    for (name, buffer) in parts.keys().zip(buffers) {
        files.insert(format!("{kind}_{name}-{versions}"), buffer);
    }
    Ok(())
}

/// How two blobs are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Same {
    /// Byte for byte.
    Whole,
    /// All but the order of the header tags, which is that of a hash map in Java and, after a restore, of whichever
    /// reader the tags came from.
    ButTagOrder,
}

/// Compares a blob of ours with Java's.
///
/// # Errors
/// Where they differ.
pub(super) fn compare(name: &str, ours: &[u8], java: &[u8]) -> Result<Same> {
    if ours == java {
        return Ok(Same::Whole);
    }
    let is_part = name.split('-').next().is_some_and(|kind| kind.contains('_'));
    if is_part {
        bail!("{name}: {}", first_difference(ours, java));
    }
    let (our_header, our_rest) = split(ours).with_context(|| format!("{name} of ours"))?;
    let (java_header, java_rest) = split(java).with_context(|| format!("{name} of Java's"))?;
    let tags = |header: &Header| -> BTreeMap<String, String> { header.tags.iter().cloned().collect() };
    let (mut our_tags, mut java_tags) = (tags(&our_header), tags(&java_header));
    // Concurrent tasks assemble this tag in Java: entries come in any order, and can be lost.
    let resharded = |tag: Option<String>| -> BTreeSet<String> {
        tag.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    let (our_entries, java_entries) = (
        resharded(our_tags.remove(RESHARDING_TAG)),
        resharded(java_tags.remove(RESHARDING_TAG)),
    );
    if !java_entries.is_subset(&our_entries) || java_entries.is_empty() != our_entries.is_empty() {
        bail!("{name}: resharded ours={our_entries:?} java={java_entries:?}");
    }
    if our_tags != java_tags {
        bail!("{name}: header tags ours={our_tags:?} java={java_tags:?}");
    }
    let without_tags = |header: Header| Header {
        tags: Vec::new(),
        ..header
    };
    let (our_header, java_header) = (without_tags(our_header), without_tags(java_header));
    if our_header != java_header {
        bail!("{name}: header ours={our_header:?} java={java_header:?}");
    }
    if our_rest != java_rest {
        bail!("{name}, behind the header: {}", first_difference(our_rest, java_rest));
    }
    Ok(Same::ButTagOrder)
}

fn split(blob: &[u8]) -> Result<(Header, &[u8])> {
    let mut cursor = Cursor::new(blob);
    let header = Header::read(&mut cursor)?;
    let at = usize::try_from(cursor.offset())?;
    Ok((header, blob.get(at..).unwrap_or_default()))
}

fn first_difference(ours: &[u8], java: &[u8]) -> String {
    let at = ours.iter().zip(java).position(|(a, b)| a != b);
    let at = at.unwrap_or(ours.len().min(java.len()));
    let around = |bytes: &[u8]| {
        let near = bytes.get(at.saturating_sub(4)..(at + 12).min(bytes.len()));
        near.unwrap_or_default()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect::<String>()
    };
    format!(
        "differs at byte {at}, ours {} bytes ..{}.., java {} bytes ..{}..",
        ours.len(),
        around(ours),
        java.len(),
        around(java)
    )
}
