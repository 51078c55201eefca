//! Schemas as JSON: the same as their text form, also for names and paths that the text form cannot have.

use crate::schema::{Field, FieldType, HashKey, ListSchema, MapSchema, ObjectSchema, PrimaryKey, Schema, SetSchema};
use serde::{Deserialize, Serialize};

/// A schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaDoc {
    /// Name of the type.
    pub name: String,
    /// OBJECT, LIST, SET or MAP.
    pub kind: String,
    /// The fields of an OBJECT.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fields: Option<Vec<FieldDoc>>,
    /// The element type of a LIST or SET.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub element: Option<String>,
    /// The key type of a MAP.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub key: Option<String>,
    /// The value type of a MAP.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<String>,
    /// The paths of the primary key of an OBJECT, if it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub primary_key: Option<Vec<String>>,
    /// The paths of the hash key of a SET or MAP, if it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hash_key: Option<Vec<String>>,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldDoc {
    /// Its name.
    pub name: String,
    /// INT, LONG, BOOLEAN, FLOAT, DOUBLE, STRING, BYTES or REFERENCE.
    #[serde(rename = "type")]
    pub ty: String,
    /// The type that a REFERENCE leads to.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<String>,
}

/// Why a document is no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no schema of a type: expected {expected}, name={name}")]
pub struct SchemaDocError {
    /// What is missing or should not be there.
    pub expected: &'static str,
    /// The type.
    pub name: String,
}

const TYPES: [(&str, FieldType); 7] = [
    ("INT", FieldType::Int),
    ("LONG", FieldType::Long),
    ("BOOLEAN", FieldType::Boolean),
    ("FLOAT", FieldType::Float),
    ("DOUBLE", FieldType::Double),
    ("STRING", FieldType::String),
    ("BYTES", FieldType::Bytes),
];

impl From<&Field> for FieldDoc {
    fn from(field: &Field) -> Self {
        let name = TYPES
            .iter()
            .find(|(_, ty)| *ty == field.ty)
            .map_or("REFERENCE", |(name, _)| name);
        Self {
            name: field.name.clone(),
            ty: name.to_owned(),
            to: field.ty.reference().map(str::to_owned),
        }
    }
}

impl From<&Schema> for SchemaDoc {
    fn from(schema: &Schema) -> Self {
        let mut doc = Self {
            name: schema.name().to_owned(),
            kind: schema.kind().to_string(),
            fields: None,
            element: None,
            key: None,
            value: None,
            primary_key: None,
            hash_key: None,
        };
        let paths = |key: &Option<HashKey>| key.as_ref().map(|key| key.paths().to_vec());
        match schema {
            Schema::Object(object) => {
                doc.fields = Some(object.fields.iter().map(FieldDoc::from).collect());
                doc.primary_key = object.primary_key.as_ref().map(|key| key.paths().to_vec());
            }
            Schema::List(list) => doc.element = Some(list.element.clone()),
            Schema::Set(set) => {
                doc.element = Some(set.element.clone());
                doc.hash_key = paths(&set.hash_key);
            }
            Schema::Map(map) => {
                doc.key = Some(map.key.clone());
                doc.value = Some(map.value.clone());
                doc.hash_key = paths(&map.hash_key);
            }
        }
        doc
    }
}

impl TryFrom<FieldDoc> for Field {
    type Error = &'static str;
    fn try_from(doc: FieldDoc) -> Result<Self, Self::Error> {
        let known = TYPES.into_iter().find(|(name, _)| *name == doc.ty);
        let ty = match (known, doc.to) {
            (Some((_, ty)), None) => ty,
            (None, Some(to)) if doc.ty == "REFERENCE" => FieldType::Reference(to),
            _ => return Err("fields of a known type, and with a type to lead to if they are a REFERENCE"),
        };
        Ok(Field { name: doc.name, ty })
    }
}

impl TryFrom<SchemaDoc> for Schema {
    type Error = SchemaDocError;
    fn try_from(doc: SchemaDoc) -> Result<Self, Self::Error> {
        let expected = |expected| SchemaDocError {
            expected,
            name: doc.name.clone(),
        };
        let name = doc.name.clone();
        let keys = (doc.primary_key, doc.hash_key);
        let schema = match (doc.kind.as_str(), doc.fields, doc.element, (doc.key, doc.value), keys) {
            ("OBJECT", Some(fields), None, (None, None), (key, None)) => {
                let fields: Result<Vec<Field>, _> = fields.into_iter().map(Field::try_from).collect();
                let fields = fields.map_err(expected)?;
                let mut names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                names.sort_unstable();
                if names.windows(2).any(|pair| pair[0] == pair[1]) {
                    return Err(expected("fields of different names"));
                }
                Schema::Object(ObjectSchema {
                    name,
                    fields,
                    primary_key: key.and_then(PrimaryKey::new),
                })
            }
            ("LIST", None, Some(element), (None, None), (None, None)) => Schema::List(ListSchema { name, element }),
            ("SET", None, Some(element), (None, None), (None, key)) => Schema::Set(SetSchema {
                name,
                element,
                hash_key: key.and_then(HashKey::new),
            }),
            ("MAP", None, None, (Some(key), Some(value)), (None, hash_key)) => Schema::Map(MapSchema {
                name,
                key,
                value,
                hash_key: hash_key.and_then(HashKey::new),
            }),
            _ => {
                return Err(expected(
                    "an OBJECT with fields, a LIST or SET with an element, or a MAP with key and value",
                ));
            }
        };
        Ok(schema)
    }
}
