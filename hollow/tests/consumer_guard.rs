//! The crash-loop guard, with processes that really die.

use hollow::Version;
use hollow::consumer::{Consumer, RefreshError};
use hollow::producer::Producer;
use hollow::record::Value;
use hollow::schema::Dataset;
use hollow::store::{BlobBytes, BlobRef, Link, LinkRef, Source, Store, StoreError};
use std::path::Path;
use std::process::Command;

/// In a child process: which version to die of, and in which directory.
const DEADLY: &str = "HOLLOW_TEST_DEADLY_VERSION";
const DIRECTORY: &str = "HOLLOW_TEST_DIRECTORY";

/// A source that ends the process when a blob that leads to one version is opened.
#[derive(Debug)]
struct Deadly {
    store: Store,
    version: String,
}

impl Source for Deadly {
    fn announced(&self) -> Result<Option<LinkRef>, StoreError> {
        self.store.announced()
    }

    fn pinned(&self) -> Result<Option<Version>, StoreError> {
        self.store.pinned()
    }

    fn link(&self, at: &LinkRef) -> Result<Link, StoreError> {
        self.store.link(at)
    }

    fn open(&self, blob: &BlobRef) -> Result<Vec<BlobBytes>, StoreError> {
        if blob.name.contains(&self.version) {
            std::process::abort();
        }
        self.store.open(blob)
    }
}

/// Does nothing as a test; in a child process it is the service.
#[test]
fn service() {
    let (Ok(version), Ok(directory)) = (std::env::var(DEADLY), std::env::var(DIRECTORY)) else {
        return;
    };
    let directory = Path::new(&directory);
    let store = Store::fs(directory.join("store")).expect("a store");
    let source = Deadly { store, version };
    let consumer = Consumer::builder(source).cache(directory.join("cache")).start();
    println!("serving {:?}", consumer.expect("some version").version());
}

/// Starts the service: what it serves, or `None` if it died.
fn start(directory: &Path, deadly: Version) -> Option<String> {
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "service", "--nocapture"])
        .env(DEADLY, deadly.to_string())
        .env(DIRECTORY, directory)
        .output()
        .expect("started");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then(|| {
        let served = out
            .lines()
            .find_map(|line| line.split_once("serving "))
            .expect("a version is served");
        served.1.to_owned()
    })
}

#[test]
fn a_version_that_kills_is_skipped_after_two_deaths_and_later_ones_are_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let dataset = Dataset::parse("Thing @PrimaryKey(id) { int id; }").expect("valid");
    let store = Store::fs(directory.path().join("store")).expect("a store");
    let mut producer = Producer::builder(dataset, store.clone())
        .root("Thing")
        .build()
        .expect("valid");
    let mut publish = |id| {
        let thing = Value::Object(vec![Value::Int(id)]);
        let outcome = producer
            .run_cycle(|cycle| Ok(cycle.add("Thing", &thing).map(drop)?))
            .expect("published");
        outcome.version().expect("a change")
    };
    let serves = |version: Version| Some(format!("{:?}", Some(version)));
    let none = Version(i64::MAX);

    let good = publish(1);
    assert_eq!(start(directory.path(), none), serves(good));
    let deadly = publish(2);
    assert_eq!(start(directory.path(), deadly), None);
    assert_eq!(start(directory.path(), deadly), None);
    assert_eq!(start(directory.path(), deadly), serves(good), "two deaths are enough");
    assert_eq!(
        start(directory.path(), none),
        serves(good),
        "it is skipped, deadly or not"
    );

    // One who follows is told, too.
    let cache = directory.path().join("cache");
    let follower = Consumer::builder(store.clone()).cache(&cache).build().expect("valid");
    match follower.refresh().expect_err("guarded") {
        RefreshError::Guarded {
            version,
            deaths,
            directory,
        } => {
            assert_eq!((version, deaths, directory), (deadly, 2, cache.clone()));
        }
        other => panic!("{other}"),
    }
    // Without the directory there is no guard, and what others die of does not concern it.
    assert!(
        Consumer::builder(store.clone())
            .build()
            .expect("valid")
            .refresh()
            .is_ok()
    );

    let later = publish(3);
    follower.refresh().expect("another version");
    assert_eq!(follower.version(), Some(later));

    // As the error says.
    for entry in std::fs::read_dir(&cache).expect("listed") {
        let path = entry.expect("listed").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        if name.starts_with(&format!("loading-{deadly}-")) {
            std::fs::remove_file(&path).expect("removed");
        }
    }
    follower.refresh_to(deadly).expect("it is not guarded any more");
}

#[test]
fn one_who_is_still_loading_is_not_dead() {
    let directory = tempfile::tempdir().expect("a directory");
    let cache = directory.path().join("cache");
    let dataset = Dataset::parse("Thing @PrimaryKey(id) { int id; }").expect("valid");
    let store = Store::memory();
    let mut producer = Producer::builder(dataset, store.clone())
        .root("Thing")
        .build()
        .expect("valid");
    let thing = Value::Object(vec![Value::Int(1)]);
    producer
        .run_cycle(|cycle| Ok(cycle.add("Thing", &thing).map(drop)?))
        .expect("published");

    /// Loads the same version with another consumer while its own blob is being opened, several levels deep.
    #[derive(Debug)]
    struct Nested {
        store: Store,
        cache: std::path::PathBuf,
        depth: usize,
    }
    impl Source for Nested {
        fn announced(&self) -> Result<Option<LinkRef>, StoreError> {
            self.store.announced()
        }
        fn pinned(&self) -> Result<Option<Version>, StoreError> {
            Ok(None)
        }
        fn link(&self, at: &LinkRef) -> Result<Link, StoreError> {
            self.store.link(at)
        }
        fn open(&self, blob: &BlobRef) -> Result<Vec<BlobBytes>, StoreError> {
            if self.depth > 0 {
                let inner = Nested {
                    store: self.store.clone(),
                    cache: self.cache.clone(),
                    depth: self.depth - 1,
                };
                let inner = Consumer::builder(inner).cache(&self.cache).build()?;
                inner.refresh().expect("those who load it are alive");
            }
            self.store.open(blob)
        }
    }
    let outer = Nested {
        store,
        cache: cache.clone(),
        depth: 4,
    };
    Consumer::builder(outer)
        .cache(&cache)
        .build()
        .expect("valid")
        .refresh()
        .expect("loaded");
    let left = std::fs::read_dir(&cache).expect("listed").flatten();
    let left: Vec<_> = left
        .map(|entry| entry.file_name())
        .filter(|name| name.to_string_lossy().contains("loading"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
