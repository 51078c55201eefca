//! From JSON text to a value, by schema, in one pass over the text.

use super::leaf::shorten;
use super::{JsonError, JsonReason, Leaf, Limits, is_text_key, leaf_value};
use crate::record::Value;
use crate::schema::{Dataset, FieldType, ObjectSchema, Schema};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::collections::HashSet;
use std::fmt;

pub(super) fn parse(dataset: &Dataset, root: &str, json: &[u8], limits: &Limits) -> Result<Value, JsonError> {
    let before_text = |reason| JsonError {
        path: root.to_owned(),
        line: 0,
        column: 0,
        reason,
    };
    let Some(schema) = dataset.get(root) else {
        return Err(before_text(JsonReason::UnknownType(root.to_owned())));
    };
    if json.len() > limits.bytes {
        return Err(before_text(JsonReason::TooLong {
            found: json.len(),
            limit: limits.bytes,
        }));
    }
    let mut reading = Reading {
        dataset,
        limits: *limits,
        depth: 0,
        values: 0,
        path: Vec::new(),
        reason: None,
    };
    let mut text = serde_json::Deserializer::from_slice(json);
    let place = Place {
        reading: &mut reading,
        expected: Expected::Record(schema),
        holder: Holder::Nothing,
    };
    place
        .deserialize(&mut text)
        .and_then(|value| text.end().map(|()| value))
        .map_err(|error| JsonError {
            path: reading.render_path(root),
            line: error.line(),
            column: error.column(),
            reason: reading.reason.take().unwrap_or_else(|| syntax(&error)),
        })
}

fn syntax(error: &serde_json::Error) -> JsonReason {
    // The position is told apart; without it the text of the error is what went wrong.
    let text = error.to_string();
    let suffix = format!(" at line {} column {}", error.line(), error.column());
    JsonReason::Syntax(text.strip_suffix(&suffix).unwrap_or(&text).to_owned())
}

/// One reading of one text. `path` leads to the value being read, and stays where it is when something is wrong.
struct Reading<'a> {
    dataset: &'a Dataset,
    limits: Limits,
    depth: usize,
    values: usize,
    path: Vec<Step<'a>>,
    reason: Option<JsonReason>,
}

enum Step<'a> {
    Field(&'a str),
    Index(usize),
    Entry(String),
}

impl<'a> Reading<'a> {
    /// Keeps the reason; the error made here only unwinds the parser, which adds the position.
    fn fail<E: de::Error>(&mut self, reason: JsonReason) -> E {
        self.reason.get_or_insert(reason);
        E::custom("")
    }

    fn count<E: de::Error>(&mut self, values: usize) -> Result<(), E> {
        self.values = self.values.saturating_add(values);
        if self.values > self.limits.values {
            return Err(self.fail(JsonReason::TooManyValues(self.limits.values)));
        }
        Ok(())
    }

    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        if self.depth >= self.limits.depth {
            return Err(self.fail(JsonReason::TooDeep(self.limits.depth)));
        }
        self.depth += 1;
        Ok(())
    }

    /// The place for a record of the type named.
    fn record<E: de::Error>(&mut self, type_name: &'a str) -> Result<Expected<'a>, E> {
        match self.dataset.get(type_name) {
            Some(schema) => Ok(Expected::Record(schema)),
            None => Err(self.fail(JsonReason::UnknownType(type_name.to_owned()))),
        }
    }

    fn render_path(&self, root: &str) -> String {
        let mut text = root.to_owned();
        for step in &self.path {
            match step {
                Step::Field(name) => {
                    text.push('.');
                    text.push_str(name);
                }
                Step::Index(index) => text.push_str(&format!("[{index}]")),
                Step::Entry(key) => text.push_str(&format!("[{}]", shorten(key))),
            }
        }
        text
    }
}

/// What the schema has at a place.
#[derive(Clone, Copy)]
enum Expected<'a> {
    Leaf(&'a FieldType),
    Record(&'a Schema),
}

impl Expected<'_> {
    fn describe(&self) -> String {
        match self {
            Expected::Leaf(ty) => format!("a value of type {ty}"),
            Expected::Record(schema) => {
                let name = schema.name();
                match schema {
                    Schema::Object(object) => match object.wrapped_field() {
                        Some(field) => format!("a record of type {name} or its {}", field.ty),
                        None => format!("a record of type {name}"),
                    },
                    Schema::List(s) => format!("an array of {} ({name})", s.element),
                    Schema::Set(s) => format!("an array of {} ({name})", s.element),
                    Schema::Map(s) => format!("a map of {} to {} ({name})", s.key, s.value),
                }
            }
        }
    }
}

/// How a value is held by what is around it.
#[derive(Clone, Copy, PartialEq)]
enum Holder {
    /// It is the record itself: neither null nor the single field of its type alone.
    Nothing,
    /// A field, which may be null.
    Field,
    /// A list, a set or a map.
    Collection,
}

struct Place<'r, 'a> {
    reading: &'r mut Reading<'a>,
    expected: Expected<'a>,
    holder: Holder,
}

impl<'a> Place<'_, 'a> {
    fn wrong<E: de::Error>(self, found: impl Into<String>) -> E {
        self.reading.fail(JsonReason::WrongType {
            expected: self.expected.describe(),
            found: found.into(),
        })
    }

    fn leaf<E: de::Error>(self, leaf: &Leaf<'_>) -> Result<Value, E> {
        let (ty, wrapped) = match self.expected {
            Expected::Leaf(ty) => (ty, false),
            Expected::Record(schema) => match schema.as_object().and_then(ObjectSchema::wrapped_field) {
                Some(field) if self.holder != Holder::Nothing => (&field.ty, true),
                _ => return Err(self.wrong(leaf.describe())),
            },
        };
        self.reading.count(1 + usize::from(wrapped))?;
        let value = leaf_value(ty, leaf).map_err(|reason| self.reading.fail(reason))?;
        if !wrapped {
            return Ok(value);
        }
        self.reading.enter()?;
        self.reading.depth -= 1;
        Ok(Value::Object(vec![value]))
    }

    fn elements<'de, A: SeqAccess<'de>>(self, element: &'a str, mut seq: A) -> Result<Vec<Value>, A::Error> {
        self.reading.count(1)?;
        self.reading.enter()?;
        let expected = self.reading.record(element)?;
        let mut values = Vec::new();
        loop {
            self.reading.path.push(Step::Index(values.len()));
            let place = Place {
                reading: self.reading,
                expected,
                holder: Holder::Collection,
            };
            let Some(value) = seq.next_element_seed(place)? else {
                break;
            };
            values.push(value);
            self.reading.path.pop();
        }
        self.reading.path.pop();
        self.reading.depth -= 1;
        Ok(values)
    }

    fn object<'de, A: MapAccess<'de>>(self, object: &'a ObjectSchema, mut map: A) -> Result<Value, A::Error> {
        let reading = self.reading;
        reading.count(1 + object.fields.len())?;
        reading.enter()?;
        let mut values = vec![Value::Null; object.fields.len()];
        let mut seen = Seen::new(object.fields.len());
        let mut next = 0;
        while let Some(position) = map.next_key_seed(FieldName { reading, object, next })? {
            next = position + 1;
            let field = &object.fields[position];
            if seen.replace(position) {
                return Err(reading.fail(JsonReason::Duplicate(field.name.clone())));
            }
            reading.path.push(Step::Field(&field.name));
            let expected = match field.ty.reference() {
                Some(type_name) => reading.record(type_name)?,
                None => Expected::Leaf(&field.ty),
            };
            values[position] = map.next_value_seed(Place {
                reading,
                expected,
                holder: Holder::Field,
            })?;
            reading.path.pop();
        }
        reading.depth -= 1;
        Ok(Value::Object(values))
    }

    /// A map written as a JSON object: the keys are records that wrap a single text.
    fn entries<'de, A: MapAccess<'de>>(self, value: &'a str, mut map: A) -> Result<Value, A::Error> {
        let reading = self.reading;
        reading.count(1)?;
        reading.enter()?;
        reading.enter()?; // as deep as the record that the text stands for
        reading.depth -= 1;
        let expected = reading.record(value)?;
        let mut keys = HashSet::new();
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            reading.count(2)?;
            if !keys.insert(key.clone()) {
                return Err(reading.fail(JsonReason::Duplicate(shorten(&key))));
            }
            reading.path.push(Step::Entry(key.clone()));
            let value = map.next_value_seed(Place {
                reading,
                expected,
                holder: Holder::Collection,
            })?;
            reading.path.pop();
            entries.push((Value::Object(vec![Value::String(key)]), value));
        }
        reading.depth -= 1;
        Ok(Value::Map(entries))
    }

    /// A map written as an array of pairs.
    fn pairs<'de, A: SeqAccess<'de>>(self, key: &'a str, value: &'a str, mut seq: A) -> Result<Value, A::Error> {
        let reading = self.reading;
        reading.count(1)?;
        reading.enter()?;
        let (key, value) = (reading.record(key)?, reading.record(value)?);
        let mut entries: Vec<(Value, Value)> = Vec::new();
        let mut keys = HashSet::new();
        loop {
            reading.path.push(Step::Index(entries.len()));
            let Some(entry) = seq.next_element_seed(Pair { reading, key, value })? else {
                break;
            };
            if !keys.insert(format!("{:?}", entry.0)) {
                return Err(reading.fail(JsonReason::Duplicate("the key of this pair".to_owned())));
            }
            reading.path.pop();
            entries.push(entry);
        }
        reading.path.pop();
        reading.depth -= 1;
        Ok(Value::Map(entries))
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_, '_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expected.describe())
    }
    fn visit_bool<E: de::Error>(self, v: bool) -> Result<Value, E> {
        self.leaf(&Leaf::Boolean(v))
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> Result<Value, E> {
        self.leaf(&Leaf::Signed(v))
    }
    fn visit_u64<E: de::Error>(self, v: u64) -> Result<Value, E> {
        self.leaf(&Leaf::Unsigned(v))
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Value, E> {
        self.leaf(&Leaf::Float(v))
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<Value, E> {
        self.leaf(&Leaf::Text(v))
    }
    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        if self.holder != Holder::Field {
            return Err(self.wrong("null"));
        }
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Value, A::Error> {
        match self.expected {
            Expected::Record(Schema::List(list)) => self.elements(&list.element, seq).map(Value::List),
            Expected::Record(Schema::Set(set)) => self.elements(&set.element, seq).map(Value::Set),
            Expected::Record(Schema::Map(map)) => self.pairs(&map.key, &map.value, seq),
            _ => Err(self.wrong("an array")),
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Value, A::Error> {
        match self.expected {
            Expected::Record(Schema::Object(object)) => self.object(object, access),
            Expected::Record(Schema::Map(map)) if is_text_key(self.reading.dataset.get(&map.key)) => {
                self.entries(&map.value, access)
            }
            _ => Err(self.wrong("an object")),
        }
    }
}

/// The fields of an object that were there already. Most types have few: those take no room of their own.
enum Seen {
    Few(u64),
    Many(Vec<bool>),
}

impl Seen {
    fn new(fields: usize) -> Self {
        match fields {
            0..=64 => Seen::Few(0),
            _ => Seen::Many(vec![false; fields]),
        }
    }

    /// Whether it was; from now on it is.
    fn replace(&mut self, position: usize) -> bool {
        match self {
            Seen::Few(bits) => {
                let before = *bits;
                *bits |= 1 << position;
                before == *bits
            }
            Seen::Many(seen) => std::mem::replace(&mut seen[position], true),
        }
    }
}

/// The name of a field, as its position.
struct FieldName<'r, 'a> {
    reading: &'r mut Reading<'a>,
    object: &'a ObjectSchema,
    /// The position that comes next where writers keep to the order of the schema.
    next: usize,
}

impl<'de> DeserializeSeed<'de> for FieldName<'_, '_> {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldName<'_, '_> {
    type Value = usize;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name of a field of {}", self.object.name)
    }
    fn visit_str<E: de::Error>(self, name: &str) -> Result<usize, E> {
        if self
            .object
            .fields
            .get(self.next)
            .is_some_and(|field| field.name == name)
        {
            return Ok(self.next);
        }
        self.object.position(name).ok_or_else(|| {
            self.reading.fail(JsonReason::UnknownField {
                type_name: self.object.name.clone(),
                field: shorten(name),
            })
        })
    }
}

/// `[key, value]`.
struct Pair<'r, 'a> {
    reading: &'r mut Reading<'a>,
    key: Expected<'a>,
    value: Expected<'a>,
}

impl Pair<'_, '_> {
    fn wrong<E: de::Error>(self, found: &str) -> E {
        self.reading.fail(JsonReason::WrongType {
            expected: "a pair [key, value]".to_owned(),
            found: found.to_owned(),
        })
    }
}

impl<'de> DeserializeSeed<'de> for Pair<'_, '_> {
    type Value = (Value, Value);
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pair<'_, '_> {
    type Value = (Value, Value);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a pair [key, value]")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut parts = [const { None }, const { None }];
        for (index, expected) in [self.key, self.value].into_iter().enumerate() {
            self.reading.path.push(Step::Index(index));
            parts[index] = seq.next_element_seed(Place {
                reading: self.reading,
                expected,
                holder: Holder::Collection,
            })?;
            self.reading.path.pop();
        }
        match parts {
            [Some(key), Some(value)] if seq.next_element::<de::IgnoredAny>()?.is_none() => Ok((key, value)),
            [Some(_), Some(_)] => Err(self.wrong("a longer array")),
            _ => Err(self.wrong("a shorter array")),
        }
    }
    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Err(self.wrong("null"))
    }
    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(self.wrong("an object"))
    }
    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self::Value, E> {
        Err(self.wrong("true or false"))
    }
    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self::Value, E> {
        Err(self.wrong("a number"))
    }
    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self::Value, E> {
        Err(self.wrong("a number"))
    }
    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
        Err(self.wrong("a number"))
    }
    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(self.wrong("text"))
    }
}
