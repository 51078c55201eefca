//! What every store must do, as laws to run over an empty store of any kind.
//!
//! [`LAWS`] hold for stores that answer. [`LAWS_UNDER_FAULTS`] hold for any store, also one that answers seldom or loses
//! answers: they try again what may be tried again, and ask what became of what nobody answered.

use crate::Version;
use crate::store::{
    BlobBytes, BlobEntry, BlobKind, Key, LinkRef, Manifest, Previous, Put, ReadUnless, Register, SCHEMA, Sha256,
    Source, Staged, Store, StoreError, Token,
};
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How much a law does.
#[derive(Clone, Debug)]
pub struct Effort {
    /// How many threads race.
    pub threads: usize,
    /// How often they race, and how many steps each takes.
    pub rounds: usize,
    /// Size of the objects that are larger than a store would transfer at once.
    pub large_bytes: usize,
}

impl Default for Effort {
    fn default() -> Self {
        Self {
            threads: 8,
            rounds: 20,
            large_bytes: 3_000_001,
        }
    }
}

/// A law: its name, and what checks it on an empty store. It panics if the store breaks it.
pub type Law = (&'static str, fn(&Store, &Effort));

/// What stores do that answer.
pub const LAWS: &[Law] = &[
    ("objects are put once and read back", put_once),
    ("a staged file is put like bytes", staged_file),
    ("large objects are put whole, once, and read back", large_objects),
    ("names are kept as they are", odd_names),
    ("an object is not opened if it is longer than it may be", open_within),
    ("objects are listed by prefix and removed", list_and_remove),
    ("a register moves only from what is expected", register_moves),
    ("a register tells again only what changed", register_read_again),
    ("of threads that put one name exactly one creates it", race_to_put),
    (
        "of threads that set a register from one state exactly one does",
        race_to_set,
    ),
    ("of threads that advance a register none loses a step", no_lost_step),
    ("manifests read back, and damage is noticed", manifests),
    ("the store proves that it keeps conditions", proves_itself),
];

/// What stores do even if they answer seldom.
pub const LAWS_UNDER_FAULTS: &[Law] = &[
    (
        "objects are whole or not there, and one put at most creates a small one",
        put_under_faults,
    ),
    ("no step of a register is lost or made twice", no_lost_step),
];

/// Runs laws, each over a store that `fresh` makes.
pub fn run(laws: &[Law], effort: &Effort, mut fresh: impl FnMut(&str) -> Store) {
    for (name, law) in laws {
        // Shown when the law is broken: the panic alone does not say on which store.
        println!("law: {name}");
        let start = std::time::Instant::now();
        law(&fresh(name), effort);
        println!("  kept, {:.1} s", start.elapsed().as_secs_f32());
    }
}

fn bytes(content: impl AsRef<[u8]>) -> Staged {
    Staged::Bytes(content.as_ref().into())
}

fn key(name: &str) -> Key {
    Key::new(name).expect("valid")
}

/// Bytes that look random.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut next = super::entropy(seed);
    let mut bytes: Vec<u8> = (0..length.div_ceil(8)).flat_map(|_| next().to_le_bytes()).collect();
    bytes.truncate(length);
    bytes
}

/// Threads start together; each gets its number.
fn race(threads: usize, work: impl Fn(usize) + Sync) {
    let barrier = Barrier::new(threads);
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(thread);
            });
        }
    });
}

/// Asks until there is an answer.
fn patiently<T>(mut ask: impl FnMut() -> Result<T, StoreError>) -> Result<T, StoreError> {
    for _ in 0..200 {
        match ask() {
            Err(error) if error.is_transient() => std::thread::sleep(Duration::from_millis(2)),
            other => return other,
        }
    }
    ask()
}

fn put_once(store: &Store, _: &Effort) {
    let blobs = store.blobs();
    let one = key("blobs/one");
    assert!(matches!(blobs.open(&one), Err(StoreError::Absent { .. })));
    assert_eq!(blobs.put(&one, &bytes("first")).expect("put"), Put::Created);
    assert_eq!(blobs.put(&one, &bytes("second")).expect("put"), Put::Exists);
    assert_eq!(&*blobs.open(&one).expect("there"), b"first");
    let empty = key("blobs/empty");
    assert_eq!(blobs.put(&empty, &bytes("")).expect("put"), Put::Created);
    assert_eq!(&*blobs.open(&empty).expect("there"), b"");
}

fn staged_file(store: &Store, effort: &Effort) {
    let elsewhere = std::env::temp_dir();
    let directory = store.blobs().staging().unwrap_or(elsewhere);
    for (name, content) in [
        ("small", noise(100, 1)),
        ("large", noise(effort.large_bytes, 2)),
        ("empty", Vec::new()),
    ] {
        let path = directory.join(format!("candidate-{name}-{}", unique()));
        std::fs::write(&path, &content).expect("written");
        let staged = Staged::File(path.clone());
        let key = key(&format!("blobs/{name}"));
        assert_eq!(store.blobs().put(&key, &staged).expect("put"), Put::Created, "{name}");
        assert_eq!(store.blobs().put(&key, &staged).expect("put"), Put::Exists, "{name}");
        std::fs::remove_file(path).expect("removed");
        assert!(*store.blobs().open(&key).expect("there") == content, "{name}");
    }
    let missing = Staged::File(directory.join("there-is-no-such-file"));
    assert!(store.blobs().put(&key("blobs/missing"), &missing).is_err());
}

/// A number that no other call in this machine's processes gets.
fn unique() -> String {
    static COUNTER: AtomicUsize = AtomicUsize::new(0);
    format!("{}-{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

fn large_objects(store: &Store, effort: &Effort) {
    // Around every border between parts, whatever their size: some power of two.
    let large = effort.large_bytes;
    let power = large.next_power_of_two() / 2;
    for (round, length) in [large, power, power - 1, power + 1].into_iter().enumerate() {
        let content = noise(length, round as u64);
        let key = key(&format!("blobs/large-{length}"));
        assert_eq!(store.blobs().put(&key, &bytes(&content)).expect("put"), Put::Created);
        let other = bytes(noise(length, 99));
        assert_eq!(store.blobs().put(&key, &other).expect("put"), Put::Exists, "{length}");
        // Not assert_eq: nobody wants to read the difference.
        assert!(*store.blobs().open(&key).expect("there") == content, "{length}");
    }
}

fn odd_names(store: &Store, _: &Effort) {
    let long = format!("blobs/{}", "x".repeat(200));
    let names = [
        "blobs/a.b-c_D",
        "blobs/-",
        "blobs/_",
        "blobs/A",
        "blobs/a",
        "manifests/1-0",
        "quarantine/x..y",
        &long,
    ];
    for name in names {
        assert_eq!(
            store.blobs().put(&key(name), &bytes(name)).expect("put"),
            Put::Created,
            "{name}"
        );
    }
    for name in names {
        assert_eq!(&*store.blobs().open(&key(name)).expect("there"), name.as_bytes());
    }
    let listed: BTreeSet<String> = store
        .blobs()
        .list("")
        .expect("listed")
        .iter()
        .map(Key::to_string)
        .collect();
    assert_eq!(listed, names.iter().map(|name| name.to_string()).collect());
}

fn open_within(store: &Store, effort: &Effort) {
    for length in [10, effort.large_bytes] {
        let key = key(&format!("blobs/{length}"));
        store.blobs().put(&key, &bytes(noise(length, 3))).expect("put");
        let within = |at_most: usize| store.blobs().open_within(&key, at_most as u64);
        assert_eq!(within(length).expect("not longer").len(), length);
        assert_eq!(within(length + 1).expect("shorter").len(), length);
        assert!(matches!(within(length - 1), Err(StoreError::Corrupt { .. })));
        assert!(matches!(within(0), Err(StoreError::Corrupt { .. })));
    }
}

fn list_and_remove(store: &Store, _: &Effort) {
    let blobs = store.blobs();
    assert!(blobs.list("").expect("listed").is_empty());
    for name in ["blobs/a1", "blobs/a2", "blobs/b1", "manifests/a1"] {
        blobs.put(&key(name), &bytes(name)).expect("put");
    }
    store
        .registers()
        .compare_and_set(Register::Head, None, b"h")
        .expect("set");
    let list = |prefix: &str| {
        let mut keys = blobs.list(prefix).expect("listed");
        keys.sort();
        keys.iter().map(|key| key.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list("blobs/a"), ["blobs/a1", "blobs/a2"]);
    assert_eq!(list("manifests/"), ["manifests/a1"]);
    assert_eq!(list("").len(), 4, "registers are no objects");
    blobs.remove(&key("blobs/a1")).expect("removed");
    blobs.remove(&key("blobs/a1")).expect("removing nothing is no error");
    assert_eq!(list("blobs/a"), ["blobs/a2"]);
    assert!(matches!(blobs.open(&key("blobs/a1")), Err(StoreError::Absent { .. })));
    assert_eq!(blobs.put(&key("blobs/a1"), &bytes("anew")).expect("put"), Put::Created);
}

fn register_moves(store: &Store, _: &Effort) {
    let registers = store.registers();
    for register in [
        Register::Head,
        Register::Pin,
        Register::Hold,
        Register::Acceptance,
        Register::Marks,
        Register::Tags,
    ] {
        assert!(registers.read(register).expect("read").is_none());
        let first = registers.compare_and_set(register, None, b"1").expect("set");
        let again = registers.compare_and_set(register, None, b"x");
        assert!(matches!(again, Err(StoreError::Conflict { .. })));
        let second = registers.compare_and_set(register, Some(&first), b"2").expect("set");
        let stale = registers.compare_and_set(register, Some(&first), b"x");
        assert!(matches!(stale, Err(StoreError::Conflict { .. })));
        assert_eq!(registers.read(register).expect("read"), Some((b"2".to_vec(), second)));
    }
}

fn register_read_again(store: &Store, _: &Effort) {
    let registers = store.registers();
    let again = |known: &Token| registers.read_unless(Register::Head, known).expect("read");
    let first = registers.compare_and_set(Register::Head, None, b"1").expect("set");
    for _ in 0..2 {
        assert_eq!(again(&first), ReadUnless::Unchanged);
    }
    let second = registers
        .compare_and_set(Register::Head, Some(&first), b"2")
        .expect("set");
    assert_eq!(
        again(&first),
        ReadUnless::Changed(Some((b"2".to_vec(), second.clone())))
    );
    assert_eq!(again(&second), ReadUnless::Unchanged);
    let never_set = registers.read_unless(Register::Pin, &second).expect("read");
    assert_eq!(never_set, ReadUnless::Changed(None));
}

fn race_to_put(store: &Store, effort: &Effort) {
    for round in 0..effort.rounds {
        let name = key(&format!("blobs/race-{round}"));
        let winner = AtomicUsize::new(usize::MAX);
        race(effort.threads, |thread| {
            if store.blobs().put(&name, &bytes(thread.to_string())).expect("put") == Put::Created {
                let before = winner.swap(thread, Ordering::SeqCst);
                assert_eq!(before, usize::MAX, "two threads created {name}");
            }
        });
        let content = store.blobs().open(&name).expect("there");
        assert_eq!(&*content, winner.into_inner().to_string().as_bytes());
    }
}

fn race_to_set(store: &Store, effort: &Effort) {
    let mut expected = None;
    for round in 0..effort.rounds {
        let winner = AtomicUsize::new(usize::MAX);
        let (from, won) = (&expected, &winner);
        race(effort.threads, |thread| {
            let content = format!("{round} {thread}");
            match store
                .registers()
                .compare_and_set(Register::Head, from.as_ref(), content.as_bytes())
            {
                Ok(_) => {
                    let before = won.swap(thread, Ordering::SeqCst);
                    assert_eq!(before, usize::MAX, "two threads set the register in round {round}");
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => panic!("a register is set or somebody else was faster, nothing else: {error}"),
            }
        });
        let (content, token) = store.registers().read(Register::Head).expect("read").expect("set");
        assert_eq!(content, format!("{round} {}", winner.into_inner()).into_bytes());
        expected = Some(token);
    }
}

/// Every thread adds lines of its own to what the register holds. Whether a step without an answer was made is read back.
fn no_lost_step(store: &Store, effort: &Effort) {
    let registers = store.registers();
    let read = || -> (String, Option<_>) {
        let read = patiently(|| registers.read(Register::Head)).expect("read");
        let (content, token) = read.map_or((Vec::new(), None), |(content, token)| (content, Some(token)));
        (String::from_utf8(content).expect("whole lines"), token)
    };
    race(effort.threads, |thread| {
        for step in 0..effort.rounds {
            let line = format!("{thread}.{step}\n");
            loop {
                let (before, token) = read();
                if before.split_inclusive('\n').any(|found| found == line) {
                    break; // made by an attempt without an answer
                }
                let after = format!("{before}{line}");
                match registers.compare_and_set(Register::Head, token.as_ref(), after.as_bytes()) {
                    Ok(_) => break,
                    Err(StoreError::Conflict { .. }) => {}
                    Err(error) if error.is_transient() => {}
                    Err(error) => panic!("a step is made, lost to another or without an answer, nothing else: {error}"),
                }
            }
        }
    });
    let (content, _) = read();
    let found: Vec<&str> = content.lines().collect();
    let distinct: BTreeSet<&str> = found.iter().copied().collect();
    assert_eq!(found.len(), distinct.len(), "a step was made twice");
    assert_eq!(distinct.len(), effort.threads * effort.rounds, "a step was lost");
    for thread in 0..effort.threads {
        let own: Vec<&str> = found
            .iter()
            .copied()
            .filter(|line| line.starts_with(&format!("{thread}.")))
            .collect();
        let steps: Vec<String> = (0..effort.rounds).map(|step| format!("{thread}.{step}")).collect();
        assert_eq!(own, steps, "steps of a thread follow each other");
    }
}

fn put_under_faults(store: &Store, effort: &Effort) {
    for round in 0..effort.rounds {
        // Now and then one that travels in parts.
        let length = if round % 4 == 3 { effort.large_bytes } else { 1000 };
        let name = key(&format!("blobs/faults-{round}"));
        let created = AtomicUsize::new(0);
        let creator = AtomicUsize::new(usize::MAX);
        race(effort.threads, |thread| {
            let staged = bytes(noise(length, thread as u64));
            if patiently(|| store.blobs().put(&name, &staged)).expect("put in the end") == Put::Created {
                created.fetch_add(1, Ordering::SeqCst);
                creator.store(thread, Ordering::SeqCst);
            }
        });
        let content = open_whole(store, &name, length);
        let of = (0..effort.threads).find(|thread| *content == noise(length, *thread as u64));
        let of = of.expect("what is there is what one of them put");
        if length == effort.large_bytes {
            continue; // not every server checks and makes one object of parts in one step: see `Put::Created`
        }
        assert!(created.into_inner() <= 1, "two were told that they created {name}");
        let creator = creator.into_inner();
        assert!(
            creator == usize::MAX || creator == of,
            "{name} is not what its creator put"
        );
    }
}

/// The object; tried again if it came torn, as whoever knows its length and digest would.
fn open_whole(store: &Store, name: &Key, length: usize) -> BlobBytes {
    for _ in 0..200 {
        match store.blobs().open(name) {
            Ok(bytes) if bytes.len() == length => return bytes,
            Ok(_) => {}
            Err(error) if error.is_transient() => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("{name} never came whole");
}

fn proves_itself(store: &Store, _: &Effort) {
    store.registers().prove().expect("it keeps conditions");
    assert!(
        store.blobs().list("").expect("listed").is_empty(),
        "nothing is left behind"
    );
    assert!(store.registers().read(Register::Head).expect("read").is_none());
}

/// Puts blobs and a manifest that lists them.
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
    if let Some(Previous { version: before, .. }) = previous {
        blobs.push(blob(BlobKind::Delta, Some(before.0), version, "change"));
        blobs.push(blob(BlobKind::ReverseDelta, Some(version), before.0, "back"));
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
        counts: [].into(),
        change_digest: None,
        recent: Vec::new(),
        late_snapshot: None,
    };
    let sha256 = store.put_manifest(&manifest).expect("put");
    (manifest, sha256)
}

fn manifests(store: &Store, _: &Effort) {
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
    let at = LinkRef {
        version: Version(2),
        manifest: Some(sha256),
    };
    let delta = store.link(&at).expect("there").delta.expect("a delta");
    assert_eq!(&*store.open(&delta).expect("verified")[0], b"change");

    for (change, what) in [("chance", "digest"), ("chang", "length"), ("changes", "length")] {
        let key = key(&delta.name);
        store.blobs().remove(&key).expect("removed");
        store.blobs().put(&key, &bytes(change)).expect("put");
        assert!(matches!(store.open(&delta), Err(StoreError::Corrupt { .. })), "{what}");
    }
    let other = Sha256::of(b"other");
    assert!(matches!(
        store.manifest(Version(2), &other),
        Err(StoreError::Absent { .. })
    ));
    let manifest_key = Key::manifest(Version(2), &sha256);
    store.blobs().remove(&manifest_key).expect("removed");
    let json = String::from_utf8(second.to_json()).expect("text");
    let json = json.replace("\"epoch\":1", "\"epoch\":2");
    store.blobs().put(&manifest_key, &bytes(&json)).expect("put");
    assert!(matches!(
        store.manifest(Version(2), &sha256),
        Err(StoreError::Corrupt { .. })
    ));
}
