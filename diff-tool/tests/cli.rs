//! The program, as people and scripts meet it.

mod common;

use common::{Chain, set, text, wrapped};
use hollow::record::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

const LIVENESS: &str = "
    VideoLiveness @PrimaryKey(video_id) { long video_id; Verdicts verdicts; }
    Verdicts List<Verdict>;
    Verdict { Countries countries; Status status; Reasons reasons; long live_from_at; }
    Countries Set<Country> @HashKey(code);
    Country @PrimaryKey(code) { string code; }
    Status { string name; }
    Reasons List<Reason>;
    Reason { string code; string detail; string owner; string input; }
";

fn reason(code: &str, detail: &str) -> Value {
    Value::Object(vec![text(code), text(detail), text("Localization"), text("assets")])
}

fn verdict(countries: &[&str], status: &str, reasons: Vec<Value>) -> Value {
    // 2026-01-01 00:00:00 UTC
    Value::Object(vec![
        set(countries),
        wrapped(status),
        Value::List(reasons),
        Value::Long(1_767_225_600_000),
    ])
}

fn video(id: i64, verdicts: Vec<Value>) -> (&'static str, Value) {
    (
        "VideoLiveness",
        Value::Object(vec![Value::Long(id), Value::List(verdicts)]),
    )
}

const MANY: [&str; 14] = [
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AR", "AT", "DE", "FR", "KR", "US",
];

type State<'a> = (&'a [(&'a str, &'a str)], Vec<(&'static str, Value)>);

/// The states of a directory in the layout of Java Hollow: versions 20260101000000001 and so on.
fn publish(directory: &Path, schema: &str, states: &[State<'_>]) -> PathBuf {
    fs::create_dir_all(directory).expect("directory");
    let mut chain = Chain::new(schema, 1);
    let version = |index: usize| 20_260_101_000_000_001 + index;
    for (index, (tags, records)) in states.iter().enumerate() {
        tags.iter().for_each(|(name, value)| chain.header(name, value));
        let (snapshot, delta) = chain.next(records);
        fs::write(directory.join(format!("snapshot-{}", version(index))), snapshot).expect("snapshot");
        if let Some(delta) = delta {
            let name = format!("delta-{}-{}", version(index - 1), version(index));
            fs::write(directory.join(name), delta).expect("delta");
        }
        fs::write(directory.join("announced.version"), version(index).to_string()).expect("announcement");
    }
    directory.to_owned()
}

const TAGS: [(&str, &str); 4] = [
    ("in.titles", "11"),
    ("in.assets", "12"),
    ("eval.instant", "1767225600000"),
    ("policy.id", "p1"),
];
const OTHER_POLICY: [(&str, &str); 5] = [
    ("in.titles", "11"),
    ("in.assets", "12"),
    ("eval.instant", "1767225600000"),
    ("policy.id", "p2"),
    ("follows.version", "20260101000000001"),
];

fn everywhere(id: i64) -> (&'static str, Value) {
    video(id, vec![verdict(&MANY, "Live", vec![])])
}

/// Subtitles are missing in Korea.
fn not_in_korea(id: i64) -> (&'static str, Value) {
    let others: Vec<&str> = MANY.into_iter().filter(|code| *code != "KR").collect();
    let missing = reason("SUBTITLE_MISSING", "subtitle ko");
    video(
        id,
        vec![
            verdict(&others, "Live", vec![]),
            verdict(&["KR"], "Blocked", vec![missing]),
        ],
    )
}

struct World {
    directory: TempDir,
}

impl World {
    fn new() -> Self {
        World {
            directory: tempfile::tempdir().expect("directory"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// PROD with five videos, PREPROD where two of them are blocked in Korea, one is gone and one is new.
    fn prod_and_preprod(&self) {
        publish(
            &self.path("prod"),
            LIVENESS,
            &[(&TAGS, (1..=5).map(everywhere).collect())],
        );
        let preprod = vec![
            everywhere(1),
            not_in_korea(2),
            everywhere(3),
            not_in_korea(4),
            everywhere(6),
        ];
        publish(&self.path("preprod"), LIVENESS, &[(&OTHER_POLICY, preprod)]);
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_diff-tool"));
        for name in ["NO_COLOR", "CLICOLOR_FORCE", "TERM"] {
            command.env_remove(name);
        }
        command
            .current_dir(self.directory.path())
            .args(arguments)
            .envs(environment.iter().copied());
        command.output().expect("runs").into()
    }
}

#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let utf8 = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Ran {
            code: output.status.code(),
            out: utf8(output.stdout),
            err: utf8(output.stderr),
        }
    }
}

const HEAD: &str = "\
A  prod     version 20260101000000001
B  preprod  version 20260101000000001
inputs identical (2 of 2), instant identical
  policy: p1 in A, p2 in B
  B follows version 20260101000000001, the one compared here
";

#[test]
fn a_change_of_rules_is_shown_once_for_all_records_it_changed() {
    let world = World::new();
    world.prod_and_preprod();
    let ran = world.run(&["prod", "preprod", "--type", "VideoLiveness"]);
    let expected = format!(
        "{HEAD}
2 header tags that differ
  follows.version: not set in A, 20260101000000001 in B
  policy.id: p1 in A, p2 in B

type           matched by  A  B  equal  modified  only in A  only in B
VideoLiveness  video_id    5  5      2         2          1          1

VideoLiveness: fields that differ in 2 modified records
  verdicts                    2 records
  verdicts.element.countries  2 records

VideoLiveness: 2 modified records in 1 group of equal changes

--- A VideoLiveness 2
+++ B VideoLiveness 2
and the same in 1 more record: 4
  video_id: 2
  verdicts:
    - countries: {{13 in both}}
-       {{KR}}
      status: \"Live\"
      reasons: []
      live_from_at: 1767225600000  (2026-01-01T00:00:00Z)
+   - countries: {{KR}}
+     status: \"Blocked\"
+     reasons:
+       - code: \"SUBTITLE_MISSING\"
+         detail: \"subtitle ko\"
+         owner: \"Localization\"
+         input: \"assets\"
+     live_from_at: 1767225600000  (2026-01-01T00:00:00Z)

VideoLiveness: 1 record only in A
- 5

VideoLiveness: 1 record only in B
+ 6
"
    );
    assert_eq!(
        (ran.out.as_str(), ran.err.as_str(), ran.code),
        (expected.as_str(), "", Some(1))
    );
}

#[test]
fn groups_have_a_line_for_each_change() {
    let world = World::new();
    world.prod_and_preprod();
    let ran = world.run(&["prod", "preprod", "--type", "VideoLiveness", "--groups"]);
    let groups = "
VideoLiveness: 2 modified records in 1 group of equal changes
2 records: 2, 4
  verdicts[0].countries: - \"KR\"
  verdicts: + {countries: {KR}, status: \"Blocked\", reasons: [{code: \"SUBTITLE_MISSING\", detail: \"subtitle ko\", own…
";
    assert!(ran.out.contains(groups), "{}", ran.out);
}

#[test]
fn equal_states_are_equal_wherever_they_come_from() {
    let world = World::new();
    world.prod_and_preprod();
    publish(
        &world.path("other"),
        LIVENESS,
        &[(&TAGS, (1..=5).rev().map(everywhere).collect())],
    );
    let ran = world.run(&["prod", "other"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(
        ran.out.ends_with("\nno differences\n") && ran.out.contains("inputs identical (2 of 2), instant identical\n")
    );
    // With the same inputs and rules the results had to be the same.
    assert!(!ran.out.contains("should have"));
}

#[test]
fn unequal_inputs_are_said_first_and_never_blamed_on_rules() {
    let world = World::new();
    world.prod_and_preprod();
    let tags = [
        ("in.titles", "11"),
        ("in.assets", "13"),
        ("eval.instant", "1767225600001"),
        ("policy.id", "p2"),
    ];
    publish(&world.path("late"), LIVENESS, &[(&tags, vec![everywhere(1)])]);
    let ran = world.run(&["prod", "late", "--summary"]);
    let verdict = "
INPUTS DIFFER (1 of 2 identical), INSTANT DIFFERS
  input assets: 12 in A, 13 in B
  instant: 1767225600000 (2026-01-01T00:00:00Z) in A, 1767225600001 (2026-01-01T00:00:00.001Z) in B
  policy: p1 in A, p2 in B
  what differs below may come from the inputs, not from the rules
";
    assert!(ran.out.contains(verdict), "{}", ran.out);
    let ran = world.run(&["prod", "late", "--type", "VideoLiveness", "--record", "2"]);
    assert!(ran.out.contains(verdict), "{}", ran.out);
}

#[test]
fn the_same_question_with_another_answer_is_a_fault() {
    let world = World::new();
    world.prod_and_preprod();
    publish(&world.path("broken"), LIVENESS, &[(&TAGS, vec![everywhere(1)])]);
    let ran = world.run(&["prod", "broken", "--summary"]);
    assert!(
        ran.out
            .contains("same inputs, same rules: the evaluation should have had the same result"),
        "{}",
        ran.out
    );
}

#[test]
fn one_record_is_shown_whole() {
    let world = World::new();
    world.prod_and_preprod();
    let ran = world.run(&["prod", "preprod", "--record", "VideoLiveness:4"]);
    assert!(
        ran.out
            .contains("--- A VideoLiveness 4\n+++ B VideoLiveness 4\n  video_id: 4\n"),
        "{}",
        ran.out
    );
    assert_eq!(ran.code, Some(1));
    let same = world.run(&["prod", "preprod", "--record", "1"]);
    assert!(
        same.out
            .contains("\nVideoLiveness 1 is the same in A and B\n  video_id: 1\n"),
        "{}",
        same.out
    );
    assert_eq!(same.code, Some(0));
    let gone = world.run(&["prod", "preprod", "--record", "5"]);
    assert!(
        gone.out
            .contains("--- A VideoLiveness 5\n+++ /dev/null\n- video_id: 5\n"),
        "{}",
        gone.out
    );
    let country = world.run(&["prod", "preprod", "--record", "KR"]);
    assert!(
        country.out.contains("\nCountry KR is the same in A and B\n"),
        "{}",
        country.out
    );
}

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
fn json_says_the_same() {
    let world = World::new();
    world.prod_and_preprod();
    let ran = world.run(&["prod", "preprod", "--json"]);
    assert_eq!(ran.code, Some(1));
    let json: serde_json::Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(json["schema"], 1);
    assert_eq!(json["same"], false);
    assert_eq!(json["derived"]["same_inputs_and_instant"], true);
    let ty = &json["types"][0];
    assert_eq!(
        (&ty["type"], &ty["equal"], &ty["modified"]),
        (&"VideoLiveness".into(), &2.into(), &2.into())
    );
    assert_eq!(ty["fields"][1]["path"], "verdicts.element.countries");
    assert_eq!(ty["groups"][0]["records"], 2);
    assert_eq!(ty["groups"][0]["changes"][0]["a"], "KR");
    assert_eq!(
        ty["groups"][0]["changes"][1]["b"]["reasons"][0]["detail"],
        "subtitle ko"
    );
    assert_eq!(ty["records"][1], serde_json::json!({"key": [4], "group": 0}));
    assert_eq!(
        (&ty["records_only_in_a"][0][0], &ty["records_only_in_b"][0][0]),
        (&5.into(), &6.into())
    );
    let record = world.run(&["prod", "preprod", "--json", "--record", "VideoLiveness:2"]);
    let record: serde_json::Value = serde_json::from_str(&record.out).expect("JSON");
    assert_eq!(record["record"]["b"]["verdicts"][1]["status"], "Blocked");
    let same: serde_json::Value = serde_json::from_str(&world.run(&["prod", "prod", "--json"]).out).expect("JSON");
    assert_eq!(same["same"], true);
}

#[test]
fn hostile_text_is_shown_and_not_obeyed() {
    const NOTES: &str = "Note @PrimaryKey(id) { string id; string text; }";
    let note = |id: &str, content: &str| ("Note", Value::Object(vec![text(id), text(content)]));
    let hostile = "\u{1b}[2J\u{202e}gnp.exe\u{2066}\r\n\u{7}\u{9b}31m\u{200b}\u{a0}<script>\0\u{fe0f}";
    let world = World::new();
    publish(
        &world.path("a"),
        NOTES,
        &[(&[], vec![note("\u{1b}]0;x\u{7}", "plain"), note("only\u{202e}", "")])],
    );
    publish(
        &world.path("b"),
        NOTES,
        &[(&[("\u{1b}tag", hostile)], vec![note("\u{1b}]0;x\u{7}", hostile)])],
    );
    for arguments in [&["a", "b"][..], &["a", "b", "--groups"], &["a", "b", "--json"]] {
        let ran = world.run(arguments);
        assert_eq!(ran.code, Some(1));
        let allowed = |c: char| c == '\n' || !(c.is_control() || "\u{202e}\u{2066}\u{200b}\u{a0}\u{fe0f}".contains(c));
        assert!(ran.out.chars().all(allowed), "{:?}", ran.out);
    }
    let out = world.run(&["a", "b"]).out;
    let line = r#"+ text: "\u{1b}[2J\u{202e}gnp.exe\u{2066}\r\n\u{7}\u{9b}31m\u{200b}\u{a0}<script>\0\u{fe0f}""#;
    assert!(out.lines().any(|found| found == line), "{out}");
    let json: serde_json::Value = serde_json::from_str(&world.run(&["a", "b", "--json"]).out).expect("JSON");
    assert_eq!(json["types"][0]["groups"][0]["changes"][0]["b"], hostile);
    assert_eq!(world.run(&["a\u{1b}[2J", "b"]).err.contains('\u{1b}'), false);
}

#[test]
fn limits_say_what_they_leave_out() {
    const NOTES: &str = "Note @PrimaryKey(id) { int id; string text; }";
    let note = |id: i32, content: String| ("Note", Value::Object(vec![Value::Int(id), Value::String(content)]));
    let world = World::new();
    publish(
        &world.path("a"),
        NOTES,
        &[(&[], (0..30).map(|id| note(id, "a".to_owned())).collect())],
    );
    publish(
        &world.path("b"),
        NOTES,
        &[(&[], (0..15).map(|id| note(id, format!("b{}", id.max(5)))).collect())],
    );
    let ran = world.run(&["a", "b", "--limit", "2"]);
    assert!(
        ran.out
            .contains("Note: 15 modified records in 10 groups of equal changes\n"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("--- A Note 0\n+++ B Note 0\nand the same in 5 more records: 1, 2, 3, 4, 5\n"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("\n… 8 more groups of Note (8 records); --limit 0 lists all\n"),
        "{}",
        ran.out
    );
    assert!(
        ran.out
            .contains("Note: 15 records only in A\n- 15\n- 16\n… 13 more records; --limit 0 lists all\n"),
        "{}",
        ran.out
    );
    let all = world.run(&["a", "b", "--limit", "0"]);
    assert!(!all.out.contains("more group") && all.out.contains("--- A Note 14\n") && all.out.contains("\n- 29\n"));
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

#[test]
fn states_of_a_chain_by_name() {
    let world = World::new();
    let states: Vec<Vec<(&'static str, Value)>> = vec![
        vec![everywhere(1)],
        vec![everywhere(1), everywhere(2)],
        vec![not_in_korea(1), everywhere(2)],
    ];
    let states: Vec<State<'_>> = states.into_iter().map(|records| (&TAGS[..], records)).collect();
    publish(&world.path("chain"), LIVENESS, &states);
    let counts = |a: &str, b: &str| {
        let ran = world.run(&[a, b, "--json", "--type", "VideoLiveness"]);
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
        let ty = &json["types"][0];
        (ty["equal"].as_i64(), ty["modified"].as_i64(), ty["only_in_b"].as_i64())
    };
    let (some, none) = (|x| Some(x), Some(0));
    assert_eq!(counts("chain@first", "chain"), (none, some(1), some(1)));
    assert_eq!(counts("chain@~2", "chain@latest"), (none, some(1), some(1)));
    assert_eq!(counts("chain@~1", "chain@announced"), (some(1), some(1), none));
    assert_eq!(
        counts("chain@20260101000000001", "chain@20260101000000002"),
        (some(1), none, some(1))
    );
    assert_eq!(
        counts("chain/snapshot-20260101000000001", "chain@20260101000000002"),
        (some(1), none, some(1))
    );
    let ambiguous = world.run(&["chain@2026", "chain"]);
    assert_eq!(ambiguous.code, Some(2));
    assert!(
        ambiguous
            .err
            .contains("3 versions begin with 2026: 20260101000000003, "),
        "{}",
        ambiguous.err
    );
}

#[test]
fn a_key_can_be_given() {
    let world = World::new();
    world.prod_and_preprod();
    let ran = world.run(&["prod", "preprod", "--type", "Reason", "--key", "Reason=code,detail"]);
    assert!(
        ran.out
            .contains("Reason  code,detail  0  1      0         0          0          1\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("+ SUBTITLE_MISSING,\"subtitle ko\"\n"), "{}", ran.out);
}

#[test]
fn schemas_are_compared_first() {
    let world = World::new();
    let a = "Note @PrimaryKey(id) { int id; string text; Old old; } Old { string name; }";
    let b = "Note @PrimaryKey(id) { long id; string text; string extra; } New { string name; }";
    let fields = |id: Value, third: Value| ("Note", Value::Object(vec![id, text("same"), third]));
    publish(
        &world.path("a"),
        a,
        &[(
            &[],
            vec![fields(Value::Int(1), Value::Null), fields(Value::Int(2), Value::Null)],
        )],
    );
    publish(
        &world.path("b"),
        b,
        &[(
            &[],
            vec![fields(Value::Long(1), Value::Null), fields(Value::Long(2), text("new"))],
        )],
    );
    let ran = world.run(&["a", "b"]);
    let expected = "
5 schema differences
  field id of Note: int in A, long in B
  field Note.old (Old) only in A
  field Note.extra (string) only in B
  type Old only in A
  type New only in B

type  matched by  A  B  equal  modified  only in A  only in B
Note  id          2  2      1         1          0          0
";
    assert!(ran.out.contains(expected), "{}", ran.out);
    assert!(
        ran.out
            .contains("--- A Note 2\n+++ B Note 2\n  id: 2\n  text: \"same\"\n+ extra: \"new\"\n"),
        "{}",
        ran.out
    );
    assert_eq!(ran.code, Some(1));
}

#[test]
fn a_report_can_go_to_a_file_and_a_reader_can_go_away() {
    let world = World::new();
    world.prod_and_preprod();
    let ran = world.run(&["prod", "preprod", "--json", "--out", "report.json"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    let written = fs::read_to_string(world.path("report.json")).expect("report");
    assert!(serde_json::from_str::<serde_json::Value>(&written).is_ok());
    // More than a pipe holds, and nobody reads.
    const NOTES: &str = "Note @PrimaryKey(id) { int id; string text; }";
    let notes = (0..20_000)
        .map(|id| ("Note", Value::Object(vec![Value::Int(id), text("something")])))
        .collect();
    publish(&world.path("empty"), NOTES, &[(&[], vec![])]);
    publish(&world.path("full"), NOTES, &[(&[], notes)]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_diff-tool"))
        .current_dir(world.directory.path())
        .args(["empty", "full", "--limit", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(
        (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()),
        (Some(1), "")
    );
}

#[test]
fn a_store_of_ours_is_compared_like_any_other() {
    use hollow::producer::Producer;
    use hollow::schema::Dataset;
    use hollow::store::Store;
    let world = World::new();
    world.prod_and_preprod();
    let store = Store::fs(world.path("store")).expect("store");
    let dataset = Dataset::parse(LIVENESS).expect("schema");
    let mut producer = Producer::builder(dataset, store)
        .name("liveness")
        .snapshot_every(2)
        .build()
        .expect("producer");
    producer.restore().expect("an empty store");
    let cycles = [
        vec![everywhere(1), everywhere(2)],
        vec![everywhere(1), not_in_korea(2)],
        (1..=5).map(everywhere).collect(),
    ];
    for records in &cycles {
        let add = |cycle: &mut hollow::producer::Cycle<'_>| {
            records
                .iter()
                .try_for_each(|(ty, record)| cycle.add(ty, record).map(|_| ()))?;
            Ok(())
        };
        producer.run_cycle(add).expect("published");
    }
    let modified = world.run(&["store@~2", "store@~1", "--type", "VideoLiveness"]);
    assert!(
        modified
            .out
            .contains("VideoLiveness  video_id    2  2      1         1          0          0\n"),
        "{modified:?}"
    );
    // A chain of ours against a directory in Java's layout.
    let ran = world.run(&["store", "prod"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let bytes = |name: &str| -> Vec<PathBuf> {
        let files = fs::read_dir(world.path("store/blobs"))
            .expect("blobs")
            .map(|file| file.expect("file").path());
        files.filter(|path| path.to_string_lossy().contains(name)).collect()
    };
    for blob in bytes("snapshot").iter().chain(&bytes("delta")) {
        let mut content = fs::read(blob).expect("blob");
        *content.last_mut().expect("a byte") ^= 1;
        fs::remove_file(blob).expect("removed");
        fs::write(blob, content).expect("written");
    }
    let damaged = world.run(&["store", "prod"]);
    assert_eq!(damaged.code, Some(4), "{damaged:?}");
    assert!(damaged.err.contains("sha256"), "{damaged:?}");
}
