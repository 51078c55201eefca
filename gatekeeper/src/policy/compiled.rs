//! A policy for a given table of countries: everything as country sets.

use super::{Change, Policy, Severity};
use crate::country_set::{Countries, CountrySet};
use crate::reason::Code;
use std::collections::BTreeMap;

const DAY_MS: i64 = 86_400_000;

/// A policy applied to the countries of an evaluation.
#[derive(Clone, Debug)]
pub struct CompiledPolicy {
    all: CountrySet,
    hard: Vec<CountrySet>,
    soft: Vec<CountrySet>,
    dropped: BTreeMap<(Code, String), CountrySet>,
    /// Milliseconds before a window from which on it is at risk.
    pub at_risk_ms: i64,
}

impl CompiledPolicy {
    /// Applies a policy to countries.
    pub fn new(policy: &Policy, countries: &Countries) -> Self {
        let all = countries.all();
        let weight = |code: Code| policy.rules.get(&code).copied().unwrap_or(Severity::Hard);
        let where_it_is = |severity: Severity| -> Vec<CountrySet> {
            let everywhere_or_nowhere = |code: Code| {
                if weight(code) == severity {
                    all
                } else {
                    CountrySet::EMPTY
                }
            };
            Code::ALL.into_iter().map(everywhere_or_nowhere).collect()
        };
        let mut compiled = CompiledPolicy {
            all,
            hard: where_it_is(Severity::Hard),
            soft: where_it_is(Severity::Soft),
            dropped: BTreeMap::new(),
            at_risk_ms: i64::from(policy.at_risk_days) * DAY_MS,
        };
        for change in &policy.overrides {
            let set = countries.set(change.countries.iter().map(String::as_str));
            let rank = change.rule as usize;
            match &change.change {
                Change::Severity(severity) => {
                    compiled.hard[rank] -= set;
                    compiled.soft[rank] -= set;
                    match severity {
                        Severity::Hard => compiled.hard[rank] |= set,
                        Severity::Soft => compiled.soft[rank] |= set,
                        Severity::Off => {}
                    }
                }
                Change::DropLanguages(languages) => {
                    for language in languages {
                        let key = (change.rule, language.to_ascii_lowercase());
                        *compiled.dropped.entry(key).or_default() |= set;
                    }
                }
            }
        }
        compiled
    }

    /// Where the rule blocks.
    pub fn hard(&self, code: Code) -> CountrySet {
        self.hard.get(code as usize).copied().unwrap_or(self.all)
    }

    /// Where the rule is only worth naming.
    pub fn soft(&self, code: Code) -> CountrySet {
        self.soft.get(code as usize).copied().unwrap_or_default()
    }

    /// Where the rule is asked at all.
    pub fn asked(&self, code: Code) -> CountrySet {
        self.hard(code) | self.soft(code)
    }

    /// Where a required language is not required by this rule.
    pub fn dropped(&self, code: Code, language: &str) -> CountrySet {
        let key = (code, language.to_ascii_lowercase());
        self.dropped.get(&key).copied().unwrap_or_default()
    }
}
