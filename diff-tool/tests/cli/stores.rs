//! Where states come from.

use super::*;

#[test]
fn states_of_a_chain_by_name() {
    let world = World::new();
    let states: Vec<Vec<(&'static str, Value)>> = vec![
        vec![everywhere(1)],
        vec![everywhere(1), everywhere(2)],
        vec![not_in_korea(1), everywhere(2)],
    ];
    let states: Vec<State<'_>> = states.into_iter().map(|records| (&TAGS[..], records)).collect();
    publish(&world.path("chain"), LIVENESS, &states);
    let counts = |a: &str, b: &str| {
        let ran = world.run(&[a, b, "--json", "--type", "VideoLiveness"]);
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap_or_else(|_| panic!("{}", ran.err));
        let ty = &json["types"][0];
        (ty["equal"].as_i64(), ty["modified"].as_i64(), ty["only_in_b"].as_i64())
    };
    let (some, none) = (|x| Some(x), Some(0));
    assert_eq!(counts("chain@first", "chain"), (none, some(1), some(1)));
    assert_eq!(counts("chain@~2", "chain@latest"), (none, some(1), some(1)));
    assert_eq!(counts("chain@~1", "chain@announced"), (some(1), some(1), none));
    assert_eq!(
        counts("chain@20260101000000001", "chain@20260101000000002"),
        (some(1), none, some(1))
    );
    assert_eq!(
        counts("chain/snapshot-20260101000000001", "chain@20260101000000002"),
        (some(1), none, some(1))
    );
    let ambiguous = world.run(&["chain@2026", "chain"]);
    assert_eq!(ambiguous.code, Some(2));
    assert!(
        ambiguous
            .err
            .contains("3 versions begin with 2026: 20260101000000003, "),
        "{}",
        ambiguous.err
    );
}

#[test]
fn a_store_of_ours_is_compared_like_any_other() {
    use hollow::producer::Producer;
    use hollow::schema::Dataset;
    use hollow::store::Store;
    let world = World::new();
    world.prod_and_preprod();
    let store = Store::fs(world.path("store")).expect("store");
    let dataset = Dataset::parse(LIVENESS).expect("schema");
    let mut producer = Producer::builder(dataset, store)
        .name("liveness")
        .snapshot_every(2)
        .snapshots(hollow::producer::SnapshotWriting::WithVersion)
        .build()
        .expect("producer");
    producer.restore().expect("an empty store");
    let cycles = [
        vec![everywhere(1), everywhere(2)],
        vec![everywhere(1), not_in_korea(2)],
        (1..=5).map(everywhere).collect(),
    ];
    for records in &cycles {
        let add = |cycle: &mut hollow::producer::Cycle<'_>| {
            records
                .iter()
                .try_for_each(|(ty, record)| cycle.add(ty, record).map(|_| ()))?;
            Ok(())
        };
        producer.run_cycle(add).expect("published");
    }
    let modified = world.run(&["store@~2", "store@~1", "--type", "VideoLiveness"]);
    assert!(
        modified
            .out
            .contains("VideoLiveness  video_id    2  2      1         1          0          0\n"),
        "{modified:?}"
    );
    // A chain of ours against a directory in Java's layout.
    let ran = world.run(&["store", "prod"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let bytes = |name: &str| -> Vec<PathBuf> {
        let files = fs::read_dir(world.path("store/blobs"))
            .expect("blobs")
            .map(|file| file.expect("file").path());
        files.filter(|path| path.to_string_lossy().contains(name)).collect()
    };
    for blob in bytes("snapshot").iter().chain(&bytes("delta")) {
        let mut content = fs::read(blob).expect("blob");
        *content.last_mut().expect("a byte") ^= 1;
        fs::remove_file(blob).expect("removed");
        fs::write(blob, content).expect("written");
    }
    let damaged = world.run(&["store", "prod"]);
    assert_eq!(damaged.code, Some(4), "{damaged:?}");
    assert!(damaged.err.contains("sha256"), "{damaged:?}");
}
