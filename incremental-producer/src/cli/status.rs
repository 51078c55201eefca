//! `status`: how datasets are, from their stores alone. Works while nothing runs.

use super::failure::{Answer, Known, print, print_json, printable};
use super::target;
use super::time;
use anyhow::{Context, Result};
use hollow::store::{Head, Manifest, Register, Store};
use incremental_producer::config::DatasetConfig;
use incremental_producer::control::{
    ACCEPTED_CANDIDATE, Acceptance, Candidate, Hold, Streak, candidates, last_versions, read_register,
};
use incremental_producer::source::LogPosition;
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The dataset's name in the configuration file; all of them without.
    #[arg(value_name = "DATASET")]
    dataset: Option<String>,
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Prints JSON, and errors as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// The answer is no if a dataset has nothing announced, or waits for a person.
pub(super) fn status(arguments: &Arguments) -> Result<Answer> {
    let config = target::read(&arguments.config)?;
    let is_meant = |dataset: &&DatasetConfig| {
        arguments
            .dataset
            .as_ref()
            .is_none_or(|name| *name == dataset.settings.name)
    };
    let datasets: Vec<&DatasetConfig> = config.datasets.iter().filter(is_meant).collect();
    if let (Some(name), []) = (&arguments.dataset, datasets.as_slice()) {
        return Err(Known::NotFound(format!("no such dataset, dataset={name}")).into());
    }
    let (mut texts, mut documents, mut answer) = (String::new(), Vec::new(), Answer::Yes);
    let (mut failure, mut told) = (None, false);
    for dataset in datasets {
        let name = dataset.settings.name.as_str();
        match Standing::read(dataset) {
            Ok(standing) => {
                if standing.head.is_none() || standing.held().is_some() {
                    answer = Answer::No;
                }
                texts += &standing.as_text(name);
                documents.push(standing.as_json(name));
                told = true;
            }
            Err(error) => {
                texts += &format!("{name}: cannot be looked at: {error:#}\n");
                documents.push(json!({"dataset": name, "error": format!("{error:#}")}));
                failure = failure.or(Some(error.context(format!("dataset={name} cannot be looked at"))));
            }
        }
    }
    if told {
        match arguments.json {
            true => print_json(&json!({"schema": 1, "datasets": documents}))?,
            false => print(&texts)?,
        }
    }
    failure.map_or(Ok(answer), Err)
}

/// What a store says about a dataset.
pub(super) struct Standing {
    head: Option<(Head, Manifest)>,
    hold: Option<Hold>,
    acceptance: Option<(Acceptance, bool)>,
    refused: Vec<Candidate>,
    streak: Streak,
}

impl Standing {
    pub(super) fn read(dataset: &DatasetConfig) -> Result<Self> {
        Self::of(&target::open(dataset)?)
    }

    pub(super) fn of(store: &Store) -> Result<Self> {
        let chain = last_versions(store).context("cannot read the chain")?;
        let head = store.head().context("cannot read the head")?;
        let head = match head {
            None => None,
            Some((head, _)) => {
                let manifest = store
                    .manifest(head.version, &head.manifest)
                    .context("cannot read the manifest")?;
                Some((head, manifest))
            }
        };
        let hold = read_register::<Hold>(store, Register::Hold).context("cannot read the hold")?;
        let hold = hold.map(|(hold, _)| hold);
        let accepted = |manifest: &Manifest| manifest.header_tags.get(ACCEPTED_CANDIDATE).cloned();
        let acceptance =
            read_register::<Acceptance>(store, Register::Acceptance).context("cannot read the acceptance")?;
        let announced = head.as_ref().map(|(head, _)| (head.version, head.manifest));
        let acceptance = acceptance.map(|(acceptance, _)| {
            let waits = acceptance
                .based_on
                .map(|previous| (previous.version, previous.manifest))
                == announced;
            (acceptance, waits)
        });
        let refused = candidates(store).context("cannot look into quarantine")?;
        let published: Vec<_> = chain
            .iter()
            .map(|manifest| (manifest.version, accepted(manifest).is_some()))
            .collect();
        let versions: Vec<_> = refused.iter().map(|candidate| candidate.manifest.version).collect();
        let streak = Streak::of(&published, &versions, hold.as_ref().and_then(|hold| hold.forgives));
        Ok(Self {
            head,
            hold,
            acceptance,
            refused,
            streak,
        })
    }

    /// Why the service waits for a person, if it does.
    pub(super) fn held(&self) -> Option<String> {
        let hold = self.hold.as_ref().filter(|hold| hold.is_in_force(time::now()));
        if let Some(hold) = hold {
            let until = hold
                .until
                .map_or_else(String::new, |until| format!(" until {}", time::utc(until)));
            return Some(format!(
                "held by {} since {}{until}: {}",
                hold.by,
                time::utc(hold.at),
                hold.reason
            ));
        }
        let waits = self.acceptance.as_ref().is_some_and(|(_, waits)| *waits);
        (self.streak.is_too_much() && !waits).then(|| {
            format!(
                "{} of the last candidates were refused; `quarantine` shows them, `accept` or `release`",
                self.streak.refusals()
            )
        })
    }

    /// How far the log is folded.
    pub(super) fn position(&self) -> Option<LogPosition> {
        let (_, manifest) = self.head.as_ref()?;
        LogPosition::from_tags(&manifest.header_tags).ok().flatten()
    }

    pub(super) fn head(&self) -> Option<&(Head, Manifest)> {
        self.head.as_ref()
    }

    fn as_json(&self, name: &str) -> Value {
        let position = self.position();
        json!({
            "dataset": name,
            "version": self.head.as_ref().map(|(head, _)| head.version),
            "announced_at": self.head.as_ref().map(|(head, _)| head.announced_at),
            "epoch": self.head.as_ref().map(|(head, _)| head.epoch),
            "counts": self.head.as_ref().map(|(_, manifest)| &manifest.counts),
            "topic": position.as_ref().map(|position| &position.topic),
            "log": position.as_ref().map(|position| &position.log),
            "topic_id": position.as_ref().and_then(|position| position.topic_id.as_ref()),
            "generation": position.as_ref().map(|position| position.generation),
            "offsets": position.as_ref().map(|position| position.offsets.to_string()),
            "gaps": position.as_ref().map(|position| position.gaps.iter().map(ToString::to_string).collect::<Vec<_>>()),
            "held": self.held(),
            "hold": self.hold,
            "acceptance": self.acceptance.as_ref().map(|(acceptance, waits)| json!({
                "candidate": acceptance.candidate, "by": acceptance.by, "reason": acceptance.reason,
                "at": acceptance.at, "waits": waits,
            })),
            "refused": self.refused.iter().map(|candidate| candidate.name.as_str()).collect::<Vec<_>>(),
            "receipts": self.head.as_ref().map(|(_, manifest)| &manifest.receipts),
        })
    }

    fn as_text(&self, name: &str) -> String {
        let now = time::now();
        let mut text = match &self.head {
            None => format!("{name}: nothing is announced\n"),
            Some((head, manifest)) => {
                let records: u64 = manifest.counts.values().map(|counts| counts.records).sum();
                format!(
                    "{name}: version={} made {} epoch={} records={records}\n",
                    head.version,
                    time::ago(manifest.created_at, now),
                    head.epoch
                )
            }
        };
        let mut line = |label: &str, value: String| text += &format!("  {label:<11} {}\n", printable(&value));
        if let Some(held) = self.held() {
            line("HELD", held);
        }
        if let Some(position) = self.position() {
            let LogPosition {
                topic,
                log,
                topic_id,
                generation,
                offsets,
                gaps,
            } = position;
            line("log", format!("topic={topic} log={log} generation={generation}"));
            topic_id.into_iter().for_each(|id| line("topic id", id));
            line("offsets", offsets.to_string());
            gaps.iter().for_each(|gap| line("gap", gap.to_string()));
        }
        if let Some((acceptance, waits)) = &self.acceptance {
            let state = if *waits {
                "waits for the next cycle"
            } else {
                "used, or overtaken"
            };
            line(
                "acceptance",
                format!(
                    "{} by {}: {} ({state})",
                    acceptance.candidate, acceptance.by, acceptance.reason
                ),
            );
        }
        if let Some(newest) = self.refused.first() {
            line(
                "refused",
                format!(
                    "{} in quarantine, the newest {}: {}",
                    self.refused.len(),
                    time::ago(newest.manifest.created_at, now),
                    newest.name
                ),
            );
        }
        for receipt in self.head.iter().flat_map(|(_, manifest)| &manifest.receipts) {
            let verdict = match (&receipt.waived, receipt.passed) {
                (Some(by), _) => format!("overruled {by}"),
                (None, true) => "ok".to_owned(),
                (None, false) => "REFUSED".to_owned(),
            };
            line(
                "check",
                format!("{}: {} ({verdict})", receipt.validator, receipt.details),
            );
        }
        text
    }
}
