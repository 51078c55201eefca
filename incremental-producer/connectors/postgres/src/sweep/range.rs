//! The part of the keys that a sweep covers, as the database understands it.

use incremental_producer::sweep::SweepRange;
use serde_json::Value;

/// Why a range cannot be swept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RangeError {
    /// It is not JSON of the expected form.
    #[error("expected a range such as {{\"from\":[1],\"to\":[1000]}}: {0}")]
    Form(String),
    /// An end of it is no whole key.
    #[error("an end of a range is a whole key, parts={expected} found={found}")]
    Parts {
        /// Parts of the key.
        expected: usize,
        /// Parts of the end.
        found: usize,
    },
    /// A part is nothing that a key can hold.
    #[error("a part of a key is a number, a text or a boolean, found={0}")]
    Part(String),
    /// The database may order the values of a column in another way than the incremental producer does.
    #[error("a range needs keys of numbers, texts, booleans or uuids, column={column} type={ty}; sweep everything")]
    Order {
        /// The column.
        column: String,
        /// Its type.
        ty: String,
    },
}

/// Reads the JSON form.
///
/// # Errors
/// [`RangeError::Form`].
pub fn parse(text: &str) -> Result<SweepRange, RangeError> {
    serde_json::from_str(text).map_err(|error| RangeError::Form(error.to_string()))
}

/// Checks both ends against the number of parts that keys have.
///
/// # Errors
/// [`RangeError`].
pub fn check(range: &SweepRange, key_parts: usize) -> Result<(), RangeError> {
    for end in [&range.from, &range.to].into_iter().flatten() {
        if end.len() != key_parts {
            return Err(RangeError::Parts {
                expected: key_parts,
                found: end.len(),
            });
        }
        for part in end {
            part_text(part)?;
        }
    }
    Ok(())
}

/// A part of a key as the database reads it.
pub(super) fn part_text(part: &Value) -> Result<String, RangeError> {
    match part {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(boolean) => Ok(boolean.to_string()),
        other => Err(RangeError::Part(other.to_string())),
    }
}

/// Whether the database orders this type (texts by code points) as the incremental producer orders such parts of keys.
pub(super) fn has_the_same_order(ty: &str) -> bool {
    const TYPES: &[&str] = &[
        "smallint",
        "integer",
        "bigint",
        "real",
        "double precision",
        "boolean",
        "uuid",
        "text",
    ];
    TYPES.contains(&ty) || ty.starts_with("character varying")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_checked() {
        let range = parse(r#"{"from":[7,"de"]}"#).expect("a range");
        assert_eq!(check(&range, 2), Ok(()));
        assert_eq!(check(&range, 1), Err(RangeError::Parts { expected: 1, found: 2 }));
        assert!(matches!(parse(r#"{"form":[7]}"#), Err(RangeError::Form(_))));
        let odd = parse(r#"{"to":[null]}"#).expect("a range");
        assert_eq!(check(&odd, 1), Err(RangeError::Part("null".to_owned())));
        assert!(has_the_same_order("character varying(20)") && !has_the_same_order("timestamp with time zone"));
    }
}
