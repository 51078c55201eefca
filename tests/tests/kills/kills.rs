//! Producers are killed: at each named moment, at random, and right after the head has moved. After every kill all that was
//! announced meanwhile must be right, and the next process goes on from there.

use super::log::{KafkaLog, Writer};
use super::rig::{BUCKET, Place, Rig, stop, wait_while_running};
use super::shared;
use super::verifier::Verifier;
use anyhow::{Context, Result, ensure};
use fixtures::rng::Rng;
use hollow::store::verify::{Severity, verify};
use incremental_producer::crash_points::{self, CRASH_AT};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};
use tests::harness::{PATIENCE, Program};
use xtask::s3::S3Server;

/// Environment variables of a long run: how many kills in all, and the seed.
const KILLS: &str = "KILLS";
const SEED: &str = "KILLS_SEED";
/// How often each named moment must have been hit in a whole run.
const LEAST_HITS: u64 = 5;
const PARTITIONS: i32 = 3;
/// Messages a second.
const RATE: u64 = 150;

/// How a producer ends.
#[derive(Clone, Debug)]
enum End {
    /// By itself, the n-th time it gets to a named moment.
    At(String, u64),
    /// So long after it was started.
    After(Duration),
    /// So long after it first announced a version.
    AfterHead(Duration),
}

/// What one store's kills came to.
#[derive(Default)]
struct Figures {
    hits: BTreeMap<String, u64>,
    at_random: u64,
    after_head: u64,
    versions: u64,
    letters: usize,
    messages: u64,
}

impl Figures {
    fn kills(&self) -> u64 {
        self.hits.values().sum::<u64>() + self.at_random + self.after_head
    }
}

struct Bench {
    rig: Rig,
    log: KafkaLog,
    verifier: Verifier,
    figures: Figures,
}

impl Bench {
    fn new(servers: &str, topic: &str, place: Place, seed: u64) -> Result<Self> {
        let rig = Rig::new(servers, topic, PARTITIONS, place)?;
        Ok(Self {
            log: KafkaLog::open(servers, topic, seed)?,
            verifier: Verifier::new(rig.store()?),
            figures: Figures::default(),
            rig,
        })
    }

    /// One process from start to kill, and all it announced.
    fn round(&mut self, end: &End) -> Result<()> {
        let crash_at = match end {
            End::At(name, nth) => format!("{name}:{nth}"),
            _ => String::new(),
        };
        let environment = [(CRASH_AT, crash_at.as_str())];
        let armed = usize::from(matches!(end, End::At(..)));
        let producer = self.rig.start("producer", &environment[..armed])?;
        match end {
            End::At(name, nth) => self.until_it_dies(producer, name, *nth)?,
            End::After(time) => {
                std::thread::sleep(*time);
                producer.kill()?;
                self.figures.at_random += 1;
            }
            End::AfterHead(time) => {
                let mut producer = producer;
                let (verifier, log) = (&mut self.verifier, &mut self.log);
                wait_while_running(&mut producer, "a version", || {
                    Ok((verifier.check(log)? > 0).then_some(()))
                })?;
                std::thread::sleep(*time);
                producer.kill()?;
                self.figures.after_head += 1;
            }
        }
        self.verifier.check(&mut self.log)?;
        self.verifier.check_cold()?;
        self.check_staging()
    }

    fn until_it_dies(&mut self, mut producer: Program, name: &str, nth: u64) -> Result<()> {
        let begin = Instant::now();
        while producer.is_running()? {
            self.verifier.check(&mut self.log)?;
            ensure!(
                begin.elapsed() < PATIENCE,
                "it never gets there; it said: {}",
                producer.said()?
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        let finished = producer.wait(PATIENCE)?;
        let is_abort = finished.status.signal() == Some(6);
        ensure!(
            is_abort && finished.stderr.contains(&format!("reached {name}:{nth}")),
            "it ended in another way: {finished}"
        );
        *self.figures.hits.entry(name.to_owned()).or_default() += 1;
        Ok(())
    }

    /// What dead producers left in the staging directory is swept by later ones.
    fn check_staging(&self) -> Result<()> {
        let Some(store) = self.rig.store_directory() else {
            return Ok(());
        };
        let names: Vec<_> = std::fs::read_dir(store.join("staging"))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_>>()?;
        let cycles = names.iter().filter(|name| name.starts_with("cycle-")).count();
        // Each leaves a cycle and a snapshot at most; some die before they sweep.
        ensure!(cycles <= 16, "the staging directory grows: {names:?}");
        let rest = (names.len() - cycles) as u64;
        ensure!(
            rest <= self.figures.kills() + 1,
            "more files are left behind than producers died: {names:?}"
        );
        Ok(())
    }

    /// Without kills it folds the log to its end, and everything is there.
    fn finish(&mut self, sent: u64) -> Result<()> {
        let ends = self.log.ends()?;
        let mut producer = self.rig.start("producer", &[])?;
        let (verifier, log) = (&mut self.verifier, &mut self.log);
        wait_while_running(&mut producer, "the end of the log", || {
            verifier.check(log)?;
            Ok((*verifier.reached() == ends).then_some(()))
        })?;
        stop(producer)?;
        self.verifier.check(&mut self.log)?;
        self.verifier.check_cold()?;
        self.log.must_hold(sent)?;
        let expected = self.log.to_be_set_aside();
        let letters: BTreeSet<_> = self.rig.set_aside()?.into_iter().collect();
        ensure!(
            letters == expected,
            "other messages were set aside than mean nothing: missing {:?}, too many {:?}",
            expected.difference(&letters).collect::<Vec<_>>(),
            letters.difference(&expected).collect::<Vec<_>>()
        );
        let report = verify(&self.rig.store()?, true, |_| ())?;
        ensure!(
            report.worst().is_none_or(|worst| worst == Severity::Note),
            "the store contradicts itself: {:?}",
            report.findings
        );
        self.figures.versions = self.verifier.versions();
        self.figures.letters = letters.len();
        self.figures.messages = sent;
        Ok(())
    }
}

/// Kills in an order that the seed says: each named moment `each` times, and others until there are `count`.
fn plan(rng: &mut Rng, each: u64, count: u64) -> Vec<End> {
    let mut ends = Vec::new();
    for name in crash_points::names() {
        for _ in 0..each {
            // These come once in a life, those often.
            let most = match name.as_str() {
                name if name.starts_with("s0-") || name == "service-restored" => 1,
                "message-folded" => 80,
                name if name.starts_with("snapshot-") => 2,
                _ => 4,
            };
            ends.push(End::At(name.clone(), rng.below(most) + 1));
        }
    }
    while (ends.len() as u64) < count {
        ends.push(match rng.below(3) {
            0 => End::AfterHead(Duration::from_micros(rng.below(4_000))),
            _ => End::After(Duration::from_millis(rng.below(900))),
        });
    }
    for last in (1..ends.len()).rev() {
        let other = rng.below(last as u64 + 1) as usize;
        ends.swap(last, other);
    }
    ends
}

/// So many kills of producers that publish to one store.
fn campaign(servers: &str, topic: &str, place: Place, seed: u64, each: u64, count: u64) -> Result<Figures> {
    let mut bench = Bench::new(servers, topic, place, seed)?;
    let writer = Writer::start(servers, topic, seed, 0, RATE)?;
    // Moments of loading come only where there is something to load.
    bench
        .round(&End::AfterHead(Duration::ZERO))
        .context("the first round")?;
    for (number, end) in plan(&mut Rng::new(seed), each, count).iter().enumerate() {
        bench.round(end).with_context(|| {
            let said = std::fs::read_to_string(bench.rig.directory().join("producer.err")).unwrap_or_default();
            let tail: Vec<&str> = said.lines().rev().take(12).collect();
            let tail: String = tail.into_iter().rev().map(|line| format!("\n  {line}")).collect();
            format!("round {number}, {end:?}; the producer said:{tail}")
        })?;
    }
    bench.finish(writer.finish()?).context("after the last kill")?;
    Ok(bench.figures)
}

fn number_from(variable: &str) -> Result<Option<u64>> {
    let text = std::env::var(variable).ok();
    text.map(|text| text.parse().with_context(|| format!("{variable}={text}")))
        .transpose()
}

/// What stores are tried with, and how many kills each gets: of the number in all, and for each named moment.
fn campaigns(kafka: &str, s3: Option<&S3Server>, name: &str, seed: u64, count: u64) -> Result<Vec<Figures>> {
    let moments = crash_points::names().len() as u64;
    // A producer that publishes to S3 takes longer to start: it proves its store before.
    let on_s3 = if s3.is_some() { count / 4 } else { 0 };
    std::thread::scope(|scope| {
        let on_directory = count - on_s3;
        let mut threads = vec![scope.spawn(move || {
            let each = (on_directory / 2 / moments).max(LEAST_HITS);
            campaign(
                kafka,
                &format!("{name}-directory"),
                Place::Directory,
                seed,
                each,
                on_directory,
            )
            .context("publishing to a directory")
        })];
        threads.extend(s3.map(|server| {
            scope.spawn(move || {
                let each = on_s3 * 2 / 3 / moments;
                campaign(kafka, &format!("{name}-s3"), Place::s3(server), seed + 1, each, on_s3)
                    .context("publishing to S3")
            })
        }));
        threads
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a campaign panicked"))?)
            .collect()
    })
}

fn run(what: &str, count: u64, seed: u64) -> Result<()> {
    /// Logs and stores begin anew after so many.
    const BATCH: u64 = 1_000;
    let Some(kafka) = shared(what)? else { return Ok(()) };
    let s3 = S3Server::start_or_skip("the part of it on S3", &[BUCKET])?;
    let moments = crash_points::names();
    let begin = Instant::now();
    let mut all: Vec<Figures> = Vec::new();
    let mut done = 0;
    while done < count {
        let (batch, seed) = ((count - done).min(BATCH), seed + 2 * (done / BATCH));
        let figures = campaigns(kafka.bootstrap(), s3.as_ref(), &format!("kills-{seed}"), seed, batch)
            .with_context(|| format!("to see it again: {SEED}={seed} {KILLS}={batch}"))?;
        all.extend(figures);
        done += batch;
        if count > BATCH {
            println!("{done} of {count} kills, {:.0} s", begin.elapsed().as_secs_f64());
        }
    }
    let sum = |of: fn(&Figures) -> u64| all.iter().map(of).sum::<u64>();
    let hits = |name: &str| all.iter().filter_map(|figures| figures.hits.get(name)).sum::<u64>();
    let least = moments.iter().map(|name| hits(name)).min().unwrap_or(0);
    let seldom: Vec<_> = moments.iter().filter(|name| hits(name) < LEAST_HITS).collect();
    ensure!(seldom.is_empty(), "moments that were hit too seldom: {seldom:?}");
    ensure!(sum(Figures::kills) >= count, "only {} kills", sum(Figures::kills));
    let on_s3 = s3
        .as_ref()
        .map_or(0, |_| all.iter().skip(1).step_by(2).map(Figures::kills).sum());
    println!(
        "FIGURE: kills: {} producers killed on a real Kafka ({on_s3} of them publishing to a real S3 server): {} at {} \
         named moments, each {least} times at least, {} at random, {} right after the head moved; {} messages, {} versions, \
         each the fold of the log up to its own offsets, in one chain; {} dead letters, exactly those that mean nothing; \
         {:.0} s",
        sum(Figures::kills),
        sum(|figures| figures.hits.values().sum()),
        moments.len(),
        sum(|figures| figures.at_random),
        sum(|figures| figures.after_head),
        sum(|figures| figures.messages),
        sum(|figures| figures.versions),
        sum(|figures| figures.letters as u64),
        begin.elapsed().as_secs_f64(),
    );
    Ok(())
}

#[test]
fn killed_anywhere_it_goes_on_exactly_once() -> Result<()> {
    let count = number_from(KILLS)?.unwrap_or(320);
    let seed = number_from(SEED)?.unwrap_or(20_261_123);
    run("kills", count, seed)
}
