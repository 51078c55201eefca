//! Making a candidate anew that a person has accepted: from the same version, up to the same offsets.

use super::{ACCEPTED_BY, ACCEPTED_CANDIDATE, ACCEPTED_REASON, Acceptance};
use crate::Offsets;
use crate::source::{BoxError, LogPosition, Plan, ReadLimits, Reading, Record, Source, SourceError};
use std::time::Duration;

/// A cycle that is to come to what was accepted, and no further.
#[derive(Clone, Debug)]
pub(crate) struct Accepting {
    to: LogPosition,
    tags: [(&'static str, String); 3],
}

impl Accepting {
    /// Header tags that only the version carries that was accepted.
    pub(crate) const TAGS: [&'static str; 3] = [ACCEPTED_BY, ACCEPTED_REASON, ACCEPTED_CANDIDATE];

    pub(crate) fn new(acceptance: &Acceptance) -> Option<Self> {
        Some(Self {
            to: acceptance.position()?,
            tags: [
                (ACCEPTED_BY, acceptance.by.clone()),
                (ACCEPTED_REASON, acceptance.reason.clone()),
                (ACCEPTED_CANDIDATE, acceptance.candidate.clone()),
            ],
        })
    }

    pub(crate) fn tags(&self) -> &[(&'static str, String)] {
        &self.tags
    }

    /// The plan, ending where the candidate did.
    ///
    /// # Errors
    /// A text, if this log cannot lead there.
    pub(crate) fn narrow(&self, mut plan: Plan) -> Result<Plan, String> {
        let (start, to) = (&plan.start, &self.to);
        let reaches = |(partition, offset): (i32, i64)| {
            let from = start.offsets.get(partition);
            from.is_some_and(|from| from <= offset) && plan.cut.get(partition).is_some_and(|end| offset <= end)
        };
        if !start.is_of_log(to) || to.offsets.len() != start.offsets.len() || !to.offsets.iter().all(reaches) {
            return Err(format!(
                "the candidate had folded the log up to offsets={}, which cannot be reached from offsets={}",
                to.offsets, start.offsets
            ));
        }
        plan.cut.clone_from(&to.offsets);
        Ok(plan)
    }
}

/// Reads everything up to the cut, in as many readings as it takes: nothing less would be what was accepted. Partitions
/// that have reached the cut are left out of the next reading, so that what lies behind it does not fill the memory.
pub(crate) fn read_to(
    source: &mut dyn Source,
    from: &Offsets,
    cut: &Offsets,
    stall: Duration,
    fold: &mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
) -> Result<Reading, SourceError> {
    let limits = ReadLimits {
        messages: u64::MAX,
        bytes: u64::MAX,
        stall,
    };
    let mut whole = Reading {
        offsets: from.clone(),
        complete: true,
        ..Reading::default()
    };
    loop {
        let left = cut
            .iter()
            .filter(|(partition, end)| whole.offsets.get(*partition) < Some(*end));
        let left: Offsets = left.collect();
        if left.is_empty() {
            return Ok(whole);
        }
        let begin: Offsets = whole
            .offsets
            .iter()
            .filter(|(partition, _)| left.get(*partition).is_some())
            .collect();
        let part = source.read(&begin, &left, &limits, fold)?;
        part.offsets
            .iter()
            .for_each(|(partition, offset)| whole.offsets.set(partition, offset));
        whole.messages += part.messages;
        whole.bytes += part.bytes;
        if !part.stalled.is_empty() || part.offsets == begin {
            return Err(SourceError::Stalled {
                topic: source.topic().to_owned(),
                partitions: left.iter().map(|(partition, _)| partition).collect(),
                seconds: stall.as_secs(),
                last: "none".to_owned(),
            });
        }
    }
}
