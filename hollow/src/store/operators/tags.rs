//! Names that keep versions.

use super::{Document, check_name, check_text};
use crate::Version;
use crate::store::manifest::parse;
use crate::store::{Register, SCHEMA, StoreError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// More tags than a register holds with reasons of full length.
const MAX_TAGS: usize = 80;

/// A version that has a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The version.
    pub version: Version,
    /// What for.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub tagged_at: u64,
}

/// All tags of a dataset, by name. A version that has a name is kept, with all it takes to load it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags(BTreeMap<String, Tag>);

#[derive(Serialize, Deserialize)]
struct Form {
    schema: u32,
    tags: BTreeMap<String, Tag>,
}

impl Document for Tags {
    const REGISTER: Register = Register::Tags;

    fn parse(bytes: &[u8]) -> Result<Self, StoreError> {
        let form: Form = parse("tags", bytes)?;
        Ok(Self(form.tags))
    }

    fn to_json(&self) -> Vec<u8> {
        let form = Form {
            schema: SCHEMA,
            tags: self.0.clone(),
        };
        serde_json::to_vec(&form).expect("tags are plain data")
    }
}

impl Tags {
    /// All tags by name.
    pub fn all(&self) -> &BTreeMap<String, Tag> {
        &self.0
    }

    /// Names a version.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another version has the name: take it back first. [`StoreError::Invalid`] if name or
    /// reason are none, or there are too many tags.
    pub fn add(&mut self, name: &str, tag: Tag) -> Result<(), StoreError> {
        check_name("name of a tag", name)?;
        check_text("reason of a tag", &tag.reason)?;
        check_text("name of a person", &tag.by)?;
        if let Some(there) = self.0.get(name).filter(|there| there.version != tag.version) {
            let what = format!("tag={name}, which names version={}", there.version);
            return Err(StoreError::Conflict { what });
        }
        if self.0.len() >= MAX_TAGS && !self.0.contains_key(name) {
            return Err(StoreError::Invalid {
                what: "number of tags",
                expected: "at most 80: take some back first",
                found: self.0.len().to_string(),
            });
        }
        self.0.insert(name.to_owned(), tag);
        Ok(())
    }

    /// Takes a name back, and gives what it named.
    pub fn remove(&mut self, name: &str) -> Option<Tag> {
        self.0.remove(name)
    }
}
