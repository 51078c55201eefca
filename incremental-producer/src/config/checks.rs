//! What values may be.

use super::{DatasetConfig, Problem, wrong};
use crate::share::Share;
use hollow::store::Store;
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

pub(super) fn check_distinct(other: &DatasetConfig, dataset: &DatasetConfig) -> Result<(), Problem> {
    let values = |d: &DatasetConfig| -> HashMap<&'static str, String> {
        let topic = |topic: &str| format!("{topic} at {}", d.bootstrap_servers);
        [
            ("name", d.settings.name.clone()),
            ("store", d.store.clone()),
            ("topic", topic(&d.topic)),
        ]
        .into()
    };
    let others = values(other);
    for (key, value) in values(dataset) {
        if others.get(key) == Some(&value) {
            return Err(Problem::Shared {
                key,
                other: other.settings.name.clone(),
                value,
            });
        }
    }
    Ok(())
}

pub(super) fn check_name(name: &str) -> Result<(), Problem> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !starts || name.len() > 64 || !name.chars().all(allowed) {
        let expected = "1 to 64 lower-case letters, digits, - and _, the first one a letter or digit";
        return Err(wrong("name", expected, name));
    }
    Ok(())
}

pub(super) fn check_topic(key: &'static str, topic: &str) -> Result<(), Problem> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '_';
    if topic.is_empty() || topic.len() > 249 || matches!(topic, "." | "..") || !topic.chars().all(allowed) {
        return Err(wrong(key, "1 to 249 letters, digits, ., - and _", topic));
    }
    Ok(())
}

/// A location of a store. A directory is relative to that of the configuration.
pub(super) fn location(directory: &Path, text: &str) -> Result<String, Problem> {
    if text.contains("://") {
        Store::check_location(text).map_err(Problem::Store)?;
        return Ok(text.to_owned());
    }
    let path = directory.join(text);
    match path.to_str() {
        Some(path) if !text.is_empty() => Ok(path.to_owned()),
        _ => Err(wrong("store", "a directory or s3://bucket/prefix", text)),
    }
}

/// Whether a text is `host:port`.
pub fn is_host_and_port(server: &str) -> bool {
    let Some((host, port)) = server.trim().rsplit_once(':') else {
        return false;
    };
    !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)
}

pub(super) fn positive(key: &'static str, value: Option<i64>, default: u64) -> Result<u64, Problem> {
    match value {
        None => Ok(default),
        Some(value) if value > 0 => Ok(value.cast_unsigned()),
        Some(value) => Err(wrong(key, "a number above 0", value)),
    }
}

pub(super) fn share(key: &'static str, text: Option<&str>, default: Share) -> Result<Share, Problem> {
    let Some(text) = text else { return Ok(default) };
    text.parse()
        .map_err(|()| wrong(key, "a share from 0% to 100%, such as 0.1%", text))
}

pub(super) fn duration(
    key: &'static str,
    text: Option<&str>,
    default: Duration,
    least: Duration,
) -> Result<Duration, Problem> {
    let Some(text) = text else { return Ok(default) };
    let found = parse_duration(text).filter(|duration| *duration >= least && *duration <= Duration::from_secs(86_400));
    found.ok_or_else(|| {
        wrong(
            key,
            "a time such as 250ms, 30s, 5m or 1h, neither tiny nor above a day",
            text,
        )
    })
}

/// A time as configurations have it: `250ms`, `30s`, `5m` or `1h`.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    Some(Duration::from_millis(number.checked_mul(milliseconds)?))
}
