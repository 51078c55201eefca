//! Named moments at which a test lets the process die or stand still, as a crash or a machine that sleeps would; and a clock
//! that a test can set.
//!
//! Only with the feature `crash-points`, which tests switch on: otherwise nothing of this is in the program. With it, and
//! none of these variables set, the program does as always.
//!
//! | variable | example | does |
//! |---|---|---|
//! | [`CRASH_AT`] | `s7-manifest-put:3` | aborts the process, with nothing written or flushed, the third time it gets there |
//! | [`STOP_AT`] | `s7-manifest-put:3` | stops the process there (SIGSTOP); it goes on when it is woken (SIGCONT) |
//! | [`CLOCK_OFFSET`] | a file | adds the seconds in the file to the time that versions are made of; read each time |
//!
//! The moments are those of the service, [`Point`], and those of the producer, [`Step`](hollow::producer::Step).

use hollow::producer::ProducerBuilder;

/// Moments between the steps of the producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Point {
    /// The announced state is loaded, the log not yet looked at.
    Restored,
    /// A cycle begins; the log is not yet looked at.
    CycleBegun,
    /// It is decided what to read.
    Planned,
    /// One message is folded.
    MessageFolded,
    /// One dead letter is handed to the client, and perhaps not delivered yet.
    LetterPut,
    /// Everything is read; dead letters may be on their way.
    AllRead,
    /// The dead letters are safe; no offset covers them yet.
    LettersSettled,
    /// The cycle is filled, offsets included; the producer takes over.
    Filled,
    /// The producer is done; the service has not taken notice.
    Published,
    /// The cycle is over.
    CycleOver,
}

#[cfg(not(feature = "crash-points"))]
mod absent {
    use super::{Point, ProducerBuilder};

    #[inline(always)]
    pub(crate) fn reach(_: Point) {}

    pub(crate) fn arm(builder: ProducerBuilder) -> ProducerBuilder {
        builder
    }
}
#[cfg(not(feature = "crash-points"))]
pub(crate) use absent::{arm, reach};

#[cfg(feature = "crash-points")]
mod present;
#[cfg(feature = "crash-points")]
pub use present::{CLOCK_OFFSET, CRASH_AT, STOP_AT, names};
#[cfg(feature = "crash-points")]
pub(crate) use present::{arm, reach};
