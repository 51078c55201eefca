//! Single values as JSON without any loss: what blobs hold, bit by bit.
//!
//! | field | JSON |
//! |---|---|
//! | null, or never set: blobs do not tell them apart | `null` |
//! | INT, LONG | integer |
//! | BOOLEAN | `true`, `false` |
//! | FLOAT, DOUBLE | the hexadecimal digits of their bits, as text: `"3fc00000"`; every NaN stays the one it is |
//! | STRING | text; if it has unpaired surrogates `{"utf16": [units]}`; if its bytes are not those that its units encode to `{"stored": "hexadecimal digits"}` |
//! | BYTES | hexadecimal digits as text |
//! | REFERENCE | the ordinal |
//!
//! The last form of STRING is there for a quirk of Java Hollow: setting a text to null stores the single byte 80, which
//! is not null and reads as the empty text.

use super::leaf::{from_hex, to_hex};
use crate::memory::text::StoredText;
use crate::memory::var_int;
use serde_json::{Value as Json, json};

/// Text as it is stored.
pub(crate) fn text(stored: StoredText<'_>) -> Json {
    let mut encoded = Vec::with_capacity(stored.bytes().len());
    stored
        .units()
        .for_each(|unit| var_int::write_u32(&mut encoded, u32::from(unit)));
    if encoded != stored.bytes() {
        return json!({"stored": to_hex(stored.bytes())});
    }
    match stored.to_well_formed() {
        Some(text) => json!(text),
        None => json!({"utf16": stored.units().collect::<Vec<u16>>()}),
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn bytes(bytes: &[u8]) -> Json {
    json!(to_hex(bytes))
}

/// The stored form of a text in one of its three forms.
pub(crate) fn parse_text(json: &str) -> Result<Option<Vec<u8>>, serde_json::Error> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "lowercase", deny_unknown_fields)]
    enum Special {
        Utf16(Vec<u16>),
        Stored(Hex),
    }
    #[derive(serde::Deserialize)]
    #[serde(
        untagged,
        expecting = "expected text, {\"utf16\": [units]} or {\"stored\": \"hexadecimal digits\"}"
    )]
    enum Text {
        Plain(String),
        Special(Special),
    }
    let text: Option<Text> = serde_json::from_str(json)?;
    Ok(text.map(|text| match text {
        Text::Plain(text) => crate::memory::text::encode(&text),
        Text::Special(Special::Stored(bytes)) => bytes.0,
        Text::Special(Special::Utf16(units)) => {
            let mut out = Vec::with_capacity(units.len());
            units
                .into_iter()
                .for_each(|unit| var_int::write_u32(&mut out, u32::from(unit)));
            out
        }
    }))
}

/// Bytes written as hexadecimal digits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl<'de> serde::Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let expected = "an even number of lower-case hexadecimal digits";
        let unexpected = || serde::de::Error::invalid_value(serde::de::Unexpected::Str(&text), &expected);
        from_hex(&text).map(Hex).ok_or_else(unexpected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_text_reads_back_as_its_bytes() {
        let cases: [(&[u8], &str); 6] = [
            (b"", r#""""#),
            (b"a\"b", r#""a\"b""#),
            (&[0x83, 0x37], r#""Ʒ""#),                     // U+01B7 in two groups of seven bits
            (&[0x80], r#"{"stored":"80"}"#),               // set to null in Java
            (&[0x61, 0x81], r#"{"stored":"6181"}"#),       // a unit that does not end
            (&[0x83, 0xB0, 0x00], r#"{"utf16":[55296]}"#), // D800 alone
        ];
        for (stored, expected) in cases {
            let found = text(StoredText::new(stored)).to_string();
            assert_eq!(found, expected);
            assert_eq!(parse_text(&found).expect(expected).as_deref(), Some(stored));
        }
        assert_eq!(parse_text("null").expect("null"), None);
        // 41 could as well be written alone: bytes that no writer makes stay as they are.
        assert_eq!(text(StoredText::new(&[0x80, 0x41])).to_string(), r#"{"stored":"8041"}"#);
    }

    #[test]
    fn other_forms_are_refused() {
        for json in [
            "1",
            "{}",
            r#"{"stored":"8"}"#,
            r#"{"stored":"8G"}"#,
            r#"{"utf16":[65536]}"#,
            r#"{"utf8":"a"}"#,
            r#"{"utf16":[1],"stored":"80"}"#,
        ] {
            assert!(parse_text(json).is_err(), "{json}");
        }
    }
}
