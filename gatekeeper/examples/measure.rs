//! Times one evaluation of a generated catalogue: `cargo run --release -p gatekeeper --example measure -- real`.
//!
//! Prints one line of JSON: sizes, and milliseconds for each step.

use fixtures::{Catalogue, DatasetId, EXAMPLE_AS_OF, EXAMPLE_SEED, Scale};
use gatekeeper::inputs::InputStates;
use gatekeeper::liveness::{self, Liveness};
use gatekeeper::policy::Policy;
use gatekeeper::view::{LivenessView, Summary};
use gatekeeper::{compare, runner};
use hollow::producer::Producer;
use hollow::read::ReadState;
use hollow::schema::Dataset;
use hollow::store::Store;
use hollow::write::{WriteConfig, WriteStateEngine};
use std::sync::Arc;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scale: Scale = std::env::args().nth(1).as_deref().unwrap_or("real").parse()?;
    let catalogue = Catalogue::generate(scale, EXAMPLE_SEED, EXAMPLE_AS_OF);
    let mut states = Vec::new();
    for dataset in DatasetId::ALL {
        states.push(state(&catalogue, dataset)?);
    }
    let states = InputStates::from_list(&states).ok_or("six states")?;
    let mut figures = serde_json::Map::new();
    let mut time = |name: &str, start: Instant| {
        figures.insert(format!("{name}_ms"), (start.elapsed().as_millis() as u64).into());
    };
    let mut liveness = Liveness::new(Policy::default_policy());
    let start = Instant::now();
    liveness.prepare(&states)?;
    time("prepare_first", start);
    let start = Instant::now();
    let (prepared, videos) = liveness.verdicts(&states, EXAMPLE_AS_OF)?;
    time("evaluate", start);
    let start = Instant::now();
    let records = liveness::records(&prepared, &videos)?;
    time("records", start);
    let start = Instant::now();
    let digest = records.digest();
    time("digest", start);
    let start = Instant::now();
    let mut producer = Producer::builder(liveness::dataset(), Store::memory())
        .root(liveness::ROOT)
        .build()?;
    producer.run_cycle(|cycle| Ok(records.write(cycle.engine())?))?;
    time("publish", start);
    let state = producer.state().ok_or("a state")?;
    let start = Instant::now();
    let same = runner::digest::of_state(&state, liveness::ROOT)? == digest;
    time("digest_of_state", start);
    let start = Instant::now();
    let view = LivenessView::bind(Arc::clone(&state))?;
    time("view", start);
    let start = Instant::now();
    let summary = Summary::of(&view);
    time("summary", start);
    let start = Instant::now();
    let comparison = compare::compare(&view, &view)?;
    time("compare", start);
    figures.insert("videos".into(), videos.len().into());
    figures.insert("cells".into(), summary.total().into());
    figures.insert("live".into(), summary.count(gatekeeper::status::Status::Live).into());
    figures.insert(
        "blocked".into(),
        summary.count(gatekeeper::status::Status::Blocked).into(),
    );
    figures.insert(
        "verdicts".into(),
        videos.iter().map(|video| video.verdicts.len()).sum::<usize>().into(),
    );
    figures.insert("records".into(), records.len().into());
    figures.insert("output_bytes".into(), state.memory_bytes().into());
    figures.insert("digests_agree".into(), same.into());
    figures.insert("changed".into(), comparison.changed.into());
    println!("{}", serde_json::Value::Object(figures));
    Ok(())
}

fn state(catalogue: &Catalogue, dataset: DatasetId) -> Result<Arc<ReadState>, Box<dyn std::error::Error>> {
    let described = dataset.dataset();
    let schema = Dataset::new(hollow::schema::parse(described.schema)?)?;
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for ty in schema.schemas() {
        engine.add_type(ty.clone(), None)?;
    }
    for record in catalogue.records(dataset) {
        let value = hollow::record::json::parse(&schema, described.root_type, &record.json())?;
        engine.add(described.root_type, &value)?;
    }
    engine.set_next_tag(1);
    let mut blob = Vec::new();
    engine.write_snapshot(&mut blob)?;
    Ok(Arc::new(ReadState::from_snapshot(&blob)?))
}
