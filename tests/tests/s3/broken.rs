//! Servers that accept conditions and do not keep them must not be published to.

use crate::settings;
use anyhow::{Context, Result};
use hollow::store::{Register, S3Store, Store, StoreError};
use hollow::testing::conformance::{self, Effort, LAWS};
use tests::harness::fake_s3::{FakeS3, Flaw};

const KEYS: xtask::s3::Keys = ("anybody", "any-secret");

fn store(fake: &FakeS3, prefix: &str) -> Store {
    S3Store::open(settings(&fake.endpoint(), KEYS, prefix))
        .expect("settings are valid")
        .into()
}

#[test]
fn a_server_that_keeps_its_word_passes_and_nothing_is_left() -> Result<()> {
    for flaw in [Flaw::None, Flaw::ForgetsMetadata] {
        let fake = FakeS3::start(flaw)?;
        store(&fake, "p").registers().prove()?;
        assert!(fake.names().is_empty(), "{:?}", fake.names());
    }
    Ok(())
}

/// The laws themselves, with what needs no uploads in parts: the fake has none.
#[test]
fn a_server_that_keeps_its_word_keeps_the_laws() -> Result<()> {
    let fake = FakeS3::start(Flaw::None)?;
    let mut count = 0;
    let effort = Effort::default();
    conformance::run(LAWS, &effort, |_| {
        count += 1;
        store(&fake, &format!("laws/{count}"))
    });
    Ok(())
}

#[test]
fn servers_that_do_not_keep_their_word_are_refused() -> Result<()> {
    for flaw in [
        Flaw::IgnoresIfMatch,
        Flaw::IgnoresIfNoneMatch,
        Flaw::ComparesFirstWritesLater,
        Flaw::RefusesAndWrites,
        Flaw::ReadsOld,
    ] {
        let fake = FakeS3::start(flaw)?;
        let error = store(&fake, "p").registers().prove().err();
        let error = error.with_context(|| format!("{flaw:?} is not noticed"))?;
        assert!(matches!(error, StoreError::Invalid { .. }), "{flaw:?}: {error}");
        assert!(error.to_string().contains("do not publish"), "{error}");
        assert!(fake.names().is_empty(), "{flaw:?} leaves {:?}", fake.names());
    }
    Ok(())
}

/// What the proof is for.
#[test]
fn on_a_server_that_ignores_conditions_a_register_is_overwritten() -> Result<()> {
    let fake = FakeS3::start(Flaw::IgnoresIfMatch)?;
    let store = store(&fake, "p");
    let first = store.registers().compare_and_set(Register::Head, None, b"1")?;
    store.registers().compare_and_set(Register::Head, Some(&first), b"2")?;
    let stale = store.registers().compare_and_set(Register::Head, Some(&first), b"3");
    assert!(stale.is_ok(), "no client can notice it afterwards");
    Ok(())
}
