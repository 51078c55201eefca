//! Data and readers that misbehave.

use super::*;

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
    assert!(!world.run(&["a\u{1b}[2J", "b"]).err.contains('\u{1b}'));
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
fn nothing_in_data_becomes_markup() {
    const NOTES: &str = "Note @PrimaryKey(id) { string id; string text; }";
    let note = |id: &str, content: &str| ("Note", Value::Object(vec![text(id), text(content)]));
    let hostile = "\"><script>alert(1)</script><img src=x onerror='y'>\u{202e}&amp;";
    let world = World::new();
    publish(
        &world.path("a"),
        NOTES,
        &[(&[(hostile, "x")], vec![note(hostile, "plain"), note("gone<b>", "")])],
    );
    publish(
        &world.path("b"),
        NOTES,
        &[(&[("in.<i>", hostile)], vec![note(hostile, hostile)])],
    );
    let ran = world.run(&["a", "b", "--report", "html"]);
    assert_eq!(ran.code, Some(1));
    let known = [
        "!DOCTYPE", "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "table", "tr", "th",
        "td", "p", "br", "strong", "details", "summary", "section", "pre", "span", "mark", "ul", "li",
    ];
    for tag in ran.out.split('<').skip(1) {
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '!')
            .collect();
        assert!(known.contains(&name.as_str()), "<{tag}");
        assert!(!tag.split('>').next().unwrap_or_default().contains("onerror"), "<{tag}");
    }
    assert!(ran.out.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !ran.out.contains('\u{202e}'));
    assert!(ran.out.contains("gone&lt;b&gt;") && ran.out.contains("1 modified record in 1 group of equal changes"));
}
