//! What the two states are called.

use std::fmt;

/// One of the two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SideName {
    /// The first: before, or PROD.
    A,
    /// The second: after, or PREPROD.
    B,
}

impl fmt::Display for SideName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SideName::A => "A",
            SideName::B => "B",
        })
    }
}
