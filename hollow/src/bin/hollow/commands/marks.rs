//! `hollow mark-bad`, `mark-good`, `marks`: what people found versions to be.

use crate::failure::{Answer, Failure};
use crate::operator::{LocationArgs, WordArgs, moment, now};
use crate::output::{print_json, printable, write};
use hollow::Version;
use hollow::store::{Mark, Marks, Verdict};
use serde_json::json;
use std::io::Write;

#[derive(clap::Args)]
pub(crate) struct MarkArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,
    /// A version, or the first and the last of several: FROM..TO.
    #[arg(value_name = "FROM..TO", value_parser = range)]
    versions: (Version, Version),
    #[command(flatten)]
    word: WordArgs,
}

#[derive(clap::Args)]
pub(crate) struct MarksArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,
}

fn range(text: &str) -> Result<(Version, Version), String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    match (from.parse(), to.parse()) {
        (Ok(from), Ok(to)) if from <= to => Ok((from, to)),
        _ => Err("expected VERSION or FROM..TO, the first version before the last".to_owned()),
    }
}

/// Says that versions are bad, or good.
pub(crate) fn mark(args: &MarkArgs, verdict: Verdict) -> Result<Answer, Failure> {
    let store = args.location.open()?;
    let (from, to) = args.versions;
    let mark = Mark {
        from,
        to,
        verdict,
        reason: args.word.reason.clone(),
        by: args.word.by(),
        marked_at: now(),
    };
    store.change::<Marks, _, Failure>(|marks| Ok(marks.add(mark.clone())?))?;
    if args.location.json {
        return print_json(&json!({"schema": 1, "mark": mark}));
    }
    let word = word(verdict);
    write(|out| writeln!(out, "marked {from}..{to} as {word}"))
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Bad => "bad",
        Verdict::Good => "good",
    }
}

/// All marks, the last one last.
pub(crate) fn marks(args: &MarksArgs) -> Result<Answer, Failure> {
    let (marks, _) = args.location.open()?.document::<Marks>()?;
    if args.location.json {
        return print_json(&json!({"schema": 1, "marks": marks.all()}));
    }
    write(|out| {
        writeln!(
            out,
            "{:<20}  {:<20}  {:<4}  {:<20}  {:<16}  REASON",
            "FROM", "TO", "IS", "SINCE", "BY"
        )?;
        for mark in marks.all() {
            writeln!(
                out,
                "{:<20}  {:<20}  {:<4}  {:<20}  {:<16}  {}",
                mark.from.to_string(),
                mark.to.to_string(),
                word(mark.verdict),
                moment(mark.marked_at),
                printable(&mark.by),
                printable(&mark.reason),
            )?;
        }
        Ok(())
    })
}
