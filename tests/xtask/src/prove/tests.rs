use super::toolchain::{Toolchain, host_in};
use super::*;

/// The arguments of a command, and one variable of its environment.
fn words(command: &Command) -> Vec<String> {
    let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
    words.collect()
}

#[test]
fn the_minute_needs_no_other_toolchain() {
    let command = Part::Stress.command(None, 60);
    let words = words(&command);
    assert!(
        RACES.iter().all(|test| words.iter().any(|word| word == test)),
        "{words:?}"
    );
    let seconds = command.get_envs().find(|(name, _)| *name == SECONDS);
    assert_eq!(seconds.and_then(|(_, value)| value), Some("60".as_ref()));
    assert!(!words.iter().any(|word| word.starts_with("-Z")), "{words:?}");
}

#[test]
fn every_test_that_is_named_exists() {
    let tests = workspace::root().join("hollow/tests");
    for name in RACES.into_iter().chain(HISTORIES).chain(THREADS) {
        let there = tests.join(format!("{name}.rs")).exists() || tests.join(name).join("main.rs").exists();
        assert!(there, "hollow/tests has no {name}");
    }
    // A name that is skipped and gone would be skipped in silence.
    let sources = workspace::root().join("hollow/src");
    for skipped in NOT_PURE {
        let there = match skipped.split_once("::tests::") {
            Some((module, name)) => std::fs::read_to_string(sources.join(module).join("tests.rs"))
                .is_ok_and(|text| text.contains(&format!("fn {name}("))),
            None => sources.join(skipped.replace("::", "/")).with_extension("rs").exists(),
        };
        assert!(there, "hollow/src has no {skipped}");
    }
}

#[test]
fn a_toolchain_that_is_not_there_is_told_with_what_installs_it() {
    let error = Toolchain::find("no-such-toolchain-here")
        .expect_err("it is not there")
        .to_string();
    assert!(
        error.contains("rustup toolchain install no-such-toolchain-here") && error.contains("rust-src"),
        "{error}"
    );
}

#[test]
fn the_host_is_read() {
    assert_eq!(
        host_in("rustc 1.0\nbinary: rustc\nhost: x86_64-unknown-linux-gnu\nrelease: 1\n"),
        Some("x86_64-unknown-linux-gnu")
    );
    assert_eq!(host_in("rustc 1.0"), None);
}
