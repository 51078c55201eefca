//! What can be told without a server: locations, settings, and that secrets stay secret. The rest is tested on a real
//! server, with `tests/tests/it/real_s3.rs`.

use super::*;
use std::time::Duration;

fn read(location: &str) -> Result<S3Settings, StoreError> {
    location.parse()
}

#[test]
fn a_location_says_where_and_how() {
    let settings = read("s3://titles-prod/live/titles").expect("valid");
    assert_eq!(
        (settings.bucket.as_str(), settings.prefix.as_str()),
        ("titles-prod", "live/titles")
    );
    assert_eq!(settings.credentials, S3Credentials::Environment);
    assert!(!settings.is_path_style(), "Amazon's own is asked by host name");
    assert_eq!(read("s3://titles-prod").expect("valid").prefix, "");
    assert_eq!(read("s3://titles-prod/").expect("valid").prefix, "");

    let settings = read(
        "s3://b-1/p?endpoint=https%3A%2F%2Fs3.example.net:9000&region=eu-west-1&profile=publisher&attempts=2\
         &part-bytes=5242880&parallel=2&read-timeout=1.5&checksums=when-required&download-directory=/var/cache/x&ca-file=/etc/ca.pem",
    )
    .expect("valid");
    assert_eq!(settings.endpoint.as_deref(), Some("https://s3.example.net:9000"));
    assert!(settings.is_path_style(), "others are asked by path");
    assert_eq!(settings.region.as_deref(), Some("eu-west-1"));
    assert_eq!(settings.credentials, S3Credentials::Profile("publisher".into()));
    assert_eq!(
        (settings.attempts, settings.part_bytes, settings.parallel),
        (2, 5 << 20, 2)
    );
    assert_eq!(settings.read_timeout, Duration::from_millis(1500));
    assert_eq!(settings.checksums, S3Checksums::WhenRequired);
    assert_eq!(settings.download_directory, Some(PathBuf::from("/var/cache/x")));
    assert_eq!(settings.ca_file, Some(PathBuf::from("/etc/ca.pem")));

    let file = S3Credentials::File {
        path: "/run/secrets/s3".into(),
        profile: "titles".into(),
    };
    for order in [
        "credentials-file=/run/secrets/s3&profile=titles",
        "profile=titles&credentials-file=/run/secrets/s3",
    ] {
        assert_eq!(read(&format!("s3://bucket?{order}")).expect("valid").credentials, file);
    }
}

#[test]
fn locations_that_cannot_be_are_refused() {
    for bad in [
        "",
        "s3:/bucket",
        "S3://bucket",
        "file:///x",
        "s3://",
        "s3://ab",
        "s3://a b c",
        "s3://bucket/..",
        "s3://bucket/a//b",
        "s3://bucket/a?colour=red",
        "s3://bucket/a?region",
        "s3://bucket/a?region=",
        "s3://bucket/a?region=a/b",
        "s3://bucket?attempts=0",
        "s3://bucket?attempts=x",
        "s3://bucket?parallel=65",
        "s3://bucket?part-bytes=1",
        "s3://bucket?part-bytes=99999999999",
        "s3://bucket?read-timeout=0",
        "s3://bucket?read-timeout=-1",
        "s3://bucket?read-timeout=nan",
        "s3://bucket?endpoint=%zz",
        "s3://bucket?endpoint=%2",
        "s3://bucket?checksums=md5",
    ] {
        assert!(matches!(read(bad), Err(StoreError::Invalid { .. })), "{bad}");
    }
}

#[test]
fn an_endpoint_is_a_store_and_is_asked_safely() {
    let endpoint = |endpoint: &str, allow_http| {
        let mut settings = S3Settings::new("bucket", "");
        settings.endpoint = Some(endpoint.into());
        settings.allow_http = allow_http;
        settings.check().map_err(|error| error.to_string())
    };
    for good in [
        "https://s3.example.net",
        "https://s3.example.net:9000",
        "http://127.0.0.1:8333",
        "http://localhost:8333",
        "http://[::1]:8333",
        "https://[2001:db8::1]",
    ] {
        assert_eq!(endpoint(good, false), Ok(()), "{good}");
    }
    assert!(
        endpoint("http://store.internal:9000", false)
            .expect_err("not safe")
            .contains("allow-http")
    );
    assert_eq!(endpoint("http://store.internal:9000", true), Ok(()));
    for bad in [
        "",
        "store",
        "ftp://store",
        "https://",
        "https://a/b",
        "https://a?b",
        "https://a:",
        "https://a:0",
        "https://a:99999",
        "https://a b",
        "https://[::1",
        "https://[::1]x",
        "http://169.254.169.254",
        "http://[fd00:ec2::254]",
        "http://[::ffff:169.254.169.254]",
        "https://169.254.170.2:80",
    ] {
        assert!(endpoint(bad, true).is_err(), "{bad}");
    }
    let text = endpoint("https://someone:hunter2@store", true).expect_err("not an endpoint");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn secrets_do_not_show() {
    let mut settings = S3Settings::new("bucket", "");
    settings.endpoint = Some("http://127.0.0.1:9".into());
    settings.credentials = S3Credentials::Static {
        access_key: "AKIACANARY".into(),
        secret_key: "canary-secret".into(),
        session_token: Some("canary-token".into()),
    };
    let store = S3Store::open(settings).expect("nothing is asked yet");
    let text = format!(
        "{store:?} {:?} {:?}",
        store.settings(),
        super::super::Store::from(store.clone())
    );
    assert!(!text.contains("canary") && !text.contains("AKIACANARY"), "{text}");
    for location in [
        "s3://user:canary@bucket/x",
        "s3://bucket?secret-key=canary",
        "s3://bucket?canary",
    ] {
        let text = read(location).expect_err("refused").to_string();
        assert!(!text.contains("canary"), "{text}");
    }
}

#[test]
fn a_store_that_is_not_there_is_unavailable_and_can_be_asked_within_a_runtime() {
    let mut settings = S3Settings::new("bucket", "p");
    settings.endpoint = Some("http://127.0.0.1:9".into()); // nobody listens on this port
    settings.attempts = 2;
    settings.credentials = S3Credentials::Static {
        access_key: "a".into(),
        secret_key: "s".into(),
        session_token: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let store = S3Store::open(settings).expect("nothing is asked yet");
        let error = Registers::read(&store, Register::Head).expect_err("nobody is there");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        assert!(error.to_string().contains("s3://bucket/p/head"), "{error}");
    });
}
