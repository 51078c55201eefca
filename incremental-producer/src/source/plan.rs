//! From where a cycle reads, given where the published state ends and what the log looks like; or why it must not.
//!
//! | seen | meaning | done |
//! |---|---|---|
//! | offset within the log | it goes on | read from there |
//! | a partition the state does not know | the topic grew | halt: keys may have moved |
//! | first offset above ours | retention removed what was never folded | halt: data is lost |
//! | another topic, topic id or log, end below ours | the log started anew | by [`NewLog`]: halt, or start a generation |
//! | fewer partitions than the state knows | not something a log does | halt |
//!
//! The second and third are for a person to allow, once ([`Policy`]). A topic that grew is read from its beginning in the new
//! partitions then, in no order with the old ones: where writers placed a key anew, an older message may be folded after a
//! newer one. What makes that right is a sweep that begins after everything is folded. A gap that was accepted stands in
//! the header tags of all states after it.
//!
//! A topic that was deleted and created again on the same cluster has another id, however long it has become. A state that
//! was made before ids were noted takes the one it finds with the next version. Brokers before 2.8 give no ids: there a
//! topic that was created again shows only as long as it is shorter than it was.

use crate::Offsets;
use crate::source::LogView;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// How far a state has folded a log. Published in the header tags of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPosition {
    /// The topic.
    pub topic: String,
    /// The identity of the log.
    pub log: String,
    /// The id that the brokers gave the topic; none if they give none, or the state was made before ids were noted.
    pub topic_id: Option<String>,
    /// How often the log has started anew.
    pub generation: u64,
    /// The next offset to read, per partition.
    pub offsets: Offsets,
    /// What was lost, and a person went on without: the newest last, at most [`MOST_GAPS`].
    pub gaps: Vec<Gap>,
}

/// How many gaps are remembered.
pub const MOST_GAPS: usize = 20;

/// Offsets that were removed from a log before they were folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The partition.
    pub partition: i32,
    /// The first offset that was lost.
    pub from: i64,
    /// The offset at which reading went on.
    pub to: i64,
    /// When that was, in milliseconds since 1970.
    pub at: u64,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}-{}@{}", self.partition, self.from, self.to, self.at)
    }
}

impl FromStr for Gap {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts = || {
            let (place, at) = text.split_once('@')?;
            let (partition, range) = place.split_once(':')?;
            let (from, to) = range.split_once('-')?;
            Some(Self {
                partition: partition.parse().ok()?,
                from: from.parse().ok()?,
                to: to.parse().ok()?,
                at: at.parse().ok()?,
            })
        };
        parts().ok_or(())
    }
}

const TOPIC: &str = "kafka.topic";
const LOG: &str = "kafka.log";
const TOPIC_ID: &str = "kafka.topic-id";
const GENERATION: &str = "kafka.generation";
const OFFSETS: &str = "kafka.offsets";
const GAPS: &str = "kafka.gaps";

/// Header tags that do not say how far a log was folded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the state's header tags do not say how far the log was folded, tag={tag} value={value:?}; \
     the state was not made by this program, or not with this topic"
)]
pub struct TagError {
    /// The tag that is missing or wrong.
    pub tag: &'static str,
    /// Its value.
    pub value: Option<String>,
}

impl LogPosition {
    /// The header tags that say this.
    pub fn tags(&self) -> Vec<(&'static str, String)> {
        let mut tags = vec![
            (TOPIC, self.topic.clone()),
            (LOG, self.log.clone()),
            (GENERATION, self.generation.to_string()),
            (OFFSETS, self.offsets.to_string()),
        ];
        if let Some(id) = &self.topic_id {
            tags.push((TOPIC_ID, id.clone()));
        }
        if !self.gaps.is_empty() {
            let gaps: Vec<String> = self.gaps.iter().map(Gap::to_string).collect();
            tags.push((GAPS, gaps.join(",")));
        }
        tags
    }

    /// What the header tags of a state say; none if they do not speak of a log at all.
    ///
    /// # Errors
    /// [`TagError`] if only some of the tags are there, or one makes no sense.
    pub fn from_tags(tags: &BTreeMap<String, String>) -> Result<Option<Self>, TagError> {
        if [TOPIC, LOG, GENERATION, OFFSETS]
            .iter()
            .all(|tag| !tags.contains_key(*tag))
        {
            return Ok(None);
        }
        let wrong = |tag| TagError {
            tag,
            value: tags.get(tag).cloned(),
        };
        let text = |tag| tags.get(tag).ok_or_else(|| wrong(tag));
        Ok(Some(Self {
            topic: text(TOPIC)?.clone(),
            log: text(LOG)?.clone(),
            topic_id: tags.get(TOPIC_ID).cloned(),
            generation: text(GENERATION)?.parse().map_err(|_| wrong(GENERATION))?,
            offsets: text(OFFSETS)?.parse().map_err(|_| wrong(OFFSETS))?,
            gaps: match tags.get(GAPS) {
                None => Vec::new(),
                Some(gaps) => {
                    let gaps: Result<Vec<Gap>, ()> = gaps.split(',').map(str::parse).collect();
                    gaps.map_err(|()| wrong(GAPS))?
                }
            },
        }))
    }

    /// Whether both are of one log in one generation, as far as can be known.
    pub(crate) fn is_of_log(&self, other: &Self) -> bool {
        (&self.topic, &self.log, self.generation) == (&other.topic, &other.log, other.generation)
            && !differ(&self.topic_id, &other.topic_id)
    }
}

/// Whether two ids of topics are known to differ.
fn differ(one: &Option<String>, other: &Option<String>) -> bool {
    one.is_some() && other.is_some() && one != other
}

/// What to do when the log started anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NewLog {
    /// Stop, for a person to look.
    #[default]
    Halt,
    /// Read the new log from its beginning, onto the records that are there, and count a generation. Right where sources
    /// sweep everything into a new log. Records deleted while there was no log stay until a sweep deletes them.
    StartGeneration,
}

/// What a person allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// What to do when the log started anew.
    pub new_log: NewLog,
    /// Go on behind what was lost. For one time only: see to that.
    pub accept_gap: bool,
    /// Go on with partitions that were added. For one time only, too.
    pub accept_repartition: bool,
    /// The time, in milliseconds since 1970, for gaps that are accepted.
    pub now: u64,
}

impl From<NewLog> for Policy {
    fn from(new_log: NewLog) -> Self {
        Self {
            new_log,
            ..Self::default()
        }
    }
}

/// Something no program should decide. Folding stops until a person has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Halt {
    /// Messages were removed before they were folded.
    #[error(
        "DATA LOST: messages were removed from the log before they were folded, topic={topic} partition={partition} \
         expected offset={expected} low watermark={low}; {lost} offsets are gone. Raise the topic's retention, start \
         once with `--accept-gap` and the dataset's name to go on behind them, and let the sources sweep everything into \
         the topic: until then the records of those messages are old or missing"
    )]
    Gap {
        /// The topic.
        topic: String,
        /// The partition.
        partition: i32,
        /// The offset to be read next.
        expected: i64,
        /// The first offset that is still there.
        low: i64,
        /// How many offsets lie between.
        lost: i64,
    },
    /// The log is another one than the state was folded from.
    #[error(
        "the log started anew ({evidence}), topic={topic}. If that is meant, let the sources sweep everything into the \
         topic and set `new_log = \"start-generation\"` to read it from its beginning; otherwise point the dataset at the \
         log it was folded from"
    )]
    AnotherLog {
        /// The topic.
        topic: String,
        /// How it was noticed.
        evidence: String,
    },
    /// Partitions were added, so that keys may lie in other partitions than before.
    #[error(
        "the topic has more partitions than were folded, topic={topic} partitions={found} added={added:?}. Writers may place \
         keys in other partitions than before, and messages of one key in two partitions have no order. See that all \
         writers know the new partitions, start once with `--accept-repartition` and the dataset's name, and when nothing \
         is left to fold let the sources sweep everything into the topic"
    )]
    Repartitioned {
        /// The topic.
        topic: String,
        /// How many there are.
        found: usize,
        /// Those that were never folded.
        added: Vec<i32>,
    },
    /// Partitions are gone.
    #[error(
        "the topic has fewer partitions than were folded, topic={topic} partitions={found} missing={missing:?}. Kafka never \
         removes partitions: the topic was probably deleted and created again; see `new_log`"
    )]
    PartitionsGone {
        /// The topic.
        topic: String,
        /// How many there are.
        found: usize,
        /// Those that are not.
        missing: Vec<i32>,
    },
}

/// What a cycle reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Where it begins; its offsets name every partition.
    pub start: LogPosition,
    /// Where it ends.
    pub cut: Offsets,
    /// Why a generation was started, if one was.
    pub started_anew: Option<String>,
}

impl Plan {
    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.start.offsets == self.cut
    }
}

/// Decides what to read. `position` is where the folding stands; none if nothing was ever folded.
///
/// # Errors
/// [`Halt`].
pub fn plan(
    topic: &str,
    position: Option<&LogPosition>,
    view: &LogView,
    policy: impl Into<Policy>,
) -> Result<Plan, Halt> {
    let policy = policy.into();
    let cut: Offsets = view
        .partitions
        .iter()
        .map(|(&partition, range)| (partition, range.end))
        .collect();
    let beginning = |generation, started_anew| Plan {
        start: LogPosition {
            topic: topic.to_owned(),
            log: view.log.clone(),
            topic_id: view.topic_id.clone(),
            generation,
            offsets: view
                .partitions
                .iter()
                .map(|(&partition, range)| (partition, range.start))
                .collect(),
            gaps: position.map_or_else(Vec::new, |position| position.gaps.clone()),
        },
        cut: cut.clone(),
        started_anew,
    };
    let Some(position) = position else {
        return Ok(beginning(0, None));
    };
    if let Some(evidence) = started_anew(topic, position, view) {
        return match policy.new_log {
            NewLog::StartGeneration => Ok(beginning(position.generation.saturating_add(1), Some(evidence))),
            NewLog::Halt => Err(Halt::AnotherLog {
                topic: topic.to_owned(),
                evidence,
            }),
        };
    }
    let known = position.offsets.iter().map(|(partition, _)| partition);
    let missing: Vec<i32> = known
        .filter(|partition| !view.partitions.contains_key(partition))
        .collect();
    if !missing.is_empty() {
        return Err(Halt::PartitionsGone {
            topic: topic.to_owned(),
            found: view.partitions.len(),
            missing,
        });
    }
    let added = view.partitions.keys().copied();
    let added: Vec<i32> = added
        .filter(|partition| position.offsets.get(*partition).is_none())
        .collect();
    if !added.is_empty() && !policy.accept_repartition {
        return Err(Halt::Repartitioned {
            topic: topic.to_owned(),
            found: view.partitions.len(),
            added,
        });
    }
    let (mut offsets, mut gaps) = (Offsets::new(), position.gaps.clone());
    for (&partition, range) in &view.partitions {
        let mut expected = position.offsets.get(partition).unwrap_or(0);
        if range.start > expected && policy.accept_gap {
            gaps.push(Gap {
                partition,
                from: expected,
                to: range.start,
                at: policy.now,
            });
            expected = range.start;
        }
        if range.start > expected {
            return Err(Halt::Gap {
                topic: topic.to_owned(),
                partition,
                expected,
                low: range.start,
                lost: range.start - expected,
            });
        }
        offsets.set(partition, expected);
    }
    gaps.drain(..gaps.len().saturating_sub(MOST_GAPS));
    Ok(Plan {
        start: LogPosition {
            topic_id: position.topic_id.clone().or_else(|| view.topic_id.clone()),
            offsets,
            gaps,
            ..position.clone()
        },
        cut,
        started_anew: None,
    })
}

/// How it shows that the log is another one than the position speaks of.
fn started_anew(topic: &str, position: &LogPosition, view: &LogView) -> Option<String> {
    if position.topic != topic {
        return Some(format!("the state was folded from topic={}", position.topic));
    }
    if position.log != view.log {
        return Some(format!(
            "the state was folded from log={}, this is log={}",
            position.log, view.log
        ));
    }
    if let (Some(folded), Some(found)) = (&position.topic_id, &view.topic_id)
        && folded != found
    {
        return Some(format!(
            "the topic was deleted and created again: the state was folded from topic id={folded}, this is id={found}"
        ));
    }
    view.partitions.iter().find_map(|(&partition, range)| {
        let folded = position.offsets.get(partition)?;
        (range.end < folded).then(|| {
            format!(
                "partition={partition} ends at offset={}, folded up to {folded}",
                range.end
            )
        })
    })
}

#[cfg(test)]
mod tests;
