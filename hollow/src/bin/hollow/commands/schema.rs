//! `hollow schema`.

use super::rust;
use crate::args::{RouteArg, StateArgs, StoreArgs};
use crate::failure::{Answer, Failure};
use crate::output::{print_json, write};
use crate::source;
use hollow::Version;
use hollow::schema::Schema;
use hollow::tools::text::SchemaDoc;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct SchemaArgs {
    /// The store: a directory, also one in the layout of Java Hollow; or s3://bucket/prefix?options (if built with it).
    #[arg(long, env = "HOLLOW_STORE", value_name = "STORE", required_unless_present = "rust")]
    store: Option<PathBuf>,
    /// Prints JSON, and errors as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// The version [default: the announced one].
    #[arg(long, value_name = "VERSION")]
    version: Option<Version>,
    /// How to get there [default: the cheapest way].
    #[arg(long)]
    route: Option<RouteArg>,
    /// Prints Rust structs that derive the schemas: those of the state, or those in a file.
    #[arg(long, value_name = "FILE", num_args = 0..=1, conflicts_with_all = ["json", "type_name"])]
    rust: Option<Option<PathBuf>>,
    /// Prints this type only.
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
}

/// The schemas of a state: their text form, which can be read again; or JSON.
pub(crate) fn run(args: &SchemaArgs) -> Result<Answer, Failure> {
    if let Some(Some(file)) = &args.rust {
        return rust::of_file(file);
    }
    let Some(store) = args.store.clone() else {
        return Err(Failure::usage("neither a store nor a file is given").hint("hollow schema --rust FILE"));
    };
    let store = StoreArgs { store, json: args.json };
    let (version, route) = (args.version, args.route);
    let state = source::state(&StateArgs { store, version, route })?;
    if args.rust.is_some() {
        return rust::print(state.dataset());
    }
    let dataset = state.dataset();
    if let Some(name) = &args.type_name {
        source::require_type(&state, name)?;
    }
    let wanted = |schema: &&Schema| args.type_name.as_ref().is_none_or(|name| schema.name() == name);
    let schemas = dataset.schemas().iter().filter(wanted);
    if args.json {
        let types: Vec<SchemaDoc> = schemas.map(SchemaDoc::from).collect();
        return print_json(&json!({
            "schema": 1,
            "version": state.version(),
            "schema_hash": dataset.schema_hash(),
            "types": types,
        }));
    }
    // The text form is for files; names that could steer a terminal cannot be parsed anyway.
    write(|out| {
        for (index, schema) in schemas.enumerate() {
            let blank = if index > 0 { "\n" } else { "" };
            writeln!(out, "{blank}{schema}")?;
        }
        Ok(())
    })
}
