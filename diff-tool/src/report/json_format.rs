//! JSON that is safe to print: what is not plainly visible is written as escapes, which mean the same to a parser.

use serde_json::ser::Formatter;
use std::io::{self, Write};

/// Compact JSON with escapes for control, format and other invisible characters.
pub(super) struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(must_escape) {
            let (plain, tail) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            let mut chars = tail.chars();
            if let Some(c) = chars.next() {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = chars.as_str();
        }
        writer.write_all(rest.as_bytes())
    }
}

fn must_escape(c: char) -> bool {
    !c.is_ascii_graphic() && c != ' ' && crate::show::is_escaped(c)
}
