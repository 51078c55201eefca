//! Marks: the messages that say where a sweep begins and ends in a partition.

use crate::message::shorten;
use serde::{Deserialize, Serialize};

/// The most bytes of a sweep's id.
pub const MOST_ID_BYTES: usize = 128;
/// The most bytes of a mark's key or payload.
const MOST_BYTES: usize = 64 << 10;
/// The most bytes of a range, as JSON: it stands in a header tag.
const MOST_RANGE_BYTES: usize = 4 << 10;
/// The most partitions a mark may speak of: many more than a topic has, few enough to count to.
const MOST_PARTITIONS: i32 = 100_000;

/// Which end of a sweep a mark is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkKind {
    /// Before the first message of the sweep in its partition.
    Begin,
    /// After the last one.
    End,
}

impl MarkKind {
    /// The value of the header [`SWEEP_MARK`](crate::source::SWEEP_MARK).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::End => "end",
        }
    }
}

/// The keys a sweep speaks of: from the first, inclusive, to the second, exclusive. Without either, all up to or from the
/// other one; without both, all there are.
///
/// Each is a whole primary key, its parts as in the key of a message. Keys are ordered part by part: numbers by value (not a
/// number behind all others), false before true, texts and bytes by their bytes (UTF-8), which is the order of a database
/// collation `C`, and of no other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepRange {
    /// The first key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Vec<serde_json::Value>>,
    /// The first key behind the range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Vec<serde_json::Value>>,
}

impl SweepRange {
    /// Whether its keys are primary keys of a dataset.
    ///
    /// # Errors
    /// [`MarkError`] if they are not.
    pub fn check(&self, codec: &crate::Codec) -> Result<(), MarkError> {
        super::range::KeyRange::of(codec, self).map(|_| ())
    }

    /// Whether all keys are in it.
    pub fn is_everything(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }
}

/// The message before the first and after the last one of a sweep, one of each kind in **every** partition of the topic.
///
/// A source sweeps in this order, and waits for the acknowledgement of each step before the next:
///
/// 1. a begin mark to every partition;
/// 2. every record of the range, as it is when it is read, none read before step 1 was acknowledged; a record that changes
///    meanwhile is sent as a live change as well, in any order;
/// 3. an end mark to every partition.
///
/// An id is used once. A source that dies in the middle begins again under another id; the sweep it left is given up then.
///
/// ```
/// use incremental_producer::sweep::{MarkKind, SweepMark};
///
/// let mark = SweepMark::everything("2026-11-23", MarkKind::Begin, 4);
/// assert_eq!(mark.key(2), br#"{"sweep":"2026-11-23","partition":2}"#);
/// assert_eq!(mark.payload(), br#"{"sweep":"2026-11-23","mark":"begin","partitions":4,"range":{}}"#);
/// assert_eq!(SweepMark::decode(Some(&mark.key(2)), Some(&mark.payload())), Ok((2, mark)));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepMark {
    /// The sweep's id: 1 to [`MOST_ID_BYTES`] bytes, printable.
    pub sweep: String,
    /// Which end.
    pub mark: MarkKind,
    /// How many partitions the topic has.
    pub partitions: i32,
    /// What is swept. The same in all marks of a sweep.
    #[serde(default)]
    pub range: SweepRange,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MarkKey {
    sweep: String,
    partition: i32,
}

/// A message that claims to be a mark, and is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message is marked as the begin or end of a sweep, and is neither: {0}")]
pub struct MarkError(String);

impl MarkError {
    pub(crate) fn new(reason: impl ToString) -> Self {
        Self(shorten(&reason.to_string(), 500))
    }
}

impl SweepMark {
    /// A mark of a sweep of all keys.
    pub fn everything(sweep: &str, mark: MarkKind, partitions: i32) -> Self {
        Self {
            sweep: sweep.to_owned(),
            mark,
            partitions,
            range: SweepRange::default(),
        }
    }

    /// The key of the message in this partition.
    pub fn key(&self, partition: i32) -> Vec<u8> {
        let key = MarkKey {
            sweep: self.sweep.clone(),
            partition,
        };
        serde_json::to_vec(&key).unwrap_or_default()
    }

    /// The payload of the message.
    pub fn payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a mark, and the partition it is meant for.
    ///
    /// # Errors
    /// [`MarkError`] if it is anything else than the two methods above make.
    pub fn decode(key: Option<&[u8]>, payload: Option<&[u8]>) -> Result<(i32, Self), MarkError> {
        let (Some(key), Some(payload)) = (key, payload) else {
            return Err(MarkError::new("it has no key or no payload"));
        };
        if key.len() > MOST_BYTES || payload.len() > MOST_BYTES {
            return Err(MarkError::new(format!("longer than {MOST_BYTES} bytes")));
        }
        // Arrays would do for structures, too.
        if !key.starts_with(b"{") || !payload.starts_with(b"{") {
            return Err(MarkError::new("key and payload must be JSON objects"));
        }
        let key: MarkKey = serde_json::from_slice(key).map_err(|e| MarkError::new(format!("key: {e}")))?;
        let mark: SweepMark = serde_json::from_slice(payload).map_err(|e| MarkError::new(format!("payload: {e}")))?;
        mark.check()?;
        if key.sweep != mark.sweep {
            return Err(MarkError::new("key and payload name two sweeps"));
        }
        if key.partition < 0 || key.partition >= mark.partitions {
            return Err(MarkError::new(format!(
                "there is no such partition, partition={} partitions={}",
                key.partition, mark.partitions
            )));
        }
        Ok((key.partition, mark))
    }

    /// Whether it is a mark that readers take.
    ///
    /// # Errors
    /// [`MarkError`] if the id or the number of partitions cannot be.
    pub fn check(&self) -> Result<(), MarkError> {
        check_id(&self.sweep)?;
        if self.partitions < 1 || self.partitions > MOST_PARTITIONS {
            return Err(MarkError::new(format!(
                "the number of partitions must be 1 to {MOST_PARTITIONS}, found={}",
                self.partitions
            )));
        }
        let range = serde_json::to_vec(&self.range).map_or(usize::MAX, |json| json.len());
        if range > MOST_RANGE_BYTES {
            return Err(MarkError::new(format!(
                "its range is longer than {MOST_RANGE_BYTES} bytes"
            )));
        }
        Ok(())
    }
}

/// Whether a text can be the id of a sweep: it stands in headers, tags and logs.
pub(crate) fn check_id(id: &str) -> Result<(), MarkError> {
    if id.is_empty() || id.len() > MOST_ID_BYTES || id.chars().any(char::is_control) {
        return Err(MarkError::new(format!(
            "the id of a sweep must be 1 to {MOST_ID_BYTES} bytes without control characters"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(key: &str, payload: &str) -> Result<(i32, SweepMark), MarkError> {
        SweepMark::decode(Some(key.as_bytes()), Some(payload.as_bytes()))
    }

    #[test]
    fn a_mark_reads_back() {
        let mark = SweepMark {
            sweep: "größe \"7\"".into(),
            mark: MarkKind::End,
            partitions: 3,
            range: SweepRange {
                from: Some(vec![7.into(), "de".into()]),
                to: None,
            },
        };
        assert_eq!(
            SweepMark::decode(Some(&mark.key(0)), Some(&mark.payload())),
            Ok((0, mark))
        );
        let bare = decode(
            r#"{"sweep":"a","partition":1}"#,
            r#"{"sweep":"a","mark":"end","partitions":2}"#,
        );
        assert_eq!(bare, Ok((1, SweepMark::everything("a", MarkKind::End, 2))));
    }

    #[test]
    fn what_is_no_mark_is_refused() {
        let key = r#"{"sweep":"a","partition":1}"#;
        let good = r#"{"sweep":"a","mark":"begin","partitions":2}"#;
        assert!(decode(key, good).is_ok());
        let range = "x".repeat(5_000);
        let wide = format!(r#"{{"sweep":"a","mark":"begin","partitions":2,"range":{{"to":["{range}"]}}}}"#);
        let long = format!(r#"{{"sweep":"{}","mark":"begin","partitions":2}}"#, "a".repeat(200));
        for (key, payload) in [
            (key, "{}"),
            (key, "null"),
            (key, r#"{"sweep":"b","mark":"begin","partitions":2}"#),
            (key, r#"{"sweep":"a","mark":"middle","partitions":2}"#),
            (key, r#"{"sweep":"a","mark":"begin","partitions":1}"#),
            (key, r#"{"sweep":"a","mark":"begin","partitions":0}"#),
            (key, r#"{"sweep":"a","mark":"begin","partitions":2000000000}"#),
            (key, r#"{"sweep":"a","mark":"begin","partitions":2,"more":1}"#),
            (
                key,
                r#"{"sweep":"a","mark":"begin","partitions":2,"range":{"form":[1]}}"#,
            ),
            (r#"{"sweep":"a","partition":-1}"#, good),
            (r#"{"sweep":"a","partition":2}"#, good),
            (r#"["a",1]"#, good),
            (
                r#"{"sweep":"","partition":0}"#,
                r#"{"sweep":"","mark":"begin","partitions":2}"#,
            ),
            (key, &long),
            (key, &wide),
        ] {
            assert!(decode(key, payload).is_err(), "{key} {payload}");
        }
        assert!(SweepMark::decode(None, Some(good.as_bytes())).is_err());
        assert!(SweepMark::decode(Some(key.as_bytes()), None).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(key: Vec<u8>, payload: Vec<u8>) {
            let _ = SweepMark::decode(Some(&key), Some(&payload));
        }
    }
}
