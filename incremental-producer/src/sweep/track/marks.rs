//! Marks: how sweeps begin, and how they end.

use super::{Active, MOST_ACTIVE, MOST_TAG_BYTES, SweepEvent, Sweeps};
use crate::message::shorten;
use crate::sweep::range::KeyRange;
use crate::sweep::seen::KeyHash;
use crate::sweep::tags::{ActiveSweep, LastSweep, SweepOutcome};
use crate::sweep::{MarkError, MarkKind, SweepMark};
use crate::{Codec, Offsets};
use hollow::record::KeyValue;
use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

impl Sweeps {
    /// A mark. Gives back the id of the sweep if that is complete now: it is to be settled at once.
    ///
    /// # Errors
    /// [`MarkError`] if the mark means nothing.
    pub(crate) fn mark(
        &mut self,
        codec: &Codec,
        (partition, offset): (i32, i64),
        partitions: usize,
        (meant_for, mark): (i32, &SweepMark),
    ) -> Result<Option<String>, MarkError> {
        let keys = KeyRange::of(codec, &mark.range)?;
        if meant_for != partition {
            return Err(MarkError::new(format!(
                "it is meant for another partition, partition={partition} meant for={meant_for}"
            )));
        }
        let heeded = match mark.mark {
            MarkKind::Begin => self.begin(partition, offset, mark, keys),
            MarkKind::End => self.end(partition, offset, mark),
        };
        match heeded {
            Ok(index) => {
                let tag = &self.active[index].tag;
                if tag.partitions != mark.partitions || tag.range != mark.range {
                    self.give_up(index, "its marks do not agree".to_owned());
                } else if usize::try_from(mark.partitions) != Ok(partitions) {
                    let reason = format!(
                        "its marks speak of another number of partitions, marks={} topic={partitions}",
                        mark.partitions
                    );
                    self.give_up(index, reason);
                }
            }
            Err(reason) => self.events.push(SweepEvent::Ignored {
                id: mark.sweep.clone(),
                partition,
                offset,
                reason,
            }),
        }
        self.retire();
        self.fit_the_tag();
        let complete = self.active.iter().find(|sweep| sweep.is_complete());
        Ok(complete.map(|sweep| sweep.tag.id.clone()))
    }

    fn begin(&mut self, partition: i32, offset: i64, mark: &SweepMark, keys: KeyRange) -> Result<usize, String> {
        let found = self.active.iter().position(|sweep| sweep.tag.id == mark.sweep);
        if found.is_some_and(|index| self.active[index].tag.begun.get(partition).is_some()) {
            return Err("the sweep has begun in this partition before".to_owned());
        }
        let over = self.last.as_ref().filter(|last| last.id == mark.sweep);
        if found.is_none() && over.is_some_and(|last| last.outcome != SweepOutcome::GivenUp) {
            return Err("a sweep of this id is over".to_owned());
        }
        let given_up = over.and_then(|last| last.reason.clone());
        for index in 0..self.active.len() {
            if self.active[index].is_open(partition) {
                self.active[index].tag.ended.set(partition, offset);
                let reason = format!(
                    "another sweep began before it ended, id={:?} partition={partition} offset={offset}",
                    mark.sweep
                );
                self.give_up(index, reason);
            }
        }
        let index = match found {
            Some(index) => index,
            None => {
                if self.active.len() >= MOST_ACTIVE {
                    self.give_up(
                        0,
                        format!("{MOST_ACTIVE} later sweeps began before it ended everywhere"),
                    );
                    self.active.remove(0);
                }
                if given_up.is_none() {
                    self.events.push(SweepEvent::Begun { id: mark.sweep.clone() });
                }
                self.active.push(Active {
                    tag: ActiveSweep {
                        id: mark.sweep.clone(),
                        partitions: mark.partitions,
                        range: mark.range.clone(),
                        begun: Offsets::new(),
                        ended: Offsets::new(),
                        seen: 0,
                        late: 0,
                        given_up,
                    },
                    keys,
                    unread: BTreeSet::new(),
                });
                self.active.len() - 1
            }
        };
        self.active[index].tag.begun.set(partition, offset);
        Ok(index)
    }

    fn end(&mut self, partition: i32, offset: i64, mark: &SweepMark) -> Result<usize, String> {
        let found = self.active.iter().position(|sweep| sweep.tag.id == mark.sweep);
        let index = found.ok_or("the sweep has not begun, or is over")?;
        let sweep = &mut self.active[index];
        if sweep.tag.begun.get(partition).is_none() {
            return Err("the sweep has not begun in this partition".to_owned());
        }
        if !sweep.is_open(partition) {
            return Err("the sweep is over in this partition".to_owned());
        }
        sweep.tag.ended.set(partition, offset);
        Ok(index)
    }

    /// Gives the oldest sweeps up until the others can be written down: a header tag has at most 65,535 bytes.
    fn fit_the_tag(&mut self) {
        while self.active.iter().map(Active::tag_bytes).sum::<usize>() > MOST_TAG_BYTES {
            self.give_up(
                0,
                "its marks in all partitions are more than a header tag can hold".to_owned(),
            );
            self.active.remove(0);
        }
    }

    /// Whether a complete sweep did not show this key.
    pub(crate) fn is_unseen(&self, id: &str, key: &[KeyValue]) -> bool {
        self.active.iter().any(|sweep| {
            sweep.tag.id == id && sweep.keys.contains(key) && !sweep.has_seen(&self.seen, KeyHash::of(key))
        })
    }

    /// How many of its records a complete sweep may leave unseen.
    pub(crate) fn most_unseen(&self, id: &str) -> u64 {
        let sweep = self.active.iter().find(|sweep| sweep.tag.id == id);
        sweep.map_or(0, |sweep| self.most_removed.most_beside(sweep.tag.seen))
    }

    /// Settles a complete sweep that did not show this many records: whether they are to be removed.
    pub(crate) fn settle(&mut self, id: &str, unseen: u64) -> bool {
        let Some(index) = self.active.iter().position(|sweep| sweep.tag.id == id) else {
            return false;
        };
        let tag = self.active.remove(index).tag;
        // What changed behind the end mark counts as it was at the mark, however far other partitions were then.
        let all_unseen = unseen.saturating_add(tag.late);
        let all = all_unseen.saturating_add(tag.seen);
        if self.most_removed.allows(all_unseen, all) {
            self.over(&tag, SweepOutcome::Complete, unseen, all_unseen, None);
            return true;
        }
        let reason = format!(
            "it would remove {all_unseen} of {all} records, more than most_removed={}; if they are to go, raise \
             `most_removed` in [dataset.sweep], start again, and ask for another sweep",
            self.most_removed
        );
        self.over(&tag, SweepOutcome::Refused, 0, all_unseen, Some(reason));
        false
    }

    pub(super) fn give_up(&mut self, index: usize, reason: String) {
        let Some(sweep) = self.active.get_mut(index).filter(|sweep| sweep.is_alive()) else {
            return;
        };
        let reason = shorten(&reason, 500);
        sweep.tag.given_up = Some(reason.clone());
        sweep.unread.clear();
        let tag = sweep.tag.clone();
        self.over(&tag, SweepOutcome::GivenUp, 0, 0, Some(reason));
    }

    /// Lets go of sweeps that were given up, once nothing is between their marks anywhere.
    pub(super) fn retire(&mut self) {
        self.active.retain(|sweep| sweep.is_alive() || sweep.has_open());
    }

    pub(super) fn over(
        &mut self,
        tag: &ActiveSweep,
        outcome: SweepOutcome,
        removed: u64,
        unseen: u64,
        reason: Option<String>,
    ) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let last = LastSweep {
            id: tag.id.clone(),
            outcome,
            at: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
            removed,
            unseen,
            seen: tag.seen,
            reason,
        };
        self.last = Some(last.clone());
        self.events.push(SweepEvent::Over(last));
    }
}
