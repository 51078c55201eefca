//! `hollow combine`.

use crate::args::{SourceArg, StateArgs};
use crate::failure::{Answer, Failure};
use crate::output::note;
use crate::progress::{Progress, ProgressArg};
use crate::publish::{TargetArgs, UNPUBLISHED};
use crate::source;
use clap::ValueEnum;
use hollow::read::ReadState;
use hollow::tools::combine::{CombineOptions, OnDuplicate, combine};
use serde_json::json;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CombineArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    /// A further state, that of the announced version if none is named; can be given several times.
    #[arg(long, value_name = "STORE[@VERSION]", required = true)]
    with: Vec<SourceArg>,
    #[command(flatten)]
    target: TargetArgs,
    /// What becomes of records that have the same primary key.
    #[arg(long, value_enum, default_value_t)]
    on_duplicate: DuplicateArg,
    /// The types in which primary keys are looked at [default: those that no other type refers to].
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// How far it is, on standard error.
    #[arg(long, value_enum, default_value_t)]
    progress: ProgressArg,
}

const EXAMPLES: &str = "\
Examples:
  hollow combine --store ./europe --with ./asia --with ./africa@20240102030405000 --to ./world
  hollow combine --store ./overrides --with ./titles --on-duplicate first --to ./corrected

Records that are the same become one, whatever this says about keys. Types and fields are those of all states.";

/// What becomes of records that have the same primary key.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum DuplicateArg {
    /// The one of the state named first counts.
    #[default]
    First,
    /// There must not be any.
    Refuse,
    /// All are kept.
    Keep,
}

impl From<DuplicateArg> for OnDuplicate {
    fn from(duplicate: DuplicateArg) -> Self {
        match duplicate {
            DuplicateArg::First => OnDuplicate::KeepFirst,
            DuplicateArg::Refuse => OnDuplicate::Refuse,
            DuplicateArg::Keep => OnDuplicate::KeepAll,
        }
    }
}

/// Publishes the records of several states as the first version of a new store.
pub(crate) fn run(args: &CombineArgs) -> Result<Answer, Failure> {
    args.target.check()?;
    let steps = args.with.len() + 3;
    let mut progress = Progress::new(args.progress);
    progress.at(0, steps, "reading the first state");
    let mut states = vec![source::state(&args.state)?];
    for (with, done) in args.with.iter().zip(1..) {
        progress.at(done, steps, &format!("reading {}", with.directory.display()));
        states.push(source::further_state(with)?);
    }
    let states: Vec<&ReadState> = states.iter().map(|state| &**state).collect();
    for name in &args.types {
        if let Some(first) = states.first()
            && !states.iter().any(|state| state.ty(name).is_some())
        {
            source::require_type(first, name)?;
        }
    }
    progress.at(steps - 2, steps, "combining");
    let options = CombineOptions {
        on_duplicate: args.on_duplicate.into(),
        unique: (!args.types.is_empty()).then(|| args.types.clone()),
    };
    let combined = combine(&states, &options, UNPUBLISHED)?;
    progress.at(steps - 1, steps, "publishing");
    let published = args.target.publish(&combined.state)?;
    drop(progress);
    let json = args.state.store.json;
    if !json {
        for (name, count) in &combined.duplicates {
            note(&format!(
                "{count} records of {name} left out: an earlier state has one with their key"
            ));
        }
    }
    let from: Vec<_> = states.iter().map(|state| state.version()).collect();
    published.report(
        "combined",
        &json!({"from": from, "duplicates": combined.duplicates}),
        json,
    )
}
