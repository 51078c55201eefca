//! Text from elsewhere that must neither break a line, nor steer a terminal, nor fill a disk.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// The most bytes of one text that are shown.
const MOST_BYTES: usize = 4096;

/// Whether a character does something instead of being seen: control characters of both blocks, line and paragraph
/// separators, and those that turn the direction of text around or have no width.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// The beginning of a text, if it is long, and how much there was.
pub(super) fn bounded(text: &str) -> String {
    cut(text).into_owned()
}

fn cut(text: &str) -> Cow<'_, str> {
    if text.len() <= MOST_BYTES {
        return Cow::Borrowed(text);
    }
    let end = (0..=MOST_BYTES)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    Cow::Owned(format!("{}… ({} bytes)", &text[..end], text.len()))
}

/// Writes a text on one line; what is hidden in it becomes visible.
pub(super) fn write_plain(out: &mut impl Write, text: &str) -> fmt::Result {
    for c in cut(text).chars() {
        match c {
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if is_hidden(c) => write!(out, "{}", c.escape_unicode())?,
            c => out.write_char(c)?,
        }
    }
    Ok(())
}

/// Writes a value that stands behind a `=`: bare if it is one word, otherwise in quotes.
pub(super) fn write_value(out: &mut impl Write, text: &str) -> fmt::Result {
    let bare = |c: char| !c.is_whitespace() && !is_hidden(c) && !matches!(c, '"' | '\\' | '=');
    if !text.is_empty() && text.chars().all(bare) {
        return write_plain(out, text);
    }
    out.write_char('"')?;
    write_plain(out, &text.replace('\\', "\\\\").replace('"', "\\\""))?;
    out.write_char('"')
}

/// Writes a text as a JSON string: what is hidden in it is escaped, also where JSON does not ask for it.
pub(super) fn write_json(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for c in cut(text).chars() {
        match c {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            // All of them are within the first plane: one unit of UTF-16.
            c if is_hidden(c) => write!(out, "\\u{:04x}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char('"')
}
