//! Single requests, each tried again while that may help.

use super::failure::{Failure, Kind};
use super::settings::{S3Checksums, S3Credentials, S3Settings};
use aws_config::Region;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, RequestChecksumCalculation, ResponseChecksumValidation, SharedCredentialsProvider,
};
use aws_smithy_http_client::tls;
use std::future::Future;
use std::time::{Duration, Instant, SystemTime};

/// Metadata of an object that tells which write made it.
pub(super) const NONCE: &str = "nonce";

const PAUSE: Duration = Duration::from_millis(50);
/// After being told to ask less often.
const LONG_PAUSE: Duration = Duration::from_millis(400);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// A bucket, and how to ask for objects in it.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    pub(super) client: Client,
    pub(super) settings: S3Settings,
}

/// An object as a list names it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) bytes: Option<u64>,
    pub(super) modified: Option<SystemTime>,
}

/// What is known of an object without its bytes.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) etag: String,
    pub(super) length: u64,
    /// The write that made it, if the store keeps metadata.
    pub(super) nonce: Option<String>,
}

impl Bucket {
    /// Makes the client. Asks nobody but, for the region, the machine.
    pub(super) async fn connect(settings: S3Settings, trust: tls::TlsContext) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .tls_context(trust)
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout)
            .operation_attempt_timeout(settings.attempt_timeout)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .http_client(http.clone())
            .timeout_config(timeouts)
            // Trying again, and noticing a transfer that stands still, is done here: a write that is tried again must be
            // asked about.
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let region = settings.region.clone();
        let region = region.or_else(|| settings.endpoint.is_some().then(|| "us-east-1".to_owned()));
        let region = region.map(Region::new);
        // A profile may name a role, which is asked for over the network.
        let asking = ProviderConfig::without_region()
            .with_http_client(http)
            .with_region(region.clone());
        let profiles = ProfileFileCredentialsProvider::builder().configure(&asking);
        if let Some(region) = region {
            loader = loader.region(region);
        }
        loader = match &settings.credentials {
            S3Credentials::Environment => loader,
            S3Credentials::Profile(name) => loader
                .profile_name(name)
                .credentials_provider(profiles.profile_name(name).build()),
            S3Credentials::File { path, profile } => {
                let files = EnvConfigFiles::builder()
                    .with_file(EnvConfigFileKind::Credentials, path)
                    .build();
                let provider = profiles.profile_files(files).profile_name(profile);
                loader.credentials_provider(provider.build())
            }
            S3Credentials::Static {
                access_key,
                secret_key,
                session_token,
            } => {
                let keys = Credentials::new(access_key, secret_key, session_token.clone(), None, "settings");
                loader.credentials_provider(SharedCredentialsProvider::new(keys))
            }
        };
        let common = loader.load().await;
        let mut config = aws_sdk_s3::config::Builder::from(&common).force_path_style(settings.is_path_style());
        if let Some(endpoint) = &settings.endpoint {
            config = config.endpoint_url(endpoint);
        }
        config = match settings.checksums {
            S3Checksums::WhenSupported => config
                .request_checksum_calculation(RequestChecksumCalculation::WhenSupported)
                .response_checksum_validation(ResponseChecksumValidation::WhenSupported),
            S3Checksums::WhenRequired => config
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
                .response_checksum_validation(ResponseChecksumValidation::WhenRequired),
        };
        let client = Client::from_conf(config.build());
        Self { client, settings }
    }

    /// The whole name of an object in the bucket.
    pub(super) fn name(&self, key: &str) -> String {
        match self.settings.prefix.as_str() {
            "" => key.to_owned(),
            prefix => format!("{prefix}/{key}"),
        }
    }

    /// How errors name an object.
    pub(super) fn shown(&self, key: &str) -> String {
        format!("s3://{}/{}", self.settings.bucket, self.name(key))
    }

    /// Does this until it succeeds, fails for good, was tried often enough, or time is over.
    pub(super) async fn persist<T, F>(&self, mut work: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut tries = self.tries();
        loop {
            match tries.within(work()).await {
                Err(failure) if failure.is_transient() => tries.pause(failure).await?,
                other => return other,
            }
        }
    }

    pub(super) fn tries(&self) -> Tries {
        Tries {
            left: self.settings.attempts,
            made: 0,
            deadline: Instant::now() + self.settings.operation_timeout,
        }
    }

    /// What is known of an object; `None` if it is not there.
    pub(super) async fn look(&self, key: &str) -> Result<Option<Seen>, Failure> {
        let ask = || async {
            let request = self
                .client
                .head_object()
                .bucket(&self.settings.bucket)
                .key(self.name(key));
            match request.send().await {
                Ok(answer) => {
                    let nonce = answer.metadata().and_then(|all| all.get(NONCE)).cloned();
                    let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
                    match (answer.e_tag(), length) {
                        (Some(etag), Some(length)) => Ok(Some(Seen {
                            etag: etag.to_owned(),
                            length,
                            nonce,
                        })),
                        _ => Err(Failure::unavailable("an answer without ETag or length")),
                    }
                }
                Err(error) => match Failure::of(&error) {
                    failure if failure.kind == Kind::Absent => Ok(None),
                    failure => Err(failure),
                },
            }
        };
        self.persist(ask).await
    }

    /// Removes an object; one that is not there is no error.
    pub(super) async fn remove(&self, key: &str) -> Result<(), Failure> {
        let ask = || async {
            let request = self
                .client
                .delete_object()
                .bucket(&self.settings.bucket)
                .key(self.name(key));
            match request.send().await {
                Ok(_) => Ok(()),
                Err(error) => match Failure::of(&error) {
                    failure if failure.kind == Kind::Absent => Ok(()),
                    failure => Err(failure),
                },
            }
        };
        self.persist(ask).await
    }

    /// All objects whose names begin like this, named without the store's own prefix.
    pub(super) async fn list(&self, prefix: &str) -> Result<Vec<Entry>, Failure> {
        let own = self.name("");
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let ask = || async {
                let request = self.client.list_objects_v2().bucket(&self.settings.bucket);
                let request = request.prefix(self.name(prefix)).set_continuation_token(token.clone());
                request.send().await.map_err(|error| Failure::of(&error))
            };
            let page = self.persist(ask).await?;
            found.extend(page.contents().iter().filter_map(|object| {
                Some(Entry {
                    name: object.key()?.strip_prefix(&own)?.to_owned(),
                    bytes: object.size().and_then(|size| u64::try_from(size).ok()),
                    modified: object.last_modified().and_then(|at| SystemTime::try_from(*at).ok()),
                })
            }));
            let next = page.next_continuation_token().map(str::to_owned);
            if !page.is_truncated().unwrap_or(false) {
                return Ok(found);
            }
            // A list that leads back to where it was would never end.
            if next.is_none() || next == token {
                return Err(Failure::unavailable("a list that says it goes on, and not where"));
            }
            token = next;
        }
    }
}

/// How often something may still be tried, and until when.
pub(super) struct Tries {
    left: u32,
    made: u32,
    deadline: Instant,
}

impl Tries {
    /// Does something as long as there is time.
    pub(super) async fn within<T>(&mut self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        self.left = self.left.saturating_sub(1);
        self.made += 1;
        let late = || Failure::unavailable("the time for this operation is over");
        let left = self.deadline.saturating_duration_since(Instant::now());
        tokio::time::timeout(left, work).await.unwrap_or_else(|_| Err(late()))
    }

    /// Waits before the next try, longer each time; gives the failure back if there is none.
    pub(super) async fn pause(&self, failure: Failure) -> Result<(), Failure> {
        let unit = match failure.kind {
            Kind::Throttled => LONG_PAUSE,
            _ => PAUSE,
        };
        let most = unit.saturating_mul(1 << self.made.min(10)).min(LONGEST_PAUSE);
        // Between nothing and the most, so that those who failed together do not come back together.
        let pause = most.mul_f64(random() as f64 / u64::MAX as f64);
        if self.left == 0 || Instant::now() + pause >= self.deadline {
            return Err(failure);
        }
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// 64 bits that nobody else has.
pub(super) fn random() -> u64 {
    // Without randomness from the system there is no encryption either; the time is better than an end.
    getrandom::u64().unwrap_or_else(|_| {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
        now.as_nanos() as u64 ^ u64::from(std::process::id()) << 32
    })
}

/// Tells one write from all others.
pub(super) fn nonce() -> String {
    format!("{:016x}{:016x}", random(), random())
}
