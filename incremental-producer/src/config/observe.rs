//! `[observe]`: what the process shows of itself.

use super::checks::duration;
use super::{Problem, wrong};
use crate::observe::LogFormat;
use serde::Deserialize;
use std::net::SocketAddr;
use std::time::Duration;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawObserve {
    listen: Option<String>,
    allow_remote: Option<bool>,
    log_format: Option<LogFormat>,
    stuck_after: Option<String>,
}

/// What the process shows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObserveSettings {
    /// Where `/live`, `/ready`, `/status` and `/metrics` are answered; none answers nowhere.
    pub listen: Option<SocketAddr>,
    /// The form of the log.
    pub log_format: LogFormat,
    /// A cycle that takes longer than this is taken for one that will never end.
    pub stuck_after: Duration,
}

impl Default for ObserveSettings {
    fn default() -> Self {
        Self {
            listen: None,
            log_format: LogFormat::default(),
            stuck_after: Duration::from_secs(1800),
        }
    }
}

impl RawObserve {
    pub(super) fn check(self) -> Result<ObserveSettings, Problem> {
        let defaults = ObserveSettings::default();
        let listen = match &self.listen {
            None => None,
            Some(text) => Some(address(text, self.allow_remote.unwrap_or(false))?),
        };
        let least = Duration::from_secs(10);
        Ok(ObserveSettings {
            listen,
            log_format: self.log_format.unwrap_or(defaults.log_format),
            stuck_after: duration("stuck_after", self.stuck_after.as_deref(), defaults.stuck_after, least)?,
        })
    }
}

/// The pages ask nobody who he is: beyond this machine only where that was said.
fn address(text: &str, allow_remote: bool) -> Result<SocketAddr, Problem> {
    let address: SocketAddr = text.parse().map_err(|_| {
        wrong(
            "listen",
            "an address and a port, such as 127.0.0.1:9188 or [::1]:9188",
            text,
        )
    })?;
    if !address.ip().is_loopback() && !allow_remote {
        let expected = "an address of this machine alone, such as 127.0.0.1:9188; the pages ask nobody who he is, so \
                        others are for `allow_remote = true` behind a firewall";
        return Err(wrong("listen", expected, text));
    }
    Ok(address)
}
