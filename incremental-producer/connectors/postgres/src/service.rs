//! All of it, on threads of their own, until told to stop: for each dataset one that relays its outbox, and one that sweeps.
//!
//! One dataset's trouble is never another's. An error closes the connections of its thread, which are made anew after a
//! pause; only a refused row where `on_refused = "halt"` ends it.

use crate::config::{Config, DatasetConfig, SweepConfig};
use crate::database::{Database, DatabaseError, try_lock};
use crate::outbox::{self, RelayError, relay_batch};
use crate::sink::{KafkaSink, MakeSink, Sink};
use crate::sweep::control::{Control, ControlError};
use crate::sweep::{Outcome, SweepError, Sweeper, requests};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Tells threads to stop. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Stop {
    inner: Arc<(Mutex<bool>, Condvar)>,
}

impl Stop {
    /// Tells them.
    pub fn set(&self) {
        *self.inner.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.inner.1.notify_all();
    }

    /// Whether they were told.
    pub fn is_set(&self) -> bool {
        *self.inner.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits so long, or until told; says whether told.
    pub fn wait(&self, time: Duration) -> bool {
        let (lock, changed) = &*self.inner;
        let stopped = lock.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = changed.wait_timeout_while(stopped, time, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// How often to look for something that is rare: a lock that is free, a sweep that is due.
const SELDOM: Duration = Duration::from_secs(1);
/// The longest pause after errors.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Why a thread ended without being told to.
#[derive(Debug)]
pub struct Halted {
    /// The dataset.
    pub dataset: String,
    /// What happened.
    pub error: RelayError,
}

/// The running threads.
pub struct Service {
    threads: Vec<JoinHandle<Option<Halted>>>,
    stop: Stop,
}

impl Service {
    /// Starts the threads. Nothing is connected before that.
    ///
    /// # Errors
    /// [`DatabaseError::Certificates`].
    pub fn start(config: &Config) -> Result<Self, DatabaseError> {
        let kafka = config.kafka.clone();
        let make: Arc<MakeSink> = Arc::new(move || Ok(Box::new(KafkaSink::new(&kafka)?) as Box<dyn Sink>));
        let database = Database::new(&config.database)?;
        let stop = Stop::default();
        let mut threads = Vec::new();
        for dataset in &config.datasets {
            let worker = Worker {
                dataset: dataset.clone(),
                database: database.clone(),
                make: make.clone(),
                stop: stop.clone(),
            };
            if let Some(sweep) = &dataset.sweep {
                let (worker, sweep) = (worker.clone(), sweep.clone());
                let control = sweep
                    .control
                    .then(|| Control::new(&config.kafka, &dataset.name, &dataset.topic, sweep.key.len()));
                threads.push(std::thread::spawn(move || {
                    worker.sweep(&sweep, control);
                    None
                }));
            }
            threads.push(std::thread::spawn(move || worker.relay()));
        }
        Ok(Self { threads, stop })
    }

    /// Tells the threads to stop, when the batch or chunk they are at is recorded.
    pub fn stop(&self) {
        self.stop.set();
    }

    /// Whether no change is relayed any more.
    pub fn is_finished(&self) -> bool {
        self.threads.iter().all(JoinHandle::is_finished)
    }

    /// Waits until all have stopped; says which halted.
    pub fn join(self) -> Vec<Halted> {
        // A thread that panicked was our mistake, and its message is in the log.
        self.threads
            .into_iter()
            .filter_map(|thread| thread.join().unwrap_or(None))
            .collect()
    }
}

#[derive(Clone)]
struct Worker {
    dataset: DatasetConfig,
    database: Database,
    make: Arc<MakeSink>,
    stop: Stop,
}

impl Worker {
    fn relay(&self) -> Option<Halted> {
        let mut pause = Pause::default();
        while !self.stop.is_set() {
            match self.relay_until_error(&mut pause) {
                Ok(()) => return None,
                Err(error @ RelayError::Halted { .. }) => {
                    let dataset = self.dataset.name.clone();
                    tracing::error!(dataset, error = %causes(&error), "HALTED; a person is needed");
                    return Some(Halted { dataset, error });
                }
                Err(error) => pause.after(&self.dataset.name, "relay changes", &error, &self.stop),
            }
        }
        None
    }

    fn relay_until_error(&self, pause: &mut Pause) -> Result<(), RelayError> {
        let name = &self.dataset.name;
        let mut client = self.database.connect(&format!("outbox {name}"))?;
        let sink = (self.make)()?;
        let mut told = false;
        while !try_lock(&mut client, &outbox::lock_name(name))? {
            if !std::mem::replace(&mut told, true) {
                tracing::info!(dataset = name, "another connector relays the dataset; standing by");
            }
            if self.stop.wait(SELDOM) {
                return Ok(());
            }
        }
        tracing::info!(dataset = name, "relaying changes");
        while !self.stop.is_set() {
            let batch = relay_batch(&mut client, &*sink, &self.dataset)?;
            pause.reset();
            if batch.is_empty() {
                self.stop.wait(self.dataset.poll);
            } else {
                let (sent, refused) = (batch.sent, batch.refused);
                tracing::debug!(dataset = name, sent, refused, newest_ms = batch.newest_ms, "relayed");
            }
        }
        Ok(())
    }

    fn sweep(&self, sweep: &SweepConfig, mut control: Option<Control>) {
        let mut pause = Pause::default();
        while !self.stop.is_set() {
            if let Err(error) = self.sweep_until_error(sweep, control.as_mut(), &mut pause) {
                pause.after(&self.dataset.name, "sweep", &error, &self.stop);
            }
        }
    }

    fn sweep_until_error(
        &self,
        sweep: &SweepConfig,
        mut control: Option<&mut Control>,
        pause: &mut Pause,
    ) -> Result<(), SweepError> {
        let name = &self.dataset.name;
        let mut client = self.database.connect(&format!("sweep {name}"))?;
        let sink = (self.make)()?;
        let sweeper = Sweeper {
            dataset: &self.dataset,
            sweep,
            sink: &*sink,
            stop: &self.stop,
        };
        let mut told = false;
        while !self.stop.is_set() {
            if let Some(every) = sweep.every {
                requests::ask_by_schedule(&mut client, name, every)?;
            }
            match control.as_mut().map(|control| control.take(&mut client)) {
                // Without requests there are still the schedule and the command.
                Some(Err(ControlError::Source(error))) if !std::mem::replace(&mut told, true) => {
                    tracing::warn!(dataset = name, error = %causes(&error), "requests for sweeps cannot be read");
                }
                Some(Err(ControlError::Database(error))) => return Err(error.into()),
                Some(Ok(_) | Err(ControlError::Source(_))) | None => {}
            }
            if matches!(sweeper.turn(&mut client)?, Outcome::Idle | Outcome::Taken) {
                self.stop.wait(SELDOM);
            }
            pause.reset();
        }
        Ok(())
    }
}

/// Pauses that grow while errors follow one another.
#[derive(Default)]
struct Pause {
    failures: u32,
}

impl Pause {
    fn reset(&mut self) {
        self.failures = 0;
    }

    fn after(&mut self, dataset: &str, doing: &str, error: &dyn std::error::Error, stop: &Stop) {
        let pause = (Duration::from_millis(250) * 2_u32.pow(self.failures.min(10))).min(LONGEST_PAUSE);
        self.failures += 1;
        let pause_ms = pause.as_millis() as u64;
        tracing::warn!(dataset, doing, error = %causes(error), failures = self.failures, pause_ms, "failed; trying again");
        stop.wait(pause);
    }
}

/// An error with its causes, in one line.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
