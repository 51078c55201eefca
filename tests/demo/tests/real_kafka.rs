//! The demo on a real Kafka: killed and started again, over a restart of the broker, it goes on in the same log.

mod common;

use anyhow::{Context, Result, ensure};
use common::{Bench, END, PREPROD, check_directory, inputs, summary, tag};
use incremental_producer::Offsets;
use incremental_producer::source::LogPosition;
use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use std::collections::BTreeMap;
use tests::harness::{chain, topics};
use xtask::kafka::{Kafka, StartOptions};

/// How far each input dataset says it goes.
fn positions(bench: &Bench) -> Result<BTreeMap<&'static str, LogPosition>> {
    let position = |name| {
        let tags = chain::tags(&bench.chain(name)?);
        let position = LogPosition::from_tags(&tags)?;
        Ok((name, position.with_context(|| format!("no version of {name}"))?))
    };
    inputs().map(position).collect()
}

/// The end of each partition of a topic.
fn ends(kafka: &Kafka, topic: &str) -> Result<Offsets> {
    let client: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", kafka.bootstrap())
        .create()?;
    let offsets = topics::offsets(&client, topic)?;
    Ok(offsets
        .into_iter()
        .map(|(partition, range)| (partition, range.end))
        .collect())
}

#[test]
fn killed_on_a_real_kafka_it_goes_on_in_the_same_log() -> Result<()> {
    let what = "a demo killed on a real Kafka goes on in the same log";
    let Some(mut kafka) = Kafka::start_or_skip(what, StartOptions::default())? else {
        return Ok(());
    };
    let mut bench = Bench::new(Some(kafka.bootstrap()))?;
    let mut demo = bench.start(&[])?;
    // Late enough that every dataset has a version, and that changes go on while it is killed.
    bench.wait_until(&mut demo, PREPROD, |tip| tip.previous.is_some())?;
    demo.kill()?;
    let (chains, killed) = (bench.chains()?, positions(&bench)?);
    for (name, position) in &killed {
        ensure!(
            (position.log.as_str(), position.generation) == (kafka.cluster_id(), 0),
            "{name}: {position:?}"
        );
    }

    kafka.restart()?;
    let finished = bench.start(&["--for", "5s"])?.wait(END)?;
    let summary = summary(&finished)?;
    for (name, ended) in positions(&bench)? {
        let (began, told) = (&killed[name], &summary["datasets"][name]);
        ensure!(
            (&ended.topic, &ended.log, ended.generation) == (&began.topic, &began.log, began.generation),
            "{name}: {ended:?} after {began:?}"
        );
        let goes_on = |(partition, offset)| ended.offsets.get(partition).is_some_and(|now| now >= offset);
        ensure!(began.offsets.iter().all(goes_on), "{name}: {ended:?} after {began:?}");
        // As many messages as lie between where the killed one's state ends and the end of the log: none lost, none twice.
        let all = ends(&kafka, &began.topic)?.distance_from(&began.offsets);
        ensure!(
            told["messages"] == all,
            "{name}: read {}, there were {all}",
            told["messages"]
        );
        ensure!(told["generation"] == 0 && told["dead_letters"] == 0, "{name}: {told}");
        let (before, after) = (&chains[name], bench.chain(name)?);
        ensure!(after.continues(before), "the chain of {name} does not go on");
        let announced = before.tip().context("no version")?;
        ensure!(told["continued_from"] == announced.version.0, "{name}: {told}");
        ensure!(tag(announced, "kafka.offsets") == began.offsets.to_string());
    }
    check_directory(&bench)
}

#[test]
fn a_broker_that_restarts_meanwhile_is_waited_for() -> Result<()> {
    let what = "a broker that restarts while the demo runs is waited for";
    let Some(mut kafka) = Kafka::start_or_skip(what, StartOptions::default())? else {
        return Ok(());
    };
    let mut bench = Bench::new(Some(kafka.bootstrap()))?;
    let mut demo = bench.start(&[])?;
    bench.wait_until(&mut demo, PREPROD, |_| true)?;
    kafka.kill_broker(1)?;
    let before = bench.chain("assets")?.tip().context("no version")?.version;
    kafka.start_broker(1)?;
    // Several versions later: at least the last of them was read after the restart.
    for _ in 0..4 {
        let last = bench.chain("assets")?.tip().map(|tip| tip.version);
        bench.wait_until(&mut demo, "assets", |tip| {
            Some(tip.version) != last && tip.version > before
        })?;
    }
    demo.terminate()?;
    // An outage that passed is told, and is no error.
    summary(&demo.wait(END)?)?;
    check_directory(&bench)
}
