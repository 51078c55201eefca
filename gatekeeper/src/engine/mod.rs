//! The evaluation: a pure function of the input states, an instant and a policy.
//!
//! ```text
//! states ─► Inputs (bound, grouped) ─┐
//!                                    ├─► Prepared ─► full::evaluate(instant) ─► verdicts per video ─► output records
//! policy ────────────────────────────┘
//! ```

pub mod full;
mod prepared;
mod verdict;

pub use full::{VideoVerdicts, evaluate};
pub use prepared::Prepared;
pub use verdict::{Verdict, blocked, judge};
