//! `copy`, `split` and `combine`: new stores of some records, of parts, and of several states.

use crate::support::{Ground, answer, done, hollow, lines, refused};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// A store of three titles that share what they refer to.
fn titles(ground: &Ground) -> String {
    let (schema, records, to) = (
        ground.path("titles.schema"),
        ground.path("titles.jsonl"),
        ground.fresh(),
    );
    fs::write(
        &schema,
        "Title @PrimaryKey(id, part) { int id; string part; Name name; Names others; } Name { string text; } Names List<Name>;",
    )
    .expect("written");
    fs::write(
        &records,
        r#"{"id":1,"part":"a,b","name":"Ebb","others":["Flow","Ebb"]}
{"id":2,"part":"x","name":"Salt","others":["Flow"]}
{"id":3,"part":"x","name":"Salt"}
"#,
    )
    .expect("written");
    done(&["load", "--to", &to, "--schema", &schema, "--type", "Title", &records]);
    to
}

#[test]
fn copy_takes_records_by_key_with_all_they_refer_to() {
    let ground = Ground::new();
    let (store, to) = (titles(&ground), ground.fresh());
    let copied = answer(&[
        "copy",
        "--store",
        &store,
        "--to",
        &to,
        r#"Title:[1,"a,b"]"#,
        "Title:3,x",
    ]);
    // Two titles; Ebb, Flow, Salt; one list of names.
    assert_eq!((&copied["records"], &copied["types"]), (&json!(6), &json!(3)));
    let expected = [
        json!({"type": "Title", "record": {"id": 1, "part": "a,b", "name": "Ebb", "others": ["Flow", "Ebb"]}}),
        json!({"type": "Title", "record": {"id": 3, "part": "x", "name": "Salt"}}),
    ];
    let found: Vec<Value> = lines(&to)
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    assert_eq!(found, expected);
    assert_eq!(done(&["query", "--store", &to, "Name | count"]), "3\n");

    let by_ordinal = ground.fresh();
    answer(&["copy", "--store", &store, "--to", &by_ordinal, "Name:#0"]);
    assert_eq!(done(&["query", "--store", &by_ordinal, "Name | count"]), "1\n");
    for (record, code) in [
        ("Title:3,y", 3),
        ("Title:#77", 3),
        ("Titel:3,x", 3),
        ("Title", 2),
        ("Title:3", 2),
        ("Name:Ebb", 2),
    ] {
        let to = ground.fresh();
        let (found, message) = refused(&["copy", "--store", &store, "--to", &to, "Title:2,x", record]);
        assert_eq!(found, code, "{record}: {message}");
        assert!(!Path::new(&to).exists(), "{record}: nothing is copied");
    }
}

#[test]
fn split_and_combine_undo_each_other() {
    let ground = Ground::new();
    let (store, parts, whole) = (titles(&ground), ground.fresh(), ground.fresh());
    let divided = answer(&["split", "--store", &store, "--parts", "3", "--to", &parts]);
    assert_eq!(divided["types"], json!(["Title"]));
    assert_eq!(divided["parts"].as_array().map(Vec::len), Some(3));
    let part = |number: usize| format!("{parts}/part-{number}");
    let mut together: Vec<String> = (0..3).flat_map(|number| lines(&part(number))).collect();
    together.sort();
    // Each title in one part, and whole: with all its names.
    assert_eq!(together, lines(&store));
    let combined = answer(&[
        "combine",
        "--store",
        &part(0),
        "--with",
        &part(1),
        "--with",
        &part(2),
        "--on-duplicate",
        "refuse",
        "--to",
        &whole,
    ]);
    assert_eq!(
        (&combined["records"], &combined["duplicates"]),
        (&json!(3 + 3 + 2), &json!({}))
    );
    assert_eq!(lines(&whole), lines(&store));
}

#[test]
fn combine_decides_between_records_with_one_key() {
    let ground = Ground::new();
    let store = titles(&ground);
    let other = ground.fresh();
    let (schema, records) = (ground.path("titles.schema"), ground.path("others.jsonl"));
    fs::write(
        &records,
        "{\"id\":2,\"part\":\"x\",\"name\":\"Sugar\"}\n{\"id\":4,\"part\":\"x\",\"name\":\"Salt\"}\n",
    )
    .expect("written");
    done(&["load", "--to", &other, "--schema", &schema, "--type", "Title", &records]);
    let names = |how: &str| -> Vec<String> {
        let to = ground.fresh();
        let arguments = [
            "combine",
            "--store",
            &store,
            "--with",
            &other,
            "--on-duplicate",
            how,
            "--to",
            &to,
        ];
        let output = hollow(&arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(told.contains("1 records of Title left out"), how == "first", "{told}");
        let found = lines(&to);
        let records = found
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["record"].clone());
        records
            .map(|record| format!("{} {}", record["id"], record["name"].as_str().expect("text")))
            .collect()
    };
    assert_eq!(names("first"), ["1 Ebb", "2 Salt", "3 Salt", "4 Salt"]);
    assert_eq!(names("keep"), ["1 Ebb", "2 Salt", "2 Sugar", "3 Salt", "4 Salt"]);
    let to = ground.fresh();
    let (code, message) = refused(&[
        "combine",
        "--store",
        &store,
        "--with",
        &other,
        "--on-duplicate",
        "refuse",
        "--to",
        &to,
    ]);
    assert!(code == 6 && message.contains(r#"key=[2,"x"]"#), "{message}");
    let lists = ground.path("lists");
    assert_eq!(
        refused(&[
            "combine",
            "--store",
            &store,
            "--with",
            &format!("{lists}@77"),
            "--to",
            &to
        ])
        .0,
        3
    );
    assert!(!Path::new(&to).exists());
}
