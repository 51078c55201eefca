//! Nothing may hang, and a test that hangs must say in what.

use rustix::time::{ClockId, clock_gettime};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The most work that any one decoding may be, in time of the processor: what others do on the machine does not count. Far
/// from what any takes, and far below what the square of its input would.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// After so long the process is ended: what takes that long does not come back.
const HANG: Duration = Duration::from_secs(30);

/// What each worker is at, and since when. A thread looks at it and ends the process if something hangs.
pub(crate) struct Watch {
    workers: Arc<Vec<Worker>>,
}

/// How long this thread has had the processor.
pub(crate) fn worked() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime)
        .try_into()
        .expect("it does not run backwards")
}

type Worker = Mutex<Option<(Instant, String)>>;

fn lock(worker: &Worker) -> MutexGuard<'_, Option<(Instant, String)>> {
    worker.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Watch {
    pub(crate) fn new(num_workers: usize) -> Self {
        let workers: Arc<Vec<Worker>> = Arc::new((0..num_workers).map(|_| Mutex::new(None)).collect());
        let watched = Arc::downgrade(&workers);
        std::thread::spawn(move || {
            while let Some(workers) = watched.upgrade() {
                for worker in workers.iter() {
                    if let Some((since, what)) = &*lock(worker)
                        && since.elapsed() > HANG
                    {
                        eprintln!("hangs since {:?}: {what}", since.elapsed());
                        std::process::abort();
                    }
                }
                drop(workers);
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        Self { workers }
    }

    /// Says what a worker is at from now on.
    pub(crate) fn at(&self, worker: usize, what: String) {
        *lock(&self.workers[worker]) = Some((Instant::now(), what));
    }

    /// The worker is at nothing.
    pub(crate) fn done(&self, worker: usize) {
        *lock(&self.workers[worker]) = None;
    }

    /// Runs the work.
    ///
    /// # Panics
    /// If it is too much.
    pub(crate) fn bounded<T>(&self, worker: usize, what: impl Fn() -> String, work: impl Fn() -> T) -> T {
        self.at(worker, what());
        let start = worked();
        let result = work();
        let took = worked() - start;
        self.done(worker);
        assert!(took < LIMIT, "{}: {took:?} of work", what());
        result
    }
}
