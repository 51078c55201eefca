//! Repository jobs as code: `cargo xtask test`, `cargo xtask ci`, `cargo xtask tidy`, `cargo xtask kafka ..`, and
//! what takes longer.
//!
//! The jobs are a library, so that the parts that decide something have unit tests, and so that integration tests can
//! start the same real broker as the command line: see [`kafka::Kafka`].
//!
//! Left to others: what is tested (the packages themselves) and which files exist.

pub mod bench;
pub mod certificates;
pub mod ci;
pub mod deps;
pub mod interop;
pub mod kafka;
pub mod kills;
pub mod postgres;
pub mod prove;
pub mod s3;
pub mod skip;
pub mod steps;
pub mod test_run;
pub mod tidy;
pub mod wheel;
pub mod workspace;
