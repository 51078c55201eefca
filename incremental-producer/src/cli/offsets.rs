//! `offsets`: how far the log is folded in the announced version.

use anyhow::{Context, Result, bail};
use hollow::store::Store;
use incremental_producer::source::LogPosition;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// Where the dataset is published to: a directory, or s3://bucket/prefix.
    #[arg(long, value_name = "STORE")]
    store: String,
}

pub(super) fn offsets(arguments: &Arguments) -> Result<()> {
    let location = arguments.store.as_str();
    let store = Store::open_existing_at(location).context("cannot open the store")?;
    let Some((head, _)) = store.head().context("cannot read the head")? else {
        bail!("nothing is announced, store={location}");
    };
    let manifest = store
        .manifest(head.version, &head.manifest)
        .context("cannot read the manifest")?;
    println!("version={}", head.version);
    for (tag, value) in &manifest.header_tags {
        println!("{tag}={value}");
    }
    LogPosition::from_tags(&manifest.header_tags)?;
    Ok(())
}
