//! Looking at records.

use super::path::{End, Route};
use crate::Ordinal;
use crate::memory::text::StoredText;
use crate::read::{ObjectTypeState, TypeReadState};
use crate::record::Value;
use crate::schema::FieldType;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A query that can be asked. Borrows the state.
#[derive(Clone, Debug)]
pub struct BoundQuery<'s> {
    pub(super) ty: &'s TypeReadState,
    pub(super) condition: Option<BoundCondition<'s>>,
    pub(super) then: BoundThen<'s>,
}

#[derive(Clone, Debug)]
pub(super) enum BoundThen<'s> {
    Records,
    Count,
    CountBy(Route<'s>),
}

#[derive(Clone, Debug)]
pub(super) enum BoundCondition<'s> {
    And(Vec<BoundCondition<'s>>),
    Or(Vec<BoundCondition<'s>>),
    Not(Box<BoundCondition<'s>>),
    Any(Route<'s>, Compared),
    Nothing(Route<'s>),
}

/// A test with values that the field can have.
#[derive(Clone, Debug)]
pub(super) enum Compared {
    OneOf(Vec<Comparable>),
    Less(Comparable),
    AtMost(Comparable),
    Greater(Comparable),
    AtLeast(Comparable),
    BeginsWith(String),
    Contains(String),
}

/// A value to compare with.
#[derive(Clone, Debug)]
pub(super) enum Comparable {
    Integer(i64),
    Boolean(bool),
    /// A FLOAT, too: no two of them are the same DOUBLE.
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
}

/// How many records have one value; see [`BoundQuery::count_by`].
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The value; null for records from which the path reaches nothing.
    pub value: Value,
    /// How many records.
    pub records: u64,
}

impl<'s> BoundQuery<'s> {
    /// The type that is asked for.
    pub fn type_state(&self) -> &'s TypeReadState {
        self.ty
    }

    /// Whether a record fulfils the condition. One that is not there fulfils what nothing fulfils.
    pub fn is_match(&self, record: Ordinal) -> bool {
        self.condition.as_ref().is_none_or(|condition| condition.is_met(record))
    }

    /// The records that fulfil the condition, ascending. Each step looks at records until one does.
    pub fn matching(&self) -> impl Iterator<Item = Ordinal> + '_ {
        self.ty.populated().filter(|record| self.is_match(*record))
    }

    /// Whether the query asks for a number instead of records.
    pub fn is_count(&self) -> bool {
        matches!(self.then, BoundThen::Count)
    }

    /// The numbers of matching records by what the path of `count by` reaches, most records first; `None` if the query
    /// does not ask for that. A record from which several values are reached counts for each of them.
    pub fn count_by(&self) -> Option<Vec<Group>> {
        let BoundThen::CountBy(route) = &self.then else {
            return None;
        };
        let End::Field(object, field) = route.end else {
            return Some(Vec::new());
        };
        let mut groups: BTreeMap<Option<FoundKey<'_>>, u64> = BTreeMap::new();
        let mut reached = Vec::new();
        for record in self.matching() {
            route.any(record, &mut |end| {
                reached.extend(Found::at(object, end, field).map(|found| found.key()));
                false
            });
            reached.sort_unstable();
            reached.dedup();
            if reached.is_empty() {
                *groups.entry(None).or_default() += 1;
            }
            for key in reached.drain(..) {
                *groups.entry(Some(key)).or_default() += 1;
            }
        }
        let ty = &object.schema().fields[field].ty;
        let mut groups: Vec<Group> = groups
            .into_iter()
            .map(|(key, records)| Group {
                value: key.map_or(Value::Null, |key| key.value(ty)),
                records,
            })
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.records)); // stable: equal numbers stay in order of values
        Some(groups)
    }
}

impl BoundCondition<'_> {
    fn is_met(&self, record: Ordinal) -> bool {
        match self {
            BoundCondition::And(conditions) => conditions.iter().all(|condition| condition.is_met(record)),
            BoundCondition::Or(conditions) => conditions.iter().any(|condition| condition.is_met(record)),
            BoundCondition::Not(condition) => !condition.is_met(record),
            BoundCondition::Any(route, test) => match route.end {
                End::Field(object, field) => route.any(record, &mut |end| {
                    Found::at(object, end, field).is_some_and(|found| test.is_met(&found))
                }),
                End::Record(_) => false,
            },
            BoundCondition::Nothing(route) => !route.any(record, &mut |end| match route.end {
                End::Field(object, field) => Found::at(object, end, field).is_some(),
                End::Record(ty) => ty.is_populated(end),
            }),
        }
    }
}

/// A value in a state.
enum Found<'s> {
    Integer(i64),
    Boolean(bool),
    Float(f64),
    Text(StoredText<'s>),
    Bytes(&'s [u8]),
}

impl<'s> Found<'s> {
    fn at(ty: &'s ObjectTypeState, record: Ordinal, field: usize) -> Option<Self> {
        match ty.schema().fields.get(field)?.ty {
            FieldType::Int => ty.int(record, field).map(|n| Found::Integer(n.into())),
            FieldType::Long => ty.long(record, field).map(Found::Integer),
            FieldType::Boolean => ty.boolean(record, field).map(Found::Boolean),
            FieldType::Float => ty.float(record, field).map(|n| Found::Float(n.into())),
            FieldType::Double => ty.double(record, field).map(Found::Float),
            FieldType::String => ty.text(record, field).map(Found::Text),
            FieldType::Bytes => ty.bytes(record, field).map(Found::Bytes),
            FieldType::Reference(_) => None,
        }
    }

    fn key(&self) -> FoundKey<'s> {
        match *self {
            Found::Integer(n) => FoundKey::Integer(n),
            Found::Boolean(b) => FoundKey::Boolean(b),
            Found::Float(n) => FoundKey::Float(ordered_bits(n)),
            Found::Text(text) => FoundKey::Text(text.bytes()),
            Found::Bytes(bytes) => FoundKey::Bytes(bytes),
        }
    }
}

/// A value as the key of a group.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum FoundKey<'s> {
    Integer(i64),
    Boolean(bool),
    Float(i64),
    Text(&'s [u8]),
    Bytes(&'s [u8]),
}

/// Numbers in the order of [`f64::total_cmp`].
fn ordered_bits(n: f64) -> i64 {
    let bits = n.to_bits().cast_signed();
    bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed()
}

impl FoundKey<'_> {
    fn value(self, ty: &FieldType) -> Value {
        match (self, ty) {
            (FoundKey::Integer(n), FieldType::Int) => i32::try_from(n).map_or(Value::Long(n), Value::Int),
            (FoundKey::Integer(n), _) => Value::Long(n),
            (FoundKey::Boolean(b), _) => Value::Boolean(b),
            (FoundKey::Float(bits), ty) => {
                // The mapping is its own inverse.
                let n = f64::from_bits(ordered_bits(f64::from_bits(bits.cast_unsigned())).cast_unsigned());
                match ty {
                    FieldType::Float => Value::Float(n as f32),
                    _ => Value::Double(n),
                }
            }
            (FoundKey::Text(bytes), _) => Value::String(StoredText::new(bytes).to_str().into_owned()),
            (FoundKey::Bytes(bytes), _) => Value::Bytes(bytes.to_vec()),
        }
    }
}

impl Compared {
    fn is_met(&self, found: &Found<'_>) -> bool {
        let ordered = |value: &Comparable| order(found, value);
        match self {
            Compared::OneOf(values) => values.iter().any(|value| is(found, value)),
            Compared::Less(value) => ordered(value) == Some(Ordering::Less),
            Compared::AtMost(value) => matches!(ordered(value), Some(Ordering::Less | Ordering::Equal)),
            Compared::Greater(value) => ordered(value) == Some(Ordering::Greater),
            Compared::AtLeast(value) => matches!(ordered(value), Some(Ordering::Greater | Ordering::Equal)),
            Compared::BeginsWith(prefix) => with_text(found, |text| text.starts_with(prefix.as_str())),
            Compared::Contains(part) => with_text(found, |text| text.contains(part.as_str())),
        }
    }
}

fn with_text(found: &Found<'_>, test: impl FnOnce(&str) -> bool) -> bool {
    match found {
        Found::Text(text) => test(&text.to_str()),
        _ => false,
    }
}

/// Whether the two are the same value. NaN is the same as NaN, as in keys.
fn is(found: &Found<'_>, value: &Comparable) -> bool {
    match (found, value) {
        (Found::Integer(a), Comparable::Integer(b)) => a == b,
        (Found::Boolean(a), Comparable::Boolean(b)) => a == b,
        (Found::Float(a), Comparable::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
        (Found::Text(a), Comparable::Text(b)) => a.is(b),
        (Found::Bytes(a), Comparable::Bytes(b)) => a == b,
        _ => false,
    }
}

/// How the two are ordered, if they are.
fn order(found: &Found<'_>, value: &Comparable) -> Option<Ordering> {
    match (found, value) {
        (Found::Integer(a), Comparable::Integer(b)) => Some(a.cmp(b)),
        (Found::Float(a), Comparable::Float(b)) => a.partial_cmp(b),
        (Found::Text(a), Comparable::Text(b)) => Some(a.to_str().as_ref().cmp(b.as_str())),
        _ => None,
    }
}
