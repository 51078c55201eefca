//! The files for those who run it: they parse, and name only what exists.

use crate::exposition::Exposition;
use crate::pages::everything;
use incremental_producer::config::Config;
use incremental_producer::observe::Moment;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn yaml(path: &str) -> Value {
    serde_yaml_ng::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(path: &str) -> Value {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What can be asked for: names of series, each with its labels.
fn series() -> BTreeMap<String, BTreeSet<String>> {
    let (observer, sights) = everything();
    let text = observer.metrics(&sights, Moment::now());
    let found = Exposition::parse(&text).expect("well-formed");
    let owned = |names: BTreeSet<&str>| {
        names
            .into_iter()
            .map(str::to_owned)
            .chain(["job".into(), "instance".into()])
            .collect()
    };
    let mut series: BTreeMap<String, BTreeSet<String>> = found
        .names()
        .into_iter()
        .map(|(name, labels)| (name.to_owned(), owned(labels)))
        .collect();
    series.insert("up".into(), owned(BTreeSet::new())); // Prometheus' own
    series
}

const FUNCTIONS: [&str; 14] = [
    "sum",
    "min",
    "max",
    "count",
    "rate",
    "increase",
    "resets",
    "deriv",
    "topk",
    "histogram_quantile",
    "min_over_time",
    "max_over_time",
    "label_values",
    "avg",
];
/// Words that are followed by a list of labels.
const GROUPINGS: [&str; 6] = ["by", "on", "ignoring", "without", "group_left", "group_right"];
const OPERATORS: [&str; 4] = ["and", "or", "unless", "bool"];

/// Whether a word calls a function: `sum(…)`, `sum by (…) (…)`.
fn is_call(word: &str, after: &str) -> bool {
    FUNCTIONS.contains(&word) && ["(", "by (", "without ("].iter().any(|start| after.starts_with(start))
}

/// Checks every name in a query.
fn check_query(query: &str, series: &BTreeMap<String, BTreeSet<String>>) -> Result<(), String> {
    let mut labels: BTreeSet<&str> = BTreeSet::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut metrics = 0;
    let mut rest = query;
    let mut grouping = false;
    while let Some(c) = rest.chars().next() {
        if c == '"' {
            let end = rest[1..].find('"').ok_or("a string that does not end")?;
            rest = &rest[end + 2..];
        } else if c == '[' {
            let end = rest.find(']').ok_or("a range that does not end")?;
            let range = &rest[1..end];
            let known = range == "$__rate_interval"
                || range
                    .strip_suffix(['m', 'h'])
                    .is_some_and(|number| number.parse::<u32>().is_ok());
            if !known {
                return Err(format!("no range: {range}"));
            }
            rest = &rest[end + 1..];
        } else if c.is_ascii_digit() {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        } else if c.is_ascii_alphabetic() || c == '_' {
            let end = rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            rest = after;
            let next = after.trim_start().chars().next();
            let selects = matches!(next, Some('=' | '!')) && !after.trim_start().starts_with("==");
            if GROUPINGS.contains(&word) {
                grouping = next == Some('(');
            } else if grouping || selects {
                used.insert(word);
            } else if is_call(word, after.trim_start()) || OPERATORS.contains(&word) {
                // Nothing that is looked up.
            } else if let Some(of) = series.get(word) {
                metrics += 1;
                labels.extend(of.iter().map(String::as_str));
            } else if query.starts_with("label_values") {
                used.insert(word);
            } else {
                return Err(format!("nothing is called {word}"));
            }
        } else {
            grouping &= c != ')';
            rest = &rest[c.len_utf8()..];
        }
    }
    let balanced = |open, close| query.matches(open).count() == query.matches(close).count();
    if metrics == 0 || !balanced('(', ')') || !balanced('{', '}') {
        return Err("no query".into());
    }
    match used.difference(&labels).next() {
        Some(label) => Err(format!("no label is called {label}")),
        None => Ok(()),
    }
}

#[test]
fn a_query_that_names_what_is_not_there_is_found() {
    let series = series();
    let check = |query: &str| check_query(query, &series);
    for good in [
        "up == 0",
        "sum by (dataset) (rate(incremental_producer_cycles_total{result=\"failed\"}[5m])) > 0.5",
        "incremental_producer_phase{phase=~\"a|b\"} == 1 and on (dataset) incremental_producer_ready",
    ] {
        check(good).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    for bad in [
        "incremental_producer_cycles",
        "incremental_producer_cycles_total{reslt=\"failed\"}",
        "sum by (datset) (incremental_producer_ready)",
        "quantil(incremental_producer_ready)",
        "rate(incremental_producer_cycles_total[5x])",
        "sum(incremental_producer_ready",
        "1 > 0",
    ] {
        assert!(check(bad).is_err(), "{bad}");
    }
}

/// Anchors of a document's headings, as they are linked to.
fn anchors(markdown: &str) -> BTreeSet<String> {
    let headings = markdown.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let text = line.trim_start_matches('#').trim().to_lowercase();
            let kept = text
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn every_alert_asks_for_what_exists_and_leads_into_the_runbook() {
    let (series, alerts) = (series(), yaml("deploy/alerts.yaml"));
    let runbook = read("../docs/runbook.md");
    let anchors = anchors(&runbook);
    let rules = alerts["groups"][0]["rules"].as_array().expect("rules");
    assert!(rules.len() >= 15);
    let mut names = BTreeSet::new();
    for rule in rules {
        let name = rule["alert"].as_str().expect("a name");
        assert!(names.insert(name), "{name} is there twice");
        let query = rule["expr"].as_str().expect("a query");
        check_query(query, &series).unwrap_or_else(|error| panic!("{name}: {error}"));
        let severity = rule["labels"]["severity"].as_str();
        assert!(matches!(severity, Some("page" | "warn")), "{name}: {severity:?}");
        assert!(
            rule["annotations"]["summary"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{name}"
        );
        let link = rule["annotations"]["runbook"].as_str().expect("a link");
        let anchor = link
            .strip_prefix("docs/runbook.md#")
            .unwrap_or_else(|| panic!("{name}: {link}"));
        assert!(anchors.contains(anchor), "{name}: {anchor} is none of {anchors:?}");
        assert!(runbook.contains(name), "{name} is not named in the runbook");
    }
}

#[test]
fn the_dashboard_asks_for_what_exists_and_shows_everything() {
    let (series, dashboard) = (series(), json("deploy/dashboard.json"));
    let mut shown = String::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().expect("targets") {
            let query = target["expr"].as_str().expect("a query");
            check_query(query, &series).unwrap_or_else(|error| panic!("{}: {error}: {query}", panel["title"]));
            shown.push_str(query);
        }
    }
    for variable in dashboard["templating"]["list"].as_array().expect("variables") {
        if let Some(query) = variable["definition"].as_str() {
            check_query(query, &series).unwrap_or_else(|error| panic!("{query}: {error}"));
        }
    }
    let (observer, sights) = everything();
    let text = observer.metrics(&sights, Moment::now());
    for family in Exposition::parse(&text).expect("well-formed").families.keys() {
        // Numbers that mean something only one by one.
        let apart = ["_build_info", "_version", "_folded_offset"]
            .iter()
            .any(|end| family.ends_with(end));
        assert!(apart || shown.contains(family.as_str()), "{family} is shown nowhere");
    }
}

#[test]
fn the_local_set_up_is_whole() {
    let compose = yaml("deploy/compose.yaml");
    let services = compose["services"].as_object().expect("services");
    for (name, service) in services {
        for needed in service["depends_on"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(needed, _)| needed)
        {
            assert!(services.contains_key(needed), "{name} needs {needed}");
        }
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let volume = volume.as_str().expect("a volume");
            let (from, _) = volume.split_once(':').expect("two sides");
            match from.strip_prefix("./") {
                Some(file) => assert!(root().join("deploy").join(file).is_file(), "{name}: {file}"),
                None => assert!(compose["volumes"].get(from).is_some(), "{name}: {from}"),
            }
        }
        for port in service["ports"].as_array().into_iter().flatten() {
            assert!(
                port.as_str().is_some_and(|port| port.starts_with("127.0.0.1:")),
                "{name}: {port}"
            );
        }
    }
    assert!(root().join("deploy/Dockerfile").is_file());
    assert_eq!(
        yaml("deploy/compose/prometheus.yaml")["scrape_configs"][0]["job_name"],
        "incremental-producer"
    );
    let config = Config::parse(&read("deploy/compose/producer.toml"), Path::new("/")).expect("a configuration");
    assert_eq!(config.observe.listen.map(|address| address.port()), Some(9188));
    let keys = json("deploy/compose/s3.json")["identities"][0]["credentials"][0].clone();
    let environment = &services["producer"]["environment"];
    assert_eq!(keys["accessKey"], environment["AWS_ACCESS_KEY_ID"]);
    assert_eq!(keys["secretKey"], environment["AWS_SECRET_ACCESS_KEY"]);
}

/// Statements of a policy that allow something: actions and places.
fn allowed(role: &str) -> Vec<(String, String)> {
    let policy = json(&format!("deploy/iam/{role}.json"));
    assert_eq!(policy["Version"], "2012-10-17", "{role}");
    let statements = policy["Statement"].as_array().expect("statements");
    let each = |statement: &Value| {
        assert_eq!(statement["Effect"], "Allow", "{role}");
        let list = |key: &str| {
            statement[key]
                .as_array()
                .cloned()
                .unwrap_or_else(|| panic!("{role}: {key}"))
        };
        let (actions, places) = (list("Action"), list("Resource"));
        let pair = move |action: &Value| {
            let action = action.as_str().expect("an action").to_owned();
            let place = |place: &Value| (action.clone(), place.as_str().expect("a place").to_owned());
            places.iter().map(place).collect::<Vec<_>>()
        };
        actions.iter().flat_map(pair).collect::<Vec<_>>()
    };
    statements.iter().flat_map(each).collect()
}

#[test]
fn no_role_may_do_the_work_of_another() {
    let may = |role: &str, action: &str, name: &str| {
        let wanted = format!("arn:aws:s3:::BUCKET/PREFIX/{name}");
        allowed(role).iter().any(|(allowed, place)| {
            let fits = place
                .strip_suffix('*')
                .map_or(place == &wanted, |start| wanted.starts_with(start));
            allowed == action && fits
        })
    };
    let (put, delete, get) = ("s3:PutObject", "s3:DeleteObject", "s3:GetObject");
    for (role, action, name, expected) in [
        ("producer", put, "blobs/x", true),
        ("producer", put, "manifests/x", true),
        ("producer", put, "quarantine/x", true),
        ("producer", put, "head", true),
        ("producer", put, "proving/x", true),
        ("producer", delete, "proving/x", true),
        ("producer", delete, "blobs/x", false),
        ("producer", put, "pin", false),
        ("producer", put, "hold", false),
        ("collector", delete, "blobs/x", true),
        ("collector", delete, "head", false),
        ("collector", put, "head", false),
        ("consumer", get, "blobs/x", true),
        ("consumer", get, "head", true),
        ("consumer", get, "quarantine/x", false),
        ("consumer", put, "head", false),
        ("consumer", delete, "blobs/x", false),
        ("operator", put, "pin", true),
        ("operator", put, "hold", true),
        ("operator", put, "head", false),
        ("operator", delete, "blobs/x", false),
    ] {
        assert_eq!(may(role, action, name), expected, "{role} {action} {name}");
    }
    for role in ["producer", "collector", "consumer", "operator"] {
        assert!(allowed(role).iter().all(|(action, _)| !action.contains('*')), "{role}");
    }
    let bucket = json("deploy/iam/bucket-policy.json");
    assert!(
        bucket["Statement"]
            .as_array()
            .expect("statements")
            .iter()
            .all(|statement| statement["Effect"] == "Deny")
    );
    assert!(json("deploy/iam/bucket-lifecycle.json")["Rules"][0]["AbortIncompleteMultipartUpload"].is_object());
}

#[test]
fn a_supervisor_leaves_what_needs_a_person() {
    let unit = read("deploy/incremental-producer.service");
    let of = |key: &str| {
        let line = unit.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{key} is missing"))
    };
    assert_eq!((of("Restart"), of("RestartPreventExitStatus")), ("on-failure", "2 6"));
    assert_eq!(
        (of("DynamicUser"), of("ProtectSystem"), of("NoNewPrivileges")),
        ("yes", "strict", "yes")
    );
    assert_eq!(of("StateDirectory"), "incremental-producer");
    assert!(of("ExecStart").starts_with("/usr/local/bin/incremental-producer run --config "));
    let seconds: u64 = of("TimeoutStopSec").trim_end_matches('s').parse().expect("seconds");
    assert!(seconds > 10, "the program takes up to 10 s");
    for line in unit
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with(['#', '[']))
    {
        assert!(line.contains('='), "{line}");
    }
}

#[test]
fn documents_lead_to_files_that_are_there() {
    for (path, folder) in [("deploy/README.md", "deploy"), ("../docs/runbook.md", "../docs")] {
        let text = read(path);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if link.starts_with("http") {
                continue;
            }
            let target = if file.is_empty() {
                text.clone()
            } else {
                read(&format!("{folder}/{file}"))
            };
            assert!(anchor.is_empty() || anchors(&target).contains(anchor), "{path}: {link}");
        }
    }
}
