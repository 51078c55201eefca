//! The question common to all deliveries: where is it covered, from when, and how far is it where it is not?

use super::Finding;
use crate::country_set::CountrySet;
use crate::facts::AssetFact;
use crate::reason::{Code, Detail, Progress, Reason};

/// Reports where none of the candidates can be used. What is reported names the furthest candidate that could be.
pub(super) fn uncovered<'a>(
    code: Code,
    required: CountrySet,
    candidates: impl Iterator<Item = &'a AssetFact<'a>> + Clone,
    detail: impl Fn(Option<Progress>) -> Detail,
    now: i64,
    findings: &mut Vec<Finding>,
) {
    let usable = |asset: &&AssetFact<'_>| asset.progress == Progress::Validated;
    let mut rest = required;
    for asset in candidates.clone().filter(usable) {
        if asset.available_from <= now {
            rest -= asset.territory;
        }
    }
    if rest.is_empty() {
        return;
    }
    let mut push = |countries: CountrySet, progress: Option<Progress>, clears_at: Option<i64>| {
        if !countries.is_empty() {
            findings.push(Finding {
                reason: Reason::new(code, detail(progress)),
                countries,
                clears_at,
            });
        }
    };
    // Usable later: the earliest one counts, country by country.
    let mut waiting: Vec<&AssetFact<'_>> = candidates
        .clone()
        .filter(|asset| asset.progress == Progress::Validated)
        .collect();
    waiting.sort_unstable_by_key(|asset| asset.available_from);
    for asset in waiting {
        if asset.available_from > now {
            push(
                rest & asset.territory,
                Some(Progress::Validated),
                Some(asset.available_from),
            );
            rest -= asset.territory;
        }
    }
    // On the way: the furthest one is named.
    let mut on_the_way: Vec<&AssetFact<'_>> = candidates.filter(|asset| !usable(asset)).collect();
    on_the_way.sort_unstable_by_key(|asset| asset.progress);
    for same in on_the_way.chunk_by(|a, b| a.progress == b.progress) {
        let territory = same.iter().fold(CountrySet::EMPTY, |all, asset| all | asset.territory);
        push(rest & territory, same.first().map(|asset| asset.progress), None);
        rest -= territory;
    }
    push(rest, None, None);
}
