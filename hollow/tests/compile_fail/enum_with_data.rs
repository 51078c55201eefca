use hollow::typed::Hollow;

#[derive(Hollow)]
enum Window {
    Open,
    Until(i64),
}

#[derive(Hollow)]
#[hollow(primary_key(name))]
enum Kind {
    Movie,
}

fn main() {}
