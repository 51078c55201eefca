//! A range of keys, typed.

use super::mark::{MarkError, SweepRange};
use crate::Codec;
use hollow::record::KeyValue;
use std::cmp::Ordering;

/// A [`SweepRange`] with the parts of one dataset's primary key.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct KeyRange {
    from: Option<Vec<KeyValue>>,
    to: Option<Vec<KeyValue>>,
}

impl KeyRange {
    pub(crate) fn of(codec: &Codec, range: &SweepRange) -> Result<Self, MarkError> {
        let parse = |parts: &Option<Vec<serde_json::Value>>| {
            let Some(parts) = parts else { return Ok(None) };
            let json = serde_json::to_vec(parts).map_err(|e| MarkError::new(format!("range: {e}")))?;
            let key = codec
                .decode_key(&json)
                .map_err(|e| MarkError::new(format!("range: {e}")))?;
            Ok(Some(key))
        };
        Ok(Self {
            from: parse(&range.from)?,
            to: parse(&range.to)?,
        })
    }

    pub(crate) fn contains(&self, key: &[KeyValue]) -> bool {
        self.from.as_deref().is_none_or(|from| compare(key, from).is_ge())
            && self.to.as_deref().is_none_or(|to| compare(key, to).is_lt())
    }
}

fn compare(a: &[KeyValue], b: &[KeyValue]) -> Ordering {
    let parts = a.iter().zip(b).map(|pair| match pair {
        (KeyValue::Int(a), KeyValue::Int(b)) => a.cmp(b),
        (KeyValue::Long(a), KeyValue::Long(b)) => a.cmp(b),
        (KeyValue::Boolean(a), KeyValue::Boolean(b)) => a.cmp(b),
        (KeyValue::Float(a), KeyValue::Float(b)) => a.total_cmp(b),
        (KeyValue::Double(a), KeyValue::Double(b)) => a.total_cmp(b),
        (KeyValue::Text(a), KeyValue::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        (KeyValue::Bytes(a), KeyValue::Bytes(b)) => a.cmp(b),
        // Both were read by the same schema.
        _ => Ordering::Equal,
    });
    parts.fold(Ordering::Equal, Ordering::then)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hollow::schema::Dataset;

    #[test]
    fn ranges_are_half_open_and_ordered_part_by_part() {
        let schema = "T @PrimaryKey(id, tag) { long id; string tag; }";
        let codec = Codec::new(Dataset::parse(schema).expect("a schema"), "T").expect("a key");
        let range = |text: &str| KeyRange::of(&codec, &serde_json::from_str(text).expect("a range"));
        let key = |id, tag: &str| [KeyValue::Long(id), KeyValue::Text(tag.into())];
        let some = range(r#"{"from":[-2,"b"],"to":[10,"b"]}"#).expect("a range");
        for (id, tag, inside) in [
            (-2, "a", false),
            (-2, "b", true),
            (-1, "", true),
            (9, "z", true),
            (10, "a", true),
            (10, "b", false),
            (10, "ä", false),
            (11, "a", false),
            (-3, "z", false),
        ] {
            assert_eq!(some.contains(&key(id, tag)), inside, "{id} {tag}");
        }
        let all = range("{}").expect("a range");
        assert!(all.contains(&key(i64::MIN, "")) && all.contains(&key(i64::MAX, "ü")));
        for wrong in [
            r#"{"from":[1]}"#,
            r#"{"to":["a","b"]}"#,
            r#"{"from":[null,"a"]}"#,
            r#"{"from":[1,{}]}"#,
        ] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }
}
