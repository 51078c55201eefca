//! A comparison as one HTML file: no scripts, nothing fetched, so that it can be mailed and printed.
//!
//! All text goes through [`escape`]. Colours never stand alone: removed and added lines have their signs.

use super::lines::{self, Line, Sign};
use super::text::{listed, members};
use super::unified::Part;
use super::{Detail, Extent, Report, counted, grouped, limited, unified};
use crate::{Edit, MatchedBy, SideName, TypeDiff, compare, show, tags};
use hollow::Ordinal;
use std::io::{self, Write};

const STYLE: &str = "\
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
table{border-collapse:collapse;display:block;overflow-x:auto}
th,td{padding:.2rem .8rem;text-align:left;border-bottom:1px solid #8884}
.n{text-align:right;font-variant-numeric:tabular-nums}
pre{overflow-x:auto;padding:.5rem;border:1px solid #8884;white-space:pre-wrap;overflow-wrap:anywhere}
.r{background:#f002}.a{background:#0a02}mark{background:#fc08;color:inherit;font-weight:bold}
.bad{border-left:4px solid #c22;padding-left:.8rem}.good{border-left:4px solid #292;padding-left:.8rem}
";

/// Text as it may stand in HTML, in attributes too. Invisible characters become visible escapes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c != '\n' && show::is_escaped(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

impl Report<'_> {
    /// Writes the comparison as an HTML page.
    ///
    /// # Errors
    /// Whatever writing fails with.
    pub fn html(&self, out: &mut dyn Write, extent: Extent) -> io::Result<()> {
        let title = escape(&format!("{} and {}", self.a.selector, self.b.selector));
        writeln!(
            out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"
        )?;
        writeln!(
            out,
            "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Differences: {title}</title>"
        )?;
        writeln!(
            out,
            "<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>Differences</h1>"
        )?;
        self.html_head(out)?;
        self.html_table(out)?;
        for ty in self
            .diff
            .types
            .iter()
            .filter(|ty| self.lists(ty) && !ty.is_same() && extent.detail > Detail::Summary)
        {
            writeln!(out, "<section>\n<h2>{}</h2>", escape(&ty.name))?;
            self.html_fields(out, ty)?;
            if extent.detail >= Detail::Groups {
                self.html_groups(out, ty, extent)?;
                self.html_one_sided(out, ty, SideName::A, extent)?;
                self.html_one_sided(out, ty, SideName::B, extent)?;
            }
            writeln!(out, "</section>")?;
        }
        writeln!(out, "</main>\n</body>\n</html>")
    }

    fn html_head(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "<table>\n<tr><th scope=\"col\"></th><th scope=\"col\">state</th><th scope=\"col\">version</th></tr>"
        )?;
        for (name, title) in [("A", &self.a), ("B", &self.b)] {
            let version = title.version.as_deref().unwrap_or("unknown");
            let (selector, version) = (escape(&title.selector), escape(version));
            writeln!(
                out,
                "<tr><th scope=\"row\">{name}</th><td>{selector}</td><td>{version}</td></tr>"
            )?;
        }
        writeln!(out, "</table>")?;
        if let Some(derived) = &self.diff.tags.derived {
            let class = if derived.same_question() { "good" } else { "bad" };
            let text = escape(&derived.to_string()).replace('\n', "<br>");
            let warning = derived
                .warning(self.diff.is_same())
                .map_or_else(String::new, |text| format!("<br><strong>{}</strong>", escape(text)));
            writeln!(out, "<p class=\"{class}\">{text}{warning}</p>")?;
        }
        if !self.diff.tags.differences.is_empty() {
            writeln!(
                out,
                "<details>\n<summary>{} that differ</summary>\n<table>",
                counted(self.diff.tags.differences.len(), "header tag")
            )?;
            for tag in &self.diff.tags.differences {
                let (a, b) = (escape(&tags::text(&tag.a)), escape(&tags::text(&tag.b)));
                writeln!(
                    out,
                    "<tr><th scope=\"row\">{}</th><td>{a}</td><td>{b}</td></tr>",
                    escape(&tag.name)
                )?;
            }
            writeln!(out, "</table>\n</details>")?;
        }
        if !self.diff.schemas.is_empty() {
            writeln!(
                out,
                "<h2>{}</h2>\n<ul class=\"bad\">",
                counted(self.diff.schemas.len(), "schema difference")
            )?;
            self.diff
                .schemas
                .iter()
                .try_for_each(|difference| writeln!(out, "<li>{}</li>", escape(&difference.to_string())))?;
            writeln!(out, "</ul>")?;
        }
        Ok(())
    }

    fn html_table(&self, out: &mut dyn Write) -> io::Result<()> {
        let heads = [
            "type",
            "matched by",
            "A",
            "B",
            "equal",
            "modified",
            "only in A",
            "only in B",
        ];
        let heads: String = heads
            .iter()
            .map(|head| format!("<th scope=\"col\">{head}</th>"))
            .collect();
        writeln!(out, "<h2>Records</h2>\n<table>\n<tr>{heads}</tr>")?;
        for ty in &self.diff.types {
            let by = match &ty.matched_by {
                MatchedBy::Key(paths) => paths.join(", "),
                MatchedBy::Content => "content".to_owned(),
            };
            let counts = [
                ty.in_a,
                ty.in_b,
                ty.equal,
                ty.modified.len(),
                ty.only_in_a.len(),
                ty.only_in_b.len(),
            ];
            let counts: String = counts
                .iter()
                .map(|count| format!("<td class=\"n\">{}</td>", grouped(*count)))
                .collect();
            writeln!(
                out,
                "<tr><th scope=\"row\">{}</th><td>{}</td>{counts}</tr>",
                escape(&ty.name),
                escape(&by)
            )?;
        }
        writeln!(out, "</table>")?;
        if self.diff.is_same() {
            writeln!(out, "<p class=\"good\">no differences</p>")?;
        }
        Ok(())
    }

    fn html_fields(&self, out: &mut dyn Write, ty: &TypeDiff) -> io::Result<()> {
        if ty.fields.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "<h3>Fields that differ in {}</h3>\n<table>",
            counted(ty.modified.len(), "modified record")
        )?;
        writeln!(
            out,
            "<tr><th scope=\"col\">path</th><th scope=\"col\">records</th><th scope=\"col\">places</th></tr>"
        )?;
        for field in &ty.fields {
            let (records, places) = (grouped(field.records), grouped(field.places));
            writeln!(
                out,
                "<tr><th scope=\"row\">{}</th><td class=\"n\">{records}</td><td class=\"n\">{places}</td></tr>",
                escape(&field.path)
            )?;
        }
        writeln!(out, "</table>")
    }

    fn html_groups(&self, out: &mut dyn Write, ty: &TypeDiff, extent: Extent) -> io::Result<()> {
        if ty.groups.is_empty() {
            return Ok(());
        }
        let groups = counted(ty.groups.len(), "group");
        writeln!(
            out,
            "<h3>{} in {groups} of equal changes</h3>",
            counted(ty.modified.len(), "modified record")
        )?;
        let shown = limited(ty.groups.len(), extent.limit);
        let members = members(ty, shown);
        let keys = self.details.keys(SideName::A, ty);
        for (group, members) in ty.groups.iter().zip(&members) {
            let Some(first) = ty.modified.get(group.first) else {
                continue;
            };
            let (before, after) = self.details.trees(ty, first);
            let names: Vec<String> = members
                .iter()
                .filter_map(|&at| ty.modified.get(at))
                .map(|m| show::key(&keys(m.a)))
                .collect();
            let summary = format!(
                "{}: {}",
                counted(group.records, "record"),
                listed(&names, group.records)
            );
            writeln!(out, "<details open>\n<summary>{}</summary>\n<pre>", escape(&summary))?;
            write_lines(out, &lines::edit_lines(&compare(&before, &after)), extent.context)?;
            writeln!(out, "</pre>\n</details>")?;
        }
        if shown < ty.groups.len() {
            writeln!(out, "<p>… {}</p>", counted(ty.groups.len() - shown, "more group"))?;
        }
        Ok(())
    }

    fn html_one_sided(&self, out: &mut dyn Write, ty: &TypeDiff, side: SideName, extent: Extent) -> io::Result<()> {
        let records: &[Ordinal] = if side == SideName::A {
            &ty.only_in_a
        } else {
            &ty.only_in_b
        };
        if records.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "<h3>{} only in {side}</h3>\n<pre>",
            counted(records.len(), "record")
        )?;
        let shown = limited(records.len(), extent.limit);
        let keys = self.details.keys(side, ty);
        for &ordinal in records.iter().take(shown) {
            if ty.key().is_some() {
                writeln!(out, "{}", escape(&show::key(&keys(ordinal))))?;
            } else {
                let node = self.details.tree(side, &ty.name, ordinal);
                let edit = match side {
                    SideName::A => Edit::Replaced(Some(&node), None),
                    SideName::B => Edit::Replaced(None, Some(&node)),
                };
                write_lines(out, &lines::edit_lines(&edit), None)?;
                writeln!(out)?;
            }
        }
        writeln!(out, "</pre>")?;
        if shown < records.len() {
            writeln!(out, "<p>… {}</p>", counted(records.len() - shown, "more record"))?;
        }
        Ok(())
    }
}

fn write_lines(out: &mut dyn Write, lines: &[Line], context: Option<usize>) -> io::Result<()> {
    for part in unified::parts(lines, context) {
        match part {
            Part::Head(text) => writeln!(out, "{}", escape(&text))?,
            Part::Line(line) => {
                let (sign, open, close) = match line.sign {
                    Sign::Both => (' ', "", ""),
                    Sign::Removed => ('-', "<span class=\"r\">", "</span>"),
                    Sign::Added => ('+', "<span class=\"a\">", "</span>"),
                };
                write!(out, "{open}{sign} {}", " ".repeat(line.indent))?;
                for piece in &line.pieces {
                    let text = escape(&piece.text);
                    if piece.marked {
                        write!(out, "<mark>{text}</mark>")?
                    } else {
                        write!(out, "{text}")?
                    }
                }
                writeln!(out, "{close}")?;
            }
        }
    }
    Ok(())
}
