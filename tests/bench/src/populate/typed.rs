//! The records as the structs that a service would have: what they share is shared by `Arc`, as Java shares objects.

use super::Handed;
use crate::data::d1::{Catalog, Movie as RawMovie};
use crate::data::d2::{Flat as RawFlat, Flats};
use crate::data::d3::{Liveness, Video as RawVideo};
use crate::data::d4::{Str as RawStr, Strings};
use hollow::typed::{Hollow, Record, RecordMap, RecordSet};
use std::sync::Arc;

/// A data set whose records can be structs.
pub(crate) trait Typed: Handed {
    /// A top-level record.
    type Struct: Record + Sync;
    /// What records share.
    type Pool;
    fn pool(&self) -> Self::Pool;
    fn typed(&self, pool: &Self::Pool, record: Self::Record) -> Self::Struct;
}

#[derive(Hollow)]
#[hollow(primary_key(id))]
pub(crate) struct Movie {
    id: i64,
    title: String,
    year: i32,
    runtime: i32,
    updated: i64,
    rating: Arc<Rating>,
    genres: Vec<Arc<Genre>>,
    cast: Vec<CastMember>,
    #[hollow(hash_key(country.code))]
    countries: RecordSet<CountryAvailability>,
    #[hollow(hash_key(code))]
    titles: RecordMap<Arc<Language>, LocalizedTitle>,
}

#[derive(Hollow)]
pub(crate) struct Rating {
    #[hollow(inline)]
    name: String,
    #[hollow(inline)]
    system: String,
}

#[derive(Hollow)]
pub(crate) struct Genre {
    id: i32,
    name: String,
}

#[derive(Hollow)]
pub(crate) struct Person {
    id: i32,
    name: String,
}

#[derive(Hollow)]
pub(crate) struct CastMember {
    person: Arc<Person>,
    role: Arc<str>,
    billing: i32,
}

#[derive(Hollow)]
pub(crate) struct Country {
    #[hollow(inline)]
    code: String,
}

#[derive(Hollow)]
pub(crate) struct Language {
    #[hollow(inline)]
    code: String,
}

#[derive(Hollow)]
pub(crate) struct CountryAvailability {
    country: Arc<Country>,
    start: i64,
    end: Option<i64>,
    flags: i32,
}

#[derive(Hollow)]
pub(crate) struct LocalizedTitle {
    text: String,
    kind: i32,
}

pub(crate) struct CatalogPool {
    ratings: Vec<Arc<Rating>>,
    genres: Vec<Arc<Genre>>,
    people: Vec<Arc<Person>>,
    roles: Vec<Arc<str>>,
    countries: Vec<Arc<Country>>,
    languages: Vec<Arc<Language>>,
}

fn shared<S, T>(from: &[S], make: impl Fn(&S) -> T) -> Vec<Arc<T>> {
    from.iter().map(|item| Arc::new(make(item))).collect()
}

impl Typed for Catalog {
    type Struct = Movie;
    type Pool = CatalogPool;

    fn pool(&self) -> CatalogPool {
        CatalogPool {
            ratings: shared(&self.ratings, |(name, system)| Rating {
                name: name.clone(),
                system: system.clone(),
            }),
            genres: shared(&self.genres, |(id, name)| Genre {
                id: *id,
                name: name.clone(),
            }),
            people: shared(&self.people, |(id, name)| Person {
                id: *id,
                name: name.clone(),
            }),
            roles: self.roles.iter().map(|role| role.as_str().into()).collect(),
            countries: shared(&self.countries, |code| Country { code: code.clone() }),
            languages: shared(&self.languages, |code| Language { code: code.clone() }),
        }
    }

    fn typed(&self, pool: &CatalogPool, movie: RawMovie) -> Movie {
        let cast = movie.cast.iter().map(|member| CastMember {
            person: pool.people[member.person].clone(),
            role: pool.roles[member.role].clone(),
            billing: member.billing,
        });
        let countries = movie.countries.iter().map(|availability| CountryAvailability {
            country: pool.countries[availability.country].clone(),
            start: availability.start,
            end: availability.end,
            flags: availability.flags,
        });
        let titles = movie.titles.into_iter().map(|title| {
            let text = LocalizedTitle {
                text: title.text,
                kind: title.kind,
            };
            (pool.languages[title.language].clone(), text)
        });
        Movie {
            id: movie.id,
            title: movie.title,
            year: movie.year,
            runtime: movie.runtime,
            updated: movie.updated,
            rating: pool.ratings[movie.rating].clone(),
            genres: movie.genres.iter().map(|&genre| pool.genres[genre].clone()).collect(),
            cast: cast.collect(),
            countries: countries.collect(),
            titles: titles.collect(),
        }
    }
}

#[derive(Hollow)]
#[hollow(primary_key(id))]
pub(crate) struct Flat {
    id: i64,
    i: i32,
    d: f64,
    b: bool,
    #[hollow(inline)]
    s: String,
    #[hollow(rename = "ref")]
    reference: Option<Arc<Ref>>,
}

#[derive(Hollow)]
pub(crate) struct Ref {
    code: i32,
    #[hollow(inline)]
    name: String,
}

impl Typed for Flats {
    type Struct = Flat;
    type Pool = Vec<Arc<Ref>>;

    fn pool(&self) -> Self::Pool {
        let make = |(code, name): (i32, &String)| Ref {
            code,
            name: name.clone(),
        };
        (0..).zip(&self.names).map(|item| Arc::new(make(item))).collect()
    }

    fn typed(&self, pool: &Self::Pool, flat: RawFlat) -> Flat {
        Flat {
            id: flat.id,
            i: flat.i,
            d: flat.d,
            b: flat.b,
            s: flat.s,
            reference: flat.reference.map(|code| pool[code as usize].clone()),
        }
    }
}

#[derive(Hollow)]
#[hollow(primary_key(id))]
pub(crate) struct Video {
    id: i64,
    #[hollow(hash_key(code))]
    statuses: RecordMap<Arc<Country>, Arc<Status>>,
}

#[derive(Hollow)]
pub(crate) struct Status {
    state: i32,
    tier: i32,
    start: Option<i64>,
    end: Option<i64>,
    flag: bool,
    #[hollow(hash_key(code))]
    reasons: RecordSet<Reason>,
}

#[derive(Hollow)]
pub(crate) struct Reason {
    code: i32,
}

pub(crate) struct LivenessPool {
    countries: Vec<Arc<Country>>,
    profiles: Vec<Arc<Status>>,
}

impl Typed for Liveness {
    type Struct = Video;
    type Pool = LivenessPool;

    fn pool(&self) -> LivenessPool {
        LivenessPool {
            countries: shared(&self.countries, |code| Country { code: code.clone() }),
            profiles: shared(&self.profiles, |status| Status {
                state: status.state,
                tier: status.tier,
                start: status.start,
                end: status.end,
                flag: status.flag,
                reasons: status.reasons.iter().map(|&code| Reason { code }).collect(),
            }),
        }
    }

    fn typed(&self, pool: &LivenessPool, video: RawVideo) -> Video {
        let status =
            |(country, &profile): (&Arc<Country>, &u32)| (country.clone(), pool.profiles[profile as usize].clone());
        Video {
            id: video.id,
            statuses: pool.countries.iter().zip(&video.statuses).map(status).collect(),
        }
    }
}

#[derive(Hollow)]
#[hollow(primary_key(id))]
pub(crate) struct Str {
    id: i64,
    #[hollow(inline)]
    text: String,
}

impl Typed for Strings {
    type Struct = Str;
    type Pool = ();

    fn pool(&self) {}

    fn typed(&self, (): &(), record: RawStr) -> Str {
        Str {
            id: record.id,
            text: record.text,
        }
    }
}
