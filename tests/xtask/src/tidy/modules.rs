//! The order of `hollow`'s modules: a module uses only those above it.
//!
//! It keeps the crate readable from the top: `read` can be understood without `write`, and nothing below `blob` does
//! I/O. Only `crate::` paths are looked at, and tests may use everything.

use std::collections::BTreeSet;

use super::SourceFile;

/// The modules of `hollow/src`, lowest first. Those in one row are strangers to each other, too.
///
/// A module that does not exist (yet) does no harm here; one that is not in the table is reported.
const ORDER: &[&[&str]] = &[
    &["error", "ordinal", "version"],
    &["memory"],
    &["schema"],
    &["blob"],
    &["record"],
    &["write", "read"],
    &["copy", "prepared"],
    &["index", "flat"],
    &["tools", "typed"],
    &["store"],
    &["producer", "consumer"],
    &["testing"],
];

/// Where the table applies.
const FOLDER: &str = "hollow/src/";

/// Uses of a module by one that must not know it.
pub fn violations(files: &[SourceFile]) -> Vec<String> {
    let ours: Vec<(&SourceFile, &str)> = files
        .iter()
        .filter_map(|file| Some((file, module_of(&file.path)?)))
        .collect();
    let modules: BTreeSet<&str> = ours.iter().map(|(_, module)| *module).collect();
    let mut found: Vec<String> = modules
        .iter()
        .filter(|module| row(module).is_none())
        .map(|module| format!("{FOLDER}: the module `{module}` is not in the table of tests/xtask/src/tidy/modules.rs"))
        .collect();
    for (file, module) in ours {
        if is_test(&file.path) {
            continue;
        }
        let Some(own) = row(module) else { continue };
        for (number, used) in uses(&file.text) {
            let allowed = used == module || row(&used).is_none_or(|row| row < own);
            if modules.contains(used.as_str()) && !allowed {
                found.push(format!("{}:{number}: `{module}` must not use `{used}`", file.path));
            }
        }
    }
    found
}

fn row(module: &str) -> Option<usize> {
    ORDER.iter().position(|row| row.contains(&module))
}

/// The top-level module a file belongs to; `None` for `lib.rs`, for programs, and for what is elsewhere.
fn module_of(path: &str) -> Option<&str> {
    let below = path.strip_prefix(FOLDER)?;
    let first = below.split('/').next()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (path.ends_with(".rs") && !matches!(name, "lib" | "main" | "bin")).then_some(name)
}

fn is_test(path: &str) -> bool {
    path.split('/')
        .any(|part| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs"))
}

/// The names that follow `crate::`, with their line: `x` in `crate::x::Y`, `x` and `y` in `crate::{x::A, y}`.
///
/// Reads up to the first test module. Line comments are left out; a path within a string would be taken for one.
pub fn uses(text: &str) -> Vec<(usize, String)> {
    // `mod tests;` has a file of its own and the code goes on; `mod tests {` is taken as the end.
    let is_inline = |start: usize| {
        let declaration = text
            .get(start..)
            .and_then(|rest| rest.lines().nth(1))
            .unwrap_or_default();
        declaration.trim_end().ends_with('{')
    };
    let end = text
        .match_indices("#[cfg(test)]\nmod ")
        .map(|(start, _)| start)
        .find(|start| is_inline(*start));
    let end = end.unwrap_or(text.len());
    let code: String = text
        .get(..end)
        .unwrap_or_default()
        .lines()
        .map(|line| line.split_once("//").map_or(line, |(code, _)| code))
        .flat_map(|line| [line, "\n"])
        .collect();
    let mut found = Vec::new();
    for (at, token) in code.match_indices("crate::") {
        let before = code.get(..at).and_then(|text| text.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue; // `my_crate::`
        }
        let line = code.get(..at).unwrap_or_default().matches('\n').count() + 1;
        let rest = code.get(at + token.len()..).unwrap_or_default();
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_names(group).into_iter().map(|name| (line, name))),
            None => found.push((line, identifier(rest))),
        }
    }
    found.retain(|(_, name)| !name.is_empty());
    found
}

/// The first name of each path in `a::b, c::{d, e}, f}`, up to the brace that closes it.
fn group_names(group: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = 0u32;
    let mut at_start = true;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            c if c.is_whitespace() => {}
            _ => {
                if at_start {
                    names.push(identifier(group.get(at..).unwrap_or_default()));
                }
                at_start = false;
            }
        }
    }
    names
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}
