//! Where a store in S3 is, and how to talk to it. Plain data; secrets never show in `Debug`.

use crate::store::StoreError;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Smallest part of a multipart upload that S3 accepts, unless it is the last.
pub(super) const MIN_PART_BYTES: u64 = 5 << 20;
/// A part is held in memory while it is on its way.
const MAX_PART_BYTES: u64 = 512 << 20;

/// Where a store in S3 is, and how to talk to it.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// The bucket. It must exist.
    pub bucket: String,
    /// What the names of all objects of the store begin with, without `/` at the ends; may be empty.
    pub prefix: String,
    /// The region of the bucket. `None`: what environment or profile say; `us-east-1` where there is an `endpoint`.
    pub region: Option<String>,
    /// Where the service is, if it is not Amazon's: `https://host[:port]`.
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path and not in the host name. `None`: where there is an `endpoint`.
    pub path_style: Option<bool>,
    /// Whether an `endpoint` that is not on this machine may be talked to without encryption.
    pub allow_http: bool,
    /// Certificates of the authorities that may vouch for the `endpoint`, in PEM; those that the machine trusts do not
    /// count then. `None`: those that the machine trusts.
    pub ca_file: Option<PathBuf>,
    /// Who asks.
    pub credentials: S3Credentials,
    /// Which checksums travel with requests and answers.
    pub checksums: S3Checksums,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How long the store may be silent within an answer.
    pub read_timeout: Duration,
    /// How long one try of one request may take, with its body: a part must get through in this time.
    pub attempt_timeout: Duration,
    /// How long one request may take with all its tries. Long transfers are many requests.
    pub operation_timeout: Duration,
    /// How often a request is tried that the store does not answer, at least 1.
    pub attempts: u32,
    /// Objects above this size are transferred in parts of it. Parts below 5 MiB are refused by most servers.
    pub part_bytes: u64,
    /// How many parts of one object are transferred at once. Memory: `part_bytes` times this.
    pub parallel: usize,
    /// Where objects that are read are put until nobody uses them any more. `None`: a folder of this process in the
    /// folder for temporary files, which only this user can read.
    pub download_directory: Option<PathBuf>,
}

impl S3Settings {
    /// Settings for this bucket and prefix; everything else as is usual.
    pub fn new(bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            bucket: bucket.into(),
            prefix: prefix.into(),
            region: None,
            endpoint: None,
            path_style: None,
            allow_http: false,
            ca_file: None,
            credentials: S3Credentials::Environment,
            checksums: S3Checksums::WhenSupported,
            connect_timeout: Duration::from_secs(3),
            read_timeout: Duration::from_secs(15),
            attempt_timeout: Duration::from_secs(45),
            operation_timeout: Duration::from_secs(120),
            attempts: 4,
            part_bytes: 8 << 20,
            parallel: 4,
            download_directory: None,
        }
    }

    /// Checks what can be checked without asking anybody.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] names the setting.
    pub fn check(&self) -> Result<(), StoreError> {
        let named = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let bucket = self.bucket.as_bytes();
        if !(3..=63).contains(&bucket.len()) || !bucket.iter().all(|b| named(*b)) || bucket[0] == b'.' {
            return Err(invalid(
                "bucket",
                "3 to 63 letters, digits, '.', '_' and '-'",
                &self.bucket,
            ));
        }
        if !self.prefix.is_empty() && (self.prefix.len() > 256 || crate::store::Key::new(self.prefix.as_str()).is_err())
        {
            let expected = "at most 256 letters, digits, '.', '_' and '-', in parts joined by '/'";
            return Err(invalid("prefix", expected, &self.prefix));
        }
        if let Some(endpoint) = &self.endpoint {
            check_endpoint(endpoint, self.allow_http)?;
        }
        if self.attempts == 0 || self.attempts > 20 {
            return Err(invalid("attempts", "1 to 20", self.attempts));
        }
        if self.parallel == 0 || self.parallel > 64 {
            return Err(invalid("parallel", "1 to 64", self.parallel));
        }
        // Smaller parts are of use in tests only, but do no harm.
        if !(1024..=MAX_PART_BYTES).contains(&self.part_bytes) {
            return Err(invalid("part-bytes", "1 KiB to 512 MiB", self.part_bytes));
        }
        for (name, timeout) in [
            ("connect-timeout", self.connect_timeout),
            ("read-timeout", self.read_timeout),
            ("attempt-timeout", self.attempt_timeout),
            ("operation-timeout", self.operation_timeout),
        ] {
            if timeout.is_zero() || timeout > Duration::from_secs(3600) {
                return Err(invalid(name, "up to an hour, and not zero", format!("{timeout:?}")));
            }
        }
        Ok(())
    }

    pub(super) fn is_path_style(&self) -> bool {
        self.path_style.unwrap_or(self.endpoint.is_some())
    }
}

/// Who asks the store.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum S3Credentials {
    /// The usual places, one after the other: environment variables, the profile they name, a web identity, the
    /// container's and the machine's role. They are renewed before they expire.
    #[default]
    Environment,
    /// This profile of the user's configuration files.
    Profile(String),
    /// A file in the form of a credentials file, such as a mounted secret.
    File {
        /// The file.
        path: PathBuf,
        /// The section in it, usually `default`.
        profile: String,
    },
    /// These keys.
    Static {
        /// The public part.
        access_key: String,
        /// The secret part.
        secret_key: String,
        /// Goes with keys that expire.
        session_token: Option<String>,
    },
}

impl fmt::Debug for S3Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("Environment"),
            Self::Profile(name) => f.debug_tuple("Profile").field(name).finish(),
            Self::File { path, profile } => f
                .debug_struct("File")
                .field("path", path)
                .field("profile", profile)
                .finish(),
            Self::Static { .. } => f.write_str("Static(redacted)"),
        }
    }
}

/// Which checksums travel with requests and answers, beside those of this library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum S3Checksums {
    /// CRC-32 of every body, in a header; checked by whoever receives it.
    #[default]
    WhenSupported,
    /// Only where the protocol demands one: for servers that do not know the header.
    WhenRequired,
}

pub(super) fn invalid(what: &'static str, expected: &'static str, found: impl fmt::Display) -> StoreError {
    StoreError::Invalid {
        what,
        expected,
        found: found.to_string().chars().take(120).collect(),
    }
}

/// An endpoint is a scheme, a host and perhaps a port.
fn check_endpoint(endpoint: &str, allow_http: bool) -> Result<(), StoreError> {
    const EXPECTED: &str = "https://host or https://host:port";
    let refused = || invalid("endpoint", EXPECTED, redacted(endpoint));
    let (secure, rest) = match (endpoint.strip_prefix("https://"), endpoint.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => return Err(refused()),
    };
    let host = match rest.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(refused)?;
            let _: std::net::Ipv6Addr = host.parse().map_err(|_| refused())?;
            match port.strip_prefix(':') {
                Some(port) => is_port(port).then_some(host),
                None => port.is_empty().then_some(host),
            }
        }
        None => match rest.split_once(':') {
            Some((host, port)) => is_port(port).then_some(host),
            None => Some(rest),
        },
    };
    let host = host.ok_or_else(refused)?;
    let in_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':');
    if host.is_empty() || !host.bytes().all(in_host) {
        return Err(refused());
    }
    let address = host
        .parse::<std::net::IpAddr>()
        .ok()
        .map(|address| address.to_canonical());
    if address.is_some_and(hands_out_credentials) {
        let expected = "a store, and not the address by which machines hand out credentials";
        return Err(invalid("endpoint", expected, endpoint));
    }
    let is_here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    if !secure && !is_here && !allow_http {
        let expected = "https, or allow-http=true where the network between is trusted";
        return Err(invalid("endpoint", expected, endpoint));
    }
    Ok(())
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// The addresses of the services that tell a machine or container its role's keys.
fn hands_out_credentials(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(address) => address.is_link_local(),
        std::net::IpAddr::V6(address) => address.is_unicast_link_local() || address.segments()[..2] == [0xfd00, 0x0ec2],
    }
}

/// A URL without what may stand before its host: somebody may have put a secret there.
fn redacted(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}://(redacted){}", &url[..scheme], &url[at..]),
        _ => url.to_owned(),
    }
}
