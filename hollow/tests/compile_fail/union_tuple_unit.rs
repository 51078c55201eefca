use hollow::typed::Hollow;

#[derive(Hollow)]
union Number {
    int: i32,
    float: f32,
}

#[derive(Hollow)]
struct Tag(String);

#[derive(Hollow)]
struct Nothing;

fn main() {}
