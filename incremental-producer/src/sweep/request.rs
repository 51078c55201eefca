//! Asking the sources for a sweep.

use super::mark::{MarkError, SweepRange, check_id};
use serde::{Deserialize, Serialize};

/// The key of a request: the newest one stands for all, also in a compacted topic.
pub const REQUEST_KEY: &[u8] = b"sweep-request";

/// The topic in which a topic's sources are told what to do.
pub fn control_topic(topic: &str) -> String {
    format!("{topic}.control")
}

/// A message that asks the sources of a topic to sweep, in the topic [`control_topic`], under the key [`REQUEST_KEY`]:
///
/// ```json
/// {"request":"sweep","id":"people-2026-11-23","range":{"from":[1000],"to":[2000]}}
/// ```
///
/// A source that follows it sweeps the range under that id, and remembers the id, since the message may come twice. Whoever
/// folds the topic does not read requests: it sees the sweep's marks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepRequest {
    request: Request,
    /// The id the sweep is to have.
    pub id: String,
    /// What to sweep.
    #[serde(default)]
    pub range: SweepRange,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Request {
    Sweep,
}

impl SweepRequest {
    /// A request.
    pub fn new(id: &str, range: SweepRange) -> Self {
        Self {
            request: Request::Sweep,
            id: id.to_owned(),
            range,
        }
    }

    /// The payload of the message.
    pub fn payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads a payload.
    ///
    /// # Errors
    /// [`MarkError`] if it is no such request.
    pub fn decode(payload: &[u8]) -> Result<Self, MarkError> {
        const MOST_BYTES: usize = 64 << 10;
        if payload.len() > MOST_BYTES {
            return Err(MarkError::new(format!("a request longer than {MOST_BYTES} bytes")));
        }
        let request: Self = serde_json::from_slice(payload).map_err(|e| MarkError::new(format!("request: {e}")))?;
        check_id(&request.id)?;
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_reads_back_and_nothing_else_does() {
        let range = SweepRange {
            from: Some(vec![7.into()]),
            to: None,
        };
        let request = SweepRequest::new("a", range);
        assert_eq!(
            request.payload(),
            br#"{"request":"sweep","id":"a","range":{"from":[7]}}"#
        );
        assert_eq!(SweepRequest::decode(&request.payload()), Ok(request));
        for wrong in [
            "",
            "{}",
            r#"{"request":"stop","id":"a"}"#,
            r#"{"request":"sweep","id":""}"#,
            r#"{"request":"sweep","id":"a","rnge":{}}"#,
        ] {
            assert!(SweepRequest::decode(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
