//! What the parts of a dataset's service count by themselves: requests to the store, Kafka clients, refusals of checks.
//!
//! Labels are words of this program and names of its configuration. Whatever a store, a broker or a message says, it adds
//! to a number and never becomes a label.

mod kafka;
mod validators;

pub(crate) use kafka::{Client, ClientFigures, STATISTICS};
pub(crate) use validators::counted;

use hollow::store::{Operation, Outcome, Store, StoreMeter};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

type Labels<const N: usize> = [(&'static str, String); N];
type Times = Family<Labels<2>, Histogram, fn() -> Histogram>;

/// What is counted of all datasets. Clones are the same figures.
#[derive(Clone, Debug)]
pub(crate) struct Families {
    requests: Family<Labels<3>, Counter>,
    request_time: Times,
    refusals: Family<Labels<2>, Counter>,
    brokers: Family<Labels<3>, Gauge>,
    in_flight: Family<Labels<2>, Gauge>,
    connects: Family<Labels<2>, Counter>,
    disconnects: Family<Labels<2>, Counter>,
    timeouts: Family<Labels<2>, Counter>,
    errors: Family<Labels<3>, Counter>,
}

impl Default for Families {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            request_time: Family::new_with_constructor(|| {
                Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0])
            }),
            refusals: Family::default(),
            brokers: Family::default(),
            in_flight: Family::default(),
            connects: Family::default(),
            disconnects: Family::default(),
            timeouts: Family::default(),
            errors: Family::default(),
        }
    }
}

impl Families {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "store_requests",
            "Requests to the store by what came of them; tries after the first are not told apart",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "store_request",
            "Time of requests to the store, tries and pauses between them included",
            Unit::Seconds,
            self.request_time.clone(),
        );
        registry.register(
            "refusals",
            "Candidates that a check was against, by check; also those that a person let pass",
            self.refusals.clone(),
        );
        registry.register(
            "kafka_brokers",
            "Brokers by the state of a client's connection to them",
            self.brokers.clone(),
        );
        registry.register(
            "kafka_requests_in_flight",
            "Requests of a client that brokers have not answered",
            self.in_flight.clone(),
        );
        registry.register(
            "kafka_connects",
            "Connections to brokers that a client tried to make",
            self.connects.clone(),
        );
        registry.register(
            "kafka_disconnects",
            "Connections to brokers that ended",
            self.disconnects.clone(),
        );
        registry.register(
            "kafka_request_timeouts",
            "Requests that brokers did not answer in time",
            self.timeouts.clone(),
        );
        registry.register(
            "kafka_errors",
            "Errors that Kafka clients told of, by class; a client tells of the same one every 30 s at most",
            self.errors.clone(),
        );
    }

    /// The figures of one dataset.
    pub(crate) fn of(&self, dataset: &str) -> Figures {
        Figures {
            dataset: dataset.into(),
            families: self.clone(),
        }
    }
}

/// What is counted of one dataset. Clones count together; the default is for a service that nobody looks at.
#[derive(Clone, Default)]
pub struct Figures {
    dataset: Arc<str>,
    families: Families,
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Figures").field(&self.dataset).finish()
    }
}

impl Figures {
    /// Everything that can happen begins at zero: a counter that appears with its first event shows no increase.
    pub(crate) fn begin<'n>(&self, validators: impl IntoIterator<Item = &'n str>) {
        let families = &self.families;
        for operation in Operation::ALL {
            drop(
                families
                    .request_time
                    .get_or_create(&self.two("operation", operation.word())),
            );
            for outcome in Outcome::ALL.into_iter().filter(|outcome| outcome.is_of(operation)) {
                drop(families.requests.get_or_create(&self.request(operation, outcome)));
            }
        }
        for validator in validators {
            drop(families.refusals.get_or_create(&self.two("validator", validator)));
        }
        Client::ALL.into_iter().for_each(|client| self.client(client).begin());
    }

    /// The store, counted.
    pub(crate) fn meter(&self, store: Store) -> Store {
        store.metered(Arc::new(self.clone()))
    }

    pub(crate) fn client(&self, client: Client) -> ClientFigures {
        ClientFigures::new(self.clone(), client)
    }

    fn refused(&self, validator: &str) {
        self.families
            .refusals
            .get_or_create(&self.two("validator", validator))
            .inc();
    }

    fn dataset(&self) -> (&'static str, String) {
        ("dataset", self.dataset.to_string())
    }

    fn two(&self, label: &'static str, value: &str) -> Labels<2> {
        [self.dataset(), (label, value.to_owned())]
    }

    fn request(&self, operation: Operation, outcome: Outcome) -> Labels<3> {
        [
            self.dataset(),
            ("operation", operation.word().to_owned()),
            ("outcome", outcome.word().to_owned()),
        ]
    }
}

impl StoreMeter for Figures {
    fn ended(&self, operation: Operation, outcome: Outcome, took: Duration) {
        let families = &self.families;
        families.requests.get_or_create(&self.request(operation, outcome)).inc();
        let labels = self.two("operation", operation.word());
        families.request_time.get_or_create(&labels).observe(took.as_secs_f64());
    }
}
