//! Several threads fill one engine: the records are those that one thread would have added, each once.

use hollow::Ordinal;
use hollow::read::ReadState;
use hollow::record::Value;
use hollow::testing::{entropy, records_of};
use hollow::typed::{AddError, Hollow, Mapper, Model, RecordSet};
use hollow::write::{Adder, CompactionConfig, WriteConfig, WriteError, WriteStateEngine};
use std::thread;

const SCHEMAS: &str = "
Movie @PrimaryKey(id) { long id; string title; People cast; Tags tags; Credits credits; }
Person { string name; Tag born; }
People List<Person>;
Tag { string value; }
Tags Set<Tag> @HashKey(value);
Credits Map<Tag, Person> @HashKey(value);
";

fn engine(config: WriteConfig) -> WriteStateEngine {
    let mut engine = WriteStateEngine::new(config);
    for schema in hollow::schema::parse(SCHEMAS).expect("schemas") {
        engine.add_type(schema, None).expect("new");
    }
    engine.prepare_for_next_cycle(1);
    engine
}

fn text(text: String) -> Value {
    Value::String(text)
}

fn tag(number: i64) -> Value {
    Value::Object(vec![text(format!("tag {}", number % 17))])
}

fn person(number: i64) -> Value {
    let born = if number % 3 == 0 { Value::Null } else { tag(number) };
    Value::Object(vec![text(format!("person {}", number % 101)), born])
}

/// A movie that shares what it refers to with many others.
fn movie(id: i64) -> Value {
    Value::Object(vec![
        Value::Long(id),
        text(format!("movie {}", id % 50)),
        Value::List((0..id % 5).map(|n| person(id * 7 + n)).collect()),
        Value::Set((0..id % 4).map(|n| tag(id + n)).collect()),
        Value::Map((0..id % 3).map(|n| (tag(id + n), person(id + n))).collect()),
    ])
}

fn snapshot(engine: &mut WriteStateEngine) -> ReadState {
    let mut bytes = Vec::new();
    engine.write_snapshot(&mut bytes).expect("written");
    ReadState::from_snapshot(&bytes).expect("reads back")
}

/// Adds movies by several threads, some of them by each.
fn fill(engine: &mut WriteStateEngine, ids: std::ops::Range<i64>, threads: i64) {
    let add = |adder: &mut Adder<'_>, part: i64| {
        for id in ids.clone().filter(|id| id % threads == part || id % 10 == 0) {
            adder.add("Movie", &movie(id)).expect("fits");
        }
    };
    let filled = engine.parallel(|adders| {
        thread::scope(|scope| {
            for part in 0..threads {
                scope.spawn(move || add(&mut adders.adder(), part));
            }
        });
    });
    filled.expect("adding");
}

fn configs() -> [WriteConfig; 3] {
    let default = WriteConfig::default();
    [
        default,
        WriteConfig {
            partitioned_ordinal_map: true,
            ..default
        },
        WriteConfig {
            focus_hole_fill_in_fewest_shards: true,
            target_max_type_shard_size_bytes: 4096,
            ..default
        },
    ]
}

#[test]
fn threads_add_what_one_thread_would() {
    for config in configs() {
        let (mut by_threads, mut by_one) = (engine(config), engine(config));
        let mut before: Option<ReadState> = None;
        for (cycle, ids) in [0..3000, 1000..3500, 500..600, 0..5000].into_iter().enumerate() {
            let tag = cycle as i64 + 10;
            by_threads.prepare_for_next_cycle(tag);
            by_one.prepare_for_next_cycle(tag);
            // Some cycles carry over, some begin anew; some records are there before the threads begin.
            if cycle == 1 {
                by_threads.add_all_from_previous_cycle().expect("adding");
                by_one.add_all_from_previous_cycle().expect("adding");
            }
            by_threads.add("Movie", &movie(ids.start)).expect("fits");
            fill(&mut by_threads, ids.clone(), 4);
            by_threads.add("Movie", &movie(ids.end)).expect("fits");
            for id in ids.start..=ids.end {
                by_one.add("Movie", &movie(id)).expect("fits");
            }
            let (state, expected) = (snapshot(&mut by_threads), snapshot(&mut by_one));
            assert_eq!(records_of(&state), records_of(&expected));
            if let Some(before) = before {
                let (mut delta, mut back) = (Vec::new(), Vec::new());
                by_threads.write_delta(&mut delta).expect("written");
                by_threads.write_reverse_delta(&mut back).expect("written");
                let next = before.apply_delta(&delta).expect("applies");
                assert_eq!(records_of(&next), records_of(&expected));
                let previous = next.apply_delta(&back).expect("leads back");
                assert_eq!(records_of(&previous), records_of(&before));
                // What stayed is where it was.
                for ty in before.types() {
                    let kept = ty
                        .populated()
                        .filter(|&ordinal| state.ty(ty.name()).is_some_and(|t| t.is_populated(ordinal)));
                    for ordinal in kept.take(50) {
                        assert_eq!(before.value(ty.name(), ordinal), state.value(ty.name(), ordinal));
                    }
                }
            }
            // Ordinals are dense but for what the threads had in stock, and for partitions of which one has more records than
            // the others: which one a record is in goes by the ordinals it refers to, and so by who came first.
            for ty in state.types() {
                let uneven = if config.partitioned_ordinal_map {
                    ty.len() / 4
                } else {
                    0
                };
                let highest = ty.max_ordinal().map_or(0, |max| max.get() as usize);
                assert!(
                    cycle > 0 || highest <= ty.len() + (ty.len() / 4).min(4 * 256) + 4 * 16 + uneven + 16,
                    "{} {highest} {}",
                    ty.name(),
                    ty.len()
                );
            }
            before = Some(state);
        }
    }
}

#[test]
fn a_reset_takes_back_what_threads_added() {
    let mut engine = engine(WriteConfig::default());
    fill(&mut engine, 0..500, 3);
    let before = snapshot(&mut engine);
    engine.prepare_for_next_cycle(2);
    engine.add_all_from_previous_cycle().expect("adding");
    fill(&mut engine, 400..900, 3);
    engine.reset();
    engine.add_all_from_previous_cycle().expect("adding");
    assert!(!engine.has_changed());
    engine.set_next_tag(3);
    assert_eq!(records_of(&snapshot(&mut engine)), records_of(&before));
    engine.prepare_for_next_cycle(4);
    let moved = engine.compact(CompactionConfig {
        min_candidate_hole_cost_bytes: 0,
        min_candidate_hole_percentage: 0,
    });
    moved.expect("an empty cycle");
}

#[test]
fn a_restored_engine_recognises_records_whichever_thread_adds_them() {
    let mut first = engine(WriteConfig::default());
    fill(&mut first, 0..800, 2);
    let before = snapshot(&mut first);
    let mut second = engine(WriteConfig::default());
    second.restore(&before).expect("restored");
    second.prepare_for_next_cycle(5);
    fill(&mut second, 0..800, 4);
    assert!(!second.has_changed());
    let state = snapshot(&mut second);
    assert_eq!(records_of(&state), records_of(&before));
}

#[test]
fn threads_hear_of_what_does_not_fit_and_a_panic_leaves_the_engine_whole() {
    let mut engine = engine(WriteConfig::default());
    fill(&mut engine, 0..100, 2);
    let refused = engine.parallel(|adders| {
        let mut adder = adders.adder();
        let movies = adder.type_id("Movie").expect("registered");
        assert!(matches!(adder.add_list(movies, &[]), Err(WriteError::WrongKind { .. })));
        assert!(matches!(
            adder.add("Nothing", &Value::Null),
            Err(WriteError::UnknownType(_))
        ));
        adder.add("Movie", &Value::Object(vec![Value::Null]))
    });
    assert!(matches!(refused, Ok(Err(WriteError::Mismatch { .. }))), "{refused:?}");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        engine.parallel(|adders| {
            adders.adder().add("Movie", &movie(1000)).expect("fits");
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err());
    let state = snapshot(&mut engine);
    assert_eq!(state.ty("Movie").expect("there").len(), 101);
    let late = engine.parallel(|_| ());
    assert!(matches!(late, Err(WriteError::WrongPhase { .. })), "{late:?}");
}

#[derive(Clone, Hollow)]
struct Role {
    #[hollow(inline)]
    name: String,
    number: Option<i32>,
}

#[derive(Clone, Hollow)]
#[hollow(primary_key(id))]
struct Film {
    id: i64,
    title: String,
    #[hollow(inline)]
    synopsis: String,
    cast: Vec<Role>,
    #[hollow(type_name = "SetOfRole")]
    crew: RecordSet<Role>,
}

/// Films of which many share titles and roles; some come several times.
fn films(seed: u64, count: usize) -> Vec<Film> {
    let mut random = entropy(seed);
    let mut below = |limit: u64| random() % limit;
    let mut films: Vec<Film> = Vec::new();
    while films.len() < count {
        if below(4) == 0 && !films.is_empty() {
            films.push(films[below(films.len() as u64) as usize].clone());
            continue;
        }
        let mut roles = |most: u64| -> Vec<Role> {
            let role = |kind: u64| Role {
                name: format!("role {kind}"),
                number: (!kind.is_multiple_of(3)).then_some((kind % 11) as i32),
            };
            (0..below(most)).map(|_| role(below(5000))).collect()
        };
        let (cast, crew) = (roles(30), RecordSet(roles(5)));
        let id = below(1 << 40) as i64;
        films.push(Film {
            id,
            title: format!("title {}", below(2000)),
            synopsis: "what it is about, at some length; ".repeat(8),
            cast,
            crew,
        });
    }
    films
}

fn film_engine() -> WriteStateEngine {
    let mut engine = WriteStateEngine::new(WriteConfig::default());
    Model::of::<Film>()
        .expect("a model")
        .add_types(&mut engine)
        .expect("new");
    engine.set_next_tag(1);
    engine
}

/// Each thread adds its part and the first films of the next one, in lists; gives the ordinals of each.
fn add_films(engine: &mut WriteStateEngine, films: &[Film], threads: usize) -> Vec<(Vec<Film>, Vec<Ordinal>)> {
    let part = films.len().div_ceil(threads);
    let added = engine.parallel(|adders| {
        thread::scope(|scope| {
            let add = |number: usize| {
                let end = films.len().min((number + 1) * part + part / 3);
                let own = films[number * part..end].to_vec();
                scope.spawn(move || {
                    let mut mapper = Mapper::with_adder(adders.adder());
                    let mut ordinals = Vec::new();
                    for films in own.chunks(1500) {
                        ordinals.extend(mapper.add_all(films).expect("fits"));
                    }
                    (own, ordinals)
                })
            };
            let running: Vec<_> = (0..threads).map(add).collect();
            let added = running.into_iter().map(|thread| thread.join().expect("no panic"));
            added.collect()
        })
    });
    added.expect("adding")
}

/// The records of a state, and that every ordinal that was given is that of its film.
fn check(state: &ReadState, added: &[(Vec<Film>, Vec<Ordinal>)]) {
    let ids = state.object("Film").expect("there");
    let id = ids.position("id").expect("a field");
    for (films, ordinals) in added {
        assert_eq!(films.len(), ordinals.len());
        for (film, &ordinal) in films.iter().zip(ordinals) {
            assert_eq!(ids.long(ordinal, id), Some(film.id));
        }
    }
}

#[test]
fn lists_added_by_threads_are_there_once_and_cycles_go_on() {
    for (seed, threads) in [(1, 2), (2, 3), (3, 5)] {
        let films = films(seed, 6000);
        let (mut by_threads, mut by_one) = (film_engine(), film_engine());
        let added = add_films(&mut by_threads, &films, threads);
        Mapper::new(&mut by_one).add_all(&films).expect("fits");
        let (first, expected) = (snapshot(&mut by_threads), snapshot(&mut by_one));
        assert_eq!(records_of(&first), records_of(&expected));
        check(&first, &added);

        // By threads once more, with records from before and a cycle that was carried over.
        let more: Vec<Film> = films[4000..]
            .iter()
            .cloned()
            .chain(self::films(seed + 100, 3000))
            .collect();
        for engine in [&mut by_threads, &mut by_one] {
            engine.prepare_for_next_cycle(2);
            if seed == 2 {
                engine.add_all_from_previous_cycle().expect("adding");
            }
        }
        let added = add_films(&mut by_threads, &more, threads);
        Mapper::new(&mut by_one).add_all(&more).expect("fits");
        let mut delta = Vec::new();
        by_threads.write_delta(&mut delta).expect("written");
        let second = first.apply_delta(&delta).expect("applies");
        assert_eq!(records_of(&second), records_of(&snapshot(&mut by_one)));
        assert_eq!(records_of(&second), records_of(&snapshot(&mut by_threads)));
        check(&second, &added);

        // And by one thread: what is known has its ordinal, new records have the lowest that are free.
        by_threads.prepare_for_next_cycle(3);
        let again = Mapper::new(&mut by_threads).add_all(&added[0].0).expect("fits");
        assert_eq!(again, added[0].1);
        let taken = second.ty("Film").expect("there");
        let lowest = (0..).filter_map(Ordinal::new).find(|&free| !taken.is_populated(free));
        let other = Film {
            id: -1,
            ..films[0].clone()
        };
        let ordinal = Mapper::new(&mut by_threads).add(&other).expect("fits");
        if seed == 2 {
            assert_eq!(Some(ordinal), lowest, "nothing was dropped before");
        }
        let mut delta = Vec::new();
        by_threads.write_delta(&mut delta).expect("written");
        let third = second.apply_delta(&delta).expect("applies");
        assert_eq!(records_of(&third), records_of(&snapshot(&mut by_threads)));
    }
}

#[test]
fn an_error_and_a_panic_in_one_thread_leave_what_others_add() {
    let films = films(7, 3000);
    let mut bad = films[..100].to_vec();
    bad[70].cast = vec![Role {
        name: "its number stands for null".to_owned(),
        number: Some(i32::MIN),
    }];
    let mut engine = film_engine();
    let done = engine.parallel(|adders| {
        thread::scope(|scope| {
            let refused = scope.spawn(|| Mapper::with_adder(adders.adder()).add_all(&bad).map(drop));
            let panicked = scope.spawn(|| {
                let mut mapper = Mapper::with_adder(adders.adder());
                mapper.add_all(&films[..50]).expect("fits");
                mapper.add_all(films.iter().inspect(|film| assert!(film.id != films[900].id)))
            });
            let added = scope.spawn(|| Mapper::with_adder(adders.adder()).add_all(&films).map(drop));
            assert!(matches!(refused.join().expect("no panic"), Err(AddError::Write(_))));
            assert!(panicked.join().is_err());
            added.join().expect("no panic")
        })
    });
    done.expect("adding").expect("fits");
    let mut by_one = film_engine();
    Mapper::new(&mut by_one).add_all(&films).expect("fits");
    assert_eq!(
        engine.populated(engine.type_id("Film").expect("registered")).len(),
        by_one.populated(by_one.type_id("Film").expect("registered")).len()
    );
    let (state, expected) = (snapshot(&mut engine), snapshot(&mut by_one));
    assert_eq!(records_of(&state)["Film"], records_of(&expected)["Film"]);
}

#[test]
fn adders_one_after_the_other_leave_few_holes_and_a_forgotten_one_keeps_its_records() {
    let mut engine = engine(WriteConfig::default());
    engine
        .parallel(|adders| {
            for id in 0..3000 {
                let mut adder = adders.adder();
                adder.add("Movie", &movie(id)).expect("fits");
                if id == 5 {
                    std::mem::forget(adder);
                }
            }
        })
        .expect("adding");
    engine.add("Movie", &movie(3000)).expect("fits");
    let state = snapshot(&mut engine);
    let movies = state.ty("Movie").expect("there");
    assert_eq!(movies.len(), 3001);
    let highest = movies.max_ordinal().expect("not empty").get();
    assert!(highest <= 3001 + 16, "{highest}");
}
