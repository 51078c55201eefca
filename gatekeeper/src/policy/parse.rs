//! Policies from TOML.

use super::{Change, Override, Policy, Severity};
use crate::language::Substitution;
use crate::reason::Code;
use std::collections::{BTreeMap, BTreeSet};

/// What is wrong with a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not TOML, or a key, type or word that does not belong there. The message says where.
    #[error("not a policy: {0}")]
    Syntax(String),
    /// A rule that no policy knows.
    #[error("no such rule, expected one of {expected}: rule={found}")]
    UnknownRule {
        /// What is written.
        found: String,
        /// What may be written.
        expected: String,
    },
    /// A rule without a severity.
    #[error("every rule needs a severity under [rules] (hard, soft or off), missing={0}")]
    RuleNotNamed(String),
    /// The name does not fit into an id.
    #[error("a policy's name is 1 to 40 letters, digits, '-' or '_': name={0:?}")]
    Name(String),
    /// A country that cannot be one.
    #[error("a country is two capital letters (ISO 3166-1 alpha-2): country={0:?}")]
    Country(String),
    /// An override that says nothing, or several things.
    #[error("override {number} (rule {rule}): {problem}")]
    Override {
        /// Which one, from 1.
        number: usize,
        /// Its rule.
        rule: String,
        /// What is wrong.
        problem: &'static str,
    },
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    name: String,
    at_risk_days: u16,
    languages: Substitution,
    rules: BTreeMap<String, Severity>,
    #[serde(default, rename = "override")]
    overrides: Vec<OverrideFile>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideFile {
    rule: String,
    countries: BTreeSet<String>,
    off: Option<bool>,
    severity: Option<Severity>,
    drop_languages: Option<BTreeSet<String>>,
}

fn configurable() -> impl Iterator<Item = Code> {
    Code::ALL.into_iter().filter(|code| code.is_configurable())
}

fn rule(name: &str) -> Result<Code, PolicyError> {
    let code = Code::from_name(name).filter(|code| code.is_configurable());
    code.ok_or_else(|| PolicyError::UnknownRule {
        found: name.to_owned(),
        expected: configurable().map(Code::name).collect::<Vec<_>>().join(", "),
    })
}

pub(super) fn parse(text: &str) -> Result<Policy, PolicyError> {
    let file: PolicyFile = toml::from_str(text).map_err(|error| PolicyError::Syntax(error.to_string()))?;
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if file.name.is_empty() || file.name.len() > 40 || !file.name.bytes().all(allowed) {
        return Err(PolicyError::Name(file.name));
    }
    let mut rules = BTreeMap::new();
    for (name, severity) in file.rules {
        rules.insert(rule(&name)?, severity);
    }
    if let Some(missing) = configurable().find(|code| !rules.contains_key(code)) {
        return Err(PolicyError::RuleNotNamed(missing.name().to_owned()));
    }
    let overrides = file.overrides.into_iter().enumerate();
    let overrides = overrides.map(|(index, file)| read_override(index + 1, file));
    Ok(Policy {
        name: file.name,
        at_risk_days: file.at_risk_days,
        languages: file.languages,
        rules,
        overrides: overrides.collect::<Result<_, _>>()?,
    })
}

fn read_override(number: usize, file: OverrideFile) -> Result<Override, PolicyError> {
    let code = rule(&file.rule)?;
    let wrong = |problem| PolicyError::Override {
        number,
        rule: file.rule.clone(),
        problem,
    };
    if file.countries.is_empty() {
        return Err(wrong("countries must name at least one country"));
    }
    let is_code = |code: &&String| code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase());
    if let Some(bad) = file.countries.iter().find(is_code) {
        return Err(PolicyError::Country(bad.clone()));
    }
    let has_languages = matches!(
        code,
        Code::AudioMissing | Code::SubMissing | Code::TitleTextMissing | Code::SynopsisMissing
    );
    let change = match (file.off, file.severity, file.drop_languages) {
        (Some(true), None, None) => Change::Severity(Severity::Off),
        (Some(false), None, None) => return Err(wrong("off = false says nothing; leave the override out")),
        (None, Some(severity), None) => Change::Severity(severity),
        (None, None, Some(_)) if !has_languages => {
            return Err(wrong("drop_languages fits only rules about languages"));
        }
        (None, None, Some(languages)) if languages.is_empty() => return Err(wrong("drop_languages is empty")),
        (None, None, Some(languages)) => Change::DropLanguages(languages),
        _ => return Err(wrong("give exactly one of off = true, severity, drop_languages")),
    };
    Ok(Override {
        rule: code,
        countries: file.countries,
        change,
    })
}
