//! `doctor`: whether everything a dataset needs is there and does what it should.

use super::failure::{Answer, print, print_json, printable};
use super::status::Standing;
use super::target;
use super::time;
use anyhow::Result;
use hollow::store::Store;
use incremental_producer::config::DatasetConfig;
use incremental_producer::source::kafka::{KafkaSettings, KafkaSource};
use incremental_producer::source::{LogView, Source, SourceError, plan};
use serde_json::json;
use std::path::PathBuf;

/// How far clocks may be apart, in milliseconds.
const CLOCK_MS: u64 = 60_000;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Prints JSON, and errors as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    Note,
    Fail,
}

/// What was found out about one dataset.
#[derive(Default)]
struct Findings(Vec<(&'static str, Verdict, String)>);

impl Findings {
    fn add(&mut self, what: &'static str, verdict: Verdict, text: impl Into<String>) {
        self.0.push((what, verdict, text.into()));
    }

    fn has_failures(&self) -> bool {
        self.0.iter().any(|(_, verdict, _)| *verdict == Verdict::Fail)
    }
}

/// The answer is no if anything is not in order.
pub(super) fn doctor(arguments: &Arguments) -> Result<Answer> {
    let config = target::read(&arguments.config)?;
    let (mut text, mut documents, mut answer) = (String::new(), Vec::new(), Answer::Yes);
    for dataset in &config.datasets {
        let findings = examine(dataset);
        if findings.has_failures() {
            answer = Answer::No;
        }
        let word = |verdict: &Verdict| match verdict {
            Verdict::Ok => "ok",
            Verdict::Note => "note",
            Verdict::Fail => "FAIL",
        };
        text += &format!("{}\n", dataset.settings.name);
        for (what, verdict, found) in &findings.0 {
            text += &format!("  {:<5} {what:<13} {}\n", word(verdict), printable(found));
        }
        let found = findings.0.iter().map(
            |(what, verdict, found)| json!({"what": what, "verdict": word(verdict).to_lowercase(), "found": found}),
        );
        documents.push(json!({"dataset": dataset.settings.name, "findings": found.collect::<Vec<_>>()}));
    }
    match arguments.json {
        true => print_json(&json!({"schema": 1, "datasets": documents}))?,
        false => print(&text)?,
    }
    Ok(answer)
}

fn examine(dataset: &DatasetConfig) -> Findings {
    let mut findings = Findings::default();
    findings.add(
        "schema",
        Verdict::Ok,
        format!("{} types, root={}", dataset.codec.dataset().len(), dataset.codec.root()),
    );
    let standing = store(dataset, &mut findings);
    let view = look(dataset, &dataset.topic);
    topic(dataset, standing.as_ref(), view, &mut findings);
    match look(dataset, &dataset.dead_letter_topic) {
        Ok(view) => findings.add(
            "dead letters",
            Verdict::Ok,
            format!(
                "topic={} partitions={}",
                dataset.dead_letter_topic,
                view.partitions.len()
            ),
        ),
        Err(error) => findings.add(
            "dead letters",
            Verdict::Fail,
            format!("{error}; create the topic, or name another with `dead_letter_topic`"),
        ),
    }
    findings
}

fn store(dataset: &DatasetConfig, findings: &mut Findings) -> Option<Standing> {
    let store = match Store::open_existing_at(&dataset.store) {
        Ok(store) => store,
        Err(hollow::store::StoreError::Absent { .. }) => {
            findings.add(
                "store",
                Verdict::Note,
                format!("store={} is not there yet; `run` makes it", dataset.store),
            );
            return None;
        }
        Err(error) => {
            findings.add("store", Verdict::Fail, chain(&error));
            return None;
        }
    };
    match store.registers().prove() {
        Ok(()) => findings.add(
            "store",
            Verdict::Ok,
            format!("store={} writes under conditions only", dataset.store),
        ),
        Err(error) => findings.add("store", Verdict::Fail, chain(&error)),
    }
    let standing = match Standing::of(&store) {
        Ok(standing) => standing,
        Err(error) => {
            findings.add("announced", Verdict::Fail, format!("{error:#}"));
            return None;
        }
    };
    match standing.head() {
        None => findings.add("announced", Verdict::Note, "nothing yet"),
        Some((head, manifest)) => {
            let now = time::now();
            findings.add(
                "announced",
                Verdict::Ok,
                format!("version={} made {}", head.version, time::ago(manifest.created_at, now)),
            );
            let ahead = manifest.created_at.max(head.announced_at).saturating_sub(now);
            match ahead > CLOCK_MS {
                true => findings.add(
                    "clock",
                    Verdict::Fail,
                    format!(
                        "the announced version was made {} s from now: this clock or the producer's is wrong",
                        ahead / 1000
                    ),
                ),
                false => findings.add("clock", Verdict::Ok, time::utc(now)),
            }
            match manifest.schema_hash == dataset.codec.dataset().schema_hash() {
                true => findings.add("schema", Verdict::Ok, "the announced version has it"),
                false => findings.add(
                    "schema",
                    Verdict::Note,
                    "the announced version has another one: the next version changes it, and consumers load a snapshot if it cannot",
                ),
            }
        }
    }
    match standing.held() {
        None => findings.add("hold", Verdict::Ok, "none"),
        Some(held) => findings.add("hold", Verdict::Fail, held),
    }
    Some(standing)
}

fn look(dataset: &DatasetConfig, topic: &str) -> Result<LogView, SourceError> {
    let mut source = KafkaSource::new(KafkaSettings {
        bootstrap_servers: dataset.bootstrap_servers.clone(),
        topic: topic.to_owned(),
        log: dataset.log.clone(),
        group: format!("doctor-{}", dataset.settings.name),
        client: dataset.client.clone(),
    });
    source.look()
}

fn topic(
    dataset: &DatasetConfig,
    standing: Option<&Standing>,
    view: Result<LogView, SourceError>,
    findings: &mut Findings,
) {
    let view = match view {
        Ok(view) => view,
        Err(error) => return findings.add("topic", Verdict::Fail, error.to_string()),
    };
    findings.add(
        "topic",
        Verdict::Ok,
        format!(
            "topic={} partitions={} log={} topic id={}",
            dataset.topic,
            view.partitions.len(),
            view.log,
            view.topic_id.as_deref().unwrap_or("none"),
        ),
    );
    let position = standing.and_then(Standing::position);
    match plan(&dataset.topic, position.as_ref(), &view, dataset.settings.new_log) {
        Ok(plan) => {
            let behind = plan.cut.distance_from(&plan.start.offsets);
            findings.add(
                "lag",
                Verdict::Ok,
                format!("{behind} offsets lie between the announced version and the log's ends"),
            );
        }
        Err(halt) => findings.add("log", Verdict::Fail, halt.to_string()),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
