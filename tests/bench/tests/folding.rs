//! The benchmark of folding at its smallest, on a real Kafka: every row, the same messages folded as read, the tables.
//!
//! Kafka needs Java 17; without it this is told, unless `CI=true` asks for it. Nothing here looks at how long anything takes.

use std::process::Command;
use xtask::bench::broker;
use xtask::kafka::Kafka;

#[test]
fn everything_written_is_folded_and_the_tables_tell() {
    let started = Kafka::start_or_skip("the benchmark of folding", broker()).expect("a broker starts where it can");
    let Some(kafka) = started else { return };
    let folder = tempfile::tempdir().expect("a folder for datasets and tables");
    let readme = folder.path().join("README.md");
    std::fs::write(
        &readme,
        "before\n<!-- folding: begin -->\n<!-- folding: end -->\nafter\n",
    )
    .expect("a document");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(["fold", "--scale", "tiny", "--json", "--servers", kafka.bootstrap()]);
    command.arg("--dir").arg(folder.path().join("data"));
    command.arg("--out").arg(folder.path().join("out"));
    command.arg("--readme").arg(&readme);
    let output = command.output().expect("the program starts");
    let progress = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{progress}", output.status);

    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rates = report["rates"].as_array().expect("rates");
    let names =
        |rate: &serde_json::Value| ["id", "form", "case"].map(|name| rate[name].as_str().unwrap_or("").to_owned());
    let found: std::collections::BTreeSet<[String; 3]> = rates.iter().map(names).collect();
    assert_eq!(found.len(), 12, "two sizes, two forms, three cases: {found:?}");
    for rate in rates {
        for side in ["raw", "folded"] {
            assert_eq!(rate[side][0]["ops"], 2000, "{rate}");
        }
        assert_eq!(rate["raw"][0]["bytes"], rate["folded"][0]["bytes"], "{rate}");
    }
    let alone = report["cycles"]["alone"].as_array().expect("cycles");
    assert!(alone.len() >= 5, "{progress}");
    let ages = report["freshness"][0]["ages"].as_array().expect("ages");
    assert_eq!(ages.len(), 100, "every record that was sent is seen");
    let document = std::fs::read_to_string(&readme).expect("the document");
    assert!(
        document.starts_with("before\n") && document.ends_with("after\n"),
        "{document}"
    );
    for row in ["| F1 | ", "| F4 | ", "| F5 | ", "| F6 | "] {
        assert!(document.contains(row), "{row}\n{document}");
    }
    let left = std::fs::read_dir(folder.path().join("data"))
        .expect("the folder")
        .count();
    assert_eq!(left, 0, "nothing is left of the datasets");
}

#[test]
fn a_row_that_is_not_there_is_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["fold", "--servers", "127.0.0.1:1", "--only", "F1,F9"])
        .output()
        .expect("the program starts");
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("no row has such a name: F9"), "{told}");
}
