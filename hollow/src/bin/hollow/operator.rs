//! What commands of people who look after a dataset have in common: where, who, when.

use crate::failure::Failure;
use hollow::Version;
use hollow::store::route::{Chain, Preference};
use hollow::store::{BlobStore, Source, Store, StoreError};
use std::collections::HashSet;
use std::time::{Duration, SystemTime};

/// Where to look, and how to answer.
#[derive(clap::Args)]
pub(crate) struct LocationArgs {
    /// The store: a directory, or s3://bucket/prefix?options (if built with it).
    #[arg(value_name = "STORE")]
    pub(crate) store: String,
    /// Prints JSON, and errors as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl LocationArgs {
    pub(crate) fn open(&self) -> Result<Store, Failure> {
        Ok(Store::open_existing_at(&self.store)?)
    }
}

/// Who says so, and why.
#[derive(clap::Args)]
pub(crate) struct WordArgs {
    /// Why; others will read it.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who says so [default: the user].
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl WordArgs {
    pub(crate) fn by(&self) -> String {
        let user = || std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok();
        self.by.clone().or_else(user).unwrap_or_default()
    }
}

/// Milliseconds since 1970.
pub(crate) fn now() -> u64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A moment as people read it, in UTC: `2026-11-23 12:00:00Z`.
pub(crate) fn moment(ms: u64) -> String {
    // Versions are made of the time to the second.
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms));
    let digits = time
        .map(|time| Version::mint(time, None).0.to_string())
        .unwrap_or_default();
    let part = |range: std::ops::Range<usize>| digits.get(range).unwrap_or("?").to_owned();
    format!(
        "{}-{}-{} {}:{}:{}Z",
        part(0..4),
        part(4..6),
        part(6..8),
        part(8..10),
        part(10..12),
        part(12..14)
    )
}

/// `90s`, `15m`, `24h`, `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let expected = || "a time such as 90s, 15m, 24h or 7d".to_owned();
    let at = text.len().saturating_sub(1);
    let (number, unit) = text.split_at_checked(at).ok_or_else(expected)?;
    let unit = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    let seconds = number.checked_mul(unit).filter(|seconds| *seconds <= 3650 * 86_400);
    seconds.map(Duration::from_secs).ok_or_else(expected)
}

/// An error if a version cannot be loaded: it is not part of the chain, or blobs on every way to it are missing.
pub(crate) fn require_loadable(store: &Store, version: Version) -> Result<(), Failure> {
    let mut chain = Chain::new(store, store.announced()?);
    let mut routes = chain.routes(None, version, Preference::Best)?;
    routes.extend(chain.alternatives(version)?);
    let blobs: &dyn BlobStore = store.blobs();
    let there: HashSet<String> = blobs.list("blobs/")?.iter().map(ToString::to_string).collect();
    let works = |route: &hollow::store::route::Route| {
        let mut blobs = route.snapshot.iter().chain(&route.steps);
        blobs.all(|(_, blob)| there.contains(&blob.name))
    };
    match routes.iter().any(works) {
        true => Ok(()),
        false => Err(StoreError::Absent {
            what: format!("way to version={version}: blobs were removed"),
        }
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_what_people_write_and_read() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("24h"), Ok(Duration::from_secs(86_400)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for bad in ["", "s", "5", "-1s", "1.5h", "1w", "9999999999999999999d", "é"] {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(moment(1_700_000_000_000), "2023-11-14 22:13:20Z");
    }
}
