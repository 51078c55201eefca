//! The inputs of the fuzz targets as plain tests.

use crate::decoders::TARGETS;
use crate::watch::Watch;
use std::fs;
use std::path::{Path, PathBuf};

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

#[test]
fn inputs_of_the_fuzz_targets() {
    let (mut number, mut size) = (0, 0);
    let watch = Watch::new(1);
    for (name, target) in TARGETS {
        let inputs = files(&seeds().join(name));
        assert!(inputs.len() >= 5, "{name}: {} inputs", inputs.len());
        let mut taken = 0;
        for input in &inputs {
            let bytes = fs::read(input).expect("a file");
            number += 1;
            size += bytes.len();
            taken += usize::from(watch.bounded(0, || input.display().to_string(), || target(&bytes)));
        }
        println!("{name}: {} inputs, {taken} of them taken", inputs.len());
        assert!(taken > 0, "{name}: nothing was decoded");
    }
    println!("{number} inputs, {size} bytes, for {} decoders", TARGETS.len());
    assert!(size < 300_000, "{size} bytes of inputs");
}

/// What is not there cannot be damaged: empty input, one byte of each value, and runs of one byte.
#[test]
fn next_to_nothing() {
    for (_, target) in TARGETS {
        target(&[]);
        for byte in 0..=u8::MAX {
            target(&[byte]);
            target(&[byte; 40]);
        }
    }
}

/// A target without inputs, or inputs without a target, would be overlooked.
#[test]
fn every_target_has_a_program_and_inputs() {
    let names = |folder: &str| {
        let folder = seeds().join("..").join(folder);
        let stems = files(&folder)
            .into_iter()
            .map(|path| path.file_stem().map(ToOwned::to_owned));
        stems
            .map(|stem| stem.expect("a name").into_string().expect("ASCII"))
            .collect::<Vec<_>>()
    };
    let mut targets: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    targets.sort_unstable();
    assert_eq!(names("fuzz_targets"), targets);
    assert_eq!(names("seeds"), targets);
}
