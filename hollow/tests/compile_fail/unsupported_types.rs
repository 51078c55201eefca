use hollow::typed::Hollow;

struct NotDerived;

#[derive(Hollow)]
struct Movie {
    views: u64,
    other: NotDerived,
    ratings: Vec<Option<i32>>,
}

fn main() {}
