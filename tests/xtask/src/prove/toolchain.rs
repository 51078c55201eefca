//! The nightly toolchain: whether it is there with all that is needed, and how to call it.

use crate::workspace;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A toolchain of rustup's.
#[derive(Debug)]
pub(super) struct Toolchain {
    name: String,
    /// The target it builds for if none is named.
    pub(super) host: String,
    sysroot: PathBuf,
}

/// Why the proof cannot run.
#[derive(Debug, thiserror::Error)]
#[error("{what}: sanitizers are in nightly compilers only; install it with `{install}`")]
pub(super) struct Missing {
    what: String,
    install: String,
}

/// What installs everything, whatever is missing of it.
fn install(name: &str) -> String {
    format!("rustup toolchain install {name} --profile minimal --component rust-src --component miri")
}

impl Toolchain {
    /// The toolchain that rustup knows by this name.
    pub(super) fn find(name: &str) -> Result<Self, Missing> {
        let missing = |what: String| Missing {
            what,
            install: install(name),
        };
        let about = said(Command::new("rustup").args(["run", name, "rustc", "-vV"]))
            .map_err(|why| missing(format!("no toolchain `{name}` ({why})")))?;
        let host = host_in(&about).ok_or_else(|| missing(format!("the compiler of `{name}` does not say its host")))?;
        let sysroot = said(Command::new("rustup").args(["run", name, "rustc", "--print", "sysroot"]))
            .map_err(|why| missing(format!("the compiler of `{name}` does not say where it lies ({why})")))?;
        Ok(Self {
            name: name.to_owned(),
            host: host.to_owned(),
            sysroot: PathBuf::from(sysroot.trim()),
        })
    }

    /// Whether these components are installed.
    pub(super) fn has(&self, components: &[&str]) -> Result<(), Missing> {
        let there = |component: &str| match component {
            "rust-src" => self.sysroot.join("lib/rustlib/src/rust/library/Cargo.toml").exists(),
            "miri" => said(Command::new("rustup").args(["run", &self.name, "cargo", "miri", "--version"])).is_ok(),
            _ => true,
        };
        match components.iter().find(|component| !there(component)) {
            None => Ok(()),
            Some(component) => Err(Missing {
                what: format!("the toolchain `{}` has no {component}", self.name),
                install: install(&self.name),
            }),
        }
    }

    /// Its cargo, in the root folder.
    pub(super) fn cargo(&self) -> Command {
        let ours = workspace::cargo();
        let mut command = Command::new("rustup");
        command
            .args(["run", &self.name, "cargo"])
            .current_dir(workspace::root());
        for (name, value) in ours.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // Those of the toolchain that runs this program.
        for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"] {
            command.env_remove(name);
        }
        command
    }
}

/// The target in what `rustc -vV` prints.
pub(super) fn host_in(about: &str) -> Option<&str> {
    about
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::trim)
}

/// What a command prints, or how it failed, in one line.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(errors.lines().next().unwrap_or("no reason given").to_owned())
}
