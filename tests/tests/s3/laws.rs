//! The laws that every store keeps, on a real server.

use crate::{settings, store};
use anyhow::Result;
use hollow::store::{S3Checksums, S3Store, Store};
use hollow::testing::conformance::{self, Effort, LAWS, LAWS_UNDER_FAULTS, Law};
use hollow::testing::{Fault, FaultyStore, entropy};
use std::cell::Cell;
use xtask::s3::S3Server;

/// Two parts and a bit, of the smallest size that servers take. Fewer rounds than in memory, each being requests.
fn effort() -> Effort {
    Effort {
        threads: 8,
        rounds: 2,
        large_bytes: 2 * (5 << 20) + 12_345,
    }
}

fn fresh<'s>(server: &'s S3Server, checksums: S3Checksums, kind: &'s str) -> impl FnMut(&str) -> Store + 's {
    let count = Cell::new(0);
    move |_| {
        count.set(count.get() + 1);
        let mut settings = settings(
            &server.endpoint(),
            S3Server::OWNER,
            &format!("laws/{kind}/{}", count.get()),
        );
        settings.part_bytes = 5 << 20;
        settings.checksums = checksums;
        S3Store::open(settings).expect("settings are valid").into()
    }
}

#[test]
fn a_store_on_a_real_server_keeps_the_laws() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("laws of stores on a real S3 server", &[crate::BUCKET])? else {
        return Ok(());
    };
    conformance::run(LAWS, &effort(), fresh(&server, S3Checksums::WhenSupported, "crc"));
    Ok(())
}

/// In all ways a store may be used: without checksums, with calls that fail above it, from another runtime's threads.
#[test]
fn a_store_keeps_the_laws_however_it_is_used() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("uses of stores on a real S3 server", &[crate::BUCKET])? else {
        return Ok(());
    };
    // Who wins a race does not depend on checksums, and this server takes two seconds to say.
    let alone = Effort {
        threads: 1,
        rounds: 1,
        ..effort()
    };
    let laws: Vec<Law> = LAWS
        .iter()
        .copied()
        .filter(|(name, _)| !name.contains("proves"))
        .collect();
    conformance::run(&laws, &alone, fresh(&server, S3Checksums::WhenRequired, "plain"));

    let mut inner = fresh(&server, S3Checksums::WhenSupported, "faulty");
    conformance::run(LAWS_UNDER_FAULTS, &effort(), |name| {
        let mut next = entropy(7);
        FaultyStore::new(inner(name), move |_| match next() % 8 {
            0 => Some(Fault::Before),
            1 => Some(Fault::After),
            _ => None,
        })
        .into()
    });

    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        conformance::run(&laws[..1], &alone, fresh(&server, S3Checksums::WhenSupported, "within"));
    });
    Ok(())
}

#[test]
fn more_objects_than_a_page_of_a_list_are_all_listed() -> Result<()> {
    let Some(server) = S3Server::start_or_skip("long lists of a real S3 server", &[crate::BUCKET])? else {
        return Ok(());
    };
    let store = store(&server, "many")?;
    let names: Vec<String> = (0..1_050).map(|number| format!("blobs/object-{number:04}")).collect();
    std::thread::scope(|scope| {
        for names in names.chunks(names.len().div_ceil(8)) {
            let store = &store;
            scope.spawn(move || {
                for name in names {
                    let key = hollow::store::Key::new(name.as_str()).expect("valid");
                    let staged = hollow::store::Staged::Bytes(name.as_bytes().into());
                    store.blobs().put(&key, &staged).expect("put");
                }
            });
        }
    });
    let mut listed: Vec<String> = store.blobs().list("")?.iter().map(ToString::to_string).collect();
    listed.sort();
    assert_eq!(listed, names);
    assert_eq!(store.blobs().list("blobs/object-10")?.len(), 50);
    Ok(())
}
