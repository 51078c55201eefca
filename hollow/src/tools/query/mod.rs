//! Asking a state for the records of a type that fulfil a condition.
//!
//! ```text
//! query      := TYPE ["where" condition] ["|" "count" ["by" path]]
//! condition  := conjunction {"or" conjunction}
//! conjunction:= negation {"and" negation}
//! negation   := "not" negation | "(" condition ")" | test
//! test       := path ("=" | "!=" | "<" | "<=" | ">" | ">=") value
//!             | path "^" value                  begins with
//!             | path "contains" value           has this text within it
//!             | path ["not"] "in" "(" value {"," value} ")"
//!             | path ("=" | "!=") "null"  |  path "is" ["not"] "null"
//! ```
//!
//! A path follows fields, joined by dots, through references and into collections: `element` of a list or set, `key` and
//! `value` of a map; `element` may be left out. A path that ends at a record with a single value, or a single primary key
//! field, goes on to it. Names and values with other characters than letters, digits and `_ - + . / : @ #` stand in
//! backquotes (names) or in single or double quotes (values), in which a backslash takes the next character as it is.
//!
//! A test asks whether **any** value that the path reaches fulfils it: `countries = DE` is true of a set with DE in it.
//! `!=` is the opposite of `=`, `not in` that of `in`: they are also true where the path reaches nothing. `= null` is true
//! if the path reaches nothing. Text is compared by code points, as it is; an order of BOOLEAN and BYTES does not exist.
//!
//! ```
//! use hollow::{record::Value, tools::query::Query, write::{WriteConfig, WriteStateEngine}};
//!
//! let mut engine = WriteStateEngine::new(WriteConfig::default());
//! for schema in hollow::schema::parse("Movie { long id; Name name; } Name { string value; }")? {
//!     engine.add_type(schema, None)?;
//! }
//! let name = Value::Object(vec![Value::String("The Salt Harbour".into())]);
//! engine.add("Movie", &Value::Object(vec![Value::Long(7), name]))?;
//! engine.set_next_tag(1);
//! let mut snapshot = Vec::new();
//! engine.write_snapshot(&mut snapshot)?;
//! let state = hollow::read::ReadState::from_snapshot(&snapshot)?;
//!
//! let query = Query::parse("Movie where name ^ 'The ' and id > 5")?;
//! assert_eq!(query.bind(&state)?.matching().count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bind;
mod lexer;
mod parser;
mod path;
mod run;
#[cfg(test)]
mod tests;

pub use run::{BoundQuery, Group};

use crate::read::ReadState;

/// The longest text of a query, in bytes.
pub const MAX_BYTES: usize = 64 << 10;

/// How deep parentheses and `not` may be nested.
pub const MAX_DEPTH: usize = 64;

/// A question about the records of one type, not yet bound to a state.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The type whose records are asked for.
    pub type_name: String,
    /// What they must fulfil; `None` is fulfilled by all.
    pub condition: Option<Condition>,
    /// What to do with those that do.
    pub then: Then,
}

/// What to do with the records that fulfil the condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    /// Give them.
    Records,
    /// Count them.
    Count,
    /// Count them by what a path reaches.
    CountBy(Path),
}

/// A path as written: names of fields, and `element`, `key`, `value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Its parts.
    pub segments: Vec<String>,
    /// Where in the text it begins, from 1.
    pub column: usize,
}

/// What a record must fulfil.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// All of these.
    And(Vec<Condition>),
    /// One of these at least.
    Or(Vec<Condition>),
    /// Not this.
    Not(Box<Condition>),
    /// Any value that the path reaches fulfils the test.
    Any(Path, Test),
    /// The path reaches no value.
    Nothing(Path),
}

/// What a single value must fulfil.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It is one of these.
    OneOf(Vec<Literal>),
    /// It is less.
    Less(Literal),
    /// It is less or equal.
    AtMost(Literal),
    /// It is greater.
    Greater(Literal),
    /// It is greater or equal.
    AtLeast(Literal),
    /// It is text that begins with this.
    BeginsWith(Literal),
    /// It is text that has this in it.
    Contains(Literal),
}

/// A value as written. What it means is decided by the field it is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// The text, without quotes.
    pub text: String,
    /// Whether it stood in quotes: then it stands for text or bytes only.
    pub quoted: bool,
    /// Where in the query it begins, from 1.
    pub column: usize,
}

/// What is wrong with a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}, column={column}")]
pub struct QueryError {
    /// Where in the text, in characters from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: QueryReason,
}

/// What is wrong with a place in a query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryReason {
    /// Something else should stand there.
    #[error("expected {expected}, found {found}")]
    Syntax {
        /// What could stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// Longer than [`MAX_BYTES`], or nested deeper than [`MAX_DEPTH`].
    #[error("the query is too {what}, limit={limit}")]
    TooLarge {
        /// "long" or "deeply nested".
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The state has no such type.
    #[error("the state has no such type, type={name}{}", hint(.similar))]
    UnknownType {
        /// The name.
        name: String,
        /// A name that looks like it.
        similar: Option<String>,
    },
    /// A type has no such field.
    #[error("no such field, type={type_name} field={field}{}", hint(.similar))]
    UnknownField {
        /// The type.
        type_name: String,
        /// The name.
        field: String,
        /// A name that looks like it.
        similar: Option<String>,
    },
    /// A path goes on behind a value.
    #[error("there is nothing behind a {ty} field, field={field}")]
    BehindValue {
        /// The field.
        field: String,
        /// What it holds.
        ty: String,
    },
    /// A path ends at records that have no single value.
    #[error("{type_name} is a record, not a value; write which of its parts: {parts}")]
    NotAValue {
        /// The type.
        type_name: String,
        /// What the path could go on with.
        parts: String,
    },
    /// A value that cannot be compared with the field.
    #[error("{field} is {ty}: expected {expected}, found {found}")]
    Incomparable {
        /// The field.
        field: String,
        /// What it holds.
        ty: String,
        /// What it can be compared with.
        expected: String,
        /// What is written.
        found: String,
    },
}

fn hint(similar: &Option<String>) -> String {
    similar
        .as_ref()
        .map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

impl Query {
    /// Reads a query. See the [module](self) for its form.
    ///
    /// # Errors
    /// [`QueryError`] with the place.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        parser::parse(text)
    }

    /// Resolves names and values against a state.
    ///
    /// # Errors
    /// [`QueryError`] with the first name that does not exist or value that does not fit.
    pub fn bind<'s>(&self, state: &'s ReadState) -> Result<BoundQuery<'s>, QueryError> {
        bind::bind(self, state)
    }
}

impl QueryError {
    fn at(column: usize, reason: QueryReason) -> Self {
        Self { column, reason }
    }
}

/// The name that differs least, if it differs little.
pub(crate) fn similar<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    let wanted: Vec<char> = name.to_lowercase().chars().take(64).collect();
    let allowed = 1 + wanted.len() / 4;
    names
        .map(|other| (distance(&wanted, other), other))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, other)| other.to_owned())
}

/// How many characters have to be inserted, removed or replaced.
fn distance(wanted: &[char], other: &str) -> usize {
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (at, c) in other.to_lowercase().chars().take(64).enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, w) in wanted.iter().enumerate() {
            let replaced = diagonal + usize::from(*w != c);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
