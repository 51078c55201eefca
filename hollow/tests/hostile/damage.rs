//! Ways to damage bytes.

use hollow::testing::entropy;
use std::fmt;

/// One way to damage bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// One bit is another: at this byte, this bit.
    Flip(usize, u32),
    /// Only so many bytes are there.
    Truncation(usize),
    /// Before this byte stands another, of this value.
    Insertion(usize, u8),
    /// This byte is missing.
    Deletion(usize),
    /// Several bytes are something else, as this number decides.
    Edits(u64),
}

/// The kinds of damage, for counting.
pub(crate) const KINDS: [&str; 5] = ["bit flips", "truncations", "insertions", "deletions", "random edits"];

/// The bytes that are put into padding: nothing, the largest of one byte, the null of variable-length integers, all ones.
/// Everywhere else every byte there is, is.
const INSERTED: [u8; 4] = [0x00, 0x7f, 0x80, 0xff];

/// Zeros in a row that count as padding.
const PADDING: usize = 64;

impl Damage {
    /// All damage of one bit or one byte to bytes of which some are padding, and so many random edits.
    pub(crate) fn all(in_padding: &[bool], random: u64) -> Vec<Damage> {
        let length = in_padding.len();
        let mut all = Vec::with_capacity(length * 14);
        all.extend((0..length).flat_map(|at| (0..8).map(move |bit| Damage::Flip(at, bit))));
        all.extend((0..length).map(Damage::Truncation));
        for at in 0..=length {
            let every = |value| Damage::Insertion(at, value);
            match in_padding.get(at) {
                Some(true) => all.extend(INSERTED.map(every)),
                _ => all.extend((0..=u8::MAX).map(every)),
            }
        }
        all.extend((0..length).map(Damage::Deletion));
        all.extend((0..random).map(Damage::Edits));
        all
    }

    /// Its place in [`KINDS`].
    pub(crate) fn kind(self) -> usize {
        match self {
            Damage::Flip(..) => 0,
            Damage::Truncation(_) => 1,
            Damage::Insertion(..) => 2,
            Damage::Deletion(_) => 3,
            Damage::Edits(_) => 4,
        }
    }

    /// Puts the damaged bytes into `out`.
    pub(crate) fn apply(self, original: &[u8], out: &mut Vec<u8>) {
        out.clear();
        match self {
            Damage::Flip(at, bit) => {
                out.extend_from_slice(original);
                out[at] ^= 1 << bit;
            }
            Damage::Truncation(length) => out.extend_from_slice(&original[..length]),
            Damage::Insertion(at, value) => {
                out.extend_from_slice(&original[..at]);
                out.push(value);
                out.extend_from_slice(&original[at..]);
            }
            Damage::Deletion(at) => {
                out.extend_from_slice(&original[..at]);
                out.extend_from_slice(&original[at + 1..]);
            }
            Damage::Edits(seed) => {
                out.extend_from_slice(original);
                edit(out, seed);
            }
        }
    }
}

/// Two to nine edits: a byte of any value, a copy of other bytes over these, or a byte more or less.
fn edit(bytes: &mut Vec<u8>, seed: u64) {
    let mut next = entropy(seed);
    let interesting: Vec<usize> = outside_padding(bytes);
    for _ in 0..2 + next() % 8 {
        let at = interesting[next() as usize % interesting.len()].min(bytes.len() - 1);
        match next() % 8 {
            0..5 => bytes[at] = next() as u8,
            5 => {
                let from = next() as usize % bytes.len();
                let length = (next() as usize % 16).min(bytes.len() - at.max(from));
                bytes.copy_within(from..from + length, at);
            }
            6 => bytes.insert(at, next() as u8),
            _ => drop(bytes.remove(at)),
        }
    }
}

/// The positions that are not in long runs of zeros.
pub(crate) fn outside_padding(bytes: &[u8]) -> Vec<usize> {
    let mut outside = Vec::new();
    let mut at = 0;
    for run in bytes.chunk_by(|a, b| (*a == 0) == (*b == 0)) {
        if run[0] != 0 || run.len() < PADDING {
            outside.extend(at..at + run.len());
        }
        at += run.len();
    }
    outside
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::Flip(at, bit) => write!(f, "byte {at}: bit {bit} flipped"),
            Damage::Truncation(length) => write!(f, "cut to {length} bytes"),
            Damage::Insertion(at, value) => write!(f, "byte {at}: {value:#04x} put in before"),
            Damage::Deletion(at) => write!(f, "byte {at}: taken out"),
            Damage::Edits(seed) => write!(f, "random edits number {seed}"),
        }
    }
}
