//! `hollow get`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::output::{print_json, printable, write};
use crate::source;
use hollow::Ordinal;
use hollow::index::UniqueKey;
use hollow::read::ReadState;
use hollow::record::{KeyPaths, KeyValue, json as readable, key_json};
use hollow::schema::FieldType;
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
    let Some((type_name, key)) = args.selector.split_once(':') else {
        return Err(Failure::usage(format!("expected Type:key, found {:?}", args.selector)));
    };
    source::require_type(&state, type_name)?;
    let ordinal = find(&state, type_name, key)?;
    let record = state.value(type_name, ordinal).ok_or_else(|| missing(type_name, key))?;
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

fn missing(type_name: &str, key: &str) -> Failure {
    Failure::not_found(format!("there is no record {type_name}:{key}")).hint(format!(
        "hollow query '{type_name} where …' finds records by their fields"
    ))
}

/// The record that a key names.
fn find(state: &ReadState, type_name: &str, key: &str) -> Result<Ordinal, Failure> {
    if let Some(number) = key.strip_prefix('#') {
        let number = number
            .parse()
            .map_err(|_| Failure::usage(format!("expected an ordinal, found {number:?}")))?;
        return Ordinal::new(number).ok_or_else(|| missing(type_name, key));
    }
    let paths = KeyPaths::resolve(state.dataset(), type_name)
        .map_err(|error| Failure::usage(error).hint(format!("{type_name}:#7 is the record with ordinal 7")))?;
    let parts = parse_key(&paths, key)?;
    let index = UniqueKey::build(state, type_name).map_err(Failure::usage)?;
    index.find(state, &parts).ok_or_else(|| missing(type_name, key))
}

/// A key as it is typed: JSON, or its parts with commas between them.
fn parse_key(paths: &KeyPaths, key: &str) -> Result<Vec<KeyValue>, Failure> {
    let names: Vec<String> = paths.paths().iter().map(|path| path.full_name()).collect();
    let failed =
        |error: hollow::record::KeyError| Failure::usage(error).hint(format!("the key is {}", names.join(",")));
    if key.starts_with('[') {
        return paths.parse(key.as_bytes()).map_err(failed);
    }
    // A key with a single part may contain commas.
    let parts: Vec<&str> = match paths.paths() {
        [_] => vec![key],
        _ => key.split(',').collect(),
    };
    let json: Vec<Value> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| match paths.paths().get(at).map(|path| &path.ty) {
            Some(FieldType::String | FieldType::Bytes) | None => json!(part),
            Some(_) => serde_json::from_str(part)
                .ok()
                .filter(|value: &Value| value.is_number() || value.is_boolean())
                .unwrap_or_else(|| json!(part)),
        })
        .collect();
    paths.parse(Value::from(json).to_string().as_bytes()).map_err(failed)
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
