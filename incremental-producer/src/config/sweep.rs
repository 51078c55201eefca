//! `[dataset.sweep]`.

use super::Problem;
use super::checks::share;
use crate::share::Share;
use serde::Deserialize;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSweep {
    most_removed: Option<String>,
}

impl RawSweep {
    /// The largest share a sweep may remove.
    pub(super) fn most_removed(&self, default: Share) -> Result<Share, Problem> {
        share("sweep.most_removed", self.most_removed.as_deref(), default)
    }
}
