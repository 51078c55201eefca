//! Nothing may hang, and a test that hangs must say in what.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The longest that any one decoding may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(1);

/// After so long the process is ended: what takes that long does not come back.
const HANG: Duration = Duration::from_secs(30);

/// What each worker is at, and since when. A thread looks at it and ends the process if something hangs.
pub(crate) struct Watch {
    workers: Arc<Vec<Worker>>,
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

    /// Runs the work, and once more if it took longer than the limit: other programs may have had the processor.
    ///
    /// # Panics
    /// If it takes too long three times.
    pub(crate) fn timed<T>(&self, worker: usize, what: impl Fn() -> String, work: impl Fn() -> T) -> T {
        for _ in 0..3 {
            self.at(worker, what());
            let start = Instant::now();
            let result = work();
            let took = start.elapsed();
            self.done(worker);
            if took < LIMIT {
                return result;
            }
            eprintln!("{}: took {took:?}", what());
        }
        panic!("{}: takes longer than {LIMIT:?}", what());
    }
}
