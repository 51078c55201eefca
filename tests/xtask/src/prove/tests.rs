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
    // A name that is gone would choose nothing, in silence.
    let sources = workspace::root().join("hollow/src");
    for chosen in PURE {
        let (module, name) = chosen.split_once("::tests::").expect("a module and a test");
        let text = std::fs::read_to_string(sources.join(module).join("tests.rs")).expect("a file of tests");
        assert!(text.contains(&format!("fn {name}")), "hollow/src has no {chosen}");
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
