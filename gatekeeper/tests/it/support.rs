//! States and stores from fixture records.

use fixtures::records::Record;
use fixtures::{Catalogue, DatasetId, EXAMPLE_AS_OF, EXAMPLE_SEED, Scale};
use gatekeeper::inputs::InputStates;
use gatekeeper::liveness::Liveness;
use gatekeeper::policy::Policy;
use gatekeeper::runner::{InputSet, Opener, Role, Runner};
use hollow::consumer::Consumer;
use hollow::producer::{Producer, PublishUnchanged};
use hollow::read::ReadState;
use hollow::schema::Dataset;
use hollow::store::Store;
use hollow::write::{WriteConfig, WriteStateEngine};
use std::sync::{Arc, OnceLock};

/// All records of the six datasets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Data {
    pub records: Vec<Record>,
}

impl Data {
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        let all = DatasetId::ALL
            .into_iter()
            .flat_map(|dataset| catalogue.records(dataset));
        Data { records: all.collect() }
    }

    /// The tiny catalogue at its fixed instant.
    pub(crate) fn tiny() -> &'static Data {
        static TINY: OnceLock<Data> = OnceLock::new();
        TINY.get_or_init(|| Data::of(&Catalogue::generate(Scale::Tiny, EXAMPLE_SEED, EXAMPLE_AS_OF)))
    }

    pub(crate) fn states(&self) -> InputStates {
        let states: Vec<_> = DatasetId::ALL.into_iter().map(|dataset| self.state(dataset)).collect();
        InputStates::from_list(&states).expect("six states")
    }

    pub(crate) fn state(&self, dataset: DatasetId) -> Arc<ReadState> {
        let schema = schema(dataset);
        let mut engine = WriteStateEngine::new(WriteConfig::default());
        for ty in schema.schemas() {
            engine.add_type(ty.clone(), None).expect("a new type");
        }
        for record in self.records.iter().filter(|record| record.dataset() == dataset) {
            let value = value(record);
            engine
                .add(dataset.dataset().root_type, &value)
                .expect("a record of the schema");
        }
        engine.set_next_tag(1);
        let mut blob = Vec::new();
        engine.write_snapshot(&mut blob).expect("memory takes everything");
        Arc::new(ReadState::from_snapshot(&blob).expect("what was written reads"))
    }
}

pub(crate) fn schema(dataset: DatasetId) -> Dataset {
    let schemas = hollow::schema::parse(dataset.dataset().schema).expect("the contract's schema");
    Dataset::new(schemas).expect("distinct types")
}

pub(crate) fn value(record: &Record) -> hollow::record::Value {
    let dataset = record.dataset();
    let json = record.json();
    hollow::record::json::parse(&schema(dataset), dataset.dataset().root_type, &json).expect("the readable form")
}

/// Six input stores in memory, and two for the outputs.
pub(crate) struct Stores {
    pub(crate) inputs: Vec<(DatasetId, Store)>,
    pub(crate) prod: Store,
    pub(crate) preprod: Store,
}

impl Stores {
    /// With the records published in the input stores.
    pub(crate) fn of(data: &Data) -> Self {
        let stores = Stores {
            inputs: DatasetId::ALL
                .into_iter()
                .map(|dataset| (dataset, Store::memory()))
                .collect(),
            prod: Store::memory(),
            preprod: Store::memory(),
        };
        DatasetId::ALL
            .into_iter()
            .for_each(|dataset| stores.publish(dataset, data));
        stores
    }

    /// Publishes a new version of one input.
    pub(crate) fn publish(&self, dataset: DatasetId, data: &Data) {
        publish(self.input(dataset), dataset, data);
    }

    pub(crate) fn input(&self, dataset: DatasetId) -> Store {
        let found = self.inputs.iter().find(|(id, _)| *id == dataset);
        found.expect("all six").1.clone()
    }

    pub(crate) fn input_set(&self) -> InputSet {
        InputSet::new(self.inputs.iter().map(|(dataset, store)| {
            let store = store.clone();
            let open: Opener = Box::new(move || Ok(store.clone()));
            (dataset.name().to_owned(), open)
        }))
    }

    pub(crate) fn lead(&self, policy: Policy) -> Runner<Liveness> {
        Runner::new(
            Liveness::new(policy),
            self.input_set(),
            producer(&self.prod),
            Role::Lead,
        )
    }

    pub(crate) fn follow(&self, policy: Policy) -> Runner<Liveness> {
        let lead = Consumer::builder(self.prod.clone()).build().expect("a consumer");
        let role = Role::Follow(Arc::new(lead));
        Runner::new(Liveness::new(policy), self.input_set(), producer(&self.preprod), role)
    }
}

pub(crate) fn producer(store: &Store) -> Producer {
    let builder = Producer::builder(gatekeeper::liveness::dataset(), store.clone());
    let builder = builder.name("liveness").root(gatekeeper::liveness::ROOT);
    builder
        .publish_unchanged(PublishUnchanged::WhenTagsDiffer)
        .build()
        .expect("a producer")
}

pub(crate) fn publish(store: Store, dataset: DatasetId, data: &Data) {
    let builder = Producer::builder(schema(dataset), store).name(dataset.name());
    let mut producer = builder
        .publish_unchanged(PublishUnchanged::Always)
        .build()
        .expect("a producer");
    let outcome = producer.run_cycle(|cycle| {
        for record in data.records.iter().filter(|record| record.dataset() == dataset) {
            cycle.add(dataset.dataset().root_type, &value(record))?;
        }
        Ok(())
    });
    outcome.expect("a version");
}
