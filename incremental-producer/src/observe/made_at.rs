//! The time that the number of a version tells.

use hollow::Version;
use std::time::{Duration, SystemTime};

/// When a version was made, if its number is a time as [`Version::mint`] writes it.
pub(super) fn made_at(version: Version) -> Option<SystemTime> {
    let number = u64::try_from(version.0).ok()? / 1000;
    let (date, time) = (number / 1_000_000, number % 1_000_000);
    let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100);
    let (hour, minute, second) = (time / 10_000, time / 100 % 100, time % 100);
    let plausible = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !plausible {
        return None;
    }
    // Years that begin in March: the leap day is the last one.
    let years = if month > 2 { year } else { year - 1 };
    let days_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = years * 365 + years / 4 - years / 100 + years / 400 + days_of_year;
    let days = days.checked_sub(719_468)?; // those before 1970
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minted_number_tells_its_second() {
        // 0, the end of a February, its leap day, today, the last second of a year.
        for seconds in [0, 951_782_399, 951_782_400, 951_868_800, 1_795_437_941, 4_102_444_799] {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(made_at(Version::mint(at, None)), Some(at), "{seconds}");
            assert_eq!(made_at(Version(Version::mint(at, None).0 + 999)), Some(at));
        }
    }

    #[test]
    fn other_numbers_tell_nothing() {
        for number in [
            -1,
            0,
            1,
            7_000,
            20_261_399_000_000_000,
            19_691_231_235_959_000,
            i64::MAX,
            i64::MIN,
        ] {
            assert_eq!(made_at(Version(number)), None, "{number}");
        }
    }
}
