use hollow::typed::Hollow;

#[derive(Hollow)]
struct Pair<T> {
    first: T,
    second: T,
}

#[derive(Hollow)]
struct Borrowed<'a> {
    name: &'a str,
}

fn main() {}
