//! A thread that refreshes a consumer from time to time, as long as anybody holds it.
//!
//! What it may ask for is bounded, whatever the source does:
//!
//! - once per interval it asks one question, by turns what is announced and what is pinned; only if something else is
//!   announced it asks for the pins as well, and for what it takes to go there;
//! - after a refresh that failed, at least as many intervals pass as it made requests, and the longer it has been
//!   failing, the longer a random part on top;
//! - who wakes the thread ([`WakeHandle`]) ends a pause, never that after a failure; if there turns out to be nothing
//!   new, the next waking has to wait, each time twice as long, up to the interval.

use super::Consumer;
use super::refresh::Ask;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

/// However long a source has been failing, it is asked again after about this many intervals at most.
const LONGEST_PAUSE: u32 = 16;
/// However many requests a refresh made that failed, it is tried again after this many intervals.
const MOST_REQUESTS_COUNTED: u32 = 64;
/// How soon after a waking that was for nothing the next one counts.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// Longer intervals mean never.
const NEVER: Duration = Duration::from_secs(366 * 86_400);

/// Makes the background thread of a consumer refresh now: to be called when something has been announced, by whoever
/// hears of it. Cheap to clone; does not keep the consumer alive, and does nothing when it is gone.
///
/// It is a hint, no more: the consumer asks its source what to have. Hints that are lost cost time only, and hints without
/// reason are limited to a few requests.
#[derive(Clone, Debug)]
pub struct WakeHandle(Wake);

impl WakeHandle {
    /// Refreshes soon; does not wait for it.
    pub fn wake(&self) {
        self.0.signal(|signal| signal.refresh = true);
    }
}

/// Ends a pause of the thread.
#[derive(Clone, Debug, Default)]
pub(super) struct Wake(Arc<(Mutex<Signal>, Condvar)>);

#[derive(Debug, Default)]
struct Signal {
    refresh: bool,
    stop: bool,
}

/// How a pause ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Over,
    Woken,
    Stopped,
}

impl Wake {
    fn signal(&self, set: impl FnOnce(&mut Signal)) {
        let (signal, changed) = &*self.0;
        set(&mut signal.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_all();
    }

    fn pause(&self, pause: Pause) -> Ended {
        let (lock, changed) = &*self.0;
        let wait = |signal: MutexGuard<'_, Signal>, time: Duration, wakes: fn(&Signal) -> bool| {
            let waited = changed.wait_timeout_while(signal, time, |signal| !wakes(signal));
            let signal = waited.unwrap_or_else(PoisonError::into_inner).0;
            let (stop, refresh) = (signal.stop, signal.refresh);
            drop(signal);
            (stop, refresh)
        };
        let begin = Instant::now();
        let signal = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let (stop, _) = wait(signal, pause.least, |signal| signal.stop);
        if stop {
            return Ended::Stopped;
        }
        let signal = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = pause.most.saturating_sub(begin.elapsed());
        let (stop, refresh) = wait(signal, rest, |signal| signal.stop || signal.refresh);
        lock.lock().unwrap_or_else(PoisonError::into_inner).refresh = false;
        match (stop, refresh) {
            (true, _) => Ended::Stopped,
            (_, true) => Ended::Woken,
            _ => Ended::Over,
        }
    }
}

/// How long to wait: `most`, and at least `least` if somebody wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pause {
    pub(super) least: Duration,
    pub(super) most: Duration,
}

/// When to refresh.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) interval: Duration,
    /// Consumers with other names ask at other moments of an interval.
    pub(super) instance: Option<String>,
}

impl Consumer {
    /// Makes the background thread refresh now rather than when its pause is over, for example because something has
    /// just been announced. Does not wait for it; nothing happens if there is no such thread. After a failure the thread
    /// still waits as long as it has to.
    pub fn refresh_soon(&self) {
        self.wake_handle().wake();
    }

    /// What others hold to do that.
    pub fn wake_handle(&self) -> WakeHandle {
        WakeHandle(self.background.clone())
    }

    pub(super) fn follow_in_background(self: &Arc<Self>, schedule: Schedule) -> io::Result<()> {
        let (consumer, wake) = (Arc::downgrade(self), self.background.clone());
        let thread = std::thread::Builder::new().name("hollow-consumer".to_owned());
        thread.spawn(move || run(&consumer, &wake, &schedule)).map(drop)
    }
}

impl Drop for Consumer {
    fn drop(&mut self) {
        self.background.signal(|signal| signal.stop = true);
    }
}

fn run(consumer: &Weak<Consumer>, wake: &Wake, schedule: &Schedule) {
    let interval = schedule.interval.min(NEVER);
    let mut rhythm = Rhythm::new(interval, consumer.upgrade().map_or(0, |c| c.health().failures));
    let mut pause = rhythm.first(schedule.phase());
    loop {
        let ended = wake.pause(pause);
        let Some(consumer) = consumer.upgrade().filter(|_| ended != Ended::Stopped) else {
            return;
        };
        let (asked, version) = (consumer.source.requests(), consumer.version());
        let ask = rhythm.ask(ended == Ended::Woken);
        // What a refresh comes to is in the consumer's health.
        let failed = consumer.refresh_asking(ask).is_err();
        pause = rhythm.next(
            Round {
                woken: ended == Ended::Woken,
                failed,
                moved: consumer.version() != version,
                requests: consumer.source.requests() - asked,
            },
            random(),
        );
    }
}

/// What became of a refresh.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    pub(super) woken: bool,
    pub(super) failed: bool,
    pub(super) moved: bool,
    pub(super) requests: u64,
}

/// Which question is next, and when.
#[derive(Debug)]
pub(super) struct Rhythm {
    interval: Duration,
    failures: u32,
    /// Wakings for nothing, one after the other.
    idle: u32,
    pins_next: bool,
}

impl Rhythm {
    pub(super) fn new(interval: Duration, failures: u32) -> Self {
        Self {
            interval,
            failures,
            idle: 0,
            pins_next: false,
        }
    }

    /// The pause after the start, which has asked already.
    pub(super) fn first(&self, phase: f64) -> Pause {
        match self.failures {
            0 => Pause {
                least: Duration::ZERO,
                most: self.interval.mul_f64(phase),
            },
            _ => self.pause(0, phase),
        }
    }

    pub(super) fn ask(&self, woken: bool) -> Ask {
        match (woken, self.pins_next) {
            (true, _) => Ask::Both,
            (false, true) => Ask::Pins,
            (false, false) => Ask::Announced,
        }
    }

    pub(super) fn next(&mut self, round: Round, random: f64) -> Pause {
        if round.failed {
            self.failures = self.failures.saturating_add(1);
        } else {
            self.failures = 0;
            self.pins_next = !self.pins_next && !round.woken;
        }
        self.idle = match (round.woken, round.moved) {
            (true, false) => self.idle.saturating_add(1),
            _ => 0,
        };
        self.pause(round.requests, random)
    }

    fn pause(&self, requests: u64, random: f64) -> Pause {
        let times = |shift: u32, limit: u32| 1_u32.checked_shl(shift).unwrap_or(limit).min(limit);
        if self.failures == 0 {
            let idle = match self.idle {
                0 => Duration::ZERO,
                count => SHORTEST_PAUSE.saturating_mul(times(count.min(31), u32::MAX)),
            };
            let most = self.interval.mul_f64(0.9 + random / 5.0);
            return Pause {
                least: idle.min(most),
                most,
            };
        }
        // Anything between nothing and the most, so that those who failed together do not come back together.
        let longest = times(self.failures, LONGEST_PAUSE);
        let requests = u32::try_from(requests).unwrap_or(MOST_REQUESTS_COUNTED);
        let least = self.interval.saturating_mul(requests.clamp(1, MOST_REQUESTS_COUNTED));
        Pause {
            least,
            most: least.max(self.interval.saturating_mul(longest).mul_f64(random)),
        }
    }
}

impl Schedule {
    /// Where in an interval this consumer asks, from 0 to 1.
    fn phase(&self) -> f64 {
        let Some(instance) = &self.instance else {
            return random();
        };
        // FNV-1a: the same for every process, which the hash of the standard library is not; then mixed, for names that
        // differ in their last letter only.
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = instance.bytes().fold(0xcbf2_9ce4_8422_2325, hash);
        let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed as f64 / u64::MAX as f64
    }
}

/// A number from 0 to 1 that differs between processes.
fn random() -> f64 {
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn round(failed: bool, requests: u64) -> Round {
        Round {
            woken: false,
            failed,
            moved: false,
            requests,
        }
    }

    #[test]
    fn names_spread_over_the_interval() {
        let phase = |number: usize| {
            let instance = Some(format!("host-{number}"));
            Schedule {
                interval: SECOND,
                instance,
            }
            .phase()
        };
        let mut tenths = [0_usize; 10];
        for number in 0..1000 {
            assert_eq!(phase(number), phase(number), "the same each time");
            tenths[((phase(number) * 10.0) as usize).min(9)] += 1;
        }
        assert!(tenths.iter().all(|count| (50..200).contains(count)), "{tenths:?}");
    }

    #[test]
    fn questions_are_asked_by_turns_once_per_interval() {
        let mut rhythm = Rhythm::new(SECOND, 0);
        let mut turns = Vec::new();
        for random in [0.0, 0.5, 1.0, 0.3] {
            turns.push(rhythm.ask(false));
            let pause = rhythm.next(round(false, 1), random);
            assert!(
                pause.most >= SECOND.mul_f64(0.9) && pause.most <= SECOND.mul_f64(1.1),
                "{pause:?}"
            );
            assert_eq!(pause.least, Duration::ZERO, "a hint is heard at once");
        }
        assert_eq!(turns, [Ask::Announced, Ask::Pins, Ask::Announced, Ask::Pins]);
        assert_eq!(rhythm.ask(true), Ask::Both);
    }

    #[test]
    fn failures_are_paid_for_by_pauses() {
        let mut rhythm = Rhythm::new(SECOND, 0);
        for failures in 1..40 {
            for random in [0.0, 0.5, 1.0] {
                let pause = Rhythm { failures, ..rhythm }.pause(3, random);
                assert_eq!(pause.least, SECOND * 3, "a hint does not shorten it");
                assert!(pause.most >= pause.least && pause.most <= SECOND * 16);
            }
        }
        assert_eq!(rhythm.next(round(true, 1), 1.0).most, SECOND * 2);
        assert_eq!(rhythm.next(round(true, 1), 1.0).most, SECOND * 4);
        assert_eq!(rhythm.next(round(true, 1), 0.0).most, SECOND);
        assert_eq!(rhythm.next(round(true, 1_000_000), 0.0).most, SECOND * 64, "a way out");
        assert_eq!(rhythm.next(round(false, 1), 0.5).most, SECOND);
    }

    #[test]
    fn hints_for_nothing_are_heard_less_and_less() {
        let mut rhythm = Rhythm::new(SECOND * 60, 0);
        let hint = |moved| Round {
            woken: true,
            moved,
            ..round(false, 2)
        };
        let mut before = Duration::ZERO;
        for _ in 0..8 {
            let least = rhythm.next(hint(false), 0.5).least;
            assert!(least >= before * 2 && least > Duration::ZERO);
            before = least;
        }
        for _ in 0..100 {
            before = rhythm.next(hint(false), 0.5).least;
        }
        assert_eq!(before, SECOND * 60, "no worse than without hints");
        assert_eq!(rhythm.next(hint(true), 0.5).least, Duration::ZERO);
        rhythm.next(hint(false), 0.5);
        assert_eq!(rhythm.next(round(false, 1), 0.5).least, Duration::ZERO);
    }
}
