//! Differences between the header tags of two states, and what they mean for the differences between the records.
//!
//! A derived data set says in its tags what it was derived from: `in.<dataset>` the version of each input,
//! `eval.instant` the time it was evaluated for, `policy.id` and `logic.version` the rules. Only if inputs and instant
//! are identical can a difference in the records come from the rules; with unequal inputs it must not be blamed on them.

use crate::show;
use std::collections::BTreeMap;
use std::fmt;

const INPUT: &str = "in.";
const INSTANT: &str = "eval.instant";
const POLICY: &str = "policy.id";
const LOGIC: &str = "logic.version";
const FOLLOWS: &str = "follows.version";

/// A header tag with its values; `None` where it is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The tag, or for an input the data set.
    pub name: String,
    /// A's value.
    pub a: Option<String>,
    /// B's value.
    pub b: Option<String>,
}

impl Tag {
    /// Whether both have the same value, or neither one.
    pub fn is_same(&self) -> bool {
        self.a == self.b
    }
}

/// The header tags of two states, compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagComparison {
    /// The tags that differ, by name.
    pub differences: Vec<Tag>,
    /// What the states were derived from; `None` if neither is a derived data set.
    pub derived: Option<Derivation>,
}

/// What two derived states were derived from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// The inputs of either, by data set.
    pub inputs: Vec<Tag>,
    /// The time evaluated for.
    pub instant: Tag,
    /// The rules.
    pub policy: Tag,
    /// The program that applied them.
    pub logic: Tag,
    /// The version of A that B follows or the other way round, with whether that is the state compared here.
    pub follows: Option<Follows>,
}

/// What a state that follows another says about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follows {
    /// The follower: "A" or "B".
    pub follower: crate::SideName,
    /// The version it followed.
    pub version: String,
    /// Whether that is the version of the other state; `None` if the other's version is not known.
    pub is_other: Option<bool>,
}

/// Compares the header tags of two states. Versions are those the states were published under, as text.
pub fn compare(
    a: &BTreeMap<String, String>,
    b: &BTreeMap<String, String>,
    versions: (Option<String>, Option<String>),
) -> TagComparison {
    let tag = |name: &str| Tag {
        name: name.to_owned(),
        a: a.get(name).cloned(),
        b: b.get(name).cloned(),
    };
    let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let differences = names
        .iter()
        .map(|name| tag(name))
        .filter(|tag| !tag.is_same())
        .collect();
    let inputs: Vec<Tag> = names
        .iter()
        .filter_map(|name| {
            Some(Tag {
                name: name.strip_prefix(INPUT)?.to_owned(),
                ..tag(name)
            })
        })
        .collect();
    let is_derived = !inputs.is_empty() || names.iter().any(|name| *name == INSTANT);
    let follows = || {
        let (follower, version, other) = match (a.get(FOLLOWS), b.get(FOLLOWS)) {
            (_, Some(version)) => (crate::SideName::B, version, &versions.0),
            (Some(version), None) => (crate::SideName::A, version, &versions.1),
            (None, None) => return None,
        };
        let is_other = other.as_ref().map(|other| other == version);
        Some(Follows {
            follower,
            version: version.clone(),
            is_other,
        })
    };
    let derived = is_derived.then(|| Derivation {
        inputs,
        instant: tag(INSTANT),
        policy: tag(POLICY),
        logic: tag(LOGIC),
        follows: follows(),
    });
    TagComparison { differences, derived }
}

impl Derivation {
    /// How many inputs both have at the same version.
    pub fn equal_inputs(&self) -> usize {
        self.inputs.iter().filter(|input| input.is_same()).count()
    }

    /// Whether both were evaluated over the same inputs for the same instant, so that a difference can only come from
    /// the rules. False if neither says when it was evaluated or from what.
    pub fn same_question(&self) -> bool {
        !self.inputs.is_empty()
            && self.equal_inputs() == self.inputs.len()
            && self.instant.is_same()
            && self.instant.a.is_some()
    }

    /// What a reader has to know before looking at differences: what they cannot be taken for.
    pub fn warning(&self, is_same: bool) -> Option<&'static str> {
        match (is_same, self.same_question(), self.same_rules()) {
            (true, ..) => None,
            (false, false, _) => Some("what differs below may come from the inputs, not from the rules"),
            (false, true, true) => Some("same inputs, same rules: the evaluation should have had the same result"),
            (false, true, false) => None,
        }
    }

    /// Whether both were evaluated by the same rules and program.
    pub fn same_rules(&self) -> bool {
        self.policy.is_same() && self.logic.is_same()
    }
}

/// The verdict in a line or a few: `inputs identical (6 of 6), instant identical`.
impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (equal, all) = (self.equal_inputs(), self.inputs.len());
        if all == 0 {
            write!(f, "inputs unknown")?;
        } else if equal == all {
            write!(f, "inputs identical ({equal} of {all})")?;
        } else {
            write!(f, "INPUTS DIFFER ({equal} of {all} identical)")?;
        }
        match (&self.instant.a, &self.instant.b) {
            (None, None) => write!(f, ", instant unknown")?,
            (a, b) if a == b => write!(f, ", instant identical")?,
            _ => write!(f, ", INSTANT DIFFERS")?,
        }
        for input in self.inputs.iter().filter(|input| !input.is_same()) {
            write!(
                f,
                "\n  input {}: {} in A, {} in B",
                show::name(&input.name),
                text(&input.a),
                text(&input.b)
            )?;
        }
        if !self.instant.is_same() {
            write!(
                f,
                "\n  instant: {} in A, {} in B",
                instant(&self.instant.a),
                instant(&self.instant.b)
            )?;
        }
        for (what, tag) in [("policy", &self.policy), ("logic", &self.logic)] {
            if !tag.is_same() {
                write!(f, "\n  {what}: {} in A, {} in B", text(&tag.a), text(&tag.b))?;
            }
        }
        if let Some(follows) = &self.follows {
            write!(
                f,
                "\n  {} follows version {}",
                follows.follower,
                show::name(&follows.version)
            )?;
            match follows.is_other {
                Some(true) => write!(f, ", the one compared here")?,
                Some(false) => write!(f, ", NOT the one compared here")?,
                None => {}
            }
        }
        Ok(())
    }
}

/// A tag's value, or what stands for none.
pub(crate) fn text(value: &Option<String>) -> String {
    value.as_deref().map_or_else(|| "not set".to_owned(), show::name)
}

fn instant(value: &Option<String>) -> String {
    let meaning = value.as_ref().and_then(|millis| show::moment(millis.parse().ok()?));
    match meaning {
        Some(meaning) => format!("{} ({meaning})", text(value)),
        None => text(value),
    }
}
