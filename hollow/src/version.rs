//! The number under which a data state is published.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

/// The number of a published data state. Later states have higher numbers.
///
/// Versions minted here look like `20240102030405001`: the UTC time to the second, then three digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Version(pub i64);

impl Version {
    /// The version to publish at `now` after `previous`: the clock's, unless that would not go forward.
    ///
    /// A clock that stands still or runs backwards can therefore never produce a version out of order.
    pub fn mint(now: SystemTime, previous: Option<Version>) -> Version {
        let clock = clock_version(now);
        Version(previous.map_or(clock, |p| clock.max(p.0.saturating_add(1))))
    }
}

fn clock_version(now: SystemTime) -> i64 {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs()) as i64;
    let (days, second_of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil_from_days(days);
    let date = (year * 100 + month) * 100 + day;
    let time = (second_of_day / 3600 * 100 + second_of_day / 60 % 60) * 100 + second_of_day % 60;
    (date * 1_000_000 + time) * 1000
}

/// Proleptic Gregorian date of a day number counted from 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    // Count in 400-year eras of 146,097 days that begin on 1 March, so that leap days fall at the end of a year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

impl FromStr for Version {
    type Err = std::num::ParseIntError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn versions_read_as_utc_time_and_never_go_back() {
        let at = |s| SystemTime::UNIX_EPOCH + Duration::from_secs(s);
        assert_eq!(Version::mint(at(1_704_164_645), None), Version(20_240_102_030_405_000));
        assert_eq!(Version::mint(at(951_782_400), None), Version(20_000_229_000_000_000));
        let later = Version(20_240_102_030_405_000);
        assert_eq!(Version::mint(at(0), Some(later)), Version(20_240_102_030_405_001));
    }
}
