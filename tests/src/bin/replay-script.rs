//! Replays a recorded script through the write engine and puts the blobs in a folder, named as in the golden vectors.

use anyhow::Context;
use clap::Parser;
use std::path::{Path, PathBuf};
use tests::replay::{Replay, Script, replay};

/// Replays a recorded script and writes its blobs.
///
/// Stops at the first ordinal or header tag that is not the recorded one. States to restore from are read back from the
/// snapshots written here. Beside the script, a `flat-records.json` is read if there is one, and recorded snapshots only
/// for cycles whose operations the script does not have.
#[derive(Parser)]
struct Arguments {
    /// The script: a `script.json` of the golden vectors.
    script: PathBuf,
    /// Where the blobs go; made if it is not there.
    out_dir: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let text = std::fs::read(&arguments.script).with_context(|| format!("reading {}", arguments.script.display()))?;
    let script: Script = serde_json::from_slice(&text).context("reading the script")?;
    let folder = arguments.script.parent().unwrap_or(Path::new("."));
    let settings = Replay::for_script(&script, |name| std::fs::read(folder.join(name)).ok())?;
    let files = replay(&script, &settings)?;
    std::fs::create_dir_all(&arguments.out_dir)
        .with_context(|| format!("making the folder {}", arguments.out_dir.display()))?;
    for (name, bytes) in &files {
        std::fs::write(arguments.out_dir.join(name), bytes).with_context(|| format!("writing {name}"))?;
    }
    println!("{}: {} files", script.case, files.len());
    let unrecorded = script.unrecorded().count();
    if unrecorded > 0 {
        println!(
            "{}: operations of {unrecorded} versions were inferred from recorded snapshots",
            script.case
        );
    }
    Ok(())
}
