//! `hollow pin`, `unpin`, `pins`: versions that consumers are held at.

use crate::failure::{Answer, Failure};
use crate::operator::{LocationArgs, WordArgs, duration, moment, now, require_loadable};
use crate::output::{note, print_json, printable, write};
use hollow::Version;
use hollow::store::{Labels, Marks, Pin, Pins, Source, Store, StoreError, bad_ancestor};
use serde_json::{Value, json};
use std::io::Write;
use std::time::Duration;

#[derive(clap::Args)]
pub(crate) struct PinArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,
    /// The version to hold consumers at.
    version: Version,
    /// Holds only consumers with this label, KEY=VALUE; given several times, with all of them.
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    scope: Vec<(String, String)>,
    /// Lets them go by itself after this time [default: never].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    expires: Option<Duration>,
    #[command(flatten)]
    word: WordArgs,
}

#[derive(clap::Args)]
pub(crate) struct UnpinArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,
    /// The scope of the pin, as it was made [default: everybody].
    #[arg(long, value_name = "KEY=VALUE", value_parser = label)]
    scope: Vec<(String, String)>,
}

#[derive(clap::Args)]
pub(crate) struct PinsArgs {
    #[command(flatten)]
    pub(crate) location: LocationArgs,
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE, such as region=eu".to_owned()),
    }
}

fn scope_text(scope: &Labels) -> String {
    if scope.is_empty() {
        return "everybody".to_owned();
    }
    let pairs: Vec<String> = scope.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}

/// The bad version that the announced one is or descends from.
fn bad_head(store: &Store) -> Result<Option<(Version, Version, String)>, StoreError> {
    let (marks, _) = store.document::<Marks>()?;
    let Some(head) = store.announced()? else {
        return Ok(None);
    };
    let bad = bad_ancestor(store, head, &marks)?;
    Ok(bad.map(|(version, mark)| (head.version, version, mark.reason)))
}

/// Holds consumers at a version that can be loaded and is not marked as bad.
pub(crate) fn pin(args: &PinArgs) -> Result<Answer, Failure> {
    let store = args.location.open()?;
    require_loadable(&store, args.version)?;
    let (marks, _) = store.document::<Marks>()?;
    if let Some(mark) = marks.of(args.version).filter(|_| marks.is_bad(args.version)) {
        let error = format!("version={} is marked as bad: {}", args.version, mark.reason);
        return Err(Failure::refused(
            error,
            "pin another version; hollow mark-good takes the mark back",
        ));
    }
    let now = now();
    let expires = args
        .expires
        .map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
    let pin = Pin {
        scope: args.scope.iter().cloned().collect(),
        version: args.version,
        reason: args.word.reason.clone(),
        by: args.word.by(),
        pinned_at: now,
        expires_at: expires.map(|time| now.saturating_add(time)),
    };
    let replaced = store.change::<Pins, _, Failure>(|pins| Ok(pins.add(pin.clone())?))?;
    if args.location.json {
        return print_json(&json!({"schema": 1, "pin": pin, "replaced": replaced}));
    }
    write(|out| {
        let scope = scope_text(&pin.scope);
        write!(out, "pinned {scope} at {}", pin.version)?;
        if let Some(end) = pin.expires_at {
            write!(out, " until {}", moment(end))?;
        }
        if let Some(replaced) = &replaced {
            write!(out, ", before at {}", replaced.version)?;
        }
        writeln!(out)
    })
}

/// Lets consumers go, unless they would go to bad data.
pub(crate) fn unpin(args: &UnpinArgs) -> Result<Answer, Failure> {
    let store = args.location.open()?;
    let scope: Labels = args.scope.iter().cloned().collect();
    if let Some((head, bad, reason)) = bad_head(&store)? {
        let what = match head == bad {
            true => format!("the announced version={head} is marked as bad: {reason}"),
            false => {
                format!("the announced version={head} descends from version={bad}, which is marked as bad: {reason}")
            }
        };
        return Err(Failure::refused(
            what,
            "publish a repaired state first, then hollow mark-good STORE VERSION for it; until then the pin stays",
        ));
    }
    let taken = store.change::<Pins, _, Failure>(|pins| {
        let pin = pins.remove(&scope);
        pin.ok_or_else(|| Failure::not_found(format!("there is no pin for {}", scope_text(&scope))))
    });
    let pin = taken.map_err(|failure| failure.hint("hollow pins STORE lists what is pinned"))?;
    if args.location.json {
        return print_json(&json!({"schema": 1, "taken_back": pin}));
    }
    write(|out| {
        writeln!(
            out,
            "let go {}, which was pinned at {}",
            scope_text(&pin.scope),
            pin.version
        )
    })
}

/// All pins, with what is wrong about them.
pub(crate) fn pins(args: &PinsArgs) -> Result<Answer, Failure> {
    let store = args.location.open()?;
    let pins = store.pins()?;
    let now = now();
    if let Some((head, bad, _)) = bad_head(&store)?
        && pins.all().iter().any(|pin| pin.expires_at.is_some())
    {
        note(&format!(
            "the announced version {head} is or descends from the bad version {bad}: whoever is let go when a pin ends goes there"
        ));
    }
    if args.location.json {
        let all = pins.all().iter().map(|pin| {
            let mut json = json!(pin);
            json["in_force"] = Value::Bool(pin.is_in_force(now));
            json
        });
        return print_json(&json!({"schema": 1, "pins": all.collect::<Vec<_>>()}));
    }
    write(|out| {
        writeln!(
            out,
            "{:<20}  {:<24}  {:<20}  {:<16}  REASON",
            "VERSION", "SCOPE", "UNTIL", "BY"
        )?;
        for pin in pins.all() {
            let until = match pin.expires_at {
                None => "-".to_owned(),
                Some(end) => moment(end),
            };
            let over = if pin.is_in_force(now) { "" } else { "  (over)" };
            writeln!(
                out,
                "{:<20}  {:<24}  {until:<20}  {:<16}  {}{over}",
                pin.version.to_string(),
                printable(&scope_text(&pin.scope)),
                printable(&pin.by),
                printable(&pin.reason),
            )?;
        }
        Ok(())
    })
}
