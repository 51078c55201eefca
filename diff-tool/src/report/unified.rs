//! Differences in the form of unified diffs.

use super::counted;
use super::lines::{Line, Sign};
use super::paint::{Ink, Painter};
use std::io::{self, Write};

/// Longer lines are continued on the next one.
const WIDTH: usize = 110;

/// What a difference is written of.
pub(super) enum Part<'l> {
    /// `@@ 12 equal lines in verdicts: @@`.
    Head(String),
    /// A line of the record.
    Line(&'l Line),
}

/// Writes the lines that differ, with some equal ones around them (`None`: all).
pub(super) fn write(out: &mut dyn Write, painter: Painter, lines: &[Line], context: Option<usize>) -> io::Result<()> {
    parts(lines, context).into_iter().try_for_each(|part| match part {
        Part::Head(text) => writeln!(out, "{}", painter.paint(Ink::Hunk, &text)),
        Part::Line(line) => write_line(out, painter, line),
    })
}

/// The lines to show, and what stands between them.
pub(super) fn parts(lines: &[Line], context: Option<usize>) -> Vec<Part<'_>> {
    let Some(context) = context else {
        return lines.iter().map(Part::Line).collect();
    };
    let mut parts = Vec::new();
    let mut end_of_last = 0;
    for (start, end) in hunks(lines, context) {
        if start > end_of_last {
            let skipped = counted(start - end_of_last, "equal line");
            let above = enclosing(lines, start);
            let above = if above.is_empty() {
                above
            } else {
                format!(" in {above}")
            };
            parts.push(Part::Head(format!("@@ {skipped}{above} @@")));
        }
        parts.extend(lines.iter().take(end).skip(start).map(Part::Line));
        end_of_last = end;
    }
    parts
}

/// The ranges of lines to show.
fn hunks(lines: &[Line], context: usize) -> Vec<(usize, usize)> {
    let mut hunks: Vec<(usize, usize)> = Vec::new();
    for (index, _) in lines.iter().enumerate().filter(|(_, line)| line.sign != Sign::Both) {
        let (start, end) = (index.saturating_sub(context), (index + context + 1).min(lines.len()));
        match hunks.last_mut() {
            Some(last) if start <= last.1 => last.1 = end,
            _ => hunks.push((start, end)),
        }
    }
    hunks
}

/// The lines that a line is nested in, the outermost first.
fn enclosing(lines: &[Line], index: usize) -> String {
    let Some(mut indent) = lines.get(index).map(|line| line.indent) else {
        return String::new();
    };
    let mut names = Vec::new();
    for line in lines.iter().take(index).rev() {
        if line.indent < indent {
            indent = line.indent;
            names.push(line.text());
        }
    }
    names.reverse();
    let names = names.join(" ");
    match names.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", names.get(..at).unwrap_or_default()),
        None => names,
    }
}

fn write_line(out: &mut dyn Write, painter: Painter, line: &Line) -> io::Result<()> {
    let (sign, ink, mark) = match line.sign {
        Sign::Both => (' ', Ink::Plain, Ink::Plain),
        Sign::Removed => ('-', Ink::Removed, Ink::RemovedMark),
        Sign::Added => ('+', Ink::Added, Ink::AddedMark),
    };
    let mut column = line.indent + 2;
    write!(
        out,
        "{}",
        painter.paint(ink, &format!("{sign} {}", " ".repeat(line.indent)))
    )?;
    let is_wrapped = line.text().chars().count() + column > WIDTH;
    for piece in &line.pieces {
        let ink = if piece.marked { mark } else { ink };
        if !is_wrapped {
            write!(out, "{}", painter.paint(ink, &piece.text))?;
            continue;
        }
        // Break after spaces; a long word stands over the edge.
        let mut part = String::new();
        for word in piece.text.split_inclusive(' ') {
            let width = word.chars().count();
            if column + width > WIDTH && column > line.indent + 6 {
                write!(out, "{}", painter.paint(ink, &part))?;
                part.clear();
                writeln!(out)?;
                column = line.indent + 6;
                write!(
                    out,
                    "{}",
                    painter.paint(ink, &format!("{sign} {}", " ".repeat(line.indent + 4)))
                )?;
            }
            part.push_str(word);
            column += width;
        }
        if !part.is_empty() {
            write!(out, "{}", painter.paint(ink, &part))?;
        }
    }
    writeln!(out)
}
