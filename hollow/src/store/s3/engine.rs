//! The runtime that requests run on, shared by all stores of the process. Callers block; nobody else sees it.

use super::failure::{Failure, Kind};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use tokio::runtime::{Builder, Runtime};

/// Requests wait for a network most of the time, but encryption does not.
const THREADS: usize = 2;

#[derive(Debug)]
pub(super) struct Engine {
    runtime: Option<Runtime>, // taken when dropped
}

impl Engine {
    /// The engine of this process; a new one if there is none.
    pub(super) fn shared() -> std::io::Result<Arc<Self>> {
        static SHARED: Mutex<Weak<Engine>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = shared.upgrade() {
            return Ok(engine);
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("s3")
            .enable_all()
            .build()?;
        let engine = Arc::new(Self { runtime: Some(runtime) });
        *shared = Arc::downgrade(&engine);
        Ok(engine)
    }

    /// Runs this to its end. The calling thread only waits for a message, so it may belong to another runtime.
    pub(super) fn run<T, W>(&self, work: W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, Failure>> + Send + 'static,
    {
        let (sender, receiver) = mpsc::sync_channel(1);
        let runtime = self.runtime.as_ref().expect("it is taken when dropped only");
        runtime.spawn(async move {
            // Whoever asked waits below.
            let _ = sender.send(work.await);
        });
        receiver
            .recv()
            .unwrap_or_else(|_| Err(Failure::new(Kind::Unavailable, "the request ended without a result")))
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Waiting for its threads is not allowed within another runtime, and there is nothing to wait for.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
