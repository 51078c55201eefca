//! `hollow get`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::output::{print_json, printable, write};
use crate::record_finder::{RecordFinder, missing};
use crate::source;
use hollow::read::ReadState;
use hollow::record::{KeyPaths, KeyValue, json as readable, key_json};
use hollow::tools::references::{Referrer, referrers};
use serde_json::{Value, json};
use std::io::Write;

#[derive(clap::Args)]
pub(crate) struct GetArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// The record: Type:key[,key…]; with a comma or quote within a key Type:["a,b",7]; by ordinal Type:#7.
    #[arg(value_name = "TYPE:KEY")]
    selector: String,
    /// Also prints which records refer to this one.
    #[arg(long)]
    refs: bool,
}

/// One record, with all it refers to.
pub(crate) fn run(args: &GetArgs) -> Result<Answer, Failure> {
    let state = source::state(&args.state)?;
    let (type_name, ordinal) = RecordFinder::new(&state).find(&args.selector)?;
    let record = state.value(type_name, ordinal).ok_or_else(|| missing(&args.selector))?;
    let from = match args.refs {
        true => referrers(&state, type_name, ordinal),
        false => Vec::new(),
    };
    let record = readable::readable(state.dataset(), type_name, &record);
    if args.state.store.json {
        let mut answer = json!({
            "schema": 1,
            "version": state.version(),
            "type": type_name,
            "ordinal": ordinal.get(),
            "record": serde_json::to_value(&record).map_err(Failure::damaged)?,
        });
        if args.refs {
            answer["refs"] = from.iter().map(|from| referrer_json(&state, from)).collect();
        }
        return print_json(&answer);
    }
    write(|out| {
        serde_json::to_writer_pretty(&mut *out, &record)?;
        writeln!(out)?;
        if args.refs {
            writeln!(out, "\nreferred to by {}", from.len())?;
        }
        for from in &from {
            let key = key_of(&state, from).map_or_else(|| format!("#{}", from.ordinal), |key| key_json(&key));
            writeln!(
                out,
                "  {}.{}  {}",
                printable(from.type_name),
                printable(from.through),
                printable(&key)
            )?;
        }
        Ok(())
    })
}

fn key_of(state: &ReadState, from: &Referrer<'_>) -> Option<Vec<KeyValue>> {
    let paths = KeyPaths::resolve(state.dataset(), from.type_name).ok()?;
    paths.of(&state.value(from.type_name, from.ordinal)?).ok()
}

fn referrer_json(state: &ReadState, from: &Referrer<'_>) -> Value {
    let key = key_of(state, from).and_then(|key| serde_json::from_str::<Value>(&key_json(&key)).ok());
    json!({
        "type": from.type_name,
        "ordinal": from.ordinal.get(),
        "through": from.through,
        "key": key,
    })
}
