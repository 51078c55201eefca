use hollow::typed::Hollow;
use std::collections::HashSet;

#[derive(Hollow, PartialEq, Eq, Hash)]
struct Language {
    tag: String,
}

#[derive(Hollow)]
#[hollow(primary_key(id, language.tga))]
struct Text {
    id: i64,
    language: Language,
}

#[derive(Hollow)]
struct Spoken {
    #[hollow(hash_key(code))]
    languages: HashSet<Language>,
}

fn main() {}
