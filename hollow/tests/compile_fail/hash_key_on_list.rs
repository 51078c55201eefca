use hollow::typed::Hollow;

#[derive(Hollow)]
struct Window {
    country: String,
}

#[derive(Hollow)]
struct Movie {
    #[hollow(hash_key(country))]
    windows: Vec<Window>,
}

fn main() {}
