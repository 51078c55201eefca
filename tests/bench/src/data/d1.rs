//! D1 `catalog`: movies with lists, sets and maps of records that many of them share.

use super::stream::{Stream, code2, lang2};
use super::{Add, Dataset, json_string};
use std::fmt::Write as _;

const DAY: i64 = 86_400_000;

pub(crate) const SCHEMA: &str = "
    Movie @PrimaryKey(id) { long id; String title; int year; int runtime; long updated; Rating rating;
        ListOfGenre genres; ListOfCastMember cast; SetOfCountryAvailability countries;
        MapOfLanguageToLocalizedTitle titles; }
    Rating { string name; string system; }
    Genre { int id; String name; }
    Person { int id; String name; }
    CastMember { Person person; String role; int billing; }
    Country { string code; }
    Language { string code; }
    CountryAvailability { Country country; long start; long end; int flags; }
    LocalizedTitle { String text; int kind; }
    String { string value; }
    ListOfGenre List<Genre>;
    ListOfCastMember List<CastMember>;
    SetOfCountryAvailability Set<CountryAvailability> @HashKey(country.code);
    MapOfLanguageToLocalizedTitle Map<Language,LocalizedTitle> @HashKey(code);";

#[derive(Clone, Debug)]
pub(crate) struct Movie {
    pub(crate) id: i64,
    pub(crate) title: String,
    pub(crate) year: i32,
    pub(crate) runtime: i32,
    pub(crate) updated: i64,
    /// Positions in the pools, here and below.
    pub(crate) rating: usize,
    pub(crate) genres: Vec<usize>,
    pub(crate) cast: Vec<CastMember>,
    pub(crate) countries: Vec<Availability>,
    pub(crate) titles: Vec<LocalizedTitle>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct CastMember {
    pub(crate) person: usize,
    pub(crate) role: usize,
    pub(crate) billing: i32,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Availability {
    pub(crate) country: usize,
    pub(crate) start: i64,
    pub(crate) end: Option<i64>,
    pub(crate) flags: i32,
}

#[derive(Clone, Debug)]
pub(crate) struct LocalizedTitle {
    pub(crate) language: usize,
    pub(crate) text: String,
    pub(crate) kind: i32,
}

/// Records that movies share, and the movies made of them.
#[derive(Debug)]
pub(crate) struct Catalog {
    /// Name and system.
    pub(crate) ratings: Vec<(String, String)>,
    pub(crate) genres: Vec<(i32, String)>,
    pub(crate) people: Vec<(i32, String)>,
    pub(crate) roles: Vec<String>,
    pub(crate) countries: Vec<String>,
    pub(crate) languages: Vec<String>,
}

pub(crate) const COUNTRIES: u32 = 191;
pub(crate) const LANGUAGES: u32 = 41;
pub(crate) const PEOPLE: u32 = 50_000;

impl Catalog {
    pub(crate) fn new() -> Self {
        let pool = |tag: u64, size: u64, words: u32| (0..size).map(move |i| Stream::new(tag, i, 0).words(words, 2, 3));
        Self {
            ratings: (0..50)
                .map(|i| (format!("R{}", i % 10), format!("SYS{}", i / 10)))
                .collect(),
            genres: (1000..).zip(pool(0xD120, 30, 1)).collect(),
            people: (20_000_000..).zip(pool(0xD110, PEOPLE.into(), 2)).collect(),
            roles: pool(0xD130, 200, 1).collect(),
            countries: (0..COUNTRIES as usize).map(code2).collect(),
            languages: (0..LANGUAGES as usize).map(lang2).collect(),
        }
    }
}

/// The key of movie `i`.
pub(crate) fn id(i: u32) -> i64 {
    80_000_000 + 3 * i64::from(i)
}

impl Dataset for Catalog {
    type Record = Movie;
    const TAG: u64 = 0xD1;
    const SCHEMA: &'static str = SCHEMA;
    const ROOT: &'static str = "Movie";

    fn record(&self, i: u32, version: u32) -> Movie {
        let mut s = Stream::new(0xD100, i.into(), 0);
        let count = 1 + s.below(4);
        let title = s.words(count, 2, 3);
        let year = 1950 + s.below(76) as i32;
        let rating = s.below(50) as usize;
        let genres = (0..1 + s.below(4)).map(|_| s.below(30) as usize).collect();
        let cast = (1..=2 + s.below(9) as i32)
            .map(|billing| CastMember {
                person: s.below(PEOPLE) as usize,
                role: s.below(200) as usize,
                billing,
            })
            .collect();
        let windows: Vec<_> = (0..1 + s.below(3))
            .map(|_| {
                let start = (10_000 + 7 * i64::from(s.below(400))) * DAY;
                let e = i64::from(s.below(20));
                let end = (e >= 12).then(|| start + 28 * (e - 11) * DAY);
                (start, end, s.below(4) as i32)
            })
            .collect();
        let (nc, c0, step) = (5 + s.below(31), s.below(COUNTRIES), 1 + s.below(COUNTRIES - 1));
        let mut countries: Vec<_> = (0..nc)
            .map(|k| {
                let (start, end, flags) = windows[s.below(windows.len() as u32) as usize];
                Availability {
                    country: ((c0 + k * step) % COUNTRIES) as usize,
                    start,
                    end,
                    flags,
                }
            })
            .collect();
        let (nl, l0, step) = (3 + s.below(11), s.below(LANGUAGES), 1 + s.below(LANGUAGES - 1));
        let mut titles: Vec<_> = (0..nl)
            .map(|k| {
                let language = ((l0 + k * step) % LANGUAGES) as usize;
                let kind = s.below(3) as i32;
                let text = match language % 4 {
                    0 => title.clone(),
                    1 => {
                        let count = 1 + s.below(4);
                        s.words(count, 2, 3)
                    }
                    2 => {
                        let count = 1 + s.below(3);
                        s.accented(count)
                    }
                    _ => (0..2 + s.below(7)).map(|_| s.char_from(0x4E00, 20_000)).collect(),
                };
                LocalizedTitle { language, text, kind }
            })
            .collect();

        let mut m = Stream::new(0xD101, i.into(), version.into());
        let runtime = ((40 + m.below(160)) * 60 + m.below(60)) as i32;
        if version > 0 {
            let k = m.below(nc) as usize;
            countries[k].start += 3_600_000 * i64::from(1 + m.below(23));
            let j = m.below(nl) as usize;
            let _ = write!(titles[j].text, "#{version}");
        }
        Movie {
            id: id(i),
            title,
            year,
            runtime,
            updated: 1_600_000_000_000 + 60_000 * i64::from(version),
            rating,
            genres,
            cast,
            countries,
            titles,
        }
    }

    fn adds(&self, movie: &Movie) -> Add {
        let collections = 4;
        let shared = 2; // title and rating
        1 + shared
            + collections
            + 2 * movie.genres.len() as Add
            + 4 * movie.cast.len() as Add
            + 2 * movie.countries.len() as Add
            + 3 * movie.titles.len() as Add
    }

    fn canonical(&self, movie: &Movie, out: &mut String) {
        let (name, system) = &self.ratings[movie.rating];
        let _ = write!(out, "{{\"id\":{},\"title\":", movie.id);
        json_string(out, &movie.title);
        let _ = write!(
            out,
            ",\"year\":{},\"runtime\":{},\"updated\":{},\"rating\":{{\"name\":\"{name}\",\"system\":\"{system}\"}},\"genres\":[",
            movie.year, movie.runtime, movie.updated
        );
        for (at, &genre) in movie.genres.iter().enumerate() {
            let (id, name) = &self.genres[genre];
            let _ = write!(out, "{}{{\"id\":{id},\"name\":\"{name}\"}}", comma(at));
        }
        out.push_str("],\"cast\":[");
        for (at, member) in movie.cast.iter().enumerate() {
            let (id, name) = &self.people[member.person];
            let (role, billing) = (&self.roles[member.role], member.billing);
            let _ = write!(
                out,
                "{}{{\"person\":{{\"id\":{id},\"name\":\"{name}\"}},\"role\":\"{role}\",\"billing\":{billing}}}",
                comma(at)
            );
        }
        out.push_str("],\"countries\":[");
        let mut countries: Vec<_> = movie.countries.iter().collect();
        countries.sort_by_key(|availability| &self.countries[availability.country]);
        for (at, availability) in countries.into_iter().enumerate() {
            let end = availability.end.map_or("null".to_owned(), |end| end.to_string());
            let _ = write!(
                out,
                "{}{{\"country\":\"{}\",\"start\":{},\"end\":{end},\"flags\":{}}}",
                comma(at),
                self.countries[availability.country],
                availability.start,
                availability.flags
            );
        }
        out.push_str("],\"titles\":{");
        let mut titles: Vec<_> = movie.titles.iter().collect();
        titles.sort_by_key(|title| &self.languages[title.language]);
        for (at, title) in titles.into_iter().enumerate() {
            let _ = write!(out, "{}\"{}\":{{\"text\":", comma(at), self.languages[title.language]);
            json_string(out, &title.text);
            let _ = write!(out, ",\"kind\":{}}}", title.kind);
        }
        out.push_str("}}");
    }
}

fn comma(at: usize) -> &'static str {
    if at == 0 { "" } else { "," }
}
