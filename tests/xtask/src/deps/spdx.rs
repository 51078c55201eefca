//! Licence expressions: identifiers joined by `AND`, `OR`, `WITH` and parentheses. The older `/` means `OR`.

/// Why an expression cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpressionError {
    /// It ends where an identifier must follow.
    #[error("it ends early")]
    EndsEarly,
    /// Something stands where it may not.
    #[error("unexpected `{0}`")]
    Unexpected(String),
    /// Too many parentheses within each other.
    #[error("nested too deeply")]
    TooDeep,
}

/// Real expressions nest once or twice; the recursion must not be steered by a stranger's manifest.
const DEEPEST: u32 = 20;

/// True when the licences for which `allowed` holds are enough for the expression. `X WITH Y` is asked as one.
///
/// # Errors
/// When it is no expression.
pub fn satisfied(expression: &str, allowed: impl Fn(&str) -> bool) -> Result<bool, ExpressionError> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser {
        words: &words,
        allowed: &allowed,
    };
    let value = parser.any(0)?;
    match parser.words.first() {
        None => Ok(value),
        Some(word) => Err(ExpressionError::Unexpected((*word).to_owned())),
    }
}

/// `AND` binds more tightly than `OR`, `WITH` more tightly than both.
struct Parser<'a, A> {
    words: &'a [&'a str],
    allowed: &'a A,
}

impl<'a, A: Fn(&str) -> bool> Parser<'a, A> {
    fn any(&mut self, depth: u32) -> Result<bool, ExpressionError> {
        let mut value = self.all(depth)?;
        while self.takes("OR") {
            value |= self.all(depth)?;
        }
        Ok(value)
    }

    fn all(&mut self, depth: u32) -> Result<bool, ExpressionError> {
        let mut value = self.one(depth)?;
        while self.takes("AND") {
            value &= self.one(depth)?;
        }
        Ok(value)
    }

    fn one(&mut self, depth: u32) -> Result<bool, ExpressionError> {
        if depth > DEEPEST {
            return Err(ExpressionError::TooDeep);
        }
        let word = self.next()?;
        if word == "(" {
            let value = self.any(depth + 1)?;
            return match self.next()? {
                ")" => Ok(value),
                other => Err(ExpressionError::Unexpected(other.to_owned())),
            };
        }
        let id = identifier(word)?;
        if self.takes("WITH") {
            let exception = identifier(self.next()?)?;
            return Ok((self.allowed)(&format!("{id} WITH {exception}")));
        }
        Ok((self.allowed)(id))
    }

    fn takes(&mut self, word: &str) -> bool {
        let found = self.words.first() == Some(&word);
        if found {
            self.words = self.words.get(1..).unwrap_or_default();
        }
        found
    }

    fn next(&mut self) -> Result<&'a str, ExpressionError> {
        let (word, rest) = self.words.split_first().ok_or(ExpressionError::EndsEarly)?;
        self.words = rest;
        Ok(word)
    }
}

fn identifier(word: &str) -> Result<&str, ExpressionError> {
    let is_operator = matches!(word, "AND" | "OR" | "WITH");
    let is_plain = word
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+' | ':'));
    if is_operator || !is_plain {
        Err(ExpressionError::Unexpected(word.to_owned()))
    } else {
        Ok(word)
    }
}
