//! What values may be.

use super::Problem;
use incremental_producer::config::parse_duration;
use std::time::Duration;

pub(super) fn check_name(name: &str) -> Result<(), Problem> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !starts || name.len() > 64 || !name.chars().all(allowed) {
        let expected = "1 to 64 lower-case letters, digits, - and _, the first one a letter or digit";
        return Err(Problem::value("name", expected, name));
    }
    Ok(())
}

pub(super) fn check_topic(topic: &str) -> Result<(), Problem> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-' || c == '_';
    // Room for the name of its control topic.
    if topic.is_empty() || topic.len() > 240 || matches!(topic, "." | "..") || !topic.chars().all(allowed) {
        return Err(Problem::value("topic", "1 to 240 letters, digits, ., - and _", topic));
    }
    Ok(())
}

/// A number within bounds.
pub(super) fn at_least<T>(
    least: i64,
    most: T,
    key: &'static str,
    value: Option<i64>,
    default: i64,
) -> Result<T, Problem>
where
    T: TryFrom<i64> + PartialOrd + Copy,
{
    let found = value.unwrap_or(default);
    let number = T::try_from(found).ok().filter(|number| *number <= most);
    match number {
        Some(number) if found >= least => Ok(number),
        _ => Err(Problem::value(key, "a number above 0, within reason", found)),
    }
}

/// At least 10 ms, at most 31 days.
pub(super) fn duration(key: &'static str, text: Option<&str>, default: Duration) -> Result<Duration, Problem> {
    let Some(text) = text else { return Ok(default) };
    let bounds = Duration::from_millis(10)..=Duration::from_secs(31 * 86_400);
    parse_duration(text)
        .filter(|duration| bounds.contains(duration))
        .ok_or_else(|| Problem::value(key, "a time such as 250ms, 30s, 5m or 24h, from 10 ms to 31 days", text))
}
