//! Which parts of a text changed.

use crate::show;
use similar::{Algorithm, ChangeTag, TextDiff};

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    /// Whether this part is what changed.
    pub(crate) marked: bool,
}

impl Piece {
    pub(crate) fn plain(text: String) -> Self {
        Piece { text, marked: false }
    }
}

/// Texts shorter than this speak for themselves.
const SHORT: usize = 24;
/// Above this many combinations of parts a text is shown without marks.
const MAX_WORK: usize = 4_000_000;
/// Of a text that stayed for longer than this only the ends are shown.
const FOLD: usize = 160;
/// How much of either end.
const ENDS: usize = 60;
/// Of a text without marks no more is shown than this.
const MAX_SHOWN: usize = 2_000;

/// The two texts as quoted pieces behind a label, with what differs marked and long equal parts folded.
pub(super) fn marked(label: &str, before: &str, after: &str) -> (Vec<Piece>, Vec<Piece>) {
    let whole = |text: &str| vec![Piece::plain(format!("{label}{}", cut(text)))];
    let is_short = |text: &str| text.chars().nth(SHORT).is_none();
    if is_short(before) && is_short(after) {
        return (whole(before), whole(after));
    }
    let words = |text: &str| text.split_whitespace().count();
    let by_words = words(before) > 3 && words(after) > 3;
    let work = if by_words {
        words(before).saturating_mul(words(after)).saturating_mul(4)
    } else {
        before.chars().count().saturating_mul(after.chars().count())
    };
    if work > MAX_WORK {
        return (whole(before), whole(after));
    }
    let mut config = TextDiff::configure();
    config.algorithm(Algorithm::Myers);
    let diff = if by_words {
        config.diff_words(before, after)
    } else {
        config.diff_chars(before, after)
    };
    if diff.ratio() < 0.3 {
        return (whole(before), whole(after));
    }
    let mut sides = (Side::new(label), Side::new(label));
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Equal => {
                sides.0.push(change.value(), false);
                sides.1.push(change.value(), false);
            }
            ChangeTag::Delete => sides.0.push(change.value(), true),
            ChangeTag::Insert => sides.1.push(change.value(), true),
        }
    }
    (sides.0.finish(), sides.1.finish())
}

struct Side {
    pieces: Vec<Piece>,
    open: (String, bool),
}

impl Side {
    fn new(label: &str) -> Self {
        Side {
            pieces: vec![Piece::plain(format!("{label}\""))],
            open: (String::new(), false),
        }
    }

    fn push(&mut self, text: &str, marked: bool) {
        if self.open.1 != marked {
            self.close();
            self.open.1 = marked;
        }
        self.open.0.push_str(text);
    }

    fn close(&mut self) {
        let text = std::mem::take(&mut self.open.0);
        if !text.is_empty() {
            let text = if self.open.1 {
                show::escaped(&text)
            } else {
                folded(&text)
            };
            self.pieces.push(Piece {
                text,
                marked: self.open.1,
            });
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        self.close();
        self.pieces.push(Piece::plain("\"".to_owned()));
        self.pieces
    }
}

/// A part that is equal on both sides.
fn folded(text: &str) -> String {
    let length = text.chars().count();
    if length <= FOLD {
        return show::escaped(text);
    }
    let start: String = text.chars().take(ENDS).collect();
    let end: String = text.chars().skip(length - ENDS).collect();
    format!(
        "{}…({} characters equal)…{}",
        show::escaped(&start),
        length - 2 * ENDS,
        show::escaped(&end)
    )
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
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
