//! A store that tells somebody of every request: what was asked for, what came of it, how long it took.

use super::{
    BlobBytes, BlobStore, Key, Listed, Put, ReadUnless, Register, Registers, Staged, Store, StoreError, Token,
};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Is told of every request to a store, on the thread that made it: be quick.
///
/// A request is a call of [`BlobStore`] or [`Registers`]. What a store does for one (parts of an object, tries after the
/// first) is not told apart: it shows in the time.
pub trait StoreMeter: Send + Sync + fmt::Debug {
    /// A request has ended.
    fn ended(&self, operation: Operation, outcome: Outcome, took: Duration);
}

/// Kinds of requests to a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Opening an object.
    Get,
    /// Putting an object.
    Put,
    /// Listing objects.
    List,
    /// Removing an object.
    Remove,
    /// Reading a register.
    RegisterRead,
    /// Setting a register.
    CompareAndSet,
    /// Proving that conditions are kept.
    Prove,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Get,
        Self::Put,
        Self::List,
        Self::Remove,
        Self::RegisterRead,
        Self::CompareAndSet,
        Self::Prove,
    ];

    /// As a word for a label.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Put => "put",
            Self::List => "list",
            Self::Remove => "remove",
            Self::RegisterRead => "register_read",
            Self::CompareAndSet => "compare_and_set",
            Self::Prove => "prove",
        }
    }
}

/// What can come of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// What was asked for.
    Ok,
    /// There is no such object, or the register was never set.
    Absent,
    /// The object that was to be put is there already.
    Exists,
    /// Somebody else was faster.
    Conflict,
    /// The store is asked more often than it allows.
    Throttled,
    /// No answer, or none that says anything.
    Unavailable,
    /// The store refuses access.
    Denied,
    /// Damaged bytes, settings that no store accepts.
    Other,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::Absent,
        Self::Exists,
        Self::Conflict,
        Self::Throttled,
        Self::Unavailable,
        Self::Denied,
        Self::Other,
    ];

    /// As a word for a label.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Absent => "absent",
            Self::Exists => "exists",
            Self::Conflict => "conflict",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Denied => "denied",
            Self::Other => "other",
        }
    }

    /// Whether this can come of such a request, as long as the store does what it should.
    pub fn is_of(self, operation: Operation) -> bool {
        match self {
            Self::Absent => matches!(operation, Operation::Get | Operation::RegisterRead),
            Self::Exists => operation == Operation::Put,
            Self::Conflict => operation == Operation::CompareAndSet,
            _ => true,
        }
    }
}

impl From<&StoreError> for Outcome {
    fn from(error: &StoreError) -> Self {
        match error {
            StoreError::Absent { .. } => Self::Absent,
            StoreError::Denied { .. } => Self::Denied,
            StoreError::Unavailable { .. } => Self::Unavailable,
            StoreError::Throttled { .. } => Self::Throttled,
            StoreError::Conflict { .. } => Self::Conflict,
            StoreError::Corrupt { .. } | StoreError::Invalid { .. } => Self::Other,
        }
    }
}

impl Store {
    /// The same store, which tells this meter of every request from now on.
    pub fn metered(self, meter: Arc<dyn StoreMeter>) -> Self {
        let inner = Metered { store: self, meter };
        inner.into()
    }
}

#[derive(Debug)]
struct Metered {
    store: Store,
    meter: Arc<dyn StoreMeter>,
}

impl Metered {
    fn ask<T>(
        &self,
        operation: Operation,
        ask: impl FnOnce(&Store) -> Result<T, StoreError>,
        outcome: impl FnOnce(&T) -> Outcome,
    ) -> Result<T, StoreError> {
        let began = Instant::now();
        let answer = ask(&self.store);
        let outcome = answer.as_ref().map_or_else(Outcome::from, outcome);
        self.meter.ended(operation, outcome, began.elapsed());
        answer
    }
}

fn ok<T>(_: &T) -> Outcome {
    Outcome::Ok
}

fn if_there<T>(read: &Option<T>) -> Outcome {
    match read {
        Some(_) => Outcome::Ok,
        None => Outcome::Absent,
    }
}

impl BlobStore for Metered {
    fn put(&self, key: &Key, object: &Staged) -> Result<Put, StoreError> {
        let outcome = |put: &Put| match put {
            Put::Created => Outcome::Ok,
            Put::Exists => Outcome::Exists,
        };
        self.ask(Operation::Put, |store| store.blobs().put(key, object), outcome)
    }

    fn open(&self, key: &Key) -> Result<BlobBytes, StoreError> {
        self.ask(Operation::Get, |store| store.blobs().open(key), ok)
    }

    fn open_within(&self, key: &Key, at_most: u64) -> Result<BlobBytes, StoreError> {
        self.ask(Operation::Get, |store| store.blobs().open_within(key, at_most), ok)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Key>, StoreError> {
        self.ask(Operation::List, |store| store.blobs().list(prefix), ok)
    }

    fn survey(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        self.ask(Operation::List, |store| store.blobs().survey(prefix), ok)
    }

    fn remove(&self, key: &Key) -> Result<(), StoreError> {
        self.ask(Operation::Remove, |store| store.blobs().remove(key), ok)
    }

    fn staging(&self) -> Option<PathBuf> {
        self.store.blobs().staging()
    }
}

impl Registers for Metered {
    fn read(&self, register: Register) -> Result<Option<(Vec<u8>, Token)>, StoreError> {
        let read = |store: &Store| store.registers().read(register);
        self.ask(Operation::RegisterRead, read, if_there)
    }

    fn read_unless(&self, register: Register, known: &Token) -> Result<ReadUnless, StoreError> {
        let read = |store: &Store| store.registers().read_unless(register, known);
        self.ask(Operation::RegisterRead, read, |answer| match answer {
            ReadUnless::Unchanged => Outcome::Ok,
            ReadUnless::Changed(read) => if_there(read),
        })
    }

    fn compare_and_set(
        &self,
        register: Register,
        expected: Option<&Token>,
        content: &[u8],
    ) -> Result<Token, StoreError> {
        let set = |store: &Store| store.registers().compare_and_set(register, expected, content);
        self.ask(Operation::CompareAndSet, set, ok)
    }

    fn prove(&self) -> Result<(), StoreError> {
        self.ask(Operation::Prove, |store| store.registers().prove(), ok)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Debug, Default)]
    struct Heard(Mutex<Vec<(Operation, Outcome)>>);

    impl StoreMeter for Heard {
        fn ended(&self, operation: Operation, outcome: Outcome, _: Duration) {
            assert!(outcome.is_of(operation), "{operation:?} {outcome:?}");
            self.0.lock().expect("no panic").push((operation, outcome));
        }
    }

    #[test]
    fn every_request_is_told_and_answered_as_ever() {
        let heard = Arc::new(Heard::default());
        let plain = Store::memory();
        let store = plain.clone().metered(heard.clone());
        let key = Key::new("blobs/x").expect("a key");
        let object = Staged::Bytes(Arc::from(*b"bytes"));
        assert!(store.blobs().open(&key).is_err());
        assert_eq!(store.blobs().put(&key, &object).expect("put"), Put::Created);
        assert_eq!(store.blobs().put(&key, &object).expect("put"), Put::Exists);
        assert_eq!(&*store.blobs().open(&key).expect("there"), b"bytes");
        assert!(store.blobs().open_within(&key, 3).is_err(), "too long");
        assert_eq!(store.blobs().list("").expect("listed").len(), 1);
        assert_eq!(store.blobs().survey("blobs/").expect("listed").len(), 1);
        store.registers().prove().expect("nothing to prove");
        assert_eq!(store.registers().read(Register::Head).expect("read"), None);
        let token = store
            .registers()
            .compare_and_set(Register::Head, None, b"1")
            .expect("set");
        assert!(store.registers().compare_and_set(Register::Head, None, b"2").is_err());
        let unless = store.registers().read_unless(Register::Head, &token).expect("read");
        assert_eq!(unless, ReadUnless::Unchanged);
        store.blobs().remove(&key).expect("removed");
        assert!(plain.blobs().open(&key).is_err(), "it is the same store");
        use {Operation as Do, Outcome as Is};
        let expected = [
            (Do::Get, Is::Absent),
            (Do::Put, Is::Ok),
            (Do::Put, Is::Exists),
            (Do::Get, Is::Ok),
            (Do::Get, Is::Other),
            (Do::List, Is::Ok),
            (Do::List, Is::Ok),
            (Do::Prove, Is::Ok),
            (Do::RegisterRead, Is::Absent),
            (Do::CompareAndSet, Is::Ok),
            (Do::CompareAndSet, Is::Conflict),
            (Do::RegisterRead, Is::Ok),
            (Do::Remove, Is::Ok),
        ];
        assert_eq!(*heard.0.lock().expect("no panic"), expected);
    }

    #[test]
    fn words_differ() {
        let mut words: Vec<&str> = Operation::ALL.map(Operation::word).to_vec();
        words.extend(Outcome::ALL.map(Outcome::word));
        let many = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), many);
    }
}
