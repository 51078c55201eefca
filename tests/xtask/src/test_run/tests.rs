use super::summary::Summary;

fn summed(output: &str, success: bool) -> Summary {
    let mut summary = Summary::default();
    output.lines().for_each(|line| summary.read_line(line));
    summary.finish(success);
    summary
}

/// What cargo prints for two binaries and merged documentation tests.
const OUTPUT: &str = "
running 3 tests
test memory::tests::reads_back ... ok
test slow ... ignored
test memory::tests::zigzag ... ok

test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s


running 2 tests
test result_parsing ... FAILED

failures:
test result: FAILED. 40 passed; 2 failed; 0 ignored; 0 measured; 7 filtered out; finished in 12.31s

test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.11s; merged doctests compilation took 0.10s
";

#[test]
fn result_lines_are_summed_over_all_binaries() {
    let summary = summed(OUTPUT, false);
    assert_eq!(summary.to_string(), "47 passed, 2 failed, 1 skipped");
}

#[test]
fn a_test_that_returned_early_is_skipped_not_passed() {
    let output = "\
running 4 tests
test a ... ok
SKIPPED: offsets survive a restart: no Java
test b ... ok
SKIPPED: three brokers: no Java
a line that mentions SKIPPED: in the middle
test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";
    let summary = summed(output, true);
    assert_eq!(summary.to_string(), "2 passed, 0 failed, 3 skipped");
    assert_eq!(
        summary.skip_lines,
        ["offsets survive a restart: no Java", "three brokers: no Java"]
    );
}

#[test]
fn more_skip_lines_than_tests_do_not_count_below_zero() {
    let output = "SKIPPED: a: x\nSKIPPED: a: y\ntest result: ok. 1 passed; 0 failed; 0 ignored;\n";
    assert_eq!(summed(output, true).to_string(), "0 passed, 0 failed, 1 skipped");
}

#[test]
fn a_crash_without_a_result_line_is_a_failure() {
    let output = "running 9 tests\ntest a ... ok\n";
    assert_eq!(summed(output, false).to_string(), "0 passed, 1 failed, 0 skipped");
    assert_eq!(
        summed(OUTPUT, false).failed,
        2,
        "one that was counted is not counted again"
    );
}

#[test]
fn lines_that_only_look_like_results_count_nothing() {
    for line in [
        "test result: ",
        "test result: ok. x passed; failed",
        "  test result: ok. 3 passed; 1 failed",
        "result: 3 passed",
    ] {
        assert_eq!(summed(line, true), Summary::default(), "{line}");
    }
}

#[test]
fn figures_are_kept_for_the_end() {
    let output = "running 1 test\ntest a ... ok\n---- a stdout ----\nFIGURE: 3 of 4 refused\na FIGURE: in the middle\n\
        test result: ok. 1 passed; 0 failed; 0 ignored\n";
    let mut total = summed(output, true);
    total.add(&summed("FIGURE: 0 of 4 loaded\n", true));
    assert_eq!(total.figures, ["3 of 4 refused", "0 of 4 loaded"]);
    assert_eq!(total.passed, 1);
}

#[test]
fn summaries_add_up() {
    let mut total = summed(OUTPUT, false);
    total.add(&summed(
        "SKIPPED: a: b\ntest result: ok. 3 passed; 0 failed; 0 ignored",
        true,
    ));
    assert_eq!(total.to_string(), "49 passed, 2 failed, 2 skipped");
    assert_eq!(total.skip_lines.len(), 1);
}
