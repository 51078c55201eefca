//! The records behind a comparison, read when they are shown.

use crate::engine::key_paths;
use crate::model::{Modified, Options, TypeDiff};
use crate::side::{KeyPlan, Seed, Side};
use crate::side_name::SideName;
use crate::tags::{self, TagComparison};
use crate::tree::Node;
use hollow::Ordinal;
use hollow::read::ReadState;
use hollow::schema::FieldType;

/// Reads records of the two states as trees and finds them by key.
pub struct Details<'s> {
    a: Side<'s>,
    b: Side<'s>,
}

/// A key that cannot be one of the type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// No side has such a type.
    #[error("no such type, type={0}")]
    NoSuchType(String),
    /// Records of the type have no key.
    #[error("records of the type have no primary key; name one with --key, type={0}")]
    NoKey(String),
    /// A path of a key that leads nowhere; the text says why.
    #[error("{0}")]
    NoSuchPath(String),
    /// Another number of parts.
    #[error("the key of type={type_name} has {expected} part(s) ({paths}), found={found}")]
    Parts {
        /// The type.
        type_name: String,
        /// How many parts the key has.
        expected: usize,
        /// Which they are.
        paths: String,
        /// How many were given.
        found: usize,
    },
    /// A part that is no value of its field.
    #[error("the key part {path} of type={type_name} is {ty}, found={found}")]
    Part {
        /// The type.
        type_name: String,
        /// The part.
        path: String,
        /// What it holds.
        ty: String,
        /// What was given.
        found: String,
    },
}

impl<'s> Details<'s> {
    /// Details of these two states.
    pub fn new(a: &'s ReadState, b: &'s ReadState) -> Self {
        let seed = Seed::draw();
        Details {
            a: Side::new(a, seed),
            b: Side::new(b, seed),
        }
    }

    /// The header tags, compared.
    pub fn tags(&self) -> TagComparison {
        let version = |side: &Side<'_>| side.state.version().map(|version| version.to_string());
        let (a, b) = (self.a.state, self.b.state);
        tags::compare(a.header_tags(), b.header_tags(), (version(&self.a), version(&self.b)))
    }

    /// The record before and after.
    pub fn trees(&self, ty: &TypeDiff, record: &Modified) -> (Node, Node) {
        (
            self.tree(SideName::A, &ty.name, record.a),
            self.tree(SideName::B, &ty.name, record.b),
        )
    }

    /// A record of one side; null if it is not there.
    pub fn tree(&self, side: SideName, type_name: &str, ordinal: Ordinal) -> Node {
        let side = self.side(side);
        side.number(type_name)
            .map_or(Node::Null, |number| side.tree(number, ordinal))
    }

    /// The keys of records of one side; of a type without key nothing.
    pub fn keys(&self, side: SideName, ty: &TypeDiff) -> impl Fn(Ordinal) -> Vec<Node> {
        let plan = ty
            .key()
            .and_then(|paths| KeyPlan::new(self.side(side), &ty.name, paths));
        move |ordinal| plan.as_ref().map_or_else(Vec::new, |plan| plan.read(ordinal))
    }

    /// The types whose records are matched by key.
    pub fn keyed_types(&self, options: &Options) -> Vec<&'s str> {
        let of_a = self.a.state.types().map(|ty| ty.name());
        let of_b = self
            .b
            .state
            .types()
            .map(|ty| ty.name())
            .filter(|name| self.a.number(name).is_none());
        of_a.chain(of_b)
            .filter(|name| key_paths(&self.a, &self.b, name, options).is_some())
            .collect()
    }

    /// Whether the keys given instead of declared ones lead to values.
    ///
    /// # Errors
    /// [`KeyError::NoSuchPath`] for the first that does not.
    pub fn check_keys(&self, options: &Options) -> Result<(), KeyError> {
        for (name, paths) in &options.keys {
            for side in [&self.a, &self.b] {
                if side.number(name).is_none() {
                    continue;
                }
                for path in paths {
                    let resolved = side.state.dataset().resolve(name, path);
                    resolved.map_err(|error| KeyError::NoSuchPath(error.to_string()))?;
                }
            }
        }
        Ok(())
    }

    /// The records with a key, in A and in B. Looks at all records of the type.
    ///
    /// # Errors
    /// [`KeyError`] if the type has no such key.
    pub fn find(
        &self,
        type_name: &str,
        parts: &[String],
        options: &Options,
    ) -> Result<(Vec<Ordinal>, Vec<Ordinal>), KeyError> {
        if self.a.number(type_name).is_none() && self.b.number(type_name).is_none() {
            return Err(KeyError::NoSuchType(type_name.to_owned()));
        }
        let paths =
            key_paths(&self.a, &self.b, type_name, options).ok_or_else(|| KeyError::NoKey(type_name.to_owned()))?;
        let find = |side: &Side<'s>| -> Result<Vec<Ordinal>, KeyError> {
            let Some(number) = side.number(type_name) else {
                return Ok(Vec::new());
            };
            let (Some(plan), Some(records)) = (KeyPlan::new(side, type_name, &paths), side.records(number)) else {
                return Ok(Vec::new());
            };
            let key = parse_key(type_name, &plan, parts)?;
            Ok(records
                .populated()
                .filter(|ordinal| plan.read(*ordinal) == key)
                .collect())
        };
        Ok((find(&self.a)?, find(&self.b)?))
    }

    fn side(&self, side: SideName) -> &Side<'s> {
        match side {
            SideName::A => &self.a,
            SideName::B => &self.b,
        }
    }
}

/// The parts of a key as values of their fields. `null` is no value where the field holds no text.
fn parse_key(type_name: &str, plan: &KeyPlan<'_>, parts: &[String]) -> Result<Vec<Node>, KeyError> {
    let (types, names) = (plan.types(), plan.names());
    if types.len() != parts.len() {
        return Err(KeyError::Parts {
            type_name: type_name.to_owned(),
            expected: types.len(),
            paths: names.join(", "),
            found: parts.len(),
        });
    }
    let parse = |((ty, name), part): ((&&FieldType, &&str), &String)| {
        parse_part(ty, part).ok_or_else(|| KeyError::Part {
            type_name: type_name.to_owned(),
            path: (*name).to_owned(),
            ty: ty.to_string(),
            found: crate::show::quoted(part),
        })
    };
    types.iter().zip(&names).zip(parts).map(parse).collect()
}

fn parse_part(ty: &FieldType, part: &str) -> Option<Node> {
    if part == "null" && *ty != FieldType::String {
        return Some(Node::Null);
    }
    Some(match ty {
        FieldType::Int => Node::Int(part.parse::<i32>().ok()?.into()),
        FieldType::Long => Node::Int(part.parse().ok()?),
        FieldType::Boolean => Node::Boolean(part.parse().ok()?),
        FieldType::Float => Node::Float(part.parse::<f32>().ok()?.to_bits()),
        FieldType::Double => Node::Double(part.parse::<f64>().ok()?.to_bits()),
        FieldType::String => Node::Text(part.to_owned()),
        FieldType::Bytes => Node::Bytes(parse_hex(part.strip_prefix("0x").unwrap_or(part))?),
        FieldType::Reference(_) => return None,
    })
}

fn parse_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok()))
        .collect();
    let digits = digits?;
    (digits.len().is_multiple_of(2)).then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
