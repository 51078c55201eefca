//! A liveness state taken apart by hand, without the gatekeeper's own reader: one answer for each video and country.

use anyhow::{Context, Result, bail, ensure};
use hollow::read::ReadState;
use hollow::record::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Video and country.
pub type Place = (i64, String);

/// What is said about a video in a country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub status: String,
    /// Codes with their details.
    pub reasons: BTreeSet<(String, String)>,
    /// From, until, next change.
    pub times: [Option<i64>; 3],
}

impl Cell {
    pub fn has(&self, code: &str) -> bool {
        self.reasons.iter().any(|(found, _)| found == code)
    }
}

/// Every cell of a state.
///
/// # Errors
/// When a video has two answers for a country, a verdict for no country, or a record is not as the schema says.
pub fn cells(state: &ReadState) -> Result<BTreeMap<Place, Cell>> {
    let mut cells = BTreeMap::new();
    let ty = state.ty("VideoLiveness").context("no type VideoLiveness")?;
    for ordinal in ty.populated() {
        let video = state.value("VideoLiveness", ordinal).context("no record")?;
        let [Value::Long(id), Value::List(verdicts)] = object(&video)? else {
            bail!("{video:?}");
        };
        for verdict in verdicts {
            let [Value::Set(countries), status, Value::List(reasons), from, until, next] = object(verdict)? else {
                bail!("{verdict:?}");
            };
            let reason = |reason: &Value| -> Result<(String, String)> {
                let [code, detail, owner, input] = object(reason)? else {
                    bail!("{reason:?}");
                };
                ensure!(!text(owner)?.is_empty() && !text(input)?.is_empty(), "{reason:?}");
                Ok((text(code)?, text(detail)?))
            };
            let cell = Cell {
                status: word(status)?,
                reasons: reasons.iter().map(reason).collect::<Result<_>>()?,
                times: [time(from)?, time(until)?, time(next)?],
            };
            ensure!(!countries.is_empty(), "video {id} has a verdict for no country");
            for country in countries {
                let place = (*id, word(country)?);
                ensure!(
                    cells.insert(place.clone(), cell.clone()).is_none(),
                    "two verdicts on {place:?}"
                );
            }
        }
    }
    Ok(cells)
}

fn object(value: &Value) -> Result<&[Value]> {
    match value {
        Value::Object(fields) => Ok(fields),
        other => bail!("no object: {other:?}"),
    }
}

fn text(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        other => bail!("no text: {other:?}"),
    }
}

/// The text of an object with that one field.
fn word(value: &Value) -> Result<String> {
    match object(value)? {
        [value] => text(value),
        other => bail!("no word: {other:?}"),
    }
}

fn time(value: &Value) -> Result<Option<i64>> {
    match value {
        Value::Null => Ok(None),
        Value::Long(ms) => Ok(Some(*ms)),
        other => bail!("no time: {other:?}"),
    }
}
