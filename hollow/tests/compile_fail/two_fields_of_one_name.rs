use hollow::typed::Hollow;

#[derive(Hollow)]
struct Movie {
    title: String,
    #[hollow(rename = "title")]
    name: String,
}

#[derive(Hollow)]
#[hollow(rename_all = "camelCase")]
struct Episode {
    long_title: String,
    #[allow(non_snake_case)]
    longTitle: String,
}

#[derive(Hollow)]
enum Kind {
    Movie,
    #[hollow(rename = "Movie")]
    Film,
}

fn main() {}
