use super::*;

const CANARY: &str = "canary-5f1d";

fn file(password: &str, more: &str) -> String {
    format!(
        r#"
        [database]
        host = "db"
        name = "catalogue"
        user = "connector"
        password = {password}
        [kafka]
        bootstrap_servers = "k:9092"
        [kafka.client]
        "sasl.password" = {{ env = "KAFKA" }}
        [[dataset]]
        name = "titles"
        schema_file = "titles.hollow"
        root = "Title"
        {more}
        "#
    )
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    let directory = tempfile::tempdir().expect("a directory");
    let schema = "Title @PrimaryKey(id) { long id; }";
    std::fs::write(directory.path().join("titles.hollow"), schema).expect("a file");
    std::fs::write(directory.path().join("secret"), format!("{CANARY}\n")).expect("a file");
    Config::parse(text, directory.path(), &|name| {
        (name == "KAFKA" || name == "DB").then(|| CANARY.to_owned())
    })
}

fn reason(text: &str) -> String {
    crate::service::causes(&parse(text).expect_err("refused"))
}

#[test]
fn secrets_are_read_and_never_shown() {
    for given in [r#"{ env = "DB" }"#, r#"{ file = "secret" }"#] {
        let config = parse(&file(given, "")).expect("a configuration");
        assert_eq!(config.database.password.as_ref().map(Secret::reveal), Some(CANARY));
        assert!(!format!("{config:?}").contains(CANARY));
    }
    // Given in the file itself it is refused, and not repeated; nor is the line of another mistake.
    for wrong in [
        format!("\"{CANARY}\""),
        format!("[\"{CANARY}\"]"),
        format!("{{ env = \"DB\", text = \"{CANARY}\" }}"),
        format!("\"{CANARY}"),
        format!("{{ text = \"{CANARY}\" }}"),
    ] {
        let reason = reason(&file(&wrong, ""));
        assert!(!reason.contains(CANARY), "{reason}");
    }
    let plain = reason(&file(&format!("\"{CANARY}\""), ""));
    assert!(plain.contains("\"password\" is a secret"), "{plain}");
    let kafka = file("{ env = \"DB\" }", "").replace("{ env = \"KAFKA\" }", &format!("\"{CANARY}\""));
    let plain = reason(&kafka);
    assert!(
        plain.contains("\"sasl.password\" is a secret") && !plain.contains(CANARY),
        "{plain}"
    );
}

#[test]
fn mistakes_are_named() {
    let good = r#"{ env = "DB" }"#;
    for (more, expected) in [
        ("colour = 1", "unknown field `colour`"),
        ("batch = 0", "`batch` must be a number above 0"),
        ("poll = \"1\"", "`poll` must be a time"),
        ("on_refused = \"ignore\"", "unknown variant `ignore`"),
        (
            "[dataset.sweep]\ntable = \"t\"\nkey = [\"a\", \"b\"]",
            "[dataset titles]: `key` must be a column for each part",
        ),
    ] {
        let reason = reason(&file(good, more));
        assert!(reason.contains(expected), "{reason}");
    }
    assert!(reason(&file(r#"{ env = "ELSE" }"#, "")).contains("variable ELSE, which is not set"));
    let twice = file(
        good,
        "[[dataset]]\nname = \"titles\"\nschema_file = \"titles.hollow\"\nroot = \"Title\"",
    );
    assert!(reason(&twice).contains("two datasets have the same name"));
}

#[test]
fn the_example_is_a_configuration() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let text = std::fs::read_to_string(directory.join("postgres-connector.toml")).expect("a file");
    let config = Config::parse(&text, &directory, &|_| Some("secret".to_owned())).expect("a configuration");
    let sweep = config.datasets[0].sweep.as_ref().expect("a sweep");
    assert_eq!((sweep.chunk, sweep.table.as_str()), (1000, "public.titles"));
    assert!(config.database.tls);
}
