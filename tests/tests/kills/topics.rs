//! Topics that are not what they were: the producer stops, says what to do, and skips nothing.

use super::bench::{Bench, RATE};
use super::log::Writer;
use super::rig::{Place, stop};
use super::shared;
use anyhow::{Result, ensure};
use std::time::Duration;
use tests::harness::PATIENCE;
use tests::harness::topics::Admin;

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
