//! The part of the README that a run writes: what it came to, between two comments.

use super::report::Report;
use anyhow::{Context, Result};

const BEGIN: &str = "<!-- written by `cargo xtask interop --table` -->\n";
const END: &str = "<!-- end of what `cargo xtask interop --table` writes -->";

/// The seeds of the runs that the README tells of.
pub const SEEDS: std::ops::Range<u64> = 0..300;

/// Where the part stands in a text, comments excluded.
fn place(text: &str) -> Result<std::ops::Range<usize>> {
    let begin = text.find(BEGIN).map(|at| at + BEGIN.len());
    let begin = begin.with_context(|| format!("there is no line {}", BEGIN.trim_end()))?;
    let length = text[begin..]
        .find(END)
        .with_context(|| format!("there is no line {END}"))?;
    Ok(begin..begin + length)
}

/// The text with this report in the place of the one it has.
///
/// # Errors
/// If the text has no place for it.
pub fn with(text: &str, report: &Report) -> Result<String> {
    let place = place(text)?;
    Ok(format!(
        "{}{}{}",
        &text[..place.start],
        report.table(),
        &text[place.end..]
    ))
}

/// An error, which says how to go on, if the text has another report.
///
/// # Errors
/// As said.
pub fn check(text: &str, report: &Report) -> Result<()> {
    let (found, expected) = (&text[place(text)?], report.table());
    let different = found
        .lines()
        .map(Some)
        .chain(std::iter::repeat(None))
        .zip(expected.lines().map(Some).chain(std::iter::repeat(None)))
        .take_while(|(found, expected)| found.is_some() || expected.is_some())
        .find(|(found, expected)| found != expected);
    match different {
        None => Ok(()),
        Some((found, expected)) => anyhow::bail!(
            "README.md says something else than this run; `cargo xtask interop --table` writes it anew\n  README:   {}\n  this run: {}",
            found.unwrap_or("(nothing)"),
            expected.unwrap_or("(nothing)")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::report::Publisher;
    use super::*;

    #[test]
    fn a_report_takes_the_place_of_the_one_before() {
        let mut report = Report::default();
        report.count_direction("snapshot", Publisher::Java, 3);
        let empty = format!("# A\n\n{BEGIN}{END}\n\nrest\n");
        let filled = with(&empty, &report).expect("a place");
        assert!(filled.starts_with("# A\n\n") && filled.ends_with(&format!("{END}\n\nrest\n")));
        assert!(filled.contains("| snapshot | ok, 3 | — | — |"), "{filled}");
        check(&filled, &report).expect("the same");
        assert!(check(&empty, &report).is_err());
        report.count_direction("snapshot", Publisher::Java, 1);
        let error = check(&filled, &report).expect_err("another number").to_string();
        assert!(
            error.contains("cargo xtask interop --table") && error.contains("ok, 4"),
            "{error}"
        );
        assert_eq!(with(&filled, &report).ok(), with(&empty, &report).ok());
        assert!(with("# A\n", &report).is_err() && with(BEGIN, &report).is_err());
    }
}
