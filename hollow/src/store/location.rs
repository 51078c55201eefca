//! A store by the text that people name it with.

use super::{FsStore, Store, StoreError};

/// What a location in S3 begins with.
const S3: &str = "s3://";

impl Store {
    /// The store at a location: a directory, or `s3://bucket/prefix?option=value&…` (feature `s3`; see
    /// `S3Settings::from_str`). In a directory, what is missing is made; of a bucket nothing is asked yet.
    ///
    /// # Errors
    /// As [`FsStore::open`]; [`StoreError::Invalid`] if the location cannot be one.
    pub fn open_at(location: &str) -> Result<Self, StoreError> {
        Self::at(location, |directory| Ok(FsStore::open(directory)?.into()))
    }

    /// The store at a location, for those who only read: nothing is made.
    ///
    /// # Errors
    /// As [`FsStore::open_existing`]; [`StoreError::Invalid`] if the location cannot be one.
    pub fn open_existing_at(location: &str) -> Result<Self, StoreError> {
        Self::at(location, |directory| Ok(FsStore::open_existing(directory)?.into()))
    }

    /// Whether a location can be one, as far as that shows without asking anybody.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] says what is wrong. Nothing of a secret is repeated.
    pub fn check_location(location: &str) -> Result<(), StoreError> {
        Self::at(location, |_| Ok(Self::memory())).map(drop)
    }

    /// The location of a store within another place: `a/b` and `c` give `a/b/c`, and `s3://bucket/a?option=value` gives
    /// `s3://bucket/a/c?option=value`.
    pub fn below(location: &str, name: &str) -> String {
        let (place, options) = match location.split_once('?') {
            Some((place, options)) if location.starts_with(S3) => (place, Some(options)),
            _ => (location, None),
        };
        let place = place.trim_end_matches('/');
        let options = options.map(|options| format!("?{options}")).unwrap_or_default();
        format!("{place}/{name}{options}")
    }

    fn at(location: &str, open: impl FnOnce(&str) -> Result<Self, StoreError>) -> Result<Self, StoreError> {
        if location.starts_with(S3) {
            return s3(location);
        }
        let scheme = location.split_once("://").map(|(scheme, _)| scheme);
        if location.is_empty() || scheme.is_some() {
            return Err(StoreError::Invalid {
                what: "location of a store",
                expected: "a directory or s3://bucket/prefix",
                // What follows the scheme may hold a secret.
                found: scheme.map(|scheme| format!("{scheme}://")).unwrap_or_default(),
            });
        }
        open(location)
    }
}

#[cfg(feature = "s3")]
fn s3(location: &str) -> Result<Store, StoreError> {
    Ok(super::S3Store::open(location.parse()?)?.into())
}

#[cfg(not(feature = "s3"))]
fn s3(_: &str) -> Result<Store, StoreError> {
    Err(StoreError::Invalid {
        what: "location of a store",
        expected: "a directory: this program was built without the feature `s3`",
        found: S3.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_within_places_keep_their_options() {
        for (location, expected) in [
            ("a/b", "a/b/c"),
            ("/", "/c"),
            ("a?b", "a?b/c"),
            ("s3://bucket", "s3://bucket/c"),
            ("s3://bucket/a/", "s3://bucket/a/c"),
            ("s3://bucket/a?x=1&y=/2", "s3://bucket/a/c?x=1&y=/2"),
        ] {
            assert_eq!(Store::below(location, "c"), expected);
        }
    }

    #[test]
    fn a_location_is_a_directory_or_a_bucket() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("store");
        let location = path.to_str().expect("text");
        assert!(matches!(
            Store::open_existing_at(location),
            Err(StoreError::Absent { .. })
        ));
        Store::open_at(location).expect("made");
        Store::open_existing_at(location).expect("there");
        for bad in ["", "gs://bucket/x", "https://user:secret@host/x", "s3://b"] {
            let error = Store::open_at(bad).expect_err("refused");
            assert!(matches!(error, StoreError::Invalid { .. }), "{bad}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
