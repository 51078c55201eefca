use serde_json::json;

use super::policy::Policy;
use super::spdx::{ExpressionError, satisfied};
use super::*;

const RULES: &str = r#"
[licenses]
allow = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"]
exceptions = [{ crate = "special", allow = ["MPL-2.0"] }]

[[licenses.clarify]]
crate = "silent"
expression = "MIT AND ISC"
license-files = []

[bans]
deny = [{ crate = "gone", reason = "not maintained" }]
"#;

fn ok(expression: &str) -> Result<bool, ExpressionError> {
    satisfied(expression, |id| {
        ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"].contains(&id)
    })
}

#[test]
fn expressions_are_evaluated() {
    let cases = [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("MIT OR GPL-3.0-only", true),
        ("GPL-3.0-only OR MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("MIT/GPL-3.0", true),
        ("MIT / Apache-2.0", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("(MIT OR Apache-2.0) AND NCSA", false),
        // AND binds more tightly: MIT alone is enough.
        ("MIT OR GPL-3.0-only AND NCSA", true),
        ("NCSA AND MIT OR GPL-3.0-only", false),
        ("Apache-2.0 WITH LLVM-exception OR NCSA", true),
        ("MIT WITH LLVM-exception", false),
        ("((MIT))", true),
        ("LGPL-2.1+ OR LicenseRef-mine", false),
    ];
    for (expression, expected) in cases {
        assert_eq!(ok(expression), Ok(expected), "{expression}");
    }
}

#[test]
fn bad_expressions_are_refused() {
    for expression in [
        "",
        "MIT OR",
        "OR MIT",
        "(MIT",
        "MIT)",
        "MIT Apache-2.0",
        "MIT WITH",
        "MIT, Apache-2.0",
        "()",
    ] {
        assert!(ok(expression).is_err(), "{expression}");
    }
    assert_eq!(ok(&"(".repeat(10_000)), Err(ExpressionError::TooDeep));
}

fn package(name: &str, license: &str) -> Package {
    let source = Some("registry+https://github.com/rust-lang/crates.io-index".to_owned());
    Package {
        name: name.into(),
        version: "1.0.0".into(),
        license: license.into(),
        source,
    }
}

#[test]
fn rules_are_applied() {
    let policy = Policy::parse(RULES).expect("the rules");
    let broken = |package: Package| policy.violations(&[package]).join("; ");
    assert_eq!(broken(package("fine", "MIT OR GPL-2.0")), "");
    assert_eq!(broken(package("special", "MPL-2.0")), "");
    assert_eq!(
        broken(package("other", "MPL-2.0")),
        "other 1.0.0: licence not allowed; license=MPL-2.0"
    );
    // What deny.toml says of a crate goes before what the crate says.
    assert!(broken(package("silent", "MIT")).contains("license=MIT AND ISC"));
    assert!(broken(package("nothing", "")).contains("no licence expression"));
    assert!(broken(package("odd", "MIT or so")).contains("not understood"));
    assert_eq!(broken(package("gone", "MIT")), "gone 1.0.0: banned: not maintained");
    let git = Package {
        source: Some("git+https://example.org/x#abc".into()),
        ..package("git", "MIT")
    };
    assert!(broken(git).contains("only crates.io may be a source"));
    let ours = Package {
        source: None,
        ..package("ours", "Apache-2.0")
    };
    assert_eq!(broken(ours), "");
}

#[test]
fn rules_that_cannot_be_read_are_errors() {
    for (from, to) in [
        ("[licenses]", "[licences]"),
        ("[bans]", "[banns]"),
        ("\"MIT\", ", "1, "),
        ("crate = \"gone\", ", "name = \"gone\", "),
        ("\"gone\"", "\"gone@1.0\""),
        (", reason = \"not maintained\"", ""),
    ] {
        let text = RULES.replacen(from, to, 1);
        assert_ne!(text, RULES);
        assert!(Policy::parse(&text).is_err(), "{from} -> {to}");
    }
}

#[test]
fn packages_are_read_from_metadata() {
    let metadata = json!({ "packages": [
        { "name": "b", "version": "2.0.0", "license": "MIT", "source": "registry+x" },
        { "name": "b", "version": "1.0.0", "license": null, "source": "registry+x" },
        { "name": "a", "version": "0.1.0", "license": "Apache-2.0", "source": null },
    ]});
    let packages = packages(&metadata);
    assert_eq!(
        packages.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
        ["a", "b", "b"]
    );
    assert_eq!(
        (packages[0].source.as_deref(), packages[1].license.as_str()),
        (None, "")
    );
    assert_eq!(duplicates(&packages), [("b", vec!["1.0.0", "2.0.0"])]);
}

#[test]
fn the_repository_has_rules_that_can_be_read() {
    let text = fs::read_to_string(workspace::root().join("deny.toml")).expect("deny.toml");
    Policy::parse(&text).expect("rules");
}
