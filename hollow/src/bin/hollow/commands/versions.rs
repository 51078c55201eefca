//! `hollow versions`.

use crate::args::StoreArgs;
use crate::failure::{Answer, Failure};
use crate::output::{print_json, write};
use crate::source;
use hollow::Version;
use hollow::store::{BlobRef, Link};
use serde_json::{Value, json};
use std::io::Write;

#[derive(clap::Args)]
pub(crate) struct VersionsArgs {
    #[command(flatten)]
    pub(crate) store: StoreArgs,
    /// Lists this many versions at most; 0 lists all.
    #[arg(long, default_value_t = 0)]
    limit: usize,
}

/// The versions of a store.
pub(crate) fn run(args: &VersionsArgs) -> Result<Answer, Failure> {
    let consumer = source::consumer(&args.store.store)?;
    let limit = if args.limit == 0 { usize::MAX } else { args.limit };
    let (announced, links) = (consumer.announced()?, consumer.chain(limit)?);
    if args.store.json {
        let versions: Vec<Value> = links.iter().map(|link| version_json(announced, link)).collect();
        return print_json(&json!({"schema": 1, "announced": announced, "versions": versions}));
    }
    write(|out| {
        writeln!(
            out,
            "{:<20}  {:>14}  {:>14}  {:>14}",
            "VERSION", "SNAPSHOT", "DELTA", "REVERSE DELTA"
        )?;
        for link in &links {
            let size = |blob: &Option<BlobRef>| {
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
    let bytes = |blob: &Option<BlobRef>| blob.as_ref().map(|blob| blob.length);
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
