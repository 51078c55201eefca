use super::*;
use crate::index::IndexSpec;
use crate::read::ReadState;
use crate::record::{KeyValue, json};
use crate::schema::Dataset;
use crate::write::{WriteConfig, WriteStateEngine};

const SCHEMAS: &str =
    "Movie @PrimaryKey(id) { long id; string title; Genres genres; } Genres List<Genre>; Genre { string name; }";

/// A state of so many movies, some of them with the key of another one, some with none.
fn state(movies: i64, tag: i64) -> ReadState {
    let dataset = Dataset::parse(SCHEMAS).expect("schemas");
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    for schema in dataset.schemas() {
        engine.add_type(schema.clone(), None).expect("a type");
    }
    for number in 0..movies {
        let id = if number % 50 == 0 {
            "null".to_owned()
        } else {
            (number / 3 * 2).to_string()
        };
        let text = format!(
            r#"{{"id":{id},"title":"title {}","genres":["g{}","g{}"]}}"#,
            number % 700,
            number % 5,
            number % 7 + 5
        );
        let movie = json::parse(&dataset, "Movie", text.as_bytes()).expect("a record");
        engine.add("Movie", &movie).expect("a record");
    }
    engine.set_next_tag(tag);
    let mut bytes = Vec::new();
    engine.write_snapshot(&mut bytes).expect("a snapshot");
    ReadState::from_snapshot(&bytes).expect("a state")
}

fn specs() -> [IndexSpec; 4] {
    [
        IndexSpec::primary_key("Movie"),
        IndexSpec::hash("Movie", &["genres.element.name"]).named("genre"),
        IndexSpec::sorted("Movie", "title").named("title"),
        IndexSpec::unique_key("Movie", &["title", "id"]).named("both"),
    ]
}

fn file_of(state: &ReadState) -> Vec<u8> {
    let mut file = Vec::new();
    state.write_indexes(&mut file).expect("memory takes all");
    file
}

/// All that indexes find.
fn found(state: &ReadState) -> String {
    let key = state.unique_key("Movie").expect("an index");
    let keys: Vec<_> = (0..2000).map(|id| key.find_long(id)).collect();
    let both = state.unique_key("both").expect("an index");
    let pairs = (0..700).map(|at| both.find(&[KeyValue::Text(format!("title {at}")), KeyValue::Long(at / 3 * 2)]));
    let pairs: Vec<_> = pairs.collect();
    let genre = state.hash_index("genre").expect("an index");
    let genres: Vec<Vec<_>> = (0..13).map(|at| genre.find_str(&format!("g{at}")).collect()).collect();
    let titles: Vec<_> = state.sorted_index("title").expect("an index").iter().collect();
    let counts = (key.index().len(), key.index().incomplete(), key.duplicates());
    format!("{keys:?} {pairs:?} {genres:?} {titles:?} {counts:?}")
}

#[test]
fn what_is_read_finds_what_was_made() {
    let made = state(3000, 7).with_indexes(&specs());
    let bytes = file_of(&made);
    let file = IndexFile::open(&bytes).expect("a file");
    assert_eq!(file.tag(), 7);
    let (read, restored) = state(3000, 7).with_indexes_from(&specs(), &file);
    assert_eq!((restored.read.len(), restored.made), (4, Vec::new()));
    assert_eq!(found(&read), found(&made));
    assert_eq!(read.index_memory_bytes() / 1000, made.index_memory_bytes() / 1000);
    assert_eq!(file_of(&read), bytes);
}

#[test]
fn a_file_of_another_state_or_without_an_index_only_costs_time() {
    let made = state(3000, 7).with_indexes(&specs());
    let bytes = file_of(&made);
    let file = IndexFile::open(&bytes).expect("a file");
    let (other, restored) = state(2000, 8).with_indexes_from(&specs(), &file);
    assert!(restored.read.is_empty());
    let (expected, found_tag) = (8, 7);
    let reason = IndexFileError::OtherState {
        expected,
        found: found_tag,
    };
    assert_eq!(restored.made[0], ("Movie".to_owned(), reason));
    assert_eq!(found(&other), found(&state(2000, 8).with_indexes(&specs())));
    // The tag is the same, the records are not.
    let (other, restored) = state(2000, 7).with_indexes_from(&specs(), &file);
    assert!(restored.read.is_empty(), "{restored:?}");
    assert_eq!(found(&other), found(&state(2000, 8).with_indexes(&specs())));
    let one = file_of(&state(10, 7).with_index(&IndexSpec::primary_key("Movie")));
    let (_, restored) = state(10, 7).with_indexes_from(&specs(), &IndexFile::open(&one).expect("a file"));
    assert_eq!(restored.read, ["Movie"]);
    assert_eq!(restored.made[0], ("genre".to_owned(), IndexFileError::Absent));
}

#[test]
fn damage_is_refused() {
    let bytes = file_of(&state(40, 7).with_indexes(&specs()));
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << (at % 8);
        assert!(IndexFile::open(&damaged).is_err(), "byte {at}");
        assert!(IndexFile::open(&bytes[..at]).is_err(), "cut at {at}");
    }
}

#[test]
fn a_forged_file_names_no_record_that_is_not_there_and_breaks_nothing() {
    use sha2::{Digest, Sha256};
    let plain = state(60, 7);
    let bytes = file_of(&plain.clone().with_indexes(&specs()));
    let content = bytes.len() - 32;
    let mut refused = 0;
    for at in MAGIC.len()..content {
        for bit in [0, 3, 7] {
            let mut forged = bytes[..content].to_vec();
            forged[at] ^= 1 << bit;
            let digest = Sha256::digest(&forged);
            forged.extend_from_slice(&digest);
            let Ok(file) = IndexFile::open(&forged) else {
                refused += 1;
                continue;
            };
            let (state, restored) = plain.clone().with_indexes_from(&specs(), &file);
            refused += usize::from(!restored.made.is_empty());
            let movies = state.ty("Movie").expect("a type");
            let key = state.unique_key("Movie").expect("an index");
            for id in 0..60 {
                if let Some(ordinal) = key.find_long(id) {
                    assert_eq!(state.object("Movie").and_then(|ty| ty.long(ordinal, 0)), Some(id));
                }
            }
            let genre = state.hash_index("genre").expect("an index");
            let genres = (0..13).flat_map(|at| genre.find_str(&format!("g{at}")).collect::<Vec<_>>());
            let titles = state.sorted_index("title").expect("an index");
            let prefix = titles.prefix("title 1").collect::<Vec<_>>();
            assert!(
                genres
                    .chain(titles.iter())
                    .chain(prefix)
                    .all(|ordinal| movies.is_populated(ordinal))
            );
        }
    }
    assert!(refused > content, "forgeries refused: {refused}");
}
