//! `hollow query`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::output::{print_json, printable, write};
use crate::source;
use hollow::read::ReadState;
use hollow::record::json as readable;
use hollow::schema::Dataset;
use hollow::tools::query::{BoundQuery, Group, Query, QueryReason};
use serde_json::{Value, json};
use std::io::{self, Write};

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct QueryArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// What to look for: Type [where condition] [| count [by path]].
    #[arg(value_name = "QUERY")]
    query: String,
    /// Prints this many records at most and looks no further; 0 prints all.
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

const EXAMPLES: &str = "\
Examples:
  hollow query 'Title where release_date >= 19000 and not (work_type in (Season, Episode))'
  hollow query 'Title where countries_of_origin = DE and original_title ^ \"Der \"' --limit 0
  hollow query 'Asset where language is null | count by asset_type'

Conditions: path = != < <= > >= value, path ^ prefix, path contains text, path in (a, b), path = null; and, or, not, ().
A path goes through references and into collections: a test asks whether any value it reaches fulfils it.
Exit code 1 if nothing matches.";

const SCHEMA: &str = "hollow schema --store DIR shows types and fields";

/// The records that fulfil a condition, or how many there are.
pub(crate) fn run(args: &QueryArgs) -> Result<Answer, Failure> {
    let failed = |error: hollow::tools::query::QueryError| match &error.reason {
        QueryReason::UnknownType { .. } => Failure::not_found(error).hint(SCHEMA),
        QueryReason::UnknownField { .. } => Failure::usage(error).hint(SCHEMA),
        _ => Failure::usage(error).hint("hollow query --help shows examples"),
    };
    let query = Query::parse(&args.query).map_err(failed)?;
    let state = source::state(&args.state)?;
    let bound = query.bind(&state).map_err(failed)?;
    let asked = Asked {
        state: &state,
        query: &bound,
        json: args.state.store.json,
    };
    if let Some(groups) = bound.count_by() {
        return asked.groups(&groups);
    }
    match bound.is_count() {
        true => asked.count(),
        false => asked.records(args.limit),
    }
}

struct Asked<'a> {
    state: &'a ReadState,
    query: &'a BoundQuery<'a>,
    json: bool,
}

impl Asked<'_> {
    fn type_name(&self) -> &str {
        self.query.type_state().name()
    }

    /// What every answer begins with.
    fn head(&self, scanned: u64) -> Value {
        json!({
            "schema": 1,
            "version": self.state.version(),
            "type": self.type_name(),
            "scanned": scanned,
        })
    }

    fn all(&self) -> u64 {
        self.query.type_state().len() as u64
    }

    fn count(&self) -> Result<Answer, Failure> {
        let count = self.query.matching().count();
        self.tell(self.all(), "");
        match self.json {
            true => {
                let mut answer = self.head(self.all());
                answer["count"] = json!(count);
                print_json(&answer)?;
            }
            false => drop(write(|out| writeln!(out, "{count}"))?),
        }
        Ok(found(count > 0))
    }

    fn groups(&self, groups: &[Group]) -> Result<Answer, Failure> {
        self.tell(self.all(), "");
        let plain = |group: &Group| readable::to_json(&Dataset::default(), "", &group.value);
        match self.json {
            true => {
                let mut answer = self.head(self.all());
                let groups = groups
                    .iter()
                    .map(|group| json!({"value": plain(group), "count": group.records}));
                answer["groups"] = groups.collect();
                print_json(&answer)?;
            }
            false => drop(write(|out| {
                groups.iter().try_for_each(|group| {
                    let value = match plain(group) {
                        Value::String(text) => printable(&text),
                        other => other.to_string(),
                    };
                    writeln!(out, "{:>10}  {value}", group.records)
                })
            })?),
        }
        Ok(found(!groups.is_empty()))
    }

    /// One record a line; with JSON one document, written as it is found.
    fn records(&self, limit: usize) -> Result<Answer, Failure> {
        let limit = if limit == 0 { usize::MAX } else { limit };
        let mut printed = 0;
        let mut scanned = 0;
        let mut limited = false;
        write(|out| {
            if self.json {
                let head = self.head(0);
                write!(
                    out,
                    "{{\"schema\":1,\"version\":{},\"type\":{},\"records\":[",
                    head["version"], head["type"]
                )?;
            }
            for ordinal in self.query.type_state().populated() {
                if printed == limit {
                    limited = true;
                    break;
                }
                scanned += 1;
                if !self.query.is_match(ordinal) {
                    continue;
                }
                let Some(value) = self.state.value(self.type_name(), ordinal) else {
                    continue;
                };
                let record = readable::readable(self.state.dataset(), self.type_name(), &value);
                if self.json {
                    let comma = if printed > 0 { "," } else { "" };
                    write!(out, "{comma}\n{{\"ordinal\":{ordinal},\"record\":")?;
                }
                serde_json::to_writer(&mut *out, &record)?;
                out.write_all(if self.json { b"}" } else { b"\n" })?;
                printed += 1;
            }
            match self.json {
                true => writeln!(
                    out,
                    "],\"count\":{printed},\"scanned\":{scanned},\"limited\":{limited}}}"
                ),
                false => Ok(()),
            }
        })?;
        let note = match limited {
            true => format!("; stopped at {printed} records, --limit 0 prints all"),
            false => String::new(),
        };
        self.tell(scanned, &note);
        Ok(found(printed > 0))
    }

    /// Says on standard error what was looked at.
    fn tell(&self, scanned: u64, note: &str) {
        let (all, type_name) = (self.all(), printable(self.type_name()));
        let _ = writeln!(io::stderr(), "scanned {scanned} of {all} {type_name} records{note}");
    }
}

fn found(any: bool) -> Answer {
    if any { Answer::Yes } else { Answer::No }
}
