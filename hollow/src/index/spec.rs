//! What is to be indexed.

use crate::schema::SchemaError;

/// Declares an index: its name, the type it finds records of, and by what.
///
/// It is plain data, to be given to a consumer or a state; whether types and fields exist shows when it meets a state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IndexSpec {
    pub(super) name: String,
    pub(super) type_name: String,
    pub(super) by: By,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum By {
    PrimaryKey,
    Key(Vec<String>),
    Hash {
        paths: Vec<String>,
        select: Option<String>,
        max_entries: Option<u64>,
    },
    Sorted(String),
}

impl By {
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::PrimaryKey | Self::Key(_) => "unique key",
            Self::Hash { .. } => "hash",
            Self::Sorted(_) => "sorted",
        }
    }
}

impl IndexSpec {
    /// A [`UniqueKey`](super::UniqueKey) on the primary key of a type. Its name is that of the type.
    pub fn primary_key(type_name: &str) -> Self {
        Self {
            name: type_name.to_owned(),
            type_name: type_name.to_owned(),
            by: By::PrimaryKey,
        }
    }

    /// A [`UniqueKey`](super::UniqueKey) on these paths. Its name is made of type and paths: `Movie(id)`.
    pub fn unique_key(type_name: &str, paths: &[&str]) -> Self {
        let paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
        Self {
            name: format!("{type_name}({})", paths.join(",")),
            type_name: type_name.to_owned(),
            by: By::Key(paths),
        }
    }

    /// A [`HashIndex`](super::HashIndex) on these paths. Its name is made of type and paths:
    /// `Movie(cast.element.person.id)`.
    pub fn hash(type_name: &str, paths: &[&str]) -> Self {
        let paths: Vec<String> = paths.iter().map(|&path| path.to_owned()).collect();
        Self {
            name: format!("{type_name}({})", paths.join(",")),
            type_name: type_name.to_owned(),
            by: By::Hash {
                paths,
                select: None,
                max_entries: None,
            },
        }
    }

    /// A [`SortedIndex`](super::SortedIndex) on a path. Its name is made of type and path: `Movie(title)`.
    pub fn sorted(type_name: &str, path: &str) -> Self {
        Self {
            name: format!("{type_name}({path})"),
            type_name: type_name.to_owned(),
            by: By::Sorted(path.to_owned()),
        }
    }

    /// For a hash index: which record [`find_selected`](super::HashIndex::find_selected) gives, as a path from the type
    /// (`cast.element`). Does nothing to other indexes.
    pub fn select(mut self, path: &str) -> Self {
        if let By::Hash { select, .. } = &mut self.by {
            *select = Some(path.to_owned());
        }
        self
    }

    /// For a hash index: how many values all records together may lead to before the index is refused, in place of 256
    /// for each record but at least 2^20. It bounds the memory that a few bytes of malicious data can demand: each
    /// takes four bytes and a few nanoseconds. Does nothing to other indexes.
    pub fn max_entries(mut self, number: u64) -> Self {
        if let By::Hash { max_entries, .. } = &mut self.by {
            *max_entries = Some(number);
        }
        self
    }

    /// The same index under another name. Of two indexes of a state with the same name the later one counts.
    pub fn named(self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self
        }
    }

    /// The name by which a state is asked for the index.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type whose records are found.
    pub fn type_name(&self) -> &str {
        &self.type_name
    }
}

/// Why a state does not have an index.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// No index of this name was declared for the state.
    #[error("no index is declared by the name={name}; declared are {}", .declared.join(", "))]
    Undeclared {
        /// The name asked for.
        name: String,
        /// The names there are.
        declared: Vec<String>,
    },
    /// The index of this name is of another kind.
    #[error("expected index={name} to be a {expected} index, found a {found} index")]
    OtherKind {
        /// The name asked for.
        name: String,
        /// What was asked for.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// The state has no such type, or a path leads nowhere. The state may be filtered, or its schemas may be older or
    /// newer than the program; the next snapshot may have them.
    #[error("index={name} cannot be made of the types of this state")]
    Unbound {
        /// The index.
        name: String,
        /// What is missing.
        #[source]
        source: SchemaError,
    },
    /// Records lead to more values than the index may have.
    #[error(
        "index={name} would have too many entries: records lead to more values than is allowed (see IndexSpec::max_entries)"
    )]
    TooManyEntries {
        /// The index.
        name: String,
    },
}

/// Why an index cannot be made, whatever its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refusal {
    Schema(SchemaError),
    TooMany,
}

impl Refusal {
    pub(super) fn of(self, name: &str) -> IndexError {
        let name = name.to_owned();
        match self {
            Self::Schema(source) => IndexError::Unbound { name, source },
            Self::TooMany => IndexError::TooManyEntries { name },
        }
    }
}

impl From<SchemaError> for Refusal {
    fn from(error: SchemaError) -> Self {
        Self::Schema(error)
    }
}
