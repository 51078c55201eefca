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
