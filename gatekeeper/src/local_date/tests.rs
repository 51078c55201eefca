use super::*;

fn zone(name: &str) -> TimeZone {
    TimeZoneDatabase::bundled().get(name).expect("a known zone")
}

fn days(date: &str) -> i32 {
    let date: Date = date.parse().expect("a date");
    (date - Date::constant(1970, 1, 1)).get_days()
}

fn begins(name: &str, date: &str) -> String {
    let instant = first_instant(&zone(name), days(date));
    jiff::Timestamp::from_millisecond(instant)
        .expect("in range")
        .to_string()
}

#[test]
fn a_date_begins_at_local_midnight() {
    assert_eq!(begins("Asia/Seoul", "2026-11-22"), "2026-11-21T15:00:00Z");
    assert_eq!(begins("America/Los_Angeles", "2026-07-01"), "2026-07-01T07:00:00Z");
    assert_eq!(begins("America/Los_Angeles", "2026-12-01"), "2026-12-01T08:00:00Z");
    assert_eq!(begins("Asia/Kathmandu", "2026-01-01"), "2025-12-31T18:15:00Z");
}

#[test]
fn a_midnight_that_the_clock_jumps_over_is_the_jump() {
    // Santiago: on 2026-09-06 at 00:00 (-04) the clock shows 01:00 (-03).
    assert_eq!(begins("America/Santiago", "2026-09-06"), "2026-09-06T04:00:00Z");
    // Beirut: on 2026-03-29 at 00:00 (+02) the clock shows 01:00 (+03).
    assert_eq!(begins("Asia/Beirut", "2026-03-29"), "2026-03-28T22:00:00Z");
    // Cairo: on Friday 2026-04-24 at 00:00 (+02).
    assert_eq!(begins("Africa/Cairo", "2026-04-24"), "2026-04-23T22:00:00Z");
    // Toronto 1919: the gap was from 23:30 to 00:30, so midnight lies inside it, not at its beginning.
    assert_eq!(begins("America/Toronto", "1919-03-31"), "1919-03-31T04:30:00Z");
}

#[test]
fn of_two_midnights_the_first_counts() {
    // Havana: on 2026-11-01 at 01:00 (-04) the clock shows 00:00 (-05) again.
    assert_eq!(begins("America/Havana", "2026-11-01"), "2026-11-01T04:00:00Z");
}

#[test]
fn a_day_that_a_country_skipped_begins_with_the_next() {
    assert_eq!(begins("Pacific/Apia", "2011-12-30"), "2011-12-30T10:00:00Z");
    assert_eq!(begins("Pacific/Apia", "2011-12-31"), "2011-12-30T10:00:00Z");
}

#[test]
fn absurd_dates_do_not_fail() {
    let zone = zone("Asia/Tokyo");
    assert_eq!(first_instant(&zone, i32::MAX), i64::from(i32::MAX) * DAY_MS);
    assert_eq!(first_instant(&zone, i32::MIN), i64::from(i32::MIN) * DAY_MS);
}

#[test]
fn countries_that_begin_a_date_together_are_one_set() {
    let zones = ["Asia/Seoul", "Asia/Tokyo", "Europe/Berlin", "No/Where"];
    let zones = zones.iter().enumerate();
    let mut dates = LocalDates::new(zones.map(|(index, name)| (CountryIndex(index as u8), *name)));
    let starts = dates.starts(days("2026-01-01"));
    let shown: Vec<String> = starts.iter().map(|(_, countries)| countries.to_string()).collect();
    assert_eq!(shown, ["0-1", "2", "3"], "east before west, the unknown zone as UTC");
    assert_eq!(starts[2].0, i64::from(days("2026-01-01")) * DAY_MS);
    assert_eq!(dates.unknown_zones(), [(CountryIndex(3), "No/Where".to_owned())]);
    assert!(Arc::ptr_eq(&starts, &dates.starts(days("2026-01-01"))));
}
