//! Records as readable JSON, one line each, with all they refer to.
//!
//! ```text
//! {"hollow":"records","form":1,"version":7,"header_tags":{},"schema":"Movie @PrimaryKey(id) { .. }"}
//! {"type":"Movie","record":{"id":1,"title":"The Salt Harbour"}}
//! ```
//!
//! Records are in the readable form of [`record::json`](crate::record::json), and only those of types that no other
//! type refers to, or of the types asked for: what they refer to stands within them. What that form cannot say gets
//! lost: records that nothing refers to of types that something could refer to, ordinals and buckets, unpaired
//! surrogates, bits of NaN, and all that is deeper or larger than [`ReadState::value`] gives. [`lossless`](super::lossless)
//! loses nothing.

use super::{ImportError, ImportReason, Lines};
use crate::Version;
use crate::read::ReadState;
use crate::record::json;
use crate::schema::{Dataset, Schema};
use crate::write::{WriteConfig, WriteStateEngine};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

/// What stands first in the first line.
pub const KIND: &str = "records";
const FORM: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head<'h> {
    #[serde(borrow)]
    hollow: Cow<'h, str>,
    form: u32,
    #[serde(default)]
    version: Option<Version>,
    #[serde(default)]
    header_tags: BTreeMap<String, String>,
    schema: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<'l> {
    #[serde(rename = "type", borrow)]
    type_name: Cow<'l, str>,
    #[serde(borrow)]
    record: &'l RawValue,
}

/// The types that no other type refers to.
pub fn roots(dataset: &Dataset) -> Vec<&str> {
    let is_referred_to = |name: &str| {
        let mut others = dataset.schemas().iter().filter(|other| other.name() != name);
        others.any(|other| other.references().contains(&name))
    };
    let names = dataset.schemas().iter().map(Schema::name);
    names.filter(|name| !is_referred_to(name)).collect()
}

/// Writes the records of these types. Holds one record at a time.
///
/// # Errors
/// Those of `out`.
pub fn write(state: &ReadState, types: &[&str], out: &mut impl Write) -> io::Result<()> {
    let dataset = state.dataset();
    let head = Head {
        hollow: KIND.into(),
        form: FORM,
        version: state.version(),
        header_tags: state.header_tags().clone(),
        schema: dataset.schemas().iter().map(|schema| format!("{schema}\n")).collect(),
    };
    serde_json::to_writer(&mut *out, &head)?;
    out.write_all(b"\n")?;
    for ty in types.iter().filter_map(|name| state.ty(name)) {
        for ordinal in ty.populated() {
            let Some(value) = state.value(ty.name(), ordinal) else {
                continue;
            };
            write!(out, "{{\"type\":{},\"record\":", serde_json::Value::from(ty.name()))?;
            serde_json::to_writer(&mut *out, &json::readable(dataset, ty.name(), &value))?;
            out.write_all(b"}\n")?;
        }
    }
    Ok(())
}

/// Where the schemas come from, and what a line is.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// The schemas; `None` if the first line has them. If it has and they are given, those given count.
    pub dataset: Option<Dataset>,
    /// The type of lines that are records alone, without `{"type":..,"record":..}`.
    pub type_name: Option<String>,
}

/// Reads records and makes a state of them, with this random tag. Besides the state there is one line in memory at a
/// time. Records that stand twice become one.
///
/// # Errors
/// [`ImportError`] with the first line that is not a record of the schemas.
pub fn read(input: impl BufRead, options: &ReadOptions, tag: i64) -> Result<ReadState, ImportError> {
    let mut lines = Lines::new(input);
    let mut filling: Option<Filling> = match &options.dataset {
        Some(dataset) => Some(Filling::new(dataset.clone()).map_err(|reason| reason.at(0))?),
        None => None,
    };
    let mut is_first = true;
    while let Some(line) = lines.next()? {
        let added = match std::mem::replace(&mut is_first, false) {
            true => first(line, options, &mut filling),
            false => add(line, options, filling.as_mut()),
        };
        added.map_err(|reason| reason.at(lines.line))?;
    }
    let filling = filling.ok_or_else(|| ImportReason::syntax(HEAD, "the text is empty").at(1))?;
    filling.finish(tag).map_err(|reason| reason.at(lines.line))
}

const HEAD: &str = "the line that records begin with, or schemas from elsewhere";

/// The first line, which says what follows or is a record.
fn first(line: &[u8], options: &ReadOptions, filling: &mut Option<Filling>) -> Result<(), ImportReason> {
    let head = match serde_json::from_slice::<Head<'_>>(line) {
        Ok(head) if head.hollow == KIND && head.form == FORM => head,
        Ok(head) => {
            let found = format!("found {} in form {}", head.hollow, head.form);
            return Err(ImportReason::syntax(
                "records in form 1, the only one this program reads",
                found,
            ));
        }
        Err(_) if filling.is_some() => return add(line, options, filling.as_mut()),
        Err(error) => return Err(ImportReason::syntax(HEAD, error)),
    };
    if filling.is_none() {
        *filling = Some(Filling::new(Dataset::parse(&head.schema)?)?);
    }
    if let Some(filling) = filling {
        for (key, value) in &head.header_tags {
            filling.engine.set_header_tag(key, value);
        }
    }
    Ok(())
}

fn add(line: &[u8], options: &ReadOptions, filling: Option<&mut Filling>) -> Result<(), ImportReason> {
    const RECORD: &str = "{\"type\":\"..\",\"record\":{..}}";
    let Some(filling) = filling else {
        return Err(ImportReason::syntax(HEAD, "there was none"));
    };
    match &options.type_name {
        Some(name) => filling.add(name, line),
        None => {
            let line: Line<'_> = serde_json::from_slice(line).map_err(|error| ImportReason::syntax(RECORD, error))?;
            filling.add(&line.type_name, line.record.get().as_bytes())
        }
    }
}

/// A state that is being filled.
struct Filling {
    dataset: Dataset,
    engine: WriteStateEngine,
}

impl Filling {
    fn new(dataset: Dataset) -> Result<Self, ImportReason> {
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        for schema in dataset.schemas() {
            engine.add_type(schema.clone(), None)?;
        }
        Ok(Self { dataset, engine })
    }

    fn add(&mut self, type_name: &str, json: &[u8]) -> Result<(), ImportReason> {
        if self.dataset.get(type_name).is_none() {
            return Err(ImportReason::UnknownType(type_name.to_owned()));
        }
        let value = json::parse(&self.dataset, type_name, json)?;
        self.engine.add(type_name, &value)?;
        Ok(())
    }

    fn finish(mut self, tag: i64) -> Result<ReadState, ImportReason> {
        self.engine.set_next_tag(tag);
        let mut snapshot = Vec::new();
        self.engine.write_snapshot(&mut snapshot)?;
        Ok(ReadState::from_snapshot(&snapshot)?)
    }
}
