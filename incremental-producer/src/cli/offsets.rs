//! `offsets`: how far the log is folded in the announced version.

use super::failure::{Answer, Known, print, print_json};
use super::target;
use anyhow::{Context, Result};
use hollow::store::Store;
use incremental_producer::source::LogPosition;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The dataset's name in the configuration file.
    #[arg(value_name = "DATASET", requires = "config", required_unless_present = "store")]
    dataset: Option<String>,
    /// The configuration file.
    #[arg(long, value_name = "FILE", requires = "dataset", conflicts_with = "store")]
    config: Option<PathBuf>,
    /// Where the dataset is published to, in place of a configuration: a directory, or s3://bucket/prefix.
    #[arg(long, value_name = "STORE")]
    store: Option<String>,
    /// Prints JSON, and errors as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn offsets(arguments: &Arguments) -> Result<Answer> {
    let location = match (&arguments.store, &arguments.config, &arguments.dataset) {
        (Some(store), _, _) => store.clone(),
        (None, Some(config), Some(dataset)) => target::find(config, dataset)?.store,
        _ => return Err(Known::Usage("give a DATASET with --config, or --store".to_owned()).into()),
    };
    let store = Store::open_existing_at(&location).context("cannot open the store")?;
    let Some((head, _)) = store.head().context("cannot read the head")? else {
        return Err(Known::NotFound(format!("nothing is announced, store={location}")).into());
    };
    let manifest = store
        .manifest(head.version, &head.manifest)
        .context("cannot read the manifest")?;
    let position = LogPosition::from_tags(&manifest.header_tags);
    if arguments.json {
        let offsets = position
            .as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map(|position| position.offsets.to_string());
        print_json(&serde_json::json!({
            "schema": 1, "version": head.version, "offsets": offsets, "header_tags": manifest.header_tags,
        }))?;
    } else {
        let mut text = format!("version={}\n", head.version);
        for (tag, value) in &manifest.header_tags {
            text += &format!("{tag}={value}\n");
        }
        print(&text)?;
    }
    position?;
    Ok(Answer::Yes)
}
