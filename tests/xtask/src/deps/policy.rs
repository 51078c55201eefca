//! The rules of `deny.toml`, as far as they can be applied without cargo-deny.

use std::collections::BTreeSet;

use anyhow::{Context, bail};
use toml::{Table, Value};

use super::Package;
use super::spdx;

/// The registry that all crates come from.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Which packages the workspace may be built from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// Licence identifiers, `X WITH Y` as one.
    allowed: BTreeSet<String>,
    /// For one package more: its name and the licences.
    exceptions: Vec<(String, BTreeSet<String>)>,
    /// Packages whose licence is told here because they do not tell it themselves.
    clarified: Vec<(String, String)>,
    /// Names, with the reason.
    banned: Vec<(String, String)>,
}

impl Policy {
    /// Reads the text of `deny.toml`. Tables it does not know are cargo-deny's business.
    ///
    /// # Errors
    /// When it is no TOML, or a rule has not the form expected here: an unread rule would be no rule.
    pub fn parse(text: &str) -> anyhow::Result<Policy> {
        let table: Table = text.parse().context("not TOML")?;
        let licenses = table
            .get("licenses")
            .and_then(Value::as_table)
            .context("[licenses] is missing")?;
        let bans = table
            .get("bans")
            .and_then(Value::as_table)
            .context("[bans] is missing")?;
        let mut policy = Policy {
            allowed: strings(licenses, "allow")?,
            ..Policy::default()
        };
        for entry in tables(licenses, "exceptions")? {
            policy.exceptions.push((name(entry)?, strings(entry, "allow")?));
        }
        for entry in tables(licenses, "clarify")? {
            policy.clarified.push((name(entry)?, string(entry, "expression")?));
        }
        for entry in tables(bans, "deny")? {
            policy.banned.push((name(entry)?, string(entry, "reason")?));
        }
        Ok(policy)
    }

    /// What is wrong with these packages, a line each.
    pub fn violations(&self, packages: &[Package]) -> Vec<String> {
        let mut found = Vec::new();
        for package in packages {
            let Package { name, version, .. } = package;
            if let Some(problem) = self.license_problem(package) {
                found.push(format!("{name} {version}: {problem}"));
            }
            if let Some((_, reason)) = self.banned.iter().find(|(banned, _)| banned == name) {
                found.push(format!("{name} {version}: banned: {reason}"));
            }
            if let Some(source) = package.source.as_deref().filter(|source| *source != CRATES_IO) {
                found.push(format!(
                    "{name} {version}: only crates.io may be a source; source={source}"
                ));
            }
        }
        found
    }

    fn license_problem(&self, package: &Package) -> Option<String> {
        let clarified = self.clarified.iter().find(|(name, _)| *name == package.name);
        let license = clarified.map_or(package.license.as_str(), |(_, expression)| expression);
        if license.is_empty() {
            return Some("has no licence expression; see [[licenses.clarify]]".into());
        }
        let exceptions = self
            .exceptions
            .iter()
            .find(|(name, _)| *name == package.name)
            .map(|(_, allowed)| allowed);
        let allowed = |id: &str| self.allowed.contains(id) || exceptions.is_some_and(|more| more.contains(id));
        match spdx::satisfied(license, allowed) {
            Ok(true) => None,
            Ok(false) => Some(format!("licence not allowed; license={license}")),
            Err(error) => Some(format!("licence expression not understood: {error}; license={license}")),
        }
    }
}

fn strings(table: &Table, key: &str) -> anyhow::Result<BTreeSet<String>> {
    let list = table
        .get(key)
        .and_then(Value::as_array)
        .with_context(|| format!("`{key}` must be a list"))?;
    list.iter()
        .map(|value| {
            value
                .as_str()
                .map(str::to_owned)
                .with_context(|| format!("`{key}` must hold strings"))
        })
        .collect()
}

fn tables<'a>(table: &'a Table, key: &str) -> anyhow::Result<Vec<&'a Table>> {
    let Some(value) = table.get(key) else {
        return Ok(Vec::new());
    };
    let list = value.as_array().with_context(|| format!("`{key}` must be a list"))?;
    list.iter()
        .map(|value| value.as_table().with_context(|| format!("`{key}` must hold tables")))
        .collect()
}

fn string(table: &Table, key: &str) -> anyhow::Result<String> {
    table
        .get(key)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("`{key}` must be a string"))
}

/// The crate an entry is about; a version beside the name is not understood here.
fn name(table: &Table) -> anyhow::Result<String> {
    let name = string(table, "crate")?;
    if name.contains(['@', ':']) {
        bail!("name the crate without a version; crate={name}");
    }
    Ok(name)
}
