//! One video: from findings to a status in every country.
//!
//! With the data unchanged, what a rule misses can only be cured by time, never come back. So for each country there is an
//! instant from which nothing hard is missing and one from which nothing at all is, and the status at any instant, as well
//! as the next instant at which it changes, follows from those two and from the window:
//!
//! ```text
//!             from − horizon            from                       until
//!  IN_PROGRESS    │      AT_RISK         │       BLOCKED             │   ENDED, or the next window's
//!  ───────────────┼──────────────────────┼───────────┬───────────────┼──►
//!                      READY (if nothing hard is     │ LIVE_WITH_GAPS, LIVE
//!                      missing any more at `from`)   nothing hard is missing any more
//! ```

use crate::country_set::CountrySet;
use crate::facts::{Blocked, VideoFacts};
use crate::policy::CompiledPolicy;
use crate::reason::{Code, Detail, Reason};
use crate::requirements::Requirements;
use crate::rules::rights::{Phase, Standing};
use crate::rules::{self, Finding, Question};
use crate::status::Status;

/// The answer for some countries. All times are epoch milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The countries it holds for.
    pub countries: CountrySet,
    /// The status at the instant of evaluation.
    pub status: Status,
    /// All that is missing, by code; within a code in an order that depends only on the data.
    pub reasons: Vec<Reason>,
    /// When the window that counts opens or opened.
    pub live_from: Option<i64>,
    /// When it closes or closed.
    pub live_until: Option<i64>,
    /// The next instant at which, with the data unchanged, the status changes.
    pub next_change: Option<i64>,
}

/// Countries that are alike so far.
struct Cell {
    countries: CountrySet,
    standing: usize,
    reasons: Vec<Reason>,
    /// Until when something hard is missing: `i64::MIN` = nothing is, `i64::MAX` = for ever.
    hard_until: i64,
    /// The same for anything soft.
    soft_until: i64,
}

/// The verdicts on a video at `now`: a partition of all countries, ascending by the least country of each part.
pub fn judge(video: &VideoFacts<'_>, standings: &[Standing], required: &Requirements, now: i64) -> Vec<Verdict> {
    let relevant = |standing: &&Standing| matches!(standing.phase, Phase::Open | Phase::Ahead);
    let sets = standings.iter().filter(relevant).map(|standing| standing.countries);
    let among = sets.fold(CountrySet::EMPTY, |all, set| all | set);
    let mut findings = Vec::new();
    if !among.is_empty() {
        let question = Question {
            video,
            required,
            among,
            now,
        };
        rules::findings(&question, &mut findings);
    }
    let mut cells: Vec<Cell> = standings.iter().enumerate().map(Cell::of).collect();
    for finding in &findings {
        let (hard, soft) = by_weight(finding, &required.policy);
        split(&mut cells, standings, finding, hard, true, now);
        split(&mut cells, standings, finding, soft, false, now);
    }
    let mut verdicts: Vec<Verdict> = cells
        .into_iter()
        .map(|cell| cell.verdict(standings, required.policy.at_risk_ms, now))
        .collect();
    let closed = rules::service::closed(required);
    if !closed.is_empty() {
        verdicts.push(no_service(closed));
    }
    merge(verdicts)
}

/// Where a series or season lacks something hard, and until when. Countries in which it lacks nothing are left out.
pub fn blocked(video: &VideoFacts<'_>, required: &Requirements, now: i64) -> Vec<Blocked> {
    let mut findings = Vec::new();
    let question = Question {
        video,
        required,
        among: required.countries.all() - rules::service::closed(required),
        now,
    };
    rules::findings(&question, &mut findings);
    let mut hard: Vec<Blocked> = findings
        .iter()
        .map(|finding| Blocked {
            countries: by_weight(finding, &required.policy).0,
            clears_at: finding.clears_at,
        })
        .collect();
    // What lasts longest decides: for ever first, then the latest instant.
    hard.sort_by_key(|blocked| std::cmp::Reverse(blocked.clears_at.unwrap_or(i64::MAX)));
    let mut decided = CountrySet::EMPTY;
    let mut parts: Vec<Blocked> = Vec::new();
    for Blocked { countries, clears_at } in hard {
        let countries = countries - decided;
        decided |= countries;
        match parts.last_mut() {
            Some(last) if last.clears_at == clears_at => last.countries |= countries,
            _ if countries.is_empty() => {}
            _ => parts.push(Blocked { countries, clears_at }),
        }
    }
    parts
}

/// Where a finding blocks, and where it is only worth naming.
fn by_weight(finding: &Finding, policy: &CompiledPolicy) -> (CountrySet, CountrySet) {
    let code = finding.reason.code;
    (
        finding.countries & policy.hard(code),
        finding.countries & policy.soft(code),
    )
}

/// Marks the countries of a finding, unless it is cured by the time at which they are judged.
fn split(
    cells: &mut Vec<Cell>,
    standings: &[Standing],
    finding: &Finding,
    countries: CountrySet,
    hard: bool,
    now: i64,
) {
    let clears = finding.clears_at.unwrap_or(i64::MAX);
    let mut rest = countries;
    for index in 0..cells.len() {
        if rest.is_empty() {
            return;
        }
        let both = cells[index].countries & rest;
        let standing = &standings[cells[index].standing];
        if both.is_empty() || !matters(standing, clears, now) {
            continue;
        }
        rest -= both;
        if both == cells[index].countries {
            cells[index].mark(finding.reason, clears, hard);
        } else {
            let mut part = Cell {
                countries: both,
                reasons: cells[index].reasons.clone(),
                ..cells[index]
            };
            part.mark(finding.reason, clears, hard);
            cells[index].countries -= both;
            cells.push(part);
        }
    }
}

/// An open window is judged now, one ahead at its opening.
fn matters(standing: &Standing, clears: i64, now: i64) -> bool {
    match standing.phase {
        Phase::Open => clears > now,
        Phase::Ahead => clears > standing.from,
        Phase::None | Phase::Ended => false,
    }
}

impl Cell {
    fn of((index, standing): (usize, &Standing)) -> Cell {
        Cell {
            countries: standing.countries,
            standing: index,
            reasons: standing.reasons.iter().flatten().copied().collect(),
            hard_until: i64::MIN,
            soft_until: i64::MIN,
        }
    }

    fn mark(&mut self, reason: Reason, clears: i64, hard: bool) {
        self.reasons.push(reason);
        let until = if hard {
            &mut self.hard_until
        } else {
            &mut self.soft_until
        };
        *until = clears.max(*until);
    }

    fn verdict(mut self, standings: &[Standing], at_risk_ms: i64, now: i64) -> Verdict {
        let Standing { phase, from, until, .. } = standings[self.standing];
        let missing = self.hard_until > i64::MIN;
        let gaps = self.soft_until > i64::MIN;
        let horizon = from.saturating_sub(at_risk_ms);
        let (status, next) = match phase {
            Phase::None => (Status::NotLicensed, i64::MAX),
            Phase::Ended => (Status::Ended, i64::MAX),
            Phase::Ahead if !missing => (Status::Ready, from),
            Phase::Ahead if now >= horizon => (Status::AtRisk, from),
            Phase::Ahead => (Status::InProgress, horizon),
            Phase::Open if missing => (Status::Blocked, self.hard_until.min(until)),
            Phase::Open if gaps => (Status::LiveWithGaps, self.soft_until.min(until)),
            Phase::Open => (Status::Live, until),
        };
        self.reasons.sort_by_key(|reason| reason.code);
        Verdict {
            countries: self.countries,
            status,
            reasons: self.reasons,
            live_from: (from != i64::MIN).then_some(from),
            live_until: (until != i64::MAX).then_some(until),
            next_change: (next != i64::MAX).then_some(next),
        }
    }
}

fn no_service(countries: CountrySet) -> Verdict {
    Verdict {
        countries,
        status: Status::NotLicensed,
        reasons: vec![Reason::new(Code::ServiceUnavailable, Detail::None)],
        live_from: None,
        live_until: None,
        next_change: None,
    }
}

/// Joins equal verdicts and puts them in the order of their least country.
fn merge(mut verdicts: Vec<Verdict>) -> Vec<Verdict> {
    fn key(verdict: &Verdict) -> (Status, Option<i64>, Option<i64>, Option<i64>, &[Reason]) {
        let times = (verdict.live_from, verdict.live_until, verdict.next_change);
        (verdict.status, times.0, times.1, times.2, &verdict.reasons)
    }
    verdicts.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
    verdicts.dedup_by(|next, kept| {
        let same = key(next) == key(kept);
        if same {
            kept.countries |= next.countries;
        }
        same
    });
    verdicts.sort_unstable_by_key(|verdict| verdict.countries.least());
    verdicts
}
