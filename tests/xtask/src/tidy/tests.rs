use super::*;

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile {
        path: path.into(),
        text: text.into(),
    }
}

#[test]
fn only_long_sources_are_reported() {
    let lines = |count: usize| "x\n".repeat(count);
    assert_eq!(text::long_file(&file("a.rs", &lines(700))), None);
    assert_eq!(
        text::long_file(&file("a.rs", &lines(701))),
        Some("a.rs: 701 lines, at most 700".into())
    );
    assert_eq!(text::long_file(&file("data.tsv", &lines(5000))), None);
    assert_eq!(text::long_file(&file("a/generated.rs", &lines(5000))), None);
    assert!(text::long_file(&file("a/not_generated.rs", &lines(5000))).is_some());
}

#[test]
fn folders_of_one_machine_are_reported() {
    let found = text::foreign_names(&file("a.md", "fine\nsee /home/me/notes\n\"/work/x\" and `/tmp/y`\n"));
    assert_eq!(
        found,
        ["a.md:2: names the folder /home/", "a.md:3: names the folder /work/"]
    );
    for fine in [
        "hollow/work/x",
        "https://example.org/work/x",
        "../tmp/x",
        "{dir}/tmp/x",
        "/home",
        "~/work/x",
    ] {
        assert_eq!(text::foreign_names(&file("a.md", fine)), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn registry_hosts_are_reported() {
    let lock = ["resolved = \"https://registry.npmjs", ".org/x\""].concat();
    assert_eq!(text::foreign_names(&file("package-lock.json", &lock)).len(), 1);
    let mirror = ["url = Arti", "Factory/api"].concat();
    assert_eq!(text::foreign_names(&file("settings.xml", &mirror)).len(), 1);
    let canonical = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    assert_eq!(
        text::foreign_names(&file("Cargo.lock", canonical)),
        Vec::<String>::new()
    );
}

#[test]
fn lints_must_be_taken_from_the_workspace() {
    assert!(takes_lints("[package]\nname = \"a\"\n[lints]\nworkspace = true\n"));
    assert!(takes_lints("lints.workspace = true"));
    assert!(!takes_lints("[package]\nname = \"a\"\n"));
    assert!(!takes_lints("[lints]\nworkspace = false\n"));
    assert!(!takes_lints("# [lints]\n# workspace = true\n"));
    assert!(!takes_lints("not toml ="));
}

#[test]
fn the_readme_must_name_both_commands() {
    let gaps = |text: &str| readme_gaps(&[file("README.md", text)]).len();
    assert_eq!(
        gaps("```\ncargo run --release --bin demo\n```\nthen `cargo xtask test`"),
        0
    );
    assert_eq!(gaps("cargo run -p demo\ncargo xtask test"), 0);
    assert_eq!(gaps("cargo run -p demo"), 1);
    assert_eq!(gaps("the demo is run with cargo, tests with cargo test"), 2);
    assert_eq!(
        readme_gaps(&[file("docs/README.md", "cargo run -p demo\ncargo xtask test")]).len(),
        1
    );
}

#[test]
fn uses_are_found_in_all_their_forms() {
    let text = "\
use crate::memory::bit_array::BitArray;
pub(crate) use crate::schema;
use crate::{blob::{cursor, header}, Ordinal,
    record::Value};
// use crate::producer::x;
fn f(x: &crate::read::State) { my_crate::tools::f(); $crate::write::f() }
#[cfg(test)]
mod tests;
use crate::copy::Copier;
#[cfg(test)]
mod more {
    use crate::consumer::Consumer;
}
";
    let found = modules::uses(text);
    let names: Vec<(usize, &str)> = found.iter().map(|(line, name)| (*line, name.as_str())).collect();
    let expected = [
        (1, "memory"),
        (2, "schema"),
        (3, "blob"),
        (3, "Ordinal"),
        (3, "record"),
        (6, "read"),
        (6, "write"),
        (9, "copy"),
    ];
    assert_eq!(names, expected);
}

#[test]
fn modules_use_only_those_above_them() {
    let found = |files: &[(&str, &str)]| {
        let files: Vec<SourceFile> = files.iter().map(|(path, text)| file(path, text)).collect();
        modules::violations(&files)
    };
    let memory = ("hollow/src/memory/mod.rs", "");
    let schema = ("hollow/src/schema.rs", "use crate::memory::Bits; use crate::Ordinal;");
    assert_eq!(found(&[memory, schema]), Vec::<String>::new());
    assert_eq!(
        found(&[("hollow/src/memory/mod.rs", "\nuse crate::schema::Schema;"), schema]),
        ["hollow/src/memory/mod.rs:2: `memory` must not use `schema`"]
    );
    // Strangers in one row.
    let read = ("hollow/src/read/mod.rs", "use crate::{write::Engine};");
    assert_eq!(found(&[read, ("hollow/src/write/mod.rs", "")]).len(), 1);
    // Within itself, from a test, from another crate, and from lib.rs everything is fine.
    for path in [
        "hollow/src/write/object.rs",
        "hollow/src/read/tests.rs",
        "hollow/src/lib.rs",
        "hollow/src/bin/hollow.rs",
        "gatekeeper/src/read.rs",
    ] {
        let read = ("hollow/src/read/mod.rs", "");
        assert_eq!(
            found(&[
                (path, "use crate::write::Engine;"),
                read,
                ("hollow/src/write/mod.rs", "")
            ]),
            Vec::<String>::new(),
            "{path}"
        );
    }
    assert!(found(&[("hollow/src/surprise.rs", "")])[0].contains("`surprise` is not in the table"));
}
