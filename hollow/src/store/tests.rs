//! The laws of `testing::conformance` over the stores of this package, and what documents may be.

use super::*;
use crate::Version;
use crate::testing::conformance::{self, Effort, LAWS, LAWS_UNDER_FAULTS};
use crate::testing::{Fault, FaultyStore, Operation, entropy};

#[test]
fn a_store_in_memory_keeps_the_laws() {
    conformance::run(LAWS, &Effort::default(), |_| Store::memory());
}

#[test]
fn a_store_in_a_directory_keeps_the_laws() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut count = 0;
    conformance::run(LAWS, &Effort::default(), |_| {
        count += 1;
        Store::fs(directory.path().join(count.to_string())).expect("a store")
    });
}

#[test]
fn a_store_that_could_fail_and_does_not_keeps_the_laws() {
    conformance::run(LAWS, &Effort::default(), |_| {
        FaultyStore::new(Store::memory(), |_| None).into()
    });
}

/// Every third call fails: before it, after it, or by a torn object.
fn failing(inner: Store, seed: u64) -> Store {
    let mut next = entropy(seed);
    let plan = move |call: &crate::testing::Call| match next() % 9 {
        0 => Some(Fault::Before),
        1 => Some(Fault::After),
        2 if call.operation == Operation::Open => Some(Fault::Torn),
        _ => None,
    };
    FaultyStore::new(inner, plan).into()
}

#[test]
fn stores_that_fail_now_and_then_keep_the_laws_under_faults() {
    let directory = tempfile::tempdir().expect("a directory");
    for seed in 0..4 {
        conformance::run(LAWS_UNDER_FAULTS, &Effort::default(), |_| {
            failing(Store::memory(), seed)
        });
        conformance::run(LAWS_UNDER_FAULTS, &Effort::default(), |name| {
            let path = directory.path().join(format!("{seed} {name}"));
            failing(Store::fs(path).expect("a store"), seed)
        });
    }
}

/// A store that says it set a register and sometimes has not: what the laws are there to find.
#[test]
fn a_store_that_loses_steps_is_found_out() {
    #[derive(Debug)]
    struct Forgetful(MemoryStore);
    impl Registers for Forgetful {
        fn read(&self, register: Register) -> Result<Option<(Vec<u8>, Token)>, StoreError> {
            self.0.read(register)
        }
        fn compare_and_set(&self, register: Register, _: Option<&Token>, content: &[u8]) -> Result<Token, StoreError> {
            // The condition is ignored.
            let current = self.0.read(register)?.map(|(_, token)| token);
            self.0.compare_and_set(register, current.as_ref(), content)
        }
    }
    let (_, law) = LAWS_UNDER_FAULTS
        .iter()
        .find(|(name, _)| name.contains("register"))
        .expect("there is one");
    let memory = MemoryStore::new();
    let store = Store::new(
        std::sync::Arc::new(memory.clone()),
        std::sync::Arc::new(Forgetful(memory)),
    );
    let effort = Effort {
        rounds: 200,
        ..Effort::default()
    };
    let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| law(&store, &effort)));
    assert!(found.is_err(), "eight threads overwrite each other, and nobody notices");
}

fn manifest(store: &Store, version: i64) -> Manifest {
    let content = "whole";
    let sha256 = Sha256::of(content.as_bytes());
    let key = Key::blob(BlobKind::Snapshot, None, Version(version), &sha256);
    store
        .blobs()
        .put(&key, &Staged::Bytes(content.as_bytes().into()))
        .expect("put");
    let manifest = Manifest {
        schema: SCHEMA,
        version: Version(version),
        previous: None,
        epoch: 1,
        nonce: "n".into(),
        tag: -7,
        blobs: vec![BlobEntry {
            kind: BlobKind::Snapshot,
            from: None,
            to: Version(version),
            key: key.to_string(),
            length: content.len() as u64,
            sha256,
        }],
        header_tags: [("k".to_owned(), "v".to_owned())].into(),
        schema_hash: 5,
        record_checksum: Some(-1),
        created_at: 12,
        receipts: Vec::new(),
        counts: [].into(),
        change_digest: None,
        recent: Vec::new(),
        late_snapshot: None,
    };
    store.put_manifest(&manifest).expect("put");
    manifest
}

#[test]
fn documents_of_another_form_are_refused() {
    let store = Store::memory();
    let set = |content: &str| {
        let token = store
            .registers()
            .read(Register::Head)
            .expect("read")
            .map(|(_, token)| token);
        store
            .registers()
            .compare_and_set(Register::Head, token.as_ref(), content.as_bytes())
            .expect("set");
        store.head().map(|_| ()).map_err(|error| error.to_string())
    };
    assert!(
        set(r#"{"schema":2,"version":1}"#)
            .expect_err("a later form")
            .contains("found=2")
    );
    for other in ["", "{", "[]", r#"{"schema":1}"#, r#"{"schema":1,"version":1.5}"#] {
        assert!(set(other).is_err(), "{other}");
    }
}

#[test]
fn a_manifest_that_contradicts_itself_is_refused() {
    let store = Store::memory();
    let good = manifest(&store, 1);
    let refused = |change: &dyn Fn(&mut Manifest)| {
        let mut bad = good.clone();
        change(&mut bad);
        let sha256 = store.put_manifest(&bad).expect("any bytes can be put");
        store.manifest(bad.version, &sha256).is_err()
    };
    assert!(refused(&|m| m.blobs[0].to = Version(2)));
    assert!(refused(&|m| m.blobs[0].kind = BlobKind::Delta));
    assert!(refused(&|m| m.blobs[0].key = "../../outside".into()));
    assert!(refused(&|m| m.previous = Some(Previous {
        version: Version(1),
        manifest: Sha256::of(b"")
    })));
    assert!(!refused(&|m| m.nonce = "other".into()));
}
