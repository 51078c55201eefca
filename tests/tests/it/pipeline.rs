//! From sources to reports, at an instant that stands still: sources, incremental producers, PROD and PREPROD, differences.

mod candidate;

use crate::cells::{Place, cells};
use crate::folding::{Writer, announced, codec, config};
use anyhow::{Context, Result, ensure};
use diff_tool::diff;
use fixtures::source::Message;
use fixtures::{DatasetId, EXAMPLE_AS_OF, EXAMPLE_SEED, Record, Scale, SourceDb};
use gatekeeper::liveness::{self, Liveness};
use gatekeeper::policy::Policy;
use gatekeeper::runner::replay::{Replay, replay};
use gatekeeper::runner::{Derivation, InputSet, Opener, Outcome, Role, Runner, digest, tag_names};
use hollow::Version;
use hollow::consumer::Consumer;
use hollow::producer::{Producer, PublishUnchanged};
use hollow::read::ReadState;
use hollow::record::json;
use hollow::store::Store;
use hollow::testing::{Model, records_of};
use incremental_producer::mock::MockKafka;
use incremental_producer::service::{DatasetHandle, DatasetService};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tests::harness::Chain;

/// Sources, a Kafka, and an incremental producer for each dataset.
struct Pipeline {
    db: SourceDb,
    writer: Writer,
    services: BTreeMap<DatasetId, DatasetHandle>,
    stores: BTreeMap<&'static str, Store>,
    // Last, so that it outlives its clients.
    _kafka: MockKafka,
    _directory: tempfile::TempDir,
}

impl Pipeline {
    fn start() -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let kafka = MockKafka::with_topics(DatasetId::ALL.map(|id| (id.name(), 3)))?;
        let (mut services, mut stores) = (BTreeMap::new(), BTreeMap::new());
        for id in DatasetId::ALL {
            let store = Store::memory();
            let log = Some(kafka.log().to_owned());
            let config = config(id.name(), codec(id)?, kafka.bootstrap_servers(), log);
            services.insert(id, DatasetService::open_with(&config, store.clone())?.start()?);
            stores.insert(id.name(), store);
        }
        Ok(Self {
            db: SourceDb::open(
                &directory.path().join("source"),
                Scale::Tiny,
                EXAMPLE_SEED,
                EXAMPLE_AS_OF,
            )?,
            writer: Writer::new(kafka.bootstrap_servers())?,
            services,
            stores,
            _kafka: kafka,
            _directory: directory,
        })
    }

    fn send(&self, message: &Message, sweep: Option<&str>) -> Result<()> {
        let codec = codec(message.dataset)?;
        let payload = match &message.payload {
            // Both forms of a message must fold to the same.
            Some(payload) if message.dataset == DatasetId::Assets => {
                Some(codec.encode_rkyv(&json::parse(codec.dataset(), codec.root(), payload)?)?)
            }
            payload => payload.clone(),
        };
        let topic = message.dataset.name();
        let emitter = &self.writer.emitter;
        Ok(emitter.emit(topic, &message.key, payload.as_deref(), message.changed_at, sweep)?)
    }

    fn sweep(&self) -> Result<()> {
        for id in DatasetId::ALL {
            self.db
                .sweep(id)
                .try_for_each(|message| self.send(&message, Some("sweep")))?;
        }
        Ok(())
    }

    fn changes(&mut self, count: usize) -> Result<()> {
        for _ in 0..count {
            let change = self.db.next_change(EXAMPLE_AS_OF)?;
            self.send(&Message::from(&change), None)?;
        }
        Ok(())
    }

    /// Takes away what the candidate policy treats differently: Korean and Chinese sound and subtitles, released synopses
    /// in Spanish, artwork; of every third video each.
    fn make_gaps(&mut self) -> Result<()> {
        let mut changes = Vec::new();
        for record in self.db.current(DatasetId::Assets) {
            let asset = record.to_value();
            let language = asset["language"].as_str().unwrap_or_default();
            let is_asian = language.starts_with("ko") || language.starts_with("zh");
            if (is_asian && record.video_id() % 3 == 0)
                || (asset["asset_type"] == "artwork" && record.video_id() % 3 == 1)
            {
                changes.push((DatasetId::Assets, record.key(), None));
            }
        }
        for record in self.db.current(DatasetId::Texts) {
            let mut text = record.to_value();
            if text["language"].as_str().is_some_and(|tag| tag.starts_with("es")) && record.video_id() % 3 == 2 {
                text["approved"] = false.into();
                let text = Record::from_json(DatasetId::Texts, text.to_string().as_bytes())?;
                changes.push((DatasetId::Texts, record.key(), Some(text)));
            }
        }
        for (id, key, record) in changes {
            let change = match record {
                Some(record) => self.db.upsert(record, EXAMPLE_AS_OF)?,
                None => self.db.delete(id, key, EXAMPLE_AS_OF)?,
            };
            self.send(&Message::from(&change), None)?;
        }
        Ok(())
    }

    /// Waits until all is folded; every dataset must then be exactly what its source has.
    fn settle(&self) -> Result<()> {
        for (id, service) in &self.services {
            self.writer.wait_until_folded(id.name(), service)?;
            let codec = codec(*id)?;
            let mut model = Model::new(codec.dataset().clone());
            for record in self.db.current(*id) {
                model.upsert(
                    codec.root(),
                    json::parse(codec.dataset(), codec.root(), &record.json())?,
                );
            }
            let state = announced(&self.stores[id.name()])?;
            ensure!(records_of(&state) == model.records(), "{id} is not what its source has");
        }
        Ok(())
    }

    fn inputs(&self) -> InputSet {
        let names = Liveness::new(Policy::default_policy()).inputs().to_vec();
        InputSet::new(names.into_iter().map(|name| {
            let store = self.stores[name].clone();
            let open: Opener = Box::new(move || Ok(store.clone()));
            (name.to_owned(), open)
        }))
    }

    fn gatekeeper(&self, policy: Policy, role: Role) -> Result<Gatekeeper> {
        let store = Store::memory();
        let producer = Producer::builder(liveness::dataset(), store.clone())
            .root(liveness::ROOT)
            .snapshot_every(3)
            .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
            .build()?;
        let runner = Runner::new(Liveness::new(policy), self.inputs(), producer, role);
        Ok(Gatekeeper { store, runner })
    }

    /// All videos in all countries, as the input datasets have them.
    fn places(&self) -> BTreeSet<Place> {
        // The key of a country is its code.
        let codes = self
            .db
            .current(DatasetId::Countries)
            .map(|country| country.key().to_value());
        let codes: Vec<String> = codes.filter_map(|key| Some(key[0].as_str()?.to_owned())).collect();
        let videos = self.db.current(DatasetId::Titles).map(|title| title.video_id());
        videos
            .flat_map(|video| codes.iter().map(move |code| (video, code.clone())))
            .collect()
    }
}

/// A gatekeeper with the store of its output.
struct Gatekeeper {
    store: Store,
    runner: Runner<Liveness>,
}

impl Gatekeeper {
    /// One cycle that must publish.
    fn publish(&mut self) -> Result<Arc<ReadState>> {
        let report = self.runner.cycle(EXAMPLE_AS_OF)?;
        ensure!(
            matches!(report.outcome, Outcome::Published { .. }),
            "{:?}",
            report.outcome
        );
        announced(&self.store)
    }

    fn follower(&self) -> Result<Role> {
        Ok(Role::Follow(Arc::new(Consumer::builder(self.store.clone()).build()?)))
    }
}

fn tag(state: &ReadState, name: &str) -> String {
    state.header_tags().get(name).cloned().unwrap_or_default()
}

#[test]
fn every_video_is_judged_in_every_country_and_equal_policies_judge_alike() -> Result<()> {
    let mut pipeline = Pipeline::start()?;
    pipeline.sweep()?;
    pipeline.settle()?;
    let mut prod = pipeline.gatekeeper(Policy::default_policy(), Role::Lead)?;
    let mut preprod = pipeline.gatekeeper(Policy::default_policy(), prod.follower()?)?;
    let mut outputs: Vec<(Version, String)> = Vec::new();
    for round in 0..3 {
        let of_prod = prod.publish()?;
        let of_preprod = preprod.publish()?;

        let judged = cells(&of_prod)?;
        ensure!(
            judged.keys().eq(pipeline.places().iter()),
            "round {round}: some videos or countries have no verdict, or some are not in the inputs"
        );
        let statuses: BTreeSet<&str> = judged.values().map(|cell| cell.status.as_str()).collect();
        ensure!(
            statuses.len() >= 4,
            "a catalogue with few answers proves little: {statuses:?}"
        );

        let digest = tag(&of_prod, tag_names::DIGEST);
        ensure!(
            digest == digest::of_state(&of_prod, liveness::ROOT)?.to_string(),
            "the tag is not the digest"
        );
        ensure!(
            digest == tag(&of_preprod, tag_names::DIGEST),
            "round {round}: equal policies, other output"
        );
        ensure!(judged == cells(&of_preprod)?);
        let difference = diff(&of_prod, &of_preprod, &diff_tool::Options::default());
        ensure!(difference.is_same(), "round {round}: {difference:?}");
        let derived = difference
            .tags
            .derived
            .context("the tags do not say what it was derived from")?;
        ensure!(derived.same_question() && derived.same_rules(), "{derived:?}");

        if let Some((_, before)) = outputs.last() {
            ensure!(*before != digest, "400 changes that change nothing prove nothing");
        }
        outputs.push((of_prod.version().context("no version")?, digest));
        pipeline.changes(400)?;
        pipeline.settle()?;
    }
    // The inputs have moved on since the last output. Every stored one can still be made again from what its tags name.
    let output = Consumer::builder(prod.store.clone()).build()?;
    for (version, digest) in &outputs {
        let replayed = make_again(&pipeline, &output, *version)?;
        ensure!(replayed.is_equal() && replayed.replayed == *digest, "{replayed:?}");
    }
    for (name, store) in pipeline
        .stores
        .iter()
        .chain([(&"prod", &prod.store), (&"preprod", &preprod.store)])
    {
        let chain = Chain::read(store)?;
        chain
            .walk(|_, _| Ok(()))
            .with_context(|| format!("the chain of {name}"))?;
    }
    Ok(())
}

fn make_again(pipeline: &Pipeline, output: &Consumer, version: Version) -> Result<Replay> {
    let mut derivation = Liveness::new(Policy::default_policy());
    // Long after: a replay must not look at the clock.
    let now = EXAMPLE_AS_OF + 400 * 86_400_000;
    Ok(replay(
        output,
        version,
        liveness::ROOT,
        &mut pipeline.inputs(),
        &mut derivation,
        now,
    )?)
}
