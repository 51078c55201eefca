use hollow::typed::Hollow;

#[derive(Hollow)]
#[hollow(primary_key("id"))]
struct Movie {
    id: i64,
}

fn main() {}
