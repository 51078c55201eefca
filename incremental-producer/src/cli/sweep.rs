//! `sweep`: the sweeps of a dataset, and how to ask for one.

use super::dataset::dataset;
use anyhow::{Context, Result, bail};
use hollow::store::Store;
use incremental_producer::config::DatasetConfig;
use incremental_producer::emit::Emitter;
use incremental_producer::sweep::{
    ActiveSweep, LastSweep, REQUEST_KEY, SweepOutcome, SweepRange, SweepRequest, SweepTags, control_topic,
};
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The dataset's name in the configuration file.
    dataset: String,
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Asks the sources of the dataset's topic for a sweep, by a message in the topic TOPIC.control.
    #[arg(long)]
    request: bool,
    /// The id of the sweep to ask for; without it one is made up.
    #[arg(long, value_name = "ID", requires = "request")]
    id: Option<String>,
    /// The first key to sweep, as in messages: '[1000]'.
    #[arg(long, value_name = "KEY", requires = "request")]
    from: Option<String>,
    /// The first key behind those to sweep.
    #[arg(long, value_name = "KEY", requires = "request")]
    to: Option<String>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn sweep(arguments: &Arguments) -> Result<()> {
    let config = dataset(&arguments.config, &arguments.dataset)?;
    match arguments.request {
        true => request(arguments, &config),
        false => show(arguments, &config),
    }
}

fn show(arguments: &Arguments, config: &DatasetConfig) -> Result<()> {
    let store = Store::open_existing_at(&config.store).context("cannot open the store")?;
    let Some((head, _)) = store.head().context("cannot read the head")? else {
        bail!("nothing is announced, store={}", config.store);
    };
    let manifest = store
        .manifest(head.version, &head.manifest)
        .context("cannot read the manifest")?;
    let tags = SweepTags::from_tags(&manifest.header_tags)?;
    if arguments.json {
        let (active, last) = (&tags.active, &tags.last);
        let report = serde_json::json!({"schema": 1, "version": head.version.0, "active": active, "last": last});
        println!("{report}");
        return Ok(());
    }
    println!("version={}", head.version);
    tags.active.iter().for_each(|sweep| println!("{}", active_line(sweep)));
    match &tags.last {
        Some(last) => println!("{}", last_line(last)),
        None if tags.active.is_empty() => println!("no sweep was folded"),
        None => {}
    }
    Ok(())
}

fn active_line(sweep: &ActiveSweep) -> String {
    format!(
        "running id={:?} partitions={} begun={} ended={} seen={}{}",
        sweep.id,
        sweep.partitions,
        sweep.begun.len(),
        sweep.ended.len(),
        sweep.seen,
        reason(sweep.given_up.as_ref()),
    )
}

fn last_line(last: &LastSweep) -> String {
    let outcome = match last.outcome {
        SweepOutcome::Complete => "complete",
        SweepOutcome::Refused => "REFUSED",
        SweepOutcome::GivenUp => "given up",
    };
    format!(
        "last id={:?} {outcome} at_ms={} removed={} unseen={} seen={}{}",
        last.id,
        last.at,
        last.removed,
        last.unseen,
        last.seen,
        reason(last.reason.as_ref()),
    )
}

fn reason(reason: Option<&String>) -> String {
    reason.map_or_else(String::new, |reason| format!(" reason={reason:?}"))
}

fn request(arguments: &Arguments, config: &DatasetConfig) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let id = match &arguments.id {
        Some(id) => id.clone(),
        None => format!("{}-{}", config.settings.name, now.as_millis()),
    };
    let key = |text: &Option<String>| text.as_deref().map(serde_json::from_str).transpose();
    let range = SweepRange {
        from: key(&arguments.from).context("--from is no JSON array")?,
        to: key(&arguments.to).context("--to is no JSON array")?,
    };
    range.check(&config.codec)?;
    let payload = SweepRequest::new(&id, range).payload();
    SweepRequest::decode(&payload)?;
    let topic = control_topic(&config.topic);
    let emitter = Emitter::new(&config.bootstrap_servers, &config.client, None, None)?;
    let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
    emitter.emit(&topic, REQUEST_KEY, Some(&payload), now, None)?;
    let sent = emitter.flush(Duration::from_secs(30));
    sent.with_context(|| format!("the request is not sent, topic={topic}; does the topic exist?"))?;
    match arguments.json {
        true => println!("{}", serde_json::json!({"schema": 1, "requested": id, "topic": topic})),
        false => println!("requested id={id:?} topic={topic}"),
    }
    Ok(())
}
