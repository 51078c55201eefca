//! `hollow schema`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::output::{print_json, write};
use crate::source;
use hollow::schema::{HashKey, PrimaryKey, Schema};
use serde_json::{Value, json};
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
        let types: Vec<Value> = schemas.map(schema_json).collect();
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

fn schema_json(schema: &Schema) -> Value {
    let paths = |key: Option<&[String]>| key.map(<[String]>::to_vec);
    let mut json = json!({"name": schema.name(), "kind": schema.kind().to_string()});
    match schema {
        Schema::Object(object) => {
            let fields: Vec<Value> = object
                .fields
                .iter()
                .map(|field| match field.ty.reference() {
                    Some(to) => json!({"name": field.name, "type": "REFERENCE", "to": to}),
                    None => json!({"name": field.name, "type": field.ty.to_string().to_uppercase()}),
                })
                .collect();
            json["fields"] = fields.into();
            json["primary_key"] = json!(paths(object.primary_key.as_ref().map(PrimaryKey::paths)));
        }
        Schema::List(list) => json["element"] = json!(list.element),
        Schema::Set(set) => {
            json["element"] = json!(set.element);
            json["hash_key"] = json!(paths(set.hash_key.as_ref().map(HashKey::paths)));
        }
        Schema::Map(map) => {
            json["key"] = json!(map.key);
            json["value"] = json!(map.value);
            json["hash_key"] = json!(paths(map.hash_key.as_ref().map(HashKey::paths)));
        }
    }
    json
}
