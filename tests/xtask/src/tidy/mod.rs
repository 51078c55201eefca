//! `cargo xtask tidy`: what this repository asks of its files, checked as plain code.
//!
//! * no source file is long ([`text::MOST_LINES`]);
//! * nothing names a folder of one machine, or the host of a package registry or mirror ([`text`]);
//! * every package takes the workspace's lints;
//! * the README names both commands that a newcomer needs;
//! * a module of `hollow` uses only those above it ([`modules`]).

pub mod modules;
pub mod text;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::{deps, workspace};

/// A file of the repository as the checks see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFile {
    /// Path below the root, with `/`.
    pub path: String,
    /// The content.
    pub text: String,
}

impl SourceFile {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Makes all checks.
///
/// # Errors
/// Says everything that is not as it should be, a line each.
pub fn check() -> anyhow::Result<()> {
    let files = text_files()?;
    let mut found = Vec::new();
    for file in &files {
        found.extend(text::long_file(file));
        found.extend(text::foreign_names(file));
    }
    found.extend(packages_without_lints()?);
    found.extend(readme_gaps(&files));
    found.extend(modules::violations(&files));
    println!("{} text files looked at", files.len());
    ensure!(
        found.is_empty(),
        "{} thing(s) to tidy:\n  {}",
        found.len(),
        found.join("\n  ")
    );
    Ok(())
}

/// The files of the repository that hold text: those git knows, and new ones that it would not ignore.
fn text_files() -> anyhow::Result<Vec<SourceFile>> {
    let root = workspace::root();
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(&root)
        .stdin(Stdio::null())
        .output()
        .context("`git` does not start")?;
    ensure!(
        output.status.success(),
        "`git ls-files` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    let mut files = Vec::new();
    for path in output.stdout.split(|&byte| byte == 0).filter(|path| !path.is_empty()) {
        let path = String::from_utf8_lossy(path).into_owned();
        // A deleted file is still listed; a folder is a submodule; other bytes are data.
        let Ok(bytes) = fs::read(root.join(&path)) else {
            continue;
        };
        if let Ok(text) = String::from_utf8(bytes)
            && !text.contains('\0')
        {
            files.push(SourceFile { path, text });
        }
    }
    Ok(files)
}

fn packages_without_lints() -> anyhow::Result<Vec<String>> {
    let metadata = deps::metadata(&["--no-deps"])?;
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let path = PathBuf::from(package["manifest_path"].as_str().unwrap_or_default());
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        if !takes_lints(&text) {
            let name = package["name"].as_str().unwrap_or_default();
            found.push(format!("package {name}: its manifest lacks `[lints] workspace = true`"));
        }
    }
    Ok(found)
}

/// True when a manifest takes the workspace's lints.
pub fn takes_lints(manifest: &str) -> bool {
    let Ok(table) = manifest.parse::<toml::Table>() else {
        return false;
    };
    table
        .get("lints")
        .and_then(|lints| lints.get("workspace"))
        .and_then(toml::Value::as_bool)
        == Some(true)
}

/// What the README does not tell: how to see the product, and how to test it.
pub fn readme_gaps(files: &[SourceFile]) -> Vec<String> {
    let Some(readme) = files.iter().find(|file| file.path == "README.md") else {
        return vec!["README.md is missing".into()];
    };
    let names = |words: &[&str]| {
        readme.text.lines().any(|line| {
            let mut rest = line.split_whitespace().filter(|word| !word.starts_with('-'));
            rest.by_ref().any(|word| word.trim_start_matches('`') == "cargo")
                && words
                    .iter()
                    .all(|word| rest.by_ref().any(|found| found.trim_end_matches('`') == *word))
        })
    };
    let mut found = Vec::new();
    if !names(&["demo"]) {
        found.push("README.md names no cargo command that starts the demo".into());
    }
    if !names(&["xtask", "test"]) {
        found.push("README.md does not name `cargo xtask test`".into());
    }
    found
}
