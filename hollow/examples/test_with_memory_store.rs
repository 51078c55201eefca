//! Testing code that reads a dataset: publish a small one to a store in memory, and ask.
//!
//! `cargo run -p hollow --example test_with_memory_store`

use hollow::consumer::Consumer;
use hollow::producer::{BoxError, Producer};
use hollow::store::Store;
use hollow::typed::{Hollow, Keyed, Model, TypedState};

#[derive(Hollow)]
#[hollow(primary_key(code))]
struct Country {
    #[hollow(inline)]
    code: String,
    available: bool,
    languages: Vec<String>,
}

/// The code under test: it knows a state, no store, no producer, no network.
fn languages_without_service(state: &TypedState) -> Result<Vec<String>, BoxError> {
    let closed = state.table::<Country>()?.iter().filter(|country| !country.available());
    let mut languages: Vec<String> = closed
        .flat_map(|country| country.languages().iter())
        .map(|language| language.to_string())
        .collect();
    languages.sort();
    languages.dedup();
    Ok(languages)
}

/// A state of these records, as a producer would publish it and a consumer load it.
fn state_of<T: Keyed>(records: &[T]) -> Result<TypedState, BoxError> {
    let (model, store) = (Model::of::<T>()?, Store::memory());
    let mut producer = Producer::builder(model.dataset().clone(), store.clone()).build()?;
    producer.run_cycle(|cycle| {
        for record in records {
            cycle.add_record(record)?;
        }
        Ok(())
    })?;
    let consumer = Consumer::builder(store).build()?;
    consumer.refresh()?;
    let state = consumer.state().ok_or("nothing is announced")?;
    Ok(model.bind(&state)?)
}

/// Runs the example; the tests do too.
pub fn main() -> Result<(), BoxError> {
    let country = |code: &str, available, languages: &[&str]| Country {
        code: code.to_owned(),
        available,
        languages: languages.iter().map(|&tag| tag.to_owned()).collect(),
    };
    let state = state_of(&[
        country("DE", true, &["de"]),
        country("CH", false, &["de", "fr", "it"]),
        country("BE", false, &["nl", "fr", "de"]),
    ])?;
    assert_eq!(languages_without_service(&state)?, ["de", "fr", "it", "nl"]);
    assert!(
        state
            .table::<Country>()?
            .get("CH")
            .is_some_and(|country| !country.available())
    );
    println!("as expected");
    Ok(())
}
