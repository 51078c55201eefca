//! `hold` and `release`: whether a dataset's service may fold.

use super::failure::{Answer, Known, print, print_json};
use super::target::Target;
use super::time;
use anyhow::{Context, Result};
use hollow::store::{Register, SCHEMA, Store};
use incremental_producer::control::{Hold, candidates, read_register, write_register};

#[derive(clap::Args)]
pub(super) struct HoldArguments {
    #[command(flatten)]
    pub(super) target: Target,
    /// Who wants it.
    #[arg(long, value_name = "NAME", value_parser = said)]
    by: String,
    /// Why.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    reason: String,
    /// When it ends by itself: 2026-11-23T14:00:00Z, or 90s, 15m, 2h, 7d from now.
    #[arg(long, value_name = "TIME", value_parser = time::until)]
    until: Option<u64>,
}

#[derive(clap::Args)]
pub(super) struct ReleaseArguments {
    #[command(flatten)]
    pub(super) target: Target,
    /// Who wants it.
    #[arg(long, value_name = "NAME", value_parser = said, default_value = "unknown")]
    by: String,
    /// Why.
    #[arg(long, value_name = "TEXT", value_parser = said, default_value = "released")]
    reason: String,
}

/// A text that says something, and fits into a header tag.
pub(super) fn said(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("expected a text".to_owned()),
        text if text.len() > 1000 => Err("expected a text of at most 1000 bytes".to_owned()),
        text => Ok(text.to_owned()),
    }
}

pub(super) fn hold(arguments: &HoldArguments) -> Result<Answer> {
    let document = Hold {
        schema: SCHEMA,
        held: true,
        by: arguments.by.clone(),
        reason: arguments.reason.clone(),
        at: time::now(),
        until: arguments.until,
        forgives: None,
    };
    let store = arguments.target.store()?;
    write(
        &store,
        document,
        &arguments.target,
        "held: nothing is folded from the next cycle on",
    )
}

pub(super) fn release(arguments: &ReleaseArguments) -> Result<Answer> {
    let store = arguments.target.store()?;
    let refused = candidates(&store).context("cannot look into quarantine")?;
    let document = Hold {
        schema: SCHEMA,
        held: false,
        by: arguments.by.clone(),
        reason: arguments.reason.clone(),
        at: time::now(),
        until: None,
        forgives: refused.iter().map(|candidate| candidate.manifest.version).max(),
    };
    write(
        &store,
        document,
        &arguments.target,
        "released: the service goes on with its next cycle",
    )
}

/// Writes the register, unless somebody else does at the same time. What was forgiven once stays so.
fn write(store: &Store, mut document: Hold, target: &Target, done: &str) -> Result<Answer> {
    let before = read_register::<Hold>(store, Register::Hold).context("cannot read the register")?;
    let (before, token) = before.unzip();
    document.forgives = document.forgives.max(before.and_then(|hold| hold.forgives));
    write_register(store, Register::Hold, token.as_ref(), &document).map_err(|error| match error {
        hollow::store::StoreError::Conflict { .. } => anyhow::Error::from(Known::Refused(
            "somebody else held or released it at this moment; look again".to_owned(),
        )),
        error => anyhow::Error::from(error).context("cannot write the register"),
    })?;
    match target.json {
        true => print_json(&serde_json::json!({"schema": 1, "dataset": target.name(), "hold": document}))?,
        false => print(&format!("{}: {done}\n", target.name()))?,
    }
    Ok(Answer::Yes)
}
