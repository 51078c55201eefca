//! Primary keys as JSON arrays, if they are plain: without white space and escapes.

use super::Room;
use super::plan::Plan;
use super::text::{self, End};
use crate::record::key_bytes::{push_boolean, push_int, push_long, push_text};
use crate::write::record_form::FieldKind;

/// Reads a key: appends the bytes by which keys are compared, and leaves where its parts stand.
pub(super) fn read(plan: &Plan, key: &[u8], room: &mut Room, out: &mut Vec<u8>) -> Option<()> {
    room.given_spans.clear();
    if key.len() > super::MOST_BYTES || key.first() != Some(&b'[') {
        return None;
    }
    let mut at = 1;
    for (part, kind) in plan.key.iter().enumerate() {
        if part > 0 {
            if key.get(at) != Some(&b',') {
                return None;
            }
            at += 1;
        }
        let begin = at;
        match kind {
            FieldKind::Text => {
                let (end, End::Plain { .. }) = text::end(key, begin)? else {
                    return None;
                };
                push_text(out, std::str::from_utf8(key.get(begin + 1..end)?).ok()?);
                at = end + 1;
            }
            FieldKind::Int => push_int(out, text::int(key, &mut at)?),
            FieldKind::Long => push_long(out, text::long(key, &mut at)?),
            FieldKind::Boolean => push_boolean(out, text::boolean(key, &mut at)?),
            _ => return None,
        }
        room.given_spans.push(begin..at);
    }
    (key.get(at..)? == b"]").then_some(())
}
