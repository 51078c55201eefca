//! Looking up typed records: by primary key through the state's own index, and in sets and maps by hash key.

mod typed_support;

use hollow::index::IndexSpec;
use hollow::read::ReadState;
use hollow::typed::{Hollow, Mapper, Model, RecordSet};
use std::collections::{BTreeMap, HashSet};
use typed_support::read_back;

#[derive(Hollow, Clone, Debug, PartialEq)]
#[hollow(primary_key(id, country))]
struct Title {
    id: i64,
    country: String,
    views: i32,
}

fn titles(numbers: impl IntoIterator<Item = i64>) -> Vec<Title> {
    let title = |id| Title {
        id,
        country: format!("C{}", id % 7),
        views: id as i32,
    };
    numbers.into_iter().map(title).collect()
}

/// What the index that this state declares takes, and what it takes to look a title up for the first time.
fn bytes_to_get(state: &ReadState) -> u64 {
    let typed = Model::of::<Title>().unwrap().bind(state).unwrap();
    let table = typed.table::<Title>().unwrap();
    let measured = allocation_counter::measure(|| {
        assert_eq!(table.get((42, "C0")).unwrap().views(), 42);
        assert!(table.get((42, "C1")).is_none());
    });
    measured.bytes_total
}

#[test]
fn an_index_that_the_state_has_is_not_built_again() {
    const TITLES: i64 = 20_000;
    let state = read_back(&titles(0..TITLES));
    let built = bytes_to_get(&state);
    assert!(
        built > TITLES as u64 * 5,
        "{built} bytes for an index of {TITLES} titles"
    );

    // By its paths, whatever its name and however they are written; it can be one of several.
    let specs = [
        IndexSpec::hash("Title", &["views"]),
        IndexSpec::unique_key("Title", &["id"]),
        IndexSpec::unique_key("Title", &["id", "country.value"]).named("by key"),
    ];
    for declared in [specs.to_vec(), vec![IndexSpec::primary_key("Title")]] {
        let with_index = state.clone().with_indexes(&declared);
        let taken = bytes_to_get(&with_index);
        assert!(taken < 2000, "{taken} bytes although an index is there");
    }
    // On other paths it is of no use.
    let other = state.with_indexes([&IndexSpec::unique_key("Title", &["id"])]);
    assert!(bytes_to_get(&other) > TITLES as u64 * 5);
}

#[test]
fn the_declared_index_follows_deltas() {
    let model = Model::of::<Title>().unwrap();
    let mut engine = typed_support::engine(&model);
    let add = |engine: &mut _, numbers: Vec<i64>| {
        let mut mapper = Mapper::new(engine);
        titles(numbers).iter().for_each(|title| {
            mapper.add(title).unwrap();
        });
    };
    add(&mut engine, (0..300).collect());
    let mut snapshot = Vec::new();
    engine.write_snapshot(&mut snapshot).unwrap();
    engine.prepare_for_next_cycle(2);
    add(&mut engine, (100..400).collect());
    let mut delta = Vec::new();
    engine.write_delta(&mut delta).unwrap();

    let state = ReadState::from_snapshot(&snapshot).unwrap();
    let before = state.with_index(&IndexSpec::primary_key("Title"));
    let after = before.apply_delta(&delta).unwrap();
    for (state, there) in [(&before, 0..300), (&after, 100..400)] {
        let typed = model.bind(state).unwrap();
        let table = typed.table::<Title>().unwrap();
        assert!(allocation_counter::measure(|| assert!(table.get((250, "C5")).is_some())).bytes_total < 2000);
        for title in titles(0..500) {
            let found = table
                .get((title.id, &title.country))
                .map(|found| found.to_owned().unwrap());
            assert_eq!(found, there.contains(&title.id).then_some(title));
        }
    }
}

#[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Genre {
    #[hollow(inline)]
    name: String,
}

#[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash)]
struct Window {
    genre: Genre,
    day: i32,
}

#[derive(Hollow, Clone, Debug, PartialEq)]
struct Ratio {
    exact: f64,
}

#[derive(Hollow, Clone, Debug, PartialEq)]
#[hollow(primary_key(id))]
struct Shelf {
    id: i64,
    #[hollow(hash_key(genre.name, day))]
    windows: HashSet<Window>,
    counts: BTreeMap<Genre, i32>,
    #[hollow(hash_key(exact))]
    ratios: RecordSet<Ratio>,
}

/// The same data as somebody sees it who asks by other keys than it is placed by.
#[derive(Hollow, Clone, Debug, PartialEq)]
#[hollow(primary_key(id), rename = "Shelf")]
struct ByDay {
    id: i64,
    #[hollow(hash_key(day))]
    windows: HashSet<Window>,
}

#[test]
fn sets_and_maps_find_each_of_theirs_and_nothing_else() {
    let name = |number: i32| format!("genre é{number}");
    let ratio = |number: i32| match number {
        0 => f64::NAN,
        1 => -0.0,
        _ => f64::from(number) / 7.0,
    };
    for len in [0, 1, 2, 3, 10, 100, 700] {
        let genre = |number| Genre { name: name(number) };
        let window = |number| Window {
            genre: genre(number),
            day: number * 3,
        };
        let shelf = Shelf {
            id: 1,
            windows: (0..len).map(window).collect(),
            counts: (0..len).map(|number| (genre(number), number)).collect(),
            ratios: (0..len).map(|number| Ratio { exact: ratio(number) }).collect(),
        };
        let state = read_back(&[shelf]);
        let typed = Model::of::<Shelf>().unwrap().bind(&state).unwrap();
        let shelf = typed.table::<Shelf>().unwrap().get(1).unwrap();
        let by_day = Model::of::<ByDay>().unwrap().bind(&state).unwrap();
        let by_day = by_day.table::<ByDay>().unwrap().get(1).unwrap();
        for number in 0..len + 50 {
            let (name, there) = (name(number), (0..len).contains(&number));
            let found = shelf.windows().find((&name, number * 3)).map(|window| window.day());
            assert_eq!(found, there.then_some(number * 3));
            assert!(!shelf.windows().contains((&name, number * 3 + 1)));
            assert_eq!(shelf.counts().get(&name), there.then_some(number));
            assert_eq!(shelf.ratios().contains(ratio(number)), there);
            assert_eq!(by_day.windows().contains(number * 3), there);
        }
        assert!(!shelf.ratios().contains(0.0), "the other zero is another value");
    }
}
