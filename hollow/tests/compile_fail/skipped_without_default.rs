use hollow::typed::Hollow;

struct Handle(std::num::NonZeroU32);

#[derive(Hollow)]
struct Movie {
    id: i64,
    #[hollow(skip)]
    handle: Handle,
}

fn main() {}
