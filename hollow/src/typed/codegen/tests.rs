use super::*;

fn rust(schemas: &str) -> RustCode {
    to_rust(&Dataset::parse(schemas).unwrap())
}

#[test]
fn names_that_rust_cannot_have_are_renamed() {
    let code =
        rust("movie @PrimaryKey(type) { long type; int self; int ordinal; int fooBar; int foo_bar; string String; }");
    assert_eq!(code.left_out, [""; 0]);
    for line in [
        "#[hollow(primary_key(type), rename = \"movie\")]",
        "pub struct Movie {",
        "    pub r#type: i64,",
        "    #[hollow(rename = \"self\")]\n    pub self_: Option<i32>,",
        "    #[hollow(rename = \"ordinal\")]\n    pub ordinal_: Option<i32>,",
        "    #[hollow(rename = \"fooBar\")]\n    pub foo_bar: Option<i32>,",
        "    #[hollow(rename = \"foo_bar\")]\n    pub foo_bar_: Option<i32>,",
        "    #[hollow(rename = \"String\", inline)]\n    pub string: Option<String>,",
    ] {
        assert!(code.source.contains(line), "{line}\n{}", code.source);
    }
}

#[test]
fn collections_say_what_is_not_usual_of_them() {
    let code = rust(
        "A { ListOfB usual; Bs renamed; Grid grid; Floats floats; Keyed keyed; Unkeyed unkeyed; A next; As others; }
         B { int x; string s; } ListOfB List<B>; Bs List<B>; Grid List<Row>; Row List<B>; F { float f; }
         Floats Set<F> @HashKey(f); Keyed Map<B,A> @HashKey(x); Unkeyed Set<C>; C @PrimaryKey(id) { int id; B b; } As List<A>;",
    );
    assert_eq!(code.left_out, [""; 0]);
    for line in [
        "    pub usual: Option<Vec<B>>,",
        "    #[hollow(type_name = \"Bs\")]\n    pub renamed: Option<Vec<B>>,",
        "    #[hollow(element_type = \"Row\", type_name = \"Grid\")]\n    pub grid: Option<Vec<Vec<B>>>,",
        "    #[hollow(type_name = \"Floats\")]\n    pub floats: Option<RecordSet<F>>,",
        "    #[hollow(hash_key(x), type_name = \"Keyed\")]\n    pub keyed: Option<BTreeMap<B, A>>,",
        "    #[hollow(hash_key(), type_name = \"Unkeyed\")]\n    pub unkeyed: Option<BTreeSet<C>>,",
        "    pub next: Option<Box<A>>,",
        "    #[hollow(type_name = \"As\")]\n    pub others: Option<Vec<A>>,",
        "    pub x: i32,\n", // part of a hash key
    ] {
        assert!(code.source.contains(line), "{line}\n{}", code.source);
    }
    assert!(!code.source.contains("Ord)]\npub struct A "));
}

#[test]
fn collections_that_no_record_refers_to_are_roots() {
    let code = rust("A { int x; string s; } Alone Set<A> @HashKey(x); Grid List<Row>; Row List<A>;");
    assert_eq!(code.left_out, [""; 0]);
    for lines in [
        "    let naming = Naming { hash_key: Some(&[\"x\"]), type_name: Some(\"Alone\"), ..Naming::default() };
    let model = model.root_with::<BTreeSet<A>>(&naming)?;\n",
        "    let naming = Naming { element: Some(\"Row\"), type_name: Some(\"Grid\"), ..Naming::default() };
    let model = model.root_with::<Vec<Vec<A>>>(&naming)?;\n",
    ] {
        assert!(code.source.contains(lines), "{lines}\n{}", code.source);
    }
}

#[test]
fn what_rust_cannot_say_is_listed() {
    let mut schemas =
        crate::schema::parse("A { B b; Deep deep; } B { int x; } Deep List<Mid>; Mid List<Odd>; Odd List<B>;").unwrap();
    if let Schema::Object(a) = &mut schemas[0] {
        a.primary_key = crate::schema::PrimaryKey::new(["b!"]); // the text form has no such paths
    }
    let code = to_rust(&Dataset::new(schemas).unwrap());
    assert_eq!(code.left_out, ["primary key of A: b!", "field A.deep: Deep"]);
}
