//! `schema`, `get`, `query`, `inspect`.

use crate::support::{FIRST, Published, SECOND, command, run};
use serde_json::json;

const TITLE: &str = "Title @PrimaryKey(video_id) {
\tlong video_id;
\tKind kind;
\tstring name;
\tCountries countries;
\tint released;
}
";

#[test]
fn schemas_as_text_that_can_be_read_again_and_as_json() {
    let store = Published::new();
    let all = store.run("schema", &[]);
    assert!(all.code == Some(0) && all.out.starts_with(TITLE) && all.err.is_empty());
    let dataset = hollow::schema::Dataset::parse(&all.out).expect("readable");
    assert_eq!(dataset.len(), 5);
    assert_eq!(store.run("schema", &["Title"]).out, TITLE);
    let one = store.run("schema", &["Countries", "--json"]).json();
    let expected = json!([{"name": "Countries", "kind": "SET", "element": "Country", "hash_key": ["code"]}]);
    assert_eq!((&one["schema"], &one["types"]), (&json!(1), &expected));
    assert_eq!(one["version"].to_string(), SECOND);
    assert_eq!(one["schema_hash"], json!(dataset.schema_hash()));
    let none = store.run("schema", &["Titel"]);
    assert_eq!((none.code, none.out.as_str()), (Some(3), ""));
    assert!(
        none.err.contains("no type Titel") && none.err.contains("Title, Kind"),
        "{}",
        none.err
    );
}

#[test]
fn one_record_by_its_key() {
    let store = Published::new();
    let salt = store.run("get", &["Title:1"]);
    let expected = json!({
        "video_id": 1, "kind": "Movie", "name": "The Salt Harbour", "countries": ["DE", "FR"], "released": 19000,
    });
    let mut found = salt.json();
    found["countries"]
        .as_array_mut()
        .expect("a list")
        .sort_by_key(ToString::to_string);
    assert_eq!((salt.code, found), (Some(0), expected));
    // The version before still has the record that is gone.
    assert_eq!(store.run("get", &["Title:2"]).code, Some(3));
    let gone = store.run("get", &["Title:2", "--version", FIRST, "--json"]).json();
    assert_eq!(
        gone["record"],
        json!({"video_id": 2, "kind": "Season", "name": "Ebb", "countries": ["FR"]})
    );
    assert_eq!(
        (&gone["type"], gone["version"].to_string()),
        (&json!("Title"), FIRST.to_owned())
    );
    // A key of two parts, one of them behind a reference, as it is typed and as JSON.
    for key in ["Text:1,de", "Text:[1,\"de\"]"] {
        let text = store.run("get", &[key, "--json"]).json();
        assert_eq!(text["record"]["text"], json!("Salz, \u{1b}[2J"), "{key}");
    }
    assert!(
        !store.run("get", &["Text:1,de"]).out.contains('\u{1b}'),
        "control characters are escaped"
    );
    let refs = store.run("get", &["Kind:#0", "--refs", "--json"]).json();
    assert_eq!(refs["record"], json!({"name": "Movie"}));
    let keys: Vec<&serde_json::Value> = refs["refs"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|from| &from["key"])
        .collect();
    assert_eq!(keys, [&json!([1]), &json!([3])]);
    let text = store.run("get", &["Country:#0", "--refs"]);
    assert!(
        text.out.contains("\nreferred to by 1\n  Countries.element  #0\n"),
        "{}",
        text.out
    );
}

#[test]
fn what_names_no_record() {
    let store = Published::new();
    let error = |selector: &str| {
        let run = store.run("get", &[selector, "--json"]);
        let error = run.error();
        assert_eq!(error["code"].as_i64(), run.code.map(i64::from), "{selector}");
        assert!(
            error["hint"].as_str().is_some_and(|hint| !hint.is_empty()),
            "{selector}"
        );
        (run.code, error["message"].as_str().expect("text").to_owned())
    };
    assert_eq!(error("Title:9"), (Some(3), "there is no record Title:9".to_owned()));
    assert_eq!(error("Title:#99").0, Some(3));
    assert_eq!(error("Nothing:1").0, Some(3));
    assert_eq!(error("Title").0, Some(2));
    assert_eq!(error("Title:one").0, Some(2));
    assert_eq!(error("Text:1").0, Some(2));
    assert_eq!(error("Text:1,de,2").0, Some(2));
    assert_eq!(error("Title:null").0, Some(2));
    assert_eq!(error("Title:#x").0, Some(2));
    assert_eq!(
        error("Kind:Movie").0,
        Some(2),
        "without a primary key there is only the ordinal"
    );
}

#[test]
fn queries_print_what_matches_and_say_what_they_looked_at() {
    let store = Published::new();
    let movies = store.run("query", &["Title where kind = Movie and countries in (IT, ES)"]);
    assert_eq!(movies.code, Some(0));
    assert_eq!(
        movies.out,
        "{\"video_id\":3,\"kind\":\"Movie\",\"name\":\"Zoë\",\"countries\":[\"IT\"]}\n"
    );
    assert_eq!(movies.err, "scanned 2 of 2 Title records\n");
    let json = store
        .run("query", &["Title where name ^ 'Zo'", "--json", "--version", FIRST])
        .json();
    assert_eq!(json["records"][0]["record"]["video_id"], json!(3));
    assert_eq!(
        (&json["count"], &json["scanned"], &json["limited"]),
        (&json!(1), &json!(3), &json!(false))
    );
    assert_eq!((&json["schema"], &json["type"]), (&json!(1), &json!("Title")));
    let some = store.run("query", &["Title", "--limit", "1", "--version", FIRST]);
    assert_eq!(some.out.lines().count(), 1);
    assert_eq!(
        some.err,
        "scanned 1 of 3 Title records; stopped at 1 records, --limit 0 prints all\n"
    );
    assert_eq!(
        store
            .run("query", &["Title", "--limit", "0", "--version", FIRST])
            .out
            .lines()
            .count(),
        3
    );
    let none = store.run("query", &["Title where released < 0", "--json"]);
    assert_eq!((none.code, &none.json()["records"]), (Some(1), &json!([])));
}

#[test]
fn queries_count() {
    let store = Published::new();
    let count = store.run("query", &["Title where released is null | count", "--version", FIRST]);
    assert_eq!((count.code, count.out.as_str()), (Some(0), "2\n"));
    let none = store.run("query", &["Title where video_id > 10 | count", "--json"]);
    assert_eq!((none.code, &none.json()["count"]), (Some(1), &json!(0)));
    let by = store
        .run("query", &["Title | count by countries", "--version", FIRST, "--json"])
        .json();
    let expected = json!([{"value": "FR", "count": 2}, {"value": null, "count": 1}, {"value": "DE", "count": 1}]);
    assert_eq!(by["groups"], expected);
    let text = store.run("query", &["Title | count by kind.name", "--version", FIRST]);
    assert_eq!(text.out, "         2  Movie\n         1  Season\n");
}

#[test]
fn mistakes_in_queries_are_told_with_their_place() {
    let store = Published::new();
    let error = |query: &str| {
        let run = store.run("query", &[query]);
        assert_eq!(run.out, "");
        (run.code, run.err.lines().next().expect("a line").to_owned())
    };
    let expect = |query: &str, code: i32, message: &str| {
        assert_eq!(error(query), (Some(code), format!("error: {message}")), "{query}");
    };
    expect(
        "Titel",
        3,
        "the state has no such type, type=Titel; did you mean Title?, column=1",
    );
    expect(
        "Title where nmae = x",
        2,
        "no such field, type=Title field=nmae; did you mean name?, column=13",
    );
    expect(
        "Title where released = soon",
        2,
        "released is int: expected an integer of 32 bits, found \"soon\", column=24",
    );
    expect(
        "Title where released = 2147483648",
        2,
        "released is int: expected an integer of 32 bits, found \"2147483648\", column=24",
    );
    expect(
        "Title where name.x = 1",
        2,
        "there is nothing behind a string field, field=name, column=13",
    );
    expect(
        "Title where released ^ 1",
        2,
        "released is int: expected another operator: this one is for text, found \"1\", column=24",
    );
}

#[test]
fn inspect_tells_bits_and_bytes_by_field() {
    let store = Published::new();
    let json = store.run("inspect", &["--json", "--version", FIRST]).json();
    assert_eq!(json["header_tags"]["source"], json!("test"));
    let title = &json["types"][0];
    assert_eq!(
        (&title["name"], &title["records"], &title["holes"]),
        (&json!("Title"), &json!(3), &json!(0))
    );
    // 1, 2, 3 zig-zagged are 2, 4, 6: three bits, the seventh pattern being null. 19000 zig-zagged takes 16 bits.
    let parts = title["parts"].as_array().expect("a list");
    assert_eq!((&parts[0]["bits"], &parts[0]["nulls"]), (&json!(3), &json!(0)));
    assert_eq!((&parts[4]["bits"], &parts[4]["nulls"]), (&json!(16), &json!(2)));
    // "The Salt Harbour", "Ebb" and "Zoë", whose last letter takes two bytes.
    assert_eq!(parts[2]["variable_bytes"], json!(16 + 3 + 4));
    let text = store.run("inspect", &["--type", "Title"]);
    assert!(text.out.contains("\ntag       source = test\n"), "{}", text.out);
    assert_eq!(
        text.out.lines().last().map(|line| line.split_whitespace().next()),
        Some(Some("Title"))
    );
    assert!(
        store
            .run("inspect", &["--type", "Title", "--fields"])
            .out
            .contains("\n  released  ")
    );
    assert_eq!(store.run("inspect", &["--type", "No"]).code, Some(3));
}

#[test]
fn mistakes_in_arguments() {
    let store = Published::new();
    assert_eq!(run(&["get", "Title:1"]).code, Some(2));
    assert_eq!(store.run("get", &[]).code, Some(2));
    let json = store.run("query", &["Title", "--limit", "many", "--json"]);
    assert_eq!((json.code, &json.error()["code"]), (Some(2), &json!(2)));
    assert_eq!(run(&["--help"]).code, Some(0));
    assert_eq!(run(&["version"]).code, Some(2));
    // The store can come from the environment.
    let output = command(&["query", "Title | count"])
        .env("HOLLOW_STORE", store.path())
        .output()
        .expect("started");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2\n");
}
