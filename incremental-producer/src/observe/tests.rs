use super::escape::{bounded, is_hidden};
use super::*;
use std::io;
use tracing_subscriber::fmt::MakeWriter;

/// Lines in memory.
#[derive(Clone, Default)]
struct Memo(Arc<Mutex<Vec<u8>>>);

impl io::Write for Memo {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Memo {
    type Writer = Memo;
    fn make_writer(&'a self) -> Memo {
        self.clone()
    }
}

fn logged(lines: Lines, log: impl FnOnce()) -> String {
    let memo = Memo::default();
    let subscriber = tracing_subscriber::fmt()
        .event_format(lines)
        .with_writer(memo.clone())
        .with_max_level(tracing::Level::TRACE)
        .finish();
    tracing::subscriber::with_default(subscriber, log);
    let bytes = memo.0.lock().expect("no panic").clone();
    String::from_utf8(bytes).expect("text")
}

const NASTY: &str = "a\"b\\c\n\u{1b}[31mred\u{9b}2J\r\t\0\u{7f}\u{202e}\u{2028}=é日";

fn log_nasty() {
    tracing::warn!(
        reason = NASTY,
        offset = 7_i64,
        share = 0.5,
        odd = f64::NAN,
        good = true,
        "said {NASTY}"
    );
}

#[test]
fn a_line_stays_a_line_whatever_is_in_it() {
    for format in [LogFormat::Text, LogFormat::Json] {
        let text = logged(Lines::new(format, false), log_nasty);
        let line = text.strip_suffix('\n').expect("a line");
        assert!(!line.chars().any(is_hidden), "{line:?}");
        assert!(line.contains("é日"));
    }
    let text = logged(Lines::new(LogFormat::Text, false), log_nasty);
    let expected = "  WARN said a\"b\\c\\n\\u{1b}[31mred\\u{9b}2J\\r\\t\\u{0}\\u{7f}\\u{202e}\\u{2028}=é日 \
                    reason=\"a\\\"b\\\\c\\n\\u{1b}[31mred\\u{9b}2J\\r\\t\\u{0}\\u{7f}\\u{202e}\\u{2028}=é日\" \
                    offset=7 share=0.5 odd=NaN good=true\n";
    assert_eq!(&text[text.find("Z ").expect("a time") + 1..], expected);
}

#[test]
fn json_says_the_same_values() {
    let text = logged(Lines::new(LogFormat::Json, true), log_nasty);
    let line: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(line["message"], format!("said {NASTY}"));
    assert_eq!(line["reason"], NASTY);
    assert_eq!(
        (&line["offset"], &line["share"], &line["good"]),
        (&7.into(), &0.5.into(), &true.into())
    );
    assert_eq!((&line["odd"], &line["level"]), (&"NaN".into(), &"WARN".into()));
    let names = logged(Lines::new(LogFormat::Json, false), || {
        tracing::info!(level = "mine", target = 3, "x")
    });
    let line: serde_json::Value = serde_json::from_str(&names).expect("JSON");
    assert_eq!(
        (&line["level"], &line["field.level"], &line["field.target"]),
        (&"INFO".into(), &"mine".into(), &3.into())
    );
}

#[test]
fn colour_is_for_text_that_asks_for_it() {
    let escapes = |format, colour| logged(Lines::new(format, colour), log_nasty).matches('\u{1b}').count();
    assert_eq!(escapes(LogFormat::Text, true), 2, "around the level alone");
    assert_eq!(escapes(LogFormat::Text, false), 0);
    assert_eq!(escapes(LogFormat::Json, true), 0);
}

#[test]
fn no_value_is_endless() {
    let long = "é".repeat(1 << 20);
    let text = logged(Lines::new(LogFormat::Text, false), || tracing::info!(long, "{long}"));
    assert!(text.len() < 10_000, "{}", text.len());
    assert!(bounded(&long).ends_with("… (2097152 bytes)"));
    assert_eq!(bounded("short"), "short");
}
