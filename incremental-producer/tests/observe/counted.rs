//! What the parts of a running service count by themselves.

use crate::exposition::Exposition;
use crate::program::{Program, Setting, emitter};
use crate::run::mock;
use std::time::Duration;

#[test]
fn what_kafka_clients_tell_and_what_checks_refuse_is_counted() {
    let mock = mock();
    let more = format!(
        "store = \"titles\"\nlog = \"{}\"\n[[dataset.checks.by_value]]\nfield = \"name\"\nmin_records = {{ DE = 20 }}",
        mock.log()
    );
    let setting = Setting::new(mock.bootstrap_servers(), &more);
    let emitter = emitter(&mock);
    let emit = |ids: std::ops::Range<i64>, payload: Option<&str>| {
        for id in ids {
            let (key, payload) = (
                format!("[{id}]"),
                payload.map(|name| format!("{{\"id\":{id},\"name\":\"{name}\"}}")),
            );
            let payload = payload.as_deref().map(str::as_bytes);
            emitter.emit("titles", key.as_bytes(), payload, 0, None).expect("room");
        }
        emitter.flush(Duration::from_secs(60)).expect("delivered");
    };
    emit(0..20, Some("DE"));
    emit(20..100, Some("FR"));
    let mut program = Program::start(&setting.config, &[]);
    let until = |name: &str, labels: &[(&str, &str)], least: f64| {
        program.until("/metrics", |answer| {
            let metrics = Exposition::parse(&answer.body).expect("well-formed");
            let found = metrics.value(&format!("incremental_producer_{name}"), labels);
            found >= Some(least)
        });
    };
    until("records", &[], 100.0);
    let source = ("client", "source");
    until("kafka_connects_total", &[source], 1.0);
    until("kafka_brokers", &[source, ("state", "up")], 1.0);

    emit(0..19, None);
    let check = ("validator", "records-by-value(Title, name)");
    until("refusals_total", &[check], 1.0);
    let held = program.until("/status", |answer| {
        answer.json()["datasets"][0]["last_error"].is_string()
    });
    let error = held.json()["datasets"][0]["last_error"].to_string();
    assert!(error.contains("fell from 20 to"), "{error}");

    mock.set_down(true).expect("told");
    until("kafka_errors_total", &[source, ("class", "connection")], 1.0);
    program.signal("TERM");
    assert_eq!(program.wait(), Some(0));
}
