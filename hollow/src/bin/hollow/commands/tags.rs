//! `hollow tag`, `untag`, `tags`: names that keep versions.

use crate::failure::{Answer, Failure};
use crate::operator::{LocationArgs, WordArgs, moment, now, require_loadable};
use crate::output::{print_json, printable, write};
use hollow::Version;
use hollow::store::{StoreError, Tag, Tags};
use serde_json::json;
use std::io::Write;

#[derive(clap::Args)]
pub(crate) struct TagArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,
    /// The name.
    name: String,
    /// The version to name.
    version: Version,
    #[command(flatten)]
    word: WordArgs,
}

#[derive(clap::Args)]
pub(crate) struct UntagArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,
    /// The name.
    name: String,
}

#[derive(clap::Args)]
pub(crate) struct TagsArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,
}

/// Names a version that can be loaded.
pub(crate) fn tag(args: &TagArgs) -> Result<Answer, Failure> {
    let store = args.location.open()?;
    require_loadable(&store, args.version)?;
    let tag = Tag {
        version: args.version,
        reason: args.word.reason.clone(),
        by: args.word.by(),
        tagged_at: now(),
    };
    store.change::<Tags, _, Failure>(|tags| match tags.add(&args.name, tag.clone()) {
        Err(StoreError::Conflict { .. }) => {
            let other = tags.all().get(&args.name).map_or(args.version, |tag| tag.version);
            let error = format!("the tag {} names version={other}", args.name);
            Err(Failure::refused(
                error,
                "take another name, or hollow untag STORE NAME first",
            ))
        }
        other => Ok(other?),
    })?;
    if args.location.json {
        return print_json(&json!({"schema": 1, "name": args.name, "tag": tag}));
    }
    write(|out| writeln!(out, "tagged {} as {}", tag.version, args.name))
}

/// Takes a name back.
pub(crate) fn untag(args: &UntagArgs) -> Result<Answer, Failure> {
    let taken = args.location.open()?.change::<Tags, _, Failure>(|tags| {
        let tag = tags.remove(&args.name);
        tag.ok_or_else(|| Failure::not_found(format!("there is no tag {}", args.name)))
    });
    let tag = taken.map_err(|failure| failure.hint("hollow tags STORE lists the tags"))?;
    if args.location.json {
        return print_json(&json!({"schema": 1, "name": args.name, "taken_back": tag}));
    }
    write(|out| writeln!(out, "took back {}, which named {}", args.name, tag.version))
}

/// All tags by name.
pub(crate) fn tags(args: &TagsArgs) -> Result<Answer, Failure> {
    let (tags, _) = args.location.open()?.document::<Tags>()?;
    if args.location.json {
        return print_json(&json!({"schema": 1, "tags": tags.all()}));
    }
    write(|out| {
        writeln!(
            out,
            "{:<24}  {:<20}  {:<20}  {:<16}  REASON",
            "NAME", "VERSION", "SINCE", "BY"
        )?;
        for (name, tag) in tags.all() {
            writeln!(
                out,
                "{:<24}  {:<20}  {:<20}  {:<16}  {}",
                printable(name),
                tag.version.to_string(),
                moment(tag.tagged_at),
                printable(&tag.by),
                printable(&tag.reason),
            )?;
        }
        Ok(())
    })
}
