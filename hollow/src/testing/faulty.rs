//! A store that fails on command.

use crate::store::{
    BlobBytes, BlobStore, Key, Listed, Put, ReadUnless, Register, Registers, Staged, Store, StoreError, Token,
};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// What a store is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Put an object.
    Put,
    /// Open an object.
    Open,
    /// List objects.
    List,
    /// Remove an object.
    Remove,
    /// Read a register.
    Read,
    /// Set a register.
    Set,
}

/// One call to a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Counts the calls to this store, from 0.
    pub number: usize,
    /// What is asked.
    pub operation: Operation,
    /// The key, register or prefix.
    pub object: String,
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happens, and the store says that it is not available.
    Before,
    /// It happens, and the store says that it is not available.
    After,
    /// The store refuses.
    Denied,
    /// The object seems not to be there.
    Absent,
    /// One bit of the object is another.
    FlippedBit,
    /// The second half of the object is missing.
    Torn,
}

type Plan = dyn FnMut(&Call) -> Option<Fault> + Send;

/// Passes calls on to another store, except where the plan says otherwise.
#[derive(Clone)]
pub struct FaultyStore {
    inner: Store,
    plan: Arc<Mutex<(usize, Box<Plan>)>>,
}

impl FaultyStore {
    /// A store that fails as `plan` says.
    pub fn new(inner: Store, plan: impl FnMut(&Call) -> Option<Fault> + Send + 'static) -> Self {
        Self {
            inner,
            plan: Arc::new(Mutex::new((0, Box::new(plan)))),
        }
    }

    /// From now on fails as this plan says.
    pub fn set_plan(&self, plan: impl FnMut(&Call) -> Option<Fault> + Send + 'static) {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).1 = Box::new(plan);
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn run<T>(
        &self,
        operation: Operation,
        object: impl fmt::Display,
        work: impl FnOnce() -> Result<T, StoreError>,
        damage: impl FnOnce(T, Fault) -> T,
    ) -> Result<T, StoreError> {
        let object = object.to_string();
        let fault = {
            let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
            let call = Call {
                number: plan.0,
                operation,
                object: object.clone(),
            };
            plan.0 += 1;
            (plan.1)(&call)
        };
        let what = object.clone();
        let unavailable = || StoreError::Unavailable {
            what,
            cause: "told to fail".into(),
        };
        match fault {
            None => work(),
            Some(Fault::Before) => Err(unavailable()),
            Some(Fault::After) => work().and_then(|_| Err(unavailable())),
            Some(Fault::Denied) => Err(StoreError::Denied {
                what: object,
                cause: "told to refuse".into(),
            }),
            Some(Fault::Absent) => Err(StoreError::Absent { what: object }),
            Some(fault @ (Fault::FlippedBit | Fault::Torn)) => work().map(|value| damage(value, fault)),
        }
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

fn damage(bytes: BlobBytes, fault: Fault) -> BlobBytes {
    let mut bytes = bytes.to_vec();
    let half = bytes.len() / 2;
    match fault {
        Fault::Torn => bytes.truncate(half),
        _ => bytes.get_mut(half).into_iter().for_each(|byte| *byte ^= 1),
    }
    BlobBytes::Memory(bytes.into())
}

impl BlobStore for FaultyStore {
    fn put(&self, key: &Key, object: &Staged) -> Result<Put, StoreError> {
        self.run(
            Operation::Put,
            key,
            || self.inner.blobs().put(key, object),
            |put, _| put,
        )
    }

    fn open(&self, key: &Key) -> Result<BlobBytes, StoreError> {
        self.run(Operation::Open, key, || self.inner.blobs().open(key), damage)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Key>, StoreError> {
        self.run(
            Operation::List,
            prefix,
            || self.inner.blobs().list(prefix),
            |keys, _| keys,
        )
    }

    fn survey(&self, prefix: &str) -> Result<Vec<Listed>, StoreError> {
        let survey = || self.inner.blobs().survey(prefix);
        self.run(Operation::List, prefix, survey, |listed, _| listed)
    }

    fn remove(&self, key: &Key) -> Result<(), StoreError> {
        self.run(Operation::Remove, key, || self.inner.blobs().remove(key), |(), _| ())
    }

    fn staging(&self) -> Option<PathBuf> {
        self.inner.blobs().staging()
    }
}

impl Registers for FaultyStore {
    fn read(&self, register: Register) -> Result<Option<(Vec<u8>, Token)>, StoreError> {
        self.run(
            Operation::Read,
            register,
            || self.inner.registers().read(register),
            |read, _| read,
        )
    }

    fn read_unless(&self, register: Register, known: &Token) -> Result<ReadUnless, StoreError> {
        let read = || self.inner.registers().read_unless(register, known);
        self.run(Operation::Read, register, read, |read, _| read)
    }

    fn compare_and_set(
        &self,
        register: Register,
        expected: Option<&Token>,
        content: &[u8],
    ) -> Result<Token, StoreError> {
        let set = || self.inner.registers().compare_and_set(register, expected, content);
        self.run(Operation::Set, register, set, |token, _| token)
    }

    fn prove(&self) -> Result<(), StoreError> {
        self.inner.registers().prove()
    }
}
