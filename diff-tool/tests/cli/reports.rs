//! What the reports say.

use super::*;

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
