//! Incremental producers as real processes over a real Kafka, killed, paused, starved and lied to. Whatever happens: the
//! announced state is the fold of the log up to the offsets in its own header, and the heads are one chain.
//!
//! - [`log`]: a log that is known beforehand, who writes it, and how it is read back;
//! - [`verifier`]: what is announced, compared with the log by nobody's code but the format's reader;
//! - [`rig`]: a dataset, its store, its process;
//! - the other modules: what is done to it.

#![allow(unreachable_pub, reason = "a test program has no public interface")]

mod bench;
mod brokers;
mod faults;
mod kills;
mod log;
mod machine;
mod rig;
mod self_check;
mod topics;
mod two;
mod verifier;

use anyhow::Result;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use xtask::kafka::{Kafka, StartOptions};

/// A broker that tests share while any of them uses it; `None` when the test must be skipped, which is then said.
fn shared(what: &str) -> Result<Option<Arc<Kafka>>> {
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
