//! The demo is killed at any moment and started again: nothing is lost, nothing is there twice, no chain breaks.

mod common;

use anyhow::{Context, Result, ensure};
use common::{Bench, END, PREPROD, PROD, check_directory, inputs, summary, tag};
use fixtures::rng::Rng;
use hollow::store::Manifest;
use std::collections::BTreeMap;
use std::time::Duration;
use tests::harness::{Chain, Program};

/// Draws the moments. Another one: `DEMO_KILL_SEED=7 cargo test -p demo --test kill`.
const SEED: u64 = 20_261_122;

/// When a demo is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// So many milliseconds after its start.
    Started(u64),
    /// So many milliseconds after this process first announced a version of this dataset.
    Announced(&'static str, u64),
    /// So many milliseconds after this process announced a version of every input.
    AllAnnounced(u64),
}

/// From the first start on: during the first load, between first versions, between outputs, while a chain is restored.
fn moments(rng: &mut Rng) -> Vec<Moment> {
    let ms = |rng: &mut Rng, low, high| rng.between(low, high).unsigned_abs();
    vec![
        Moment::Started(ms(rng, 0, 60)),
        Moment::Started(ms(rng, 60, 400)),
        Moment::Announced("titles", ms(rng, 0, 60)),
        Moment::Announced("assets", ms(rng, 0, 250)),
        Moment::Announced(PROD, ms(rng, 0, 150)),
        Moment::AllAnnounced(ms(rng, 0, 800)),
        Moment::Started(ms(rng, 50, 300)),
        Moment::Announced(PREPROD, ms(rng, 0, 900)),
        Moment::AllAnnounced(ms(rng, 200, 1_500)),
    ]
}

/// The part of a position that a restart must not lose.
fn log_of(manifest: &Manifest) -> (&str, u64) {
    (
        tag(manifest, "kafka.log"),
        tag(manifest, "kafka.generation").parse().unwrap_or(u64::MAX),
    )
}

fn epoch_is_new(before: &BTreeMap<&'static str, Chain>, name: &str) -> impl Fn(&Manifest) -> bool {
    let before = before.get(name).and_then(Chain::tip).map(|tip| tip.version);
    move |tip| Some(tip.version) != before
}

fn wait_for_moment(
    bench: &Bench,
    demo: &mut Program,
    moment: Moment,
    before: &BTreeMap<&'static str, Chain>,
) -> Result<()> {
    let (names, ms): (Vec<&str>, u64) = match moment {
        Moment::Started(ms) => (Vec::new(), ms),
        Moment::Announced(name, ms) => (vec![name], ms),
        Moment::AllAnnounced(ms) => (inputs().collect(), ms),
    };
    for name in names {
        bench.wait_until(demo, name, epoch_is_new(before, name))?;
    }
    std::thread::sleep(Duration::from_millis(ms));
    Ok(())
}

/// What must hold between the chains as they were and as they are one start later.
fn check_step(
    before: &BTreeMap<&'static str, Chain>,
    after: &BTreeMap<&'static str, Chain>,
    must_grow: bool,
) -> Result<()> {
    for (name, chain) in after {
        chain.check_linear().with_context(|| format!("the chain of {name}"))?;
        ensure!(
            chain.continues(&before[name]),
            "the chain of {name} does not go on from where it was"
        );
    }
    for name in inputs() {
        let (Some(old), Some(new)) = (before[name].tip(), after[name].tip()) else {
            ensure!(!must_grow || after[name].tip().is_some(), "{name} has no version");
            continue;
        };
        let ((old_log, old_generation), (log, generation)) = (log_of(old), log_of(new));
        // The Kafka in the process starts anew each time; a version that says so counts one generation more, and no more.
        let grown = u64::from(log != old_log);
        ensure!(
            generation == old_generation + grown,
            "{name}: generation={generation} after {old_generation}, log={log} after {old_log}"
        );
        ensure!(
            !must_grow || grown == 1,
            "{name} is still in generation={generation} of log={log}"
        );
    }
    Ok(())
}

#[test]
fn killed_at_any_moment_it_goes_on_where_it_stood() -> Result<()> {
    let seed = match std::env::var("DEMO_KILL_SEED") {
        Ok(seed) => seed.parse().context("DEMO_KILL_SEED")?,
        Err(_) => SEED,
    };
    let mut bench = Bench::new(None)?;
    let mut before = bench.chains()?;
    for moment in moments(&mut Rng::new(seed)) {
        let mut demo = bench.start(&[])?;
        let step = || -> Result<_> {
            wait_for_moment(&bench, &mut demo, moment, &before)?;
            demo.kill()?;
            let after = bench.chains()?;
            check_step(&before, &after, matches!(moment, Moment::AllAnnounced(_)))?;
            Ok(after)
        };
        before = step().with_context(|| format!("{moment:?}, seed={seed}"))?;
    }

    let finished = bench.start(&["--for", "5s"])?.wait(END)?;
    let summary = summary(&finished)?;
    let after = bench.chains()?;
    check_step(&before, &after, true)?;
    for name in inputs() {
        let tip = after[name].tip().context("no version")?;
        let told = &summary["datasets"][name];
        ensure!(told["generation"] == log_of(tip).1, "{name}: {told}");
        ensure!(told["version"] == tip.version.0, "{name}: {told}");
        let continued = before[name].tip().context("no version before")?.version;
        ensure!(
            told["continued_from"] == continued.0,
            "{name}: {told}, expected {continued}"
        );
    }
    check_directory(&bench)
}

#[test]
fn one_demo_at_a_time_and_a_signal_ends_it_well() -> Result<()> {
    let mut bench = Bench::new(None)?;
    let mut first = bench.start(&[])?;
    bench.wait_until(&mut first, PREPROD, |_| true)?;
    let second = bench.start(&["--for", "1s"])?.wait(END)?;
    ensure!(second.status.code() == Some(5), "{}\n{}", second.status, second.stderr);
    ensure!(second.stderr.contains("another demo is running"), "{}", second.stderr);

    first.terminate()?;
    summary(&first.wait(END)?)?;
    check_directory(&bench)
}
