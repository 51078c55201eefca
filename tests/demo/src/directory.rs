//! The directory a demo lives in, and the one file that names it.
//!
//! ```text
//! demo.json        which topics this demo uses on a shared Kafka
//! source/          the database of the source applications
//! store/<dataset>  the published chains
//! ```

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Identity {
    /// Stands before the names of topics, so that two demos can share one Kafka.
    topic_prefix: String,
}

/// An open directory. One process at a time.
#[derive(Debug)]
pub struct Directory {
    root: PathBuf,
    topic_prefix: String,
    _lock: fs::File,
}

impl Directory {
    /// Opens the directory, or begins one there.
    pub fn open(root: &Path) -> Result<Self> {
        fs::create_dir_all(root).with_context(|| format!("cannot create the directory {}", root.display()))?;
        let lock_path = root.join("demo.lock");
        let lock = fs::File::create(&lock_path).with_context(|| format!("cannot write {}", lock_path.display()))?;
        if lock.try_lock().is_err() {
            anyhow::bail!(
                "another demo is running in {}; stop it, or give another --dir",
                root.display()
            );
        }
        let path = root.join("demo.json");
        let identity: Identity = match fs::read_to_string(&path) {
            Ok(text) => serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged; give another --dir", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => begin(&path)?,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self {
            root: root.to_owned(),
            topic_prefix: identity.topic_prefix,
            _lock: lock,
        })
    }

    /// Where the sources keep their database.
    pub fn source(&self) -> PathBuf {
        self.root.join("source")
    }

    /// Where a dataset is published.
    pub fn store(&self, dataset: &str) -> PathBuf {
        self.root.join("store").join(dataset)
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The topic of a dataset.
    pub fn topic(&self, dataset: &str) -> String {
        format!("{}.{dataset}", self.topic_prefix)
    }
}

fn begin(path: &Path) -> Result<Identity> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos());
    let identity = Identity {
        topic_prefix: format!("demo-{:x}", now as u64 ^ u64::from(std::process::id()) << 40),
    };
    // Whole or not at all: a kill between the two leaves no half of a file.
    let draft = path.with_extension("json.new");
    let mut file = fs::File::create(&draft).with_context(|| format!("cannot write {}", draft.display()))?;
    file.write_all(&serde_json::to_vec_pretty(&identity)?)?;
    file.sync_all()?;
    fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(identity)
}
