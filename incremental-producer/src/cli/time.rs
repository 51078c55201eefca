//! Times as people write and read them: UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Now, in milliseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A time in milliseconds since 1970, as `2026-11-23T14:00:00Z`.
pub(super) fn utc(ms: u64) -> String {
    let days = i64::try_from(ms / 86_400_000).unwrap_or(i64::MAX / 2);
    let second = ms / 1000 % 86_400;
    // The civil calendar, counted in eras of 400 years from 1 March 0000.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let (day, month) = (
        day_of_year - (153 * month + 2) / 5 + 1,
        if month < 10 { month + 3 } else { month - 9 },
    );
    let year = era * 400 + year + i64::from(month <= 2);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z",
        second % 60
    )
}

/// How long ago, roughly.
pub(super) fn ago(ms: u64, now: u64) -> String {
    let seconds = now.saturating_sub(ms) / 1000;
    match seconds {
        0..120 => format!("{seconds} s ago"),
        120..7200 => format!("{} min ago", seconds / 60),
        7200..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// A time that lies ahead, as `2026-11-23T14:00:00Z`, or how long from now, as `90s 15m 2h 7d`; in milliseconds since 1970.
pub(super) fn until(text: &str) -> Result<u64, String> {
    let wrong =
        || format!("expected a time such as 2026-11-23T14:00:00Z, or 90s, 15m, 2h or 7d from now, found={text:?}");
    let now = now();
    let found = duration(text)
        .map(|duration| now.saturating_add(duration))
        .or_else(|| instant(text))
        .ok_or_else(wrong)?;
    if found <= now {
        return Err(format!("that time has passed: {}", utc(found)));
    }
    Ok(found)
}

fn duration(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let duration = Duration::from_secs(number.parse::<u32>().ok().map(u64::from)?.checked_mul(seconds)?);
    u64::try_from(duration.as_millis()).ok()
}

fn instant(text: &str) -> Option<u64> {
    let number = |range: std::ops::Range<usize>| -> Option<u64> {
        let digits = text.get(range)?;
        digits
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let [year, month, day] = [number(0..4)?, number(5..7)?, number(8..10)?];
    let [hour, minute, second] = [number(11..13)?, number(14..16)?, number(17..19)?];
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let (y, m) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    let ms = ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000;
    // What reads back as another text was no time of a calendar.
    (utc(ms) == text).then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_back_and_nothing_else_is_one() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_782_400_000), "2000-02-29T00:00:00Z");
        assert_eq!(utc(1_704_164_645_999), "2024-01-02T03:04:05Z");
        for text in [
            "1970-01-01T00:00:01Z",
            "2000-02-29T23:59:59Z",
            "2024-12-31T12:00:00Z",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(instant(text).map(utc).as_deref(), Some(text));
        }
        for text in [
            "",
            "2023-02-29T00:00:00Z",
            "2024-01-02",
            "2024-01-02T03:04:60Z",
            "2024-01-02T03:04:05+01",
            "ääääääääää",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
        assert_eq!(duration("90s"), Some(90_000));
        assert_eq!(duration("2h"), Some(7_200_000));
        for text in ["", "s", "-1s", "1w", "99999999999d", "1ä"] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert!(until("2001-01-01T00:00:00Z").is_err() && until("1h").is_ok());
    }
}
