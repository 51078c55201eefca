//! From text to tokens.

use super::{MAX_BYTES, QueryError, QueryReason};

/// A piece of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, a number, a word of the language; a path with its dots.
    Word(String),
    /// Parts of a path of which at least one stood in backquotes.
    Name(Vec<String>),
    /// Text in quotes.
    Quoted(String),
    /// An operator or a bracket.
    Mark(&'static str),
}

impl Token {
    pub(super) fn describe(&self) -> String {
        match self {
            Token::Word(word) => word.chars().take(60).collect(),
            Token::Name(parts) => format!("`{}`", parts.join(".").chars().take(60).collect::<String>()),
            Token::Quoted(text) => format!("text {:?}", text.chars().take(60).collect::<String>()),
            Token::Mark(mark) => (*mark).to_owned(),
        }
    }
}

/// Longer marks come before those they begin with.
const MARKS: [&str; 14] = [
    "!=", "<>", "<=", ">=", "==", "^=", "=", "<", ">", "^", "(", ")", ",", "|",
];

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.' | '/' | ':' | '@' | '#') || c >= '\u{A0}'
}

/// The tokens with the column at which each begins, and the column behind the last.
pub(super) fn tokens(text: &str) -> Result<(Vec<(usize, Token)>, usize), QueryError> {
    if text.len() > MAX_BYTES {
        let reason = QueryReason::TooLarge {
            what: "long",
            limit: MAX_BYTES,
        };
        return Err(QueryError::at(1, reason));
    }
    let mut lexer = Lexer {
        chars: text.chars().collect(),
        at: 0,
    };
    let mut tokens = Vec::new();
    loop {
        while lexer.peek().is_some_and(char::is_whitespace) {
            lexer.at += 1;
        }
        let column = lexer.at + 1;
        match lexer.token()? {
            Some(token) => tokens.push((column, token)),
            None => return Ok((tokens, column)),
        }
    }
}

struct Lexer {
    chars: Vec<char>,
    at: usize,
}

impl Lexer {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn token(&mut self) -> Result<Option<Token>, QueryError> {
        let Some(c) = self.peek() else {
            return Ok(None);
        };
        if let '"' | '\'' = c {
            return self.quoted(c).map(|text| Some(Token::Quoted(text)));
        }
        if c == '`' || is_word(c) {
            return self.word().map(Some);
        }
        let begins = |mark: &&&str| {
            mark.chars()
                .enumerate()
                .all(|(i, m)| self.chars.get(self.at + i) == Some(&m))
        };
        let Some(mark) = MARKS.iter().find(begins) else {
            return Err(self.error("a name, a value or an operator", format!("{c:?}")));
        };
        self.at += mark.len();
        Ok(Some(Token::Mark(mark)))
    }

    /// A word; or a path with quoted parts, such as `` a.`b c`.d ``.
    fn word(&mut self) -> Result<Token, QueryError> {
        let mut parts = vec![String::new()];
        let mut any_quoted = false;
        while let Some(c) = self.peek() {
            if c == '`' {
                any_quoted = true;
                let text = self.quoted('`')?;
                parts.last_mut().expect("never empty").push_str(&text);
            } else if c == '.' {
                parts.push(String::new());
                self.at += 1;
            } else if is_word(c) {
                parts.last_mut().expect("never empty").push(c);
                self.at += 1;
            } else {
                break;
            }
        }
        Ok(match any_quoted {
            true => Token::Name(parts),
            false => Token::Word(parts.join(".")),
        })
    }

    fn quoted(&mut self, quote: char) -> Result<String, QueryError> {
        let begin = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(c) = self.peek() {
            self.at += 1;
            match c {
                '\\' => {
                    let Some(next) = self.peek() else { break };
                    text.push(next);
                    self.at += 1;
                }
                c if c == quote => return Ok(text),
                c => text.push(c),
            }
        }
        self.at = begin;
        Err(self.error("a quote that ends", "the end of the query".to_owned()))
    }

    fn error(&self, expected: &'static str, found: String) -> QueryError {
        QueryError::at(self.at + 1, QueryReason::Syntax { expected, found })
    }
}
