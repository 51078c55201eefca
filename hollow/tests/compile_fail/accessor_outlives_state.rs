use hollow::read::ReadState;
use hollow::typed::{Hollow, TypedState};

#[derive(Hollow)]
struct Movie {
    id: i64,
    title: String,
}

fn first(state: &ReadState) -> MovieRef<'_> {
    let typed = TypedState::of::<Movie>(state).unwrap();
    typed.table::<Movie>().unwrap().iter().next().unwrap()
}

fn title(state: &ReadState) {
    let title = {
        let typed = TypedState::of::<Movie>(state).unwrap();
        let movie = typed.table::<Movie>().unwrap().iter().next().unwrap();
        movie.title()
    };
    println!("{title}");
}

fn main() {}
