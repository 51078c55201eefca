//! What every store must do, run over all of them.

use super::*;
use crate::Version;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Runs a law over an empty store of each kind.
fn for_each_store(law: impl Fn(&Store)) {
    law(&Store::memory());
    let directory = tempfile::tempdir().expect("a directory");
    law(&Store::fs(directory.path()).expect("a store"));
}

fn bytes(text: &str) -> Staged {
    Staged::Bytes(text.as_bytes().into())
}

fn key(name: &str) -> Key {
    Key::new(name).expect("valid")
}

#[test]
fn objects_are_put_once_and_read_back() {
    for_each_store(|store| {
        let blobs = store.blobs();
        let one = key("blobs/one");
        assert!(matches!(blobs.open(&one), Err(StoreError::Absent { .. })));
        assert_eq!(blobs.put(&one, &bytes("first")).expect("put"), Put::Created);
        assert_eq!(blobs.put(&one, &bytes("second")).expect("put"), Put::Exists);
        assert_eq!(&*blobs.open(&one).expect("there"), b"first");
        let empty = key("blobs/empty");
        blobs.put(&empty, &bytes("")).expect("put");
        assert_eq!(&*blobs.open(&empty).expect("there"), b"");
    });
}

#[test]
fn a_staged_file_is_put_like_bytes() {
    for_each_store(|store| {
        let elsewhere = tempfile::tempdir().expect("a directory");
        let directory = store.blobs().staging().unwrap_or_else(|| elsewhere.path().to_owned());
        let path = directory.join("candidate");
        std::fs::write(&path, "content").expect("written");
        let staged = Staged::File(path.clone());
        assert_eq!(store.blobs().put(&key("blobs/x"), &staged).expect("put"), Put::Created);
        assert_eq!(store.blobs().put(&key("blobs/x"), &staged).expect("put"), Put::Exists);
        std::fs::remove_file(path).expect("removed");
        assert_eq!(&*store.blobs().open(&key("blobs/x")).expect("there"), b"content");
    });
}

#[test]
fn objects_are_listed_by_prefix_and_removed() {
    for_each_store(|store| {
        let blobs = store.blobs();
        for name in ["blobs/a1", "blobs/a2", "blobs/b1", "manifests/a1"] {
            blobs.put(&key(name), &bytes(name)).expect("put");
        }
        let list = |prefix| {
            let mut keys = blobs.list(prefix).expect("listed");
            keys.sort();
            keys.iter().map(|key| key.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(list("blobs/a"), ["blobs/a1", "blobs/a2"]);
        assert_eq!(list("manifests/"), ["manifests/a1"]);
        assert_eq!(list("").len(), 4);
        blobs.remove(&key("blobs/a1")).expect("removed");
        blobs.remove(&key("blobs/a1")).expect("removing nothing is no error");
        assert_eq!(list("blobs/a"), ["blobs/a2"]);
    });
}

#[test]
fn a_register_moves_only_from_what_is_expected() {
    for_each_store(|store| {
        let registers = store.registers();
        for register in [Register::Head, Register::Pin] {
            assert!(registers.read(register).expect("read").is_none());
            let first = registers.compare_and_set(register, None, b"1").expect("set");
            let again = registers.compare_and_set(register, None, b"x");
            assert!(matches!(again, Err(StoreError::Conflict { .. })));
            let second = registers.compare_and_set(register, Some(&first), b"2").expect("set");
            let stale = registers.compare_and_set(register, Some(&first), b"x");
            assert!(matches!(stale, Err(StoreError::Conflict { .. })));
            assert_eq!(registers.read(register).expect("read"), Some((b"2".to_vec(), second)));
        }
    });
}

/// Eight threads start together; each gets its number.
fn race(work: impl Fn(usize) + Sync) {
    let barrier = Barrier::new(8);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(thread);
            });
        }
    });
}

#[test]
fn of_threads_that_put_one_name_exactly_one_creates_it() {
    for_each_store(|store| {
        for round in 0..20 {
            let name = key(&format!("blobs/race-{round}"));
            let winner = AtomicUsize::new(usize::MAX);
            race(|thread| {
                if store.blobs().put(&name, &bytes(&thread.to_string())).expect("put") == Put::Created {
                    let before = winner.swap(thread, Ordering::SeqCst);
                    assert_eq!(before, usize::MAX, "two threads created {name}");
                }
            });
            let content = store.blobs().open(&name).expect("there");
            assert_eq!(&*content, winner.into_inner().to_string().as_bytes());
        }
    });
}

#[test]
fn of_threads_that_advance_a_register_none_loses_a_step() {
    for_each_store(|store| {
        let registers = store.registers();
        const STEPS: usize = 25;
        race(|_| {
            let mut done = 0;
            while done < STEPS {
                let read = registers.read(Register::Head).expect("read");
                let count: usize = read.as_ref().map_or(0, |(content, _)| {
                    std::str::from_utf8(content)
                        .expect("text")
                        .parse()
                        .expect("a number, whole")
                });
                let next = (count + 1).to_string();
                match registers.compare_and_set(Register::Head, read.as_ref().map(|(_, t)| t), next.as_bytes()) {
                    Ok(_) => done += 1,
                    Err(StoreError::Conflict { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        let (content, _) = registers.read(Register::Head).expect("read").expect("set");
        assert_eq!(content, (8 * STEPS).to_string().into_bytes());
    });
}

fn manifest(store: &Store, version: i64, previous: Option<Previous>) -> (Manifest, Sha256) {
    let blob = |kind, from: Option<i64>, to, content: &str| {
        let sha256 = Sha256::of(content.as_bytes());
        let key = Key::blob(kind, from.map(Version), Version(to), &sha256);
        store.blobs().put(&key, &bytes(content)).expect("put");
        BlobEntry {
            kind,
            from: from.map(Version),
            to: Version(to),
            key: key.to_string(),
            length: content.len() as u64,
            sha256,
        }
    };
    let mut blobs = vec![blob(BlobKind::Snapshot, None, version, "whole")];
    if let Some(Previous {
        version: Version(before),
        ..
    }) = previous
    {
        blobs.push(blob(BlobKind::Delta, Some(before), version, "change"));
        blobs.push(blob(BlobKind::ReverseDelta, Some(version), before, "back"));
    }
    let manifest = Manifest {
        schema: SCHEMA,
        version: Version(version),
        previous,
        epoch: 1,
        nonce: "n".into(),
        tag: -7,
        blobs,
        header_tags: [("k".to_owned(), "v".to_owned())].into(),
        schema_hash: 5,
        record_checksum: Some(-1),
        created_at: 12,
        receipts: Vec::new(),
        late_snapshot: None,
    };
    let sha256 = store.put_manifest(&manifest).expect("put");
    (manifest, sha256)
}

#[test]
fn manifests_read_back_and_damage_is_noticed() {
    for_each_store(|store| {
        let (first, sha256) = manifest(store, 1, None);
        assert_eq!(store.manifest(Version(1), &sha256).expect("there"), first);
        assert_eq!(
            store.put_manifest(&first).expect("putting it again is the same"),
            sha256
        );
        let previous = Previous {
            version: Version(1),
            manifest: sha256,
        };
        let (second, sha256) = manifest(store, 2, Some(previous));
        let link = store
            .link(&LinkRef {
                version: Version(2),
                manifest: Some(sha256),
            })
            .expect("there");
        let delta = link.delta.expect("a delta");
        assert_eq!(&*store.open(&delta).expect("verified")[0], b"change");

        for (change, what) in [(b"chance".to_vec(), "digest"), (b"chang".to_vec(), "length")] {
            let key = key(&delta.name);
            store.blobs().remove(&key).expect("removed");
            store.blobs().put(&key, &Staged::Bytes(change.into())).expect("put");
            assert!(matches!(store.open(&delta), Err(StoreError::Corrupt { .. })), "{what}");
        }
        let other = Sha256::of(b"other");
        assert!(matches!(
            store.manifest(Version(2), &other),
            Err(StoreError::Absent { .. })
        ));
        let manifest_key = Key::manifest(Version(2), &sha256);
        store.blobs().remove(&manifest_key).expect("removed");
        let json = String::from_utf8(second.to_json())
            .expect("text")
            .replace("\"epoch\":1", "\"epoch\":2");
        store.blobs().put(&manifest_key, &bytes(&json)).expect("put");
        assert!(matches!(
            store.manifest(Version(2), &sha256),
            Err(StoreError::Corrupt { .. })
        ));
    });
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
    let (good, _) = manifest(&store, 1, None);
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
