//! A thread that refreshes a consumer from time to time, as long as anybody holds it.

use super::Consumer;
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::time::Duration;

/// However long a source has been failing, it is asked again after this many intervals at most.
const LONGEST_PAUSE: u32 = 16;
/// Longer intervals mean never.
const NEVER: Duration = Duration::from_secs(366 * 86_400);

/// Ends a pause of the thread.
#[derive(Clone, Debug, Default)]
pub(super) struct Wake(Arc<(Mutex<Signal>, Condvar)>);

#[derive(Debug, Default)]
struct Signal {
    refresh: bool,
    stop: bool,
}

impl Wake {
    fn signal(&self, set: impl FnOnce(&mut Signal)) {
        let (signal, changed) = &*self.0;
        set(&mut signal.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_all();
    }

    /// Waits; false if it is over.
    fn pause(&self, pause: Duration) -> bool {
        let (signal, changed) = &*self.0;
        let signal = signal.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(signal, pause, |signal| !signal.stop && !signal.refresh);
        let mut signal = waited.unwrap_or_else(PoisonError::into_inner).0;
        signal.refresh = false;
        !signal.stop
    }
}

impl Consumer {
    /// Makes the background thread refresh now rather than when its pause is over, for example because something has
    /// just been announced. Does not wait for it; nothing happens if there is no such thread.
    pub fn refresh_soon(&self) {
        self.background.signal(|signal| signal.refresh = true);
    }

    pub(super) fn follow_in_background(self: &Arc<Self>, interval: Duration) -> io::Result<()> {
        let (consumer, wake) = (Arc::downgrade(self), self.background.clone());
        let thread = std::thread::Builder::new().name("hollow-consumer".to_owned());
        thread.spawn(move || run(&consumer, &wake, interval)).map(drop)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.background.signal(|signal| signal.stop = true);
    }
}

fn run(consumer: &Weak<Consumer>, wake: &Wake, interval: Duration) {
    let mut failures = consumer.upgrade().map_or(0, |consumer| consumer.health().failures);
    while wake.pause(pause(interval, failures)) {
        let Some(consumer) = consumer.upgrade() else {
            return;
        };
        // What a refresh comes to is in the consumer's health.
        let _ = consumer.refresh();
        failures = consumer.health().failures;
    }
}

/// The interval give or take a tenth; longer while refreshing fails, and then anything from half of it on.
fn pause(interval: Duration, failures: u32) -> Duration {
    let interval = interval.min(NEVER);
    if failures == 0 {
        return interval.mul_f64(0.9 + jitter() / 5.0);
    }
    let longest = 1_u32
        .checked_shl(failures.min(8))
        .unwrap_or(LONGEST_PAUSE)
        .min(LONGEST_PAUSE);
    interval.saturating_mul(longest).mul_f64(0.5 + jitter() / 2.0)
}

/// A number from 0 to 1 that differs between processes.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}
