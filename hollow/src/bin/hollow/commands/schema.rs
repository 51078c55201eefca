//! `hollow schema`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::output::{print_json, write};
use crate::source;
use hollow::schema::Schema;
use hollow::tools::text::SchemaDoc;
use serde_json::json;
use std::io::Write;

#[derive(clap::Args)]
pub(crate) struct SchemaArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// Prints this type only.
    #[arg(value_name = "TYPE")]
    type_name: Option<String>,
}

/// The schemas of a state: their text form, which can be read again; or JSON.
pub(crate) fn run(args: &SchemaArgs) -> Result<Answer, Failure> {
    let state = source::state(&args.state)?;
    let dataset = state.dataset();
    if let Some(name) = &args.type_name {
        source::require_type(&state, name)?;
    }
    let wanted = |schema: &&Schema| args.type_name.as_ref().is_none_or(|name| schema.name() == name);
    let schemas = dataset.schemas().iter().filter(wanted);
    if args.state.store.json {
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
