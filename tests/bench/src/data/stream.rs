//! Random numbers that depend on nothing but three integers, and the text made of them.

const G: u64 = 0x9E37_79B9_7F4A_7C15;
const CONSONANTS: &[u8; 18] = b"bcdfghjklmnprstvwz";
const VOWELS: &[u8; 5] = b"aeiou";
const ACCENTED: [char; 10] = [
    '\u{e1}', '\u{e9}', '\u{ed}', '\u{f3}', '\u{fa}', '\u{f1}', '\u{e7}', '\u{f8}', '\u{e5}', '\u{fc}',
];

fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A stream of random numbers, the same for the same key everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Stream(u64);

impl Stream {
    pub(crate) fn new(tag: u64, a: u64, b: u64) -> Self {
        let h = mix(tag.wrapping_add(G));
        let h = mix(h.wrapping_add(G.wrapping_mul(a.wrapping_add(1))));
        Self(mix(h.wrapping_add(G.wrapping_mul(b.wrapping_add(1)))))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(G);
        mix(self.0)
    }

    /// From 0 to below `n`.
    pub(crate) fn below(&mut self, n: u32) -> u32 {
        (((self.next() >> 32) * u64::from(n)) >> 32) as u32
    }

    /// From 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 * 2f64.powi(-53)
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.below(2) == 1
    }

    fn consonant(&mut self) -> char {
        CONSONANTS[self.below(18) as usize].into()
    }

    /// `count` words of `lo` to below `lo + span` syllables each.
    pub(crate) fn words(&mut self, count: u32, lo: u32, span: u32) -> String {
        let mut text = String::new();
        for word in 0..count {
            if word > 0 {
                text.push(' ');
            }
            for syllable in 0..lo + self.below(span) {
                let first = self.consonant();
                text.push(if syllable == 0 {
                    first.to_ascii_uppercase()
                } else {
                    first
                });
                text.push(VOWELS[self.below(5) as usize].into());
            }
        }
        text
    }

    /// `count` words with letters beyond ASCII.
    pub(crate) fn accented(&mut self, count: u32) -> String {
        let mut text = String::new();
        for word in 0..count {
            if word > 0 {
                text.push(' ');
            }
            for _ in 0..2 + self.below(3) {
                text.push(self.consonant());
                text.push(ACCENTED[self.below(10) as usize]);
            }
        }
        text
    }

    /// A character of the range that begins at `first`, which must not reach the surrogates.
    pub(crate) fn char_from(&mut self, first: u32, span: u32) -> char {
        char::from_u32(first + self.below(span)).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// Two letters for a number: `AA`, `AB`, ...
pub(crate) fn code2(i: usize) -> String {
    [b'A' + (i / 26) as u8, b'A' + (i % 26) as u8]
        .map(char::from)
        .iter()
        .collect()
}

/// The same in lower case.
pub(crate) fn lang2(i: usize) -> String {
    code2(i).to_ascii_lowercase()
}
