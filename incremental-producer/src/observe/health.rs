//! Whether a service lives and is ready: rules over what is seen of it.
//!
//! *Live* is for those who restart processes: it is false only where a new process would do better. A halted dataset is
//! live, for a restart would halt again; so is one that cannot reach Kafka or its store.
//! *Ready* is for those who watch and roll out: it is false wherever this dataset does not go on by itself.

use super::Sight;
use crate::service::Phase;
use serde::Serialize;
use std::time::Duration;

/// An answer about all datasets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The form of this answer.
    pub schema: u32,
    /// Yes or no.
    pub ok: bool,
    /// What is not as it should be, by dataset.
    pub problems: Vec<Problem>,
}

/// Why the answer about a dataset is no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The dataset.
    pub dataset: String,
    /// Why.
    pub reason: &'static str,
}

impl Health {
    pub(super) fn of(sights: &[Sight], why_not: impl Fn(&Sight) -> Option<&'static str>) -> Self {
        let problem = |sight: &Sight| {
            why_not(sight).map(|reason| Problem {
                dataset: sight.dataset.clone(),
                reason,
            })
        };
        let problems: Vec<Problem> = sights.iter().filter_map(problem).collect();
        Self {
            schema: 1,
            ok: problems.is_empty(),
            problems,
        }
    }

    /// Whether a dataset is among the problems, and why.
    pub fn about(&self, dataset: &str) -> Option<&'static str> {
        let found = self.problems.iter().find(|problem| problem.dataset == dataset);
        found.map(|problem| problem.reason)
    }
}

pub(super) fn why_not_live(sight: &Sight, stuck_after: Duration) -> Option<&'static str> {
    if matches!(sight.status.phase, Phase::Halted | Phase::Stopped) {
        return None;
    }
    if sight.is_finished {
        return Some("its thread has ended without a word");
    }
    let stuck = sight.busy_for.is_some_and(|busy| busy > stuck_after);
    stuck.then_some("a cycle has not ended for longer than `stuck_after`")
}

pub(super) fn why_not_ready(sight: &Sight, restored: bool, stopping: bool) -> Option<&'static str> {
    match sight.status.phase {
        Phase::Halted => Some("halted: a person is needed; see last_error in /status"),
        Phase::Stopped => Some("stopped"),
        _ if stopping => Some("the process was told to stop"),
        _ if sight.is_finished => Some("its thread has ended"),
        // Restoring proves the store, loads the announced state and takes over as the only producer.
        _ if !restored => Some("not restored yet"),
        _ => None,
    }
}
