use hollow::typed::Hollow;

#[derive(Hollow)]
#[hollow(primary_keys(id))]
struct Movie {
    id: i64,
}

#[derive(Hollow)]
struct Genre {
    #[hollow(inlined)]
    name: String,
}

#[derive(Hollow)]
struct Twice {
    #[hollow(inline, inline)]
    name: String,
}

#[derive(Hollow)]
struct Both {
    #[hollow(inline, boxed)]
    name: String,
}

#[derive(Hollow)]
struct Reserved {
    ordinal: i32,
}

#[derive(Hollow)]
#[hollow(rename_all = "Camel")]
struct Case {
    name: String,
}

fn main() {}
