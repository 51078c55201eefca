//! Blobs by hand.

use hollow::blob::{Header, write_schema};
use hollow::memory::var_int;
use hollow::read::ReadState;
use hollow::schema::{Schema, parse};

/// What stands for the highest ordinal of a type or shard without records.
pub(super) const NONE: u64 = 0xFFFF_FFFF;

/// The number that stands before the first record of every chain here, and the one behind its first state.
pub(super) const TAGS: (i64, i64) = (0, 1);

pub(super) fn var(out: &mut Vec<u8>, values: &[u64]) {
    values.iter().for_each(|&value| var_int::write_u64(out, value));
}

pub(super) fn words(out: &mut Vec<u8>, words: &[u64]) {
    words.iter().for_each(|word| out.extend_from_slice(&word.to_be_bytes()));
}

/// The set of populated ordinals that ends a snapshot's type state.
pub(super) fn populated(out: &mut Vec<u8>, bits: &[u64]) {
    out.extend_from_slice(&(bits.len() as u32).to_be_bytes());
    words(out, bits);
}

/// A blob: a header that lists these schemas and tags, then the type states.
pub(super) fn blob(
    schemas: &[Schema],
    tags: Vec<(String, String)>,
    (origin_tag, destination_tag): (i64, i64),
    frames: &[Vec<u8>],
) -> Vec<u8> {
    let header = Header {
        origin_tag,
        destination_tag,
        schemas: Some(schemas.to_vec()),
        tags,
        num_type_states: frames.len(),
    };
    let mut out = Vec::new();
    header.write(&mut out).expect("short names");
    frames.iter().for_each(|frame| out.extend_from_slice(frame));
    out
}

/// A snapshot of these type states and nothing else.
pub(super) fn snapshot_of(frames: &[Vec<u8>]) -> Vec<u8> {
    blob(&[], Vec::new(), TAGS, frames)
}

/// A type state: schema, number of shards, and the body after that.
pub(super) fn frame(schema: &Schema, num_shards: u64, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write_schema(&mut out, schema).expect("short names");
    var(&mut out, &[2, 0, num_shards]);
    out.extend_from_slice(body);
    out
}

/// A shard of an object type with these widths and no records.
pub(super) fn empty_shard(widths: &[u64]) -> Vec<u8> {
    let mut out = Vec::new();
    var(&mut out, &[NONE]);
    var(&mut out, widths);
    var(&mut out, &[0]);
    widths.iter().for_each(|_| var(&mut out, &[0]));
    out
}

/// The type state of an object type without records.
pub(super) fn empty_type(schema: &Schema, widths: &[u64]) -> Vec<u8> {
    let mut body = empty_shard(widths);
    populated(&mut body, &[]);
    frame(schema, 1, &body)
}

/// A state of one object type without records, with the bytes of its snapshot.
pub(super) fn empty_state(text: &str, widths: &[u64]) -> (ReadState, Schema, Vec<u8>) {
    let schema = parse(text).expect("a schema").remove(0);
    let bytes = snapshot_of(&[empty_type(&schema, widths)]);
    let state = ReadState::from_snapshot(&bytes).expect("a type without records");
    (state, schema, bytes)
}

/// A delta on [`empty_state`] with one shard that removes and adds what these lists of gaps say.
pub(super) fn changes(schema: &Schema, max: u64, removals: &[u8], additions: &[u8], records: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    var(&mut body, &[max, removals.len() as u64]);
    body.extend_from_slice(removals);
    var(&mut body, &[additions.len() as u64]);
    body.extend_from_slice(additions);
    body.extend_from_slice(records);
    let frame = frame(schema, 1, &body);
    blob(std::slice::from_ref(schema), Vec::new(), (1, 2), &[frame])
}

/// The type state of a list type with one list of so many elements, all of them the first record of their type.
pub(super) fn one_list(text: &str, num_elements: u64) -> Vec<u8> {
    let schema = parse(text).expect("a schema").remove(0);
    let mut body = Vec::new();
    var(&mut body, &[0, 32, 1, num_elements, 1]); // the list's end takes 32 bits, an element one
    words(&mut body, &[num_elements]);
    var(&mut body, &[num_elements / 64]);
    words(&mut body, &vec![0; num_elements as usize / 64]);
    populated(&mut body, &[1]);
    frame(&schema, 1, &body)
}

/// So many short names that differ.
pub(super) fn names(count: usize) -> impl Iterator<Item = String> {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
    (0..count).map(|mut number| {
        let mut name = String::new();
        while name.is_empty() || number > 0 {
            name.push(char::from(LETTERS[number % LETTERS.len()]));
            number /= LETTERS.len();
        }
        name
    })
}
