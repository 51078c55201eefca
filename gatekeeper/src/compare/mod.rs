//! Two liveness states compared cell by cell: what changed for which video in which country.
//!
//! The unit is the cell, not the record: two states may cut the countries of a video into verdicts differently and still
//! say the same everywhere. Countries are compared by code, so the states may come from different producers and may have
//! different countries.

#[cfg(test)]
mod tests;

use crate::country_set::{Countries, CountriesError, CountryIndex, CountrySet};
use crate::status::Status;
use crate::view::{LivenessView, ReasonRow, VerdictRow};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Cells of one video that changed alike.
#[derive(Debug)]
pub struct CellChange<'v> {
    /// The video.
    pub video: i64,
    /// The countries, in the comparison's table.
    pub countries: CountrySet,
    /// The verdict in A.
    pub before: &'v VerdictRow,
    /// The verdict in B.
    pub after: &'v VerdictRow,
    /// Reasons that only A has.
    pub removed: Vec<&'v ReasonRow>,
    /// Reasons that only B has.
    pub added: Vec<&'v ReasonRow>,
}

/// How often a reason came or went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReasonChange {
    /// Cells that gained it.
    pub added: u64,
    /// Cells that lost it.
    pub removed: u64,
    /// Cells that gained it, by country in the comparison's table.
    pub added_by_country: BTreeMap<CountryIndex, u64>,
    /// Cells that lost it, by country.
    pub removed_by_country: BTreeMap<CountryIndex, u64>,
}

/// What differs between two liveness states.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The countries of both states.
    pub countries: Arc<Countries>,
    /// Versions of A and B.
    pub versions: [i64; 2],
    /// Videos in both.
    pub videos: u64,
    /// Cells in both.
    pub cells: u64,
    /// Cells whose status or reasons differ.
    pub changed: u64,
    /// Videos with such a cell.
    pub changed_videos: u64,
    /// Cells that differ in their times only.
    pub times_changed: u64,
    /// Changed cells by status in A and in B. Equal ones changed in reasons only.
    pub transitions: BTreeMap<(Status, Status), u64>,
    /// Changed cells by country.
    pub by_country: BTreeMap<CountryIndex, u64>,
    /// Reasons that came or went, by code.
    pub reasons: BTreeMap<String, ReasonChange>,
    /// Videos only in A and only in B.
    pub only_in: [u64; 2],
}

/// Compares two states.
///
/// # Errors
/// [`CountriesError`] if they have more than 256 countries together.
pub fn compare(a: &LivenessView, b: &LivenessView) -> Result<Comparison, CountriesError> {
    let countries = Arc::new(Countries::new(a.countries().codes().chain(b.countries().codes()))?);
    let mut comparison = Comparison {
        versions: [a.version(), b.version()],
        countries: Arc::clone(&countries),
        ..Comparison::default()
    };
    let mut last_changed = None;
    let pairs = walk(a, b, &countries, |change| {
        let cells = change.countries.len() as u64;
        comparison.changed += cells;
        *comparison
            .transitions
            .entry((change.before.status, change.after.status))
            .or_default() += cells;
        for country in change.countries.iter() {
            *comparison.by_country.entry(country).or_default() += 1;
        }
        for (reasons, is_added) in [(&change.removed, false), (&change.added, true)] {
            for reason in reasons {
                let counts = comparison.reasons.entry(reason.code.clone()).or_default();
                let (total, by_country) = if is_added {
                    (&mut counts.added, &mut counts.added_by_country)
                } else {
                    (&mut counts.removed, &mut counts.removed_by_country)
                };
                *total += cells;
                for country in change.countries.iter() {
                    *by_country.entry(country).or_default() += 1;
                }
            }
        }
        if last_changed != Some(change.video) {
            last_changed = Some(change.video);
            comparison.changed_videos += 1;
        }
    });
    comparison.videos = pairs.videos;
    comparison.cells = pairs.cells;
    comparison.times_changed = pairs.times_changed;
    comparison.only_in = pairs.only_in;
    Ok(comparison)
}

/// Hands every group of changed cells to `each`, ascending by video.
///
/// # Errors
/// [`CountriesError`] if the states have more than 256 countries together.
pub fn changes<'v>(
    a: &'v LivenessView,
    b: &'v LivenessView,
    mut each: impl FnMut(&Countries, CellChange<'v>),
) -> Result<(), CountriesError> {
    let countries = Arc::new(Countries::new(a.countries().codes().chain(b.countries().codes()))?);
    walk(a, b, &countries, |change| each(&countries, change));
    Ok(())
}

#[derive(Default)]
struct Walked {
    videos: u64,
    cells: u64,
    times_changed: u64,
    only_in: [u64; 2],
}

/// Translates a state's sets into the table of the comparison.
struct Translation(Option<Vec<CountryIndex>>);

impl Translation {
    fn new(from: &Countries, to: &Countries) -> Self {
        let same = from == to;
        let table = || {
            from.codes()
                .map(|code| to.index(code).unwrap_or(CountryIndex(0)))
                .collect()
        };
        Translation((!same).then(table))
    }

    fn apply(&self, set: &CountrySet) -> CountrySet {
        match &self.0 {
            None => *set,
            Some(table) => set
                .iter()
                .filter_map(|country| table.get(usize::from(country.0)).copied())
                .collect(),
        }
    }
}

fn walk<'v>(
    a: &'v LivenessView,
    b: &'v LivenessView,
    countries: &Countries,
    mut each: impl FnMut(CellChange<'v>),
) -> Walked {
    let (from_a, from_b) = (
        Translation::new(a.countries(), countries),
        Translation::new(b.countries(), countries),
    );
    let mut walked = Walked::default();
    let (mut in_a, mut in_b) = (a.videos().enumerate().peekable(), b.videos().enumerate().peekable());
    let mut sides: [Vec<(CountrySet, &VerdictRow)>; 2] = Default::default();
    loop {
        let (position_a, position_b, video) = match (in_a.peek().copied(), in_b.peek().copied()) {
            (None, None) => break,
            (Some((at_a, video_a)), Some((at_b, video_b))) if video_a == video_b => (at_a, at_b, video_a),
            (Some((_, video_a)), other) if other.is_none_or(|(_, video_b)| video_a < video_b) => {
                walked.only_in[0] += 1;
                in_a.next();
                continue;
            }
            _ => {
                walked.only_in[1] += 1;
                in_b.next();
                continue;
            }
        };
        in_a.next();
        in_b.next();
        walked.videos += 1;
        let [side_a, side_b] = &mut sides;
        side_a.clear();
        side_b.clear();
        side_a.extend(
            a.verdicts(position_a)
                .map(|verdict| (from_a.apply(&verdict.countries), verdict)),
        );
        side_b.extend(
            b.verdicts(position_b)
                .map(|verdict| (from_b.apply(&verdict.countries), verdict)),
        );
        for (set_a, before) in side_a.iter() {
            for (set_b, after) in side_b.iter() {
                let both = *set_a & *set_b;
                if both.is_empty() {
                    continue;
                }
                walked.cells += both.len() as u64;
                let (removed, added) = reason_difference(a, before, b, after);
                if before.status != after.status || !removed.is_empty() || !added.is_empty() {
                    each(CellChange {
                        video,
                        countries: both,
                        before,
                        after,
                        removed,
                        added,
                    });
                } else if times(before) != times(after) {
                    walked.times_changed += both.len() as u64;
                }
            }
        }
    }
    walked
}

fn times(verdict: &VerdictRow) -> [Option<i64>; 3] {
    [verdict.live_from, verdict.live_until, verdict.next_change]
}

fn reason_difference<'v>(
    a: &'v LivenessView,
    before: &'v VerdictRow,
    b: &'v LivenessView,
    after: &'v VerdictRow,
) -> (Vec<&'v ReasonRow>, Vec<&'v ReasonRow>) {
    let (in_a, in_b): (Vec<_>, Vec<_>) = (a.reasons(before).collect(), b.reasons(after).collect());
    if in_a == in_b {
        return Default::default();
    }
    let removed = in_a.iter().filter(|reason| !in_b.contains(reason)).copied().collect();
    let added = in_b.iter().filter(|reason| !in_a.contains(reason)).copied().collect();
    (removed, added)
}
