//! One message: what it means, and what becomes of it.

use super::pending::Pending;
use crate::dead_letter::{Caps, DeadLetters};
use crate::message::{Change, Codec};
use crate::service::Report;
use crate::service::ahead::{Decoded, Meaning};
use crate::source::{BoxError, Record};
use crate::sweep::{KeyHash, MarkError, Sighting, SweepMark, Sweeps};
use hollow::producer::{CycleError, IncrementalCycle};
use hollow::record::KeyValue;
use hollow::write::WriteError;
use std::borrow::Cow;

/// How many messages of a cycle that mean nothing are logged one by one.
const MOST_LOGGED: u64 = 10;

/// Folds the messages of one cycle.
pub(super) struct Pass<'a> {
    pub(super) codec: &'a Codec,
    pub(super) topic: &'a str,
    /// How many partitions the topic has.
    pub(super) partitions: usize,
    pub(super) sweeps: &'a mut Sweeps,
    pub(super) caps: &'a mut Caps,
    pub(super) pending: Pending,
    pub(super) dead_letters: &'a mut dyn DeadLetters,
    pub(super) report: &'a mut Report,
}

impl Pass<'_> {
    pub(super) fn fold(
        &mut self,
        cycle: &mut IncrementalCycle<'_>,
        record: &Record<'_>,
        meaning: Meaning<'_>,
    ) -> Result<(), BoxError> {
        self.report.count(record);
        if record.is_sweep_mark() {
            return match self.mark(record) {
                Ok(complete) => {
                    self.caps.good(record.partition);
                    complete.map_or(Ok(()), |id| self.remove_unseen(cycle, &id))
                }
                Err(error) => self.set_aside(record, &error.to_string()),
            };
        }
        match meaning {
            Meaning::Prepared(..) | Meaning::Decoded(Ok(_)) => self.change(cycle, record, meaning),
            Meaning::Decoded(Err(reason)) => {
                if self.sweeps.is_tracking(record.partition) {
                    let key = key_of(self.codec, record);
                    let (partition, offset) = (record.partition, record.offset);
                    self.sweeps
                        .saw_unread(partition, offset, key.as_deref(), record.is_sweep());
                }
                self.set_aside(record, reason)
            }
        }
    }

    fn change(
        &mut self,
        cycle: &mut IncrementalCycle<'_>,
        record: &Record<'_>,
        meaning: Meaning<'_>,
    ) -> Result<(), BoxError> {
        let root = self.codec.root();
        if self.sweeps.is_tracking(record.partition) {
            let key = meaning.key();
            let sighting = sighting(record, &key);
            let loses = self.sweeps.loses(&sighting);
            self.sweeps.saw(&sighting, || cycle.contains(root, &key));
            if loses {
                self.report.stale += 1;
                self.caps.good(record.partition);
                return Ok(());
            }
        }
        let deletes = record.payload.is_none();
        let changed = match meaning {
            Meaning::Prepared(records, index) if deletes => cycle.delete_prepared(root, records, index),
            Meaning::Prepared(records, index) => cycle.upsert_prepared(root, records, index),
            Meaning::Decoded(Ok(message)) => match &message.change {
                Change::Upsert(value) => cycle.upsert(root, value),
                Change::Delete => cycle.delete(root, &message.key),
            },
            Meaning::Decoded(Err(_)) => return Ok(()),
        };
        match changed {
            Ok(true) if deletes => self.report.deletes += 1,
            Ok(true) => self.report.upserts += 1,
            Ok(false) => self.report.unchanged += 1,
            Err(error) if is_about_the_record(&error) => return self.set_aside(record, &error.to_string()),
            Err(error) => return Err(error.into()),
        }
        self.caps.good(record.partition);
        Ok(())
    }

    fn mark(&mut self, record: &Record<'_>) -> Result<Option<String>, MarkError> {
        let (meant_for, mark) = SweepMark::decode(record.key, record.payload)?;
        let place = (record.partition, record.offset);
        self.sweeps.mark(self.codec, place, self.partitions, (meant_for, &mark))
    }

    /// Removes what a complete sweep did not show, if that is not too much.
    fn remove_unseen(&mut self, cycle: &mut IncrementalCycle<'_>, id: &str) -> Result<(), BoxError> {
        let root = self.codec.root();
        let (most, mut count, mut unseen) = (self.sweeps.most_unseen(id), 0_u64, Vec::new());
        cycle.each_key(root, &mut |key| {
            if self.sweeps.is_unseen(id, key) {
                count += 1;
                // More than may go will not be needed.
                if count <= most {
                    unseen.push(key.to_vec());
                }
            }
        })?;
        if !self.sweeps.settle(id, count) {
            return Ok(());
        }
        for key in &unseen {
            if cycle.delete(root, key)? {
                self.report.deletes += 1;
                self.report.swept += 1;
            }
        }
        Ok(())
    }

    fn set_aside(&mut self, record: &Record<'_>, reason: &str) -> Result<(), BoxError> {
        self.caps.bad(self.topic, record, reason)?;
        // A faulty writer can send many; all of them are in the dead letters.
        if self.report.dead_letters < MOST_LOGGED {
            tracing::warn!(
                topic = self.topic,
                partition = record.partition,
                offset = record.offset,
                reason,
                "a message means nothing and is set aside"
            );
        }
        self.report.dead_letters += 1;
        Ok(self.pending.put(self.dead_letters, self.topic, record, reason)?)
    }

    /// Makes sure that everything set aside is safe.
    pub(super) fn settle(&mut self) -> Result<(), BoxError> {
        self.pending.send(self.dead_letters, self.topic)?;
        Ok(self.dead_letters.settle()?)
    }
}

impl Meaning<'_> {
    /// The key of a message that means something.
    fn key(&self) -> Cow<'_, [KeyValue]> {
        match self {
            Meaning::Prepared(records, index) => records.key_values(*index).unwrap_or_default().into(),
            Meaning::Decoded(Ok(message)) => message.key.as_slice().into(),
            Meaning::Decoded(Err(_)) => Cow::default(),
        }
    }
}

/// A message that was folded before: shows sweeps again what they saw.
pub(super) fn refill(codec: &Codec, most_bytes: u64, sweeps: &mut Sweeps, record: &Record<'_>) {
    if record.is_sweep_mark() {
        return;
    }
    match read(codec, most_bytes, record) {
        Ok(message) => sweeps.refill(&sighting(record, &message.key)),
        Err(_) => {
            if let Some(key) = key_of(codec, record) {
                sweeps.refill_unread(record.partition, record.offset, &key);
            }
        }
    }
}

/// What a message means, or why it means nothing.
pub(in crate::service) fn read(codec: &Codec, most_bytes: u64, record: &Record<'_>) -> Decoded {
    let bytes = record.bytes() as u64;
    if bytes > most_bytes {
        return Err(format!(
            "the message is too large, bytes={bytes} most_message_bytes={most_bytes}"
        ));
    }
    codec
        .decode(record.key, record.payload)
        .map_err(|failure| failure.to_string())
}

fn key_of(codec: &Codec, record: &Record<'_>) -> Option<Vec<KeyValue>> {
    codec.decode_key(record.key?).ok()
}

fn sighting<'a>(record: &Record<'_>, key: &'a [KeyValue]) -> Sighting<'a> {
    Sighting {
        partition: record.partition,
        offset: record.offset,
        key,
        hash: KeyHash::of(key),
        swept: record.is_sweep(),
        version: record.source_version(),
    }
}

/// Whether an error is the fault of the one record: no other will meet it.
fn is_about_the_record(error: &CycleError) -> bool {
    matches!(
        error,
        CycleError::Key(_)
            | CycleError::Write(
                WriteError::Mismatch { .. }
                    | WriteError::TooDeep { .. }
                    | WriteError::DuplicateKey { .. }
                    | WriteError::NullHashKey { .. }
                    | WriteError::SizeLimit { .. }
            )
    )
}
