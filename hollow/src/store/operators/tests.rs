use super::*;
use crate::Version;
use crate::store::{BlobEntry, Head, LinkRef, Manifest, Previous, SCHEMA};
use std::sync::atomic::{AtomicI64, Ordering};

fn mark(from: i64, to: i64, verdict: Verdict) -> Mark {
    Mark {
        from: Version(from),
        to: Version(to),
        verdict,
        reason: "a reason".into(),
        by: "a test".into(),
        marked_at: 1,
    }
}

fn tag(version: i64) -> Tag {
    Tag {
        version: Version(version),
        reason: "a release".into(),
        by: "a test".into(),
        tagged_at: 1,
    }
}

#[test]
fn the_most_specific_pin_that_matches_and_is_in_force_counts() {
    let labels = |text: &str| -> Labels {
        let pairs = text.split_whitespace().filter_map(|pair| pair.split_once('='));
        pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    let pin = |scope: &str, version: i64, expires_at: Option<u64>| Pin {
        scope: labels(scope),
        expires_at,
        ..Pin::everybody(Version(version), "", 1)
    };
    let pins: Pins = [
        pin("", 1, None),
        pin("region=eu", 2, None),
        pin("region=eu application=search", 3, Some(100)),
        pin("application=search", 4, None),
    ]
    .into_iter()
    .collect();
    let held = |text: &str, now: u64| pins.for_consumer(&labels(text), now).map(|pin| pin.version.0);
    assert_eq!(held("", 0), Some(1));
    assert_eq!(held("region=us", 0), Some(1), "all pairs must match");
    assert_eq!(held("region=eu host=a", 0), Some(2));
    assert_eq!(held("region=eu application=search host=a", 99), Some(3));
    assert_eq!(held("region=eu application=search", 100), Some(4), "the one made last");
    assert_eq!(Pins::default().for_consumer(&labels("region=eu"), 0), None);
}

#[test]
fn documents_read_back_and_older_programs_see_what_holds_everybody() {
    let mut pins = Pins::default();
    let scoped = Pin {
        scope: [("region".to_owned(), "eu".to_owned())].into(),
        expires_at: Some(50),
        ..Pin::everybody(Version(7), "eu", 10)
    };
    assert_eq!(pins.add(scoped.clone()).expect("a pin"), None);
    let json: serde_json::Value = serde_json::from_slice(&pins.to_json()).expect("JSON");
    assert_eq!(
        json["version"],
        serde_json::Value::Null,
        "nobody is held by what they know"
    );
    pins.add(Pin::everybody(Version(3), "all", 20)).expect("a pin");
    let json: serde_json::Value = serde_json::from_slice(&pins.to_json()).expect("JSON");
    assert_eq!((json["schema"].as_u64(), json["version"].as_i64()), (Some(1), Some(3)));
    assert_eq!(Pins::parse(&pins.to_json()).expect("read"), pins);
    // One of the same scope takes its place; those past their time are forgotten on the way.
    assert_eq!(
        pins.add(Pin::everybody(Version(4), "all", 60)).expect("a pin"),
        Some(Pin::everybody(Version(3), "all", 20))
    );
    assert_eq!(pins.all(), [Pin::everybody(Version(4), "all", 60)]);
    assert_eq!(pins.remove(&scoped.scope), None);

    let mut marks = Marks::default();
    marks.add(mark(1, 5, Verdict::Bad)).expect("a mark");
    assert_eq!(Marks::parse(&marks.to_json()).expect("read"), marks);
    let mut tags = Tags::default();
    tags.add("v1.0", tag(5)).expect("a tag");
    assert_eq!(Tags::parse(&tags.to_json()).expect("read"), tags);
    for bad in [
        "",
        "{}",
        "{\"schema\":2,\"marks\":[]}",
        "[]",
        "{\"schema\":1,\"marks\":[{}]}",
    ] {
        assert!(
            matches!(Marks::parse(bad.as_bytes()), Err(StoreError::Corrupt { .. })),
            "{bad}"
        );
    }
}

#[test]
fn what_nobody_could_mean_is_refused() {
    let invalid = |outcome: Result<(), StoreError>| matches!(outcome, Err(StoreError::Invalid { .. }));
    for key in ["", "a b", "-a", "ä", &"x".repeat(101)] {
        let scope = [(key.to_owned(), "eu".to_owned())].into();
        let pin = Pin {
            scope,
            ..Pin::everybody(Version(1), "", 1)
        };
        assert!(invalid(Pins::default().add(pin).map(drop)), "{key}");
        assert!(invalid(Tags::default().add(key, tag(1))), "{key}");
    }
    let long = "x".repeat(501);
    assert!(invalid(
        Pins::default().add(Pin::everybody(Version(1), &long, 1)).map(drop)
    ));
    assert!(invalid(Marks::default().add(mark(2, 1, Verdict::Bad))));
    let mut tags = Tags::default();
    tags.add("release", tag(1)).expect("a tag");
    tags.add("release", tag(1)).expect("the same again");
    assert!(matches!(tags.add("release", tag(2)), Err(StoreError::Conflict { .. })));
    let mut marks = Marks::default();
    let many = (0..200).map(|n| marks.add(mark(n * 2, n * 2, Verdict::Bad)));
    assert_eq!(many.filter(Result::is_ok).count(), 50);
    marks.add(mark(0, 400, Verdict::Good)).expect("one in place of all");
    assert_eq!(marks.all().len(), 1);
    // Whatever the limits of the parts: no register takes more than its readers read.
    let full: Pins = (0..2000)
        .map(|n| Pin::everybody(Version(n), &"\u{1}".repeat(50), 1))
        .collect();
    assert!(invalid(Store::memory().set_document(None, &full).map(drop)));
}

#[test]
fn of_people_who_change_a_document_at_once_none_is_lost() {
    let store = Store::memory();
    let refused = AtomicI64::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (store, refused) = (&store, &refused);
            scope.spawn(move || {
                for n in 0..10 {
                    let name = format!("{thread}-{n}");
                    match store.change::<Tags, _, StoreError>(|tags| tags.add(&name, tag(n))) {
                        Ok(()) => {}
                        Err(StoreError::Conflict { .. }) => drop(refused.fetch_add(1, Ordering::SeqCst)),
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    let (tags, _) = store.document::<Tags>().expect("read");
    assert_eq!(tags.all().len() as i64 + refused.into_inner(), 40);
    let failed: Result<(), StoreError> = store.change::<Tags, _, _>(|tags| {
        tags.remove("0-0");
        Err(StoreError::absent("nothing"))
    });
    assert!(failed.is_err());
    assert_eq!(
        store.document::<Tags>().expect("read").0,
        tags,
        "nothing is written then"
    );
}

/// A chain of manifests without blobs; gives the head.
fn chain(store: &Store, versions: &[i64]) -> Vec<Head> {
    let mut previous = None;
    let put = versions.iter().map(|&version| {
        let manifest = Manifest {
            schema: SCHEMA,
            version: Version(version),
            previous,
            epoch: 1,
            nonce: "n".into(),
            tag: 1,
            blobs: Vec::<BlobEntry>::new(),
            header_tags: Default::default(),
            schema_hash: 0,
            record_checksum: None,
            created_at: 1,
            receipts: Vec::new(),
            counts: Default::default(),
            change_digest: None,
            recent: Vec::new(),
            late_snapshot: None,
        };
        let sha256 = store.put_manifest(&manifest).expect("put");
        previous = Some(Previous {
            version: Version(version),
            manifest: sha256,
        });
        Head {
            schema: SCHEMA,
            version: Version(version),
            manifest: sha256,
            epoch: 1,
            nonce: "n".into(),
            announced_at: 1,
        }
    });
    put.collect()
}

#[test]
fn what_descends_from_a_bad_version_is_bad_until_somebody_says_otherwise() {
    let store = Store::memory();
    let heads = chain(&store, &[10, 20, 30, 40, 50]);
    let ancestor = |at: usize, marks: &[Mark]| {
        let mut all = Marks::default();
        marks.iter().for_each(|mark| all.add(mark.clone()).expect("a mark"));
        let found = bad_ancestor(&store, LinkRef::from(&heads[at]), &all).expect("read");
        found.map(|(version, _)| version.0)
    };
    let bad = mark(15, 25, Verdict::Bad);
    assert_eq!(ancestor(4, &[]), None);
    assert_eq!(ancestor(0, std::slice::from_ref(&bad)), None, "it was before");
    assert_eq!(ancestor(1, std::slice::from_ref(&bad)), Some(20));
    assert_eq!(ancestor(4, std::slice::from_ref(&bad)), Some(20));
    let repaired = mark(40, 40, Verdict::Good);
    assert_eq!(ancestor(2, &[bad.clone(), repaired.clone()]), Some(20));
    assert_eq!(ancestor(3, &[bad.clone(), repaired.clone()]), None);
    assert_eq!(ancestor(4, &[bad.clone(), repaired]), None);
    assert_eq!(
        ancestor(4, &[bad.clone(), mark(20, 20, Verdict::Good)]),
        None,
        "by mistake"
    );
    assert_eq!(
        ancestor(4, &[mark(31, 39, Verdict::Bad)]),
        None,
        "no version of this chain"
    );

    // Where the chain was cut off, what was there counts as it was marked.
    let key = crate::store::Key::manifest(Version(20), &heads[1].manifest);
    store.blobs().remove(&key).expect("removed");
    assert_eq!(ancestor(4, std::slice::from_ref(&bad)), Some(20));
    assert_eq!(ancestor(4, &[mark(5, 12, Verdict::Bad)]), Some(12));
    assert_eq!(
        ancestor(4, &[mark(5, 12, Verdict::Bad), mark(20, 20, Verdict::Good)]),
        None
    );
}
