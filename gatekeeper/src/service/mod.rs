//! The running gatekeeper: a thread that owns the runner, and a site that shows what it publishes.
//!
//! The thread alone touches producer and consumers; pages read what it puts into the [`Site`]. Two services with the two
//! roles can share a site, which then shows both environments; a service that is alone also watches the other environment's
//! store, so that its pages can compare.

pub mod settings;

pub use settings::{LIVENESS, LIVENESS_PREPROD, RoleName, Settings, SettingsError, Stores};

use crate::liveness::{self, Liveness};
use crate::runner::{CycleReport, InputSet, Outcome, Role, Runner, RunnerError, error_chain};
use crate::web::{Env, ServiceStatus, Site};
use hollow::consumer::Consumer;
use hollow::producer::{CycleError, Producer, PublishUnchanged};
use hollow::store::StoreError;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Why a service does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// A store cannot be opened.
    #[error("cannot open the store of dataset={dataset}")]
    Store {
        /// The dataset.
        dataset: &'static str,
        /// What happened.
        source: StoreError,
    },
    /// The producer cannot be made.
    #[error("cannot publish")]
    Producer(#[from] CycleError),
    /// The system gives no thread.
    #[error("cannot start a thread")]
    Thread(#[from] std::io::Error),
}

/// The present time, epoch milliseconds.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The runner that settings describe.
///
/// # Errors
/// [`ServiceError`] if the output store, or the one to follow, cannot be opened.
pub fn runner(settings: &Settings) -> Result<Runner<Liveness>, ServiceError> {
    let stores = &settings.stores;
    let output = settings.role.output();
    let failed = |dataset| move |source| ServiceError::Store { dataset, source };
    let store = stores.create(output).map_err(failed(output))?;
    let mut builder = Producer::builder(liveness::dataset(), store)
        .name(output)
        .root(liveness::ROOT)
        .publish_unchanged(PublishUnchanged::WhenTagsDiffer);
    if let Some(versions) = settings.snapshot_every {
        builder = builder.snapshot_every(versions);
    }
    let producer = builder.build()?;
    let role = match settings.role {
        RoleName::Lead => Role::Lead,
        RoleName::Follow => {
            // It may start first: the store to follow is then still empty.
            let lead = stores.create(LIVENESS).map_err(failed(LIVENESS))?;
            Role::Follow(Arc::new(Consumer::builder(lead).build().map_err(failed(LIVENESS))?))
        }
    };
    Ok(Runner::new(
        Liveness::new(settings.policy.clone()),
        inputs(stores),
        producer,
        role,
    ))
}

/// The six inputs of a set of stores.
pub fn inputs(stores: &Stores) -> InputSet {
    let names = crate::inputs::DATASETS.into_iter();
    InputSet::new(names.map(|dataset| (dataset.to_owned(), stores.opener(dataset))))
}

/// A service that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Service {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts the cycles. With `watch_other` the site also shows what lies in the other environment's store.
    ///
    /// # Errors
    /// [`ServiceError`] if a store cannot be opened.
    pub fn start(settings: &Settings, site: Site, watch_other: bool) -> Result<Self, ServiceError> {
        let mut cycles = Cycles::new(settings, site, watch_other)?;
        let cadence = Duration::from_secs(settings.cadence_seconds);
        let (stop, stopped) = mpsc::channel();
        let body = move || {
            cycles.show_stored();
            loop {
                let start = Instant::now();
                // What went wrong is logged and shown; the next cycle begins anew.
                drop(cycles.run(now_ms()));
                let rest = cadence.saturating_sub(start.elapsed());
                match stopped.recv_timeout(rest) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name(format!("gatekeeper-{:?}", settings.role))
            .spawn(body)?;
        Ok(Service {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Ends after the cycle under way, and waits for it.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the cycle thread panicked");
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.end();
    }
}

/// The cycles of a service, one call each. For callers that keep their own time.
pub struct Cycles {
    runner: Runner<Liveness>,
    site: Site,
    env: Env,
    other: Option<(Stores, Option<Consumer>)>,
    status: ServiceStatus,
    /// Names are read again when these versions change.
    named: Option<(Option<i64>, Option<i64>)>,
}

impl Cycles {
    /// Cycles of the runner that settings describe, shown on a site.
    ///
    /// # Errors
    /// [`ServiceError`] if a store cannot be opened.
    pub fn new(settings: &Settings, site: Site, watch_other: bool) -> Result<Self, ServiceError> {
        Ok(Cycles {
            runner: runner(settings)?,
            site,
            env: match settings.role {
                RoleName::Lead => Env::Prod,
                RoleName::Follow => Env::Preprod,
            },
            other: watch_other.then(|| (settings.stores.clone(), None)),
            status: ServiceStatus::default(),
            named: None,
        })
    }

    /// One cycle at `now` (epoch milliseconds). What goes wrong is also logged and shown on the site.
    ///
    /// # Errors
    /// As [`Runner::cycle`].
    pub fn run(&mut self, now: i64) -> Result<CycleReport, RunnerError> {
        let result = self.runner.cycle(now);
        self.take_note(&result, now);
        self.show();
        self.show_other();
        result
    }

    /// Shows what was published before this service started, so that there is something to see during its first cycle.
    pub fn show_stored(&mut self) {
        if let Err(error) = self.runner.restore() {
            // The first cycle will say so.
            tracing::warn!(env = %self.env, error = error_chain(&error), "the last output cannot be continued");
        }
        self.runner.refresh_inputs(now_ms());
        self.show();
        self.show_other();
    }

    fn show_other(&mut self) {
        if let Some((stores, consumer)) = &mut self.other {
            watch(stores, consumer, self.env.other(), &self.site);
            recall(stores, &self.site);
        }
    }

    /// The last output.
    pub fn runner(&self) -> &Runner<Liveness> {
        &self.runner
    }

    fn take_note(&mut self, result: &Result<CycleReport, RunnerError>, now: i64) {
        self.status.cycle_at = Some(now);
        match result {
            Ok(report) => {
                self.status.error = None;
                self.status.waiting_for.clear();
                self.status.inputs = report.inputs.clone();
                match &report.outcome {
                    Outcome::Waiting(missing) => {
                        tracing::warn!(env = %self.env, missing = missing.join(", "), "waiting for inputs");
                        self.status.waiting_for = missing.clone();
                    }
                    Outcome::Unchanged => tracing::debug!(env = %self.env, "unchanged"),
                    Outcome::Published { version, .. } => {
                        tracing::info!(
                            env = %self.env,
                            %version,
                            evaluate_ms = report.evaluate.as_millis() as u64,
                            publish_ms = report.publish.as_millis() as u64,
                            "published"
                        );
                    }
                }
                if report.digest.is_some() {
                    self.status.evaluate_ms = u64::try_from(report.evaluate.as_millis()).ok();
                }
                if matches!(report.outcome, Outcome::Published { .. }) {
                    self.status.publish_ms = u64::try_from(report.publish.as_millis()).ok();
                }
            }
            Err(error) => {
                let error = error_chain(error);
                tracing::error!(env = %self.env, error, "cycle failed");
                self.status.inputs = self.runner.inputs().status();
                self.status.error = Some(error);
            }
        }
    }

    fn show(&mut self) {
        if let Some(state) = self.runner.output() {
            let shown = self.site.shown(self.env).map(|shown| shown.view.version());
            if shown != state.version().map(|version| version.0)
                && let Err(error) = self.site.show(self.env, state)
            {
                self.status.error = Some(error_chain(&error));
            }
        }
        let inputs = self.runner.inputs();
        if let (Some(titles), Some(countries)) = (inputs.state("titles"), inputs.state("countries")) {
            let version = |state: &Arc<hollow::read::ReadState>| state.version().map(|version| version.0);
            let versions = (version(&titles), version(&countries));
            if self.named != Some(versions) {
                match self.site.name(&titles, &countries) {
                    Ok(()) => self.named = Some(versions),
                    Err(error) => self.status.error = Some(error_chain(&error)),
                }
            }
        }
        self.site.report(self.env, self.status.clone());
    }
}

/// Fetches the output of PROD that PREPROD follows, if PROD has moved on and the site does not have it.
fn recall(stores: &Stores, site: &Site) {
    let Some(version) = site.lacks() else { return };
    let load = || -> Result<(), Box<dyn std::error::Error>> {
        let consumer = Consumer::builder(stores.open(LIVENESS)?).build()?;
        consumer.refresh_to(hollow::Version(version))?;
        Ok(consumer.state().map_or(Ok(()), |state| site.remember(state))?)
    };
    if let Err(error) = load() {
        tracing::debug!(
            version,
            error = error_chain(error.as_ref()),
            "the followed output cannot be read"
        );
    }
}

/// Shows the newest output that another process published.
fn watch(stores: &Stores, consumer: &mut Option<Consumer>, env: Env, site: &Site) {
    let dataset = match env {
        Env::Prod => LIVENESS,
        Env::Preprod => LIVENESS_PREPROD,
    };
    if consumer.is_none() {
        // Not there yet, or not at all: nothing to say.
        let store = stores.open(dataset).ok();
        *consumer = store.and_then(|store| Consumer::builder(store).build().ok());
    }
    let Some(consumer) = consumer else { return };
    if let Err(error) = consumer.refresh() {
        tracing::warn!(%env, error = error_chain(&error), "the other environment cannot be read");
    }
    if let Some(state) = consumer.state() {
        let shown = site.shown(env).map(|shown| shown.view.version());
        if shown != state.version().map(|version| version.0)
            && let Err(error) = site.show(env, state)
        {
            tracing::warn!(%env, error = error_chain(&error), "the other environment cannot be shown");
        }
    }
}
