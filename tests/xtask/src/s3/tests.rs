use super::*;

#[test]
fn the_keys_are_in_the_servers_form() {
    let keys: serde_json::Value = serde_json::from_str(&keys_file()).expect("JSON");
    let identities = keys["identities"].as_array().expect("a list");
    assert_eq!(identities.len(), 2);
    assert_eq!(identities[1]["credentials"][0]["accessKey"], S3Server::READER.0);
    let may_write = |identity: &serde_json::Value| {
        let actions = identity["actions"].as_array().expect("a list");
        actions.iter().any(|action| action == "Write" || action == "Admin")
    };
    assert!(may_write(&identities[0]) && !may_write(&identities[1]));
}

#[test]
fn what_is_fetched_is_pinned_by_digest() {
    let text = fs::read_to_string(workspace::root().join("tests/s3/requirements.txt")).expect("a list");
    let wanted: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let [first, digests @ ..] = &wanted[..] else {
        panic!("nothing is wanted");
    };
    assert!(first.contains("=="), "a version: {first}");
    assert!(!digests.is_empty());
    for digest in digests {
        let (_, digest) = digest
            .trim_end_matches(" \\")
            .split_once("--hash=sha256:")
            .expect("a digest");
        assert!(
            digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()),
            "{digest}"
        );
    }
}
