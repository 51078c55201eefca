//! Names and values of a query resolved against a state.

use super::path::{End, Route};
use super::run::{BoundCondition, BoundQuery, BoundThen, Comparable, Compared};
use super::{Condition, Literal, Path, Query, QueryError, QueryReason, Test, Then, similar};
use crate::read::{ReadState, TypeReadState};
use crate::record::Value;
use crate::record::json::{Leaf, leaf_value};
use crate::schema::FieldType;

/// Binds a query.
pub(super) fn bind<'s>(query: &Query, state: &'s ReadState) -> Result<BoundQuery<'s>, QueryError> {
    let ty = state.ty(&query.type_name).ok_or_else(|| {
        let reason = QueryReason::UnknownType {
            name: query.type_name.clone(),
            similar: similar(&query.type_name, state.types().map(TypeReadState::name)),
        };
        QueryError::at(1, reason)
    })?;
    let binder = Binder { state, ty };
    Ok(BoundQuery {
        ty,
        condition: query.condition.as_ref().map(|c| binder.condition(c)).transpose()?,
        then: match &query.then {
            Then::Records => BoundThen::Records,
            Then::Count => BoundThen::Count,
            Then::CountBy(path) => BoundThen::CountBy(Route::bind(state, ty, path, false)?),
        },
    })
}

struct Binder<'s> {
    state: &'s ReadState,
    ty: &'s TypeReadState,
}

impl<'s> Binder<'s> {
    fn condition(&self, condition: &Condition) -> Result<BoundCondition<'s>, QueryError> {
        let all = |conditions: &[Condition]| conditions.iter().map(|c| self.condition(c)).collect::<Result<_, _>>();
        Ok(match condition {
            Condition::And(conditions) => BoundCondition::And(all(conditions)?),
            Condition::Or(conditions) => BoundCondition::Or(all(conditions)?),
            Condition::Not(condition) => BoundCondition::Not(Box::new(self.condition(condition)?)),
            Condition::Nothing(path) => BoundCondition::Nothing(Route::bind(self.state, self.ty, path, true)?),
            Condition::Any(path, test) => {
                let route = Route::bind(self.state, self.ty, path, false)?;
                let test = bind_test(&route, path, test)?;
                BoundCondition::Any(route, test)
            }
        })
    }
}

fn bind_test(route: &Route<'_>, path: &Path, test: &Test) -> Result<Compared, QueryError> {
    let End::Field(object, at) = route.end else {
        unreachable!("a route that may not end at records ends at a field");
    };
    let field = Field {
        path,
        ty: &object.schema().fields[at].ty,
    };
    Ok(match test {
        Test::OneOf(values) => {
            let values = values.iter().map(|value| field.value(value));
            Compared::OneOf(values.collect::<Result<_, _>>()?)
        }
        Test::Less(value) => Compared::Less(field.ordered(value)?),
        Test::AtMost(value) => Compared::AtMost(field.ordered(value)?),
        Test::Greater(value) => Compared::Greater(field.ordered(value)?),
        Test::AtLeast(value) => Compared::AtLeast(field.ordered(value)?),
        Test::BeginsWith(value) => Compared::BeginsWith(field.text(value)?),
        Test::Contains(value) => Compared::Contains(field.text(value)?),
    })
}

/// The field at the end of a path.
struct Field<'p> {
    path: &'p Path,
    ty: &'p FieldType,
}

impl Field<'_> {
    fn incomparable(&self, value: &Literal, expected: impl Into<String>) -> QueryError {
        QueryError::at(
            value.column,
            QueryReason::Incomparable {
                field: self.path.segments.join("."),
                ty: self.ty.to_string(),
                expected: expected.into(),
                found: format!("{:?}", value.text.chars().take(60).collect::<String>()),
            },
        )
    }

    /// What the text means for this field.
    fn value(&self, value: &Literal) -> Result<Comparable, QueryError> {
        let text = value.text.as_str();
        let leaf = match self.ty {
            FieldType::String | FieldType::Bytes => Leaf::Text(text),
            _ if value.quoted => Leaf::Text(text),
            FieldType::Boolean => match text {
                "true" => Leaf::Boolean(true),
                "false" => Leaf::Boolean(false),
                _ => Leaf::Text(text),
            },
            FieldType::Int | FieldType::Long => match text.parse() {
                Ok(number) => Leaf::Signed(number),
                Err(_) => Leaf::Text(text),
            },
            // `inf` and `infinity` are names to Rust; here they are no numbers.
            _ => match text.parse() {
                Ok(number) if f64::is_finite(number) && text.ends_with(|c: char| c.is_ascii_digit()) => {
                    Leaf::Float(number)
                }
                _ => Leaf::Text(text),
            },
        };
        let read = leaf_value(self.ty, &leaf).map_err(|_| self.incomparable(value, expected(self.ty)))?;
        Comparable::of(read).ok_or_else(|| self.incomparable(value, expected(self.ty)))
    }

    fn ordered(&self, value: &Literal) -> Result<Comparable, QueryError> {
        match self.ty {
            FieldType::Boolean | FieldType::Bytes => Err(self.incomparable(value, "= or !=: there is no order")),
            _ => self.value(value),
        }
    }

    fn text(&self, value: &Literal) -> Result<String, QueryError> {
        match self.ty {
            FieldType::String => Ok(value.text.clone()),
            _ => Err(self.incomparable(value, "another operator: this one is for text")),
        }
    }
}

fn expected(ty: &FieldType) -> &'static str {
    match ty {
        FieldType::Int => "an integer of 32 bits",
        FieldType::Long => "an integer of 64 bits",
        FieldType::Boolean => "true or false",
        FieldType::Float | FieldType::Double => "a number, NaN, Infinity or -Infinity",
        FieldType::String => "text",
        FieldType::Bytes => "lower-case hexadecimal digits",
        FieldType::Reference(_) => "a value",
    }
}

impl Comparable {
    fn of(value: Value) -> Option<Self> {
        Some(match value {
            Value::Int(n) => Comparable::Integer(n.into()),
            Value::Long(n) => Comparable::Integer(n),
            Value::Boolean(b) => Comparable::Boolean(b),
            Value::Float(n) => Comparable::Float(n.into()),
            Value::Double(n) => Comparable::Float(n),
            Value::String(text) => Comparable::Text(text),
            Value::Bytes(bytes) => Comparable::Bytes(bytes),
            _ => return None,
        })
    }
}
