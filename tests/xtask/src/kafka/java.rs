//! Finding Java, and telling whether it is new enough.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::KafkaError;

/// What brokers of Kafka 4 need.
const OLDEST: u32 = 17;

/// The Java program to use: that of `JAVA_HOME`, else the one on the path.
///
/// Asks it for its version the first time (some 50 ms).
pub(super) fn find() -> Result<OsString, KafkaError> {
    static FOUND: OnceLock<Result<OsString, String>> = OnceLock::new();
    FOUND
        .get_or_init(look)
        .clone()
        .map_err(|reason| KafkaError::Java { reason })
}

fn look() -> Result<OsString, String> {
    let program = match env::var_os("JAVA_HOME").filter(|home| !home.is_empty()) {
        Some(home) => PathBuf::from(home).join("bin").join("java").into_os_string(),
        None => "java".into(),
    };
    let shown = program.to_string_lossy().into_owned();
    let output = Command::new(&program)
        .arg("-version")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`{shown}` does not start: {error}"))?;
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&output.stdout)
    );
    match major_version(&text) {
        Some(major) if major >= OLDEST => Ok(program),
        Some(major) => Err(format!("`{shown}` is Java {major}")),
        None => Err(format!("`{shown} -version` names no version")),
    }
}

/// The major version in what `java -version` prints: 17 for `"17.0.15"`, 8 for `"1.8.0_392"`.
pub(super) fn major_version(text: &str) -> Option<u32> {
    let quoted = text.lines().find_map(|line| {
        let (_, rest) = line.split_once("version \"")?;
        rest.split('"').next()
    })?;
    let mut parts = quoted.split(|c: char| !c.is_ascii_digit());
    match parts.next()?.parse().ok()? {
        1 => parts.next()?.parse().ok(),
        major => Some(major),
    }
}
