//! A real Kafka for a test.

use anyhow::Result;
use std::sync::{Arc, Mutex, PoisonError, Weak};
pub use tests::harness::topics::{Admin, Lying};
use xtask::kafka::{Kafka, StartOptions};

/// A broker that tests share while any of them uses it; `None` when the test must be skipped, which is then said.
pub fn shared(what: &str) -> Result<Option<Arc<Kafka>>> {
    static RUNNING: Mutex<Weak<Kafka>> = Mutex::new(Weak::new());
    let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kafka) = running.upgrade() {
        return Ok(Some(kafka));
    }
    let started = Kafka::start_or_skip(what, StartOptions::default())?.map(Arc::new);
    if let Some(kafka) = &started {
        *running = Arc::downgrade(kafka);
    }
    Ok(started)
}
