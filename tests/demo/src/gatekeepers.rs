//! PROD, and PREPROD that follows it with another policy.

use crate::board::Board;
use crate::directory::Directory;
use crate::sources::now_ms;
use anyhow::{Context, Result};
use gatekeeper::liveness::{self, Liveness};
use gatekeeper::policy::Policy;
use gatekeeper::runner::{CycleReport, Derivation, InputSet, Opener, Outcome, Role, Runner};
use gatekeeper::web::{Env, ServiceStatus, Site};
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
pub fn start(directory: &Directory, every: Duration, board: &Arc<Board>, site: &Site) -> Result<Gatekeepers> {
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
        let (board, stop, site) = (board.clone(), stop.clone(), site.clone());
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let mut next = Instant::now();
            while !stop.load(SeqCst) {
                if Instant::now() >= next {
                    // Ticks that pass during a cycle are skipped.
                    next = Instant::now() + every;
                    let report = cycle(&mut runner, name, &board);
                    show(&runner, name, report, &site, &board);
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

/// Puts what a cycle came to on the page.
fn show(runner: &Runner<Liveness>, name: &str, report: Option<CycleReport>, site: &Site, board: &Board) {
    let env = if name == PROD { Env::Prod } else { Env::Preprod };
    let Some(report) = report else { return };
    let is_new = matches!(report.outcome, Outcome::Published { .. }) || site.shown(env).is_none();
    if let Some(state) = runner.output().filter(|_| is_new) {
        let inputs = runner.inputs();
        let named = match (inputs.state("titles"), inputs.state("countries")) {
            (Some(titles), Some(countries)) if env == Env::Prod => {
                site.name(&titles, &countries).map_err(|error| chain(&error))
            }
            _ => Ok(()),
        };
        let shown = named.and_then(|()| site.show(env, state).map_err(|error| chain(&error)));
        if let Err(error) = shown {
            board.error(format!("{name}: the page cannot show the state: {error}"));
        }
    }
    let before = site.status(env);
    let waiting_for = match report.outcome {
        Outcome::Waiting(inputs) => inputs,
        _ => Vec::new(),
    };
    let measured = |time: Duration, before| (report.digest.is_some()).then_some(time.as_millis() as u64).or(before);
    site.report(
        env,
        ServiceStatus {
            inputs: report.inputs,
            waiting_for,
            error: None,
            cycle_at: Some(now_ms()),
            evaluate_ms: measured(report.evaluate, before.evaluate_ms),
            publish_ms: measured(report.publish, before.publish_ms),
        },
    );
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
