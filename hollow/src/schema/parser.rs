//! Reads the text form of schemas.

use super::{
    Field, FieldType, HashKey, ListSchema, MapSchema, ObjectSchema, PrimaryKey, Schema, SchemaError, SetSchema,
};
use std::collections::HashSet;

/// Parses schemas in their text form:
///
/// ```
/// let schemas = hollow::schema::parse(
///     "Movie @PrimaryKey(id) { long id; String title; Actors cast; }
///      String { string value; }
///      Actors Set<Actor> @HashKey(name);  // comments are fine
///      Actor { string name; }",
/// )?;
/// assert_eq!(schemas[2].to_string(), "Actors Set<Actor> @HashKey(name);");
/// # Ok::<(), hollow::schema::SchemaError>(())
/// ```
///
/// # Errors
/// Text that is not a list of schemas, with its line; a type or a field that is declared twice.
pub fn parse(text: &str) -> Result<Vec<Schema>, SchemaError> {
    let mut parser = Parser {
        tokens: tokenize(text)?,
        at: 0,
        last_line: text.lines().count().max(1),
    };
    let mut schemas: Vec<Schema> = Vec::new();
    let mut names = HashSet::new();
    while parser.skip_semicolons() {
        let schema = parser.schema()?;
        if !names.insert(schema.name().to_owned()) {
            return Err(SchemaError::Duplicate {
                what: "type",
                name: schema.name().to_owned(),
            });
        }
        schemas.push(schema);
    }
    Ok(schemas)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Mark(char),
}

fn starts_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c >= '\u{A0}'
}

fn continues_word(c: char) -> bool {
    starts_word(c) || c.is_ascii_digit() || c == '.' || c == '-'
}

fn tokenize(text: &str) -> Result<Vec<(usize, Token)>, SchemaError> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        if c <= ' ' {
            // white space
        } else if rest.starts_with("//") {
            length = rest.find('\n').unwrap_or(rest.len());
        } else if let Some(comment) = rest.strip_prefix("/*") {
            length = 2 + comment.find("*/").map(|at| at + 2).ok_or(SchemaError::Syntax {
                line,
                expected: "the end of the comment",
                found: "the end of the text".into(),
            })?;
        } else if "{};<>,@()".contains(c) {
            tokens.push((line, Token::Mark(c)));
        } else if starts_word(c) {
            length = rest.find(|c| !continues_word(c)).unwrap_or(rest.len());
            tokens.push((line, Token::Word(rest[..length].to_owned())));
        } else {
            return Err(SchemaError::Syntax {
                line,
                expected: "a name or one of {};<>,@()",
                found: format!("{c:?}"),
            });
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    last_line: usize,
}

impl Parser {
    fn schema(&mut self) -> Result<Schema, SchemaError> {
        let name = self.word("the name of a type")?;
        if self.is_mark('{') || self.is_mark('@') {
            return self.object(name).map(Schema::Object);
        }
        let kind = self.word("List, Set, Map, @PrimaryKey or {")?;
        self.mark('<', "<")?;
        let first = self.word("the name of a type")?;
        let schema = match kind.as_str() {
            "List" => {
                self.mark('>', ">")?;
                Schema::List(ListSchema { name, element: first })
            }
            "Set" => {
                self.mark('>', ">")?;
                let hash_key = HashKey::new(self.annotation("HashKey")?);
                Schema::Set(SetSchema {
                    name,
                    element: first,
                    hash_key,
                })
            }
            "Map" => {
                self.mark(',', ",")?;
                let value = self.word("the name of a type")?;
                self.mark('>', ">")?;
                let hash_key = HashKey::new(self.annotation("HashKey")?);
                Schema::Map(MapSchema {
                    name,
                    key: first,
                    value,
                    hash_key,
                })
            }
            _ => return Err(self.error_at(self.at.saturating_sub(3), "List, Set or Map")),
        };
        self.mark(';', ";")?;
        Ok(schema)
    }

    fn object(&mut self, name: String) -> Result<ObjectSchema, SchemaError> {
        let primary_key = PrimaryKey::new(self.annotation("PrimaryKey")?);
        self.mark('{', "{")?;
        let mut fields: Vec<Field> = Vec::new();
        let mut names = HashSet::new();
        while !self.is_mark('}') {
            let ty = field_type(self.word("the type of a field, or }")?);
            let field = self.word("the name of a field")?;
            self.mark(';', ";")?;
            if !names.insert(field.clone()) {
                return Err(SchemaError::Duplicate {
                    what: "field",
                    name: format!("{name}.{field}"),
                });
            }
            fields.push(Field { name: field, ty });
        }
        self.mark('}', "}")?;
        Ok(ObjectSchema {
            name,
            fields,
            primary_key,
        })
    }

    /// The paths of `@Name(a, b.c)` if it stands here; none otherwise.
    fn annotation(&mut self, name: &'static str) -> Result<Vec<String>, SchemaError> {
        let mut paths = Vec::new();
        if !self.is_mark('@') {
            return Ok(paths);
        }
        self.mark('@', "@")?;
        if self.word(name)? != name {
            return Err(self.error_at(self.at - 1, name));
        }
        self.mark('(', "(")?;
        while !self.is_mark(')') {
            if !paths.is_empty() {
                self.mark(',', ", or )")?;
            }
            paths.push(self.word("a field path")?);
        }
        self.mark(')', ")")?;
        Ok(paths)
    }

    /// Semicolons between schemas mean nothing. False at the end of the text.
    fn skip_semicolons(&mut self) -> bool {
        while self.is_mark(';') {
            self.at += 1;
        }
        self.at < self.tokens.len()
    }

    fn is_mark(&self, mark: char) -> bool {
        matches!(self.tokens.get(self.at), Some((_, Token::Mark(c))) if *c == mark)
    }

    fn mark(&mut self, mark: char, expected: &'static str) -> Result<(), SchemaError> {
        if !self.is_mark(mark) {
            return Err(self.error_at(self.at, expected));
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, expected: &'static str) -> Result<String, SchemaError> {
        match self.tokens.get(self.at) {
            Some((_, Token::Word(word))) => {
                self.at += 1;
                Ok(word.clone())
            }
            _ => Err(self.error_at(self.at, expected)),
        }
    }

    fn error_at(&self, at: usize, expected: &'static str) -> SchemaError {
        let (line, found) = match self.tokens.get(at) {
            Some((line, Token::Word(word))) => (*line, word.clone()),
            Some((line, Token::Mark(mark))) => (*line, mark.to_string()),
            None => (self.last_line, "the end of the text".to_owned()),
        };
        SchemaError::Syntax { line, expected, found }
    }
}

fn field_type(word: String) -> FieldType {
    match word.as_str() {
        "int" => FieldType::Int,
        "long" => FieldType::Long,
        "boolean" => FieldType::Boolean,
        "float" => FieldType::Float,
        "double" => FieldType::Double,
        "string" => FieldType::String,
        "bytes" => FieldType::Bytes,
        _ => FieldType::Reference(word),
    }
}
