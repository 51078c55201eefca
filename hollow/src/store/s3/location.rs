//! `s3://bucket/prefix?option=value&…` as settings.

use super::settings::{S3Checksums, S3Credentials, S3Settings, invalid};
use crate::store::StoreError;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// What an option may be called, for people who misspelt one.
const OPTIONS: &str = "region, endpoint, path-style, allow-http, ca-file, profile, credentials-file, checksums, \
     connect-timeout, read-timeout, attempt-timeout, operation-timeout (seconds), attempts, part-bytes, parallel or \
     download-directory; keys never stand in a location";

impl FromStr for S3Settings {
    type Err = StoreError;

    /// Reads `s3://bucket/prefix?option=value&option=value`. Values are percent-decoded. Keys cannot be given this way:
    /// locations stand in logs and command lines.
    fn from_str(location: &str) -> Result<Self, StoreError> {
        const EXPECTED: &str = "s3://bucket/prefix?option=value&option=value";
        let rest = location
            .strip_prefix("s3://")
            .ok_or_else(|| invalid("location", EXPECTED, location))?;
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        if place.contains('@') {
            // Not shown: it may be a secret.
            return Err(invalid("location", EXPECTED, "one with a user or password"));
        }
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let mut settings = Self::new(bucket, prefix.strip_suffix('/').unwrap_or(prefix));
        let mut profile = None;
        for option in options.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option
                .split_once('=')
                .ok_or_else(|| invalid("option of a location", "name=value", "one without a value"))?;
            let value = decode(value).ok_or_else(|| invalid("option of a location", "percent-encoded text", name))?;
            settings.set(name, value, &mut profile)?;
        }
        if let Some(name) = profile {
            match &mut settings.credentials {
                S3Credentials::File { profile, .. } => *profile = name,
                other => *other = S3Credentials::Profile(name),
            }
        }
        settings.check()?;
        Ok(settings)
    }
}

impl S3Settings {
    fn set(&mut self, name: &str, value: String, profile: &mut Option<String>) -> Result<(), StoreError> {
        match name {
            "region" => self.region = Some(word("region", value)?),
            "endpoint" => self.endpoint = Some(value),
            "path-style" => self.path_style = Some(flag("path-style", &value)?),
            "allow-http" => self.allow_http = flag("allow-http", &value)?,
            "ca-file" => self.ca_file = Some(PathBuf::from(value)),
            "profile" => *profile = Some(word("profile", value)?),
            "credentials-file" => {
                self.credentials = S3Credentials::File {
                    path: PathBuf::from(value),
                    profile: "default".into(),
                }
            }
            "checksums" => {
                self.checksums = match value.as_str() {
                    "when-supported" => S3Checksums::WhenSupported,
                    "when-required" => S3Checksums::WhenRequired,
                    _ => return Err(invalid("checksums", "when-supported or when-required", value)),
                }
            }
            "connect-timeout" => self.connect_timeout = seconds("connect-timeout", &value)?,
            "read-timeout" => self.read_timeout = seconds("read-timeout", &value)?,
            "attempt-timeout" => self.attempt_timeout = seconds("attempt-timeout", &value)?,
            "operation-timeout" => self.operation_timeout = seconds("operation-timeout", &value)?,
            "attempts" => self.attempts = number("attempts", &value)?,
            "part-bytes" => self.part_bytes = number("part-bytes", &value)?,
            "parallel" => self.parallel = number("parallel", &value)?,
            "download-directory" => self.download_directory = Some(PathBuf::from(value)),
            // Only the name: the value may be a secret.
            other => return Err(invalid("option of a location", OPTIONS, other)),
        }
        Ok(())
    }
}

fn word(what: &'static str, value: String) -> Result<String, StoreError> {
    let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if value.is_empty() || value.len() > 128 || !value.bytes().all(named) {
        return Err(invalid(what, "letters, digits, '.', '_' and '-'", value));
    }
    Ok(value)
}

fn flag(what: &'static str, value: &str) -> Result<bool, StoreError> {
    value.parse().map_err(|_| invalid(what, "true or false", value))
}

fn number<N: FromStr>(what: &'static str, value: &str) -> Result<N, StoreError> {
    value.parse().map_err(|_| invalid(what, "a number", value))
}

fn seconds(what: &'static str, value: &str) -> Result<Duration, StoreError> {
    let refused = || invalid(what, "a number of seconds", value);
    let seconds: f64 = value.parse().map_err(|_| refused())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| refused())
}

/// Text in which `%2F` stands for `/` and so on.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
            bytes.push((digit()? * 16 + digit()?) as u8);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
