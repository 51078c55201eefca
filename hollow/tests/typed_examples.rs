//! The examples do what they say.
#![allow(unreachable_pub)]

#[path = "../examples/producer_from_json.rs"]
mod producer_from_json;
#[path = "../examples/service_with_index.rs"]
mod service_with_index;
#[path = "../examples/test_with_memory_store.rs"]
mod test_with_memory_store;
#[path = "../examples/watcher.rs"]
mod watcher;

#[test]
fn a_service_with_an_index() {
    service_with_index::main().unwrap();
}

#[test]
fn a_watcher() {
    watcher::main().unwrap();
}

#[test]
fn a_test_with_a_store_in_memory() {
    test_with_memory_store::main().unwrap();
}

#[test]
fn a_producer_from_json() {
    producer_from_json::main().unwrap();
}
