use super::*;
use crate::schema::FieldType;
use fixtures::vectors;

fn state(case: &str, version: i64) -> ReadState {
    let bytes = vectors::case(case).snapshot(version).expect("a snapshot");
    ReadState::from_snapshot(bytes).expect("a state")
}

#[test]
fn finds_by_value_and_says_none_for_anything_else() {
    let state = state("tiny", 1); // Movie 0 = (1, "A"), Movie 1 = (2, "Bé")
    let index = UniqueKey::build(&state, "Movie").expect("a primary key");
    assert_eq!(index.find(&state, &[KeyValue::Int(2)]), Ordinal::new(1));
    assert_eq!(index.find(&state, &[KeyValue::Int(3)]), None);
    assert_eq!(index.find(&state, &[KeyValue::Long(2)]), None);
    assert_eq!(index.find(&state, &[]), None);
    assert_eq!(index.find(&state, &[KeyValue::Int(2), KeyValue::Int(2)]), None);
    assert_eq!(
        (index.len(), index.incomplete(), index.duplicates(&state)),
        (2, 0, vec![])
    );

    let by_title = UniqueKey::build_on(&state, "Movie", &["title"]).expect("a path");
    let title = |text: &str| [KeyValue::Text(text.to_owned())];
    assert_eq!(by_title.find(&state, &title("Bé")), Ordinal::new(1));
    assert_eq!(by_title.find(&state, &title("B")), None);
    let both = UniqueKey::build_on(&state, "Movie", &["title", "id"]).expect("paths");
    assert_eq!(
        both.find(&state, &[KeyValue::Text("A".into()), KeyValue::Int(1)]),
        Ordinal::new(0)
    );
    assert_eq!(both.find(&state, &[KeyValue::Text("A".into()), KeyValue::Int(2)]), None);
}

#[test]
fn an_index_is_of_its_own_data_set() {
    let tiny = state("tiny", 1);
    let index = UniqueKey::build(&tiny, "Movie").expect("a primary key");
    assert_eq!(index.find(&state("primitives", 1), &[KeyValue::Int(2)]), None);
}

#[test]
fn null_parts_and_duplicates_are_reported() {
    let state = state("tiny", 2); // Movie 0 = (1, "A"), Movie 2 = (3, null)
    let index = UniqueKey::build_on(&state, "Movie", &["title"]).expect("a path");
    assert_eq!((index.len(), index.incomplete()), (1, 1));

    // BOOLEANs are not unique for long.
    let state = self::state("primitives", 2);
    let mut found = false;
    for ty in state.types().filter_map(TypeReadState::as_object) {
        for field in ty.schema().fields.iter().filter(|field| field.ty == FieldType::Boolean) {
            let name = ty.schema().name.as_str();
            let index = UniqueKey::build_on(&state, name, &[&field.name]).expect("a path");
            let at = ty.position(&field.name).expect("the field");
            for value in [false, true] {
                let holders: Vec<_> = ty.populated().filter(|o| ty.boolean(*o, at) == Some(value)).collect();
                assert_eq!(
                    index.find(&state, &[KeyValue::Boolean(value)]),
                    holders.first().copied()
                );
                let duplicates = index.duplicates(&state);
                let hidden = duplicates.iter().filter(|d| Some(&d.found) == holders.first());
                assert_eq!(
                    hidden.map(|d| d.hidden).collect::<Vec<_>>(),
                    holders.get(1..).unwrap_or_default()
                );
                found |= holders.len() > 1;
            }
        }
    }
    assert!(found, "no case of duplicates");
}

#[test]
fn what_cannot_be_a_key_is_an_error() {
    let state = state("tiny", 1);
    assert!(matches!(
        UniqueKey::build(&state, "MovieSet"),
        Err(SchemaError::WrongKind { found: Kind::Set, .. })
    ));
    assert!(matches!(
        UniqueKey::build(&state, "Nothing"),
        Err(SchemaError::UnknownType(_))
    ));
    assert!(matches!(
        UniqueKey::build_on(&state, "Movie", &["nope"]),
        Err(SchemaError::Path(_))
    ));
    assert!(matches!(
        UniqueKey::build_on(&state, "Movie", &[""]),
        Err(SchemaError::Path(_))
    ));
    let refs = self::state("refs-dedup", 100);
    let by_reference = refs.types().filter_map(TypeReadState::as_object).find_map(|ty| {
        let field = ty.schema().fields.iter().find(|field| field.ty.reference().is_some())?;
        Some((ty.schema().name.clone(), format!("{}!", field.name)))
    });
    let (ty, path) = by_reference.expect("a reference");
    assert!(matches!(
        UniqueKey::build_on(&refs, &ty, &[&path]),
        Err(SchemaError::Path(_))
    ));
}
