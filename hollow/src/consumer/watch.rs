//! A thread that refreshes a consumer from time to time.

use super::Consumer;
use super::refresh::causes;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// However long a source has been failing, it is asked again after this many intervals at most.
const LONGEST_PAUSE: u32 = 16;

/// Keeps a consumer up to date while it lives. Dropping it ends the thread, after a refresh under way.
#[derive(Debug)]
pub struct Watcher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    status: Mutex<Status>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Status {
    stop: bool,
    failures: u32,
    last_error: Option<String>,
    last_success: Option<Instant>,
}

impl Shared {
    fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Consumer {
    /// Refreshes at once and then after every interval, in a thread of its own. While refreshing fails the pauses grow,
    /// up to 16 intervals, with some random part so that many consumers do not ask at the same moment.
    pub fn watch(self: &Arc<Self>, interval: Duration) -> Watcher {
        let shared = Arc::new(Shared::default());
        let (consumer, status) = (self.clone(), shared.clone());
        let thread = std::thread::Builder::new()
            .name("hollow-watcher".to_owned())
            .spawn(move || run(&consumer, &status, interval));
        let thread = thread
            .inspect_err(|error| shared.status().last_error = Some(error.to_string()))
            .ok();
        Watcher { shared, thread }
    }
}

fn run(consumer: &Consumer, shared: &Shared, interval: Duration) {
    loop {
        let result = consumer.refresh();
        let mut status = shared.status();
        let mut pause = interval;
        match result {
            Ok(_) => {
                status.failures = 0;
                status.last_error = None;
                status.last_success = Some(Instant::now());
            }
            Err(error) => {
                status.failures = status.failures.saturating_add(1);
                status.last_error = Some(causes(&error));
                let longest = 1_u32
                    .checked_shl(status.failures.min(8))
                    .unwrap_or(LONGEST_PAUSE)
                    .min(LONGEST_PAUSE);
                pause = interval.saturating_mul(longest).mul_f64(0.5 + jitter() / 2.0);
            }
        }
        let wait = shared.wake.wait_timeout_while(status, pause, |status| !status.stop);
        if wait.unwrap_or_else(PoisonError::into_inner).0.stop {
            return;
        }
    }
}

/// A number from 0 to 1 that differs between processes.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

impl Watcher {
    /// Why the last refresh failed; `None` if it did not.
    pub fn last_error(&self) -> Option<String> {
        self.shared.status().last_error.clone()
    }

    /// How long ago the source was last asked with success.
    pub fn age(&self) -> Option<Duration> {
        self.shared.status().last_success.map(|at| at.elapsed())
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.shared.status().stop = true;
        self.shared.wake.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic in it was a listener's that could not be caught; nothing is left to do
        }
    }
}
