//! PROD, and PREPROD that follows it with another policy, both on one page.

use crate::board::Board;
use crate::sources::now_ms;
use anyhow::Result;
use gatekeeper::runner::error_chain;
use gatekeeper::service::{Cycles, RoleName, Settings};
use gatekeeper::web::Site;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const SNAPSHOT_EVERY: u32 = 30;

/// PROD first: what it publishes, PREPROD follows.
const ROLES: [RoleName; 2] = [RoleName::Lead, RoleName::Follow];

/// The running pair.
pub struct Gatekeepers {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Cycles>>,
}

impl Gatekeepers {
    /// Starts both, each on a thread.
    pub fn start(data: &Path, every: Duration, board: &Arc<Board>, site: &Site) -> Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut threads = Vec::new();
        for role in ROLES {
            let settings = Settings {
                snapshot_every: Some(SNAPSHOT_EVERY),
                ..Settings::in_data(data, role)
            };
            let mut cycles = Cycles::new(&settings, site.clone(), false)?;
            let (board, stop) = (board.clone(), stop.clone());
            let thread = std::thread::Builder::new()
                .name(role.output().to_owned())
                .spawn(move || {
                    let mut next = Instant::now();
                    while !stop.load(SeqCst) {
                        if Instant::now() >= next {
                            // Ticks that pass during a cycle are skipped.
                            next = Instant::now() + every;
                            run(&mut cycles, role, &board);
                        }
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    cycles
                })?;
            threads.push(thread);
        }
        Ok(Self { stop, threads })
    }

    /// Stops the rhythm and evaluates once more, PROD first: both then stand on the newest inputs, and on the same.
    pub fn finish(self, board: &Board) {
        self.stop.store(true, SeqCst);
        // Both threads must be through before the last cycles, or PREPROD could follow an output in between.
        let cycles: Vec<_> = self.threads.into_iter().map(JoinHandle::join).collect();
        for (cycles, role) in cycles.into_iter().zip(ROLES) {
            match cycles {
                Ok(mut cycles) => run(&mut cycles, role, board),
                Err(_) => board.error(format!("{}: the thread panicked", role.output())),
            }
        }
    }
}

fn run(cycles: &mut Cycles, role: RoleName, board: &Board) {
    match cycles.run(now_ms()) {
        Ok(report) => {
            board.evaluated(role.output(), &report, role == RoleName::Lead, now_ms());
            for input in &report.inputs {
                if let Some(error) = &input.error {
                    board.error(format!("{}: input {}: {error}", role.output(), input.name));
                }
            }
        }
        Err(error) => board.error(format!("{}: {}", role.output(), error_chain(&error))),
    }
}
