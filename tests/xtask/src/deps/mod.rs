//! Checks of what the workspace depends on, in a second and with nothing installed.
//!
//! `deny.toml` holds the rules, in cargo-deny's own form, so that there is one list: which licences are allowed, which
//! crates are banned, where crates may come from. This module applies them to `cargo metadata --locked`. Where
//! cargo-deny is installed it runs as well, and finds more (licence texts, wildcard versions).
//!
//! Left to others: known vulnerabilities, which need a database from the network.

pub mod policy;
pub mod spdx;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context, bail, ensure};
use serde_json::Value;

use crate::{steps, workspace};
use policy::Policy;

/// A package that the workspace is built from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence expression, empty when it has none.
    pub license: String,
    /// Where it is from; `None` for a folder of this repository.
    pub source: Option<String>,
}

/// Runs all dependency checks and prints a report of duplicates.
///
/// # Errors
/// Says every rule that is broken, each with the package that breaks it.
pub fn check() -> anyhow::Result<()> {
    let lock = workspace::root().join("Cargo.lock");
    ensure!(lock.is_file(), "Cargo.lock is missing: it belongs into the repository");
    let policy_file = workspace::root().join("deny.toml");
    let text = fs::read_to_string(&policy_file).with_context(|| format!("reading {}", policy_file.display()))?;
    let policy = Policy::parse(&text).context("deny.toml")?;

    // All features: what somebody may switch on must be allowed as well.
    let packages = packages(&metadata(&["--locked", "--all-features"])?);
    let violations = policy.violations(&packages);
    let outside = packages.iter().filter(|package| package.source.is_some()).count();
    println!("{outside} dependencies; licences, bans and sources as in deny.toml");
    for (name, versions) in duplicates(&packages) {
        println!("  note: more than one version of {name}: {}", versions.join(", "));
    }
    ensure!(
        violations.is_empty(),
        "{} rule(s) broken:\n  {}",
        violations.len(),
        violations.join("\n  ")
    );
    run_cargo_deny()
}

/// What `cargo metadata` says with these arguments.
///
/// # Errors
/// When cargo fails (with `--locked` also when Cargo.lock is not up to date) or prints no JSON.
pub fn metadata(arguments: &[&str]) -> anyhow::Result<Value> {
    let mut command = workspace::cargo();
    command
        .args(["metadata", "--format-version", "1", "--quiet"])
        .args(arguments)
        .stdin(Stdio::null());
    let shown = steps::shown(&command);
    let output = command.output().with_context(|| format!("`{shown}` does not start"))?;
    if !output.status.success() {
        bail!(
            "`{shown}` failed: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    serde_json::from_slice(&output.stdout).with_context(|| format!("`{shown}` printed no JSON"))
}

/// The packages named in cargo's metadata, sorted.
pub fn packages(metadata: &Value) -> Vec<Package> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut packages: Vec<Package> = metadata["packages"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|package| Package {
            name: text(&package["name"]),
            version: text(&package["version"]),
            license: text(&package["license"]),
            source: package["source"].as_str().map(str::to_owned),
        })
        .collect();
    packages.sort();
    packages
}

/// Names that occur with more than one version: each costs build time and size.
pub fn duplicates(packages: &[Package]) -> Vec<(&str, Vec<&str>)> {
    let mut versions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for package in packages {
        versions.entry(&package.name).or_default().insert(&package.version);
    }
    versions
        .into_iter()
        .filter(|(_, versions)| versions.len() > 1)
        .map(|(name, versions)| (name, versions.into_iter().collect()))
        .collect()
}

/// Runs cargo-deny where it is installed.
fn run_cargo_deny() -> anyhow::Result<()> {
    let cargo_deny = || {
        let mut command = Command::new("cargo-deny");
        command.current_dir(workspace::root()).stdin(Stdio::null());
        command
    };
    let found = cargo_deny()
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !found.is_ok_and(|status| status.success()) {
        println!("cargo-deny is not installed: only the checks above were made");
        return Ok(());
    }
    // Duplicates are in the report above.
    let arguments = [
        "--locked",
        "--all-features",
        "check",
        "--hide-inclusion-graph",
        "--allow",
        "duplicate",
    ];
    steps::succeed(cargo_deny().args(arguments).args(["bans", "licenses", "sources"]))
}
