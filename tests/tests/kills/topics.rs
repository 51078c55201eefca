//! Topics that are not what they were: the producer stops, says what to do, and skips nothing.

use super::bench::{Bench, RATE};
use super::log::Writer;
use super::rig::{Place, stop};
use super::shared;
use anyhow::{Result, ensure};
use std::time::Duration;
use tests::harness::topics::Admin;
use tests::harness::{PATIENCE, wait_for};

/// A dataset that is folded to the end of its log, and its producer stopped. Gives the number of the next message.
fn folded(bench: &mut Bench) -> Result<u64> {
    let writer = bench.write(RATE)?;
    let mut producer = bench.rig.start("producer", &[])?;
    bench.wait_for_versions(&mut producer, 4)?;
    let sent = writer.finish()?;
    bench.wait_for_end(&mut producer)?;
    stop(producer)?;
    bench.check()?;
    Ok(sent)
}

/// Starts a producer that must end by itself, saying all of this, and announce nothing.
fn must_refuse(bench: &mut Bench, expected: &[&str]) -> Result<()> {
    // Not only once: another start changes nothing.
    for _ in 0..2 {
        let versions = bench.verifier.versions();
        let finished = bench.rig.start("refusing", &[])?.wait(PATIENCE)?;
        ensure!(
            finished.status.code().is_some_and(|code| code != 0),
            "it ended well: {finished}"
        );
        for text in expected {
            ensure!(finished.stderr.contains(text), "it does not say {text:?}: {finished}");
        }
        bench.check()?;
        ensure!(bench.verifier.versions() == versions, "it announced a version");
    }
    Ok(())
}

#[test]
fn messages_gone_before_they_were_folded_stop_the_producer() -> Result<()> {
    let Some(kafka) = shared("messages that are gone")? else {
        return Ok(());
    };
    let mut bench = Bench::new(kafka.bootstrap(), "gone", Place::Directory, 9)?;
    let sent = folded(&mut bench)?;
    let writer = Writer::start(kafka.bootstrap(), "gone", bench.seed, sent, RATE)?;
    std::thread::sleep(Duration::from_millis(700));
    writer.finish()?;
    let end = bench.log.ends()?[&1];
    Admin::new(kafka.bootstrap())?.delete_records("gone", 1, end)?;
    let expected = bench.verifier.reached()[&1];
    ensure!(end > expected, "nothing was lost");
    must_refuse(
        &mut bench,
        &[
            "DATA LOST",
            &format!("topic=gone partition=1 expected offset={expected} low watermark={end}"),
            "sweep",
        ],
    )
}

#[test]
fn a_topic_created_again_stops_the_producer() -> Result<()> {
    let Some(kafka) = shared("a topic created again")? else {
        return Ok(());
    };
    let mut bench = Bench::new(kafka.bootstrap(), "created-again", Place::Directory, 10)?;
    folded(&mut bench)?;
    let admin = Admin::new(kafka.bootstrap())?;
    admin.delete("created-again")?;
    admin.create("created-again", super::bench::PARTITIONS)?;
    must_refuse(&mut bench, &["the log started anew", "topic=created-again", "sweep"])
}

/// Deletes a topic, creates it again, and writes to it until every partition is longer than what was folded of the old one.
fn create_again_longer(bench: &Bench, topic: &str) -> Result<()> {
    let admin = Admin::new(bench.rig.servers())?;
    admin.delete(topic)?;
    admin.create(topic, super::bench::PARTITIONS)?;
    let writer = Writer::start(bench.rig.servers(), topic, bench.seed, 0, 10 * RATE)?;
    wait_for("the new topic to be longer than the old one", || {
        // Whoever knew the old topic has to find out first.
        let Ok(ends) = bench.log.ends() else { return Ok(None) };
        let is_longer = |(partition, folded): (&i32, &i64)| ends.get(partition).is_some_and(|end| end > folded);
        Ok(bench.verifier.reached().iter().all(is_longer).then_some(()))
    })?;
    writer.finish()?;
    Ok(())
}

const CREATED_AGAIN: &[&str] = &[
    "the log started anew (the topic was deleted and created again",
    "let the sources sweep everything into the topic",
    "start-generation",
];

#[test]
fn a_topic_created_again_that_has_outgrown_the_old_one_stops_the_producer() -> Result<()> {
    let Some(kafka) = shared("a topic created again that has outgrown the old one")? else {
        return Ok(());
    };
    let mut bench = Bench::new(kafka.bootstrap(), "outgrown", Place::Directory, 12)?;
    folded(&mut bench)?;
    create_again_longer(&bench, "outgrown")?;
    must_refuse(&mut bench, CREATED_AGAIN)
}

#[test]
fn a_topic_created_again_under_a_running_producer_stops_it() -> Result<()> {
    let Some(kafka) = shared("a topic created again under a running producer")? else {
        return Ok(());
    };
    let mut bench = Bench::new(kafka.bootstrap(), "swapped", Place::Directory, 13)?;
    folded(&mut bench)?;
    let mut producer = bench.rig.start("running", &[])?;
    bench.wait_for_end(&mut producer)?;
    let versions = bench.verifier.versions();
    create_again_longer(&bench, "swapped")?;
    let finished = producer.wait(PATIENCE)?;
    ensure!(finished.status.code().is_some_and(|code| code != 0), "{finished}");
    ensure!(finished.stderr.contains("the log started anew"), "{finished}");
    ensure!(finished.stderr.contains("start-generation"), "{finished}");
    bench.check()?;
    ensure!(bench.verifier.versions() == versions, "it announced a version");
    must_refuse(&mut bench, CREATED_AGAIN)
}

#[test]
fn partitions_that_were_added_stop_the_producer() -> Result<()> {
    let Some(kafka) = shared("partitions that were added")? else {
        return Ok(());
    };
    let mut bench = Bench::new(kafka.bootstrap(), "grown", Place::Directory, 11)?;
    folded(&mut bench)?;
    Admin::new(kafka.bootstrap())?.grow("grown", 5)?;
    must_refuse(
        &mut bench,
        &[
            "more partitions than were folded",
            "topic=grown",
            "added=[3, 4]",
            "sweep",
        ],
    )
}
