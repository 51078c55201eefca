//! What a run came to.

use crate::board::{Board, DatasetNotes};
use crate::directory::Directory;
use crate::freshness::percentile;
use crate::options::Options;
use crate::sources::Progress;
use crate::verify::Verified;
use anyhow::{Context, Result};
use gatekeeper::compare::compare;
use gatekeeper::runner::tag_names;
use gatekeeper::service::{LIVENESS, LIVENESS_PREPROD};
use gatekeeper::view::LivenessView;
use hollow::consumer::Consumer;
use hollow::read::ReadState;
use hollow::store::Store;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

/// What a run came to.
#[derive(Debug, serde::Serialize)]
pub struct Summary {
    /// Version of this form.
    pub schema: u32,
    /// tiny, real or full.
    pub scale: String,
    /// How long it ran.
    pub seconds: f64,
    /// By input dataset.
    pub datasets: BTreeMap<String, DatasetNotes>,
    /// Changes the sources made.
    pub changes: u64,
    /// Messages of sweeps the sources sent.
    pub swept: u64,
    /// Whether each dataset is exactly what its source has.
    pub verified: Vec<Verified>,
    /// By gatekeeper.
    pub gatekeepers: BTreeMap<String, GatekeeperSummary>,
    /// PROD and PREPROD side by side.
    pub pair: Option<Pair>,
    /// How long changes take.
    pub freshness: FreshnessSummary,
    /// Everything that went wrong.
    pub errors: Vec<String>,
}

/// One gatekeeper.
#[derive(Debug, serde::Serialize)]
pub struct GatekeeperSummary {
    /// The announced version.
    pub version: Option<i64>,
    /// Evaluations.
    pub evaluations: u64,
    /// Versions published.
    pub states: u64,
    /// Time to evaluate everything, milliseconds, middle.
    pub evaluate_p50_ms: Option<u64>,
    /// Time to evaluate everything, milliseconds, 99 of 100.
    pub evaluate_p99_ms: Option<u64>,
    /// Time to write, check and announce, milliseconds, middle.
    pub publish_p50_ms: Option<u64>,
}

/// How long changes take from the source to PROD's output.
#[derive(Debug, serde::Serialize)]
pub struct FreshnessSummary {
    /// Changes followed.
    pub changes: usize,
    /// Milliseconds, middle.
    pub p50_ms: Option<u64>,
    /// Milliseconds, 99 of 100.
    pub p99_ms: Option<u64>,
}

/// The newest outputs of PROD and PREPROD.
#[derive(Debug, serde::Serialize)]
pub struct Pair {
    /// Version of PROD.
    pub prod: i64,
    /// Version of PREPROD.
    pub preprod: i64,
    /// Whether PREPROD used the input versions and the instant of PROD.
    pub inputs_identical: bool,
    /// The policies.
    pub policies: [String; 2],
    /// Videos evaluated.
    pub videos: u64,
    /// (video, country) pairs evaluated.
    pub cells: u64,
    /// Pairs that differ.
    pub differences: u64,
    /// Videos that differ.
    pub videos_different: u64,
    /// Pairs by change of status, as `LIVE -> BLOCKED`. Equal ones changed in reasons only.
    pub transitions: BTreeMap<String, u64>,
    /// Pairs that differ, by country.
    pub by_country: BTreeMap<String, u64>,
    /// Pairs that lost and pairs that gained a reason, by its code.
    pub reasons: BTreeMap<String, [u64; 2]>,
}

/// Reads what was announced, and adds up.
pub fn sum_up(
    options: &Options,
    directory: &Directory,
    board: &Board,
    progress: &Progress,
    verified: Vec<Verified>,
    took: Duration,
) -> Result<Summary> {
    let pair = pair(directory)?;
    let notes = board.notes();
    // What failed and came back is no error; what still fails is.
    let mut errors = notes.errors.clone();
    for (name, dataset) in &notes.datasets {
        errors.extend(
            dataset
                .failing
                .iter()
                .map(|error| format!("{name} still fails: {error}")),
        );
    }
    let gatekeepers = notes.gatekeepers.iter().map(|(name, notes)| {
        let summary = GatekeeperSummary {
            version: notes.version,
            evaluations: notes.evaluations,
            states: notes.states,
            evaluate_p50_ms: percentile(&notes.evaluate_ms, 0.5),
            evaluate_p99_ms: percentile(&notes.evaluate_ms, 0.99),
            publish_p50_ms: percentile(&notes.publish_ms, 0.5),
        };
        (name.clone(), summary)
    });
    Ok(Summary {
        schema: 1,
        scale: options.scale.to_string(),
        seconds: took.as_secs_f64(),
        datasets: notes.datasets.clone(),
        changes: progress.changes.load(SeqCst),
        swept: progress.swept.load(SeqCst),
        verified,
        gatekeepers: gatekeepers.collect(),
        pair,
        freshness: FreshnessSummary {
            changes: notes.freshness.count(),
            p50_ms: notes.freshness.percentile_ms(0.5),
            p99_ms: notes.freshness.percentile_ms(0.99),
        },
        errors,
    })
}

fn announced(directory: &Directory, output: &str) -> Result<Option<Arc<ReadState>>> {
    let store = Store::fs(directory.store(output)).context("cannot open a store")?;
    let consumer = Consumer::builder(store).build().context("cannot open a store")?;
    if consumer.announced()?.is_none() {
        return Ok(None);
    }
    consumer
        .refresh()
        .with_context(|| format!("cannot load the announced state of {output}"))?;
    Ok(consumer.state())
}

fn pair(directory: &Directory) -> Result<Option<Pair>> {
    let (Some(prod), Some(preprod)) = (announced(directory, LIVENESS)?, announced(directory, LIVENESS_PREPROD)?) else {
        return Ok(None);
    };
    let tag = |state: &ReadState, name: &str| state.header_tags().get(name).cloned().unwrap_or_default();
    let inputs = |state: &ReadState| -> BTreeMap<String, String> {
        let tags = state.header_tags().iter();
        let wanted = tags.filter(|(name, _)| name.starts_with(tag_names::INPUT) || *name == tag_names::INSTANT);
        wanted.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    let version = |state: &ReadState| state.version().map_or(0, |version| version.0);
    let comparison = compare(
        &LivenessView::bind(prod.clone())?,
        &LivenessView::bind(preprod.clone())?,
    )?;
    let country = |index| comparison.countries.code(index).to_owned();
    Ok(Some(Pair {
        prod: version(&prod),
        preprod: version(&preprod),
        inputs_identical: inputs(&prod) == inputs(&preprod)
            && tag(&preprod, tag_names::FOLLOWS) == version(&prod).to_string(),
        policies: [tag(&prod, tag_names::POLICY), tag(&preprod, tag_names::POLICY)],
        videos: comparison.videos,
        cells: comparison.cells,
        differences: comparison.changed,
        videos_different: comparison.changed_videos,
        transitions: comparison
            .transitions
            .iter()
            .map(|((from, to), count)| (format!("{} -> {}", from.name(), to.name()), *count))
            .collect(),
        by_country: comparison
            .by_country
            .iter()
            .map(|(&index, &count)| (country(index), count))
            .collect(),
        reasons: comparison
            .reasons
            .iter()
            .map(|(code, change)| (code.clone(), [change.removed, change.added]))
            .collect(),
    }))
}

impl Summary {
    /// Whether everything is as it should be.
    pub fn is_good(&self) -> bool {
        self.errors.is_empty()
            && self.verified.iter().all(Verified::is_exact)
            && self.pair.as_ref().is_none_or(|pair| pair.inputs_identical)
    }

    /// As JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nran {:.0} s at scale {}", self.seconds, self.scale)?;
        writeln!(
            f,
            "  {:<10} {:>9} {:>9} {:>8} {:>9} {:>7} {:>7} {:>4}  dataset = source",
            "dataset", "messages", "upserts", "deletes", "unchanged", "cycles", "states", "gen"
        )?;
        for (name, dataset) in &self.datasets {
            let verified = self.verified.iter().find(|verified| verified.dataset == *name);
            let verdict = match verified {
                None => "not checked (the first sweep was not folded)".to_owned(),
                Some(found) if found.is_exact() => format!("yes, {} records", found.equal),
                Some(found) => format!(
                    "NO: {} differ, {} missing, {} too many",
                    found.different, found.missing, found.surplus
                ),
            };
            writeln!(
                f,
                "  {name:<10} {:>9} {:>9} {:>8} {:>9} {:>7} {:>7} {:>4}  {verdict}",
                dataset.messages,
                dataset.upserts,
                dataset.deletes,
                dataset.unchanged,
                dataset.cycles,
                dataset.states,
                dataset.generation
            )?;
        }
        let total: u64 = self.datasets.values().map(|dataset| dataset.messages).sum();
        writeln!(
            f,
            "  records folded {total}; changes made by the sources {}",
            self.changes
        )?;
        let ms = |value: Option<u64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value} ms"));
        for (name, gatekeeper) in &self.gatekeepers {
            writeln!(
                f,
                "  {name}: {} evaluations, {} states; evaluation p50 {} p99 {}; publishing p50 {}",
                gatekeeper.evaluations,
                gatekeeper.states,
                ms(gatekeeper.evaluate_p50_ms),
                ms(gatekeeper.evaluate_p99_ms),
                ms(gatekeeper.publish_p50_ms)
            )?;
        }
        match &self.pair {
            None => writeln!(f, "  no output of both gatekeepers yet")?,
            Some(pair) => {
                writeln!(
                    f,
                    "  evaluated: {} videos, {} (video, country) pairs",
                    pair.videos, pair.cells
                )?;
                writeln!(
                    f,
                    "  PROD {} ({}) and PREPROD {} ({}): inputs and instant {}",
                    pair.prod,
                    pair.policies[0],
                    pair.preprod,
                    pair.policies[1],
                    if pair.inputs_identical {
                        "identical"
                    } else {
                        "DIFFERENT"
                    }
                )?;
                writeln!(
                    f,
                    "  differences: {} pairs of {} videos",
                    pair.differences, pair.videos_different
                )?;
                for (transition, count) in &pair.transitions {
                    writeln!(f, "    {transition:<40} {count:>9}")?;
                }
                for (code, [lost, gained]) in &pair.reasons {
                    writeln!(f, "    {code:<24} gone from {lost:>8}, new in {gained:>8}")?;
                }
                let countries: Vec<&str> = pair.by_country.keys().map(String::as_str).collect();
                writeln!(f, "    countries: {}", countries.join(" "))?;
            }
        }
        writeln!(
            f,
            "  freshness, source change to gatekeeper output: p50 {} p99 {} over {} changes",
            ms(self.freshness.p50_ms),
            ms(self.freshness.p99_ms),
            self.freshness.changes
        )?;
        for error in &self.errors {
            writeln!(f, "  ERROR {error}")?;
        }
        Ok(())
    }
}
