//! Values as visible text.
//!
//! Data can hold anything: control characters that would drive a terminal, direction marks that reorder a line, spaces
//! that look like others. All of these are written as escapes, so that what differs can be seen and what is printed
//! cannot do anything.

use crate::tree::{Member, Node};
use std::fmt::Write as _;

/// Text within double quotes, with escapes for whatever is not plainly visible.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Text with escapes for whatever is not plainly visible: `\n`, `\u{202e}`, `\"`.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_invisible) {
        let (visible, tail) = rest.split_at(at);
        push_debug(&mut out, visible);
        let mut chars = tail.chars();
        if let Some(c) = chars.next() {
            out.extend(c.escape_unicode());
        }
        rest = chars.as_str();
    }
    push_debug(&mut out, rest);
    out
}

/// The standard library's debug form without its quotes: it escapes controls, formats, unusual spaces, private use.
fn push_debug(out: &mut String, text: &str) {
    let debug = format!("{text:?}");
    out.push_str(debug.get(1..debug.len() - 1).unwrap_or_default());
}

/// Characters without a shape of their own that the debug form of text leaves as they are.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}')
}

/// A name from a schema or a header tag: bare if it is one plain word, else quoted.
pub fn name(name: &str) -> String {
    if is_plain(name) { name.to_owned() } else { quoted(name) }
}

/// Whether a text can stand without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./:@+".contains(c))
}

/// A single value on one line; collections and objects on one line too, in brackets.
pub fn value(node: &Node) -> String {
    let mut out = String::new();
    push_value(&mut out, node);
    out
}

fn push_value(out: &mut String, node: &Node) {
    let node = node.unwrapped();
    let _ = match node {
        Node::Null => write!(out, "null"),
        Node::Int(value) => write!(out, "{value}"),
        Node::Boolean(value) => write!(out, "{value}"),
        Node::Float(bits) => write!(out, "{:?}", f32::from_bits(*bits)),
        Node::Double(bits) => write!(out, "{:?}", f64::from_bits(*bits)),
        Node::Text(text) => write!(out, "{}", quoted(text)),
        Node::Units(units) => write!(out, "\"{}\"", units_escaped(units)),
        Node::Bytes(bytes) => {
            out.push_str("0x");
            bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
        }
        Node::Object(object) => {
            let mut fields: Vec<&Member> = object.fields.iter().collect();
            fields.sort_by_key(|field| field.position.0);
            push_list(out, "{", "}", &fields, |out, field| {
                let _ = write!(out, "{}: ", name(&field.name));
                push_value(out, &field.node);
            });
            Ok(())
        }
        Node::List(list) => {
            push_list(out, "[", "]", &list.items, push_value);
            Ok(())
        }
        Node::Set(set) => {
            push_list(out, "{", "}", &set.items, push_member);
            Ok(())
        }
        Node::Map(entries) => {
            push_list(out, "{", "}", entries, |out, (key, value)| {
                push_value(out, key);
                out.push_str(" => ");
                push_value(out, value);
            });
            Ok(())
        }
        Node::Cut(_) => write!(out, "(not shown: nested too deeply or too large)"),
    };
}

fn push_list<T>(out: &mut String, open: &str, close: &str, items: &[T], push: impl Fn(&mut String, &T)) {
    out.push_str(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        push(out, item);
    }
    out.push_str(close);
}

/// An element of a set of single values: bare if it is one plain word.
pub fn member(node: &Node) -> String {
    let mut out = String::new();
    push_member(&mut out, node);
    out
}

fn push_member(out: &mut String, node: &Node) {
    match node.unwrapped() {
        Node::Text(text) if is_plain(text) => out.push_str(text),
        other => push_value(out, other),
    }
}

/// The parts of a key, joined by commas. Parts are bare if they are plain words.
pub fn key<'t>(parts: impl IntoIterator<Item = &'t Node>) -> String {
    let parts: Vec<String> = parts.into_iter().map(member).collect();
    parts.join(",")
}

/// UTF-16 text with visible escapes, unpaired surrogates included: `\u{d83d}`.
pub fn units_escaped(units: &[u16]) -> String {
    let mut out = String::new();
    for unit in char::decode_utf16(units.iter().copied()) {
        match unit {
            Ok(c) => out.push_str(&escaped(c.encode_utf8(&mut [0; 4]))),
            Err(lone) => {
                let _ = write!(out, "\\u{{{:x}}}", lone.unpaired_surrogate());
            }
        }
    }
    out
}

/// What a number means if its field is named as a time (`*_at`, milliseconds since 1970) or a date (`*_date`, days).
pub fn meaning(field: &str, node: &Node) -> Option<String> {
    let Node::Int(number) = node.unwrapped() else {
        return None;
    };
    if field.ends_with("_at") {
        moment(*number)
    } else if field.ends_with("_date") {
        moment(number.checked_mul(86_400_000)?)?
            .split('T')
            .next()
            .map(str::to_owned)
    } else {
        None
    }
}

/// A time in milliseconds since 1970 as UTC; `None` far away from the present era.
pub fn moment(millis: i64) -> Option<String> {
    jiff::Timestamp::from_millisecond(millis)
        .ok()
        .map(|time| time.to_string())
}

/// Whether a character is written as an escape wherever it stands.
pub fn is_escaped(c: char) -> bool {
    // A combining character is only escaped at the start, where it has nothing to combine with.
    !matches!(c, '"' | '\\') && (is_invisible(c) || format!("{:?}", format!("a{c}")).chars().nth(2) == Some('\\'))
}
