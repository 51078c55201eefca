//! PROD, and PREPROD that follows it with another policy.

use crate::board::Board;
use crate::directory::Directory;
use crate::sources::now_ms;
use anyhow::{Context, Result};
use gatekeeper::liveness::{self, Liveness};
use gatekeeper::policy::Policy;
use gatekeeper::runner::{CycleReport, Derivation, InputSet, Opener, Role, Runner};
use hollow::consumer::Consumer;
use hollow::producer::{Producer, PublishUnchanged};
use hollow::store::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The output of PROD.
pub const PROD: &str = "liveness";
/// The output of PREPROD.
pub const PREPROD: &str = "liveness-preprod";

const SNAPSHOT_EVERY: u32 = 30;

fn runner(directory: &Directory, output: &str, policy: Policy, role: Role) -> Result<Runner<Liveness>> {
    let derivation = Liveness::new(policy);
    let inputs = derivation.inputs().iter().map(|&name| {
        let path = directory.store(name);
        let open: Opener = Box::new(move || Store::fs(&path));
        (name.to_owned(), open)
    });
    let inputs = InputSet::new(inputs);
    let store = Store::fs(directory.store(output)).context("cannot open a store")?;
    let producer = Producer::builder(liveness::dataset(), store)
        .name(output)
        .root(liveness::ROOT)
        .snapshot_every(SNAPSHOT_EVERY)
        .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
        .build()?;
    Ok(Runner::new(derivation, inputs, producer, role))
}

/// The running pair.
pub struct Gatekeepers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Runner<Liveness>>>,
}

/// Starts both, each on a thread.
pub fn start(directory: &Directory, every: Duration, board: &Arc<Board>) -> Result<Gatekeepers> {
    let stop = Arc::new(AtomicBool::new(false));
    let prod = runner(directory, PROD, Policy::default_policy(), Role::Lead)?;
    let lead = Consumer::builder(Store::fs(directory.store(PROD))?).build()?;
    let preprod = runner(
        directory,
        PREPROD,
        Policy::candidate_policy(),
        Role::Follow(Arc::new(lead)),
    )?;
    let mut threads = Vec::new();
    for (mut runner, name) in [(prod, PROD), (preprod, PREPROD)] {
        let (board, stop) = (board.clone(), stop.clone());
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let mut next = Instant::now();
            while !stop.load(SeqCst) {
                if Instant::now() >= next {
                    // Ticks that pass during a cycle are skipped.
                    next = Instant::now() + every;
                    cycle(&mut runner, name, &board);
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            runner
        })?;
        threads.push(thread);
    }
    Ok(Gatekeepers { stop, threads })
}

fn cycle(runner: &mut Runner<Liveness>, name: &str, board: &Board) -> Option<CycleReport> {
    match runner.cycle(now_ms()) {
        Ok(report) => {
            board.evaluated(name, &report, name == PROD, now_ms());
            for input in report.inputs.iter().filter(|input| input.error.is_some()) {
                board.error(format!(
                    "{name}: input {}: {}",
                    input.name,
                    input.error.as_deref().unwrap_or_default()
                ));
            }
            Some(report)
        }
        Err(error) => {
            board.error(format!("{name}: {}", chain(&error)));
            None
        }
    }
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Gatekeepers {
    /// Stops the rhythm and evaluates once more, PROD first: both then stand on the newest inputs, and on the same.
    pub fn finish(self, board: &Board) {
        self.stop.store(true, SeqCst);
        for (thread, name) in self.threads.into_iter().zip([PROD, PREPROD]) {
            match thread.join() {
                Ok(mut runner) => drop(cycle(&mut runner, name, board)),
                Err(_) => board.error(format!("{name}: the thread panicked")),
            }
        }
    }
}
