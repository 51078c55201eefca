//! Names of objects in a store.

use super::StoreError;
use crate::Version;
use std::fmt;
use std::str::FromStr;

/// The name of an object: parts of letters, digits, `.`, `_` and `-`, joined by `/`.
///
/// A key can never leave the store it is used in: no part is empty, begins with a dot or contains anything else.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

/// Longest name of an object, in bytes.
const MAX_LENGTH: usize = 512;

impl Key {
    /// Checks a name.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if it could not be a key.
    pub fn new(name: impl Into<String>) -> Result<Self, StoreError> {
        let name = name.into();
        if name.len() <= MAX_LENGTH && name.split('/').all(is_part) {
            Ok(Self(name))
        } else {
            Err(StoreError::Invalid {
                what: "name of an object",
                expected: "parts of letters, digits, '.', '_' and '-' that do not begin with a dot, joined by '/'",
                found: name.chars().take(80).collect(),
            })
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of a blob: its kind, its versions and the beginning of its digest, so that no two contents share a name.
    pub fn blob(kind: BlobKind, from: Option<Version>, to: Version, sha256: &Sha256) -> Self {
        let digest = &sha256.to_string()[..16];
        Self(match from {
            Some(from) => format!("blobs/{kind}-{from}-{to}-{digest}"),
            None => format!("blobs/{kind}-{to}-{digest}"),
        })
    }

    /// The key of a manifest: its version and the beginning of its digest.
    pub fn manifest(version: Version, sha256: &Sha256) -> Self {
        Self(format!("manifests/{version}-{}", &sha256.to_string()[..16]))
    }

    /// The greater of the versions in the key of a blob or manifest: the newest state that can refer to the object.
    pub fn newest_version(&self) -> Option<Version> {
        let (name, _digest) = self.0.rsplit('/').next()?.rsplit_once('-')?;
        name.split('-').filter_map(|part| part.parse().ok()).max().map(Version)
    }
}

fn is_part(part: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    !part.is_empty() && !part.starts_with('.') && part.bytes().all(allowed)
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a blob does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobKind {
    /// Holds a whole state.
    Snapshot,
    /// Leads from a state to the next.
    Delta,
    /// Leads from a state back to the one before.
    ReverseDelta,
}

impl fmt::Display for BlobKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BlobKind::Snapshot => "snapshot",
            BlobKind::Delta => "delta",
            BlobKind::ReverseDelta => "reversedelta",
        })
    }
}

/// A SHA-256 digest; as text, 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sha256 {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let invalid = || StoreError::Invalid {
            what: "SHA-256 digest",
            expected: "64 lower-case hexadecimal digits",
            found: text.chars().take(80).collect(),
        };
        let digit = |b: u8| match b {
            b'0'..=b'9' => Some(b - b'0'),
            b'a'..=b'f' => Some(b - b'a' + 10),
            _ => None,
        };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(invalid());
        };
        let bytes: Option<Vec<u8>> = pairs.iter().map(|[a, b]| Some(digit(*a)? << 4 | digit(*b)?)).collect();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(invalid)
    }
}

impl serde::Serialize for Sha256 {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Sha256 {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leads_out_of_the_store() {
        for good in ["head", "blobs/snapshot-1-00ff", "a/b_c/d.e"] {
            assert_eq!(Key::new(good).expect("valid").as_str(), good);
        }
        let long = "x".repeat(513);
        for bad in [
            "", "/", "a/", "/a", "a//b", "..", "a/../b", ".hidden", "a\\b", "a\0b", "a b", "ä", "a%2fb", &long,
        ] {
            assert!(matches!(Key::new(bad), Err(StoreError::Invalid { .. })), "{bad:?}");
        }
    }

    #[test]
    fn digests_read_back_and_nothing_else_is_one() {
        let digest = Sha256::of(b"abc");
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_string(), text);
        assert_eq!(text.parse::<Sha256>().expect("a digest"), digest);
        for bad in ["", "ba", &text[1..], &text.to_uppercase(), &format!("{text}00")] {
            assert!(bad.parse::<Sha256>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_tell_their_newest_version() {
        let sha = Sha256::of(b"abc");
        let key = Key::blob(BlobKind::ReverseDelta, Some(Version(12)), Version(7), &sha);
        assert_eq!(key.as_str(), "blobs/reversedelta-12-7-ba7816bf8f01cfea");
        assert_eq!(key.newest_version(), Some(Version(12)));
        assert_eq!(Key::manifest(Version(3), &sha).newest_version(), Some(Version(3)));
    }
}
