//! Reading that ends when the service is told to stop.

use super::handle::Shared;
use crate::Offsets;
use crate::source::{BoxError, LogView, ReadLimits, Reading, Record, Source, SourceError};
use std::sync::Arc;

/// A source that hands nothing over any more once the service is to stop: the cycle fails, and is given up before it has
/// put anything into the store. What it had read is read again after the next start.
pub(super) struct UntilStopped {
    source: Box<dyn Source>,
    shared: Arc<Shared>,
}

/// The reading was cut short.
#[derive(Debug, thiserror::Error)]
#[error("told to stop")]
struct ToldToStop;

/// Asking is a lock: not for every message.
const ASK_EVERY: u32 = 64;

impl UntilStopped {
    pub(super) fn new(source: Box<dyn Source>, shared: Arc<Shared>) -> Self {
        Self { source, shared }
    }
}

impl Source for UntilStopped {
    fn topic(&self) -> &str {
        self.source.topic()
    }

    fn look(&mut self) -> Result<LogView, SourceError> {
        self.source.look()
    }

    fn read(
        &mut self,
        from: &Offsets,
        cut: &Offsets,
        limits: &ReadLimits,
        fold: &mut dyn FnMut(&Record<'_>) -> Result<(), BoxError>,
    ) -> Result<Reading, SourceError> {
        let shared = &self.shared;
        let mut count = 0_u32;
        self.source.read(from, cut, limits, &mut |record| {
            if count.is_multiple_of(ASK_EVERY) && shared.is_stopping() {
                return Err(ToldToStop.into());
            }
            count = count.wrapping_add(1);
            fold(record)
        })
    }
}
