//! `accept`: a refused candidate is to be published all the same.

use super::failure::{Answer, Known, print, print_json};
use super::hold::said;
use super::target::Target;
use super::time;
use anyhow::{Context, Result};
use hollow::store::{Previous, Register, StoreError};
use incremental_producer::control::{Acceptance, Candidate, candidate, read_register, write_register};

#[derive(clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) target: Target,
    /// The candidate, as `quarantine` names it.
    #[arg(long, value_name = "ID")]
    candidate: String,
    /// Who accepts it.
    #[arg(long, value_name = "NAME", value_parser = said)]
    by: String,
    /// Why it is right although it was refused.
    #[arg(long, value_name = "TEXT", value_parser = said)]
    reason: String,
}

pub(super) fn accept(arguments: &Arguments) -> Result<Answer> {
    let name = arguments.target.name();
    let store = arguments.target.store()?;
    let found = candidate(&store, &arguments.candidate).map_err(|error| match error {
        StoreError::Absent { .. } => anyhow::Error::from(Known::NotFound(format!(
            "no such candidate, dataset={name} candidate={}; `quarantine` lists them",
            arguments.candidate
        ))),
        error => anyhow::Error::from(error).context("cannot read the candidate"),
    })?;
    let head = store.head().context("cannot read the head")?;
    let announced = head.map(|(head, _)| Previous {
        version: head.version,
        manifest: head.manifest,
    });
    let acceptance = check(&found, announced, arguments)?;
    let before = read_register::<Acceptance>(&store, Register::Acceptance).context("cannot read the register")?;
    let token = before.map(|(_, token)| token);
    write_register(&store, Register::Acceptance, token.as_ref(), &acceptance).map_err(|error| match error {
        StoreError::Conflict { .. } => anyhow::Error::from(Known::Refused(
            "somebody else accepted a candidate at this moment; look again".to_owned(),
        )),
        error => anyhow::Error::from(error).context("cannot write the register"),
    })?;
    match arguments.target.json {
        true => print_json(&serde_json::json!({"schema": 1, "dataset": name, "acceptance": acceptance}))?,
        false => print(&format!(
            "{name}: candidate={} is published by the service's next cycle, unless something else comes out\n",
            acceptance.candidate
        ))?,
    }
    Ok(Answer::Yes)
}

fn check(found: &Candidate, announced: Option<Previous>, arguments: &Arguments) -> Result<Acceptance> {
    let version = |previous: Option<Previous>| {
        previous.map_or_else(|| "none".to_owned(), |previous| previous.version.to_string())
    };
    if found.manifest.previous != announced {
        return Err(Known::Refused(format!(
            "the candidate continues version={}, and announced is version={}: it was overtaken, and cannot be published any more",
            version(found.manifest.previous),
            version(announced)
        ))
        .into());
    }
    let acceptance = found.accepted(&arguments.by, &arguments.reason, time::now());
    acceptance.ok_or_else(|| {
        Known::Refused("the candidate does not say how far the log was folded, or what it changes".to_owned()).into()
    })
}
