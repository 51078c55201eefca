use hollow::typed::{Hollow, TypedState, changes};

#[derive(Hollow)]
#[hollow(primary_key(id, language))]
struct Text {
    id: i64,
    language: String,
}

#[derive(Hollow)]
struct Genre {
    id: i64,
    name: String,
}

fn look_up(state: &TypedState) {
    let _ = state.table::<Text>().unwrap().get(("de", 1));
    let _ = state.table::<Text>().unwrap().get(1);
    let _ = state.table::<Genre>().unwrap().get(1);
    let _ = changes::<Genre>(state, state);
}

fn main() {}
