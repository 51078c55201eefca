//! What the store says when it may not, when there is nothing, and when nobody answers.

use crate::{settings, store};
use anyhow::{Context, Result};
use hollow::store::{Key, Register, S3Credentials, S3Settings, S3Store, Staged, Store, StoreError};
use std::error::Error;
use std::time::Duration;
use xtask::s3::S3Server;

fn open(settings: S3Settings) -> Result<Store> {
    Ok(S3Store::open(settings)?.into())
}

fn staged() -> Staged {
    Staged::Bytes(b"content".as_slice().into())
}

/// The error with all its causes.
fn text(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

#[test]
fn errors_say_what_to_do_and_no_secrets() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("refusals of a real S3 server", &[crate::BUCKET])? else {
        return Ok(());
    };
    let key = Key::new("blobs/one")?;
    let owner = store(&server, "refusals")?;
    owner.blobs().put(&key, &staged())?;
    let head = owner.registers().compare_and_set(Register::Head, None, b"1")?;

    // Reads, but may not write.
    let reader = open(settings(&server.endpoint(), S3Server::READER, "refusals"))?;
    assert_eq!(&*reader.blobs().open(&key)?, b"content");
    assert_eq!(reader.registers().read(Register::Head)?.context("a head")?.1, head);
    assert_eq!(reader.blobs().list("")?, std::slice::from_ref(&key));
    let other = Key::new("blobs/two")?;
    let denied = [
        reader.blobs().put(&other, &staged()).err(),
        reader.blobs().remove(&key).err(),
        reader
            .registers()
            .compare_and_set(Register::Head, Some(&head), b"2")
            .err(),
        reader.registers().prove().err(),
    ];
    for error in denied {
        let error = error.context("a reader may not write")?;
        assert!(matches!(error, StoreError::Denied { .. }), "{}", text(&error));
        assert!(text(&error).contains("s3://titles/refusals"), "{}", text(&error));
    }

    // Not known, or with a wrong secret.
    let canary = "canary-of-a-secret";
    for keys in [("nobody", canary), (S3Server::OWNER.0, canary)] {
        let stranger = open(settings(&server.endpoint(), keys, "refusals"))?;
        for error in [
            stranger.blobs().open(&key).err(),
            stranger.blobs().list("").err(),
            stranger.registers().read(Register::Head).err(),
        ] {
            let error = error.context("a stranger may nothing")?;
            assert!(matches!(error, StoreError::Denied { .. }), "{}", text(&error));
            let all = format!("{} {error:?} {stranger:?}", text(&error));
            assert!(!all.contains(canary), "{all}");
        }
    }

    // No such file with keys.
    let mut without = settings(&server.endpoint(), S3Server::OWNER, "refusals");
    without.credentials = S3Credentials::File {
        path: "there-is-no-such-file".into(),
        profile: "default".into(),
    };
    let error = open(without)?.blobs().open(&key).err().context("no keys")?;
    assert!(matches!(error, StoreError::Denied { .. }), "{}", text(&error));

    // No such bucket: nothing is read as "nothing there yet".
    let mut elsewhere = settings(&server.endpoint(), S3Server::OWNER, "refusals");
    elsewhere.bucket = "no-such-bucket".into();
    let elsewhere = open(elsewhere)?;
    for error in [
        elsewhere.registers().read(Register::Head).map(drop).err(),
        elsewhere.registers().compare_and_set(Register::Head, None, b"1").err(),
        elsewhere.blobs().put(&key, &staged()).err(),
        elsewhere.blobs().open(&key).err(),
        elsewhere.blobs().list("").err(),
        elsewhere.registers().prove().err(),
    ] {
        let error = error.context("there is no bucket")?;
        assert!(matches!(error, StoreError::Invalid { .. }), "{}", text(&error));
        let says = text(&error);
        assert!(says.contains("no-such-bucket") && says.contains("create it"), "{says}");
    }

    // Absent objects are just that.
    let absent = owner.blobs().open(&other).err().context("nothing there")?;
    assert!(matches!(absent, StoreError::Absent { .. }));
    assert!(
        absent.to_string().contains("s3://titles/refusals/blobs/two"),
        "{absent}"
    );
    Ok(())
}

#[test]
fn keys_come_from_a_file_by_profile() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("keys from a file", &[crate::BUCKET])? else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("keys");
    let section = |name: &str, (access, secret): (&str, &str)| {
        format!("[{name}]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n")
    };
    std::fs::write(
        &path,
        section("default", S3Server::READER) + &section("writer", S3Server::OWNER),
    )?;
    let at = |options: &str| {
        let location = format!(
            "s3://{}/keys?endpoint={}&credentials-file={}{options}",
            crate::BUCKET,
            server.endpoint(),
            path.display()
        );
        Store::open_at(&location)
    };
    let key = Key::new("blobs/one")?;
    at("&profile=writer")?.blobs().put(&key, &staged())?;
    assert_eq!(&*at("")?.blobs().open(&key)?, b"content");
    assert!(matches!(at("")?.blobs().remove(&key), Err(StoreError::Denied { .. })));
    Ok(())
}

#[test]
fn a_server_that_is_gone_is_unavailable() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("a server that is gone", &[crate::BUCKET])? else {
        return Ok(());
    };
    let mut settings = settings(&server.endpoint(), S3Server::OWNER, "gone");
    settings.attempts = 2;
    settings.connect_timeout = Duration::from_secs(1);
    let store = open(settings)?;
    store.registers().prove()?;
    drop(server);
    for error in [
        store.registers().read(Register::Head).map(drop).err(),
        store.registers().prove().err(),
        store.blobs().put(&Key::new("blobs/x")?, &staged()).err(),
    ] {
        let error = error.context("nobody is there")?;
        assert!(matches!(error, StoreError::Unavailable { .. }), "{}", text(&error));
    }
    Ok(())
}
