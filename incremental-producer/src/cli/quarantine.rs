//! `quarantine`: what was refused.

use super::failure::{Answer, Known, print, print_json, printable};
use super::target::Target;
use super::time;
use anyhow::{Context, Result, bail};
use hollow::consumer::Consumer;
use hollow::read::ReadState;
use hollow::store::{BlobKind, Key, Store};
use incremental_producer::control::{Candidate, candidate, candidates};
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) target: Target,
    /// One candidate, with everything the validators said.
    #[arg(long, value_name = "ID")]
    candidate: Option<String>,
    /// Writes the candidate's state into a new directory, for `hollow inspect`, `query`, `dump` and the others.
    #[arg(long, value_name = "DIR", requires = "candidate")]
    to: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  incremental-producer quarantine titles --config producer.toml
  incremental-producer quarantine titles --config producer.toml --candidate 20261123140000000-1f3a --to ./refused
  hollow query --store ./refused 'Title | count'";

pub(super) fn quarantine(arguments: &Arguments) -> Result<Answer> {
    let store = arguments.target.store()?;
    let name = arguments.target.name();
    let found = match &arguments.candidate {
        Some(id) => match candidate(&store, id) {
            Err(hollow::store::StoreError::Absent { .. }) => {
                return Err(Known::NotFound(format!("no such candidate, dataset={name} candidate={id}")).into());
            }
            found => vec![found.context("cannot read the candidate")?],
        },
        None => candidates(&store).context("cannot look into quarantine")?,
    };
    if let (Some(directory), [candidate]) = (&arguments.to, found.as_slice()) {
        write_state(&store, candidate, directory)?;
    }
    if arguments.target.json {
        let listed: Vec<_> = found.iter().map(as_json).collect();
        print_json(&json!({"schema": 1, "dataset": name, "candidates": listed}))?;
        return Ok(Answer::Yes);
    }
    let mut text = String::new();
    for candidate in &found {
        text += &as_text(candidate);
    }
    if found.is_empty() {
        text = format!("{name}: nothing was refused\n");
    }
    print(&text)?;
    Ok(Answer::Yes)
}

pub(super) fn as_json(candidate: &Candidate) -> serde_json::Value {
    let manifest = &candidate.manifest;
    json!({
        "candidate": candidate.name,
        "version": manifest.version,
        "based_on": manifest.previous.map(|previous| previous.version),
        "refused_at": manifest.created_at,
        "position": candidate.position().map(|position| position.offsets.to_string()),
        "digest": manifest.change_digest,
        "counts": manifest.counts,
        "receipts": manifest.receipts,
    })
}

fn as_text(candidate: &Candidate) -> String {
    let manifest = &candidate.manifest;
    let based_on = manifest
        .previous
        .map_or_else(|| "none".to_owned(), |previous| previous.version.to_string());
    let mut text = format!(
        "{}\n  refused at  {} ({})\n  continues   version={based_on}\n",
        candidate.name,
        time::utc(manifest.created_at),
        time::ago(manifest.created_at, time::now()),
    );
    if let Some(position) = candidate.position() {
        text += &format!("  offsets     {}\n", position.offsets);
    }
    if let Some(digest) = manifest.change_digest {
        text += &format!("  digest      {digest}\n");
    }
    for receipt in &manifest.receipts {
        let verdict = if receipt.passed { "ok         " } else { "REFUSED    " };
        text += &format!(
            "  {verdict} {}: {}\n",
            printable(&receipt.validator),
            printable(&receipt.details)
        );
    }
    text
}

/// Writes the state as a snapshot, in the layout that `hollow` opens by itself.
fn write_state(store: &Store, candidate: &Candidate, directory: &Path) -> Result<()> {
    if directory.exists() {
        return Err(Known::Refused(format!("there is something already, directory={}", directory.display())).into());
    }
    let state = state(store, candidate)?;
    std::fs::create_dir_all(directory).context("cannot make the directory")?;
    let version = candidate.manifest.version;
    let file =
        std::fs::File::create_new(directory.join(format!("snapshot-{version}"))).context("cannot make a file")?;
    let mut out = std::io::BufWriter::new(file);
    hollow::tools::rewrite::snapshot(&state, &mut out).context("cannot write the snapshot")?;
    std::io::Write::flush(&mut out).context("cannot write the snapshot")?;
    std::fs::write(directory.join("announced.version"), version.to_string()).context("cannot write the version")?;
    Ok(())
}

/// The candidate's state: its snapshot, or what its delta makes of the version it continues.
fn state(store: &Store, candidate: &Candidate) -> Result<ReadState> {
    let manifest = &candidate.manifest;
    let open = |kind: BlobKind| -> Result<Vec<u8>> {
        let entry = manifest.blob(kind).context("the candidate has no such blob")?;
        let key = Key::new(format!("quarantine/{}-{kind}", candidate.name))?;
        let bytes = store
            .blobs()
            .open_within(&key, entry.length)
            .context("cannot open a blob of the candidate")?;
        if hollow::store::Sha256::of(&bytes) != entry.sha256 {
            bail!("a blob of the candidate is damaged, kind={kind}");
        }
        Ok(bytes.to_vec())
    };
    if manifest.blob(BlobKind::Snapshot).is_some() {
        return Ok(ReadState::from_snapshot(&open(BlobKind::Snapshot)?)?);
    }
    let previous = manifest
        .previous
        .context("the candidate continues nothing and has no snapshot")?;
    let consumer = Consumer::builder(store.clone()).build()?;
    consumer
        .refresh_to(previous.version)
        .context("the version it continues cannot be loaded")?;
    let before = consumer.state().context("the version it continues cannot be loaded")?;
    Ok(before.apply_delta(&open(BlobKind::Delta)?)?)
}
