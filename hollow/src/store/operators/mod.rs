//! What people say about versions: small documents in registers of their own, which only people change.
//!
//! | document | register | says |
//! |---|---|---|
//! | [`Pins`] | `pin` | which consumers are held at which version, and until when |
//! | [`Marks`] | `marks` | which versions are bad, and which are good again |
//! | [`Tags`] | `tags` | which versions are kept, under which names |
//!
//! Each entry tells who made it, when, and why. A document moves by compare-and-set only ([`Store::change`]): of two
//! people who change it at once, the second changes what the first made of it.

mod marks;
mod pins;
mod tags;
#[cfg(test)]
mod tests;

pub use marks::{Mark, Marks, Verdict, bad_ancestor};
pub use pins::{Labels, Pin, Pins};
pub use tags::{Tag, Tags};

use super::{Register, Store, StoreError, Token};

/// How often a change is begun anew because somebody else was faster.
const ATTEMPTS: usize = 10;
/// What every register holds.
const MAX_DOCUMENT_BYTES: usize = 64 << 10;
/// The longest reason or name of a person, in bytes.
const MAX_TEXT: usize = 500;

/// A document that people change.
pub trait Document: Default + Sized {
    /// Where it is kept.
    const REGISTER: Register;

    /// Reads the document.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if it is none.
    fn parse(bytes: &[u8]) -> Result<Self, StoreError>;

    /// The document, as [`parse`](Document::parse) reads it.
    fn to_json(&self) -> Vec<u8>;
}

impl Store {
    /// A document and the token to replace it. One that was never set is empty, and has none.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot tell or holds something else.
    pub fn document<D: Document>(&self) -> Result<(D, Option<Token>), StoreError> {
        Ok(match self.registers().read(D::REGISTER)? {
            Some((bytes, token)) => (D::parse(&bytes)?, Some(token)),
            None => (D::default(), None),
        })
    }

    /// Sets a document, if it still is as expected.
    ///
    /// # Errors
    /// As [`Registers::compare_and_set`](super::Registers::compare_and_set).
    pub fn set_document<D: Document>(&self, expected: Option<&Token>, document: &D) -> Result<Token, StoreError> {
        let json = document.to_json();
        if json.len() > MAX_DOCUMENT_BYTES {
            return Err(StoreError::Invalid {
                what: "length of a document",
                expected: "at most 64 KiB: take some entries back, or give shorter reasons",
                found: format!("{} bytes", json.len()),
            });
        }
        self.registers().compare_and_set(D::REGISTER, expected, &json)
    }

    /// Changes a document, again if somebody else changed it meanwhile. `change` sees what is there each time; what it
    /// leaves as it was is not written.
    ///
    /// # Errors
    /// What `change` says; nothing is written then. [`StoreError`] of reading and writing: after
    /// [`StoreError::Unavailable`] it is open whether the change was made, and making it again does no harm.
    pub fn change<D, T, E>(&self, mut change: impl FnMut(&mut D) -> Result<T, E>) -> Result<T, E>
    where
        D: Document + PartialEq + Clone,
        E: From<StoreError>,
    {
        let mut attempt = 1;
        loop {
            let (before, token) = self.document::<D>()?;
            let mut after = before.clone();
            let outcome = change(&mut after)?;
            if after == before {
                return Ok(outcome);
            }
            match self.set_document(token.as_ref(), &after) {
                Ok(_) => return Ok(outcome),
                Err(StoreError::Conflict { .. }) if attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Whether a text is one to keep: not endless.
fn check_text(what: &'static str, text: &str) -> Result<(), StoreError> {
    if text.len() <= MAX_TEXT {
        return Ok(());
    }
    Err(StoreError::Invalid {
        what,
        expected: "at most 500 bytes",
        found: text.chars().take(80).collect(),
    })
}

/// Whether a text can name something: a label, a tag.
fn check_name(what: &'static str, name: &str) -> Result<(), StoreError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'/' | b':');
    let begins = name.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if begins && name.len() <= 100 && name.bytes().all(allowed) {
        return Ok(());
    }
    Err(StoreError::Invalid {
        what,
        expected: "1 to 100 letters, digits, '.', '_', '-', '/' and ':', the first a letter or digit",
        found: name.chars().take(80).collect(),
    })
}
