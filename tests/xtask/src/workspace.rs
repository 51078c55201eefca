//! Where things are, and how to call cargo from a program that cargo started.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The folder of the root manifest.
pub fn root() -> PathBuf {
    // The package sits two folders below the root; known at build time, so the working directory does not matter.
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the package lies two folders below the root")
        .to_path_buf()
}

/// The folder for everything built or downloaded: `CARGO_TARGET_DIR`, or `target` beside the root manifest.
pub fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(dir) if !dir.is_empty() => root().join(dir),
        _ => root().join("target"),
    }
}

/// True when the environment says `CI=true`: what a person may skip must then be there.
pub fn in_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

/// Arguments for cargo: features that need more than Rust's toolchain, where it is there. The same for every job, or C code
/// would be compiled several times.
///
/// TLS to Kafka needs OpenSSL with its headers (`apt-get install libssl-dev pkg-config`); tests of it are skipped without.
pub fn features() -> &'static [&'static str] {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let has_openssl = FOUND.get_or_init(|| {
        let mut ask = Command::new("pkg-config");
        ask.args(["--exists", "openssl"])
            .stdin(Stdio::null())
            .stderr(Stdio::null());
        ask.status().is_ok_and(|status| status.success())
    });
    if *has_openssl {
        &["--features", "tests/tls"]
    } else {
        &[]
    }
}

/// A cargo command in the root folder.
///
/// `cargo run` describes *this* package in the environment. Inherited by a second cargo those variables make some
/// build scripts run again on every change between the two, so they are taken out.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    for (name, _) in env::vars_os() {
        let Some(name) = name.to_str() else { continue };
        if describes_running_package(name) {
            command.env_remove(name);
        }
    }
    command
}

fn describes_running_package(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || name == "CARGO_PRIMARY_PACKAGE"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_holds_the_workspace_manifest() {
        let text = std::fs::read_to_string(root().join("Cargo.toml")).expect("a root manifest");
        assert!(text.contains("[workspace]"));
    }

    #[test]
    fn settings_of_the_user_stay_in_the_environment() {
        assert!(describes_running_package("CARGO_PKG_NAME"));
        assert!(describes_running_package("CARGO_MANIFEST_DIR"));
        assert!(!describes_running_package("CARGO_HOME"));
        assert!(!describes_running_package("CARGO_TARGET_DIR"));
        assert!(!describes_running_package("CARGO_NET_OFFLINE"));
    }
}
