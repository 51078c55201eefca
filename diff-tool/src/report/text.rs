//! A comparison as text.

use super::lines::{self, Sign};
use super::paint::{Ink, Painter};
use super::{Detail, Extent, Report, counted, limited, unified};
use crate::{Change, Edit, Node, SideName, TypeDiff, changes, compare, show};
use hollow::Ordinal;
use std::io::{self, Write};

/// How many records of a group are named.
const NAMED: usize = 5;
/// Longer values are cut where changes stand on a line each.
const VALUE: usize = 100;

impl Report<'_> {
    /// Writes the comparison for people.
    ///
    /// # Errors
    /// Whatever writing fails with.
    pub fn text(&self, out: &mut dyn Write, painter: Painter, extent: Extent) -> io::Result<()> {
        self.write_head(out, painter)?;
        self.write_table(out, painter)?;
        for ty in self.diff.types.iter().filter(|ty| self.lists(ty)) {
            self.write_fields(out, painter, ty, extent.detail)?;
            if extent.detail >= Detail::Groups {
                self.write_groups(out, painter, ty, extent)?;
                self.write_one_sided(out, painter, ty, SideName::A, extent)?;
                self.write_one_sided(out, painter, ty, SideName::B, extent)?;
            }
        }
        Ok(())
    }

    /// The groups of a type: what changed in the first record of each, and in how many others the same.
    fn write_groups(&self, out: &mut dyn Write, painter: Painter, ty: &TypeDiff, extent: Extent) -> io::Result<()> {
        if ty.groups.is_empty() {
            return Ok(());
        }
        let name = show::name(&ty.name);
        if extent.detail == Detail::Groups || ty.groups.len() < ty.modified.len() {
            let title = format!(
                "{name}: {} in {} of equal changes",
                counted(ty.modified.len(), "modified record"),
                counted(ty.groups.len(), "group")
            );
            writeln!(out, "\n{}", painter.paint(Ink::Heading, &title))?;
        }
        let shown = limited(ty.groups.len(), extent.limit);
        let members = members(ty, shown);
        let keys = self.details.keys(SideName::A, ty);
        for (group, members) in ty.groups.iter().zip(&members) {
            let Some(first) = ty.modified.get(group.first) else {
                continue;
            };
            let (before, after) = self.details.trees(ty, first);
            let edit = compare(&before, &after);
            let names: Vec<String> = members
                .iter()
                .map(|&at| ty.modified.get(at).map_or_else(String::new, |m| show::key(&keys(m.a))))
                .collect();
            if extent.detail == Detail::Groups {
                let line = format!(
                    "{}: {}",
                    counted(group.records, "record"),
                    listed(&names, group.records)
                );
                writeln!(out, "{}", painter.paint(Ink::Heading, &line))?;
                for change in changes(&edit) {
                    write_change(out, painter, &change)?;
                }
                continue;
            }
            let key = names.first().cloned().unwrap_or_default();
            write_record_head(out, painter, &name, &key, (true, true))?;
            if group.records > 1 {
                let names = listed(names.get(1..).unwrap_or_default(), group.records - 1);
                let line = format!("and the same in {}: {names}", counted(group.records - 1, "more record"));
                writeln!(out, "{}", painter.paint(Ink::Hunk, &line))?;
            }
            unified::write(out, painter, &lines::edit_lines(&edit), extent.context)?;
        }
        if shown < ty.groups.len() {
            let records: usize = ty.groups.iter().skip(shown).map(|group| group.records).sum();
            let more = counted(ty.groups.len() - shown, "more group");
            writeln!(
                out,
                "\n… {more} of {name} ({}); --limit 0 lists all",
                counted(records, "record")
            )?;
        }
        Ok(())
    }

    /// The records that only one side has: their keys, or, having none, themselves.
    fn write_one_sided(
        &self,
        out: &mut dyn Write,
        painter: Painter,
        ty: &TypeDiff,
        side: SideName,
        extent: Extent,
    ) -> io::Result<()> {
        let (records, ink, sign): (&[Ordinal], _, _) = match side {
            SideName::A => (&ty.only_in_a, Ink::Removed, Sign::Removed),
            SideName::B => (&ty.only_in_b, Ink::Added, Sign::Added),
        };
        if records.is_empty() {
            return Ok(());
        }
        let name = show::name(&ty.name);
        let title = format!("{name}: {} only in {side}", counted(records.len(), "record"));
        writeln!(out, "\n{}", painter.paint(Ink::Heading, &title))?;
        let shown = limited(records.len(), extent.limit);
        let keys = self.details.keys(side, ty);
        for &ordinal in records.iter().take(shown) {
            if ty.key().is_some() {
                let mark = if sign == Sign::Removed { '-' } else { '+' };
                writeln!(
                    out,
                    "{}",
                    painter.paint(ink, &format!("{mark} {}", show::key(&keys(ordinal))))
                )?;
            } else {
                let node = self.details.tree(side, &ty.name, ordinal);
                writeln!(out)?;
                write_whole(out, painter, sign, &node)?;
            }
        }
        if shown < records.len() {
            writeln!(
                out,
                "… {}; --limit 0 lists all",
                counted(records.len() - shown, "more record")
            )?;
        }
        Ok(())
    }
}

/// The first members of each of the first `groups` groups, as indexes into the modified records.
pub(super) fn members(ty: &TypeDiff, groups: usize) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); groups];
    for (index, record) in ty.modified.iter().enumerate() {
        if let Some(group) = members.get_mut(record.group as usize)
            && group.len() <= NAMED
        {
            group.push(index);
        }
    }
    members
}

/// Some names of `all`, separated by spaces where keys have commas in them anyway.
pub(super) fn listed(names: &[String], all: usize) -> String {
    let separator = if names.iter().any(|name| name.contains(',')) {
        "  "
    } else {
        ", "
    };
    let shown: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    let more = if all > shown.len() {
        format!("{separator}…")
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(separator))
}

/// `--- A Type key` and `+++ B Type key`.
pub(super) fn write_record_head(
    out: &mut dyn Write,
    painter: Painter,
    type_name: &str,
    key: &str,
    sides: (bool, bool),
) -> io::Result<()> {
    let side = |there: bool, name: &str| {
        if there {
            format!("{name} {type_name} {key}")
        } else {
            "/dev/null".to_owned()
        }
    };
    writeln!(
        out,
        "\n{}",
        painter.paint(Ink::Removed, &format!("--- {}", side(sides.0, "A")))
    )?;
    writeln!(
        out,
        "{}",
        painter.paint(Ink::Added, &format!("+++ {}", side(sides.1, "B")))
    )
}

/// A record that is on one side only.
pub(super) fn write_whole(out: &mut dyn Write, painter: Painter, sign: Sign, node: &Node) -> io::Result<()> {
    let edit = match sign {
        Sign::Removed => Edit::Replaced(Some(node), None),
        Sign::Added => Edit::Replaced(None, Some(node)),
        Sign::Both => Edit::Same(node),
    };
    unified::write(out, painter, &lines::edit_lines(&edit), None)
}

/// `  verdicts[0].status: "Live" -> "Blocked"`.
fn write_change(out: &mut dyn Write, painter: Painter, change: &Change<'_>) -> io::Result<()> {
    let value = |node: &Node| {
        let text = show::value(node);
        match text.char_indices().nth(VALUE) {
            Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
            None => text,
        }
    };
    let place = change.place();
    let place = if place.is_empty() {
        String::new()
    } else {
        format!("{place}: ")
    };
    let what = match (change.before, change.after) {
        (Some(before), Some(after)) => {
            let (before, after) = (
                painter.paint(Ink::Removed, &value(before)),
                painter.paint(Ink::Added, &value(after)),
            );
            format!("{before} -> {after}")
        }
        (Some(before), None) => painter.paint(Ink::Removed, &format!("- {}", value(before))),
        (None, Some(after)) => painter.paint(Ink::Added, &format!("+ {}", value(after))),
        (None, None) => String::new(),
    };
    writeln!(out, "  {place}{what}")
}
