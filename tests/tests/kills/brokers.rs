//! Three brokers, of which one after the other is killed, and then all: nothing is lost, nothing is made up, and the
//! producer catches up by itself.

use super::bench::{Bench, RATE};
use super::rig::{Place, wait_while_running};
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};
use tests::harness::Program;
use xtask::kafka::{Kafka, StartOptions};

/// Waits until so many messages more are folded.
fn wait_for_messages(bench: &mut Bench, producer: &mut Program, count: i64) -> Result<()> {
    let wanted = bench.verifier.reached().values().sum::<i64>() + count;
    wait_while_running(producer, "more messages to be folded", || {
        bench.verifier.check(&mut bench.log)?;
        Ok((bench.verifier.reached().values().sum::<i64>() >= wanted).then_some(()))
    })
}

#[test]
fn brokers_that_die_cost_nothing_but_time() -> Result<()> {
    let options = StartOptions {
        brokers: 3,
        ..StartOptions::default()
    };
    let Some(mut kafka) = Kafka::start_or_skip("producers over brokers that die", options)? else {
        return Ok(());
    };
    let mut bench = Bench::new(kafka.bootstrap(), "brokers", Place::Directory, 4)?;
    let writer = bench.write(RATE)?;
    let mut producer = bench.rig.start("producer", &[])?;
    bench.wait_for_versions(&mut producer, 3)?;
    for broker in 1..=3 {
        let context = || format!("broker {broker}");
        kafka.kill_broker(broker)?;
        wait_for_messages(&mut bench, &mut producer, 200).with_context(context)?;
        kafka.start_broker(broker)?;
        wait_for_messages(&mut bench, &mut producer, 50).with_context(context)?;
        bench.check().with_context(context)?;
    }

    for broker in 1..=3 {
        kafka.kill_broker(broker)?;
    }
    // What was read before may still be published.
    std::thread::sleep(Duration::from_secs(2));
    bench.verifier.check(&mut bench.log)?;
    let (versions, away) = (bench.verifier.versions(), Instant::now());
    while away.elapsed() < Duration::from_secs(10) {
        producer.must_run()?;
        bench.verifier.check(&mut bench.log)?;
        ensure!(bench.verifier.versions() == versions, "a version of nothing");
        std::thread::sleep(Duration::from_millis(50));
    }
    kafka.start_brokers(&[1, 2, 3])?;
    wait_for_messages(&mut bench, &mut producer, 300).context("all brokers are back")?;
    let (messages, _) = bench.finish(writer, producer)?;
    println!(
        "FIGURE: brokers: each of three killed while one producer folded, then all of them for 10 s: no version while they \
         were away, then it caught up by itself; {messages} messages, {} versions, nothing lost",
        bench.verifier.versions()
    );
    Ok(())
}
