//! `hollow gc`: removes what nothing reaches any more.

use crate::failure::{Answer, Failure};
use crate::operator::{LocationArgs, duration};
use crate::output::{print_json, printable, write};
use hollow::store::Store;
use hollow::store::gc::{Collection, GcError, Keep, Removed, plan, remove};
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, SystemTime};

#[derive(clap::Args)]
pub(crate) struct GcArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,
    /// How many of the newest versions to keep.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
    /// Keeps whatever is younger than this; at least twice as long as publishing or loading a version may take.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    grace: Duration,
    /// Keeps refused candidates for so long.
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = duration)]
    quarantine: Duration,
    /// The store of a dataset made from this one: keeps what its versions name as their inputs.
    #[arg(long, value_name = "STORE")]
    derived: Vec<String>,
    /// Removes; without it only the plan is printed.
    #[arg(long)]
    apply: bool,
}

/// Prints what is kept, why, and what goes; removes it if told to.
pub(crate) fn gc(args: &GcArgs) -> Result<Answer, Failure> {
    let store = args.location.open()?;
    let mut keep = Keep::versions(usize::try_from(args.keep).unwrap_or(usize::MAX))
        .grace(args.grace)
        .quarantine(args.quarantine);
    for derived in &args.derived {
        keep = keep.derived(Store::open_existing_at(derived)?);
    }
    let collection = plan(&store, &keep, SystemTime::now())?;
    let shown = collection.clone();
    let removed = match args.apply {
        true => Some(remove(&store, collection, &keep, SystemTime::now, || Ok(true))?),
        false => None,
    };
    match args.location.json {
        true => print_json(&to_json(&shown, removed)),
        false => print(&shown, removed),
    }
}

fn to_json(collection: &Collection, removed: Option<Removed>) -> Value {
    let kept = |kept: &hollow::store::gc::Kept| {
        let why: Vec<String> = kept.why.iter().map(ToString::to_string).collect();
        json!({"version": kept.version, "why": why})
    };
    let garbage = collection.garbage.iter();
    let garbage = garbage.map(|object| json!({"key": object.key.as_str(), "bytes": object.bytes}));
    json!({
        "schema": 1,
        "kept": collection.kept.iter().map(kept).collect::<Vec<_>>(),
        "kept_bytes": collection.kept_bytes,
        "without_blobs": collection.thinned,
        "missing": collection.missing.iter().map(kept).collect::<Vec<_>>(),
        "garbage": garbage.collect::<Vec<_>>(),
        "garbage_bytes": collection.garbage_bytes(),
        "removed": removed.map(|removed| json!({"objects": removed.objects, "bytes": removed.bytes})),
    })
}

fn print(collection: &Collection, removed: Option<Removed>) -> Result<Answer, Failure> {
    write(|out| {
        let mut rows = |title: &str, rows: &[hollow::store::gc::Kept]| {
            rows.iter().try_for_each(|kept| {
                let why: Vec<String> = kept.why.iter().map(ToString::to_string).collect();
                let version = kept.version.to_string();
                writeln!(out, "{title:<8}  {version:<20}  {}", printable(&why.join(", ")))
            })
        };
        rows("keep", &collection.kept)?;
        rows("missing", &collection.missing)?;
        writeln!(
            out,
            "keeps {} versions, {} bytes; {} versions on the way to them are without blobs",
            collection.kept.len(),
            collection.kept_bytes,
            collection.thinned
        )?;
        match removed {
            Some(removed) => writeln!(out, "removed {} objects, {} bytes", removed.objects, removed.bytes),
            None => writeln!(
                out,
                "would remove {} objects, {} bytes; --apply does",
                collection.garbage.len(),
                collection.garbage_bytes()
            ),
        }
    })
}

impl From<GcError> for Failure {
    fn from(error: GcError) -> Self {
        match error {
            GcError::Store(error) => error.into(),
            error => Failure::refused(error, "set the clock, or run this where it is right"),
        }
    }
}
