//! Sweeps: sources send everything they have, and what was not among it goes.
//!
//! Live changes say what became different. Where one was lost, or a source forgot to tell that a record is gone, a dataset
//! stays wrong for ever. A *sweep* puts it right: the source marks the beginning in every partition, sends every record of a
//! range of keys as it is, and marks the end ([`SweepMark`] says in which order). Once the end marks of all partitions are
//! folded, the records of the range that were not seen are removed.
//!
//! ```text
//! partition 0   ──▪ begin ── k1 ── k4 ── k1' live ── ▪ end ── k9' live ──►
//! partition 1   ─── k2' live ──▪ begin ── k5 ── k2 ───────── ▪ end ──────►
//!                  before: not seen      shown                └─ all ended: what was not seen goes
//! ```
//!
//! **What is in the dataset is a function of the log up to the published offsets**, however far each partition was read when
//! the last end mark was. That is why the rules are made of what one partition's log says alone, as the messages of a key
//! have one partition:
//!
//! - A key is *seen* by a sweep if a message of it that means something, live or of the sweep, follows the begin mark of its
//!   partition. Behind the end mark that goes on: were the key not seen, a message there would make, change or delete the
//!   record after its removal just as it does before.
//! - A message that means nothing (a dead letter) shows its key as well, but only between the marks: behind them it changes
//!   nothing, and whether it is read before or after the removal must not matter. If not even its key can be read and it is
//!   one of a sweep, it may have shown any record: the sweep is given up.
//! - A begin mark of another sweep in a partition where one has not ended ends that one there, and it is given up. In a
//!   partition where it has ended already both run on. (Giving the older up as soon as any partition begins another would
//!   depend on how far the others were read.)
//! - Between the marks a value of a sweep loses against a live change of its key since the begin mark, a delete too. With
//!   versions of the source on both, it loses only if it is not newer. Whatever else of the sweep is folded elsewhere does
//!   not matter to that; a sweep that is given up goes on protecting live changes up to its end marks.
//!   Every message with the header `sweep` counts as a value of a sweep there, whatever id it has; outside of marks it is a
//!   message like any other. A live change always counts, in its order: one that was on its way while the sweep read what
//!   came after it brings the older value back until the next live change, which follows.
//! - A sweep that would remove more than a configured share of what it and the dataset know of the range is refused as a
//!   whole. Seen and unseen are counted as of each partition's end mark, for the same reason.
//!
//! Marks that come twice, an end mark without a begin mark, marks of a sweep that is over: ignored, and reported. A mark in
//! another partition than it names, or with a range that is no range of the dataset's keys: a dead letter. Marks that
//! contradict each other, or speak of another number of partitions than the topic has: the sweep is given up. Giving up
//! never removes anything; the next sweep does.
//!
//! Exceptions, all of them safe: partitions added to the topic while a sweep runs (it is given up, unless it was complete
//! before that was noticed); more than 16 sweeps at a time, which takes partitions read that unevenly, or more marks than a
//! header tag holds, which takes more than 1,000 partitions (the oldest is given up); a restart after the log has dropped
//! what follows a begin mark, for the sweep and for the live changes it protects; a record that decodes and yet cannot be
//! written counts as seen; with two sweeps at a time the share of the second counts a record that the first removes or not,
//! as it comes. An id is used once.
//!
//! **Across restarts.** The header tag [`ACTIVE_TAG`] holds, for each sweep, its marks and counts, and nothing of what was
//! seen: that is read again from the log, from the begin marks up to the published offsets. If the log has dropped that, the
//! sweep is given up. [`LAST_TAG`] says how the last one ended.
//!
//! **Memory.** Without a sweep none. While one runs, an entry for each key of its range that was seen: 20 to 39 bytes, 285 MB
//! for 10 million keys, and another 33 bytes and more for each key that changed live meanwhile. Keys to be removed are held
//! whole while the cycle that removes them runs; `most_removed` bounds them.
//!
//! Removals are part of the cycle that folds the last end mark, so validators see them like any change.

mod mark;
mod range;
mod request;
mod seen;
mod tags;
mod track;

pub use mark::{MOST_ID_BYTES, MarkError, MarkKind, SweepMark, SweepRange};
pub use request::{REQUEST_KEY, SweepRequest, control_topic};
pub use tags::{ACTIVE_TAG, ActiveSweep, LAST_TAG, LastSweep, SweepOutcome, SweepTagError, SweepTags};
pub use track::SweepEvent;

pub(crate) use seen::KeyHash;
pub(crate) use track::{Sighting, Sweeps};
