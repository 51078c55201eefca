//! What the pages show: for each environment the state in force with its figures, swapped whole.

use super::Names;
use crate::bind::BindError;
use crate::compare::{Comparison, compare};
use crate::runner::InputStatus;
use crate::view::{LivenessView, Summary, ViewError};
use arc_swap::{ArcSwap, ArcSwapOption};
use hollow::read::ReadState;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// An environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Env {
    /// What viewers get.
    Prod,
    /// The same inputs under a candidate.
    Preprod,
}

impl Env {
    /// Both.
    pub const ALL: [Env; 2] = [Env::Prod, Env::Preprod];

    /// The name in URLs.
    pub fn name(self) -> &'static str {
        match self {
            Env::Prod => "prod",
            Env::Preprod => "preprod",
        }
    }

    /// The other one.
    pub fn other(self) -> Env {
        match self {
            Env::Prod => Env::Preprod,
            Env::Preprod => Env::Prod,
        }
    }

    /// The environment of this name.
    pub fn from_name(name: &str) -> Option<Env> {
        Env::ALL.into_iter().find(|env| env.name() == name)
    }
}

impl fmt::Display for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Env::Prod => "PROD",
            Env::Preprod => "PREPROD",
        })
    }
}

/// How the runner of an environment is.
#[derive(Clone, Debug, Default)]
pub struct ServiceStatus {
    /// Its inputs.
    pub inputs: Vec<InputStatus>,
    /// What it waits for; empty if it does not.
    pub waiting_for: Vec<String>,
    /// Why the last cycle failed, if it did.
    pub error: Option<String>,
    /// When the last cycle ended, epoch milliseconds.
    pub cycle_at: Option<i64>,
    /// How long the last evaluation took, milliseconds.
    pub evaluate_ms: Option<u64>,
    /// How long publishing took, milliseconds.
    pub publish_ms: Option<u64>,
}

/// A state with its figures.
#[derive(Debug)]
pub struct Shown {
    /// The state.
    pub view: LivenessView,
    /// Its figures.
    pub summary: Summary,
}

/// Outputs of PROD that are kept so that PREPROD can be compared with the one it follows.
const RECENT: usize = 4;

/// A site. Cheap to clone; all clones are the same site.
#[derive(Clone)]
pub struct Site(Arc<Shared>);

struct Shared {
    shown: [ArcSwapOption<Shown>; 2],
    status: [ArcSwap<ServiceStatus>; 2],
    names: ArcSwap<Names>,
    comparison: ArcSwapOption<Comparison>,
    recent: Mutex<VecDeque<Arc<Shown>>>,
    revision: AtomicU64,
    clock: Box<dyn Fn() -> i64 + Send + Sync>,
}

impl Site {
    /// A site with nothing to show yet. `clock` tells the time in epoch milliseconds, for ages.
    pub fn new(clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Site(Arc::new(Shared {
            shown: Default::default(),
            status: Default::default(),
            names: ArcSwap::default(),
            comparison: ArcSwapOption::empty(),
            recent: Mutex::default(),
            revision: AtomicU64::new(0),
            clock: Box::new(clock),
        }))
    }

    /// Puts a state into force: binds it, counts it, compares the environments, then swaps. Takes as long as looking at
    /// every verdict once; requests meanwhile see the state before.
    ///
    /// # Errors
    /// [`ViewError`] if it is no liveness dataset; the state before stays.
    pub fn show(&self, env: Env, state: Arc<ReadState>) -> Result<(), ViewError> {
        let view = LivenessView::bind(state)?;
        let summary = Summary::of(&view);
        let shown = Arc::new(Shown { view, summary });
        let shared = &self.0;
        if env == Env::Prod {
            let mut recent = shared.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.push_front(Arc::clone(&shown));
            recent.truncate(RECENT);
        }
        shared.shown[env as usize].store(Some(shown));
        self.compare()?;
        shared.revision.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Compares PREPROD with the PROD state it follows, or with PROD's present one if it follows none.
    fn compare(&self) -> Result<(), ViewError> {
        let Some(preprod) = self.shown(Env::Preprod) else {
            return Ok(());
        };
        let prod = match preprod.view.follows() {
            Some(version) => {
                let recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
                recent.iter().find(|shown| shown.view.version() == version).cloned()
            }
            None => self.shown(Env::Prod),
        };
        let Some(prod) = prod else { return Ok(()) };
        let versions = [prod.view.version(), preprod.view.version()];
        if self.comparison().is_none_or(|known| known.versions != versions) {
            let comparison = compare(&prod.view, &preprod.view)?;
            self.0.comparison.store(Some(Arc::new(comparison)));
        }
        Ok(())
    }

    /// The version of PROD that PREPROD follows, if it has to be [remembered](Self::remember) before the two can be compared.
    pub fn lacks(&self) -> Option<i64> {
        let followed = self.shown(Env::Preprod)?.view.follows()?;
        let recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
        (!recent.iter().any(|shown| shown.view.version() == followed)).then_some(followed)
    }

    /// Takes an earlier state of PROD, only to compare PREPROD with it.
    ///
    /// # Errors
    /// [`ViewError`] if it is no liveness dataset.
    pub fn remember(&self, state: Arc<ReadState>) -> Result<(), ViewError> {
        let view = LivenessView::bind(state)?;
        let shown = Arc::new(Shown {
            view,
            summary: Summary::default(),
        });
        {
            let mut recent = self.0.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.push_front(shown);
            recent.truncate(RECENT);
        }
        self.compare()?;
        self.0.revision.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Says how the runner of an environment is.
    pub fn report(&self, env: Env, status: ServiceStatus) {
        self.0.status[env as usize].store(Arc::new(status));
        self.0.revision.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes the names of videos and countries from these states.
    ///
    /// # Errors
    /// [`BindError`] if a field is missing; the names before stay.
    pub fn name(&self, titles: &ReadState, countries: &ReadState) -> Result<(), BindError> {
        self.0.names.store(Arc::new(Names::read(titles, countries)?));
        self.0.revision.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// The state of an environment.
    pub fn shown(&self, env: Env) -> Option<Arc<Shown>> {
        self.0.shown[env as usize].load_full()
    }

    /// How the runner of an environment is.
    pub fn status(&self, env: Env) -> Arc<ServiceStatus> {
        self.0.status[env as usize].load_full()
    }

    /// The newest comparison of PROD and PREPROD at equal inputs.
    pub fn comparison(&self) -> Option<Arc<Comparison>> {
        self.0.comparison.load_full()
    }

    pub(super) fn names(&self) -> Arc<Names> {
        self.0.names.load_full()
    }

    pub(super) fn now(&self) -> i64 {
        (self.0.clock)()
    }

    pub(super) fn revision(&self) -> u64 {
        self.0.revision.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("revision", &self.revision())
            .finish_non_exhaustive()
    }
}
