//! A message to be sent, and its headers.

use crate::source::{SOURCE_MS, SOURCE_VERSION, SWEEP, SWEEP_MARK};
use rdkafka::message::{Header, OwnedHeaders};

/// A message to be sent.
pub(super) struct Outgoing<'a> {
    pub(super) topic: &'a str,
    pub(super) key: &'a [u8],
    pub(super) payload: Option<&'a [u8]>,
    pub(super) source_ms: i64,
    pub(super) source_version: Option<i64>,
    pub(super) sweep: Option<&'a str>,
    /// The kind of a mark, and its partition.
    pub(super) mark: Option<(&'static str, i32)>,
}

impl<'a> Outgoing<'a> {
    pub(super) fn new(topic: &'a str, key: &'a [u8], payload: Option<&'a [u8]>, source_ms: i64) -> Self {
        Self {
            topic,
            key,
            payload,
            source_ms,
            source_version: None,
            sweep: None,
            mark: None,
        }
    }

    pub(super) fn headers(&self) -> OwnedHeaders {
        let time = self.source_ms.to_string();
        let version = self.source_version.map(|version| version.to_string());
        let all = [
            (SOURCE_MS, Some(time.as_str())),
            (SOURCE_VERSION, version.as_deref()),
            (SWEEP, self.sweep),
            (SWEEP_MARK, self.mark.map(|(kind, _)| kind)),
        ];
        let given = all.into_iter().filter(|(_, value)| value.is_some());
        given.fold(OwnedHeaders::new_with_capacity(4), |headers, (key, value)| {
            headers.insert(Header { key, value })
        })
    }
}
