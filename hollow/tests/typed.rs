//! Typed records end to end: derived, produced, consumed, read and taken back.

mod typed_support;

use hollow::consumer::Consumer;
use hollow::producer::{BoxError, Producer};
use hollow::store::Store;
use hollow::typed::{Change, EpochMillis, Hollow, Mapper, Model, ModelError, ReadError, changes};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use typed_support::{read_back, schemas};

#[derive(Hollow, Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[hollow(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    Movie,
    LimitedSeries,
}

#[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Country {
    #[hollow(inline)]
    code: String,
}

#[derive(Hollow, Clone, Debug, PartialEq, Eq, Hash)]
struct Window {
    country: Arc<Country>,
    start: EpochMillis,
    end: Option<EpochMillis>,
}

#[derive(Hollow, Clone, Debug, PartialEq)]
#[hollow(primary_key(id, country.code))]
struct Movie {
    id: i64,
    country: Country,
    title: String,
    #[hollow(inline, rename = "tagLine")]
    tagline: Option<String>,
    kind: Kind,
    #[hollow(inline)]
    kind_before: Option<Kind>,
    rating: Option<f32>,
    score: f64,
    live: bool,
    year: u16,
    views: u32,
    grade: char,
    poster: Vec<u8>,
    #[hollow(boxed)]
    likes: Option<i64>,
    genres: Vec<String>,
    #[hollow(hash_key(country.code))]
    windows: HashSet<Window>,
    names: BTreeMap<Country, String>,
    grid: Vec<Vec<i32>>,
    #[hollow(type_name = "Tags")]
    tags: Option<BTreeSet<Arc<str>>>,
    sequel: Option<Box<Movie>>,
    #[hollow(skip)]
    cached: usize,
}

fn movie(id: i64, title: &str) -> Movie {
    let country = |code: &str| Country { code: code.to_owned() };
    let window = |code: &str, start| Window {
        country: Arc::new(country(code)),
        start: EpochMillis(start),
        end: (start > 5).then_some(EpochMillis(start + 1)),
    };
    Movie {
        id,
        country: country("DE"),
        title: title.to_owned(),
        tagline: Some("Zoë 日本".to_owned()),
        kind: Kind::LimitedSeries,
        kind_before: Some(Kind::Movie),
        rating: Some(-1.5),
        score: 0.1,
        live: true,
        year: 2026,
        views: u32::MAX,
        grade: '日',
        poster: vec![0, 255],
        likes: Some(-7),
        genres: vec!["drama".to_owned(), "short".to_owned(), "drama".to_owned()],
        windows: [window("DE", 3), window("FR", 9)].into(),
        names: [(country("DE"), "eins".to_owned()), (country("FR"), "un".to_owned())].into(),
        grid: vec![vec![1, 2], vec![], vec![3]],
        tags: Some(["a".into(), "b".into()].into()),
        sequel: None,
        cached: 0,
    }
}

#[test]
fn a_record_reads_back_as_it_was() {
    let mut first = movie(1, "The Salt Harbour");
    first.sequel = Some(Box::new(Movie {
        tagline: None,
        kind_before: None,
        rating: None,
        likes: None,
        tags: None,
        genres: Vec::new(),
        windows: HashSet::new(),
        ..movie(2, "")
    }));
    let state = read_back(std::slice::from_ref(&first));
    let typed = Model::of::<Movie>().unwrap().bind(&state).unwrap();
    let movies = typed.table::<Movie>().unwrap();
    assert_eq!(movies.len(), 2);

    let found = movies.get((1, "DE")).unwrap();
    assert_eq!(found.id(), 1);
    assert_eq!(found.title(), "The Salt Harbour");
    assert_eq!(found.title().to_str(), "The Salt Harbour");
    assert_eq!(found.tagline().unwrap(), "Zoë 日本");
    assert_eq!(found.kind(), Ok(Kind::LimitedSeries));
    assert_eq!(found.kind_before(), Some(Ok(Kind::Movie)));
    assert_eq!((found.rating(), found.score(), found.live()), (Some(-1.5), 0.1, true));
    assert_eq!(
        (found.year(), found.views(), found.grade()),
        (2026, i64::from(u32::MAX), '日')
    );
    assert_eq!((found.poster(), found.likes()), (&[0u8, 255][..], Some(-7)));
    assert_eq!(
        found.genres().iter().map(|genre| genre.to_string()).collect::<Vec<_>>(),
        ["drama", "short", "drama"]
    );
    assert_eq!(
        (
            found.genres().len(),
            found.genres().get(1).unwrap().to_string().as_str()
        ),
        (3, "short")
    );
    assert_eq!(found.windows().len(), 2);
    let window = found.windows().find("FR").unwrap();
    assert_eq!((window.start(), window.end()), (EpochMillis(9), Some(EpochMillis(10))));
    assert!(found.windows().contains("DE") && !found.windows().contains("IT"));
    assert_eq!(found.names().get("FR").unwrap(), "un");
    assert!(found.names().get("IT").is_none());
    assert_eq!(
        found
            .grid()
            .iter()
            .map(|row| row.iter().collect())
            .collect::<Vec<Vec<i32>>>(),
        [vec![1, 2], vec![], vec![3]]
    );
    assert!(found.tags().unwrap().contains("a") && !found.tags().unwrap().contains("c"));
    let sequel = found.sequel().unwrap();
    assert_eq!(
        (sequel.id(), sequel.tagline(), sequel.kind_before(), sequel.sequel()),
        (2, None, None, None)
    );
    assert!(sequel.tags().is_none() && sequel.genres().is_empty());
    assert_eq!(movies.get((2, "DE")), Some(sequel));
    assert_eq!(movies.get((2, "FR")), None);

    assert_eq!(found.to_owned().unwrap(), first);
    assert_eq!(
        typed.state().value("Movie", found.ordinal().unwrap()),
        Some(typed_support::value_of(&first))
    );
}

#[test]
fn the_schemas_are_those_of_the_equivalent_java_classes() {
    #[derive(Hollow)]
    #[hollow(primary_key(id), rename_all = "camelCase")]
    struct Film {
        id: i64,
        main_title: String,
        #[hollow(inline)]
        tag_line: Option<String>,
        #[hollow(boxed)]
        likes: Option<i32>,
        #[hollow(boxed)]
        added_at: EpochMillis,
        kind: Kind,
        actors: Vec<Actor>,
        #[hollow(hash_key(actor.id))]
        cast: HashSet<Role>,
        by_code: HashMap<String, Actor>,
        #[hollow(type_name = "Countries")]
        countries: BTreeSet<Country>,
        #[hollow(type_name = "Title")]
        title: String,
        #[hollow(element_type = "Tag")]
        tags: Vec<String>,
        levels: Vec<Vec<i64>>,
    }
    #[derive(Hollow, PartialEq, Eq, Hash)]
    #[hollow(primary_key(id))]
    struct Actor {
        id: i32,
        name: String,
    }
    #[derive(Hollow, PartialEq, Eq, Hash)]
    struct Role {
        actor: Actor,
        name: String,
    }
    // Post-order over the fields, as the object mapper registers types.
    assert_eq!(
        schemas::<Film>(),
        [
            "String { string value; }",
            "Integer { int value; }",
            "Date { long value; }",
            "Kind { string _name; }",
            "Actor @PrimaryKey(id) { int id; String name; }",
            "ListOfActor List<Actor>;",
            "Role { Actor actor; String name; }",
            "SetOfRole Set<Role> @HashKey(actor.id);",
            "MapOfStringToActor Map<String,Actor> @HashKey(value);",
            "Country { string code; }",
            "Countries Set<Country> @HashKey(code);",
            "Title { string value; }",
            "Tag { string value; }",
            "ListOfTag List<Tag>;",
            "Long { long value; }",
            "ListOfLong List<Long>;",
            "ListOfListOfLong List<ListOfLong>;",
            "Film @PrimaryKey(id) { long id; String mainTitle; string tagLine; Integer likes; Date addedAt; Kind kind; \
             ListOfActor actors; SetOfRole cast; MapOfStringToActor byCode; Countries countries; Title title; \
             ListOfTag tags; ListOfListOfLong levels; }",
        ]
    );
}

#[test]
fn producers_take_typed_records_whole_and_by_key() -> Result<(), BoxError> {
    let model = Model::of::<Movie>()?;
    let store = Store::memory();
    let mut producer = Producer::builder(model.dataset().clone(), store.clone())
        .root("Movie")
        .build()?;
    producer.run_cycle(|cycle| {
        for id in 0..5 {
            cycle.add_record(&movie(id, "before"))?;
        }
        Ok(())
    })?;
    let consumer = Consumer::builder(store).filter(model.filter()).build()?;
    consumer.refresh()?;
    let before = model.bind(&consumer.state().unwrap())?;

    producer.run_incremental_cycle(|cycle| {
        assert!(cycle.upsert_record(&movie(1, "after"))?);
        assert!(!cycle.upsert_record(&movie(2, "before"))?);
        assert!(cycle.upsert_record(&movie(7, "new"))?);
        assert!(cycle.delete_record::<Movie>((3, "DE"))?);
        assert!(!cycle.delete_record::<Movie>((3, "FR"))?);
        Ok(())
    })?;
    consumer.refresh()?;
    let after = model.bind(&consumer.state().unwrap())?;
    assert_eq!(after.table::<Movie>()?.len(), 5);
    assert_eq!(
        after.table::<Movie>()?.get((1, "DE")).unwrap().to_owned()?,
        movie(1, "after")
    );
    // Shared children of the removed one stay, its title of its own would not.
    assert_eq!(after.table::<Country>()?.len(), 2);
    let mut seen: Vec<String> = changes::<Movie>(&before, &after)?
        .map(|change| match change {
            Change::Added(movie) => format!("+{} {}", movie.id(), movie.title()),
            Change::Removed(movie) => format!("-{} {}", movie.id(), movie.title()),
            Change::Updated { before, after } => format!("{} {} {}", before.id(), before.title(), after.title()),
        })
        .collect();
    seen.sort();
    assert_eq!(seen, ["+7 new", "-3 before", "1 before after"]);
    // And back: the roles are exchanged.
    assert_eq!(
        changes::<Movie>(&after, &before)?
            .filter(|change| matches!(change, Change::Added(_)))
            .count(),
        1
    );
    Ok(())
}

#[test]
fn what_is_absent_in_a_record_is_absent_in_accessors_and_refused_as_a_value() {
    #[derive(Hollow)]
    #[hollow(rename = "T")]
    struct Writes {
        id: i64,
        name: Option<String>,
        country: Option<Country>,
        list: Option<Vec<String>>,
    }
    #[derive(Hollow, Debug, PartialEq)]
    #[hollow(rename = "T")]
    struct Reads {
        id: i64,
        name: String,
        country: Country,
        list: Vec<String>,
    }
    #[derive(Hollow, Debug, PartialEq)]
    #[hollow(rename = "T")]
    struct Forgives {
        id: i64,
        #[hollow(default)]
        name: String,
        #[hollow(default)]
        list: Vec<String>,
        #[hollow(default)]
        unknown: i32,
        also: Option<bool>,
    }
    let nothing = Writes {
        id: 1,
        name: None,
        country: None,
        list: None,
    };
    let state = read_back(&[nothing]);
    let typed = Model::of::<Reads>().unwrap().bind(&state).unwrap();
    let record = typed.table::<Reads>().unwrap().iter().next().unwrap();
    assert_eq!((record.name().to_str().as_ref(), record.list().len()), ("", 0));
    assert!(record.country().is_null() && record.country().ordinal().is_none());
    assert_eq!(record.country().code(), "");
    let null = |field: &str| ReadError::Null {
        type_name: "T".to_owned(),
        field: field.to_owned(),
    };
    assert_eq!(record.to_owned(), Err(null("name")));
    assert_eq!(
        record.country().to_owned(),
        Err(ReadError::Absent("Country".to_owned()))
    );

    let typed = Model::of::<Forgives>().unwrap().bind(&state).unwrap();
    let record = typed.table::<Forgives>().unwrap().iter().next().unwrap();
    assert_eq!((record.unknown(), record.also()), (0, None));
    let forgiven = Forgives {
        id: 1,
        name: String::new(),
        list: Vec::new(),
        unknown: 0,
        also: None,
    };
    assert_eq!(record.to_owned(), Ok(forgiven));
}

#[test]
fn a_model_that_does_not_fit_says_where() {
    macro_rules! binds {
        ($($field:tt)*) => {{
            #[derive(Hollow)]
            #[hollow(rename = "Country")]
            struct Other { $($field)* }
            let state = read_back(&[Country { code: "DE".to_owned() }]);
            Model::of::<Other>().unwrap().bind(&state).map(drop).map_err(|error| error.to_string())
        }};
    }
    assert_eq!(binds!(code: Option<String>), Ok(())); // text may be inline or not
    let wrong = "another type than in the model, type=Country field=code expected=";
    assert_eq!(binds!(code: i32), Err(format!("{wrong}int found=string")));
    assert_eq!(
        binds!(code: Vec<i32>),
        Err(format!("{wrong}ListOfInteger found=string"))
    );
    assert!(
        binds!(name: String)
            .unwrap_err()
            .contains("no such field, type=Country field=name")
    );

    let state = read_back(&[Country { code: "DE".to_owned() }]);
    let error = Model::of::<Movie>().unwrap().bind(&state).unwrap_err();
    assert!(matches!(error, ModelError::MissingType { .. }), "{error}");
    #[derive(Hollow)]
    #[hollow(optional)]
    struct Maybe {
        id: i64,
    }
    let typed = Model::of::<Maybe>().unwrap().bind(&state).unwrap();
    assert!(typed.table::<Maybe>().unwrap().is_empty());
    assert_eq!(typed.table::<Maybe>().unwrap().iter().count(), 0);
    assert!(matches!(typed.table::<Movie>(), Err(ModelError::NotInModel(_))));
}

#[test]
fn two_definitions_of_one_type_are_refused() {
    mod other {
        #[derive(hollow::typed::Hollow)]
        pub(crate) struct Country {
            pub(crate) number: i32,
        }
    }
    #[derive(Hollow)]
    struct Both {
        a: Country,
        b: other::Country,
    }
    #[derive(Hollow)]
    struct Keys {
        a: BTreeSet<Country>,
        #[hollow(hash_key())]
        b: BTreeSet<Country>,
    }
    assert!(matches!(Model::of::<Both>(), Err(ModelError::Conflict { .. })));
    let error = Model::of::<Keys>().unwrap_err().to_string();
    assert!(
        error.contains("type=SetOfCountry") && error.contains("type_name"),
        "{error}"
    );
}

#[test]
fn names_that_no_variant_has_are_told() {
    #[derive(Hollow)]
    #[hollow(rename = "T")]
    struct Writes {
        a: String,
        b: String,
    }
    #[derive(Hollow, Debug, PartialEq)]
    enum Letter {
        A,
    }
    #[derive(Hollow, Debug, PartialEq)]
    enum Open {
        A,
        #[hollow(other)]
        Other(String),
    }
    #[derive(Hollow, Debug)]
    #[hollow(rename = "T")]
    struct Reads {
        a: Letter,
        b: Open,
    }
    let write = |a: &str, b: &str| {
        read_back(&[Writes {
            a: a.to_owned(),
            b: b.to_owned(),
        }])
    };
    let state = write("A", "A");
    let typed = Model::of::<Reads>().unwrap().bind(&state).unwrap();
    let read = typed.table::<Reads>().unwrap().iter().next().unwrap();
    assert_eq!((read.a(), read.b()), (Ok(Letter::A), Ok(Open::A)));
    let state = write("B", "B");
    let typed = Model::of::<Reads>().unwrap().bind(&state).unwrap();
    let read = typed.table::<Reads>().unwrap().iter().next().unwrap();
    assert_eq!(
        read.a().unwrap_err().to_string(),
        "no variant of this name, enum=Letter name=B"
    );
    assert_eq!(read.b(), Ok(Open::Other("B".to_owned())));
    assert!(matches!(read.to_owned(), Err(ReadError::UnknownName(_))));
}

/// What is remembered while a cycle is filled is not used for records that left it meanwhile.
#[test]
fn a_shared_record_that_went_with_its_last_owner_comes_back() -> Result<(), BoxError> {
    #[derive(Hollow)]
    #[hollow(primary_key(id))]
    struct Owner {
        id: i32,
        shared: Arc<Country>,
        kind: Kind,
    }
    let model = Model::of::<Owner>()?;
    let mut producer = Producer::builder(model.dataset().clone(), Store::memory())
        .root("Owner")
        .build()?;
    let (first, second) = (
        Arc::new(Country { code: "DE".into() }),
        Arc::new(Country { code: "FR".into() }),
    );
    let owner = |id, shared: &Arc<Country>| Owner {
        id,
        shared: shared.clone(),
        kind: Kind::Movie,
    };
    producer.run_incremental_cycle(|cycle| {
        cycle.upsert_record(&owner(1, &first))?;
        cycle.upsert_record(&owner(1, &second))?; // nobody has the first any more
        cycle.upsert_record(&owner(2, &first))?;
        cycle.delete_record::<Owner>(1)?;
        cycle.delete_record::<Owner>(2)?; // nobody has any
        cycle.upsert_record(&owner(3, &second))?;
        Ok(())
    })?;
    let state = model.bind(&producer.state().unwrap())?;
    let owners: Vec<_> = state.table::<Owner>()?.iter().collect();
    assert_eq!(
        (owners.len(), owners[0].id(), owners[0].kind()),
        (1, 3, Ok(Kind::Movie))
    );
    assert_eq!(owners[0].shared().to_owned()?, *second);
    assert_eq!((state.table::<Country>()?.len(), state.table::<Kind>()?.len()), (1, 1));
    Ok(())
}

#[test]
fn a_record_that_stands_for_an_endless_tree_is_refused_as_a_value() {
    #[derive(Hollow)]
    struct Node {
        id: i32,
        children: Vec<Arc<Node>>,
    }
    let twice = |id, node: Arc<Node>| {
        Arc::new(Node {
            id,
            children: vec![node.clone(), node],
        })
    };
    let leaf = Arc::new(Node {
        id: 0,
        children: Vec::new(),
    });
    let top = (1..=25).fold(leaf, |node, id| twice(id, node)); // 33 million values in 26 records
    let state = read_back(&[Arc::clone(&top)]);
    let typed = Model::of::<Node>().unwrap().bind(&state).unwrap();
    let top = typed
        .table::<Node>()
        .unwrap()
        .iter()
        .find(|node| node.id() == 25)
        .unwrap();
    assert_eq!(top.children().iter().count(), 2);
    assert_eq!(top.to_owned().map(|node| node.id), Err(ReadError::TooLarge));
}

/// Records that are there already cost no allocation.
#[test]
fn adding_and_reading_allocate_nothing_in_the_steady_state() {
    let movies: Vec<Movie> = (0..50).map(|id| movie(id, "The Salt Harbour")).collect();
    let model = Model::of::<Movie>().unwrap();
    let mut engine = typed_support::engine(&model);
    let mut mapper = Mapper::new(&mut engine);
    let mut add_all = || {
        for movie in &movies {
            mapper.add(movie).unwrap();
        }
    };
    add_all();
    assert_eq!(allocation_counter::measure(add_all).count_total, 0);

    let state = read_back(&movies);
    let typed = model.bind(&state).unwrap();
    let table = typed.table::<Movie>().unwrap();
    let records: Vec<_> = table.iter().collect();
    let read = || {
        let mut sum = 0;
        for movie in &records {
            sum += movie.id() + i64::from(movie.title() == "The Salt Harbour");
            sum += movie.genres().iter().filter(|genre| genre.is("drama")).count() as i64;
            sum += movie.windows().iter().map(|window| window.start().0).sum::<i64>();
            sum += i64::from(movie.kind().is_ok());
        }
        assert!(sum > 50);
    };
    assert_eq!(allocation_counter::measure(read).count_total, 0);
}
