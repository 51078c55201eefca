//! A machine that misbehaves: its disk is full, its clock jumps.

use super::bench::{Bench, RATE};
use super::log::Writer;
use super::rig::{Place, Rig, stop, wait_while_running};
use super::shared;
use super::verifier::Verifier;
use anyhow::{Context, Result, ensure};
use fixtures::rng::Rng;
use hollow::store::{FsStore, Store};
use incremental_producer::crash_points::CLOCK_OFFSET;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};
use tests::harness::{Program, wait_for};

#[test]
fn versions_grow_whatever_the_clock_says() -> Result<()> {
    let Some(kafka) = shared("clocks that jump")? else {
        return Ok(());
    };
    let mut bench = Bench::new(kafka.bootstrap(), "clock", Place::Directory, 7)?;
    let writer = bench.write(RATE)?;
    let file = bench.rig.directory().join("clock-offset");
    let path = file.to_str().context("a path")?.to_owned();
    let store = bench.rig.store()?;
    std::fs::write(&file, "0")?;
    let mut producer = bench.rig.start("producer", &[(CLOCK_OFFSET, &path)])?;
    bench.wait_for_versions(&mut producer, 4)?;
    for (jump, restart) in [
        (86_400, false),
        (-3_600, false),
        (-86_400 * 365, true),
        (86_400, true),
        (0, true),
    ] {
        std::fs::write(&file, jump.to_string())?;
        if restart {
            producer.kill()?;
            producer = bench.rig.start("producer", &[(CLOCK_OFFSET, &path)])?;
        }
        // A cycle under way may still have the time before.
        bench.wait_for_versions(&mut producer, 6)?;
        let (head, _) = store.head()?.context("a head")?;
        let now = SystemTime::UNIX_EPOCH.elapsed()?.as_millis() as i64;
        let wrong_by = (head.announced_at as i64 - now) / 1000;
        ensure!(
            (wrong_by - jump).abs() < 60,
            "the clock did not jump: by {wrong_by} s, told {jump} s"
        );
    }
    bench.finish(writer, producer)?;
    println!(
        "FIGURE: clocks: a day ahead, an hour back, a year back, in the same process and over restarts: {} versions, each \
         greater than the one before",
        bench.verifier.versions()
    );
    Ok(())
}

/// Bytes of a small disk.
const SMALL: u64 = 6 << 20;

/// Gives a program a file system of its own for one directory, which nobody else sees and which goes with it; with
/// `log_inside` its standard error goes to the file `log` in there. Needs no rights where users may have name spaces; `None`
/// where they may not.
fn with_small_disk(directory: &Path, program: &Command, log_inside: bool) -> Option<Command> {
    let log = if log_inside { " 2>\"$0/log\"" } else { "" };
    let script = format!("mount -t tmpfs -o size={SMALL} tmpfs \"$0\" && exec \"$@\"{log}");
    let ways = [&["--mount"][..], &["--mount", "--map-root-user"]];
    let of = |way: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(way).args(["sh", "-c", &script]).arg(directory);
        command
    };
    let works = |way: &&[&str]| {
        let tried = of(way).arg("true").stderr(Stdio::null()).status();
        tried.is_ok_and(|status| status.success())
    };
    let mut command = of(ways.into_iter().find(works)?);
    command.arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    Some(command)
}

/// The store's directory as its program sees it.
fn seen_by(producer: &Program, rig: &Rig) -> PathBuf {
    let inside = rig.directory().join("store");
    let root = PathBuf::from(format!("/proc/{}/root", producer.id()));
    root.join(inside.strip_prefix("/").unwrap_or(&inside))
}

/// Writes until nothing more fits.
fn fill(path: &Path) -> Result<()> {
    let mut file = File::create(path)?;
    for size in [1 << 16, 1 << 12, 1] {
        loop {
            match file.write_all(&vec![0; size]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// A dataset on a small disk, its producer, and the directory as it sees it; `None` where there are no small disks.
fn on_small_disk(
    what: &str,
    topic: &str,
    servers: &str,
    log_inside: bool,
) -> Result<Option<(Bench, Program, PathBuf)>> {
    let mut bench = Bench::new(servers, topic, Place::Directory, 8)?;
    bench.rig.keep_versions = 60;
    let store = bench.rig.directory().join("store");
    let Some(mut command) = with_small_disk(&store, &bench.rig.command()?, log_inside) else {
        xtask::skip::skip(what, "no name space of one's own here (unshare --mount)");
        return Ok(None);
    };
    if log_inside {
        command.env("RUST_LOG", "debug");
    }
    let mut producer = Program::start(&mut command, bench.rig.directory(), "producer")?;
    let directory = seen_by(&producer, &bench.rig);
    let store: Store = wait_for("the store", || {
        producer.must_run()?;
        let is_there = directory.join("staging").is_dir();
        Ok(is_there.then(|| FsStore::open_existing(&directory)).transpose()?)
    })?
    .into();
    bench.verifier = Verifier::new(store);
    Ok(Some((bench, producer, directory)))
}

/// Makes sure that everything is folded and right. The disk goes with the program, so it is looked at while that runs.
fn must_be_whole(bench: &mut Bench, writer: Writer, mut producer: Program, directory: &Path) -> Result<()> {
    let sent = writer.finish()?;
    bench.wait_for_end(&mut producer)?;
    bench.check()?;
    bench.log.must_hold(sent)?;
    wait_while_running(&mut producer, "a staging directory without leftovers", || {
        let staged = std::fs::read_dir(directory.join("staging"))?.count();
        Ok((staged <= 2).then_some(()))
    })?;
    stop(producer)
}

#[test]
fn a_full_disk_stops_versions_and_nothing_else() -> Result<()> {
    const ROUNDS: u64 = 8;
    let what = "a full disk";
    let Some(kafka) = shared(what)? else { return Ok(()) };
    let Some((mut bench, mut producer, directory)) = on_small_disk(what, "disk", kafka.bootstrap(), false)? else {
        return Ok(());
    };
    let writer = bench.write(RATE)?;
    bench.wait_for_versions(&mut producer, 3)?;
    let mut rng = Rng::new(8);
    for round in 0..ROUNDS {
        let context = || format!("round {round}");
        std::thread::sleep(Duration::from_millis(rng.below(120)));
        let failures = |producer: &Program| Ok::<_, anyhow::Error>(producer.said()?.matches("No space left").count());
        let before = failures(&producer)?;
        let ballast = directory.join("ballast");
        fill(&ballast).with_context(context)?;
        wait_for("cycles to fail", || {
            producer.must_run()?;
            Ok((failures(&producer)? >= before + 2).then_some(()))
        })
        .with_context(context)?;
        bench.check().with_context(context)?;
        std::fs::remove_file(&ballast)?;
        bench.wait_for_versions(&mut producer, 3).with_context(context)?;
        bench.check().with_context(context)?;
    }
    must_be_whole(&mut bench, writer, producer, &directory)?;
    println!(
        "FIGURE: full disk: {ROUNDS} times full at a random moment of a cycle, {ROUNDS} times it went on by itself when \
         there was room; {} versions, nothing partial, nothing left behind",
        bench.verifier.versions()
    );
    Ok(())
}

#[test]
fn a_log_that_cannot_be_written_is_no_reason_to_stop() -> Result<()> {
    let what = "a log on a full disk";
    let Some(kafka) = shared(what)? else { return Ok(()) };
    let Some((mut bench, mut producer, directory)) = on_small_disk(what, "log", kafka.bootstrap(), true)? else {
        return Ok(());
    };
    let writer = bench.write(RATE)?;
    bench.wait_for_versions(&mut producer, 3)?;
    let ballast = directory.join("ballast");
    fill(&ballast)?;
    // Until nothing more fits into the log either, and then for many lines more.
    let length = || Ok::<_, anyhow::Error>(std::fs::metadata(directory.join("log"))?.len());
    wait_while_running(&mut producer, "the log to be full", || {
        let before = length()?;
        std::thread::sleep(Duration::from_secs(1));
        Ok((length()? == before && before.is_multiple_of(4096)).then_some(()))
    })?;
    std::thread::sleep(Duration::from_secs(2));
    producer.must_run()?;
    std::fs::remove_file(&ballast)?;
    bench.wait_for_versions(&mut producer, 3)?;
    must_be_whole(&mut bench, writer, producer, &directory)
}
