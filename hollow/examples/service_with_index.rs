//! A service that answers by key, from the newest state it has.
//!
//! `cargo run -p hollow --example service_with_index`

use hollow::consumer::Consumer;
use hollow::producer::{BoxError, Producer};
use hollow::store::Store;
use hollow::typed::{Hollow, Model, TypedState};
use std::sync::{Arc, PoisonError, RwLock};

#[derive(Hollow)]
#[hollow(primary_key(id))]
struct Movie {
    id: i64,
    title: String,
    genres: Vec<String>,
}

/// What handlers share. Cloning the `Arc` in `state` is all that a request waits for.
struct Service {
    consumer: Consumer,
    model: Model,
    state: RwLock<Option<Arc<TypedState>>>,
}

impl Service {
    fn new(store: Store) -> Result<Self, BoxError> {
        let model = Model::of::<Movie>()?;
        let consumer = Consumer::builder(store).filter(model.filter()).build()?;
        let state = RwLock::new(None);
        Ok(Self { consumer, model, state })
    }

    /// Looks for a new version; called by a timer, or by whoever hears of announcements.
    fn refresh(&self) -> Result<(), BoxError> {
        self.consumer.refresh()?;
        if let Some(state) = self.consumer.state() {
            let state = self.model.bind(&state)?;
            state.table::<Movie>()?.index()?; // built here, not when the first request comes
            *self.state.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(state));
        }
        Ok(())
    }

    /// Answers one request from one state, whatever is published meanwhile.
    fn describe(&self, id: i64) -> Result<Option<String>, BoxError> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(state) = state else {
            return Err("no state yet".into());
        };
        let Some(movie) = state.table::<Movie>()?.get(id) else {
            return Ok(None);
        };
        let genres: Vec<String> = movie.genres().iter().map(|genre| genre.to_string()).collect();
        Ok(Some(format!("{} ({})", movie.title(), genres.join(", "))))
    }
}

/// Runs the example; the tests do too.
pub fn main() -> Result<(), BoxError> {
    let store = Store::memory();
    let service = Service::new(store.clone())?;
    assert!(service.describe(1).is_err());

    let mut producer = Producer::builder(service.model.dataset().clone(), store)
        .root("Movie")
        .build()?;
    for title in ["The Salt Harbour", "The Salt Harbour: Director's Cut"] {
        producer.run_incremental_cycle(|cycle| {
            let genres = vec!["drama".to_owned(), "short".to_owned()];
            let title = title.to_owned();
            cycle.upsert_record(&Movie { id: 1, title, genres })?;
            Ok(())
        })?;
        service.refresh()?;
        println!("{}", service.describe(1)?.ok_or("it was published")?);
    }
    assert_eq!(service.describe(2)?, None);
    Ok(())
}
