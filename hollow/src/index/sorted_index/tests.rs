use super::*;
use crate::memory::text::StoredText;

fn text(stored: &[u8]) -> Part<'_> {
    Part::Text(StoredText::new(stored))
}

/// Texts in the order of `str`, some beyond U+FFFF, which UTF-16 has before U+E000.
const TEXTS: [&str; 16] = [
    "",
    "\0",
    "A",
    "AB",
    "Aé",
    "a",
    "aaaaaaaa",
    "aaaaaaaa\0",
    "aaaaaaaab",
    "aaaaaaaaé",
    "b",
    "é",
    "éa",
    "\u{e000}",
    "\u{ffff}",
    "\u{1f600}",
];

#[test]
fn heads_and_values_are_in_one_order() {
    let stored: Vec<Vec<u8>> = TEXTS.iter().map(|text| crate::memory::text::encode(text)).collect();
    for (i, a) in stored.iter().enumerate() {
        for (j, b) in stored.iter().enumerate() {
            let (a, b) = (text(a), text(b));
            let by_head = order::head(a).cmp(&order::head(b));
            assert_eq!(by_head.then_with(|| order::cmp(a, b)), i.cmp(&j), "{a:?} {b:?}");
            let target = Target::Text(TEXTS[j]);
            let by_target = order::head(a).cmp(&target.head(false)).then_with(|| target.cmp(a));
            assert_eq!(by_target, i.cmp(&j), "{a:?} {:?}", TEXTS[j]);
            let prefix = Target::Prefix(TEXTS[j]);
            let begins = TEXTS[i].starts_with(TEXTS[j]);
            assert_eq!(prefix.cmp(a) == Ordering::Equal, begins, "{a:?} {:?}", TEXTS[j]);
            let (first, last) = (prefix.head(false), prefix.head(true));
            assert!(!begins || (first..=last).contains(&order::head(a)));
        }
    }
    let doubles = [-f64::INFINITY, -2.5, -0.0, 0.0, 1e-300, 3.0, f64::INFINITY, f64::NAN];
    let heads = doubles.map(|value| order::head(Part::Double(value.to_bits())));
    assert!(heads.is_sorted_by(|a, b| a < b));
    let floats = [-f32::INFINITY, -2.5, -0.0, 0.0, 3.0, f32::INFINITY, f32::NAN];
    assert!(
        floats
            .map(|value| order::head(Part::Float(value.to_bits())))
            .is_sorted_by(|a, b| a < b)
    );
    let longs = [i64::MIN + 1, -5, 0, 7, i64::MAX].map(|value| order::head(Part::Long(value)));
    assert!(longs.is_sorted_by(|a, b| a < b));
    assert_eq!(order::head(Part::Int(-9)), order::head(Part::Long(-9)));
}

/// Stored text can hold what no `str` does: half of a surrogate pair, and a unit that is cut short.
#[test]
fn broken_text_has_its_place() {
    let half = [0x83, 0xB0, 0x3D]; // U+D83D
    let whole = crate::memory::text::encode("\u{1f600}");
    let private = crate::memory::text::encode("\u{e000}");
    let last = crate::memory::text::encode("\u{d7ff}");
    let texts = [text(&last), text(&half), text(&private), text(&whole)];
    assert!(texts.is_sorted_by(|a, b| {
        order::head(*a).cmp(&order::head(*b)).then_with(|| order::cmp(*a, *b)) == Ordering::Less
    }));
    let cut = text(&[b'a', 0x83]);
    assert_eq!(order::cmp(cut, text(b"a")), Ordering::Equal);
}
