//! A record, or the difference of two, as indented lines.
//!
//! ```text
//!   video_id: 81730412
//!   verdicts:
//!     - countries: {AD AE AF}
//! -     status: "Live"
//! +     status: "Blocked"
//!       reasons: []
//! ```
//!
//! One line a value. Objects that wrap a single value are shown as that value. Collections of single values stand on
//! one logical line, which is wrapped when it is written; of large ones that changed only the changes are shown. The
//! elements of lists have a dash, those of sets a star.

use super::inline::{self, Piece};
use crate::show;
use crate::tree::{Edit, Node};

/// On which side a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Both,
    Removed,
    Added,
}

/// A logical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) sign: Sign,
    /// Columns.
    pub(crate) indent: usize,
    pub(crate) pieces: Vec<Piece>,
}

impl Line {
    fn new(sign: Sign, indent: usize, text: String) -> Self {
        Line {
            sign,
            indent,
            pieces: vec![Piece::plain(text)],
        }
    }

    /// The line without its marks.
    pub(crate) fn text(&self) -> String {
        self.pieces.iter().map(|piece| piece.text.as_str()).collect()
    }
}

/// Sets of up to this many values are shown whole when they change.
const WHOLE_SET: usize = 12;
/// Longer texts that did not change are shortened.
const CONTEXT_TEXT: usize = 200;

/// The lines of a difference.
pub(crate) fn edit_lines(edit: &Edit<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    push_edit(&mut lines, 0, "", "", edit);
    lines
}

/// `label` is what stands before the value, `field` the name of the field for what its numbers mean.
fn push_edit(lines: &mut Vec<Line>, indent: usize, label: &str, field: &str, edit: &Edit<'_>) {
    match edit {
        Edit::Same(node) => push_node(lines, Sign::Both, indent, label, field, node),
        Edit::Replaced(Some(before), Some(after)) => match (before.unwrapped(), after.unwrapped()) {
            (Node::Text(x), Node::Text(y)) => {
                let (x, y) = inline::marked(label, x, y);
                lines.push(Line {
                    sign: Sign::Removed,
                    indent,
                    pieces: x,
                });
                lines.push(Line {
                    sign: Sign::Added,
                    indent,
                    pieces: y,
                });
            }
            _ => {
                push_node(lines, Sign::Removed, indent, label, field, before);
                push_node(lines, Sign::Added, indent, label, field, after);
            }
        },
        Edit::Replaced(before, after) => {
            if let Some(before) = before {
                push_node(lines, Sign::Removed, indent, label, field, before);
            }
            if let Some(after) = after {
                push_node(lines, Sign::Added, indent, label, field, after);
            }
        }
        Edit::Object(fields) => {
            let indent = open(lines, indent, label);
            for (name, edit) in fields {
                push_edit(lines, indent, &format!("{}: ", show::name(name)), name, edit);
            }
        }
        Edit::List(elements) => {
            let indent = open(lines, indent, label);
            elements.iter().for_each(|edit| push_element(lines, indent, "- ", edit));
        }
        Edit::Set(elements) => {
            let edits: Vec<&Edit<'_>> = elements.iter().map(|(_, edit)| edit).collect();
            if edits.iter().all(|edit| is_scalar(edit)) {
                push_values(lines, indent, label, &edits);
                return;
            }
            let indent = open(lines, indent, label);
            edits.iter().for_each(|edit| push_element(lines, indent, "* ", edit));
        }
        Edit::Map(entries) => {
            let indent = open(lines, indent, label);
            for (key, edit) in entries {
                push_edit(lines, indent, &format!("{} => ", show::value(key)), "", edit);
            }
        }
    }
}

/// A line for a label that has lines below it. Returns the indent of those.
fn open(lines: &mut Vec<Line>, indent: usize, label: &str) -> usize {
    if label.is_empty() {
        return indent;
    }
    lines.push(Line::new(Sign::Both, indent, label.trim_end().to_owned()));
    indent + 2
}

/// An element with its bullet before the first line: on both sides if that line is replaced.
fn push_element(lines: &mut Vec<Line>, indent: usize, bullet: &str, edit: &Edit<'_>) {
    let start = lines.len();
    push_edit(lines, indent + bullet.len(), "", "", edit);
    let first_is_replaced = match edit {
        Edit::Object(fields) => fields.first().is_some_and(|(_, edit)| stands_twice(edit)),
        edit => stands_twice(edit),
    };
    let mut with_bullet = |sign: Option<Sign>| {
        let mut new = lines.iter_mut().skip(start);
        if let Some(line) = new.find(|line| sign.is_none_or(|sign| line.sign == sign)) {
            line.indent = line.indent.saturating_sub(bullet.len());
            line.pieces.insert(0, Piece::plain(bullet.to_owned()));
        }
    };
    if first_is_replaced {
        with_bullet(Some(Sign::Removed));
        with_bullet(Some(Sign::Added));
    } else {
        with_bullet(None);
    }
}

/// Whether a removed and an added line stand for the same thing, with no line for both before them.
fn stands_twice(edit: &Edit<'_>) -> bool {
    match edit {
        Edit::Replaced(before, after) => before.is_some() && after.is_some(),
        Edit::Set(elements) => elements.len() <= WHOLE_SET && elements.iter().all(|(_, edit)| is_scalar(edit)),
        _ => false,
    }
}

fn is_scalar(edit: &Edit<'_>) -> bool {
    match edit {
        Edit::Same(node) => node.is_scalar(),
        Edit::Replaced(before, after) => [before, after].into_iter().flatten().all(|node| node.is_scalar()),
        _ => false,
    }
}

/// A set of single values that changed: of a small one both sides with marks, of a large one what differs.
fn push_values(lines: &mut Vec<Line>, indent: usize, label: &str, edits: &[&Edit<'_>]) {
    let whole = edits.len() <= WHOLE_SET;
    let (label, indent) = if whole {
        (label, indent)
    } else {
        let both = edits.iter().filter(|edit| matches!(edit, Edit::Same(_))).count();
        lines.push(Line::new(Sign::Both, indent, format!("{label}{{{both} in both}}")));
        ("", indent + 2)
    };
    for sign in [Sign::Removed, Sign::Added] {
        let of_side = |edit: &&Edit<'_>| match edit {
            Edit::Same(node) => whole.then(|| (show::member(node), false)),
            Edit::Replaced(before, after) => {
                let node = if sign == Sign::Removed { before } else { after };
                node.map(|node| (show::member(node), true))
            }
            _ => None,
        };
        let values: Vec<(String, bool)> = edits.iter().filter_map(of_side).collect();
        if !whole && values.is_empty() {
            continue;
        }
        let mut pieces = vec![Piece::plain(format!("{label}{{"))];
        for (index, (text, changed)) in values.into_iter().enumerate() {
            if index > 0 {
                pieces.push(Piece::plain(" ".to_owned()));
            }
            // Marks tell the changed from those that stay; of a large set only the changed are there.
            pieces.push(Piece {
                text,
                marked: changed && whole,
            });
        }
        pieces.push(Piece::plain("}".to_owned()));
        lines.push(Line { sign, indent, pieces });
    }
}

/// The lines of a record or a part of one that is on one side, or equal on both.
fn push_node(lines: &mut Vec<Line>, sign: Sign, indent: usize, label: &str, field: &str, node: &Node) {
    let node = node.unwrapped();
    let mut one = |text: String| lines.push(Line::new(sign, indent, format!("{label}{text}")));
    match node {
        _ if node.is_scalar() => {
            let text = match node {
                Node::Text(text) if sign == Sign::Both => shortened(text),
                _ => show::value(node),
            };
            let meaning = show::meaning(field, node).map_or_else(String::new, |meaning| format!("  ({meaning})"));
            one(format!("{text}{meaning}"));
        }
        Node::List(list) if list.items.iter().all(Node::is_scalar) => {
            let items: Vec<String> = list.items.iter().map(show::member).collect();
            one(format!("[{}]", items.join(", ")));
        }
        Node::Set(set) if set.items.iter().all(Node::is_scalar) => {
            let items: Vec<String> = set.items.iter().map(show::member).collect();
            one(format!("{{{}}}", items.join(" ")));
        }
        Node::Map(entries) if entries.is_empty() => one("{}".to_owned()),
        Node::List(list) => below(lines, sign, indent, label, "- ", &list.items),
        Node::Set(set) => below(lines, sign, indent, label, "* ", &set.items),
        Node::Object(object) => {
            let indent = open_signed(lines, sign, indent, label);
            let mut fields: Vec<_> = object.fields.iter().collect();
            fields.sort_by_key(|member| member.position.0);
            for member in fields {
                push_node(
                    lines,
                    sign,
                    indent,
                    &format!("{}: ", show::name(&member.name)),
                    &member.name,
                    &member.node,
                );
            }
        }
        Node::Map(entries) => {
            let indent = open_signed(lines, sign, indent, label);
            for (key, value) in entries {
                push_node(lines, sign, indent, &format!("{} => ", show::value(key)), "", value);
            }
        }
        _ => one(show::value(node)),
    }
}

fn open_signed(lines: &mut Vec<Line>, sign: Sign, indent: usize, label: &str) -> usize {
    if label.is_empty() {
        return indent;
    }
    lines.push(Line::new(sign, indent, label.trim_end().to_owned()));
    indent + 2
}

fn below(lines: &mut Vec<Line>, sign: Sign, indent: usize, label: &str, bullet: &str, items: &[Node]) {
    let indent = open_signed(lines, sign, indent, label);
    for item in items {
        let start = lines.len();
        push_node(lines, sign, indent + bullet.len(), "", "", item);
        if let Some(line) = lines.get_mut(start) {
            line.indent = indent;
            line.pieces.insert(0, Piece::plain(bullet.to_owned()));
        }
    }
}

/// A text that only gives context.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(CONTEXT_TEXT) {
        Some((at, _)) => {
            let rest = text.get(at..).unwrap_or_default().chars().count();
            format!(
                "{}… and {rest} more characters",
                show::quoted(text.get(..at).unwrap_or_default())
            )
        }
        None => show::quoted(text),
    }
}
