//! Single values: what a JSON scalar means for a field of a given type.

use super::JsonReason;
use crate::record::Value;
use crate::schema::FieldType;

/// A JSON scalar that is not null.
#[derive(Clone, Debug)]
pub(crate) enum Leaf<'t> {
    Boolean(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(&'t str),
}

impl Leaf<'_> {
    pub(super) fn describe(&self) -> String {
        match self {
            Leaf::Boolean(b) => format!("{b}"),
            Leaf::Unsigned(n) => format!("number {n}"),
            Leaf::Signed(n) => format!("number {n}"),
            Leaf::Float(n) => format!("number {n}"),
            Leaf::Text(text) => format!("text {}", shorten(text)),
        }
    }

    fn as_integer(&self) -> Option<i128> {
        match *self {
            Leaf::Unsigned(n) => Some(i128::from(n)),
            Leaf::Signed(n) => Some(i128::from(n)),
            _ => None,
        }
    }
}

/// Text as it may stand in a message: quoted, and short whatever the input was.
pub(super) fn shorten(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// The value of a field of type `ty` that the scalar stands for.
pub(crate) fn leaf_value(ty: &FieldType, leaf: &Leaf<'_>) -> Result<Value, JsonReason> {
    let wrong = |expected: &str| {
        Err(JsonReason::WrongType {
            expected: expected.to_owned(),
            found: leaf.describe(),
        })
    };
    match ty {
        FieldType::Boolean => match leaf {
            Leaf::Boolean(b) => Ok(Value::Boolean(*b)),
            _ => wrong("true or false"),
        },
        FieldType::String => match leaf {
            Leaf::Text(text) => Ok(Value::String((*text).to_owned())),
            _ => wrong("text"),
        },
        FieldType::Bytes => match leaf {
            Leaf::Text(text) => from_hex(text)
                .map(Value::Bytes)
                .ok_or_else(|| JsonReason::NotHex(shorten(text))),
            _ => wrong("bytes as hexadecimal text"),
        },
        FieldType::Int => match integer(leaf, "an INT, -2147483647 to 2147483647", i128::from(i32::MAX))? {
            Some(n) => Ok(Value::Int(n as i32)),
            None => wrong("an integer"),
        },
        FieldType::Long => match integer(
            leaf,
            "a LONG, -9223372036854775807 to 9223372036854775807",
            i128::from(i64::MAX),
        )? {
            Some(n) => Ok(Value::Long(n as i64)),
            None => wrong("an integer"),
        },
        FieldType::Float => match float(leaf, "a FLOAT", 1 << f32::MANTISSA_DIGITS)? {
            Some(n) => {
                let narrow = n as f32;
                if (narrow.is_infinite() && n.is_finite()) || (narrow == 0.0 && n != 0.0) {
                    return Err(JsonReason::OutOfRange {
                        expected: "a FLOAT",
                        found: n.to_string(),
                    });
                }
                Ok(Value::Float(narrow))
            }
            None => wrong("a number"),
        },
        FieldType::Double => match float(leaf, "a DOUBLE", 1 << f64::MANTISSA_DIGITS)? {
            Some(n) => Ok(Value::Double(n)),
            None => wrong("a number"),
        },
        FieldType::Reference(name) => wrong(&format!("a record of type {name}")),
    }
}

/// The integer, if it is one: within `-largest..=largest`, since the number below stands for null.
fn integer(leaf: &Leaf<'_>, expected: &'static str, largest: i128) -> Result<Option<i128>, JsonReason> {
    match leaf {
        // The parser hands over integers of more than 64 bits as floating point.
        Leaf::Float(n) if n.abs() >= u64::MAX as f64 => Err(JsonReason::OutOfRange {
            expected,
            found: format!("{n:e}"),
        }),
        _ => match leaf.as_integer() {
            Some(n) if n.abs() > largest => Err(JsonReason::OutOfRange {
                expected,
                found: n.to_string(),
            }),
            integer => Ok(integer),
        },
    }
}

/// The number, if it is one. Every integer up to `exact` can be held; beyond, only those with enough trailing zero bits.
fn float(leaf: &Leaf<'_>, expected: &'static str, exact: u64) -> Result<Option<f64>, JsonReason> {
    if let Some(n) = leaf.as_integer() {
        let magnitude = n.unsigned_abs();
        let odd_part = if magnitude == 0 {
            0
        } else {
            magnitude >> magnitude.trailing_zeros()
        };
        return if odd_part > u128::from(exact) {
            Err(JsonReason::LostPrecision {
                expected,
                found: n.to_string(),
            })
        } else {
            Ok(Some(n as f64))
        };
    }
    Ok(match leaf {
        Leaf::Float(n) => Some(*n),
        Leaf::Text("NaN") => Some(f64::NAN),
        Leaf::Text("Infinity") => Some(f64::INFINITY),
        Leaf::Text("-Infinity") => Some(f64::NEG_INFINITY),
        _ => None,
    })
}

pub(super) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let nibble = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    pairs
        .iter()
        .map(|&[high, low]| Some(nibble(high)? << 4 | nibble(low)?))
        .collect()
}

pub(super) fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    nibbles.map(|nibble| DIGITS[usize::from(nibble)]).collect()
}
