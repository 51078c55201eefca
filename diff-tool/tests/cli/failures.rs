//! Exit codes, messages and colours.

use super::*;

#[test]
fn exit_codes() {
    let world = World::new();
    world.prod_and_preprod();
    let cases: [(&[&str], i32, &str); 16] = [
        (&["prod", "prod"], 0, ""),
        (&["prod", "preprod"], 1, ""),
        (&["prod", "preprod", "--exit-zero"], 0, ""),
        (&["prod"], 2, "B"),
        (&["prod", "preprod", "--no-such-option"], 2, "--no-such-option"),
        (
            &["prod@yesterday", "preprod"],
            2,
            "\"yesterday\" is no state; give latest",
        ),
        (
            &["prod", "preprod", "--type", "VideoLiveness", "--record", "x"],
            2,
            "video_id of type=VideoLiveness is long, found=\"x\"",
        ),
        (
            &["prod", "preprod", "--type", "VideoLiveness", "--record", "1,2"],
            2,
            "has 1 part(s) (video_id), found=2",
        ),
        (&["prod", "preprod", "--key", "Status=nothing"], 2, "nothing"),
        (
            &["prod", "nowhere"],
            3,
            "a store at nowhere not found: there is no such directory",
        ),
        (&["prod", "."], 3, "neither manifests nor snapshots"),
        (&["prod@~1", "preprod"], 3, "the chain goes back to ~0"),
        (
            &["prod@2027", "preprod"],
            3,
            "version 2027 in prod not found: there are 20260101000000001 to 20260101000000001",
        ),
        (
            &["prod", "preprod", "--type", "Video"],
            3,
            "no such type, type=Video\nthere are: Countries, Country, Reason,",
        ),
        (
            &["prod", "preprod", "--record", "77"],
            3,
            "no record with key 77 in A or B",
        ),
        (&["prod@pinned", "preprod"], 3, "a pinned state of prod not found"),
    ];
    for (arguments, code, message) in cases {
        let ran = world.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(message), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.out.is_empty(), code > 1, "{arguments:?}: {}", ran.out);
    }
}

#[test]
fn damaged_data_and_stores_that_fail_have_codes_of_their_own() {
    let world = World::new();
    world.prod_and_preprod();
    let snapshot = world.path("preprod").join("snapshot-20260101000000001");
    let bytes = fs::read(&snapshot).expect("snapshot");
    fs::write(&snapshot, &bytes[..bytes.len() / 2]).expect("snapshot");
    let ran = world.run(&["prod", "preprod"]);
    assert_eq!(ran.code, Some(4), "{}", ran.err);
    assert!(
        ran.err
            .starts_with("diff-tool: cannot read snapshot-20260101000000001: "),
        "{}",
        ran.err
    );
    fs::write(&snapshot, []).expect("snapshot");
    assert_eq!(world.run(&["prod", "preprod"]).code, Some(4));
    // A head that cannot be read is neither missing nor damaged.
    fs::create_dir_all(world.path("store/manifests")).expect("directory");
    fs::create_dir_all(world.path("store/head")).expect("directory");
    let ran = world.run(&["prod", "store"]);
    assert_eq!(ran.code, Some(5), "{}", ran.err);
    let json = world.run(&["prod", "store", "--json"]);
    let error: serde_json::Value = serde_json::from_str(&json.err).expect("JSON");
    assert_eq!(error["error"]["code"], 5);
}

#[test]
fn colours_are_a_matter_of_taste() {
    let world = World::new();
    world.prod_and_preprod();
    let coloured = |arguments: &[&str], environment: &[(&str, &str)]| {
        world
            .run_with(&[&["prod", "preprod"], arguments].concat(), environment)
            .out
            .contains('\u{1b}')
    };
    assert!(!coloured(&[], &[]), "not on a terminal");
    assert!(coloured(&["--color", "always"], &[]));
    assert!(
        coloured(&["--color", "always"], &[("NO_COLOR", "1")]),
        "an option says it last"
    );
    assert!(coloured(&[], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&[], &[("CLICOLOR_FORCE", "0")]));
    assert!(!coloured(&[], &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
    assert!(!coloured(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(&["--json", "--color", "always"], &[]));
}
