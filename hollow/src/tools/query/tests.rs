//! The form of queries, and what is said about those that are none.

use super::{Condition, Literal, MAX_DEPTH, Path, Query, QueryError, Test, Then};

fn parse(text: &str) -> Condition {
    let query = Query::parse(&format!("T where {text}")).unwrap_or_else(|error| panic!("{text}: {error}"));
    query.condition.expect("a condition")
}

fn path(name: &str, column: usize) -> Path {
    Path {
        segments: name.split('.').map(str::to_owned).collect(),
        column,
    }
}

fn is(name: &str, at: usize, value: &str, value_at: usize) -> Condition {
    let literal = Literal {
        text: value.to_owned(),
        quoted: false,
        column: value_at,
    };
    Condition::Any(path(name, at), Test::OneOf(vec![literal]))
}

#[test]
fn and_binds_closer_than_or_and_not_closest() {
    // Columns count from the T of the whole query.
    let expected = Condition::Or(vec![
        is("a", 9, "1", 13),
        Condition::And(vec![
            Condition::Not(Box::new(is("b", 22, "2", 26))),
            is("c.d", 32, "x/y", 38),
        ]),
    ]);
    assert_eq!(parse("a = 1 or not b = 2 and c.d = x/y"), expected);
    let grouped = Condition::And(vec![
        Condition::Or(vec![is("a", 10, "1", 14), is("b", 19, "2", 23)]),
        is("c", 30, "3", 34),
    ]);
    assert_eq!(parse("(a = 1 or b = 2) and c = 3"), grouped);
}

#[test]
fn the_forms_of_null_mean_the_same() {
    let nothing = Condition::Nothing(path("a.b", 9));
    for text in ["a.b = null", "a.b == NULL", "a.b is null", "a.b IS Null"] {
        assert_eq!(parse(text), nothing, "{text}");
    }
    let something = Condition::Not(Box::new(nothing));
    for text in ["a.b != null", "a.b <> null", "a.b is not null"] {
        assert_eq!(parse(text), something, "{text}");
    }
    // In quotes it is a text like others.
    assert!(matches!(parse("a = 'null'"), Condition::Any(..)));
}

#[test]
fn quotes_hold_everything() {
    let literal = |text: &str| match parse(text) {
        Condition::Any(_, Test::OneOf(values)) => values[0].text.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(literal("a = 'it\\'s \"x\" | and'"), "it's \"x\" | and");
    assert_eq!(literal("a = \"back\\\\slash\""), "back\\slash");
    assert_eq!(literal("a = -12.5e+3"), "-12.5e+3");
    let named = Query::parse("`My Type` where `odd name`.`a.b`.c = 1 | count by `or`").expect("a query");
    assert_eq!(named.type_name, "My Type");
    assert!(matches!(&named.condition, Some(Condition::Any(path, _)) if path.segments == ["odd name", "a.b", "c"]));
    assert!(matches!(&named.then, Then::CountBy(path) if path.segments == ["or"]));
}

#[test]
fn what_is_no_query_is_refused_with_its_place() {
    let error = |text: &str| Query::parse(text).expect_err(text).to_string();
    assert_eq!(
        error(""),
        "expected the name of a type, found the end of the query, column=1"
    );
    assert_eq!(
        error("T when a = 1"),
        "expected where, and, or, | count, or the end, found when, column=3"
    );
    assert_eq!(
        error("T where a = "),
        "expected a value, found the end of the query, column=13"
    );
    assert_eq!(
        error("T where (a = 1"),
        "expected and, or, or ), found the end of the query, column=15"
    );
    assert_eq!(
        error("T where a in 1"),
        "expected ( and a list of values, found 1, column=14"
    );
    assert_eq!(
        error("T where a = 'x"),
        "expected a quote that ends, found the end of the query, column=13"
    );
    assert_eq!(
        error("T where a..b = 1"),
        "expected names of fields, joined by dots, found a..b, column=9"
    );
    assert_eq!(error("T where a = 1 | sum"), "expected count, found sum, column=17");
    assert_eq!(
        error("T where a ~ 1"),
        "expected a name, a value or an operator, found '~', column=11"
    );
    let deep = format!("T where {}a = 1", "not ".repeat(MAX_DEPTH));
    let QueryError { column, .. } = Query::parse(&deep).expect_err("too deep");
    assert_eq!(column, 9 + 4 * MAX_DEPTH);
    assert!(Query::parse(&deep.replacen("not ", "", 1)).is_ok());
    assert!(Query::parse(&format!("T where a = '{}'", "x".repeat(1 << 16))).is_err());
}
