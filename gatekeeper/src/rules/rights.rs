//! RIGHTS_NONE, RIGHTS_NOT_YET, RIGHTS_EXPIRED, RIGHTS_REVOKED: is a window open, ahead or over, country by country?
//!
//! The windows of a video are its own and those of every work above it (an episode inherits its season's and its series').
//! A series or season also has those of the works below it: it is shown where one of them is. Approved windows that overlap
//! or touch make one *run*; windows are half-open, so one that ends when the next begins leaves no gap. Of all runs of a
//! country the one that is open counts, else the first ahead, else the last one over.
//!
//! A window without a start is treated as not approved: an unknown start must not put anything live.

use crate::country_set::CountrySet;
use crate::facts::{Deal, WindowFact};
use crate::reason::{Code, Detail, Reason};

/// Where a country stands with the windows of a video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// No approved window at all.
    None,
    /// All are over.
    Ended,
    /// The next one opens later.
    Ahead,
    /// One is open.
    Open,
}

/// Countries that stand alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which ones.
    pub countries: CountrySet,
    /// Where they stand.
    pub phase: Phase,
    /// When the run opens; `i64::MIN` if it always was open. Of a closed deal without known times too.
    pub from: i64,
    /// When the run closes; `i64::MAX` if it never does.
    pub until: i64,
    /// What to say about it.
    pub reasons: [Option<Reason>; 2],
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Run {
    from: i64,
    until: i64,
    opened_by: u32,
    closed_by: u32,
}

impl Run {
    fn is_over(&self, now: i64) -> bool {
        self.until <= now
    }
}

/// Divides the countries `among` by how they stand with the windows at `now`. The parts are disjoint and make up `among`.
pub fn standings(windows: &[&WindowFact], among: CountrySet, now: i64) -> Vec<Standing> {
    let mut parts: Vec<(CountrySet, Option<Run>)> = Vec::new();
    if !among.is_empty() {
        parts.push((among, None));
    }
    for (countries, run) in pieces(windows, among) {
        extend(&mut parts, countries, run, now);
    }
    let closed = marks(windows, Deal::Expired, among);
    let revoked = marks(windows, Deal::Revoked, among);
    let pending = marks(windows, Deal::Pending, among);
    let mut standings = Vec::with_capacity(parts.len());
    for (countries, run) in parts {
        let Some(run) = run else {
            without_run(countries, &closed, &revoked, &pending, &mut standings);
            continue;
        };
        let (phase, reason) = if run.is_over(now) {
            let reason = Reason::new(Code::RightsExpired, Detail::Contract(run.closed_by));
            (Phase::Ended, Some(reason))
        } else if run.from > now {
            let reason = Reason::new(Code::RightsNotYet, Detail::Contract(run.opened_by));
            (Phase::Ahead, Some(reason))
        } else {
            (Phase::Open, None)
        };
        let standing = Standing {
            countries,
            phase,
            from: run.from,
            until: run.until,
            reasons: [reason, None],
        };
        if phase == Phase::Ended {
            split(standing, &revoked, revoked_reason, &mut standings);
        } else {
            standings.push(standing);
        }
    }
    standings
}

/// The times of approved windows, by start. Ties are settled by what the contract is called, not by where it is stored.
fn pieces(windows: &[&WindowFact], among: CountrySet) -> Vec<(CountrySet, Run)> {
    let mut pieces = Vec::new();
    for window in windows.iter().filter(|window| window.deal == Deal::Approved) {
        let territory = window.territory & among;
        for span in window.spans.iter().filter(|span| span.start < span.end) {
            let countries = span.countries & territory;
            if !countries.is_empty() {
                let run = Run {
                    from: span.start,
                    until: span.end,
                    opened_by: window.contract,
                    closed_by: window.contract,
                };
                pieces.push((countries, run));
            }
        }
    }
    pieces.sort_unstable_by_key(|(_, run)| (run.from, run.opened_by, run.until));
    pieces
}

/// Adds a piece that starts no earlier than all before it.
fn extend(parts: &mut Vec<(CountrySet, Option<Run>)>, countries: CountrySet, piece: Run, now: i64) {
    let mut rest = countries;
    for index in 0..parts.len() {
        let (set, run) = parts[index];
        let both = set & rest;
        if both.is_empty() {
            continue;
        }
        rest -= both;
        let extended = match run {
            None => piece,
            Some(run) if piece.from <= run.until => Run {
                until: run.until.max(piece.until),
                closed_by: if piece.until > run.until {
                    piece.closed_by
                } else {
                    run.closed_by
                },
                ..run
            },
            // A gap lies between: the earlier run stays unless it is over.
            Some(run) if run.is_over(now) => piece,
            Some(run) => run,
        };
        if run == Some(extended) {
            continue;
        }
        if both == set {
            parts[index].1 = Some(extended);
        } else {
            parts[index].0 = set - both;
            parts.push((both, Some(extended)));
        }
        if rest.is_empty() {
            return;
        }
    }
}

/// The countries of windows whose deal stands so, each with the first contract by name.
fn marks(windows: &[&WindowFact], deal: Deal, among: CountrySet) -> Vec<(u32, CountrySet)> {
    let matching = windows.iter().filter(|window| window.deal == deal);
    let mut marks: Vec<(u32, CountrySet)> = matching
        .map(|window| (window.contract, window.territory & among))
        .collect();
    marks.sort_unstable_by_key(|(contract, _)| *contract);
    let mut rest = among;
    for (_, countries) in &mut marks {
        *countries &= rest;
        rest -= *countries;
    }
    marks.retain(|(_, countries)| !countries.is_empty());
    marks
}

fn revoked_reason(contract: u32) -> Reason {
    Reason::new(Code::RightsRevoked, Detail::Contract(contract))
}

/// Splits a standing by the marks and adds a second reason where one applies.
fn split(standing: Standing, marks: &[(u32, CountrySet)], reason: impl Fn(u32) -> Reason, into: &mut Vec<Standing>) {
    let mut rest = standing.countries;
    for (contract, marked) in marks {
        let countries = rest & *marked;
        if !countries.is_empty() {
            rest -= countries;
            let mut reasons = standing.reasons;
            if let Some(free) = reasons.iter_mut().find(|slot| slot.is_none()) {
                *free = Some(reason(*contract));
            }
            into.push(Standing {
                countries,
                reasons,
                ..standing
            });
        }
    }
    if !rest.is_empty() {
        into.push(Standing {
            countries: rest,
            ..standing
        });
    }
}

/// Countries without any approved window: closed deals, then revoked ones, then what is being negotiated, else nothing.
fn without_run(
    countries: CountrySet,
    closed: &[(u32, CountrySet)],
    revoked: &[(u32, CountrySet)],
    pending: &[(u32, CountrySet)],
    into: &mut Vec<Standing>,
) {
    let bare = |phase, countries, reasons| Standing {
        countries,
        phase,
        from: i64::MIN,
        until: i64::MAX,
        reasons,
    };
    let mut rest = countries;
    for (contract, marked) in closed {
        let part = rest & *marked;
        if !part.is_empty() {
            let reason = Reason::new(Code::RightsExpired, Detail::Contract(*contract));
            split(
                bare(Phase::Ended, part, [Some(reason), None]),
                revoked,
                revoked_reason,
                into,
            );
            rest -= part;
        }
    }
    for (contract, marked) in revoked {
        let part = rest & *marked;
        if !part.is_empty() {
            into.push(bare(Phase::None, part, [Some(revoked_reason(*contract)), None]));
            rest -= part;
        }
    }
    for (contract, marked) in pending {
        let part = rest & *marked;
        if !part.is_empty() {
            let reason = Reason::new(Code::RightsNone, Detail::Pending(*contract));
            into.push(bare(Phase::None, part, [Some(reason), None]));
            rest -= part;
        }
    }
    if !rest.is_empty() {
        let reason = Reason::new(Code::RightsNone, Detail::None);
        into.push(bare(Phase::None, rest, [Some(reason), None]));
    }
}
