//! How often a source is asked, whatever it does.

use super::super::background::{Rhythm, Round};
use super::*;
use crate::testing::{Call, entropy};

/// Follows a store for so many intervals, as the thread in the background does but without waiting. Gives the requests
/// that the store saw.
fn follow(store: &FaultyStore, consumer: &Consumer, intervals: u32, seed: u64) -> usize {
    const SECOND: Duration = Duration::from_secs(1);
    let mut random = entropy(seed);
    let mut random = move || random() as f64 / u64::MAX as f64;
    let mut rhythm = Rhythm::new(SECOND, consumer.health().failures);
    let before = store.calls();
    let mut time = rhythm.first(random()).most;
    while time < SECOND * intervals {
        let (asked, version) = (store.calls(), consumer.version());
        let failed = consumer.refresh_asking(rhythm.ask(false)).is_err();
        let round = Round {
            woken: false,
            failed,
            moved: consumer.version() != version,
            requests: (store.calls() - asked) as u64,
        };
        time += rhythm.next(round, random()).most;
    }
    store.calls() - before
}

/// INC-11: an error never makes a consumer ask more.
#[test]
fn no_failure_makes_a_consumer_ask_more_often() {
    const INTERVALS: u32 = 500;
    type Plan = fn(&Call, u64) -> Option<Fault>;
    let plans: [(&str, Plan); 8] = [
        ("all well", |_, _| None),
        ("does not answer", |_, _| Some(Fault::Before)),
        ("refuses", |_, _| Some(Fault::Denied)),
        ("has nothing", |_, _| Some(Fault::Absent)),
        ("has no objects", |call, _| {
            (call.operation == Operation::Open).then_some(Fault::Absent)
        }),
        ("tears objects", |call, _| {
            (call.operation == Operation::Open).then_some(Fault::Torn)
        }),
        ("does not tell pins", |call, _| {
            (call.object == "pin").then_some(Fault::Before)
        }),
        ("fails now and then", |_, random| match random % 3 {
            0 => Some(Fault::Before),
            1 => Some(Fault::Absent),
            _ => None,
        }),
    ];
    for (name, plan) in plans {
        let inner = Store::memory();
        let mut producer = producer(&inner);
        publish(&mut producer, 1);
        let store = FaultyStore::new(inner, |_| None);
        let consumer = Consumer::builder(Store::from(store.clone())).build().expect("valid");
        consumer.refresh().expect("refreshed");
        assert_eq!(consumer.health().requests, store.calls() as u64, "it counts itself");
        for id in 2..6 {
            publish(&mut producer, id);
        }
        let mut random = entropy(1);
        store.set_plan(move |call| plan(call, random()));
        let requests = follow(&store, &consumer, INTERVALS, 7);
        // The move to the newest version, if it comes to that, takes a few more, once.
        let most = INTERVALS as usize * 11 / 10 + 16;
        assert!(requests <= most, "{name}: {requests} requests in {INTERVALS} intervals");
        assert!(requests >= 20, "{name}: it goes on asking");
    }
}

#[test]
fn what_has_not_changed_costs_one_question_per_interval() {
    let inner = Store::memory();
    let mut producer = producer(&inner);
    publish(&mut producer, 1);
    let store = FaultyStore::new(inner, |_| None);
    let consumer = Consumer::builder(Store::from(store.clone())).build().expect("valid");
    consumer.refresh().expect("refreshed");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let list = asked.clone();
    store.set_plan(move |call| {
        list.lock()
            .expect("no panic")
            .push((call.operation, call.object.clone()));
        None
    });
    follow(&store, &consumer, 100, 3);
    let asked = asked.lock().expect("no panic");
    let count = |name: &str| {
        asked
            .iter()
            .filter(|(operation, object)| (*operation, object.as_str()) == (Operation::Read, name))
            .count()
    };
    assert_eq!(count("head") + count("pin"), asked.len());
    assert!(count("head").abs_diff(count("pin")) <= 1 && (85..=115).contains(&asked.len()));
}

/// Two hundred consumers over one store that fails: together no more than one request each per interval.
#[test]
fn a_fleet_over_a_failing_store_stays_within_its_budget() {
    let inner = Store::memory();
    let mut producer = producer(&inner);
    publish(&mut producer, 1);
    let store = FaultyStore::new(inner, |_| None);
    let fleet: Vec<Consumer> = (0..200)
        .map(|_| Consumer::builder(Store::from(store.clone())).build().expect("valid"))
        .collect();
    fleet
        .iter()
        .for_each(|consumer| drop(consumer.refresh().expect("refreshed")));
    publish(&mut producer, 2);
    store.set_plan(|call| (call.operation == Operation::Open).then_some(Fault::Before));
    let requests: usize = fleet
        .iter()
        .enumerate()
        .map(|(seed, consumer)| follow(&store, consumer, 60, seed as u64))
        .sum();
    assert!(requests <= 200 * 66, "{requests}");
    assert!(fleet.iter().all(|consumer| consumer.state().is_some()));
}

#[test]
fn a_hint_makes_the_thread_ask_before_its_time() {
    let store = Store::memory();
    let mut producer = producer(&store);
    publish(&mut producer, 1);
    let consumer = Consumer::builder(store)
        .refresh_every(Duration::from_secs(100_000))
        .start()
        .expect("a state");
    let handle = consumer.wake_handle();
    let second = publish(&mut producer, 2);
    for _ in 0..3 {
        handle.wake();
    }
    let begin = Instant::now();
    while consumer.version() != Some(second) && begin.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(consumer.version(), Some(second));
    drop(consumer);
    handle.wake(); // nobody there any more
}
