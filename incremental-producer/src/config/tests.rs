mod by_value;

use super::*;

const SCHEMA: &str = "Title @PrimaryKey(id) { long id; string name; }";

fn parse(text: &str) -> Result<Config, ConfigError> {
    let text = text.replace("SCHEMA", SCHEMA);
    Config::parse_with(&text, Path::new("/etc/producer"), &|name| {
        (name == "KAFKA_PASSWORD").then(|| "secret".into())
    })
}

fn whole(error: ConfigError) -> String {
    let causes = std::iter::successors(Some(&error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(" / ")
}

const LEAST: &str = r#"
    [[dataset]]
    name = "titles"
    schema = "SCHEMA"
    root = "Title"
    store = "data/titles"
    bootstrap_servers = "kafka-1:9092,kafka-2:9092"
"#;

#[test]
fn little_must_be_said() {
    let config = parse(LEAST).expect("a configuration");
    let [dataset] = config.datasets.as_slice() else {
        panic!("one dataset")
    };
    assert_eq!(dataset.settings.name, "titles");
    assert_eq!(dataset.settings.cadence, Duration::from_secs(30));
    assert_eq!(dataset.settings.new_log, NewLog::Halt);
    assert_eq!(dataset.settings.republish_after_messages, 100_000);
    assert_eq!(dataset.store, "/etc/producer/data/titles");
    assert_eq!(
        (dataset.topic.as_str(), dataset.dead_letter_topic.as_str()),
        ("titles", "titles.dlq")
    );
    assert_eq!(
        (dataset.snapshot_every, dataset.keep_versions, &dataset.log),
        (None, None, &None)
    );
}

#[test]
fn defaults_hold_for_every_dataset_that_says_nothing_else() {
    let text = r#"
        [defaults]
        schema = "SCHEMA"
        bootstrap_servers = "kafka:9092"
        cadence = "250ms"
        new_log = "start-generation"
        client = { "security.protocol" = "SASL_SSL", "fetch.wait.max.ms" = 50, "sasl.password" = { env = "KAFKA_PASSWORD" } }

        [[dataset]]
        name = "titles"
        root = "Title"
        store = "/data/titles"

        [[dataset]]
        name = "texts"
        schema = "SCHEMA"
        root = "Title"
        store = "texts"
        topic = "texts.v2"
        cadence = "5m"
        keep_versions = 100
        client = { "fetch.wait.max.ms" = 10 }
    "#;
    let config = parse(text).expect("a configuration");
    let [titles, texts] = config.datasets.as_slice() else {
        panic!("two datasets")
    };
    assert_eq!(titles.settings.cadence, Duration::from_millis(250));
    assert_eq!(titles.settings.new_log, NewLog::StartGeneration);
    assert_eq!(titles.store, "/data/titles");
    assert_eq!(texts.settings.cadence, Duration::from_secs(300));
    assert_eq!(
        (texts.dead_letter_topic.as_str(), texts.keep_versions),
        ("texts.v2.dlq", Some(100))
    );
    let client = texts.client.client("kafka:9092", &[], &[]);
    assert_eq!(client.get("fetch.wait.max.ms"), Some("10"));
    assert_eq!(client.get("security.protocol"), Some("SASL_SSL"));
    assert_eq!(client.get("sasl.password"), Some("secret"));
}

#[test]
fn sweeps_and_dead_letters_have_tables_of_their_own() {
    let text = format!(
        r#"
        [defaults.sweep]
        most_removed = "2.5%"
        [defaults.dead_letters]
        policy = "halt"
        {LEAST}
        [dataset.dead_letters]
        most_share = "1%"
        most_in_a_row = 7
        least_messages = 100
        window = 1000
        most_message_bytes = 65536
        "#
    );
    let config = parse(&text).map_err(whole).expect("a configuration");
    let settings = &config.datasets[0].settings;
    assert_eq!(settings.most_removed.to_string(), "2.5%");
    let letters = &settings.letters;
    // As a whole table: nothing of the defaults is left in it.
    assert_eq!(letters.policy, crate::dead_letter::LetterPolicy::SetAside);
    assert_eq!(
        (letters.most_share.to_string().as_str(), letters.most_in_a_row),
        ("1%", 7)
    );
    assert_eq!(
        (letters.least_messages, letters.window, letters.most_message_bytes),
        (100, 1000, 65536)
    );
    let config = parse(LEAST).expect("a configuration");
    assert_eq!(config.datasets[0].settings.most_removed.to_string(), "10%");
    assert_eq!(
        config.datasets[0].settings.letters,
        crate::dead_letter::LetterSettings::default()
    );
}

#[test]
fn mistakes_are_told() {
    let with = |line: &str| format!("{LEAST}\n{line}");
    let without = |key: &str| {
        LEAST
            .lines()
            .filter(|line| !line.contains(key))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let instead = |from: &str, to: &str| LEAST.replace(from, to);
    for (text, expected) in [
        (String::new(), "no dataset is configured"),
        ("dataset = 3".into(), "the configuration does not make sense"),
        (with("cadense = \"3s\""), "unknown field `cadense`"),
        (
            format!("[defaults]\nname = \"all\"\n{LEAST}"),
            "`name` must be given for each dataset",
        ),
        (with("[extra]"), "unknown field `extra`"),
        (with("cadence = 3"), "expected a string"),
        (
            with("cadence = \"3\""),
            "dataset=titles cannot be folded as configured / `cadence` must be a time such as 250ms",
        ),
        (with("cadence = \"1ms\""), "`cadence` must be a time"),
        (with("cadence = \"99999999999999999999h\""), "`cadence` must be a time"),
        (
            with("snapshot_every = 0"),
            "`snapshot_every` must be a number above 0, found=\"0\"",
        ),
        (with("new_log = \"whatever\""), "expected `halt` or `start-generation`"),
        (with("topic = \"a b\""), "`topic` must be 1 to 249 letters"),
        (
            with("dead_letter_topic = \"titles\""),
            "`dead_letter_topic` must be another topic",
        ),
        (with("log = \"\""), "`log` must be a text"),
        (with("schema_file = \"x\""), "give either `schema` or `schema_file`"),
        (
            with("client = { \"auto.offset.reset\" = \"latest\" }"),
            "an offset that is gone must be an error",
        ),
        (with("client = { \"plugin.library.paths\" = \"x\" }"), "it loads code"),
        (
            with("client = { \"sasl.password\" = { env = \"NOT_SET\" } }"),
            "environment variable NOT_SET, which is not set",
        ),
        (
            with("[dataset.sweep]\nmost_removed = \"10\""),
            "`sweep.most_removed` must be a share from 0% to 100%, such as 0.1%, found=\"10\"",
        ),
        (with("[dataset.sweep]\nmost = \"10%\""), "unknown field `most`"),
        (
            with("[dataset.dead_letters]\npolicy = \"ignore\""),
            "expected `set-aside` or `halt`",
        ),
        (
            with("[dataset.dead_letters]\nwindow = 100"),
            "`dead_letters.window` must be at least twice `least_messages`",
        ),
        (
            without("name ="),
            "dataset=#1 cannot be folded as configured / `name` is missing",
        ),
        (
            without("root ="),
            "dataset=titles cannot be folded as configured / `root` is missing",
        ),
        (without("store ="), "`store` is missing"),
        (without("bootstrap_servers"), "`bootstrap_servers` is missing"),
        (without("schema ="), "give either `schema` or `schema_file`"),
        (
            instead("\"titles\"", "\"../titles\""),
            "`name` must be 1 to 64 lower-case letters",
        ),
        (instead("\"Title\"", "\"Movie\""), "no such type, type=Movie"),
        (instead("SCHEMA", "Title { long id; }"), "no primary key"),
        (instead("SCHEMA", "Title {"), "the schema is wrong / line 1"),
        (
            instead("kafka-1:9092", "kafka-1"),
            "`bootstrap_servers` must be host:port",
        ),
        (
            with("[dataset.checks]\nmin_record = { Title = 1 }"),
            "unknown field `min_record`",
        ),
        (
            with("[dataset.checks]\nmin_records = { Titel = 1 }"),
            "`checks` must be limits of types of the schema, found=\"Titel\"",
        ),
        (
            with("[dataset.checks]\nmin_records = { Title = -1 }"),
            "`checks.min_records` must be a number of records",
        ),
        (
            with("[dataset.checks]\nmax_removed_percent = -1"),
            "`checks.max_removed_percent` must be a number of percent",
        ),
        (
            with("[dataset.checks]\nmax_changed_percent = nan"),
            "`checks.max_changed_percent` must be a number of percent",
        ),
        (
            with("[dataset.checks]\nwindow = \"1ms\""),
            "`checks.window` must be a time",
        ),
        (
            with("[dataset.checks]\nkeep_refused = 0"),
            "`checks.keep_refused` must be a number from 1",
        ),
        (
            instead(
                "SCHEMA",
                "Title @PrimaryKey(id) { long id; Tag tag; } Tag { string value; }",
            ) + "[dataset.checks]\nunique_keys = [\"Tag\"]",
            "`checks.unique_keys` must be types with a primary key",
        ),
        (format!("{LEAST}{LEAST}"), "is also that of dataset=titles"),
        (
            format!(
                "{LEAST}{}",
                instead("\"titles\"", "\"texts\"").replace("data/titles", "data/texts") + "topic = \"titles\""
            ),
            "`topic` is also that of dataset=titles",
        ),
    ] {
        let found = whole(parse(&text).expect_err(&text));
        assert!(
            found.contains(expected),
            "{text}\n expected {expected}\n found    {found}"
        );
    }
}

#[test]
fn the_example_is_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/incremental-producer.toml");
    let config = Config::read(&path).map_err(whole).expect("a configuration");
    let names: Vec<&str> = config
        .datasets
        .iter()
        .map(|dataset| dataset.settings.name.as_str())
        .collect();
    assert_eq!(names, ["titles", "countries"]);
    assert_eq!(config.datasets[1].settings.cadence, Duration::from_secs(300));
}

#[test]
fn checks_become_validators() {
    let names = |text: &str| -> Vec<String> {
        let dataset = parse(text).map_err(whole).expect("a configuration").datasets.remove(0);
        let validators = dataset.checks.validators(dataset.codec.root());
        validators.iter().map(|validator| validator.name()).collect()
    };
    assert!(names(LEAST).is_empty());
    let checks = "
        [dataset.checks]
        window = \"30m\"
        min_records = { Title = 10 }
        max_count_change_percent = { Title = 5 }
        max_count_change_percent_per_window = { Title = 7.5 }
        max_changed_percent = 20
        max_changed_percent_per_window = 50
        max_removed_percent = 1
        max_removed_percent_per_window = 5
        unique_keys = [\"Title\"]
    ";
    let expected = [
        "minimum-record-count(Title)",
        "record-count-change(Title)",
        "record-count-change(Title, 1800 s)",
        "changed-records(Title)",
        "changed-records(Title, 1800 s)",
        "removed-records(Title)",
        "removed-records(Title, 1800 s)",
        "duplicate-keys(Title)",
        "null-keys(Title)",
    ];
    assert_eq!(names(&format!("{LEAST}{checks}")), expected);
    // The whole table comes from the defaults, or from the dataset.
    let defaults = format!("[defaults.checks]\nmax_removed_percent = 1\n{LEAST}");
    assert_eq!(names(&defaults), ["removed-records(Title)"]);
    let own = format!("{defaults}\n[dataset.checks]\nmax_changed_percent = 1");
    assert_eq!(names(&own), ["changed-records(Title)"]);
}

#[test]
fn secrets_do_not_show() {
    let text = format!(
        "{LEAST}\nclient = {{ \"sasl.password\" = {{ env = \"KAFKA_PASSWORD\" }}, \"client.id\" = \"secretly\" }}"
    );
    let config = parse(&text).expect("a configuration");
    let shown = format!("{config:?}");
    assert!(shown.contains("sasl.password") && !shown.contains("secret"), "{shown}");
}

#[test]
fn what_is_shown_is_shown_on_this_machine_unless_said_otherwise() {
    let observe = |table: &str| parse(&format!("{LEAST}\n[observe]\n{table}")).map(|config| config.observe);
    let default = observe("").expect("nothing is needed");
    assert_eq!(
        (default.listen, default.log_format),
        (None, crate::observe::LogFormat::Text)
    );
    let said = observe("listen = \"[::1]:9188\"\nlog_format = \"json\"\nstuck_after = \"5m\"").expect("known keys");
    assert_eq!(said.listen, "[::1]:9188".parse().ok());
    assert_eq!(
        (said.log_format, said.stuck_after),
        (crate::observe::LogFormat::Json, Duration::from_secs(300))
    );
    for (table, expected) in [
        ("listen = \"0.0.0.0:9188\"", "allow_remote"),
        ("listen = \"[::]:9188\"", "allow_remote"),
        ("listen = \"9188\"", "an address and a port"),
        ("listen = \"localhost:9188\"", "an address and a port"),
        ("stuck_after = \"1s\"", "`stuck_after` must be"),
        ("log_format = \"xml\"", "unknown variant"),
        ("listne = \"127.0.0.1:1\"", "unknown field `listne`"),
    ] {
        let error = whole(observe(table).expect_err(table));
        assert!(error.contains(expected), "{table}: {error}");
    }
    let remote = observe("listen = \"0.0.0.0:9188\"\nallow_remote = true").expect("said explicitly");
    assert_eq!(remote.listen, "0.0.0.0:9188".parse().ok());
}

#[test]
fn announcements_and_what_else_is_kept_may_be_said() {
    let text = LEAST.replace(
        "[[dataset]]",
        "[defaults.announce]\ntopic = \"announcements\"\n[[dataset]]",
    );
    let announce = |text: &str| parse(text).map(|config| config.datasets[0].announce.clone());
    assert_eq!(announce(LEAST).expect("a configuration"), AnnounceConfig::default());
    let found = announce(&text).expect("a configuration");
    assert_eq!(found.topic.as_deref(), Some("announcements"));
    let own = format!("{text}\n[dataset.announce]\ngrace = \"2h\"\nderived = [\"data/liveness\", \"s3://bucket/p\"]");
    assert_eq!(
        announce(&own).expect("a configuration"),
        AnnounceConfig {
            topic: None, // the table stands for the whole of the defaults
            grace: Duration::from_secs(7200),
            derived: vec!["/etc/producer/data/liveness".into(), "s3://bucket/p".into()],
        }
    );
    for bad in [
        "topic = \"titles\"",
        "topic = \"a b\"",
        "grace = \"soon\"",
        "derived = [\"gs://x\"]",
        "colour = \"red\"",
    ] {
        let error = announce(&format!("{LEAST}\n[dataset.announce]\n{bad}"));
        assert!(error.is_err(), "{bad}");
    }
}
