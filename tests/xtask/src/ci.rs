//! `cargo xtask ci`: what must hold before a change lands, cheapest first.

use crate::steps::{Steps, succeed};
use crate::{deps, test_run, tidy, workspace};

/// Runs every check and then the tests; goes on after a failure, so that one run shows them all. Returns whether all
/// went well.
///
/// # Errors
/// Never for a check that fails: those are in the table it prints.
pub fn run() -> anyhow::Result<bool> {
    let mut steps = Steps::default();
    steps.run("formatting", || {
        succeed(workspace::cargo().args(["fmt", "--all", "--check"]))
    });
    steps.run("tidy", tidy::check);
    steps.run("dependencies", deps::check);
    steps.run("clippy", || {
        let mut clippy = workspace::cargo();
        clippy.args(["clippy", "--locked", "--workspace", "--all-targets"]);
        succeed(clippy.args(workspace::features()).args(["--", "-D", "warnings"]))
    });
    steps.run("documentation", || {
        let arguments = ["doc", "--locked", "--workspace", "--no-deps"];
        let mut document = workspace::cargo();
        document.args(arguments).args(workspace::features());
        succeed(document.env("RUSTDOCFLAGS", "-D warnings"))
    });
    let mut summary = None;
    steps.run("tests", || {
        let sum = test_run::run(true, None)?;
        let failed = sum.failed;
        summary = Some(sum);
        anyhow::ensure!(failed == 0, "{failed} failed");
        Ok(())
    });
    println!("{}", steps.table().trim_end());
    // Last, on a line of its own: what the tests came to.
    let tests_good = summary.as_ref().is_none_or(test_run::report);
    Ok(steps.all_good() && tests_good)
}
