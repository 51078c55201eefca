//! A producer of lines of JSON: the dynamic way in, the typed way out.
//!
//! `cargo run -p hollow --example producer_from_json -- records.jsonl`, or without a file for three lines of its own.

use hollow::producer::{BoxError, CycleOutcome, Producer};
use hollow::record::json;
use hollow::store::Store;
use hollow::typed::{Hollow, Model};
use std::collections::BTreeSet;

#[derive(Hollow, Debug)]
#[hollow(primary_key(id))]
struct Movie {
    id: i64,
    title: String,
    genres: BTreeSet<String>,
    #[hollow(inline)]
    tagline: Option<String>,
}

const LINES: &str = r#"{"id": 1, "title": "The Salt Harbour", "genres": ["drama", "short"]}
{"id": 2, "title": "Ebb", "genres": ["drama"], "tagline": "It comes back"}
{"id": 1, "title": "The Salt Harbour", "genres": ["drama"]}"#;

/// Publishes one version of the lines; the last line with a key counts.
fn publish(producer: &mut Producer, lines: &str) -> Result<CycleOutcome, BoxError> {
    let dataset = producer.dataset().clone();
    Ok(producer.run_incremental_cycle(|cycle| {
        for (number, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let value = json::parse(&dataset, "Movie", line.as_bytes())
                .map_err(|error| format!("line {}: {error}", number + 1))?;
            cycle.upsert("Movie", &value)?;
        }
        Ok(())
    })?)
}

fn run(lines: &str) -> Result<Vec<Movie>, BoxError> {
    let model = Model::of::<Movie>()?;
    let mut producer = Producer::builder(model.dataset().clone(), Store::memory())
        .root("Movie")
        .build()?;
    publish(&mut producer, lines)?;
    let state = producer.state().ok_or("there were no lines")?;
    let state = model.bind(&state)?;
    let movies = state.table::<Movie>()?;
    Ok(movies.iter().map(|movie| movie.to_owned()).collect::<Result<_, _>>()?)
}

/// Runs the example; the tests do too.
pub fn main() -> Result<(), BoxError> {
    let from_file = match std::env::args().nth(1) {
        Some(path) if path.ends_with(".jsonl") => Some(std::fs::read_to_string(path)?),
        _ => None,
    };
    for movie in run(from_file.as_deref().unwrap_or(LINES))? {
        println!("{movie:?}");
    }
    let mut movies = run(LINES)?;
    movies.sort_by_key(|movie| movie.id);
    assert_eq!(movies.len(), 2);
    assert_eq!(movies[0].genres.iter().collect::<Vec<_>>(), ["drama"]);
    let error = run(r#"{"id": 1, "titel": "Ebb"}"#)
        .map(drop)
        .map_err(|error| error.to_string());
    assert!(error.is_err());
    Ok(())
}
