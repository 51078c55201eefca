use hollow::typed::Hollow;

#[derive(Hollow)]
#[hollow(primary_key(id, langauge))]
struct Text {
    id: i64,
    language: String,
    #[hollow(skip)]
    cached: usize,
}

#[derive(Hollow)]
#[hollow(primary_key(cached))]
struct Skipped {
    id: i64,
    #[hollow(skip)]
    cached: usize,
}

fn main() {}
