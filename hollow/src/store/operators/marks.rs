//! Versions that people found to be bad.

use super::{Document, check_text};
use crate::Version;
use crate::store::manifest::parse;
use crate::store::route::Chain;
use crate::store::{LinkRef, Register, SCHEMA, Source, StoreError};
use serde::{Deserialize, Serialize};

/// More marks than a history needs: one that covers older ones takes their place.
const MAX_MARKS: usize = 50;

/// What somebody found a range of versions to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The first version.
    pub from: Version,
    /// The last version.
    pub to: Version,
    /// What they are.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// Who said so.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub marked_at: u64,
}

/// What a version is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Its data is wrong, and that of versions that continue it.
    Bad,
    /// Its data is right: it was marked by mistake, or repairs what was wrong before it.
    Good,
}

impl Mark {
    fn covers(&self, version: Version) -> bool {
        self.from <= version && version <= self.to
    }
}

/// All marks of a dataset, the last one last. Of two that cover a version the later one counts.
///
/// Marks are for people and for the tools they use: taking back a pin is refused while the announced version is bad or
/// descends from a bad one ([`bad_ancestor`]). Consumers do not read them: what holds a consumer off a bad version is a
/// pin, also at a start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks(Vec<Mark>);

#[derive(Serialize, Deserialize)]
struct Form {
    schema: u32,
    marks: Vec<Mark>,
}

impl Document for Marks {
    const REGISTER: Register = Register::Marks;

    fn parse(bytes: &[u8]) -> Result<Self, StoreError> {
        let form: Form = parse("marks", bytes)?;
        Ok(Self(form.marks))
    }

    fn to_json(&self) -> Vec<u8> {
        let form = Form {
            schema: SCHEMA,
            marks: self.0.clone(),
        };
        serde_json::to_vec(&form).expect("marks are plain data")
    }
}

impl Marks {
    /// All marks, in the order in which they were made.
    pub fn all(&self) -> &[Mark] {
        &self.0
    }

    /// The mark that counts for a version.
    pub fn of(&self, version: Version) -> Option<&Mark> {
        self.0.iter().rfind(|mark| mark.covers(version))
    }

    /// Whether a version itself is marked as bad.
    pub fn is_bad(&self, version: Version) -> bool {
        self.of(version).is_some_and(|mark| mark.verdict == Verdict::Bad)
    }

    /// Adds a mark. Those that it covers are forgotten.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the range or the texts are none, or there are too many marks.
    pub fn add(&mut self, mark: Mark) -> Result<(), StoreError> {
        check_text("reason of a mark", &mark.reason)?;
        check_text("name of a person", &mark.by)?;
        if mark.from > mark.to {
            return Err(StoreError::Invalid {
                what: "range of versions",
                expected: "the first version before the last: FROM..TO",
                found: format!("{}..{}", mark.from, mark.to),
            });
        }
        self.0.retain(|old| !(mark.from <= old.from && old.to <= mark.to));
        if self.0.len() >= MAX_MARKS {
            return Err(StoreError::Invalid {
                what: "number of marks",
                expected: "at most 50: cover several by one range",
                found: self.0.len().to_string(),
            });
        }
        self.0.push(mark);
        Ok(())
    }
}

/// The version marked as bad that `head` is or descends from, unless one between the two is marked as good.
///
/// Walks the chain back to the first version that has a mark. Where older versions were removed nobody can tell any more
/// whether a bad one was among them: a bad mark there counts.
///
/// # Errors
/// [`StoreError`] if the chain cannot be read.
pub fn bad_ancestor(source: &dyn Source, head: LinkRef, marks: &Marks) -> Result<Option<(Version, Mark)>, StoreError> {
    let judged = |version: Version| marks.of(version).map(|mark| (version, mark.clone()));
    let Some(oldest) = marks.0.iter().map(|mark| mark.from).min() else {
        return Ok(None);
    };
    let mut chain = Chain::new(source, Some(head));
    while chain.extend()? {
        let Some(link) = chain.links().last() else { break };
        if let Some((version, mark)) = judged(link.version) {
            return Ok((mark.verdict == Verdict::Bad).then_some((version, mark)));
        }
        if link.version < oldest {
            return Ok(None);
        }
    }
    // What the last one that is there continued, and what that may have continued.
    let Some(removed) = chain.links().last().and_then(|link| link.previous) else {
        return Ok(None);
    };
    let ends = marks.0.iter().map(|mark| mark.to.min(removed.version));
    let newest = ends.filter_map(judged).max_by_key(|(version, _)| *version);
    Ok(newest.filter(|(_, mark)| mark.verdict == Verdict::Bad))
}
