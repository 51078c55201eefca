//! States by name: `DIR[@STATE]`.
//!
//! `DIR` is a store, a directory in the layout of Java Hollow, or a single snapshot file. `STATE` is one of
//!
//! | form | state |
//! |---|---|
//! | `latest`, or nothing | the newest one |
//! | `announced` | the one that is announced |
//! | `pinned` | the one that consumers are held at |
//! | `first` | the oldest one still there |
//! | `~3` | the one three before the newest |
//! | `20261122184500123`, `2026112218` | that version, or the only one that begins like this |

use crate::show;
use hollow::Version;
use hollow::blob::DecodeError;
use hollow::read::{Filter, ReadState};
use hollow::store::route::{Chain, Preference, Route};
use hollow::store::{FsStore, JavaDirectory, LinkRef, LoadError, Source, Store, StoreError, load};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Why there is no state of this name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SelectError {
    /// There is nothing of this name.
    #[error("{what} not found: {found}")]
    NotFound {
        /// What was looked for.
        what: String,
        /// What is there instead.
        found: String,
    },
    /// The name fits several states.
    #[error("{count} versions begin with {prefix}: {some}")]
    Ambiguous {
        /// What they begin with.
        prefix: String,
        /// How many they are.
        count: usize,
        /// Some of them.
        some: String,
    },
    /// The name is none.
    #[error("{state} is no state; give latest, announced, pinned, first, ~N or a version")]
    Malformed {
        /// What stands after the `@`.
        state: String,
    },
    /// A store does not give what it should.
    #[error("{0}")]
    Store(String, #[source] StoreError),
    /// The data of a state is damaged.
    #[error("cannot read {file}")]
    Decode {
        /// The blob or file.
        file: String,
        /// What is wrong with it.
        #[source]
        source: Box<DecodeError>,
    },
}

/// Which state of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateName {
    /// The newest one.
    Latest,
    /// The announced one.
    Announced,
    /// The one that consumers are held at.
    Pinned,
    /// The oldest one.
    First,
    /// So many before the newest.
    Back(usize),
    /// The digits of a version, or its first ones.
    Version(String),
}

impl FromStr for StateName {
    type Err = SelectError;

    fn from_str(text: &str) -> Result<Self, SelectError> {
        let malformed = || SelectError::Malformed {
            state: show::quoted(text),
        };
        Ok(match text {
            "" | "latest" => StateName::Latest,
            "announced" => StateName::Announced,
            "pinned" => StateName::Pinned,
            "first" => StateName::First,
            _ => match text.strip_prefix('~') {
                Some(count) => StateName::Back(count.parse().map_err(|_| malformed())?),
                None if text.bytes().all(|byte| byte.is_ascii_digit()) => StateName::Version(text.to_owned()),
                None => return Err(malformed()),
            },
        })
    }
}

/// A state by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// As written.
    pub text: String,
    /// Where the states are.
    pub place: PathBuf,
    /// Which of them.
    pub state: StateName,
}

impl FromStr for Selector {
    type Err = SelectError;

    fn from_str(text: &str) -> Result<Self, SelectError> {
        // A directory may have an @ in its name.
        let (place, state) = match text.rsplit_once('@') {
            Some((place, state)) if !place.is_empty() && !state.contains('/') => (place, state),
            _ => (text, ""),
        };
        Ok(Selector {
            text: text.to_owned(),
            place: PathBuf::from(place),
            state: state.parse()?,
        })
    }
}

/// Two states to compare.
pub struct Selected {
    /// A.
    pub a: ReadState,
    /// B.
    pub b: ReadState,
    /// Whether they are of one chain, so that they have pages in common.
    pub same_chain: bool,
}

/// Loads two states. If they are of one chain, the second is made from the first where that is the shorter way.
///
/// # Errors
/// [`SelectError`] for the first that cannot be had.
pub fn select(a: &Selector, b: &Selector) -> Result<Selected, SelectError> {
    let place = |selector: &Selector| match location(&selector.place) {
        Some(location) => Some(PathBuf::from(location)),
        None => selector.place.canonicalize().ok(),
    };
    let same_chain = place(a).is_some() && place(a) == place(b) && !a.place.is_file();
    let source = open(a)?;
    let first = source.load(a, None)?;
    let second = if same_chain {
        source.load(b, Some(&first))?
    } else {
        open(b)?.load(b, None)?
    };
    Ok(Selected {
        a: first,
        b: second,
        same_chain,
    })
}

enum Place {
    Chain(Box<dyn Source>),
    Snapshot(PathBuf),
}

/// What stands where a directory may stand and is none: `s3://bucket/prefix?options` (feature `s3`).
fn location(place: &Path) -> Option<&str> {
    place.to_str().filter(|text| text.contains("://"))
}

fn open(selector: &Selector) -> Result<Place, SelectError> {
    let place = &selector.place;
    if place.is_file() {
        return Ok(Place::Snapshot(place.clone()));
    }
    let failed = |error| SelectError::Store(format!("cannot open {}", name_of(place)), error);
    if let Some(location) = location(place) {
        let store = Store::open_existing_at(location).map_err(failed)?;
        return Ok(Place::Chain(Box::new(store)));
    }
    match FsStore::open_existing(place) {
        Ok(store) => Ok(Place::Chain(Box::new(Store::from(store)))),
        Err(StoreError::Absent { .. }) if JavaDirectory::is_one(place) => {
            Ok(Place::Chain(Box::new(JavaDirectory::open(place).map_err(failed)?)))
        }
        Err(StoreError::Absent { .. }) => Err(SelectError::NotFound {
            what: format!("a store at {}", name_of(place)),
            found: if place.is_dir() {
                "the directory has neither manifests nor snapshots".to_owned()
            } else {
                "there is no such directory".to_owned()
            },
        }),
        Err(error) => Err(failed(error)),
    }
}

fn name_of(path: &Path) -> String {
    show::escaped(&path.to_string_lossy())
}

impl Place {
    fn load(&self, selector: &Selector, current: Option<&ReadState>) -> Result<ReadState, SelectError> {
        match self {
            Place::Chain(source) => load_from(source.as_ref(), selector, current),
            Place::Snapshot(file) => {
                let name = name_of(file);
                let bytes = std::fs::read(file)
                    .map_err(|error| SelectError::Store(format!("cannot read {name}"), StoreError::io(&name, error)))?;
                ReadState::from_snapshot(&bytes).map_err(|error| SelectError::Decode {
                    file: name,
                    source: Box::new(error),
                })
            }
        }
    }
}

fn load_from(source: &dyn Source, selector: &Selector, current: Option<&ReadState>) -> Result<ReadState, SelectError> {
    let failed = |error| SelectError::Store(format!("cannot read the chain of {}", name_of(&selector.place)), error);
    let nothing = |what: &str| SelectError::NotFound {
        what: format!("{what} of {}", name_of(&selector.place)),
        found: "there is none".to_owned(),
    };
    let tip = source
        .tip()
        .map_err(failed)?
        .ok_or_else(|| nothing("a published state"))?;
    let mut chain = Chain::new(source, Some(tip));
    let version = match &selector.state {
        StateName::Latest => tip.version,
        StateName::Announced => {
            let announced: Option<LinkRef> = source.announced().map_err(failed)?;
            announced.ok_or_else(|| nothing("an announced state"))?.version
        }
        StateName::Pinned => source
            .pinned()
            .map_err(failed)?
            .ok_or_else(|| nothing("a pinned state"))?,
        StateName::First => {
            chain.extend_to_end().map_err(failed)?;
            chain.links().last().map_or(tip.version, |link| link.version)
        }
        StateName::Back(count) => {
            while chain.links().len() <= *count && chain.extend().map_err(failed)? {}
            let there = chain.links().len();
            let link = chain.links().get(*count);
            link.map(|link| link.version).ok_or_else(|| SelectError::NotFound {
                what: format!("the state ~{count} of {}", name_of(&selector.place)),
                found: format!("the chain goes back to ~{}", there.saturating_sub(1)),
            })?
        }
        StateName::Version(digits) => find_version(&mut chain, digits, selector).map_err(|error| error.or(failed))?,
    };
    let mut routes = match chain.routes(current.and_then(ReadState::version), version, Preference::Best) {
        Ok(routes) => routes,
        Err(StoreError::Absent { what }) => {
            return Err(SelectError::NotFound {
                what: format!("{what} in {}", name_of(&selector.place)),
                found: "it was removed, or nothing leads to it".to_owned(),
            });
        }
        Err(error) => return Err(failed(error)),
    };
    let first = load_one(source, &mut routes, current);
    match first {
        Ok(state) => Ok(state),
        // A damaged blob can perhaps be avoided; if not, the first error says more.
        Err(error) => {
            let mut others = chain.alternatives(version).unwrap_or_default();
            load_one(source, &mut others, None).map_err(|_| error)
        }
    }
}

/// Loads by the first of the routes that leads there.
fn load_one(
    source: &dyn Source,
    routes: &mut Vec<Route>,
    current: Option<&ReadState>,
) -> Result<ReadState, SelectError> {
    let mut result = Err(SelectError::NotFound {
        what: "a way to the state".to_owned(),
        found: "none".to_owned(),
    });
    for route in routes.drain(..) {
        match load(source, &route, current, &Filter::default()) {
            Ok(state) => return Ok(state),
            Err(error) => {
                let error = match error {
                    LoadError::Decode { blob, source } => SelectError::Decode {
                        file: show::escaped(&blob),
                        source,
                    },
                    LoadError::Store(error) => SelectError::Store("cannot load the state".to_owned(), error),
                    other => SelectError::Store(
                        "cannot load the state".to_owned(),
                        StoreError::Unavailable {
                            what: "state".to_owned(),
                            cause: Box::new(other),
                        },
                    ),
                };
                if !matches!(result, Err(SelectError::Store(..) | SelectError::Decode { .. })) {
                    result = Err(error);
                }
            }
        }
    }
    result
}

/// Either side of looking for a version: a name that does not fit, or a store that fails.
enum Lookup {
    Name(SelectError),
    Store(StoreError),
}

impl Lookup {
    fn or(self, failed: impl Fn(StoreError) -> SelectError) -> SelectError {
        match self {
            Lookup::Name(error) => error,
            Lookup::Store(error) => failed(error),
        }
    }
}

fn find_version(chain: &mut Chain<'_>, digits: &str, selector: &Selector) -> Result<Version, Lookup> {
    if let Ok(exact) = digits.parse::<Version>() {
        while chain.links().last().is_none_or(|last| last.version > exact) && chain.extend().map_err(Lookup::Store)? {}
        if chain.links().iter().any(|link| link.version == exact) {
            return Ok(exact);
        }
    }
    chain.extend_to_end().map_err(Lookup::Store)?;
    let begins = |version: &Version| version.to_string().starts_with(digits);
    let found: Vec<Version> = chain.links().iter().map(|link| link.version).filter(begins).collect();
    match found.as_slice() {
        [only] => Ok(*only),
        [] => {
            let links = chain.links();
            let range = links.first().zip(links.last());
            Err(Lookup::Name(SelectError::NotFound {
                what: format!("version {digits} in {}", name_of(&selector.place)),
                found: range.map_or_else(
                    || "there are no versions".to_owned(),
                    |(newest, oldest)| format!("there are {} to {}", oldest.version, newest.version),
                ),
            }))
        }
        several => Err(Lookup::Name(SelectError::Ambiguous {
            prefix: digits.to_owned(),
            count: several.len(),
            some: several
                .iter()
                .take(3)
                .map(Version::to_string)
                .collect::<Vec<_>>()
                .join(", "),
        })),
    }
}
