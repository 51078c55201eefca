//! Where the stores are and how the service runs.

use crate::policy::{Policy, PolicyError};
use crate::runner::Opener;
use hollow::store::{FsStore, Store, StoreError};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Which environment a runner serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RoleName {
    /// PROD: newest inputs, now.
    #[default]
    Lead,
    /// PREPROD: the inputs and the instant of PROD's newest output.
    Follow,
}

/// Where the stores are: directories, or `s3://bucket/prefix?options` (feature `s3`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stores {
    data: Option<PathBuf>,
    named: BTreeMap<String, PathBuf>,
}

/// The output dataset of PROD.
pub const LIVENESS: &str = "liveness";
/// The output dataset of PREPROD.
pub const LIVENESS_PREPROD: &str = "liveness-preprod";

/// What stands where a directory may stand and is none: `s3://bucket/prefix?options` (feature `s3`).
fn location(place: &Path) -> Option<&str> {
    place.to_str().filter(|text| text.contains("://"))
}

/// A part of a place.
fn below(place: &Path, name: &str) -> PathBuf {
    match location(place) {
        Some(location) => Store::below(location, name).into(),
        None => place.join(name),
    }
}

/// A place that stands in a file in this directory.
fn from_file(directory: &Path, place: PathBuf) -> PathBuf {
    match location(&place) {
        Some(_) => place,
        None => directory.join(place),
    }
}

impl Stores {
    /// The stores of a data directory, or of a location: `DIR/store/<dataset>`.
    pub fn in_data(directory: impl Into<PathBuf>) -> Self {
        Stores {
            data: Some(directory.into()),
            named: BTreeMap::new(),
        }
    }

    /// The same with one dataset elsewhere.
    pub fn with(mut self, dataset: &str, directory: impl Into<PathBuf>) -> Self {
        self.named.insert(dataset.to_owned(), directory.into());
        self
    }

    /// The place of a dataset's store.
    pub fn path(&self, dataset: &str) -> Option<PathBuf> {
        let in_data = || Some(below(&below(self.data.as_ref()?, "store"), dataset));
        self.named.get(dataset).cloned().or_else(in_data)
    }

    /// Opens a store that must be there already.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if it is not, or if no directory is known for it.
    pub fn open(&self, dataset: &str) -> Result<Store, StoreError> {
        let place = self.known(dataset)?;
        match location(&place) {
            Some(location) => Store::open_existing_at(location),
            None => Ok(FsStore::open_existing(place)?.into()),
        }
    }

    /// Opens a store to publish to, creating it if need be.
    ///
    /// # Errors
    /// [`StoreError`] if it can be neither opened nor created.
    pub fn create(&self, dataset: &str) -> Result<Store, StoreError> {
        let place = self.known(dataset)?;
        match location(&place) {
            Some(location) => Store::open_at(location),
            None => Store::fs(place),
        }
    }

    /// Opens a store when it is there.
    pub fn opener(&self, dataset: &str) -> Opener {
        let (stores, dataset) = (self.clone(), dataset.to_owned());
        Box::new(move || stores.open(&dataset))
    }

    fn known(&self, dataset: &str) -> Result<PathBuf, StoreError> {
        self.path(dataset).ok_or_else(|| StoreError::Absent {
            what: format!("directory for the store of {dataset}"),
        })
    }
}

/// How the service runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The stores.
    pub stores: Stores,
    /// The environment.
    pub role: RoleName,
    /// The policy.
    pub policy: Policy,
    /// Seconds from the beginning of one cycle to that of the next.
    pub cadence_seconds: u64,
    /// Where to serve the pages; `None` = nowhere.
    pub listen: Option<SocketAddr>,
    /// Every how many versions a snapshot is written; `None` lets the deltas decide
    /// ([`hollow::producer::ProducerBuilder::snapshot_every`]).
    pub snapshot_every: Option<u32>,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// A file that cannot be read.
    #[error("cannot read file={path}")]
    Read {
        /// The file.
        path: String,
        /// What happened.
        source: std::io::Error,
    },
    /// Not TOML, or a key that does not belong there.
    #[error("not a configuration, file={path}: {problem}")]
    Syntax {
        /// The file.
        path: String,
        /// What the parser says.
        problem: String,
    },
    /// A dataset without a directory.
    #[error("no directory for dataset={0}: set data = \"DIR\", or [stores] {0} = \"DIR\"")]
    NoStore(String),
    /// A place that can be none.
    #[error("no store can be there, dataset={dataset}")]
    Place {
        /// The dataset.
        dataset: &'static str,
        /// What is wrong.
        source: StoreError,
    },
    /// A name under `[stores]` that is no dataset here.
    #[error("no such dataset under [stores], expected one of {expected}: name={found}")]
    UnknownStore {
        /// What is written.
        found: String,
        /// What may be written.
        expected: String,
    },
    /// A number out of range.
    #[error("{name} must be {expected}, found={found}")]
    Range {
        /// The setting.
        name: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: u64,
    },
    /// A policy that does not read.
    #[error("the policy does not read, file={path}")]
    Policy {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: PolicyError,
    },
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    role: RoleName,
    data: Option<PathBuf>,
    #[serde(default)]
    stores: BTreeMap<String, PathBuf>,
    policy: Option<PathBuf>,
    #[serde(default = "default_cadence")]
    cadence_seconds: u64,
    listen: Option<SocketAddr>,
    snapshot_every: Option<u32>,
}

fn default_cadence() -> u64 {
    60
}

impl Settings {
    /// Settings for a data directory, with defaults: the built-in policy of the role, 60 s, no pages.
    pub fn in_data(directory: impl Into<PathBuf>, role: RoleName) -> Self {
        Settings {
            stores: Stores::in_data(directory),
            policy: role.policy(),
            role,
            cadence_seconds: default_cadence(),
            listen: None,
            snapshot_every: None,
        }
    }

    /// Reads a configuration. Relative directories in it are relative to the file.
    ///
    /// # Errors
    /// [`SettingsError`] says what is wrong and what may stand there.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        let text = read(path)?;
        let shown = path.display().to_string();
        let file: File = toml::from_str(&text).map_err(|error| SettingsError::Syntax {
            path: shown,
            problem: error.to_string(),
        })?;
        let base = path.parent().unwrap_or(Path::new(""));
        let known: Vec<&str> = names().collect();
        if let Some(found) = file.stores.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(SettingsError::UnknownStore {
                found: found.clone(),
                expected: known.join(", "),
            });
        }
        let stores = Stores {
            data: file.data.map(|data| from_file(base, data)),
            named: file
                .stores
                .into_iter()
                .map(|(name, place)| (name, from_file(base, place)))
                .collect(),
        };
        let others = [LIVENESS, LIVENESS_PREPROD];
        let needed = |name: &&str| match file.role {
            RoleName::Lead => *name != LIVENESS_PREPROD,
            RoleName::Follow => true,
        };
        let all = crate::inputs::DATASETS.into_iter().chain(others);
        if let Some(missing) = all.filter(needed).find(|name| stores.path(name).is_none()) {
            return Err(SettingsError::NoStore(missing.to_owned()));
        }
        for dataset in names() {
            let place = stores.path(dataset);
            if let Some(location) = place.as_deref().and_then(location) {
                Store::check_location(location).map_err(|source| SettingsError::Place { dataset, source })?;
            }
        }
        if !(1..=86_400).contains(&file.cadence_seconds) {
            return Err(SettingsError::Range {
                name: "cadence_seconds",
                expected: "1 to 86400",
                found: file.cadence_seconds,
            });
        }
        if file.snapshot_every == Some(0) {
            return Err(SettingsError::Range {
                name: "snapshot_every",
                expected: "1 or more",
                found: 0,
            });
        }
        Ok(Settings {
            stores,
            role: file.role,
            policy: match file.policy {
                Some(policy) => read_policy(&base.join(policy))?,
                None => file.role.policy(),
            },
            cadence_seconds: file.cadence_seconds,
            listen: file.listen,
            snapshot_every: file.snapshot_every,
        })
    }
}

impl RoleName {
    /// The policy of a role when none is configured.
    pub fn policy(self) -> Policy {
        match self {
            RoleName::Lead => Policy::default_policy(),
            RoleName::Follow => Policy::candidate_policy(),
        }
    }

    /// The output dataset of a role.
    pub fn output(self) -> &'static str {
        match self {
            RoleName::Lead => LIVENESS,
            RoleName::Follow => LIVENESS_PREPROD,
        }
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    crate::inputs::DATASETS.into_iter().chain([LIVENESS, LIVENESS_PREPROD])
}

/// Reads a policy from a file.
///
/// # Errors
/// [`SettingsError`] if the file cannot be read or is no policy.
pub fn read_policy(path: &Path) -> Result<Policy, SettingsError> {
    Policy::parse(&read(path)?).map_err(|source| SettingsError::Policy {
        path: path.display().to_string(),
        source,
    })
}

fn read(path: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(path).map_err(|source| SettingsError::Read {
        path: path.display().to_string(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Result<Settings, SettingsError> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("gatekeeper.toml");
        std::fs::write(&path, text).expect("a file");
        Settings::read(&path)
    }

    #[test]
    fn a_data_directory_is_enough() {
        let read = settings("data = \"d\"").expect("defaults for the rest");
        assert_eq!(read.role, RoleName::Lead);
        assert_eq!(read.cadence_seconds, 60);
        assert_eq!(read.policy, Policy::default_policy());
        assert!(
            read.stores
                .path("texts")
                .expect("in the data directory")
                .ends_with("d/store/texts")
        );
        let follow = settings("role = \"follow\"\ndata = \"d\"\n[stores]\ntexts = \"/t\"").expect("a follower");
        assert_eq!(follow.policy, Policy::candidate_policy());
        assert_eq!(follow.stores.path("texts"), Some(PathBuf::from("/t")));
    }

    #[test]
    #[cfg(feature = "s3")]
    fn stores_can_be_in_buckets() {
        let read =
            settings("data = \"s3://bucket/p?region=eu-west-1\"\n[stores]\ntexts = \"s3://other/t\"\nrights = \"r\"");
        let stores = read.expect("good").stores;
        let path = |dataset| stores.path(dataset).expect("a place");
        assert_eq!(path("titles"), Path::new("s3://bucket/p/store/titles?region=eu-west-1"));
        assert_eq!(path("texts"), Path::new("s3://other/t"));
        assert!(path("rights").is_absolute(), "beside the file");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, expected) in [
            ("colour = 1", "colour"),
            ("role = \"boss\"", "boss"),
            ("", "no directory for dataset=titles"),
            ("data = \"d\"\ncadence_seconds = 0", "cadence_seconds"),
            ("data = \"d\"\nsnapshot_every = 0", "snapshot_every"),
            ("data = \"d\"\nlisten = \"here\"", "listen"),
            ("data = \"d\"\n[stores]\ntitels = \"t\"", "name=titels"),
            ("data = \"d\"\n[stores]\ntexts = \"gs://b/t\"", "dataset=texts"),
            ("data = \"d\"\npolicy = \"none.toml\"", "none.toml"),
        ] {
            let error = settings(text).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
