//! `check-config`: what a configuration comes to.

use super::failure::{Answer, print, print_json};
use super::target;
use anyhow::Result;
use incremental_producer::config::DatasetConfig;
use serde_json::json;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Prints JSON, and errors as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) fn check_config(arguments: &Arguments) -> Result<Answer> {
    let config = target::read(&arguments.config)?;
    if arguments.json {
        let datasets: Vec<_> = config.datasets.iter().map(as_json).collect();
        print_json(&json!({"schema": 1, "datasets": datasets}))?;
    } else {
        let text: String = config.datasets.iter().map(as_text).collect();
        print(&text)?;
    }
    Ok(Answer::Yes)
}

/// The validators by name, as receipts will call them.
fn validators(dataset: &DatasetConfig) -> Vec<String> {
    let validators = dataset.checks.validators(dataset.codec.root());
    validators.iter().map(|validator| validator.name()).collect()
}

fn as_text(dataset: &DatasetConfig) -> String {
    let settings = &dataset.settings;
    let or_default = |value: Option<String>, default: &str| value.unwrap_or_else(|| default.to_owned());
    let mut text = format!(
        "{}: topic={} root={} types={} cadence={:?} store={} dead_letter_topic={} new_log={:?}\n",
        settings.name,
        dataset.topic,
        dataset.codec.root(),
        dataset.codec.dataset().len(),
        settings.cadence,
        dataset.store,
        dataset.dead_letter_topic,
        settings.new_log,
    );
    text += &format!(
        "  kafka   bootstrap_servers={} log={} client settings={}\n",
        dataset.bootstrap_servers,
        or_default(dataset.log.clone(), "(the cluster's id)"),
        dataset.client.names().collect::<Vec<_>>().join(","),
    );
    text += &format!(
        "  cycle   max_messages={} max_bytes={} stall={:?} republish_after={:?} republish_after_messages={}\n",
        settings.limits.messages,
        settings.limits.bytes,
        settings.limits.stall,
        settings.republish_after,
        settings.republish_after_messages,
    );
    text += &format!(
        "  store   snapshot_every={} keep_versions={} keep_refused={}\n",
        or_default(dataset.snapshot_every.map(|n| n.to_string()), "(by the deltas)"),
        or_default(dataset.keep_versions.map(|n| n.to_string()), "(all)"),
        dataset.checks.keep_refused,
    );
    let validators = validators(dataset);
    let checks = match validators.is_empty() {
        true => "none but that root records have keys of their own".to_owned(),
        false => format!("window={:?} {}", dataset.checks.window, validators.join(" ")),
    };
    text + &format!("  checks  {checks}\n")
}

fn as_json(dataset: &DatasetConfig) -> serde_json::Value {
    let settings = &dataset.settings;
    json!({
        "dataset": settings.name,
        "topic": dataset.topic,
        "dead_letter_topic": dataset.dead_letter_topic,
        "bootstrap_servers": dataset.bootstrap_servers,
        "log": dataset.log,
        "client_settings": dataset.client.names().collect::<Vec<_>>(),
        "root": dataset.codec.root(),
        "types": dataset.codec.dataset().len(),
        "store": dataset.store,
        "cadence_ms": settings.cadence.as_millis() as u64,
        "max_messages_per_cycle": settings.limits.messages,
        "max_bytes_per_cycle": settings.limits.bytes,
        "stall_ms": settings.limits.stall.as_millis() as u64,
        "republish_after_ms": settings.republish_after.as_millis() as u64,
        "republish_after_messages": settings.republish_after_messages,
        "snapshot_every": dataset.snapshot_every,
        "keep_versions": dataset.keep_versions,
        "keep_refused": dataset.checks.keep_refused,
        "window_ms": dataset.checks.window.as_millis() as u64,
        "checks": validators(dataset),
    })
}
