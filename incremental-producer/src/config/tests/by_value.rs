//! Tables that count records by a field.

use super::*;

#[test]
fn records_are_counted_by_fields_that_can_be_counted_by() {
    const SCHEMAS: &str =
        "Title @PrimaryKey(id) { long id; int year; Tags tags; double score; } Tags Set<Tag>; Tag { string value; }";
    let by_value = |tables: &[&str]| {
        let tables: String = tables
            .iter()
            .map(|table| format!("\n[[dataset.checks.by_value]]\n{table}"))
            .collect();
        let text = format!(
            "{}\n[dataset.checks]\nmax_removed_percent = 1{tables}",
            LEAST.replace("SCHEMA", SCHEMAS)
        );
        parse(&text).map(|mut config| config.datasets.remove(0).checks)
    };
    let tags = "field = \"tags.element\"\nmin_percent_kept = 50.5";
    let years = "type = \"Title\"\nfield = \"year\"\nmin_records = { 1999 = 2, \"-5\" = 1 }";
    let checks = by_value(&[tags, years]).map_err(whole).expect("a configuration");
    let found: Vec<String> = checks
        .validators("Title")
        .iter()
        .map(|validator| validator.name())
        .collect();
    assert_eq!(
        found,
        [
            "removed-records(Title)",
            "records-by-value(Title, tags.element)",
            "records-by-value(Title, year)"
        ]
    );
    assert_eq!(
        checks.by_value[0],
        ByValue {
            type_name: "Title".into(),
            field: "tags.element".into(),
            min_records: BTreeMap::new(),
            min_percent_kept: Some(50.5),
            from_records: 10,
        }
    );
    let field = "field = \"year\"\n";
    for (table, expected) in [
        ("min_percent_kept = 50".to_owned(), "`checks.by_value.field` is missing"),
        (
            field.to_owned(),
            "`checks.by_value.min_records` or `min_percent_kept` is missing",
        ),
        (
            format!("{field}min_percent_kept = 0"),
            "must be a number of percent above 0",
        ),
        (
            format!("{field}min_percent_kept = 100.1"),
            "must be a number of percent above 0",
        ),
        (
            format!("{field}min_percent_kept = nan"),
            "must be a number of percent above 0",
        ),
        (
            format!("{field}min_records = {{ 1999 = 0 }}"),
            "must be a number of records, at least 1",
        ),
        (
            format!("{field}min_records = {{ next = 1 }}"),
            "cannot be counted by / no value of the field",
        ),
        (
            format!("{field}min_percent_kept = 1\nfrom_records = 0"),
            "must be a number of records, at least 1",
        ),
        (
            format!("{field}min_records = {{ 1999 = 1 }}\nfrom_records = 5"),
            "together with `min_percent_kept`",
        ),
        (
            format!("{field}min_percent_kept = 1\ntype = \"Film\""),
            "no such type, type=Film",
        ),
        (format!("{field}min_percent_kept = 1\nmost = 5"), "unknown field `most`"),
        (
            "field = \"score\"\nmin_percent_kept = 1".to_owned(),
            "path=score type=double",
        ),
        (
            "field = \"tags.code\"\nmin_percent_kept = 1".to_owned(),
            "has no field=code",
        ),
    ] {
        let error = whole(by_value(&[&table]).expect_err(&table));
        assert!(error.contains(expected), "{table}: {error}");
    }
    let error = whole(by_value(&[tags, tags]).expect_err("the same twice"));
    assert!(
        error.contains("must be one table for a field, found=\"Title, tags.element\""),
        "{error}"
    );
}
