//! A store in the memory of one process: for tests, and for datasets that never leave it.

use super::{BlobBytes, BlobStore, Key, Listed, Put, Register, Registers, Staged, StoreError, Token};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A store in memory. Clones share the content.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    content: Arc<Mutex<Content>>,
}

#[derive(Default)]
struct Content {
    objects: BTreeMap<Key, Arc<[u8]>>,
    registers: BTreeMap<Register, Vec<u8>>,
}

/// The names of what is there: the bytes would be no help to anybody.
impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("objects", &self.objects.keys())
            .field("registers", &self.registers.keys())
            .finish()
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// No operation leaves the content half changed, so a thread that died holding the lock did no harm.
    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BlobStore for MemoryStore {
    fn put(&self, key: &Key, object: &Staged) -> Result<Put, StoreError> {
        let bytes: Arc<[u8]> = match object {
            Staged::Bytes(bytes) => bytes.clone(),
            Staged::File(path) => std::fs::read(path)
                .map_err(|e| StoreError::io(path.display().to_string(), e))?
                .into(),
        };
        match self.content().objects.entry(key.clone()) {
            std::collections::btree_map::Entry::Occupied(_) => Ok(Put::Exists),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(bytes);
                Ok(Put::Created)
            }
        }
    }

    fn open(&self, key: &Key) -> Result<BlobBytes, StoreError> {
        let bytes = self.content().objects.get(key).cloned();
        bytes.map(BlobBytes::Memory).ok_or_else(|| StoreError::absent(key))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Key>, StoreError> {
        let content = self.content();
        Ok(content
            .objects
            .keys()
            .filter(|key| key.as_str().starts_with(prefix))
            .cloned()
            .collect())
    }

    fn survey(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let content = self.content();
        let objects = content.objects.iter();
        let listed = objects.filter(|(key, _)| key.as_str().starts_with(prefix));
        let listed = listed.map(|(key, bytes)| Listed {
            bytes: Some(bytes.len() as u64),
            ..Listed::from(key.clone())
        });
        Ok(listed.collect())
    }

    fn remove(&self, key: &Key) -> Result<(), StoreError> {
        self.content().objects.remove(key);
        Ok(())
    }
}

impl Registers for MemoryStore {
    fn read(&self, register: Register) -> Result<Option<(Vec<u8>, Token)>, StoreError> {
        let content = self.content().registers.get(&register).cloned();
        Ok(content.map(|bytes| {
            let token = Token::of(&bytes);
            (bytes, token)
        }))
    }

    fn compare_and_set(
        &self,
        register: Register,
        expected: Option<&Token>,
        content: &[u8],
    ) -> Result<Token, StoreError> {
        let mut all = self.content();
        let current = all.registers.get(&register).map(|bytes| Token::of(bytes));
        if current.as_ref() != expected {
            return Err(StoreError::Conflict {
                what: register.to_string(),
            });
        }
        all.registers.insert(register, content.to_vec());
        Ok(Token::of(content))
    }
}
