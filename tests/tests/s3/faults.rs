//! A network that fails between a store and a real server: answers are lost after the effect, bodies are cut, requests
//! stall, the server says that it cannot. Nothing may be lost, and nothing happen twice.

use crate::{impatient, item, items, producer, store};
use anyhow::{Context, Result, ensure};
use hollow::consumer::Consumer;
use hollow::producer::CycleError;
use hollow::store::{Key, Put, Register, S3Store, Staged, Store, StoreError};
use hollow::testing::conformance::{self, Effort, LAWS_UNDER_FAULTS};
use hollow::testing::{Model, entropy};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;
use tests::harness::Chain;
use tests::harness::http::Message;
use tests::harness::proxy::{Proxy, Spoil};
use xtask::s3::S3Server;

/// One in `one_in` requests goes wrong, in all ways by turns that the seed says.
fn now_and_then(seed: u64, one_in: u64) -> impl FnMut(&Message) -> Option<Spoil> + Send + 'static {
    let mut next = entropy(seed);
    move |_| {
        let dice = next();
        dice.is_multiple_of(one_in).then(|| match (dice >> 32) % 10 {
            0 => Spoil::ErrorBefore,
            1 => Spoil::SlowDown,
            2 => Spoil::HangUpBefore,
            3 | 4 => Spoil::ErrorAfter,
            5 | 6 => Spoil::HangUpAfter,
            7 => Spoil::CutBody,
            8 => Spoil::Stall(Duration::from_millis(400)),
            _ => Spoil::Delay(Duration::from_millis(100)),
        })
    }
}

fn through(proxy: &Proxy, prefix: &str) -> Store {
    let settings = impatient(&proxy.endpoint(), S3Server::OWNER, prefix);
    S3Store::open(settings).expect("settings are valid").into()
}

/// How often each thing went wrong, for the summary.
fn tell(what: &str, proxy: &Proxy) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for spoil in proxy.spoilt() {
        let name = format!("{spoil:?}");
        let name = name.split('(').next().unwrap_or_default().to_owned();
        *counts.entry(name).or_default() += 1;
    }
    let all: usize = counts.values().sum();
    let each: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    println!(
        "FIGURE: {what}: {all} requests to a real S3 server went wrong on purpose ({}), nothing lost",
        each.join(", ")
    );
}

#[test]
fn the_laws_hold_through_a_network_that_fails() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("laws through a fault proxy", &[crate::BUCKET])? else {
        return Ok(());
    };
    let proxy = Proxy::start(server.address(), now_and_then(1, 6))?;
    let effort = Effort {
        threads: 4,
        rounds: 8,
        large_bytes: 2 * (5 << 20) + 1,
    };
    let mut count = 0;
    conformance::run(LAWS_UNDER_FAULTS, &effort, |_| {
        count += 1;
        through(&proxy, &format!("faults/{count}"))
    });
    tell("laws under faults", &proxy);
    Ok(())
}

/// Two producers take turns by force, each adding records of its own. Whatever is told to have been published is there in
/// the end, once, in one chain.
#[test]
fn producers_lose_nothing_through_a_network_that_fails() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("producers through a fault proxy", &[crate::BUCKET])? else {
        return Ok(());
    };
    const EACH: i64 = 12;
    let proxy = Proxy::start(server.address(), now_and_then(2, 6))?;
    let fenced = Mutex::new(0);
    std::thread::scope(|scope| {
        let producers = [0, 1].map(|number| {
            let (proxy, fenced) = (&proxy, &fenced);
            scope.spawn(move || -> Result<()> {
                let mut producer = producer(&through(proxy, "faults/chain"))?;
                for step in 0..EACH {
                    let id = number * 1000 + step;
                    let mut tries = 0;
                    if step % 3 == 0 {
                        let _ = producer.restore(); // takes over from the other, whatever that one is doing
                    }
                    loop {
                        tries += 1;
                        ensure!(tries < 200, "it never gets through");
                        let outcome = producer
                            .run_incremental_cycle(|cycle| Ok(cycle.upsert("Item", &item(id, "x")).map(drop)?));
                        match outcome {
                            Ok(_) => break,
                            Err(CycleError::Fenced { .. }) => *fenced.lock().expect("no panic") += 1,
                            // Begins with what is announced, which may be ours after all: then the next cycle, adding
                            // the same record, changes nothing.
                            Err(
                                CycleError::Store { .. }
                                | CycleError::Unresolved { .. }
                                | CycleError::Restore { .. }
                                | CycleError::NeedsRestore,
                            ) => {}
                            Err(error) => return Err(error.into()),
                        }
                        // The other one is at work, too: whoever comes last goes on.
                        let _ = producer.restore();
                    }
                }
                Ok(())
            })
        });
        producers
            .into_iter()
            .try_for_each(|producer| producer.join().expect("no panic"))
    })?;
    // Read without the proxy: what is there, not what came through.
    let calm = store(&server, "faults/chain")?;
    let chain = Chain::read(&calm)?;
    chain.walk(|_, _| Ok(()))?;
    let mut model = Model::new(crate::dataset()?);
    for number in [0, 1] {
        for step in 0..EACH {
            model.upsert("Item", item(number * 1000 + step, "x"));
        }
    }
    assert_eq!(items(&chain.last_state()?), model.records()["Item"]);
    let changes = chain.manifests().len() as i64;
    assert!(changes <= 2 * EACH, "no record was added by two versions: {changes}");

    // A reader whose network fails as well gets there, and never sees anything else.
    let consumer = Consumer::builder(through(&proxy, "faults/chain")).build()?;
    let mut tries = 0;
    while consumer.version() != calm.head()?.map(|(head, _)| head.version) {
        let _ = consumer.refresh();
        tries += 1;
        ensure!(tries < 50, "the reader never gets there");
    }
    assert_eq!(items(&*consumer.state().context("a state")?), model.records()["Item"]);
    tell(
        &format!(
            "two producers, {changes} versions, {} times fenced",
            fenced.into_inner()?
        ),
        &proxy,
    );
    Ok(())
}

/// Which requests go wrong, one after the other; the rest pass.
fn script(
    wrong: impl Fn(&Message) -> bool + Send + 'static,
    mut spoils: Vec<Spoil>,
) -> impl FnMut(&Message) -> Option<Spoil> + Send + 'static {
    spoils.reverse();
    move |request| if wrong(request) { spoils.pop() } else { None }
}

#[test]
fn a_lost_answer_is_not_somebody_elses_write() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("lost answers", &[crate::BUCKET])? else {
        return Ok(());
    };
    let proxy = Proxy::start(server.address(), |_| None)?;
    let store = through(&proxy, "lost");
    let is_put = |request: &Message| request.method() == "PUT";
    for (number, spoil) in [Spoil::HangUpAfter, Spoil::ErrorAfter].into_iter().enumerate() {
        let key = Key::new(format!("blobs/{number}"))?;
        proxy.set_plan(script(is_put, vec![spoil]));
        let staged = |content: &str| Staged::Bytes(content.as_bytes().into());
        assert_eq!(store.blobs().put(&key, &staged("ours"))?, Put::Created, "{spoil:?}");
        proxy.set_plan(script(is_put, vec![spoil, spoil, spoil]));
        assert_eq!(store.blobs().put(&key, &staged("another"))?, Put::Exists, "{spoil:?}");
        assert_eq!(&*store.blobs().open(&key)?, b"ours");
    }

    let registers = store.registers();
    proxy.set_plan(script(is_put, vec![Spoil::HangUpAfter]));
    let mut token = registers.compare_and_set(Register::Head, None, b"0")?;
    for step in 1..5 {
        proxy.set_plan(script(
            is_put,
            vec![Spoil::ErrorAfter, Spoil::HangUpBefore, Spoil::HangUpAfter],
        ));
        token = registers.compare_and_set(Register::Head, Some(&token), step.to_string().as_bytes())?;
        let read = registers.read(Register::Head)?.context("set")?;
        assert_eq!(read, (step.to_string().into_bytes(), token.clone()));
    }
    // What was refused is refused, however seldom the server answers.
    proxy.set_plan(script(is_put, vec![Spoil::HangUpBefore, Spoil::ErrorBefore]));
    let stale = registers.compare_and_set(Register::Head, None, b"x");
    let stale = stale.err().context("it is set already")?;
    assert!(
        matches!(stale, StoreError::Conflict { .. } | StoreError::Unavailable { .. }),
        "{stale}"
    );
    assert_eq!(registers.read(Register::Head)?.context("set")?.1, token);
    Ok(())
}

#[test]
fn uploads_in_parts_survive_lost_answers_and_leave_nothing_behind() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("uploads in parts", &[crate::BUCKET])? else {
        return Ok(());
    };
    let proxy = Proxy::start(server.address(), |_| None)?;
    let store = through(&proxy, "parts");
    let content: Vec<u8> = (0..(12 << 20) + 7)
        .map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let is_complete = |request: &Message| request.method() == "POST" && request.target().contains("uploadId=");
    let is_part = |request: &Message| request.method() == "PUT" && request.target().contains("partNumber=");
    for (number, spoils) in [
        vec![Spoil::HangUpAfter],
        vec![Spoil::ErrorAfter],
        vec![Spoil::HangUpBefore, Spoil::CutBody],
        vec![Spoil::SlowDown, Spoil::ErrorBefore],
    ]
    .into_iter()
    .enumerate()
    {
        let key = Key::new(format!("blobs/{number}"))?;
        proxy.set_plan(script(is_complete, spoils.clone()));
        let staged = Staged::Bytes(content.as_slice().into());
        assert_eq!(store.blobs().put(&key, &staged)?, Put::Created, "{spoils:?}");
        assert!(*store.blobs().open(&key)? == content[..]);
        assert_eq!(store.blobs().put(&key, &staged)?, Put::Exists);
    }
    proxy.set_plan(script(
        is_part,
        vec![
            Spoil::HangUpAfter,
            Spoil::HangUpBefore,
            Spoil::ErrorBefore,
            Spoil::CutBody,
        ],
    ));
    let key = Key::new("blobs/rough")?;
    assert_eq!(
        store.blobs().put(&key, &Staged::Bytes(content.as_slice().into()))?,
        Put::Created
    );
    assert!(*store.blobs().open(&key)? == content[..]);

    // A part that never gets through: nothing is there then, and the upload is given up.
    proxy.set_plan(script(is_part, vec![Spoil::ErrorBefore; 1000]));
    let key = Key::new("blobs/never")?;
    let error = store
        .blobs()
        .put(&key, &Staged::Bytes(content.as_slice().into()))
        .err()
        .context("no way")?;
    assert!(error.is_transient(), "{error}");
    proxy.set_plan(|_| None);
    assert!(matches!(store.blobs().open(&key), Err(StoreError::Absent { .. })));
    Ok(())
}

#[test]
fn bodies_that_are_cut_or_changed_are_never_used() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("torn bodies", &[crate::BUCKET])? else {
        return Ok(());
    };
    let proxy = Proxy::start(server.address(), |_| None)?;
    let store = through(&proxy, "torn");
    let content: Vec<u8> = (0..(17 << 20) + 3)
        .map(|at: u32| (at.wrapping_mul(2_246_822_519) >> 24) as u8)
        .collect();
    let key = Key::new("blobs/large")?;
    store.blobs().put(&key, &Staged::Bytes(content.as_slice().into()))?;
    let is_get = |request: &Message| request.method() == "GET";
    for spoils in [
        vec![Spoil::CutBody; 3],
        vec![Spoil::HangUpAfter, Spoil::ErrorBefore, Spoil::SlowDown],
        vec![Spoil::Stall(Duration::from_millis(100)), Spoil::CutBody],
    ] {
        proxy.set_plan(script(is_get, spoils));
        assert!(*store.blobs().open(&key)? == content[..]);
    }
    // Cut for ever: an error, and not a shorter object.
    proxy.set_plan(script(is_get, vec![Spoil::CutBody; 10_000]));
    let error = store.blobs().open(&key).err().context("never whole")?;
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");

    // Throttled for ever: said so.
    proxy.set_plan(script(is_get, vec![Spoil::SlowDown; 10_000]));
    let error = store.blobs().open(&key).err().context("never")?;
    assert!(matches!(error, StoreError::Throttled { .. }), "{error}");

    // A bit that flips on the way is found by whoever knows the digest, if not before.
    proxy.set_plan(|_| None);
    let mut producer = producer(&store)?;
    producer.run_incremental_cycle(|cycle| Ok(cycle.upsert("Item", &item(1, "one")).map(drop)?))?;
    proxy.set_plan(move |request| (is_get(request) && request.target().contains("/blobs/")).then_some(Spoil::FlipBit));
    let consumer = Consumer::builder(store).build()?;
    assert!(consumer.refresh().is_err());
    assert!(consumer.state().is_none());
    proxy.set_plan(|_| None);
    consumer.refresh()?;
    assert_eq!(items(&*consumer.state().context("a state")?).len(), 1);
    Ok(())
}
