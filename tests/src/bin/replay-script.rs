//! Replays a recorded script through the write engine and puts the blobs in a folder, named as in the golden vectors.

use anyhow::{Context, bail};
use clap::Parser;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tests::replay::{Replay, Script, replay};

/// Replays a recorded script and writes its blobs.
#[derive(Parser)]
struct Arguments {
    /// The script: a `script.json` of the golden vectors.
    script: PathBuf,
    /// Where the blobs go; made if it is not there.
    out_dir: PathBuf,
    /// An optional part with its types, as NAME=TYPE,TYPE. May be given several times.
    #[arg(long = "part", value_parser = parse_part)]
    parts: Vec<(String, Vec<String>)>,
    /// Write header blobs too.
    #[arg(long)]
    headers: bool,
    /// Flat records that the script dumps: a `flat-records.json`.
    #[arg(long)]
    flat_records: Option<PathBuf>,
}

fn parse_part(text: &str) -> Result<(String, Vec<String>), String> {
    let (name, types) = text.split_once('=').ok_or("expected NAME=TYPE,TYPE")?;
    Ok((name.to_owned(), types.split(',').map(str::to_owned).collect()))
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let text = std::fs::read(&arguments.script).with_context(|| format!("reading {}", arguments.script.display()))?;
    let script: Script = serde_json::from_slice(&text).context("reading the script")?;
    let mut settings = Replay {
        parts: arguments.parts.into_iter().collect::<BTreeMap<_, _>>(),
        header_blobs: arguments.headers,
        ..Replay::default()
    };
    if let Some(path) = &arguments.flat_records {
        let json = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        settings.read_flat_records(&json)?;
    }
    let incomplete = script
        .producers
        .iter()
        .flat_map(|p| &p.cycles)
        .any(|cycle| !cycle.ops_complete);
    if incomplete {
        bail!("the operations of this case were not recorded, so there is nothing to replay");
    }
    let files = replay(&script, &settings)?;
    std::fs::create_dir_all(&arguments.out_dir)?;
    for (name, bytes) in &files {
        std::fs::write(arguments.out_dir.join(name), bytes).with_context(|| format!("writing {name}"))?;
    }
    println!("{}: {} files", script.case, files.len());
    Ok(())
}
