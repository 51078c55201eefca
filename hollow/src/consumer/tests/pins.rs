//! Pins for some consumers, until some time.

use super::*;
use crate::store::{Pin, Pins};
use crate::testing::ManualClock;

const HOUR: u64 = 3_600_000;

fn pin(scope: &[(&str, &str)], version: Version) -> Pin {
    Pin {
        scope: scope.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect(),
        by: "a test".into(),
        ..Pin::everybody(version, "to see", 1)
    }
}

fn change(store: &Store, change: impl Fn(&mut Pins)) {
    let outcome: Result<(), StoreError> = store.change::<Pins, _, _>(|pins| {
        change(pins);
        Ok(())
    });
    outcome.expect("changed");
}

fn add(store: &Store, pin: &Pin) {
    change(store, |pins| drop(pins.add(pin.clone()).expect("a pin")));
}

#[test]
fn a_pin_holds_those_it_names_and_nobody_else() {
    let store = Store::memory();
    let mut producer = producer(&store);
    let versions: Vec<Version> = (1..=5).map(|id| publish(&mut producer, id)).collect();
    let consumer = |labels: &[(&str, &str)]| {
        let builder = Consumer::builder(store.clone());
        let builder = labels
            .iter()
            .fold(builder, |builder, (key, value)| builder.label(key, value));
        builder.build().expect("valid")
    };
    let all = [
        consumer(&[]),
        consumer(&[("region", "eu")]),
        consumer(&[("region", "us")]),
        consumer(&[("region", "eu"), ("application", "search")]),
    ];
    let at = || {
        all.iter()
            .for_each(|consumer| drop(consumer.refresh().expect("refreshed")));
        let position = |consumer: &Consumer| {
            versions
                .iter()
                .position(|version| Some(*version) == consumer.version())
                .expect("one of them")
        };
        all.iter().map(position).collect::<Vec<_>>()
    };
    assert_eq!(at(), [4, 4, 4, 4]);
    add(&store, &pin(&[("region", "eu")], versions[1]));
    assert_eq!(at(), [4, 1, 4, 1]);
    add(
        &store,
        &pin(&[("application", "search"), ("region", "eu")], versions[2]),
    );
    assert_eq!(at(), [4, 1, 4, 2], "the more specific one");
    add(&store, &pin(&[], versions[3]));
    assert_eq!(at(), [3, 1, 3, 2], "everybody else");
    let later = Pin {
        pinned_at: 2,
        ..pin(&[("application", "search")], versions[0])
    };
    change(&store, |pins| {
        drop(pins.remove(&pin(&[("application", "search"), ("region", "eu")], versions[2]).scope))
    });
    add(&store, &later);
    assert_eq!(at(), [3, 1, 3, 0], "of two equally specific ones the newer");
    change(&store, |pins| *pins = Pins::default());
    assert_eq!(at(), [4, 4, 4, 4]);
}

#[test]
fn a_pin_ends_by_the_clock_of_the_consumer_and_without_a_word_from_the_store() {
    let store = Store::memory();
    let mut producer = producer(&store);
    let (old, new) = (publish(&mut producer, 1), publish(&mut producer, 2));
    let clock = ManualClock::at(1000);
    let shown = clock.clone();
    let consumer = Consumer::builder(store.clone()).clock(move || shown.now());
    let consumer = consumer.build().expect("valid");
    add(
        &store,
        &Pin {
            expires_at: Some(1_000_000 + HOUR),
            ..pin(&[], old)
        },
    );
    consumer.refresh().expect("refreshed");
    assert_eq!(consumer.version(), Some(old), "a pin says where a start begins");
    clock.advance(Duration::from_millis(HOUR - 1));
    consumer.refresh().expect("refreshed");
    assert_eq!((consumer.version(), consumer.health().pinned), (Some(old), Some(old)));
    clock.advance(Duration::from_millis(1));
    consumer.refresh().expect("refreshed");
    assert_eq!((consumer.version(), consumer.health().pinned), (Some(new), None));
    clock.set(1000);
    consumer.refresh().expect("refreshed");
    assert_eq!(
        consumer.version(),
        Some(old),
        "a clock that was set back holds it again"
    );
}

/// A pin made before an announcement is known when the announcement is heard of, whichever question is asked.
#[test]
fn nobody_passes_a_pin_that_was_there_first() {
    let store = Store::memory();
    let mut producer = producer(&store);
    let old = publish(&mut producer, 1);
    let consumer = Consumer::builder(store.clone()).build().expect("valid");
    consumer.refresh().expect("refreshed");
    add(&store, &pin(&[], old));
    let new = publish(&mut producer, 2);
    consumer.refresh_asking(refresh::Ask::Announced).expect("refreshed");
    assert_eq!(consumer.version(), Some(old));
    consumer.refresh_asking(refresh::Ask::Announced).expect("refreshed");
    assert_eq!(consumer.version(), Some(old));
    change(&store, |pins| *pins = Pins::default());
    consumer.refresh_asking(refresh::Ask::Pins).expect("refreshed");
    assert_eq!(consumer.version(), Some(new), "let go it asks what is announced by now");
}

#[test]
fn what_people_wrote_before_there_were_several_pins_still_counts() {
    let store = Store::memory();
    let mut producer = producer(&store);
    let (old, new) = (publish(&mut producer, 1), publish(&mut producer, 2));
    let write = |token: Option<&Token>, version: &str| {
        let json = format!("{{\"schema\":1,\"version\":{version},\"reason\":\"bad data\",\"pinned_at\":5}}");
        let registers = store.registers();
        registers
            .compare_and_set(Register::Pin, token, json.as_bytes())
            .expect("set")
    };
    let consumer = Consumer::builder(store.clone()).build().expect("valid");
    let token = write(None, &old.to_string());
    consumer.refresh().expect("refreshed");
    assert_eq!(consumer.version(), Some(old));
    write(Some(&token), "null");
    consumer.refresh().expect("refreshed");
    assert_eq!(consumer.version(), Some(new));
}
