use super::*;

#[test]
fn the_start_up_message_has_the_protocols_form() {
    let message = start_up_message("me");
    let expected = b"\0\0\0\x23\0\x03\0\0user\0me\0database\0postgres\0\0";
    assert_eq!(message, expected);
}
