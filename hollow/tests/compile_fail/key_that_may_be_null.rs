use hollow::typed::Hollow;

#[derive(Hollow)]
#[hollow(primary_key(id))]
struct Movie {
    id: Option<i64>,
}

#[derive(Hollow)]
#[hollow(primary_key(tags))]
struct Tagged {
    tags: Vec<String>,
}

fn main() {}
