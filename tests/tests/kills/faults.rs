//! A network that fails between a producer and S3: it goes on by itself, and what it announced is right.

use super::bench::{Bench, RATE};
use super::rig::{BUCKET, Place, wait_while_running};
use super::shared;
use anyhow::{Context, Result, ensure};
use fixtures::rng::Rng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::harness::http::Message;
use tests::harness::proxy::{Proxy, Spoil};
use xtask::kafka::Kafka;
use xtask::s3::S3Server;

/// A producer whose way to S3 leads through a proxy. The verifier goes straight to the server.
struct Spoilt {
    bench: Bench,
    proxy: Proxy,
    _server: S3Server,
    _kafka: Arc<Kafka>,
}

fn spoilt(what: &str, topic: &str, seed: u64) -> Result<Option<Spoilt>> {
    let Some(kafka) = shared(what)? else { return Ok(None) };
    let Some(server) = S3Server::start_or_skip(what, &[BUCKET])? else {
        return Ok(None);
    };
    let proxy = Proxy::start(server.address(), |_| None)?;
    let place = Place::S3 {
        program: proxy.endpoint(),
        verifier: server.endpoint(),
    };
    Ok(Some(Spoilt {
        bench: Bench::new(kafka.bootstrap(), topic, place, seed)?,
        proxy,
        _server: server,
        _kafka: kafka,
    }))
}

/// What went wrong, how often.
fn counts(proxy: &Proxy) -> (usize, String) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for spoil in proxy.spoilt() {
        let name = format!("{spoil:?}");
        *counts
            .entry(name.split('(').next().unwrap_or_default().to_owned())
            .or_default() += 1;
    }
    let each: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    (counts.values().sum(), each.join(", "))
}

#[test]
fn whatever_goes_wrong_on_the_way_to_s3_what_is_announced_is_right() -> Result<()> {
    let Some(mut spoilt) = spoilt("a producer through a fault proxy", "faults", 5)? else {
        return Ok(());
    };
    let bench = &mut spoilt.bench;
    let mut rng = Rng::new(5);
    spoilt.proxy.set_plan(move |_: &Message| {
        (rng.below(12) == 0).then(|| match rng.below(10) {
            0 => Spoil::ErrorBefore,
            1 => Spoil::SlowDown,
            2 => Spoil::HangUpBefore,
            3 | 4 => Spoil::ErrorAfter,
            5 | 6 => Spoil::HangUpAfter,
            7 => Spoil::CutBody,
            8 => Spoil::Stall(Duration::from_millis(300)),
            _ => Spoil::Delay(Duration::from_millis(100)),
        })
    });
    let writer = bench.write(RATE / 3)?;
    let mut producer = bench.rig.start("producer", &[])?;
    for _ in 0..4 {
        bench.wait_for_versions(&mut producer, 12)?;
        bench.check()?;
        producer.kill()?;
        producer = bench.rig.start("producer", &[])?;
    }
    // The answers that matter most, and nothing else: those to the write that announces.
    let mut turn = 0;
    spoilt.proxy.set_plan(move |request: &Message| {
        let path = request.target().split('?').next().unwrap_or_default();
        if request.method() != "PUT" || !path.ends_with("/head") {
            return None;
        }
        turn += 1;
        match turn % 5 {
            0 => Some(Spoil::HangUpAfter),
            1 => Some(Spoil::ErrorAfter),
            2 => Some(Spoil::HangUpBefore),
            3 => Some(Spoil::HangUpAfter),
            _ => None,
        }
    });
    bench.wait_for_versions(&mut producer, 40)?;
    bench.check()?;
    spoilt.proxy.set_plan(|_| None);
    let (messages, _) = bench.finish(writer, producer)?;
    let (all, each) = counts(&spoilt.proxy);
    println!(
        "FIGURE: a producer through a fault proxy: {all} requests to a real S3 server went wrong on purpose ({each}); \
         {messages} messages, {} versions, nothing lost, nobody needed",
        bench.verifier.versions()
    );
    Ok(())
}

#[test]
fn a_store_that_is_away_while_the_producer_starts_is_waited_for() -> Result<()> {
    let Some(mut spoilt) = spoilt("a store that is away for a while", "away", 6)? else {
        return Ok(());
    };
    let bench = &mut spoilt.bench;
    let writer = bench.write(RATE / 3)?;
    let mut producer = bench.rig.start("producer", &[])?;
    bench.wait_for_versions(&mut producer, 5)?;
    producer.kill()?;
    // All of it, or only what the head leads to: then the store proves itself and the head is read, and no more.
    for (what, parts) in [("objects", &["/blobs/", "/manifests/"][..]), ("everything", &["/"])] {
        let throttled = move |request: &Message| {
            let away = parts.iter().any(|part| request.target().contains(part));
            away.then_some(Spoil::SlowDown)
        };
        spoilt.proxy.set_plan(throttled);
        let mut producer = bench.rig.start("producer", &[])?;
        let begin = Instant::now();
        wait_while_running(&mut producer, "a second failure", || {
            let failures = producer_failures(&bench.rig.directory().join("producer.err"))?;
            Ok((failures >= 2 && begin.elapsed() > Duration::from_secs(10)).then_some(()))
        })
        .context(what)?;
        let versions = bench.verifier.versions();
        bench.check()?;
        ensure!(
            bench.verifier.versions() == versions,
            "a version while the store was away"
        );
        spoilt.proxy.set_plan(|_| None);
        bench.wait_for_versions(&mut producer, 3).context(what)?;
        producer.kill()?;
    }
    let producer = bench.rig.start("producer", &[])?;
    bench.finish(writer, producer)?;
    Ok(())
}

fn producer_failures(log: &std::path::Path) -> Result<usize> {
    Ok(std::fs::read_to_string(log)?.matches("failed; trying again").count())
}
