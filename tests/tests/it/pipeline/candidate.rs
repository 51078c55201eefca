//! PROD under the default policy, PREPROD under the candidate: what differs, and whether the policy says so.

use super::Pipeline;
use crate::cells::{Cell, Place, cells};
use anyhow::{Context, Result, ensure};
use diff_tool::diff;
use gatekeeper::liveness;
use gatekeeper::policy::{Change, Policy, Severity};
use gatekeeper::runner::Role;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn what_differs_under_the_candidate_policy_is_what_it_says() -> Result<()> {
    let mut pipeline = Pipeline::start()?;
    pipeline.sweep()?;
    pipeline.make_gaps()?;
    pipeline.settle()?;
    let (default, candidate) = (Policy::default_policy(), Policy::candidate_policy());
    ensure!(
        (
            default.at_risk_days,
            &default.languages,
            &default.rules,
            default.overrides.len()
        ) == (candidate.at_risk_days, &candidate.languages, &candidate.rules, 0),
        "the candidate is to differ in its overrides only: they are what is checked here"
    );
    let mut prod = pipeline.gatekeeper(default, Role::Lead)?;
    let mut preprod = pipeline.gatekeeper(candidate.clone(), prod.follower()?)?;
    let (a, b) = (prod.publish()?, preprod.publish()?);
    let (before, after) = (cells(&a)?, cells(&b)?);
    ensure!(before.keys().eq(after.keys()), "the policies judge other places");

    let mut changed_videos = BTreeSet::new();
    let mut by_override = vec![0; candidate.overrides.len()];
    for (place, was) in &before {
        let is = &after[place];
        if was == is {
            continue;
        }
        changed_videos.insert(place.0);
        let found = explanations(&candidate, &place.1, was, is);
        ensure!(
            !found.is_empty(),
            "nothing in the policy explains {place:?}: {was:?} became {is:?}"
        );
        found.into_iter().for_each(|number| by_override[number] += 1);
    }
    // The catalogue has a case for every override that names one of its countries.
    let countries: BTreeSet<&str> = before.keys().map(|(_, country)| country.as_str()).collect();
    for (number, difference) in candidate.overrides.iter().enumerate() {
        let is_here = difference
            .countries
            .iter()
            .any(|country| countries.contains(country.as_str()));
        ensure!(
            is_here == (by_override[number] > 0),
            "{difference:?} changed {} cells",
            by_override[number]
        );
    }
    ensure!(nothing_left_that_is_off(&candidate, &after).is_empty());

    let difference = diff(&a, &b, &diff_tool::Options::default());
    ensure!(!difference.is_same());
    let derived = difference.tags.derived.as_ref().context("no derivation")?;
    ensure!(derived.same_question() && !derived.same_rules(), "{derived:?}");
    let videos = difference
        .types
        .iter()
        .find(|ty| ty.name == liveness::ROOT)
        .context("no videos")?;
    ensure!(videos.only_in_a.is_empty() && videos.only_in_b.is_empty() && videos.ambiguous == 0);
    let ids = a.object(liveness::ROOT).context("no videos")?;
    let reported: BTreeSet<i64> = videos.modified.iter().filter_map(|pair| ids.long(pair.a, 0)).collect();
    ensure!(
        reported == changed_videos,
        "reported {reported:?}, changed {changed_videos:?}"
    );
    Ok(())
}

/// The overrides by number that together explain how a cell changed; none if something is left unexplained.
fn explanations(policy: &Policy, country: &str, was: &Cell, is: &Cell) -> Vec<usize> {
    let gone: BTreeSet<_> = was.reasons.difference(&is.reasons).collect();
    let come: BTreeSet<_> = is.reasons.difference(&was.reasons).collect();
    let (mut unexplained, mut by) = (gone.clone(), Vec::new());
    let mut weighs = false;
    let here = policy.overrides.iter().enumerate();
    for (number, difference) in here.filter(|(_, difference)| difference.countries.contains(country)) {
        let code = difference.rule.name();
        let mut applies = false;
        let is_removed = |detail: &str| match &difference.change {
            Change::Severity(severity) => *severity == Severity::Off,
            // "subtitle ko", or "subtitle ko (processing)".
            Change::DropLanguages(languages) => detail
                .split(' ')
                .nth(1)
                .is_some_and(|language| languages.contains(language)),
        };
        unexplained.retain(|(found, detail)| {
            let removed = found == code && is_removed(detail);
            applies |= removed;
            !removed
        });
        // A page that lacks less makes what is reached through it lack less; so does the other way round.
        let of_pages = ["TITLE_TEXT_MISSING", "SYNOPSIS_MISSING"].contains(&code);
        let through_parent = |(found, _): &&(String, String)| of_pages && found == "PARENT_NOT_LIVE";
        let parents = unexplained.len();
        unexplained.retain(|reason| !through_parent(reason));
        applies |= parents > unexplained.len();
        // The reason stays and weighs something else.
        if matches!(difference.change, Change::Severity(weight) if weight != Severity::Off)
            && was.has(code)
            && is.has(code)
        {
            applies = true;
            weighs = true;
        }
        if applies {
            by.push(number);
        }
    }
    let only_status = gone.is_empty() && come.is_empty();
    if !unexplained.is_empty() || !come.is_empty() || (only_status && !weighs) {
        return Vec::new();
    }
    by
}

/// Cells that still name what the policy does not ask for there.
fn nothing_left_that_is_off<'c>(policy: &Policy, cells: &'c BTreeMap<Place, Cell>) -> Vec<&'c Place> {
    let named = |(place, cell): &(&Place, &Cell)| {
        let here = policy
            .overrides
            .iter()
            .filter(|difference| difference.countries.contains(&place.1));
        here.into_iter().any(|difference| match &difference.change {
            Change::Severity(Severity::Off) => cell.has(difference.rule.name()),
            Change::Severity(_) => false,
            Change::DropLanguages(languages) => cell.reasons.iter().any(|(code, detail)| {
                let language = detail.split(' ').nth(1);
                code == difference.rule.name() && language.is_some_and(|language| languages.contains(language))
            }),
        })
    };
    cells.iter().filter(named).map(|(place, _)| place).collect()
}
