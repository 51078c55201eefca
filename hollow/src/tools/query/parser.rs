//! From tokens to a query.

use super::lexer::{Token, tokens};
use super::{Condition, Literal, MAX_DEPTH, Path, Query, QueryError, QueryReason, Test, Then};

/// Reads a query.
pub(super) fn parse(text: &str) -> Result<Query, QueryError> {
    let (tokens, end) = tokens(text)?;
    let mut parser = Parser { tokens, at: 0, end };
    let type_name = match parser.next() {
        Some((_, Token::Word(word))) => word,
        Some((_, Token::Name(parts))) => parts.join("."),
        _ => return Err(parser.error_before("the name of a type")),
    };
    let condition = match parser.take_word("where") {
        true => Some(parser.condition(MAX_DEPTH)?),
        false => None,
    };
    let then = match parser.take_mark("|") {
        true => parser.then()?,
        false => Then::Records,
    };
    if parser.at < parser.tokens.len() {
        return Err(parser.error("where, and, or, | count, or the end"));
    }
    Ok(Query {
        type_name,
        condition,
        then,
    })
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    /// The column behind the last token.
    end: usize,
}

impl Parser {
    fn next(&mut self) -> Option<(usize, Token)> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn column(&self) -> usize {
        self.tokens.get(self.at).map_or(self.end, |(column, _)| *column)
    }

    fn error(&self, expected: &'static str) -> QueryError {
        let found = match self.tokens.get(self.at) {
            Some((_, token)) => token.describe(),
            None => "the end of the query".to_owned(),
        };
        QueryError::at(self.column(), QueryReason::Syntax { expected, found })
    }

    /// What was just taken is not what should stand there.
    fn error_before(&mut self, expected: &'static str) -> QueryError {
        self.at -= 1;
        self.error(expected)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some((_, Token::Word(w))) if w.eq_ignore_ascii_case(word));
        self.at += usize::from(is);
        is
    }

    fn take_mark(&mut self, mark: &str) -> bool {
        let is = matches!(self.tokens.get(self.at), Some((_, Token::Mark(m))) if *m == mark);
        self.at += usize::from(is);
        is
    }

    fn then(&mut self) -> Result<Then, QueryError> {
        if !self.take_word("count") {
            return Err(self.error("count"));
        }
        match self.take_word("by") {
            true => self.path().map(Then::CountBy),
            false => Ok(Then::Count),
        }
    }

    fn condition(&mut self, depth: usize) -> Result<Condition, QueryError> {
        let mut parts = vec![self.conjunction(depth)?];
        while self.take_word("or") {
            parts.push(self.conjunction(depth)?);
        }
        Ok(one_or(parts, Condition::Or))
    }

    fn conjunction(&mut self, depth: usize) -> Result<Condition, QueryError> {
        let mut parts = vec![self.negation(depth)?];
        while self.take_word("and") {
            parts.push(self.negation(depth)?);
        }
        Ok(one_or(parts, Condition::And))
    }

    fn negation(&mut self, depth: usize) -> Result<Condition, QueryError> {
        let Some(deeper) = depth.checked_sub(1) else {
            let reason = QueryReason::TooLarge {
                what: "deeply nested",
                limit: MAX_DEPTH,
            };
            return Err(QueryError::at(self.column(), reason));
        };
        if self.take_word("not") {
            return Ok(Condition::Not(Box::new(self.negation(deeper)?)));
        }
        if !self.take_mark("(") {
            return self.test();
        }
        let inner = self.condition(deeper)?;
        match self.take_mark(")") {
            true => Ok(inner),
            false => Err(self.error("and, or, or )")),
        }
    }

    fn path(&mut self) -> Result<Path, QueryError> {
        let column = self.column();
        let segments = match self.next() {
            Some((_, Token::Word(word))) => word.split('.').map(str::to_owned).collect(),
            Some((_, Token::Name(parts))) => parts,
            _ => return Err(self.error_before("the name of a field")),
        };
        if segments.iter().any(String::is_empty) {
            return Err(self.error_before("names of fields, joined by dots"));
        }
        Ok(Path { segments, column })
    }

    fn test(&mut self) -> Result<Condition, QueryError> {
        let path = self.path()?;
        if self.take_word("is") {
            let negated = self.take_word("not");
            if !self.take_word("null") {
                return Err(self.error("null"));
            }
            return Ok(negated_if(negated, Condition::Nothing(path)));
        }
        if self.take_word("not") {
            if !self.take_word("in") {
                return Err(self.error("in"));
            }
            return Ok(negated_if(true, Condition::Any(path, Test::OneOf(self.values()?))));
        }
        if self.take_word("in") {
            return Ok(Condition::Any(path, Test::OneOf(self.values()?)));
        }
        if self.take_word("contains") {
            return Ok(Condition::Any(path, Test::Contains(self.value()?)));
        }
        let Some((_, Token::Mark(mark))) = self.next() else {
            return Err(self.error_before(OPERATORS));
        };
        let test = match mark {
            "=" | "==" | "!=" | "<>" => {
                let negated = matches!(mark, "!=" | "<>");
                if self.take_word("null") {
                    return Ok(negated_if(negated, Condition::Nothing(path)));
                }
                let test = Test::OneOf(vec![self.value()?]);
                return Ok(negated_if(negated, Condition::Any(path, test)));
            }
            "<" => Test::Less(self.value()?),
            "<=" => Test::AtMost(self.value()?),
            ">" => Test::Greater(self.value()?),
            ">=" => Test::AtLeast(self.value()?),
            "^" | "^=" => Test::BeginsWith(self.value()?),
            _ => return Err(self.error_before(OPERATORS)),
        };
        Ok(Condition::Any(path, test))
    }

    fn value(&mut self) -> Result<Literal, QueryError> {
        let column = self.column();
        let (text, quoted) = match self.next() {
            Some((_, Token::Word(word))) => (word, false),
            Some((_, Token::Quoted(text))) => (text, true),
            _ => return Err(self.error_before("a value")),
        };
        Ok(Literal { text, quoted, column })
    }

    fn values(&mut self) -> Result<Vec<Literal>, QueryError> {
        if !self.take_mark("(") {
            return Err(self.error("( and a list of values"));
        }
        let mut values = vec![self.value()?];
        while self.take_mark(",") {
            values.push(self.value()?);
        }
        match self.take_mark(")") {
            true => Ok(values),
            false => Err(self.error(", or )")),
        }
    }
}

const OPERATORS: &str = "one of = != < <= > >= ^, contains, in, is null";

fn one_or(mut parts: Vec<Condition>, all: impl FnOnce(Vec<Condition>) -> Condition) -> Condition {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            all(parts)
        }
        None => all(parts),
    }
}

fn negated_if(negated: bool, condition: Condition) -> Condition {
    match negated {
        true => Condition::Not(Box::new(condition)),
        false => condition,
    }
}
