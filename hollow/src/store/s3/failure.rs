//! What the service's answers mean, by what to do next.

use crate::store::StoreError;
use crate::store::s3::settings::invalid;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

/// Why a request did not do what was asked.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    /// What the store said, or what happened.
    pub(super) cause: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// There is no such object.
    Absent,
    /// There is no such bucket.
    NoBucket,
    /// The bucket is in another region, or elsewhere.
    Elsewhere,
    /// Not allowed, or not known.
    Denied,
    /// The object is not as the condition says: nothing was done.
    Condition,
    /// The object is the one that the asker has: nothing was sent.
    Unchanged,
    /// Others write this object at the same time: nothing was done.
    Busy,
    /// The object has no such bytes.
    Range,
    /// The store is asked too often.
    Throttled,
    /// No answer, or none that says anything. A write may have taken effect.
    Unavailable,
    /// Another object than a moment ago stands under this name.
    Changed,
    /// The store does not have this operation or condition.
    Unsupported,
    /// The store takes the request for wrong.
    Refused,
    /// Longer than it may be.
    TooLong,
    /// This machine could not read or write a file.
    Local(std::io::ErrorKind),
}

impl Failure {
    pub(super) fn new(kind: Kind, cause: impl Into<String>) -> Self {
        let cause = cause.into();
        Self { kind, cause }
    }

    pub(super) fn unavailable(cause: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, cause)
    }

    pub(super) fn local(path: &Path, error: &std::io::Error) -> Self {
        Self::new(Kind::Local(error.kind()), format!("{}: {error}", path.display()))
    }

    /// Sorts what the client says.
    pub(super) fn of<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(service) => {
                let status = service.raw().status().as_u16();
                let (code, message) = (service.err().code(), service.err().message());
                let mut cause = format!("{} (status={status})", code.unwrap_or("no code"));
                if let Some(message) = message {
                    // Part of an answer: not endless, and not over several lines.
                    let line = message.chars().map(|c| if c.is_control() { ' ' } else { c });
                    let _ = write!(cause, ": {}", line.take(200).collect::<String>());
                }
                Self::new(kind_of(status, code.unwrap_or("")), cause)
            }
            SdkError::ResponseError(response) => {
                let status = response.raw().status().as_u16();
                let cause = format!("an answer that cannot be read (status={status}): {}", chain(error));
                Self::new(Kind::Unavailable, cause)
            }
            SdkError::ConstructionFailure(_) => Self::new(missing_keys(error).unwrap_or(Kind::Refused), chain(error)),
            _ => Self::new(missing_keys(error).unwrap_or(Kind::Unavailable), chain(error)),
        }
    }

    /// Whether the same request may succeed a little later.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self.kind, Kind::Unavailable | Kind::Throttled | Kind::Busy)
    }

    /// As an error of the store, about this object: `s3://bucket/key`.
    pub(super) fn about(self, what: impl Into<String>) -> StoreError {
        let what = what.into();
        let cause = self.cause;
        match self.kind {
            Kind::Absent => StoreError::Absent { what },
            Kind::NoBucket => invalid(
                "bucket",
                "one that exists: create it, or correct bucket, region or endpoint",
                what,
            ),
            Kind::Elsewhere => invalid(
                "region or endpoint",
                "those of the bucket: correct them",
                format!("{what}: {cause}"),
            ),
            Kind::Denied => StoreError::Denied {
                what,
                cause: cause.into(),
            },
            Kind::Condition | Kind::Busy => StoreError::Conflict { what },
            Kind::Throttled => StoreError::Throttled {
                what,
                cause: cause.into(),
            },
            Kind::TooLong => StoreError::corrupt(what, "an object that is not longer than it may be", cause),
            Kind::Unsupported | Kind::Refused => invalid(
                "request",
                "one that the store accepts: check its settings, and whether it is a store like S3",
                format!("{what}: {cause}"),
            ),
            Kind::Local(kind) => StoreError::io(format!("{what}, here"), std::io::Error::new(kind, cause)),
            Kind::Range | Kind::Changed | Kind::Unchanged | Kind::Unavailable => StoreError::Unavailable {
                what,
                cause: cause.into(),
            },
        }
    }
}

/// What status and error code mean together. Codes say more, but answers without a body have none.
fn kind_of(status: u16, code: &str) -> Kind {
    match code {
        "NoSuchKey" | "NotFound" => return Kind::Absent,
        "NoSuchBucket" => return Kind::NoBucket,
        "PreconditionFailed" => return Kind::Condition,
        "ConditionalRequestConflict" | "OperationAborted" => return Kind::Busy,
        "SlowDown"
        | "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "TooManyRequests"
        | "TooManyRequestsException"
        | "BandwidthLimitExceeded" => return Kind::Throttled,
        "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraint" => {
            return Kind::Elsewhere;
        }
        "AccessDenied"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "InvalidToken"
        | "TokenRefreshRequired"
        | "RequestTimeTooSkewed"
        | "AccountProblem"
        | "InvalidSecurity" => {
            return Kind::Denied;
        }
        // The bytes were damaged on their way, or did not all come.
        "RequestTimeout" | "BadDigest" | "XAmzContentSHA256Mismatch" | "IncompleteBody" | "InternalError" => {
            return Kind::Unavailable;
        }
        "InvalidRange" => return Kind::Range,
        "NotImplemented" => return Kind::Unsupported,
        _ => {}
    }
    match status {
        301 | 302 | 307 | 308 => Kind::Elsewhere,
        304 => Kind::Unchanged,
        401 | 403 => Kind::Denied,
        404 => Kind::Absent,
        409 => Kind::Busy,
        412 => Kind::Condition,
        416 => Kind::Range,
        429 => Kind::Throttled,
        501 => Kind::Unsupported,
        400..=499 if status != 408 => Kind::Refused,
        _ => Kind::Unavailable,
    }
}

/// No request was sent because nobody knows the keys to sign it with. Asking again later may help only if asking failed.
fn missing_keys(error: &(dyn Error + 'static)) -> Option<Kind> {
    sources(error)
        .find_map(|source| source.downcast_ref::<CredentialsError>())
        .map(|error| match error {
            CredentialsError::ProviderTimedOut(_) => Kind::Unavailable,
            _ => Kind::Denied,
        })
}

fn sources<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| (*error).source())
}

/// What happened, from the outside in.
fn chain(error: &(dyn Error + 'static)) -> String {
    let texts: Vec<String> = sources(error).map(ToString::to_string).collect();
    texts.join(": ").chars().take(400).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_sorted_by_what_to_do_next() {
        for (status, code, kind) in [
            (404, "NoSuchKey", Kind::Absent),
            (404, "", Kind::Absent),
            (404, "NoSuchBucket", Kind::NoBucket),
            (412, "PreconditionFailed", Kind::Condition),
            (412, "", Kind::Condition),
            (409, "ConditionalRequestConflict", Kind::Busy),
            (503, "SlowDown", Kind::Throttled),
            (429, "", Kind::Throttled),
            (503, "ServiceUnavailable", Kind::Unavailable),
            (500, "InternalError", Kind::Unavailable),
            (200, "InternalError", Kind::Unavailable),
            (400, "RequestTimeout", Kind::Unavailable),
            (408, "", Kind::Unavailable),
            (403, "AccessDenied", Kind::Denied),
            (403, "", Kind::Denied),
            (400, "ExpiredToken", Kind::Denied),
            (301, "PermanentRedirect", Kind::Elsewhere),
            (400, "AuthorizationHeaderMalformed", Kind::Elsewhere),
            (501, "NotImplemented", Kind::Unsupported),
            (400, "EntityTooSmall", Kind::Refused),
        ] {
            assert_eq!(kind_of(status, code), kind, "{status} {code}");
        }
    }

    #[test]
    fn errors_name_the_object_and_what_to_do() {
        let error = |kind| Failure::new(kind, "what it said").about("s3://bucket/key");
        assert!(matches!(error(Kind::Absent), StoreError::Absent { .. }));
        assert!(matches!(error(Kind::Denied), StoreError::Denied { .. }));
        assert!(matches!(error(Kind::Throttled), StoreError::Throttled { .. }));
        assert!(matches!(error(Kind::Condition), StoreError::Conflict { .. }));
        assert!(error(Kind::Throttled).is_transient() && error(Kind::Unavailable).is_transient());
        for kind in [Kind::NoBucket, Kind::Refused, Kind::Elsewhere] {
            assert!(!error(kind).is_transient());
        }
        let text = error(Kind::NoBucket).to_string();
        assert!(text.contains("create it") && text.contains("s3://bucket"), "{text}");
        for kind in [
            Kind::Absent,
            Kind::Denied,
            Kind::Throttled,
            Kind::Unavailable,
            Kind::Condition,
        ] {
            assert!(error(kind).to_string().contains("s3://bucket/key"), "{kind:?}");
        }
    }
}
