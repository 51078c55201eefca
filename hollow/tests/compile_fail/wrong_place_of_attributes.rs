use hollow::typed::Hollow;

#[derive(Hollow)]
struct Genre {
    name: String,
}

#[derive(Hollow)]
struct Movie {
    #[hollow(inline)]
    genre: Genre,
    #[hollow(boxed)]
    title: String,
    #[hollow(element_type = "Tag")]
    tag: String,
    #[hollow(key_type = "Tag")]
    tags: Vec<String>,
}

fn main() {}
