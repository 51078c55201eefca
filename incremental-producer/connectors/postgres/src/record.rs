//! From a row to a message, by schema.
//!
//! The same reader as that of the incremental producer decides whether a row fits: what is sent will be understood. Both
//! key and record are written anew from what was read, so that all messages of a key have the same bytes as their key.

use hollow::record::KeyValue;
use incremental_producer::Codec;
use incremental_producer::message::{Change, DecodeFailure};

/// A row as a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoded {
    /// The message's key.
    pub key: Vec<u8>,
    /// The record; none: the key is gone.
    pub payload: Option<Vec<u8>>,
    /// The key's parts.
    pub parts: Vec<KeyValue>,
}

/// Why a row cannot be sent. The text names table, key, and the place in the record.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("the row does not fit, table={table} key={key}: {reason}")]
pub struct RefusedRow {
    /// The table.
    pub table: String,
    /// Its key, as it was found.
    pub key: String,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// It does not fit the schema.
    #[error(transparent)]
    Schema(#[from] DecodeFailure),
    /// It is too large to be sent.
    #[error("too large, bytes={bytes} limit={limit}")]
    TooLarge {
        /// Its bytes.
        bytes: i64,
        /// The most.
        limit: i32,
    },
    /// It has no version where each needs one.
    #[error("no version, column={column}")]
    NoVersion {
        /// Where it should be.
        column: String,
    },
    /// It has a version where ids are versions: they could not be compared.
    #[error("a version where the ids of the outbox are the versions, version={version}; configure `version_column`")]
    UnexpectedVersion {
        /// It.
        version: i64,
    },
}

/// Makes a message of key and record, both as JSON.
///
/// # Errors
/// [`DecodeFailure`] if they do not fit the schema.
pub fn encode(codec: &Codec, key: &str, record: Option<&str>) -> Result<Encoded, DecodeFailure> {
    let message = codec.decode(Some(key.as_bytes()), record.map(str::as_bytes))?;
    Ok(Encoded {
        key: codec.encode_key(&message.key),
        payload: match &message.change {
            Change::Upsert(record) => Some(codec.encode_json(record)),
            Change::Delete => None,
        },
        parts: message.key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hollow::schema::Dataset;

    fn codec() -> Codec {
        let text = "Text @PrimaryKey(id, language) { long id; Language language; string title; double score; } Language { string tag; }";
        Codec::new(Dataset::parse(text).expect("schemas"), "Text").expect("a codec")
    }

    #[test]
    fn a_row_as_the_database_writes_it_becomes_the_canonical_message() {
        // jsonb orders the fields by length, and puts spaces everywhere.
        let row = r#"{"id": 7, "score": 1.50, "title": "Ä \"b\"", "language": "de"}"#;
        let encoded = encode(&codec(), r#"[7, "de"]"#, Some(row)).expect("it fits");
        assert_eq!(encoded.key, br#"[7,"de"]"#);
        let payload = String::from_utf8(encoded.payload.expect("a record")).expect("UTF-8");
        assert!(
            payload.starts_with(r#"{"id":7,"language":"de","title":"Ä \"b\"","score":1.5"#),
            "{payload}"
        );
        let gone = encode(&codec(), r#"[7, "de"]"#, None).expect("it fits");
        assert_eq!((gone.payload, gone.parts.len()), (None, 2));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let codec = codec();
        let reason = |key: &str, row: &str| encode(&codec, key, Some(row)).expect_err("refused").to_string();
        let row = |field: &str| format!(r#"{{"id": 7, "language": "de", {field}}}"#);
        assert!(reason(r#"[7, "de"]"#, &row(r#""title": 5"#)).starts_with("Text.title: expected"));
        assert!(reason(r#"[7, "de"]"#, &row(r#""subtitle": "x""#)).contains("field=subtitle"));
        assert!(reason(r#"[8, "de"]"#, &row(r#""title": "x""#)).contains("message=[8,\"de\"] record=[7,\"de\"]"));
        assert!(reason("[7]", &row(r#""title": "x""#)).contains("expected=2 found=1"));
        assert!(reason(r#"[7, "de"]"#, "null").contains("begins=null"));
    }
}
