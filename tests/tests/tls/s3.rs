//! A store behind TLS, with an authority that no machine trusts.

use crate::must_not_tell;
use anyhow::{Context, Result, ensure};
use hollow::consumer::Consumer;
use hollow::producer::Producer;
use hollow::record::Value;
use hollow::schema::Dataset;
use hollow::store::{Store, StoreError};
use xtask::s3::S3Server;

const BUCKET: &str = "titles";

#[test]
fn a_store_is_reached_through_tls_when_its_authority_is_trusted() -> Result<()> {
    let Some(server) = S3Server::start_secured_or_skip("a store behind TLS", &[BUCKET])? else {
        return Ok(());
    };
    let (endpoint, authority) = server.secured().context("TLS")?;
    let directory = tempfile::tempdir()?;
    let keys = directory.path().join("keys");
    let (access, secret) = S3Server::OWNER;
    std::fs::write(
        &keys,
        format!("[default]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n"),
    )?;
    let location = |more: &str| {
        let keys = keys.display();
        format!("s3://{BUCKET}/secured?endpoint={endpoint}&credentials-file={keys}&attempts=1{more}")
    };
    let trusted = location(&format!("&ca-file={}", authority.display()));

    // Nobody vouches for it: it is refused, and nothing is sent.
    let refused = Store::open_at(&location(""))?.head();
    let Err(error @ StoreError::Unavailable { .. }) = refused else {
        anyhow::bail!("a certificate of nobody was trusted: {refused:?}");
    };
    let shown = format!("{:#}", anyhow::Error::from(error));
    ensure!(shown.to_lowercase().contains("certificate"), "{shown}");
    must_not_tell(&shown, secret)?;

    let store = Store::open_at(&trusted)?;
    store.registers().prove()?;
    let schemas = Dataset::parse("Item @PrimaryKey(id) { long id; }")?;
    let mut producer = Producer::builder(schemas, store).root("Item").build()?;
    for id in 0..3 {
        producer.run_incremental_cycle(|cycle| {
            Ok(cycle.upsert("Item", &Value::Object(vec![Value::Long(id)])).map(drop)?)
        })?;
    }
    let consumer = Consumer::builder(Store::open_existing_at(&trusted)?).build()?;
    consumer.refresh()?;
    let state = consumer.state().context("a state")?;
    ensure!(state.version() == producer.version());
    ensure!(state.ty("Item").context("the type")?.len() == 3);
    Ok(())
}
