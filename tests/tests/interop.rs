//! Java Hollow and this library extend 300 chains of versions in turns, and see the same at every version.
//!
//! Needs Java 17 and Maven; without them it is skipped, unless `CI=true` asks for it. What it came to is printed, with
//! the table that README.md must have (`cargo xtask interop --table` writes it there): `cargo test -p tests --test interop -- --nocapture`.

use tests::interop::{Failure, ONCE_FAILED, Report, Settings, VERSIONS, readme, run};
use xtask::interop::{JavaProgram, prepare};
use xtask::test_run::summary::FIGURE;
use xtask::{skip, workspace};

/// Runs chains, unless there is no Java.
fn run_chains(seeds: Vec<u64>, most_jobs: usize) -> Option<(Report, Vec<Failure>)> {
    let program = match prepare() {
        Ok(program) => program,
        Err(error) if workspace::in_ci() => panic!("with CI=true Java Hollow must be there: {error}"),
        Err(error) => {
            skip::skip("interop with Java Hollow", &error.to_string());
            return None;
        }
    };
    let outcome = run(&Settings {
        seeds,
        most_failures: 5,
        jobs: std::thread::available_parallelism()
            .map_or(1, usize::from)
            .min(most_jobs),
        keep: None,
        java: program.java,
        classpath: program.classpath,
        main: JavaProgram::MAIN.to_owned(),
        progress: false,
    })
    .expect("the Java program starts");
    for failure in &outcome.1 {
        println!("{failure}");
    }
    Some(outcome)
}

#[test]
fn chains_that_once_failed_are_the_same_on_both_sides() {
    let Some((report, failures)) = run_chains(ONCE_FAILED.to_vec(), 1) else {
        return;
    };
    assert!(failures.is_empty(), "{} chain(s) failed, see above", failures.len());
    assert_eq!(report.chains, ONCE_FAILED.len());
    // They come upon the limits of Java's reader that are told from the data.
    assert!(
        report.ended_early >= 1 && report.not_loaded_by_java >= 2 && report.not_followed_by_java >= 1,
        "{} ended early, {} not loaded, {} not followed",
        report.ended_early,
        report.not_loaded_by_java,
        report.not_followed_by_java
    );
}

#[test]
fn chains_extended_in_turns_are_the_same_on_both_sides() {
    let seeds = readme::SEEDS;
    let Some((report, failures)) = run_chains(seeds.clone().collect(), 4) else {
        return;
    };
    println!("{report}");
    let [java, rust] = report.versions;
    println!(
        "{FIGURE}interop: {} chains, {java} versions by Java and {rust} by us, {} states and {} blobs compared, {} disagreements",
        report.chains,
        report.states,
        report.same_blobs + report.same_but_tag_order,
        failures.len()
    );
    assert!(failures.is_empty(), "{} chain(s) failed, see above", failures.len());
    assert_eq!(report.chains, seeds.end as usize);

    // A run that compares little must not pass for one that finds nothing.
    assert!(
        report.ended_early <= report.chains / 50,
        "{} chains ended early",
        report.ended_early
    );
    assert!(java + rust >= (report.chains - report.ended_early) * VERSIONS);
    for (feature, fewest) in [
        ("delta", 1000),
        ("reverse delta", 1000),
        ("producer restored", 200),
        ("chain taken over from the other side", 150),
        ("several shards", 500),
        ("number of shards changed", 200),
        ("optional parts", 150),
        ("SET with hash key", 150),
        ("MAP with hash key", 50),
        ("header tags", 500),
        ("model changed: field added", 20),
        ("model changed: type removed", 5),
        ("flat records", 1000),
    ] {
        let [from_java, from_rust, _] = report.feature(feature);
        assert!(
            from_java >= fewest && from_rust >= fewest,
            "{feature}: {from_java} and {from_rust}"
        );
    }
    for tool in [
        "tools: filtered snapshot",
        "tools: combined snapshot",
        "tools: rewritten snapshot",
        "tools: deltas of a patch",
        "tools: deltas of a compaction",
        "tools: one delta in place of many",
    ] {
        let [_, from_rust, _] = report.feature(tool);
        assert!(from_rust >= 20, "{tool}: {from_rust}");
    }
    let text = std::fs::read_to_string(workspace::root().join("README.md")).expect("README.md");
    readme::check(&text, &report).unwrap_or_else(|error| panic!("{error}"));
}
