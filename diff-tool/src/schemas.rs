//! Differences between the schemas of two states.

use crate::side_name::SideName;
use hollow::schema::{Dataset, Schema};
use std::fmt;

/// Something the two data sets declare differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SchemaDifference {
    /// Only one has the type.
    TypeOnly {
        /// The type.
        type_name: String,
        /// Who has it.
        side: SideName,
    },
    /// Only one has the field.
    FieldOnly {
        /// The type.
        type_name: String,
        /// The field.
        field: String,
        /// What it holds.
        holds: String,
        /// Who has it.
        side: SideName,
    },
    /// Both have it, declared differently.
    Declared {
        /// The type.
        type_name: String,
        /// What is declared: "kind", "primary key", "hash key", "element type", or "field" with its name.
        what: String,
        /// A's declaration.
        a: String,
        /// B's declaration.
        b: String,
    },
}

impl SchemaDifference {
    /// The type it is about.
    pub fn type_name(&self) -> &str {
        match self {
            SchemaDifference::TypeOnly { type_name, .. }
            | SchemaDifference::FieldOnly { type_name, .. }
            | SchemaDifference::Declared { type_name, .. } => type_name,
        }
    }
}

impl fmt::Display for SchemaDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::show::name;
        match self {
            SchemaDifference::TypeOnly { type_name, side } => write!(f, "type {} only in {side}", name(type_name)),
            SchemaDifference::FieldOnly {
                type_name,
                field,
                holds,
                side,
            } => {
                write!(
                    f,
                    "field {}.{} ({}) only in {side}",
                    name(type_name),
                    name(field),
                    name(holds)
                )
            }
            SchemaDifference::Declared { type_name, what, a, b } => {
                write!(f, "{} of {}: {} in A, {} in B", what, name(type_name), name(a), name(b))
            }
        }
    }
}

/// Compares the schemas of two data sets by name. The order of types and fields does not matter.
pub fn compare(a: &Dataset, b: &Dataset) -> Vec<SchemaDifference> {
    let mut differences = Vec::new();
    for schema in a.schemas() {
        match b.get(schema.name()) {
            Some(other) => compare_types(schema, other, &mut differences),
            None => differences.push(SchemaDifference::TypeOnly {
                type_name: schema.name().to_owned(),
                side: SideName::A,
            }),
        }
    }
    for schema in b.schemas().iter().filter(|schema| a.get(schema.name()).is_none()) {
        differences.push(SchemaDifference::TypeOnly {
            type_name: schema.name().to_owned(),
            side: SideName::B,
        });
    }
    differences
}

fn compare_types(a: &Schema, b: &Schema, differences: &mut Vec<SchemaDifference>) {
    let mut declared = |what: String, x: String, y: String| {
        if x != y {
            differences.push(SchemaDifference::Declared {
                type_name: a.name().to_owned(),
                what,
                a: x,
                b: y,
            });
        }
    };
    if a.kind() != b.kind() {
        return declared("kind".to_owned(), format!("{:?}", a.kind()), format!("{:?}", b.kind()));
    }
    match (a, b) {
        (Schema::List(x), Schema::List(y)) => declared("element type".to_owned(), x.element.clone(), y.element.clone()),
        (Schema::Set(x), Schema::Set(y)) => {
            declared("element type".to_owned(), x.element.clone(), y.element.clone());
            declared(
                "hash key".to_owned(),
                paths(x.hash_key.as_ref().map(|k| k.paths())),
                paths(y.hash_key.as_ref().map(|k| k.paths())),
            );
        }
        (Schema::Map(x), Schema::Map(y)) => {
            declared("key type".to_owned(), x.key.clone(), y.key.clone());
            declared("value type".to_owned(), x.value.clone(), y.value.clone());
            declared(
                "hash key".to_owned(),
                paths(x.hash_key.as_ref().map(|k| k.paths())),
                paths(y.hash_key.as_ref().map(|k| k.paths())),
            );
        }
        (Schema::Object(x), Schema::Object(y)) => {
            declared(
                "primary key".to_owned(),
                paths(x.primary_key.as_ref().map(|k| k.paths())),
                paths(y.primary_key.as_ref().map(|k| k.paths())),
            );
            for field in &x.fields {
                if let Some(at) = y.position(&field.name) {
                    let what = format!("field {}", crate::show::name(&field.name));
                    declared(what, field.ty.to_string(), y.fields[at].ty.to_string());
                }
            }
            let only = |left: &hollow::schema::ObjectSchema, right: &hollow::schema::ObjectSchema, side: SideName| {
                let fields = left.fields.iter().filter(|field| right.position(&field.name).is_none());
                let difference = |field: &hollow::schema::Field| SchemaDifference::FieldOnly {
                    type_name: left.name.clone(),
                    field: field.name.clone(),
                    holds: field.ty.to_string(),
                    side,
                };
                fields.map(difference).collect::<Vec<_>>()
            };
            differences.extend(only(x, y, SideName::A));
            differences.extend(only(y, x, SideName::B));
        }
        _ => {}
    }
}

/// A key as written in schemas; "none" if there is none.
fn paths(key: Option<&[String]>) -> String {
    key.map_or_else(|| "none".to_owned(), |paths| format!("({})", paths.join(", ")))
}
