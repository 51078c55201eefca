//! A demo run as a program, and what is asked of the directory it leaves behind.

#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]

use anyhow::{Context, Result, ensure};
use fixtures::{DatasetId, Scale, SourceDb};
use gatekeeper::runner::tag_names;
use hollow::Version;
use hollow::record::json;
use hollow::schema::Dataset;
use hollow::store::Manifest;
use hollow::testing::{Model, records_of};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tests::harness::{Chain, Finished, Program, wait_for};

pub const PROD: &str = "liveness";
pub const PREPROD: &str = "liveness-preprod";

/// How long a demo may take to end once it should.
pub const END: Duration = Duration::from_secs(120);

/// A directory that demos run in, one after the other.
pub struct Bench {
    directory: tempfile::TempDir,
    kafka: Option<String>,
    starts: usize,
}

impl Bench {
    /// A directory of its own. Without `kafka` each demo has the one inside its process.
    pub fn new(kafka: Option<&str>) -> Result<Self> {
        Ok(Self {
            directory: tempfile::tempdir()?,
            kafka: kafka.map(str::to_owned),
            starts: 0,
        })
    }

    /// Where the demos live.
    pub fn demo(&self) -> PathBuf {
        self.directory.path().join("demo")
    }

    /// Where a dataset is published.
    pub fn store(&self, dataset: &str) -> PathBuf {
        self.demo().join("store").join(dataset)
    }

    /// Starts a demo that makes many small versions.
    pub fn start(&mut self, further: &[&str]) -> Result<Program> {
        self.starts += 1;
        let mut command = Command::new(env!("CARGO_BIN_EXE_demo"));
        command.args(["--scale", "tiny", "--listen", "127.0.0.1:0", "--json"]);
        command.args(["--cadence", "100ms", "--evaluate-every", "250ms", "--rate", "60"]);
        command.arg("--dir").arg(self.demo());
        if let Some(servers) = &self.kafka {
            command.args(["--kafka", servers]);
        }
        command.args(further);
        Program::start(&mut command, self.directory.path(), &format!("demo-{}", self.starts))
    }

    /// The published chain of a dataset.
    pub fn chain(&self, dataset: &str) -> Result<Chain> {
        Chain::read_directory(&self.store(dataset)).with_context(|| format!("the chain of {dataset}"))
    }

    /// The published chains of all datasets, inputs first.
    pub fn chains(&self) -> Result<BTreeMap<&'static str, Chain>> {
        datasets().map(|name| Ok((name, self.chain(name)?))).collect()
    }

    /// Waits while the demo runs, until the announced version of a dataset is such.
    pub fn wait_until(&self, demo: &mut Program, dataset: &str, is_such: impl Fn(&Manifest) -> bool) -> Result<()> {
        wait_for(&format!("a version of {dataset}"), || {
            let chain = self.chain(dataset)?;
            demo.must_run()?;
            Ok(chain.tip().filter(|tip| is_such(tip)).map(drop))
        })
    }
}

/// All datasets, inputs first.
pub fn datasets() -> impl Iterator<Item = &'static str> {
    DatasetId::ALL.into_iter().map(DatasetId::name).chain([PROD, PREPROD])
}

/// The names of the input datasets.
pub fn inputs() -> impl Iterator<Item = &'static str> {
    DatasetId::ALL.into_iter().map(DatasetId::name)
}

/// A header tag of a version.
pub fn tag<'m>(manifest: &'m Manifest, name: &str) -> &'m str {
    manifest.header_tags.get(name).map_or("", String::as_str)
}

/// The summary of a demo that ended well: exit code, no errors, every dataset exactly its source.
pub fn summary(finished: &Finished) -> Result<Json> {
    ensure!(finished.status.success(), "{finished}");
    let summary = verified(finished)?;
    ensure!(summary["errors"] == serde_json::json!([]), "{}", summary["errors"]);
    Ok(summary)
}

/// The summary of a demo at whose end every dataset was exactly its source, whatever it had to say meanwhile.
pub fn verified(finished: &Finished) -> Result<Json> {
    let summary: Json = serde_json::from_str(&finished.stdout).with_context(|| format!("no summary: {finished}"))?;
    let verified = summary["verified"].as_array().context("no list of what was verified")?;
    let names: Vec<&str> = verified.iter().filter_map(|found| found["dataset"].as_str()).collect();
    ensure!(names == inputs().collect::<Vec<_>>(), "verified only {names:?}");
    for found in verified {
        let exact = ["different", "missing", "surplus"]
            .iter()
            .all(|count| found[*count] == 0);
        ensure!(exact && found["equal"].as_u64() > Some(0), "not as its source: {found}");
    }
    ensure!(
        summary["pair"]["inputs_identical"] == true,
        "PROD and PREPROD differ in inputs: {}",
        summary["pair"]
    );
    Ok(summary)
}

/// Checks everything that must hold for the directory of a demo that ended well, whatever happened before.
pub fn check_directory(bench: &Bench) -> Result<()> {
    let chains = bench.chains()?;
    let source = bench.demo().join("source");
    let as_of = SourceDb::started_as_of(&source)?.context("the sources have no database")?;
    let db = SourceDb::open(&source, Scale::Tiny, fixtures::EXAMPLE_SEED, as_of)?;
    for id in DatasetId::ALL {
        let state = chains[id.name()]
            .last_state()
            .with_context(|| format!("the chain of {id}"))?;
        // All records of all types: nothing is missing, and nothing is left that no record refers to.
        let description = id.dataset();
        let dataset = Dataset::parse(description.schema)?;
        let mut model = Model::new(dataset.clone());
        for record in db.current(id) {
            model.upsert(
                description.root_type,
                json::parse(&dataset, description.root_type, &record.json())?,
            );
        }
        ensure!(records_of(&state) == model.records(), "{id} is not what its source has");
    }
    for name in [PROD, PREPROD] {
        chains[name]
            .walk(|_, _| Ok(()))
            .with_context(|| format!("the chain of {name}"))?;
    }
    check_outputs(&chains)
}

/// Every output names versions that exist, time does not go back, and PREPROD asked what PROD had asked.
fn check_outputs(chains: &BTreeMap<&'static str, Chain>) -> Result<()> {
    let prefixes = [tag_names::INPUT, tag_names::INSTANT];
    let question = |manifest: &Manifest| -> BTreeMap<String, String> {
        let tags = manifest.header_tags.clone().into_iter();
        tags.filter(|(name, _)| prefixes.iter().any(|prefix| name.starts_with(prefix)))
            .collect()
    };
    for name in [PROD, PREPROD] {
        let mut instant = 0;
        for manifest in chains[name].manifests() {
            for input in inputs() {
                let version: Version = tag(manifest, &format!("{}{input}", tag_names::INPUT)).parse()?;
                ensure!(
                    chains[input].get(version).is_some(),
                    "{name} {} was made from version={version} of {input}, which is not in its chain",
                    manifest.version
                );
            }
            let at: i64 = tag(manifest, tag_names::INSTANT).parse()?;
            ensure!(at >= instant, "{name}: time goes back at version={}", manifest.version);
            instant = at;
        }
    }
    let mut count = 0;
    for follower in chains[PREPROD].manifests() {
        let version: Version = tag(follower, tag_names::FOLLOWS).parse()?;
        let leader = chains[PROD].get(version);
        let leader = leader.with_context(|| format!("no version={version} of {PROD} to follow"))?;
        ensure!(
            question(leader) == question(follower),
            "PREPROD {} does not ask what PROD {version} asked",
            follower.version
        );
        count += 1;
    }
    ensure!(count > 0, "PREPROD never followed");
    let last = |name| chains[name].tip().map(question);
    ensure!(last(PROD) == last(PREPROD), "the newest outputs have other inputs");
    Ok(())
}
