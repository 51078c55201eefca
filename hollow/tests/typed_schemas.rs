//! The schemas of the golden vectors as Rust structs: the generated source compiles, and derives the schemas it was made
//! of. After a change to the generator run once with `HOLLOW_BLESS=1`.

#[path = "typed_schemas/generated.rs"]
mod generated;

use hollow::schema::{Dataset, Schema, parse};
use hollow::typed::to_rust;
use std::collections::BTreeMap;
use std::fmt::Write;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/typed_schemas/generated.rs");

/// The different datasets of the vectors, by the name of the first case that has each.
fn datasets() -> BTreeMap<&'static str, Dataset> {
    let mut seen = std::collections::HashSet::new();
    let cases = fixtures::vectors::cases().iter();
    let texts = cases.filter_map(|case| Some((case.name.as_str(), case.text("schemas.txt")?)));
    let new = texts.filter(|(_, text)| seen.insert(*text));
    new.map(|(name, text)| (name, Dataset::new(parse(text).unwrap()).unwrap()))
        .collect()
}

fn sorted(dataset: &Dataset) -> Vec<&Schema> {
    let mut schemas: Vec<&Schema> = dataset.schemas().iter().collect();
    schemas.sort_by_key(|schema| schema.name());
    schemas
}

#[test]
fn generated_structs_derive_the_schemas_they_are_made_of() {
    let mut source = String::from("// Made by the test beside; see there.\n");
    let mut models = String::new();
    let mut left_out = Vec::new();
    for (name, dataset) in datasets() {
        let code = to_rust(&dataset);
        if !code.left_out.is_empty() {
            left_out.push((name, code.left_out));
            continue;
        }
        let module = name.replace('-', "_");
        let body = code.source.replace("//! ", "    //! ");
        _ = write!(
            source,
            "\n#[allow(dead_code, missing_docs, unreachable_pub)]\npub(crate) mod {module} {{\n{body}}}\n"
        );
        _ = writeln!(models, "        ({name:?}, {module}::model()),");
    }
    _ = write!(
        source,
        "\npub(crate) fn models() -> Vec<(&'static str, Result<hollow::typed::Model, hollow::typed::ModelError>)> {{\n    \
         vec![\n{models}    ]\n}}\n"
    );
    if std::env::var_os("HOLLOW_BLESS").is_some() {
        std::fs::write(FILE, &source).unwrap();
        for (name, left_out) in left_out {
            println!("{name}: {}", left_out.join("; "));
        }
        return; // what is compiled in is the source before
    }
    let checked_in = include_str!("typed_schemas/generated.rs");
    let without_space = |text: &str| {
        text.split_whitespace()
            .collect::<String>()
            .replace(",}", "}")
            .replace(",]", "]")
            .replace(",)", ")")
    };
    assert!(
        without_space(&source) == without_space(checked_in),
        "run with HOLLOW_BLESS=1 and look at the difference"
    );

    let datasets = datasets();
    let models = generated::models();
    assert_eq!(models.len() + left_out.len(), datasets.len());
    for (name, model) in models {
        assert_eq!(sorted(model.unwrap().dataset()), sorted(&datasets[name]), "{name}");
    }
    // Names and hash keys of collections two levels deep in others, and references to types that are not there.
    let left_out: Vec<&str> = left_out.into_iter().map(|(name, _)| name).collect();
    assert_eq!(left_out, ["fuzz-01", "fuzz-11", "key-unbindable", "nested-collections"]);
}

#[cfg(feature = "cli")]
#[test]
fn the_command_line_prints_the_same() {
    use std::process::Command;
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let run = |arguments: &[&std::ffi::OsStr]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hollow"));
        let output = command
            .arg("schema")
            .args(arguments)
            .env_remove("HOLLOW_STORE")
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    let schemas = "Movie @PrimaryKey(id) { long id; string title; }";
    let printed = run(&["--rust".as_ref(), file("good", schemas).as_ref()]);
    let expected = to_rust(&Dataset::parse(schemas).unwrap()).source;
    assert_eq!(printed, (Some(0), expected, String::new()));

    let (code, out, err) = run(&[
        "--rust".as_ref(),
        file(
            "partly",
            "A { Deep deep; } B { int x; } Deep List<Mid>; Mid List<Odd>; Odd List<B>;",
        )
        .as_ref(),
    ]);
    assert!(
        code == Some(1) && out.contains("pub struct A") && err.contains("field A.deep: Deep"),
        "{err}"
    );
    let (code, out, err) = run(&["--rust".as_ref(), file("bad", "A { int }").as_ref()]);
    assert!(code == Some(2) && out.is_empty() && err.contains("line 1"), "{err}");
    assert_eq!(
        run(&["--rust".as_ref(), directory.path().join("none").as_ref()]).0,
        Some(3)
    );
    assert_eq!(run(&["--rust".as_ref()]).0, Some(2));
    assert_eq!(run(&[]).0, Some(2));
}
