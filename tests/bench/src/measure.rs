//! Clocks, and what one repetition of an operation came to.

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// What one repetition came to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// CPU time of the process, all threads.
    pub(crate) cpu_ns: u64,
    pub(crate) wall_ns: u64,
    /// Single operations done in that time.
    pub(crate) ops: u64,
    /// Bytes read, written or held, whichever the operation is about.
    pub(crate) bytes: u64,
    /// What was found: both sides must find the same.
    pub(crate) check: String,
}

/// Adds up the times of pieces of work.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stopwatch {
    cpu_ns: u64,
    wall_ns: u64,
}

impl Stopwatch {
    pub(crate) fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let (cpu, wall) = (process_cpu_ns(), Instant::now());
        let result = work();
        self.wall_ns += wall.elapsed().as_nanos() as u64;
        self.cpu_ns += process_cpu_ns().saturating_sub(cpu);
        result
    }

    /// What the times come to.
    pub(crate) fn sample(self, ops: u64, bytes: u64, check: impl ToString) -> Sample {
        Sample {
            cpu_ns: self.cpu_ns,
            wall_ns: self.wall_ns,
            ops,
            bytes,
            check: check.to_string(),
        }
    }
}

/// CPU time of this process so far.
pub(crate) fn process_cpu_ns() -> u64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec.cast_unsigned() * 1_000_000_000 + time.tv_nsec.cast_unsigned()
}
