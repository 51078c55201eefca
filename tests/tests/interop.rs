//! Java Hollow and this library extend 300 chains of versions in turns, and see the same at every version.
//!
//! Needs Java 17 and Maven; without them it is skipped, unless `CI=true` asks for it. What it came to is printed, with
//! the table for the README: `cargo test -p tests --test interop -- --nocapture`.

use tests::interop::{Settings, VERSIONS, run};
use xtask::interop::{JavaProgram, prepare};
use xtask::{skip, workspace};

#[test]
fn chains_extended_in_turns_are_the_same_on_both_sides() {
    let program = match prepare() {
        Ok(program) => program,
        Err(error) if workspace::in_ci() => panic!("with CI=true Java Hollow must be there: {error}"),
        Err(error) => return skip::skip("interop with Java Hollow", &error.to_string()),
    };
    let seeds = 0..300;
    let (report, failures) = run(&Settings {
        seeds: seeds.clone(),
        jobs: std::thread::available_parallelism().map_or(1, usize::from).min(4),
        keep: None,
        java: program.java,
        classpath: program.classpath,
        main: JavaProgram::MAIN.to_owned(),
        progress: false,
    })
    .expect("the Java program starts");
    println!("{report}");
    for failure in &failures {
        println!("{failure}");
    }
    assert!(failures.is_empty(), "{} chain(s) failed, see above", failures.len());
    assert_eq!(report.chains, seeds.end as usize);

    // A run that compares little must not pass for one that finds nothing.
    assert!(
        report.ended_early <= report.chains / 50,
        "{} chains ended early",
        report.ended_early
    );
    let [java, rust] = report.versions;
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
}
