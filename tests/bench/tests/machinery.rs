//! The whole benchmark at its smallest: every kind of row, both sides, the same results, the table.
//!
//! Java Hollow needs Java 17 and Maven; without them our side runs alone and that is told, unless `CI=true` asks for both.
//! Nothing here looks at how long anything takes.

use std::process::Command;
use xtask::{bench, skip, workspace};

/// A row of each kind, and of every group of processes.
const ROWS: &str = "W1,W3,W4,W5-file,W7-1%,W8-tuned,W9-default,W10-0.1%/D1,R1,R3,R4-1%,R4-index-1%,R4-reverse-10%,R5,R6,R7-heap,\
                    L1,L2-string-random,L3,L4,L6,L9,L10,L11,T1,T2,H100,P1,P7";

#[test]
fn both_sides_do_the_same_and_the_table_tells() {
    let java = match bench::prepare() {
        Ok(java) => Some(java),
        Err(error) if workspace::in_ci() => panic!("with CI=true Java Hollow must be there: {error}"),
        Err(error) => {
            skip::skip("the benchmark against Java Hollow", &error.to_string());
            None
        }
    };
    let folder = tempfile::tempdir().expect("a folder for blobs and tables");
    let readme = folder.path().join("README.md");
    std::fs::write(&readme, "before\n<!-- bench: begin -->\n<!-- bench: end -->\nafter\n").expect("a document");
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(["run", "--scale", "tiny", "--json", "--only", ROWS]);
    command.arg("--dir").arg(folder.path().join("data"));
    command.arg("--out").arg(folder.path().join("out"));
    command.arg("--readme").arg(&readme);
    if let Some(java) = &java {
        command.arg("--java").arg(&java.java);
        command.arg("--classpath").arg(&java.classpath);
    }
    let output = command.output().expect("the program starts");
    let progress = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{progress}", output.status);

    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = report["rows"].as_array().expect("rows");
    for name in ROWS.split(',') {
        let name = name.trim().split('/').next().unwrap_or_default();
        let means = |id: &str| {
            id.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let found = rows.iter().any(|row| row["id"].as_str().is_some_and(means));
        assert!(found, "no row {name}\n{progress}");
    }
    for row in rows {
        let id = row["id"].as_str().expect("a name");
        assert_eq!(row["failed"], false, "{row}");
        assert!(row["ours"].is_object(), "{row}");
        let ours_only = id.starts_with('P') || id.starts_with('H');
        assert_eq!(row["java"].is_object(), java.is_some() && !ours_only, "{row}");
    }
    let document = std::fs::read_to_string(&readme).expect("the document");
    assert!(
        document.starts_with("before\n") && document.ends_with("after\n"),
        "{document}"
    );
    assert!(document.contains("| T2 | diff of two states"), "{document}");
    assert!(document.contains("`HashMap` of structs"), "{document}");
}

/// A run that is stopped leaves the rows that were finished, marked as what they are; one that ends leaves only the whole.
#[test]
fn a_run_that_is_stopped_keeps_its_rows() {
    let folder = tempfile::tempdir().expect("a folder for blobs and tables");
    let out = folder.path().join("out");
    let saved = |unfinished: bool, extension: &str| -> Option<String> {
        let files = std::fs::read_dir(&out).into_iter().flatten().flatten();
        let mut paths = files.map(|file| file.path()).filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            name.ends_with(extension) && name.contains("-unfinished") == unfinished
        });
        paths.next().and_then(|path| std::fs::read_to_string(path).ok())
    };
    let start = |only: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
        command.args(["run", "--scale", "tiny", "--only", only]);
        command
            .arg("--dir")
            .arg(folder.path().join("data"))
            .arg("--out")
            .arg(&out);
        command.stdout(std::process::Stdio::null());
        command.spawn().expect("the program starts")
    };
    // More rows than a moment has, so that it is stopped in the middle; the second group waits for the first.
    let mut run = start("R1,R4,L2,L3,T1,W1,W5,W9,W10");
    let first = loop {
        if let Some(table) = saved(true, ".md") {
            break table;
        }
        assert!(run.try_wait().expect("a process").is_none(), "it ended without a row");
        std::thread::sleep(std::time::Duration::from_millis(5));
    };
    run.kill().expect("it runs");
    run.wait().expect("it ends");
    assert!(first.contains("**Unfinished: ") && first.contains("| row |"), "{first}");
    assert!(saved(false, ".md").is_none());
    let report: serde_json::Value = serde_json::from_str(&saved(true, ".json").expect("JSON too")).expect("whole");
    assert!(
        report["rows"].as_array().is_some_and(|rows| !rows.is_empty()),
        "{report}"
    );
    assert!(report["rows_to_come"].as_u64().is_some_and(|rows| rows > 0), "{report}");

    assert!(start("R1/D2,L3/D2").wait().expect("it ends").success());
    let table = saved(false, ".md").expect("a table");
    assert!(
        !table.contains("Unfinished") && table.contains("| L3-scan |"),
        "{table}"
    );
    assert!(saved(true, ".md").is_none() && saved(true, ".json").is_none());
}

/// A name that means nothing must not make a run of fewer rows.
#[test]
fn a_row_that_is_not_there_is_an_error() {
    let output = Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(["run", "--scale", "tiny", "--only", "W1,no-such-row"])
        .output()
        .expect("the program starts");
    assert!(!output.status.success());
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("no row has such a name: no-such-row"), "{told}");
}
