//! Schemas beyond what the golden vectors say (those are in `tests/vectors_read`).

use super::*;

fn dataset(text: &str) -> Dataset {
    Dataset::parse(text).expect("schemas")
}

fn syntax(text: &str) -> (usize, String) {
    match parse(text) {
        Err(SchemaError::Syntax { line, found, .. }) => (line, found),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn errors_name_the_line_and_what_stands_there() {
    assert_eq!(syntax("A {\n int a;\n int }"), (3, "}".to_owned()));
    assert_eq!(syntax("A {\n int a;\n\n"), (3, "the end of the text".to_owned()));
    assert_eq!(syntax("/* one\n two */ A { int 9a; }"), (2, "'9'".to_owned()));
    assert_eq!(
        syntax("A { int a; } /* never\n closed"),
        (1, "the end of the text".to_owned())
    );
    assert_eq!(syntax("\nA Bag<B>;"), (2, "Bag".to_owned()));
    assert_eq!(syntax("A Set<B> @PrimaryKey(x);"), (1, "PrimaryKey".to_owned()));
    assert_eq!(syntax("A @PrimaryKey(x,, y) { int x; }"), (1, ",".to_owned()));
    assert_eq!(syntax("A @PrimaryKey(x y) { int x; }"), (1, "y".to_owned()));
}

#[test]
fn names_stand_once_and_refer_to_what_is_there() {
    let twice = |what: &'static str, name: &str| SchemaError::Duplicate {
        what,
        name: name.to_owned(),
    };
    assert_eq!(parse("A { } A List<B>;"), Err(twice("type", "A")));
    assert_eq!(parse("A { int x; B x; }"), Err(twice("field", "A.x")));
    assert_eq!(Dataset::parse("A { B b; }"), Err(SchemaError::UnknownType("B".into())));
    assert_eq!(Dataset::parse("A Map<A,B>;"), Err(SchemaError::UnknownType("B".into())));
    let schemas = parse("A { B b; }").expect("a schema");
    assert!(Dataset::new(schemas).is_ok(), "a blob may lack the types of a part");
}

#[test]
fn an_empty_key_is_no_key() {
    let dataset = dataset("A @PrimaryKey() { int x; } S Set<A> @HashKey();");
    assert_eq!(dataset.primary_key("A"), Ok(Vec::new()));
    assert_eq!(dataset.schemas()[1].to_string(), "S Set<A>;");
    assert!(PrimaryKey::new(Vec::<String>::new()).is_none());
}

#[test]
fn the_text_form_reads_back_as_it_was_printed() {
    let text = "A @PrimaryKey(x, b.y) {\n\tint x;\n\tB b;\n\tbytes raw;\n}";
    let schemas = parse(text).expect("a schema");
    assert_eq!(schemas[0].to_string(), text);
    assert_eq!(schemas[0].references(), ["B"]);
    assert_eq!(schemas[0].as_object().and_then(|s| s.position("raw")), Some(2));
}

#[test]
fn paths_go_through_single_values_and_stop_at_circles() {
    let dataset = dataset(
        "Movie @PrimaryKey(id, country) { long id; Country country; Loop loop; Pair pair; Tags tags; }
         Country { Code code; } Code { string value; }
         Loop { Loop again; }
         Pair { int a; int b; }
         Tags List<Code>;",
    );
    let key = dataset.primary_key("Movie").expect("a key");
    let names: Vec<String> = key.iter().map(FieldPath::full_name).collect();
    assert_eq!(names, ["id", "country.code.value"]);
    assert_eq!(key[1].ty, FieldType::String);
    assert_eq!(
        dataset.resolve("Movie", "country!").map(|p| p.full_name()),
        Ok("country".into())
    );
    assert!(matches!(
        dataset.resolve("Movie", "loop"),
        Err(PathError::NotExpandable { .. })
    ));
    assert!(matches!(
        dataset.resolve("Movie", "pair"),
        Err(PathError::NotExpandable { .. })
    ));
    assert!(matches!(
        dataset.resolve("Movie", "tags"),
        Err(PathError::NotExpandable { .. })
    ));
    assert!(matches!(
        dataset.resolve("Movie", "tags.x"),
        Err(PathError::NotTraversable { .. })
    ));
    assert!(matches!(
        dataset.resolve("Movie", "id.x"),
        Err(PathError::NotTraversable { .. })
    ));
    assert!(matches!(
        dataset.resolve("Movie", ""),
        Err(PathError::NoSuchField { .. })
    ));
    assert!(matches!(
        dataset.resolve("Nope", "id"),
        Err(PathError::MissingType { .. })
    ));
    assert!(matches!(
        dataset.primary_key("Tags"),
        Err(SchemaError::WrongKind { .. })
    ));
}

#[test]
fn types_come_after_what_they_refer_to_and_circles_last() {
    let dataset = dataset("Z { Y y; } Y { int x; } M { N n; } N { M m; } A { Z z; }");
    assert_eq!(dataset.dependency_order(), ["Y", "Z", "A", "M", "N"]);
    assert_eq!(Dataset::default().dependency_order(), Vec::<&str>::new());
}

/// Java orders by UTF-16 units: a character beyond the first plane sorts before U+E000.
#[test]
fn names_sort_as_java_sorts_them() {
    let dataset = dataset("\u{E000} { int x; } \u{1F600} { int x; }");
    assert_eq!(dataset.dependency_order(), ["\u{1F600}", "\u{E000}"]);
}
