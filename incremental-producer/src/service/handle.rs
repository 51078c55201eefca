//! The side of a service that others hold.

use super::Status;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A running service. Dropping it stops the service and waits for it.
#[derive(Debug)]
pub struct DatasetHandle {
    name: String,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl DatasetHandle {
    pub(super) fn new(name: String, shared: Arc<Shared>, thread: JoinHandle<()>) -> Self {
        Self {
            name,
            shared,
            thread: Some(thread),
        }
    }

    /// The dataset's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where the service stands.
    pub fn status(&self) -> Status {
        self.shared.status().clone()
    }

    /// Begins the next cycle, or the next try, without waiting for its time.
    pub fn cycle_now(&self) {
        self.shared.signal(|signals| signals.now = true);
    }

    /// How long the thread has been at work since it last waited; none while it waits.
    pub fn busy_for(&self) -> Option<Duration> {
        self.shared.signals().busy_since.map(|since| since.elapsed())
    }

    /// Asks the service to stop: a cycle that still reads is given up, one that is beyond reading is finished. Does not
    /// wait.
    pub fn stop(&self) {
        self.shared.signal(|signals| signals.stop = true);
    }

    /// Whether the thread has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits until the service has stopped, which [`stop`](DatasetHandle::stop) or a halt brings about.
    pub fn join(mut self) {
        self.wait();
    }

    fn wait(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic has been put into the status already.
            let _ = thread.join();
        }
    }
}

impl Drop for DatasetHandle {
    fn drop(&mut self) {
        self.stop();
        self.wait();
    }
}

/// What thread and handle share.
#[derive(Debug, Default)]
pub(super) struct Shared {
    status: Mutex<Status>,
    signals: Mutex<Signals>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct Signals {
    stop: bool,
    now: bool,
    busy_since: Option<Instant>,
}

impl Shared {
    pub(super) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signal(&self, set: impl FnOnce(&mut Signals)) {
        set(&mut self.signals());
        self.changed.notify_all();
    }

    fn signals(&self) -> MutexGuard<'_, Signals> {
        self.signals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the service was told to stop.
    pub(super) fn is_stopping(&self) -> bool {
        self.signals().stop
    }

    /// Waits until that time, or for a signal; whether to go on.
    pub(super) fn wait_until(&self, time: Instant) -> bool {
        let mut signals = self.signals();
        signals.busy_since = None;
        loop {
            let left = time.saturating_duration_since(Instant::now());
            if signals.stop || signals.now || left.is_zero() {
                signals.now = false;
                signals.busy_since = Some(Instant::now());
                return !signals.stop;
            }
            signals = self
                .changed
                .wait_timeout(signals, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
