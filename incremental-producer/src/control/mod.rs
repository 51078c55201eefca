//! What keeps bad data from being announced, and what a person can do about it.
//!
//! ```text
//! validators refuse ──► quarantine/<version>-<nonce>-…   tried once more with what is newer
//!                           │ 2 of the last 5
//!                           ▼
//!                         held ◄──────────────── register `hold`        (hold, release)
//!                           ▲ one candidate only  register `acceptance` (accept)
//! ```
//!
//! Everything that decides stands in the store, so a process that starts anew, here or elsewhere, decides the same:
//!
//! - **Refusals in a row** are counted from the chain and the quarantine. What lies before the last word of a person (a
//!   release, an accepted version) does not count.
//! - **An acceptance** names a candidate, the version it continues, how far it had folded the log, and a digest of what it
//!   changes. The service folds exactly that far and publishes what comes out if it has that digest. As soon as another
//!   version is announced, that one above all, the acceptance is for nothing any more: that makes it happen once, wherever
//!   a process dies.
//! - **A hold** is looked at before every cycle. While it lasts nothing is folded; the log keeps what comes.

mod accepting;
mod candidates;
mod documents;
mod gate;
mod streak;
#[cfg(test)]
mod tests;

pub use candidates::{Candidate, candidate, candidates};
pub use documents::{Acceptance, Hold, read_register, write_register};
pub use streak::Streak;

pub(crate) use accepting::{Accepting, read_to};
pub(crate) use gate::{Control, Gate};

/// Header tag of a version that a person let through: who.
pub const ACCEPTED_BY: &str = "accepted.by";
/// Header tag of a version that a person let through: why.
pub const ACCEPTED_REASON: &str = "accepted.reason";
/// Header tag of a version that a person let through: the candidate.
pub const ACCEPTED_CANDIDATE: &str = "accepted.candidate";
