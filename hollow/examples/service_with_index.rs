//! A service that answers by key and by the beginning of a title, from the newest state it has.
//!
//! `cargo run -p hollow --example service_with_index`

use hollow::consumer::Consumer;
use hollow::index::IndexSpec;
use hollow::producer::{BoxError, Producer};
use hollow::store::Store;
use hollow::typed::{Hollow, Model};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[derive(Hollow)]
#[hollow(primary_key(id))]
struct Movie {
    id: i64,
    title: String,
    genres: Vec<String>,
}

/// What handlers share. A request takes an `Arc` of the state in force, and waits for nobody.
struct Service {
    consumer: Arc<Consumer>,
    model: Model,
}

impl Service {
    fn start(store: Store) -> Result<Self, BoxError> {
        let model = Model::of::<Movie>()?;
        let consumer = Consumer::builder(store)
            .filter(model.filter()) // types and fields that the structs do not name stay out of memory
            .index(IndexSpec::primary_key("Movie"))
            .index(IndexSpec::sorted("Movie", "title.value").named("by title"))
            .refresh_every(Duration::from_millis(100))
            .start()?;
        Ok(Self { consumer, model })
    }

    /// Answers one request from one state, whatever is published meanwhile.
    fn describe(&self, id: i64) -> Result<Option<String>, BoxError> {
        let state = self.consumer.state().ok_or("no state yet")?;
        let state = self.model.bind(&state)?;
        let Some(movie) = state.table::<Movie>()?.get(id) else {
            return Ok(None);
        };
        let genres: Vec<String> = movie.genres().iter().map(|genre| genre.to_string()).collect();
        Ok(Some(format!("{} ({})", movie.title(), genres.join(", "))))
    }

    /// The titles that begin so, in order.
    fn beginning_with(&self, prefix: &str) -> Result<Vec<String>, BoxError> {
        let state = self.consumer.state().ok_or("no state yet")?;
        let found = state.sorted_index("by title")?.prefix(prefix);
        let state = self.model.bind(&state)?;
        let movies = state.table::<Movie>()?;
        Ok(found
            .filter_map(|ordinal| Some(movies.record(ordinal)?.title().to_string()))
            .collect())
    }
}

/// Runs the example; the tests do too.
pub fn main() -> Result<(), BoxError> {
    let store = Store::memory();
    let service = Service::start(store.clone())?; // nothing is announced yet, which is no error
    assert!(service.describe(1).is_err() && !service.consumer.health().is_ready());

    let mut producer = Producer::builder(service.model.dataset().clone(), store)
        .root("Movie")
        .build()?;
    for title in ["The Salt Harbour", "The Salt Harbour: Director's Cut"] {
        let outcome = producer.run_incremental_cycle(|cycle| {
            let genres = vec!["drama".to_owned(), "short".to_owned()];
            let title = title.to_owned();
            cycle.upsert_record(&Movie { id: 1, title, genres })?;
            Ok(())
        })?;
        let (published, since) = (outcome.version(), Instant::now());
        while service.consumer.version() != published {
            assert!(
                since.elapsed() < Duration::from_secs(60),
                "{:?}",
                service.consumer.health()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
        println!("{}", service.describe(1)?.ok_or("it was published")?);
    }
    assert_eq!(service.describe(2)?, None);
    assert_eq!(service.beginning_with("the salt")?.len(), 0);
    assert_eq!(service.beginning_with("The S")?, ["The Salt Harbour: Director's Cut"]);
    Ok(())
}
