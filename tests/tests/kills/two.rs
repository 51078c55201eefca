//! Two producers of one dataset: one goes on, the other is fenced and ends, also when it slept while it was replaced.

use super::bench::{Bench, RATE};
use super::rig::{BUCKET, Place};
use super::shared;
use anyhow::{Context, Result, ensure};
use incremental_producer::crash_points::STOP_AT;
use tests::harness::{PATIENCE, Program, wait_for};
use xtask::s3::S3Server;

/// Moments at which a producer falls asleep: on both sides of the commit, in the middle of a snapshot, while it cleans up.
const MOMENTS: [&str; 8] = [
    "message-folded:20",
    "letters-settled:3",
    "s3-partly-encoded:3",
    "s6-partly-put:4",
    "s7-manifest-put:4",
    "s8-committed:4",
    "snapshot-staged:1",
    "s10-mirrored:4",
];

/// It has ended because somebody else has taken over, and says so.
fn must_be_fenced(loser: Program) -> Result<()> {
    let finished = loser.wait(PATIENCE)?;
    let fenced = finished.stderr.contains("another producer has taken over");
    let failed = finished.status.code().is_some_and(|code| code != 0);
    ensure!(fenced && failed, "it was not fenced: {finished}");
    Ok(())
}

/// Waits until one of two producers has ended; gives the other one.
fn survivor(bench: &mut Bench, mut one: Program, mut other: Program) -> Result<Program> {
    let one_lost = wait_for("one of two producers to be fenced", || {
        bench.verifier.check(&mut bench.log)?;
        Ok(match (one.is_running()?, other.is_running()?) {
            (true, true) => None,
            (one_runs, _) => Some(!one_runs),
        })
    })?;
    let (loser, winner) = if one_lost { (one, other) } else { (other, one) };
    must_be_fenced(loser)?;
    Ok(winner)
}

#[test]
fn of_two_producers_one_goes_on_and_the_other_is_fenced() -> Result<()> {
    const ROUNDS: usize = 8;
    let Some(kafka) = shared("two producers of one dataset")? else {
        return Ok(());
    };
    let mut bench = Bench::new(kafka.bootstrap(), "two", Place::Directory, 1)?;
    let writer = bench.write(RATE)?;
    let mut winner = bench.rig.start("first", &[])?;
    for round in 0..ROUNDS {
        let context = || format!("round {round}");
        if round % 2 == 0 {
            // They start at the same time, also with nothing announced.
            winner.kill()?;
            winner = bench.rig.start(&format!("{round}-a"), &[])?;
        }
        let other = bench.rig.start(&format!("{round}-b"), &[])?;
        winner = survivor(&mut bench, winner, other).with_context(context)?;
        bench.wait_for_versions(&mut winner, 3).with_context(context)?;
        bench.check().with_context(context)?;
    }
    bench.finish(writer, winner)?;
    println!(
        "FIGURE: two producers: of two processes that raced for a dataset one was fenced and ended, {ROUNDS} of {ROUNDS} \
         times; {} versions, one chain, nothing lost",
        bench.verifier.versions()
    );
    Ok(())
}

fn sleeps_and_wakes(bench: &mut Bench) -> Result<()> {
    let writer = bench.write(RATE)?;
    let mut producer = bench.rig.start("awake", &[])?;
    bench.wait_for_versions(&mut producer, 2)?;
    for moment in MOMENTS {
        producer.kill()?;
        let sleeper = bench.rig.start("sleeper", &[(STOP_AT, moment)])?;
        wait_for(&format!("{moment} to be reached"), || {
            bench.verifier.check(&mut bench.log)?;
            Ok(sleeper.is_paused()?.then_some(()))
        })?;
        producer = bench.rig.start("awake", &[])?;
        // Longer than several cycles, and other versions announced meanwhile.
        bench.wait_for_versions(&mut producer, 6).context(moment)?;
        sleeper.wake()?;
        must_be_fenced(sleeper).context(moment)?;
        bench.wait_for_versions(&mut producer, 3).context(moment)?;
        bench.check().context(moment)?;
    }
    // What was written while nobody read.
    producer.kill()?;
    bench.rig.messages_per_cycle = 5_000;
    let producer = bench.rig.start("last", &[])?;
    bench.finish(writer, producer)?;
    Ok(())
}

#[test]
fn a_producer_that_slept_while_it_was_replaced_changes_nothing() -> Result<()> {
    let what = "a producer that sleeps and wakes";
    let Some(kafka) = shared(what)? else { return Ok(()) };
    let mut versions = 0;
    let mut bench = Bench::new(kafka.bootstrap(), "sleeper", Place::Directory, 2)?;
    sleeps_and_wakes(&mut bench)?;
    versions += bench.verifier.versions();
    let mut times = MOMENTS.len();
    if let Some(server) = S3Server::start_or_skip("a producer that sleeps and wakes, on S3", &[BUCKET])? {
        let mut bench = Bench::new(kafka.bootstrap(), "sleeper-s3", Place::s3(&server), 3)?;
        sleeps_and_wakes(&mut bench).context("publishing to S3")?;
        versions += bench.verifier.versions();
        times += MOMENTS.len();
    }
    println!(
        "FIGURE: zombies: {times} producers slept at named moments while others published, woke, and were fenced; \
         {versions} versions, one chain each, nothing lost"
    );
    Ok(())
}
