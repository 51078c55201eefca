//! Writing to standard output.

use crate::failure::{Answer, Failure};
use std::io::{self, BufWriter, Write};

/// Writes everything in large pieces.
pub(crate) fn write(
    write: impl FnOnce(&mut BufWriter<io::StdoutLock<'static>>) -> io::Result<()>,
) -> Result<Answer, Failure> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).map_err(Failure::output)?;
    Ok(Answer::Yes)
}

/// Writes a JSON document in one line.
pub(crate) fn print_json(value: &serde_json::Value) -> Result<Answer, Failure> {
    write(|out| writeln!(out, "{value}"))
}

/// Says something beside the data, on standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "note: {}", printable(text)); // there is nobody else to tell
}

/// Text from data, with everything that could steer a terminal made visible.
pub(crate) fn printable(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_in_data_steers_the_terminal() {
        assert_eq!(printable("Zoë 日本"), "Zoë 日本");
        assert_eq!(printable("\u{1b}[2J\u{202e}x\n"), "\\u{1b}[2J\\u{202e}x\\u{a}");
    }
}
