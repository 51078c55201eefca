//! The head of a report: states, inputs, tags, schemas, and the table of counts.

use super::paint::{Ink, Painter};
use super::{Detail, Report, Title, counted, grouped};
use crate::tags::{self, TagComparison};
use crate::{MatchedBy, TypeDiff, show};
use std::io::{self, Write};

/// Which states are compared.
pub(super) fn write_titles(out: &mut dyn Write, painter: Painter, a: &Title, b: &Title) -> io::Result<()> {
    let width = [a, b]
        .map(|title| show::escaped(&title.selector).chars().count())
        .into_iter()
        .max()
        .unwrap_or(0);
    for (name, title) in [("A", a), ("B", b)] {
        let selector = show::escaped(&title.selector);
        let version = title.version.as_deref().unwrap_or("unknown");
        let line = format!("{name}  {selector:width$}  version {}", show::name(version));
        writeln!(out, "{}", painter.paint(Ink::Heading, &line))?;
    }
    Ok(())
}

/// Whether both states are answers to the same question, if they are answers.
pub(super) fn write_question(
    out: &mut dyn Write,
    painter: Painter,
    tags: &TagComparison,
    is_same: bool,
) -> io::Result<()> {
    let Some(derived) = &tags.derived else { return Ok(()) };
    let ink = if derived.same_question() { Ink::Good } else { Ink::Bad };
    let text = derived.to_string();
    let (verdict, rest) = text
        .split_once('\n')
        .map_or((text.as_str(), None), |(x, y)| (x, Some(y)));
    writeln!(out, "{}", painter.paint(ink, verdict))?;
    if let Some(rest) = rest {
        writeln!(out, "{rest}")?;
    }
    match derived.warning(is_same) {
        Some(warning) => writeln!(out, "  {}", painter.paint(Ink::Bad, warning)),
        None => Ok(()),
    }
}

impl Report<'_> {
    /// What must be known before any difference is read: whether both sides were asked the same question.
    pub(super) fn write_head(&self, out: &mut dyn Write, painter: Painter) -> io::Result<()> {
        let tags = &self.diff.tags;
        write_titles(out, painter, &self.a, &self.b)?;
        write_question(out, painter, tags, self.diff.is_same())?;
        if !tags.differences.is_empty() {
            writeln!(out, "\n{} that differ", counted(tags.differences.len(), "header tag"))?;
            for tag in &tags.differences {
                writeln!(
                    out,
                    "  {}: {} in A, {} in B",
                    show::name(&tag.name),
                    tags::text(&tag.a),
                    tags::text(&tag.b)
                )?;
            }
        }
        if !self.diff.schemas.is_empty() {
            writeln!(
                out,
                "\n{}",
                painter.paint(Ink::Bad, &counted(self.diff.schemas.len(), "schema difference"))
            )?;
            self.diff
                .schemas
                .iter()
                .try_for_each(|difference| writeln!(out, "  {difference}"))?;
        }
        Ok(())
    }

    /// The table of counts.
    pub(super) fn write_table(&self, out: &mut dyn Write, painter: Painter) -> io::Result<()> {
        let head = [
            "type",
            "matched by",
            "A",
            "B",
            "equal",
            "modified",
            "only in A",
            "only in B",
        ];
        let row = |ty: &TypeDiff| {
            let counts = [
                ty.in_a,
                ty.in_b,
                ty.equal,
                ty.modified.len(),
                ty.only_in_a.len(),
                ty.only_in_b.len(),
            ];
            let mut row = vec![show::name(&ty.name), matched_by(&ty.matched_by)];
            row.extend(counts.map(grouped));
            row
        };
        let rows: Vec<Vec<String>> = self.diff.types.iter().map(row).collect();
        let mut widths = head.map(|cell| cell.chars().count());
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let format = |cells: &[&str]| {
            let mut line = String::new();
            for (index, (cell, &width)) in cells.iter().zip(&widths).enumerate() {
                let gap = if index == 0 { "" } else { "  " };
                line.push_str(&if index < 2 {
                    format!("{gap}{cell:<width$}")
                } else {
                    format!("{gap}{cell:>width$}")
                });
            }
            line.trim_end().to_owned()
        };
        writeln!(out, "\n{}", painter.paint(Ink::Heading, &format(&head)))?;
        for (ty, row) in self.diff.types.iter().zip(&rows) {
            let cells: Vec<&str> = row.iter().map(String::as_str).collect();
            let ink = if ty.is_same() { Ink::Faint } else { Ink::Plain };
            writeln!(out, "{}", painter.paint(ink, &format(&cells)))?;
        }
        for ty in self.diff.types.iter().filter(|ty| ty.ambiguous > 0) {
            let records = counted(ty.ambiguous, "record");
            writeln!(
                out,
                "{}: {records} could not be matched, because several have the same key",
                show::name(&ty.name)
            )?;
        }
        if self.diff.is_same() {
            let verdict = if self.diff.types.is_empty() {
                "no types to compare"
            } else {
                "no differences"
            };
            writeln!(out, "\n{}", painter.paint(Ink::Good, verdict))?;
        }
        Ok(())
    }

    /// Where the modified records of a type differ.
    pub(super) fn write_fields(
        &self,
        out: &mut dyn Write,
        painter: Painter,
        ty: &TypeDiff,
        detail: Detail,
    ) -> io::Result<()> {
        if ty.fields.is_empty() || detail < Detail::Fields {
            return Ok(());
        }
        let records = counted(ty.modified.len(), "modified record");
        let title = format!("{}: fields that differ in {records}", show::name(&ty.name));
        writeln!(out, "\n{}", painter.paint(Ink::Heading, &title))?;
        let name = |path: &str| {
            if path.is_empty() {
                "(the record)".to_owned()
            } else {
                show::escaped(path)
            }
        };
        let width = ty
            .fields
            .iter()
            .map(|field| name(&field.path).chars().count())
            .max()
            .unwrap_or(0);
        for field in &ty.fields {
            let places = if field.places == field.records {
                String::new()
            } else {
                format!(", {}", counted(field.places, "place"))
            };
            writeln!(
                out,
                "  {:<width$}  {}{places}",
                name(&field.path),
                counted(field.records, "record")
            )?;
        }
        Ok(())
    }
}

fn matched_by(matched_by: &MatchedBy) -> String {
    match matched_by {
        MatchedBy::Key(paths) => paths.iter().map(|path| show::name(path)).collect::<Vec<_>>().join(","),
        MatchedBy::Content => "content".to_owned(),
    }
}
