//! Indexes of a consumer: declared once, there in every state, found made after a restart.

use hollow::consumer::Consumer;
use hollow::index::IndexSpec;
use hollow::producer::Producer;
use hollow::record::{KeyValue, json};
use hollow::schema::Dataset;
use hollow::store::Store;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const SCHEMAS: &str = "Movie @PrimaryKey(id) { long id; string title; Genres genres; } Genres Set<Genre> @HashKey(name); Genre { string name; }";

fn producer(store: &Store) -> (Dataset, Producer) {
    let dataset = Dataset::parse(SCHEMAS).expect("schemas");
    let builder = Producer::builder(dataset.clone(), store.clone())
        .name("movies")
        .root("Movie");
    let mut producer = builder.build().expect("a producer");
    producer.restore().expect("nothing to restore");
    (dataset, producer)
}

/// Gives some movies titles that name the cycle, and takes some away.
fn cycle(dataset: &Dataset, producer: &mut Producer, number: i64) {
    let outcome = producer.run_incremental_cycle(|cycle| {
        for id in (0..400).filter(|id| number == 0 || (id * 7 + number) % 13 == 0) {
            let genre = (id + number) % 9;
            let text = format!(r#"{{"id":{id},"title":"{id} in {number}","genres":["g{genre}"]}}"#);
            let movie = json::parse(dataset, "Movie", text.as_bytes()).expect("a record");
            cycle.upsert("Movie", &movie)?;
        }
        for id in (0..400).filter(|id| number > 0 && (id + number) % 29 == 0) {
            cycle.delete("Movie", &[KeyValue::Long(id)])?;
        }
        Ok(())
    });
    outcome.expect("a version");
}

fn specs() -> [IndexSpec; 3] {
    [
        IndexSpec::primary_key("Movie"),
        IndexSpec::hash("Movie", &["genres.element.name"]).named("genre"),
        IndexSpec::sorted("Movie", "title").named("title"),
    ]
}

fn consumer(store: &Store) -> hollow::consumer::ConsumerBuilder {
    let builder = Consumer::builder(store.clone());
    specs().into_iter().fold(builder, |builder, spec| builder.index(spec))
}

/// Asks the indexes of a state for all of its records; gives the number of answers, or what is wrong.
fn ask(state: &hollow::read::ReadState) -> Result<u64, String> {
    let movies = state.object("Movie").ok_or("no type")?;
    let by_key = state.unique_key("Movie").map_err(|error| error.to_string())?;
    let by_genre = state.hash_index("genre").map_err(|error| error.to_string())?;
    let by_title = state.sorted_index("title").map_err(|error| error.to_string())?;
    let mut answers = 0;
    let mut records = 0;
    for id in 0..400 {
        let Some(ordinal) = by_key.find_long(id) else { continue };
        if movies.long(ordinal, 0) != Some(id) {
            return Err(format!("id {id} leads to {:?}", movies.long(ordinal, 0)));
        }
        let title = movies
            .text(ordinal, 1)
            .map(|title| title.to_string())
            .unwrap_or_default();
        if !by_title.prefix(&title).any(|found| found == ordinal) {
            return Err(format!("{title} is not in order"));
        }
        records += 1;
        answers += 2;
    }
    let of_genres: usize = (0..9).map(|genre| by_genre.find_str(&format!("g{genre}")).len()).sum();
    if (records, of_genres, by_title.iter().count()) != (movies.len(), movies.len(), movies.len()) {
        return Err(format!(
            "{records} keys, {of_genres} genres for {} movies",
            movies.len()
        ));
    }
    Ok(answers + of_genres as u64)
}

#[test]
fn readers_of_any_state_ask_its_own_indexes_while_it_is_refreshed() {
    let store = Store::memory();
    let (dataset, mut producer) = producer(&store);
    cycle(&dataset, &mut producer, 0);
    let consumer = consumer(&store).build().expect("a consumer");
    consumer.refresh().expect("a state");
    let (done, answers) = (AtomicBool::new(false), AtomicU64::new(0));
    let first = consumer.state().expect("a state");
    std::thread::scope(|scope| {
        for reader in 0..2 {
            let (consumer, first, done, answers) = (&consumer, &first, &done, &answers);
            scope.spawn(move || {
                // One reader stays with a state, the other takes the newest.
                while !done.load(Ordering::Relaxed) {
                    let state = consumer.state().expect("a state");
                    let state = if reader == 0 { first } else { &state };
                    answers.fetch_add(ask(state).expect("a consistent state"), Ordering::Relaxed);
                }
            });
        }
        for number in 1..40 {
            cycle(&dataset, &mut producer, number);
            consumer.refresh().expect("the next state");
        }
        let versions = consumer.versions().expect("versions");
        for version in versions.into_iter().step_by(7) {
            consumer.refresh_to(version).expect("an earlier state");
            ask(&consumer.state().expect("a state")).expect("a consistent state");
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(answers.into_inner() > 0);
    ask(&first).expect("the first state as it was");
}

#[test]
fn a_start_finds_indexes_in_the_cache_and_does_without() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("indexes");
    let store = Store::memory();
    let (dataset, mut producer) = producer(&store);
    cycle(&dataset, &mut producer, 0);
    let start = || consumer(&store).cache(directory.path()).start().expect("a consumer");
    ask(&start().state().expect("a state")).expect("indexes that were made");
    let written = std::fs::read(&file).expect("a file");
    assert!(hollow::index::IndexFile::open(&written).is_ok());
    cycle(&dataset, &mut producer, 1);
    let second = start();
    ask(&second.state().expect("a state")).expect("indexes that were read and carried along");
    assert!(second.save_indexes().expect("a file"));
    // Whatever stands there.
    for content in [&b""[..], b"HIX1 and nothing else", &written[..written.len() / 2]] {
        std::fs::write(&file, content).expect("a file");
        ask(&start().state().expect("a state")).expect("indexes that were made");
    }
}
