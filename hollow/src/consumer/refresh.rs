//! From the state at hand to the one wanted.

use super::guard::Loading;
use super::{Consumer, Refreshed, Work};
use crate::Version;
use crate::read::ReadState;
use crate::store::route::{Chain, Preference, Route};
use crate::store::{LinkRef, LoadError, Source, StoreError, now_ms};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

/// Which questions a refresh asks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// What is announced, and what is pinned.
    Both,
    /// What is announced; if that is another version than before, also what is pinned.
    Announced,
    /// What is pinned.
    Pins,
}

/// What a refresh came to.
#[derive(Clone, Debug, PartialEq)]
pub enum RefreshOutcome {
    /// Nothing was announced yet; there is no state.
    NothingAnnounced,
    /// The state at hand is the one wanted.
    Unchanged,
    /// Another state is in force.
    Moved(Moved),
}

/// How a new state was reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// The version before.
    pub from: Option<Version>,
    /// The version now.
    pub to: Version,
    /// The version of the snapshot that was loaded; `None` if the state at hand was carried forward.
    pub snapshot: Option<Version>,
    /// How many deltas were applied.
    pub deltas: usize,
    /// Why the way tried first failed, if it did.
    pub first_failure: Option<String>,
    /// What listeners complained about.
    pub listener_errors: Vec<String>,
}

/// Why the state at hand stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefreshError {
    /// The source does not say what is announced, or not how to get there.
    #[error("cannot find the way to the wanted state")]
    Plan(#[from] StoreError),
    /// No way to the version worked.
    #[error("cannot reach version={version}{}", .first.as_ref().map_or_else(String::new, |first| format!("; tried before: {first}")))]
    Load {
        /// The version wanted.
        version: Version,
        /// Why the way tried first failed, if another one was tried after it.
        first: Option<String>,
        /// Why the last way failed.
        #[source]
        source: LoadError,
    },
    /// Processes died while they loaded the version. It is left alone; later versions are not.
    #[error(
        "version={version} is not loaded: {deaths} processes died while they did; to try again remove loading-{version}-* \
         in directory={}",
        .directory.display()
    )]
    Guarded {
        /// The version wanted.
        version: Version,
        /// How many processes died.
        deaths: usize,
        /// The cache directory.
        directory: PathBuf,
    },
    /// The system gives no thread to refresh in.
    #[error("cannot start the thread that refreshes in the background")]
    Thread(#[source] std::io::Error),
}

impl RefreshError {
    /// The store's part in it, if it has one.
    pub fn store_error(&self) -> Option<&StoreError> {
        match self {
            RefreshError::Plan(error) => Some(error),
            RefreshError::Load {
                source: LoadError::Store(error),
                ..
            } => Some(error),
            _ => None,
        }
    }
}

impl Consumer {
    /// Goes to the version this consumer is pinned at, else to the one that a pin for its labels says, else to the
    /// announced one if that is later than the state at hand.
    ///
    /// # Errors
    /// [`RefreshError`]; the state at hand stays in force.
    pub fn refresh(&self) -> Result<RefreshOutcome, RefreshError> {
        self.refresh_asking(Ask::Both)
    }

    pub(super) fn refresh_asking(&self, ask: Ask) -> Result<RefreshOutcome, RefreshError> {
        let result = self.follow(&mut self.work(), ask);
        let mut notes = self.notes();
        match &result {
            Ok(_) => (notes.failures, notes.last_error) = (0, None),
            Err(error) => {
                notes.failures = notes.failures.saturating_add(1);
                notes.last_error = Some(causes(error));
            }
        }
        result
    }

    fn follow(&self, work: &mut Work, ask: Ask) -> Result<RefreshOutcome, RefreshError> {
        let own = work.pinned;
        let asks_for_pins = own.is_none() && (ask != Ask::Announced || work.pins.value().is_none());
        if asks_for_pins {
            work.pins.ask(|known| self.source.pins_unless(known))?;
        }
        let was_held = work.held;
        let mut pinned = own.or_else(|| self.pin_for_this(work));
        let mut asked = false;
        // What was announced while this consumer was held is old.
        if pinned.is_none() && (ask != Ask::Pins || was_held || work.announced.value().is_none()) {
            let changed = work.announced.ask(|known| self.source.announced_unless(known))?;
            asked = true;
            if changed && ask == Ask::Announced {
                // A pin that was made before this was announced must be known.
                work.pins.ask(|known| self.source.pins_unless(known))?;
                pinned = self.pin_for_this(work);
            }
        }
        work.held = pinned.is_some();
        let announced = match pinned {
            Some(_) => None,
            None => work.announced.value().copied().flatten(),
        };
        self.notes().asked(pinned, announced.as_ref());
        let Some(wanted) = pinned.or(announced.map(|announced| announced.version)) else {
            return Ok(RefreshOutcome::NothingAnnounced);
        };
        if pinned.is_none() && self.version().is_some_and(|current| current > wanted) {
            if asked {
                self.regressions.fetch_add(1, Ordering::Relaxed);
            }
            return Ok(RefreshOutcome::Unchanged);
        }
        let outcome = self.go(work, wanted, Preference::Best, announced)?;
        if asked || own.is_some() || (pinned.is_some() && asks_for_pins) {
            self.notes().confirmed_at = Some(SystemTime::now());
        }
        Ok(outcome)
    }

    /// The version that a pin holds this consumer at, as far as it was told.
    fn pin_for_this(&self, work: &Work) -> Option<Version> {
        let now = now_ms((self.clock)());
        let pin = work.pins.value()?.for_consumer(&self.labels, now)?;
        Some(pin.version)
    }

    /// Goes to a version, later or earlier.
    ///
    /// # Errors
    /// [`RefreshError`]; the state at hand stays in force.
    pub fn refresh_to(&self, version: Version) -> Result<RefreshOutcome, RefreshError> {
        self.refresh_by(version, Preference::Best)
    }

    /// Goes to a version by a certain kind of route.
    ///
    /// # Errors
    /// [`RefreshError`]; the state at hand stays in force.
    pub fn refresh_by(&self, version: Version, preference: Preference) -> Result<RefreshOutcome, RefreshError> {
        self.go(&mut self.work(), version, preference, None)
    }

    /// Goes to a version of the chain that ends at `tip`, or at the newest if that is not known.
    fn go(
        &self,
        work: &mut Work,
        target: Version,
        preference: Preference,
        tip: Option<LinkRef>,
    ) -> Result<RefreshOutcome, RefreshError> {
        let before = self.state();
        let current = before.as_ref().and_then(|state| state.version());
        if current == Some(target) && preference == Preference::Best {
            return Ok(RefreshOutcome::Unchanged);
        }
        let tip = match tip {
            Some(tip) => Some(tip),
            None => self.tip()?,
        };
        let mut chain = Chain::new(&self.source, tip);
        let routes = chain.routes(current, target, preference)?;
        let loading = match &self.cache {
            Some(cache) => Loading::begin(cache.directory(), target)?,
            None => None,
        };
        let (route, state, first_failure) =
            self.try_routes(work, &mut chain, routes, before.as_deref(), target, preference)?;
        let listener_errors = self.put_in_force(before.as_ref(), state, false);
        if let Some(loading) = loading {
            loading.succeeded();
        }
        let begins_with = |work: &Work| {
            work.cached
                .as_ref()
                .and_then(|(_, route)| Some(route.snapshot.as_ref()?.0))
        };
        let begun_with = begins_with(work);
        let kept = self.keep(work, &mut chain, current, &route, target);
        if begins_with(work) != begun_with {
            // Those stored before may not be on the way any more. Without them a start takes longer, that is all.
            let _ = self.save_indexes();
        }
        self.notes().cache_error = kept.err().map(|error| causes(&error));
        Ok(RefreshOutcome::Moved(Moved {
            from: current,
            to: target,
            snapshot: route.snapshot.map(|(version, _)| version),
            deltas: route.steps.len(),
            first_failure,
            listener_errors,
        }))
    }

    /// Swaps a state in and tells the listeners; gives what they complain about.
    pub(super) fn put_in_force(
        &self,
        before: Option<&Arc<ReadState>>,
        state: ReadState,
        from_cache: bool,
    ) -> Vec<String> {
        let after = Arc::new(state);
        self.state.store(Some(after.clone()));
        let now = SystemTime::now();
        let _oldest = self.held().push(ReadState::clone(&after), now); // dropped when nobody waits for the lock
        let listener_errors = self.tell(before, &after);
        let mut notes = self.notes();
        notes.replaced(before, now);
        notes.in_force_since = Some(now);
        notes.from_cache = from_cache;
        notes.listener_errors.clone_from(&listener_errors);
        listener_errors
    }

    /// Sees to it that the cache has the blobs that make the state in force.
    fn keep(
        &self,
        work: &mut Work,
        chain: &mut Chain<'_>,
        from: Option<Version>,
        route: &Route,
        target: Version,
    ) -> Result<(), StoreError> {
        /// How often to look for a shorter way, in deltas: the search reads manifests.
        const OFTEN: usize = 16;
        let Some(cache) = &self.cache else {
            return Ok(());
        };
        let cached = work.cached.take().filter(|(version, _)| Some(*version) == from);
        let mut kept = match (&route.snapshot, cached) {
            (Some(_), _) => Some(route.clone()),
            (None, Some((_, mut cached))) => {
                cached.steps.extend(route.steps.iter().cloned());
                Some(cached)
            }
            (None, None) => None,
        };
        let long = |route: &Route| {
            let alone = Route {
                snapshot: None,
                steps: route.steps.clone(),
            };
            route.steps.len().is_multiple_of(OFTEN) && alone.cost() > route.cost() / 2
        };
        if kept.as_ref().is_none_or(long) {
            let shortest = chain.routes(None, target, Preference::Best)?.into_iter().next();
            let longest = kept.as_ref().map_or(u64::MAX, Route::cost);
            if let Some(shortest) = shortest.filter(|route| route.cost() < longest) {
                let source = cache.before(&self.source);
                for (_, blob) in shortest.snapshot.iter().chain(&shortest.steps) {
                    source.open(blob)?;
                }
                kept = Some(shortest);
            }
        }
        if let Some(route) = kept {
            cache.save(&route)?;
            work.cached = Some((target, route));
        }
        Ok(())
    }

    fn load(&self, route: &Route, current: Option<&ReadState>) -> Result<ReadState, LoadError> {
        match &self.cache {
            Some(cache) => self.load_indexed(&cache.before(&self.source), route, current),
            None => self.load_indexed(&self.source, route, current),
        }
    }

    /// Tries the best route, then one other.
    fn try_routes(
        &self,
        work: &mut Work,
        chain: &mut Chain<'_>,
        mut routes: Vec<Route>,
        current: Option<&ReadState>,
        target: Version,
        preference: Preference,
    ) -> Result<(Route, ReadState, Option<String>), RefreshError> {
        let usable = |work: &Work, route: &Route| {
            let mut blobs = route.snapshot.iter().chain(&route.steps);
            !blobs.any(|(_, blob)| work.unreadable.contains(&blob.name))
        };
        // If every route is known to be bad, the first one says why once more.
        let first = routes.iter().position(|route| usable(work, route)).unwrap_or(0);
        if first >= routes.len() {
            return Err(StoreError::absent(format!("way to version={target}")).into());
        }
        let first = routes.swap_remove(first);
        let error = match self.load(&first, current) {
            Ok(state) => return Ok((first, state, None)),
            Err(error) => error,
        };
        self.remember(work, &first, &error);
        let failed = |first, source| RefreshError::Load {
            version: target,
            first,
            source,
        };
        // A refusal is no matter of routes, and a route that was asked for has no other.
        let hopeless = matches!(error, LoadError::Store(StoreError::Denied { .. }));
        if hopeless || preference != Preference::Best {
            return Err(failed(None, error));
        }
        let others = chain.alternatives(target).unwrap_or_default();
        routes.extend(others);
        let Some(other) = routes.into_iter().find(|route| *route != first && usable(work, route)) else {
            return Err(failed(None, error));
        };
        match self.load(&other, current) {
            Ok(state) => Ok((other, state, Some(causes(&error)))),
            Err(second) => {
                self.remember(work, &other, &second);
                Err(failed(Some(causes(&error)), second))
            }
        }
    }

    /// Remembers a blob that is what it should be and still makes no state.
    fn remember(&self, work: &mut Work, route: &Route, error: &LoadError) {
        let LoadError::Decode { blob, .. } = error else {
            return;
        };
        let mut blobs = route.snapshot.iter().chain(&route.steps);
        // Without a digest it may be another content the next time. A delta may only not fit the state at hand.
        if route.snapshot.is_some() && blobs.any(|(_, known)| known.name == *blob && known.sha256.is_some()) {
            work.unreadable.insert(blob.clone());
        }
    }

    fn tell(&self, before: Option<&Arc<ReadState>>, after: &Arc<ReadState>) -> Vec<String> {
        let refreshed = Refreshed { before, after };
        let mut errors = Vec::new();
        for listener in &self.listeners {
            match catch_unwind(AssertUnwindSafe(|| listener(&refreshed))) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => errors.push(causes(error.as_ref())),
                Err(_) => errors.push("a listener panicked".to_owned()),
            }
        }
        errors
    }
}

/// An error with everything that caused it, in one line.
pub(super) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let all = std::iter::successors(Some(error), |error| error.source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
