//! What a consumer asks its source, counted, and what it was told last.

use crate::Version;
use crate::store::{Answer, BlobBytes, BlobRef, Link, LinkRef, Pins, Source, StoreError, Token};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source that counts how often it is asked.
#[derive(Debug)]
pub(super) struct Counted {
    source: Box<dyn Source>,
    requests: AtomicU64,
}

impl Counted {
    pub(super) fn new(source: Box<dyn Source>) -> Self {
        Self {
            source,
            requests: AtomicU64::new(0),
        }
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    fn ask(&self) -> &dyn Source {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.source.as_ref()
    }
}

impl Source for Counted {
    fn announced(&self) -> Result<Option<LinkRef>, StoreError> {
        self.ask().announced()
    }

    fn announced_unless(&self, known: Option<&Token>) -> Result<Answer<Option<LinkRef>>, StoreError> {
        self.ask().announced_unless(known)
    }

    fn pinned(&self) -> Result<Option<Version>, StoreError> {
        self.ask().pinned()
    }

    fn pins(&self) -> Result<Pins, StoreError> {
        self.ask().pins()
    }

    fn pins_unless(&self, known: Option<&Token>) -> Result<Answer<Pins>, StoreError> {
        self.ask().pins_unless(known)
    }

    fn tip(&self) -> Result<Option<LinkRef>, StoreError> {
        self.ask().tip()
    }

    fn link(&self, at: &LinkRef) -> Result<Link, StoreError> {
        self.ask().link(at)
    }

    fn open(&self, blob: &BlobRef) -> Result<Vec<BlobBytes>, StoreError> {
        self.ask().open(blob)
    }

    fn inventory(&self) -> Result<Vec<String>, StoreError> {
        self.ask().inventory()
    }
}

/// The last answer to a question.
#[derive(Debug)]
pub(super) struct Known<T> {
    value: Option<T>,
    token: Option<Token>,
}

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self {
            value: None,
            token: None,
        }
    }
}

impl<T: PartialEq> Known<T> {
    /// `None` if it was never told.
    pub(super) fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Asks anew; gives whether the answer is another one than before.
    pub(super) fn ask(
        &mut self,
        ask: impl FnOnce(Option<&Token>) -> Result<Answer<T>, StoreError>,
    ) -> Result<bool, StoreError> {
        match ask(self.token.as_ref())? {
            Answer::Unchanged => Ok(false),
            Answer::Changed(value, token) => {
                self.token = token;
                let changed = self.value.as_ref() != Some(&value);
                self.value = Some(value);
                Ok(changed)
            }
        }
    }
}
