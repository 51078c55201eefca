use super::super::{Hollow, RecordSet};
use super::*;

#[derive(Hollow)]
#[hollow(primary_key(id))]
struct Category {
    id: i32,
    parent: Option<Box<Category>>,
    children: Vec<Category>,
    #[hollow(type_name = "Also")]
    others: RecordSet<Product>,
}

#[derive(Hollow)]
struct Product {
    category: Option<Box<Category>>,
    #[hollow(boxed, rename = "Price")]
    price: Option<f64>,
}

fn names(model: &Model) -> Vec<&str> {
    model.dataset().schemas().iter().map(Schema::name).collect()
}

#[test]
fn types_may_refer_to_themselves() {
    let model = Model::of::<Category>().unwrap();
    assert_eq!(
        names(&model),
        ["ListOfCategory", "Double", "Product", "Also", "Category"]
    );
    let schema = model.dataset().get("Category").unwrap().to_string();
    assert!(
        schema.contains("\tCategory parent;\n\tListOfCategory children;\n\tAlso others;"),
        "{schema}"
    );
}

#[test]
fn roots_share_what_they_reach_in_the_order_in_which_they_are_named() {
    let model = Model::builder().root::<Product>().unwrap().root::<Category>().unwrap();
    let model = model.root::<Product>().unwrap().build().unwrap();
    assert_eq!(model.roots().collect::<Vec<_>>(), ["Product", "Category"]);
    // The same types; those on the circle come as they were reached.
    assert_eq!(
        names(&model),
        ["ListOfCategory", "Also", "Category", "Double", "Product"]
    );
}

#[test]
fn the_filter_has_types_and_fields_of_the_model_and_no_others() {
    let filter = Model::of::<Category>().unwrap().filter();
    assert!(filter.keeps_type("Also") && filter.keeps_field("Product", "Price"));
    assert!(!filter.keeps_type("Other") && !filter.keeps_field("Product", "category_name"));
}

#[test]
fn a_root_may_have_another_name() {
    let naming = Naming {
        hash_key: Some(&["category.id"]),
        ..Naming::named(Some("Stock"))
    };
    let model = Model::builder()
        .root_with::<RecordSet<Product>>(&naming)
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(
        model.dataset().get("Stock").unwrap().to_string(),
        "Stock Set<Product> @HashKey(category.id);"
    );
}

#[test]
fn keys_that_lead_nowhere_are_refused() {
    let naming = Naming {
        hash_key: Some(&["price.cents"]),
        ..Naming::default()
    };
    let model = Model::builder()
        .root_with::<RecordSet<Product>>(&naming)
        .unwrap()
        .build();
    assert!(matches!(model, Err(ModelError::Schema(_))), "{model:?}");
}
