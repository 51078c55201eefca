//! The table of a run, for people.

use crate::compare::{Measured, Report};
use crate::promises;
use crate::rows::Unit;
use crate::rows::peers::PEERS;
use crate::summary::Summary;
use std::fmt::Write as _;

/// What comes before and after the table in a document.
pub(crate) const MARKERS: [&str; 2] = ["<!-- bench: begin -->", "<!-- bench: end -->"];

/// The report as Markdown.
pub(crate) fn markdown(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = String::new();
    let cpu = if machine.cpu.is_empty() {
        "unknown processor"
    } else {
        &machine.cpu
    };
    let _ = writeln!(
        text,
        "{}, {cpu}, {} cores, {} GiB, Linux {}, scale `{}`{}.\n",
        machine.date,
        machine.cores,
        machine.memory_gib,
        machine.kernel,
        report.scale,
        if machine.java.is_empty() {
            String::new()
        } else {
            format!(
                "; {} on {}, `{}`",
                machine.java_hollow,
                machine.java,
                report.java_options.join(" ")
            )
        }
    );
    if report.rows_to_come > 0 {
        let all = report.rows.len() + report.rows_to_come;
        let _ = writeln!(text, "**Unfinished: {} of {all} rows.**\n", report.rows.len());
    }
    text.push_str("| row | operation | data | Java Hollow | ours | ratio | at least | wall: Java, ours |\n");
    text.push_str("|---|---|---|---|---|---|---|---|\n");
    for row in report.rows.iter().filter(|row| peer(row).is_none()) {
        let side = |summary: Option<Summary>| summary.map_or("–".to_owned(), |summary| spread(row.unit, summary));
        let ours = row
            .problem
            .clone()
            .map_or_else(|| side(row.ours), |problem| format!("**{problem}**"));
        let wall = |summary: Option<Summary>| match summary {
            Some(summary) if has_wall(row.unit) => number(row.unit, summary.wall),
            _ => "–".to_owned(),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} {} | {} | {ours} | {} | {} | {}, {} |",
            row.id,
            row.title,
            row.data,
            count(row.n),
            side(row.java),
            row.ratio().map_or("–".to_owned(), times),
            target(row),
            wall(row.java),
            wall(row.ours),
        );
    }
    peers(report, &mut text);
    let promises = promises::lines(&report.rows);
    if !promises.is_empty() {
        let _ = writeln!(text, "\nOf ours alone:\n\n- {}", promises.join("\n- "));
    }
    text.push_str(
        "\nMedian of the repetitions (smallest–largest), CPU time of the process in milliseconds or of the thread in \
         nanoseconds per operation; ratios are of CPU time. Both sides read the same blobs and must find the same results.\n",
    );
    text
}

/// The operation and the column of a row of the table of peers.
fn peer(row: &Measured) -> Option<(&str, usize)> {
    let (operation, name) = row
        .id
        .split_once('-')
        .filter(|(operation, _)| operation.starts_with('P'))?;
    let column = PEERS.iter().position(|peer| *peer == name)?;
    Some((operation, column))
}

/// A table of its own: what else a program might use.
fn peers(report: &Report, text: &mut String) {
    let mut lines: Vec<(&str, &Measured, [String; PEERS.len()])> = Vec::new();
    for row in &report.rows {
        let Some((operation, column)) = peer(row) else { continue };
        if !lines.iter().any(|(known, _, _)| *known == operation) {
            lines.push((operation, row, [const { String::new() }; PEERS.len()]));
        }
        let line = lines.iter_mut().find(|(known, _, _)| *known == operation);
        if let Some((_, _, cells)) = line {
            let value = row.ours.map(|summary| number(row.unit, summary.median));
            cells[column] = row
                .problem
                .clone()
                .map(|problem| format!("**{problem}**"))
                .or(value)
                .unwrap_or_default();
        }
    }
    let Some((_, first, _)) = lines.first() else { return };
    let _ = writeln!(
        text,
        "\nOther ways for a Rust program, {} {}:\n",
        first.data,
        count(first.n)
    );
    text.push_str(
        "| row | operation | ours | `HashMap` of structs | LMDB | redb | rkyv |\n|---|---|---|---|---|---|---|\n",
    );
    for (operation, row, cells) in lines {
        let _ = writeln!(text, "| {operation} | {} | {} |", row.title, cells.join(" | "));
    }
}

fn target(row: &Measured) -> String {
    match (row.target, row.ratio()) {
        (None, _) => "–".to_owned(),
        (Some(target), Some(ratio)) if ratio >= target => format!("{} ✓", times(target)),
        (Some(target), Some(_)) => format!("{} ✗", times(target)),
        (Some(target), None) => times(target),
    }
}

fn has_wall(unit: Unit) -> bool {
    matches!(unit, Unit::Ms | Unit::MsPerOp | Unit::NsPerOp)
}

fn spread(unit: Unit, summary: Summary) -> String {
    if summary.min == summary.max {
        return number(unit, summary.median);
    }
    format!(
        "{} ({}–{})",
        number(unit, summary.median),
        digits(scaled(unit, summary.min)),
        digits(scaled(unit, summary.max))
    )
}

fn scaled(unit: Unit, value: f64) -> f64 {
    match unit {
        Unit::Bytes => value / 1e6,
        _ => value,
    }
}

/// A value with its unit.
pub(crate) fn number(unit: Unit, value: f64) -> String {
    let name = match unit {
        Unit::Ms | Unit::MsPerOp => "ms",
        Unit::NsPerOp => "ns",
        Unit::Bytes => "MB",
        Unit::BytesPerRecord => "B",
        Unit::Factor => "times",
        Unit::MillionPerSecond => "M/s",
    };
    format!("{} {name}", digits(scaled(unit, value)))
}

fn times(ratio: f64) -> String {
    format!("{}x", digits(ratio))
}

/// Three digits that say something, and thousands apart.
pub(crate) fn digits(value: f64) -> String {
    match value.abs() {
        v if v >= 1000.0 => count(value.round() as u32),
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 1.0 => format!("{value:.2}"),
        v if v >= 0.1 => format!("{value:.3}"),
        0.0 => "0".to_owned(),
        _ => format!("{value:.4}"),
    }
}

/// Thousands apart.
pub(crate) fn count(n: u32) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Puts `table` between these markers of a document.
///
/// # Errors
/// If the document has not both markers in order.
pub(crate) fn insert(document: &str, markers: [&str; 2], table: &str) -> anyhow::Result<String> {
    let [begin, end] = markers;
    let found = document.split_once(begin);
    let found = found.and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let Some((before, after)) = found else {
        anyhow::bail!("the document has not the lines `{begin}` and `{end}` that the table goes between");
    };
    Ok(format!("{before}{begin}\n{}\n{end}{after}", table.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!(count(1_234_567), "1 234 567");
        assert_eq!(count(100), "100");
        let found: Vec<String> = [23_456.0, 123.4, 12.34, 1.234, 0.1234, 0.01234, 0.0].map(digits).into();
        assert_eq!(found, ["23 456", "123", "12.3", "1.23", "0.123", "0.0123", "0"]);
        assert_eq!(number(Unit::Bytes, 327_615_482.0), "328 MB");
        assert_eq!(number(Unit::NsPerOp, 36.07), "36.1 ns");
    }

    #[test]
    fn a_table_goes_between_its_markers() {
        let document = "a\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nz\n";
        let new = insert(document, MARKERS, "new\n").expect("both markers are there");
        assert_eq!(new, "a\n<!-- bench: begin -->\nnew\n<!-- bench: end -->\nz\n");
        assert_eq!(insert(&new, MARKERS, "new").expect("they are still there"), new);
        let wrong = "a\n<!-- bench: end -->\n<!-- bench: begin -->";
        insert(wrong, MARKERS, "new").expect_err("the wrong order");
        insert(document, ["<!-- other: begin -->", "<!-- other: end -->"], "new").expect_err("others are not there");
    }
}
