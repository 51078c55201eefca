//! What tests across packages share: chains walked version by version, programs that are killed, waiting with a deadline,
//! servers that misbehave, topics of a Kafka.

pub mod chain;
pub mod fake_s3;
pub mod http;
pub mod program;
pub mod proxy;
pub mod topics;

pub use chain::Chain;
pub use program::{Finished, Program};

use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// How long a test waits for something that must happen: long enough for a busy machine, never what it is about.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Asks again and again until there is an answer.
///
/// # Errors
/// When there is none within [`PATIENCE`], or asking fails.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            bail!("waited {} s in vain for {what}", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
