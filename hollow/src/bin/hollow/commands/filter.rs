//! `hollow filter`.

use crate::args::StateArgs;
use crate::failure::{Answer, Failure};
use crate::output::{note, printable};
use crate::progress::{Progress, ProgressArg};
use crate::publish::TargetArgs;
use crate::source;
use hollow::read::{Filter, ReadState};
use hollow::schema::Schema;
use hollow::tools::filter::filter;
use serde_json::json;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FilterArgs {
    #[command(flatten)]
    pub(crate) state: StateArgs,
    #[command(flatten)]
    target: TargetArgs,
    /// Leaves this type or field out; can be given several times.
    #[arg(long, value_name = "TYPE|TYPE.FIELD", required_unless_present = "only")]
    without: Vec<String>,
    /// Keeps this type, or this field of a type, and nothing that is not named so; can be given several times.
    #[arg(long, value_name = "TYPE|TYPE.FIELD", conflicts_with = "without")]
    only: Vec<String>,
    /// Leaves records out, too, that something referred to before and nothing does any more.
    #[arg(long)]
    prune: bool,
    /// How far it is, on standard error.
    #[arg(long, value_enum, default_value_t)]
    progress: ProgressArg,
}

const EXAMPLES: &str = "\
Examples:
  hollow filter --store ./titles --without Title.updated_at --without Languages --prune --to ./small
  hollow filter --store ./titles --only Title.video_id --only Title.original_title --to ./names

Fields that refer to types that are gone, collections of these, and keys through fields that are gone go as well: they
are listed on standard error, and under \"consequences\" with --json. Records keep their ordinals.";

/// Publishes a state without some types and fields as the first version of a new store.
pub(crate) fn run(args: &FilterArgs) -> Result<Answer, Failure> {
    args.target.check()?;
    let mut progress = Progress::new(args.progress);
    progress.at(0, 3, "reading the state");
    let state = source::state(&args.state)?;
    let rules = rules(&state, args)?;
    progress.at(1, 3, "filtering");
    let filtered = filter(&state, &rules, args.prune)?;
    progress.at(2, 3, "publishing");
    let published = args.target.publish(&filtered.state)?;
    drop(progress);
    let json = args.state.store.json;
    if !json {
        for consequence in &filtered.consequences {
            note(consequence);
        }
    }
    let more = json!({"from": state.version(), "consequences": filtered.consequences});
    published.report("filtered", &more, json)
}

fn rules(state: &ReadState, args: &FilterArgs) -> Result<Filter, Failure> {
    let mut rules = match args.only.is_empty() {
        true => Filter::everything(),
        false => Filter::nothing(),
    };
    for name in &args.without {
        rules = match named(state, name)? {
            (ty, None) => rules.without_type(ty),
            (ty, Some(field)) => rules.without_field(ty, field),
        };
    }
    for name in &args.only {
        rules = match named(state, name)? {
            (ty, None) => rules.with_type(ty),
            (ty, Some(field)) => rules.with_field(ty, field),
        };
    }
    Ok(rules)
}

/// The type, or type and field, that a name stands for. What is not there cannot be meant.
fn named<'n>(state: &ReadState, name: &'n str) -> Result<(&'n str, Option<&'n str>), Failure> {
    let Some((ty, field)) = name.split_once('.').filter(|_| state.ty(name).is_none()) else {
        source::require_type(state, name)?;
        return Ok((name, None));
    };
    source::require_type(state, ty)?;
    let object = state.dataset().get(ty).and_then(Schema::as_object);
    if object.is_some_and(|object| object.position(field).is_some()) {
        return Ok((ty, Some(field)));
    }
    let fields = object.map_or_else(Vec::new, |object| {
        object.fields.iter().map(|field| field.name.as_str()).take(20).collect()
    });
    let hint = match fields.is_empty() {
        true => format!("{ty} has no fields"),
        false => format!("fields of {ty}: {}", printable(&fields.join(", "))),
    };
    Err(Failure::not_found(format!("the type {ty} has no field {field}")).hint(hint))
}
