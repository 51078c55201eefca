//! Publishing to a real server and reading from it.

use crate::{item, items, producer, store};
use anyhow::{Context, Result};
use hollow::consumer::Consumer;
use hollow::producer::CycleError;
use std::collections::BTreeSet;
use tests::harness::Chain;
use xtask::s3::S3Server;

#[test]
fn versions_are_published_followed_and_continued_after_a_restart() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("a chain on a real S3 server", &[crate::BUCKET])? else {
        return Ok(());
    };
    let store = store(&server, "chain/titles")?;
    store.registers().prove()?;
    let cache = tempfile::tempdir()?;
    let consumer = Consumer::builder(store.clone()).cache(cache.path()).build()?;

    // Large enough that snapshots travel in parts.
    let filler = |id: i64| format!("{id} {}", "some text that makes records long ".repeat(8));
    let mut expected = BTreeSet::new();
    let mut first = producer(&store)?;
    for version in 0..5 {
        first.run_incremental_cycle(|cycle| {
            for id in version * 20_000..(version + 1) * 20_000 {
                cycle.upsert("Item", &item(id, &filler(id)))?;
            }
            Ok(())
        })?;
        consumer.refresh()?;
        let state = consumer.state().context("a state")?;
        assert_eq!(state.version(), first.version());
        let found = items(&state);
        assert_eq!(found.len(), 20_000 * (version as usize + 1));
        assert!(found.is_superset(&expected), "nothing is lost");
        expected = found;
    }
    drop(first);

    // Another process goes on.
    let mut second = producer(&store)?;
    second.restore()?.context("something is announced")?;
    second.run_incremental_cycle(|cycle| {
        cycle
            .upsert("Item", &item(-1, "after the restart"))
            .map(drop)
            .map_err(Into::into)
    })?;
    consumer.refresh()?;
    assert_eq!(items(&*consumer.state().context("a state")?).len(), 100_001);

    let chain = Chain::read(&store)?;
    assert_eq!(chain.manifests().len(), 6);
    let largest = chain
        .manifests()
        .flat_map(|manifest| &manifest.blobs)
        .map(|blob| blob.length)
        .max();
    assert!(
        largest.unwrap_or(0) > 16 << 20,
        "a blob of three parts at least: {largest:?}"
    );
    chain.walk(|_, _| Ok(()))?;

    // From its cache alone: the server is gone.
    let version = consumer.version();
    drop((consumer, server));
    let cold = Consumer::builder(store).cache(cache.path()).start()?;
    assert_eq!(cold.version(), version);
    Ok(())
}

#[test]
fn of_two_producers_the_one_that_came_last_goes_on() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("two producers on a real S3 server", &[crate::BUCKET])? else {
        return Ok(());
    };
    let store = store(&server, "fencing")?;
    let (mut first, mut second) = (producer(&store)?, producer(&store)?);
    let mut turn = 0;
    let mut publish = |producer: &mut hollow::producer::Producer| {
        turn += 1;
        producer.run_incremental_cycle(|cycle| Ok(cycle.upsert("Item", &item(turn, "x")).map(drop)?))
    };
    publish(&mut first)?;
    for _ in 0..3 {
        second.restore()?;
        assert!(matches!(publish(&mut first), Err(CycleError::Fenced { .. })));
        publish(&mut second)?;
        // Told once, it stays told.
        assert!(publish(&mut first).is_err() || first.epoch() > second.epoch());
        std::mem::swap(&mut first, &mut second);
    }
    Chain::read(&store)?.walk(|_, _| Ok(()))
}
