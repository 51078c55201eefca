//! The text form of schemas, exactly as Java Hollow prints it: the schema hash is taken over it.

use super::{FieldType, Kind, ListSchema, MapSchema, ObjectSchema, Schema, SetSchema};
use std::fmt;

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schema::Object(schema) => schema.fmt(f),
            Schema::List(schema) => schema.fmt(f),
            Schema::Set(schema) => schema.fmt(f),
            Schema::Map(schema) => schema.fmt(f),
        }
    }
}

impl fmt::Display for ObjectSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(key) = &self.primary_key {
            write!(f, " @PrimaryKey({})", key.paths().join(", "))?;
        }
        f.write_str(" {\n")?;
        for field in &self.fields {
            writeln!(f, "\t{} {};", field.ty, field.name)?;
        }
        f.write_str("}")
    }
}

impl fmt::Display for ListSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} List<{}>;", self.name, self.element)
    }
}

impl fmt::Display for SetSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Set<{}>", self.name, self.element)?;
        hash_key(f, self.hash_key.as_ref())
    }
}

impl fmt::Display for MapSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} Map<{},{}>", self.name, self.key, self.value)?;
        hash_key(f, self.hash_key.as_ref())
    }
}

fn hash_key(f: &mut fmt::Formatter<'_>, key: Option<&super::HashKey>) -> fmt::Result {
    if let Some(key) = key {
        write!(f, " @HashKey({})", key.paths().join(", "))?;
    }
    f.write_str(";")
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FieldType::Int => "int",
            FieldType::Long => "long",
            FieldType::Boolean => "boolean",
            FieldType::Float => "float",
            FieldType::Double => "double",
            FieldType::String => "string",
            FieldType::Bytes => "bytes",
            FieldType::Reference(name) => name,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Object => "OBJECT",
            Kind::List => "LIST",
            Kind::Set => "SET",
            Kind::Map => "MAP",
        })
    }
}
