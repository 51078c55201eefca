//! Messages that mean nothing are set aside, with the reason, and the others go on.
//!
//! A dead letter must be safe before the version is published whose offsets cover the message, or it would be lost for
//! good: [`DeadLetters::settle`] is called in between, and its failure fails the cycle. A cycle that fails later repeats its
//! dead letters, so their topic holds each at least once; topic, partition and offset in the headers tell repetitions
//! ([`SOURCE_TOPIC`], [`SOURCE_PARTITION`], [`SOURCE_OFFSET`]).
//!
//! A few are bad luck; many are a mistake of a source or of the schema, and setting them aside would empty the dataset bit
//! by bit. So there are *caps* ([`LetterSettings`]): on their share of the messages, and on how many a partition may have in
//! a row. At a cap the dataset halts in front of the message that reached it, and the letters of the cycle are not sent:
//! they are held back until the cycle has read everything (up to 10,000 of them, and 64 MiB; more go out as they come).
//! What the caps count stands in the header tag [`WINDOW_TAG`] of the same state as the offsets: a service that is started
//! again and again stops at the same message again and again, and sets nothing aside meanwhile.
//!
//! Letters can be listed and sent back: [`letters`].

mod caps;
mod kafka;
pub mod letters;
mod memory;

pub(crate) use caps::Caps;
pub use caps::{CapReached, LetterPolicy, LetterSettings, WINDOW_TAG};
pub use kafka::KafkaDeadLetters;
pub use memory::{DeadLetter, MemoryDeadLetters};

use crate::source::Record;

/// Header of a dead letter: the topic the message was read from.
pub const SOURCE_TOPIC: &str = "source-topic";
/// Header of a dead letter: the partition the message was read from.
pub const SOURCE_PARTITION: &str = "source-partition";
/// Header of a dead letter: the offset of the message.
pub const SOURCE_OFFSET: &str = "source-offset";
/// Header of a dead letter: why the message means nothing.
pub const REASON: &str = "reason";
/// Header of a dead letter: when it was set aside, decimal epoch milliseconds.
pub const SET_ASIDE_MS: &str = "set-aside-ms";

/// A dead letter could not be made safe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot deliver dead letters, topic={topic} undelivered={undelivered}: {reason}")]
pub struct DeadLetterError {
    /// The topic of the dead letters.
    pub topic: String,
    /// How many of this cycle are not known to be safe.
    pub undelivered: u64,
    /// What went wrong.
    pub reason: String,
}

/// Where messages go that mean nothing.
pub trait DeadLetters: Send {
    /// Sets a message aside.
    ///
    /// # Errors
    /// [`DeadLetterError`] if it cannot be taken on.
    fn put(&mut self, topic: &str, record: &Record<'_>, reason: &str) -> Result<(), DeadLetterError>;

    /// Waits until everything that was put is safe.
    ///
    /// # Errors
    /// [`DeadLetterError`] if something is not; it is forgotten then, for the cycle will put it again.
    fn settle(&mut self) -> Result<(), DeadLetterError>;
}
