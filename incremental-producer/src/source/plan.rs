//! From where a cycle reads, given where the published state ends and what the log looks like; or why it must not.
//!
//! | seen | meaning | done |
//! |---|---|---|
//! | offset within the log | it goes on | read from there |
//! | a partition the state does not know | the topic grew | read from its beginning |
//! | first offset above ours | retention removed what was never folded | halt: data is lost |
//! | end below ours, another log, another topic | the log started anew | by [`NewLog`]: halt, or start a generation |
//! | fewer partitions than the state knows | not something a log does | halt |
//!
//! A topic that was deleted and created again on the same cluster shows only once it is shorter than it was: name such a
//! log with another `log` id.

use crate::Offsets;
use crate::source::LogView;
use std::collections::BTreeMap;

/// How far a state has folded a log. Published in the header tags of the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPosition {
    /// The topic.
    pub topic: String,
    /// The identity of the log.
    pub log: String,
    /// How often the log has started anew.
    pub generation: u64,
    /// The next offset to read, per partition.
    pub offsets: Offsets,
}

const TOPIC: &str = "kafka.topic";
const LOG: &str = "kafka.log";
const GENERATION: &str = "kafka.generation";
const OFFSETS: &str = "kafka.offsets";

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
    pub fn tags(&self) -> [(&'static str, String); 4] {
        [
            (TOPIC, self.topic.clone()),
            (LOG, self.log.clone()),
            (GENERATION, self.generation.to_string()),
            (OFFSETS, self.offsets.to_string()),
        ]
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
            generation: text(GENERATION)?.parse().map_err(|_| wrong(GENERATION))?,
            offsets: text(OFFSETS)?.parse().map_err(|_| wrong(OFFSETS))?,
        }))
    }
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

/// Something no program should decide. Folding stops until a person has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Halt {
    /// Messages were removed before they were folded.
    #[error(
        "DATA LOST: messages were removed from the log before they were folded, topic={topic} partition={partition} \
         expected offset={expected} low watermark={low}; {lost} offsets are gone. Raise the topic's retention, let the \
         sources sweep everything into the topic, then set another `log` with `new_log = \"start-generation\"` to read the \
         log from its beginning"
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
pub fn plan(topic: &str, position: Option<&LogPosition>, view: &LogView, policy: NewLog) -> Result<Plan, Halt> {
    let cut: Offsets = view
        .partitions
        .iter()
        .map(|(&partition, range)| (partition, range.end))
        .collect();
    let beginning = |generation, started_anew| Plan {
        start: LogPosition {
            topic: topic.to_owned(),
            log: view.log.clone(),
            generation,
            offsets: view
                .partitions
                .iter()
                .map(|(&partition, range)| (partition, range.start))
                .collect(),
        },
        cut: cut.clone(),
        started_anew,
    };
    let Some(position) = position else {
        return Ok(beginning(0, None));
    };
    if let Some(evidence) = started_anew(topic, position, view) {
        return match policy {
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
    let mut offsets = Offsets::new();
    for (&partition, range) in &view.partitions {
        let expected = position.offsets.get(partition).unwrap_or(0);
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
    Ok(Plan {
        start: LogPosition {
            offsets,
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
mod tests {
    use super::*;

    /// A log whose partitions have these first offsets and ends.
    fn view(log: &str, ranges: &[(i64, i64)]) -> LogView {
        LogView {
            log: log.into(),
            partitions: (0..).zip(ranges.iter().map(|&(low, high)| low..high)).collect(),
        }
    }

    fn position(offsets: &[(i32, i64)]) -> LogPosition {
        LogPosition {
            topic: "t".into(),
            log: "one".into(),
            generation: 3,
            offsets: offsets.iter().copied().collect(),
        }
    }

    fn planned(offsets: &[(i32, i64)], view: &LogView, policy: NewLog) -> Result<Plan, Halt> {
        plan("t", Some(&position(offsets)), view, policy)
    }

    #[test]
    fn the_first_cycle_reads_what_the_log_still_has() {
        let plan = plan("t", None, &view("one", &[(5, 9), (0, 2)]), NewLog::Halt).expect("a plan");
        assert_eq!(plan.start.offsets.to_string(), "0:5,1:0");
        assert_eq!(plan.cut.to_string(), "0:9,1:2");
        assert_eq!((plan.start.generation, plan.start.log.as_str()), (0, "one"));
    }

    #[test]
    fn later_cycles_go_on_and_new_partitions_begin_at_the_beginning() {
        let plan = planned(&[(0, 7)], &view("one", &[(5, 9), (0, 2)]), NewLog::Halt).expect("a plan");
        assert_eq!(plan.start, position(&[(0, 7), (1, 0)]));
        assert!(!plan.is_empty());
        assert!(
            planned(&[(0, 9)], &view("one", &[(9, 9)]), NewLog::Halt)
                .expect("a plan")
                .is_empty()
        );
    }

    #[test]
    fn lost_messages_halt_whatever_the_policy() {
        for policy in [NewLog::Halt, NewLog::StartGeneration] {
            let halt = planned(&[(0, 7), (1, 3)], &view("one", &[(7, 9), (5, 9)]), policy).expect_err("a gap");
            let text = halt.to_string();
            assert!(
                text.contains("topic=t partition=1 expected offset=3 low watermark=5; 2 offsets are gone"),
                "{text}"
            );
        }
        // A partition that appears is read from offset 0, and must still have it.
        assert!(matches!(
            planned(&[(0, 7)], &view("one", &[(7, 9), (2, 9)]), NewLog::Halt),
            Err(Halt::Gap {
                partition: 1,
                expected: 0,
                low: 2,
                ..
            })
        ));
    }

    #[test]
    fn a_log_that_started_anew_halts_or_starts_a_generation() {
        for (offsets, view) in [
            (vec![(0, 7)], view("two", &[(0, 9)])),
            (vec![(0, 7)], view("one", &[(0, 6)])),
            (vec![(0, 7), (1, 7)], view("two", &[(0, 9)])),
        ] {
            assert!(matches!(
                planned(&offsets, &view, NewLog::Halt),
                Err(Halt::AnotherLog { .. })
            ));
            let plan = planned(&offsets, &view, NewLog::StartGeneration).expect("a plan");
            assert_eq!((plan.start.generation, plan.start.log.as_str()), (4, view.log.as_str()));
            assert_eq!(plan.start.offsets.to_string(), "0:0");
            assert!(plan.started_anew.is_some());
        }
        let other_topic = plan("u", Some(&position(&[(0, 1)])), &view("one", &[(0, 9)]), NewLog::Halt);
        assert!(matches!(other_topic, Err(Halt::AnotherLog { .. })));
    }

    #[test]
    fn partitions_never_go() {
        let halt = planned(&[(0, 1), (1, 1)], &view("one", &[(0, 9)]), NewLog::StartGeneration);
        assert!(matches!(halt, Err(Halt::PartitionsGone { found: 1, missing, .. }) if missing == [1]));
    }

    #[test]
    fn a_position_is_its_tags() {
        let position = position(&[(0, 7), (1, 3)]);
        let tags: BTreeMap<String, String> = position.tags().map(|(tag, value)| (tag.to_owned(), value)).into();
        assert_eq!(tags["kafka.offsets"], "0:7,1:3");
        assert_eq!(tags["kafka.generation"], "3");
        assert_eq!(LogPosition::from_tags(&tags), Ok(Some(position)));
        assert_eq!(LogPosition::from_tags(&BTreeMap::new()), Ok(None));
        for tag in tags.keys() {
            let mut fewer = tags.clone();
            fewer.remove(tag);
            assert!(LogPosition::from_tags(&fewer).is_err(), "{tag}");
        }
    }
}
