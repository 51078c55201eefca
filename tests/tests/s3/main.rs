//! Stores in S3: on a real server, through a network that fails, and on servers that do not keep their word.

#![allow(unreachable_pub, reason = "a test program has no public interface")]

mod broken;
mod chain;
mod faults;
mod laws;
mod programs;
mod refusals;

use anyhow::Result;
use hollow::producer::{Producer, SnapshotWriting};
use hollow::read::ReadState;
use hollow::record::Value;
use hollow::schema::Dataset;
use hollow::store::{S3Credentials, S3Settings, S3Store, Store};
use hollow::testing::records_of;
use std::collections::BTreeSet;
use std::time::Duration;
use xtask::s3::{Keys, S3Server};

/// The bucket that tests use.
const BUCKET: &str = "titles";

/// Settings for a server on this machine.
fn settings(endpoint: &str, keys: Keys, prefix: &str) -> S3Settings {
    let mut settings = S3Settings::new(BUCKET, prefix);
    settings.endpoint = Some(endpoint.to_owned());
    settings.credentials = S3Credentials::Static {
        access_key: keys.0.into(),
        secret_key: keys.1.into(),
        session_token: None,
    };
    settings
}

/// A store of the server's owner.
fn store(server: &S3Server, prefix: &str) -> Result<Store> {
    Ok(S3Store::open(settings(&server.endpoint(), S3Server::OWNER, prefix))?.into())
}

/// Settings that give up early, for networks that fail on purpose. The parts are the smallest that servers take.
fn impatient(endpoint: &str, keys: Keys, prefix: &str) -> S3Settings {
    let mut settings = settings(endpoint, keys, prefix);
    settings.connect_timeout = Duration::from_secs(2);
    settings.read_timeout = Duration::from_secs(8);
    settings.attempt_timeout = Duration::from_secs(20);
    settings.operation_timeout = Duration::from_secs(60);
    settings.part_bytes = 5 << 20;
    settings
}

fn dataset() -> Result<Dataset> {
    Ok(Dataset::parse("Item @PrimaryKey(id) { long id; string text; }")?)
}

fn item(id: i64, text: &str) -> Value {
    Value::Object(vec![Value::Long(id), Value::String(text.to_owned())])
}

fn producer(store: &Store) -> Result<Producer> {
    Ok(Producer::builder(dataset()?, store.clone())
        .root("Item")
        .snapshot_every(3)
        .snapshots(SnapshotWriting::WithVersion)
        .retry(4, Duration::from_millis(20))
        .build()?)
}

/// The items of a state, as text.
fn items(state: &ReadState) -> BTreeSet<String> {
    records_of(state).remove("Item").unwrap_or_default()
}
