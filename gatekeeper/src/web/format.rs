//! Numbers, times and versions for people. Times are UTC.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A number with its thousands apart: `1,204,118`.
pub(crate) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share as percent with one decimal, a small one with three; nothing of nothing is nothing.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let percent = if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64 * 100.0
    };
    if part > 0 && percent < 0.1 {
        format!("{percent:.3}%")
    } else {
        format!("{percent:.1}%")
    }
}

/// A number of countries.
pub(crate) fn countries(count: usize) -> String {
    if count == 1 {
        "1 country".to_owned()
    } else {
        format!("{count} countries")
    }
}

/// An instant (epoch milliseconds) as `2026-11-22 18:00:00`; the bare number for one beyond the calendar.
pub(crate) fn instant(at: i64) -> String {
    strftime(at, "%Y-%m-%d %H:%M:%S")
}

/// An instant as `Sun 22 Nov 18:00`.
pub(crate) fn day_and_time(at: i64) -> String {
    strftime(at, "%a %d %b %Y %H:%M")
}

/// An instant's time of day.
pub(crate) fn time_of_day(at: i64) -> String {
    strftime(at, "%H:%M:%S")
}

fn strftime(at: i64, format: &str) -> String {
    let timestamp = Timestamp::from_millisecond(at).ok();
    let zoned = timestamp.map(|timestamp| timestamp.to_zoned(TimeZone::UTC));
    zoned.map_or_else(|| format!("{at} ms"), |zoned| zoned.strftime(format).to_string())
}

/// A span in its two greatest units: `14 s`, `3 min 5 s`, `2 h 10 min`, `5 d 3 h`.
pub(crate) fn span(milliseconds: i64) -> String {
    let seconds = milliseconds.unsigned_abs() / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |great: u64, unit: &str, small: u64, smaller: &str| match small {
        0 => format!("{great} {unit}"),
        _ => format!("{great} {unit} {small} {smaller}"),
    };
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => two(minutes, "min", seconds % 60, "s"),
        (0, _, _) => two(hours, "h", minutes % 60, "min"),
        (1..100, _, _) => two(days, "d", hours % 24, "h"),
        _ => format!("{} d", number(days)),
    }
}

/// How far an instant is from now: `in 3 h`, `14 s ago`.
pub(crate) fn relative(at: i64, now: i64) -> String {
    let distance = at.saturating_sub(now);
    if distance > 0 {
        format!("in {}", span(distance))
    } else {
        format!("{} ago", span(distance))
    }
}

/// A version in groups: `20261122·184500·123`. Others stay as they are.
pub(crate) fn version(version: i64) -> String {
    let digits = version.to_string();
    match (digits.get(0..8), digits.get(8..14), digits.get(14..17)) {
        (Some(date), Some(time), Some(rest)) if digits.len() == 17 => format!("{date}·{time}·{rest}"),
        _ => digits,
    }
}

/// The last digits of a version.
pub(crate) fn short_version(version: i64) -> String {
    let digits = version.to_string();
    match digits.len().checked_sub(8).and_then(|from| digits.get(from..)) {
        Some(last) if digits.len() > 10 => format!("…{last}"),
        _ => digits,
    }
}

/// The name of a list of countries for a narrow place: all of up to eight, else seven and how many more.
pub(crate) fn some_codes<'c>(codes: impl Iterator<Item = &'c str>) -> (Vec<String>, usize) {
    let mut all: Vec<String> = codes.map(str::to_owned).collect();
    let rest = if all.len() > 12 { all.len() - 11 } else { 0 };
    all.truncate(all.len() - rest);
    (all, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        for (value, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (18_249_210, "18,249,210")] {
            assert_eq!(number(value), text);
        }
        assert_eq!(percent(1, 3), "33.3%");
        assert_eq!(percent(0, 0), "0.0%");
        assert_eq!(percent(889, 2_642_637), "0.034%");
        assert_eq!(
            (countries(1), countries(2)),
            ("1 country".to_owned(), "2 countries".to_owned())
        );
    }

    #[test]
    fn times_are_utc_and_never_fail() {
        assert_eq!(instant(1_795_370_400_000), "2026-11-22 18:00:00");
        assert_eq!(day_and_time(1_795_370_400_000), "Sun 22 Nov 2026 18:00");
        assert_eq!(instant(i64::MAX), "9223372036854775807 ms");
        assert_eq!(relative(i64::MIN, i64::MAX), "106,751,991,167 d ago");
    }

    #[test]
    fn spans_show_two_units() {
        for (seconds, text) in [
            (14, "14 s"),
            (60, "1 min"),
            (185, "3 min 5 s"),
            (7_800, "2 h 10 min"),
            (442_800, "5 d 3 h"),
        ] {
            assert_eq!(span(seconds * 1000), text);
        }
        assert_eq!(relative(10_000, 0), "in 10 s");
        assert_eq!(relative(0, 10_000), "10 s ago");
    }

    #[test]
    fn versions_are_grouped() {
        assert_eq!(version(20_261_122_184_500_123), "20261122·184500·123");
        assert_eq!(version(17), "17");
        assert_eq!(short_version(20_261_122_184_500_123), "…84500123");
        assert_eq!(short_version(17), "17");
    }

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let codes: Vec<String> = (0..20).map(|number| number.to_string()).collect();
        let (shown, rest) = some_codes(codes.iter().map(String::as_str));
        assert_eq!((shown.len(), rest), (11, 9));
        let (shown, rest) = some_codes(codes.iter().take(12).map(String::as_str));
        assert_eq!((shown.len(), rest), (12, 0));
    }
}
