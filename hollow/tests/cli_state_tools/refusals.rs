//! What the commands refuse, and what they must not touch.

use crate::support::{Ground, answer, done, refused};
use hollow::Ordinal;
use hollow::read::{ReadState, TypeReadState};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn nothing_that_is_there_is_overwritten_and_nothing_half_done_is_left() {
    let ground = Ground::new();
    let store = ground.path("compaction");
    let occupied = ground.path("occupied");
    fs::create_dir(&occupied).expect("made");
    fs::write(Path::new(&occupied).join("letter"), "mine").expect("written");
    let file = ground.path("file");
    fs::write(&file, "mine").expect("written");
    let target = format!("{store}@1");
    let commands: [&[&str]; 7] = [
        &["filter", "--without", "X"],
        &["split", "--parts", "2"],
        &["combine", "--with", &store],
        &["copy", "X:1"],
        &["patch", "--target", &target],
        &["compact", "--min-hole-percent", "1"],
        &["rewrite"],
    ];
    for command in commands {
        for to in [&occupied, &file] {
            let (code, message) = refused(&[command, &["--store", &store, "--to", to]].concat());
            assert!(
                code == 6 && message.contains("is not an empty directory"),
                "{command:?}: {message}"
            );
        }
        let to = ground.fresh();
        let missing = ground.path("no-such-store");
        assert_eq!(
            refused(&[command, &["--store", &missing, "--to", &to]].concat()).0,
            3,
            "{command:?}"
        );
        assert!(!Path::new(&to).exists(), "{command:?}");
    }
    assert_eq!(
        fs::read_to_string(Path::new(&occupied).join("letter")).expect("there"),
        "mine"
    );
    assert_eq!(fs::read_to_string(&file).expect("there"), "mine");
    let hidden = |directory: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(directory)
            .expect("listed")
            .map(|entry| entry.expect("an entry").path());
        entries
            .filter(|path| path.to_string_lossy().contains(".partial"))
            .collect()
    };
    assert_eq!(hidden(ground.directory.path()), Vec::<PathBuf>::new());
    // A directory that is there and empty will do.
    let empty = ground.path("empty");
    fs::create_dir(&empty).expect("made");
    answer(&["rewrite", "--store", &store, "--version", "3", "--to", &empty]);
    assert!(Path::new(&empty).join("snapshot-3").exists());
    assert_eq!(hidden(ground.directory.path()), Vec::<PathBuf>::new());
}

#[test]
fn arguments_that_cannot_be_meant() {
    let ground = Ground::new();
    let (store, to) = (ground.path("tiny"), ground.fresh());
    let code = |arguments: &[&str]| refused(&[arguments, &["--store", &store, "--version", "1", "--to", &to]].concat());
    assert_eq!(code(&["filter"]).0, 2);
    assert_eq!(code(&["filter", "--without", "Movie", "--only", "Movie"]).0, 2);
    assert_eq!(code(&["filter", "--without", "Film"]).0, 3);
    let (found, message) = code(&["filter", "--without", "Movie.name"]);
    assert!(found == 3 && message == "the type Movie has no field name", "{message}");
    assert_eq!(code(&["filter", "--without", "MovieSet.id"]).0, 3);
    assert_eq!(code(&["split", "--parts", "0"]).0, 2);
    assert_eq!(code(&["split", "--parts", "2", "--type", "Film"]).0, 3);
    // Without a primary key there is nothing to divide records by.
    assert_eq!(code(&["split", "--parts", "2", "--type", "MovieSet"]).0, 6);
    assert_eq!(code(&["combine"]).0, 2);
    assert_eq!(code(&["rewrite", "--from", "1"]).0, 2);
    assert_eq!(code(&["rewrite", "--from", "2"]).0, 2);
    assert_eq!(code(&["patch"]).0, 2);
    assert!(!Path::new(&to).exists());
}

#[test]
fn plans_write_nothing() {
    let ground = Ground::new();
    let (store, tiny) = (ground.path("focus-holes"), ground.path("tiny"));
    let before: BTreeSet<PathBuf> = fs::read_dir(ground.directory.path())
        .expect("listed")
        .map(|e| e.expect("one").path())
        .collect();
    let plan = done(&[
        "patch",
        "--store",
        &store,
        "--version",
        "1",
        "--target",
        &format!("{tiny}@1"),
    ]);
    assert!(plan.contains("nothing was written: --to DIR says where"), "{plan}");
    let case = fixtures::vectors::case("focus-holes");
    let state = ReadState::from_snapshot(case.snapshot(4).expect("recorded")).expect("a snapshot");
    let is_hole = |ty: &TypeReadState| {
        let all = ty.populated().last().map_or(0, |last: Ordinal| last.get() as usize + 1);
        all > ty.len()
    };
    assert!(state.types().any(is_hole), "a state with holes");
    let plan = done(&[
        "compact",
        "--store",
        &store,
        "--version",
        "4",
        "--min-hole-percent",
        "1",
    ]);
    assert!(
        plan.contains("records move") && plan.contains("nothing was written"),
        "{plan}"
    );
    let after: BTreeSet<PathBuf> = fs::read_dir(ground.directory.path())
        .expect("listed")
        .map(|e| e.expect("one").path())
        .collect();
    assert_eq!(before, after);
}
