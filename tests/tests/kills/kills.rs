//! Producers are killed: at each named moment, at random, and right after the head has moved. After every kill all that was
//! announced meanwhile must be right, and the next process goes on from there.

use super::bench::{Bench, RATE};
use super::log::Writer;
use super::rig::{BUCKET, Place, last_lines};
use super::shared;
use anyhow::{Context, Result, ensure};
use fixtures::rng::Rng;
use incremental_producer::crash_points::{self, CRASH_AT};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};
use tests::harness::{PATIENCE, Program};
use xtask::s3::S3Server;

/// Environment variables of a long run: how many kills in all, and the seed.
const KILLS: &str = "KILLS";
const SEED: &str = "KILLS_SEED";
/// How often each named moment must have been hit in a whole run.
const LEAST_HITS: u64 = 5;

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

struct Campaign {
    bench: Bench,
    figures: Figures,
}

impl Campaign {
    /// One process from start to kill, and all it announced.
    fn round(&mut self, end: &End) -> Result<()> {
        let crash_at = match end {
            End::At(name, nth) => format!("{name}:{nth}"),
            _ => String::new(),
        };
        let environment = [(CRASH_AT, crash_at.as_str())];
        let armed = usize::from(matches!(end, End::At(..)));
        let producer = self.bench.rig.start("producer", &environment[..armed])?;
        match end {
            End::At(name, nth) => self.until_it_dies(producer, name, *nth)?,
            End::After(time) => {
                std::thread::sleep(*time);
                producer.kill()?;
                self.figures.at_random += 1;
            }
            End::AfterHead(time) => {
                let mut producer = producer;
                self.bench.wait_for_versions(&mut producer, 1)?;
                std::thread::sleep(*time);
                producer.kill()?;
                self.figures.after_head += 1;
            }
        }
        self.bench.check()?;
        self.check_staging()
    }

    fn until_it_dies(&mut self, mut producer: Program, name: &str, nth: u64) -> Result<()> {
        let begin = Instant::now();
        while producer.is_running()? {
            self.bench.verifier.check(&mut self.bench.log)?;
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
        let Some(store) = self.bench.rig.store_directory() else {
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
    fn finish(mut self, writer: Writer) -> Result<Figures> {
        // What was written while nobody read.
        self.bench.rig.messages_per_cycle = 5_000;
        let producer = self.bench.rig.start("producer", &[])?;
        let (messages, letters) = self.bench.finish(writer, producer)?;
        self.figures.versions = self.bench.verifier.versions();
        (self.figures.messages, self.figures.letters) = (messages, letters);
        Ok(self.figures)
    }
}

/// What is killed where.
struct Plan {
    topic: String,
    place: Place,
    seed: u64,
    /// Messages a second.
    rate: u64,
    /// Named moments, and how often each comes.
    moments: Vec<String>,
    each: u64,
    /// How many kills in all, at least.
    count: u64,
}

/// Kills in an order that the seed says: each named moment as often as planned, and others until there are enough.
fn ends(plan: &Plan) -> Vec<End> {
    let rng = &mut Rng::new(plan.seed);
    let mut ends = Vec::new();
    for name in &plan.moments {
        for _ in 0..plan.each {
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
    while (ends.len() as u64) < plan.count {
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

/// Kills of producers that publish to one store, one after the other.
fn campaign(servers: &str, plan: &Plan) -> Result<Figures> {
    let mut campaign = Campaign {
        bench: Bench::new(servers, &plan.topic, plan.place.clone(), plan.seed)?,
        figures: Figures::default(),
    };
    let writer = campaign.bench.write(plan.rate)?;
    // Moments of loading come only where there is something to load.
    campaign
        .round(&End::AfterHead(Duration::ZERO))
        .context("the first round")?;
    for (number, end) in ends(plan).iter().enumerate() {
        campaign.round(end).with_context(|| {
            let said = std::fs::read_to_string(campaign.bench.rig.directory().join("producer.err")).unwrap_or_default();
            format!("round {number}, {end:?}; the producer said:{}", last_lines(&said))
        })?;
    }
    campaign.finish(writer).context("after the last kill")
}

fn number_from(variable: &str) -> Result<Option<u64>> {
    let text = std::env::var(variable).ok();
    text.map(|text| text.parse().with_context(|| format!("{variable}={text}")))
        .transpose()
}

/// What is done with so many kills: most of them to producers that publish to a directory, a quarter on S3 if it is there.
fn plans(s3: Option<&S3Server>, seed: u64, count: u64) -> Vec<Plan> {
    // These take several seconds to start, most of which they wait for the proof that the store is fit: three at a time.
    const LANES: u64 = 3;
    let moments = crash_points::names();
    let on_s3 = s3.map_or(0, |_| count / 4);
    let mut plans = vec![Plan {
        topic: format!("kills-{seed}"),
        place: Place::Directory,
        seed,
        rate: RATE,
        each: ((count - on_s3) / 2 / moments.len() as u64).max(LEAST_HITS),
        count: count - on_s3,
        moments: moments.clone(),
    }];
    plans.extend(s3.into_iter().flat_map(|server| {
        let moments = moments.clone();
        (0..LANES).map(move |lane| Plan {
            topic: format!("kills-{seed}-s3-{lane}"),
            place: Place::s3(server),
            seed: seed + 1 + lane,
            rate: RATE / 5,
            moments: moments
                .iter()
                .skip(lane as usize)
                .step_by(LANES as usize)
                .cloned()
                .collect(),
            each: on_s3 * 2 / 3 / moments.len() as u64,
            count: on_s3.div_ceil(LANES),
        })
    }));
    plans
}

/// Does it all at once; figures in the order of the plans.
fn campaigns(servers: &str, plans: &[Plan]) -> Result<Vec<Figures>> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = plans
            .iter()
            .map(|plan| {
                scope.spawn(|| campaign(servers, plan).with_context(|| format!("publishing to {:?}", plan.place)))
            })
            .collect();
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
    let (mut all, mut on_s3): (Vec<Figures>, u64) = (Vec::new(), 0);
    let mut done = 0;
    while done < count {
        let (batch, seed) = ((count - done).min(BATCH), seed + 10 * (done / BATCH));
        let plans = plans(s3.as_ref(), seed, batch);
        let figures = campaigns(kafka.bootstrap(), &plans)
            .with_context(|| format!("to see it again: {SEED}={seed} {KILLS}={batch}"))?;
        on_s3 += figures.iter().skip(1).map(Figures::kills).sum::<u64>();
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
