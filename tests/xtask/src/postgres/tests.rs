use super::*;

#[test]
fn the_start_up_message_has_the_protocols_form() {
    let message = start_up_message("me");
    let expected = b"\0\0\0\x23\0\x03\0\0user\0me\0database\0postgres\0\0";
    assert_eq!(message, expected);
}

#[test]
fn what_is_fetched_is_pinned_by_digest() {
    let text = fs::read_to_string(workspace::root().join("tests/postgres/requirements.txt")).expect("a list");
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
