//! Which records of the two states belong together.
//!
//! Records are grouped by identity: the hash of their key or, for types without one, of their content. Within a group:
//!
//! 1. equal records are equal, one to one;
//! 2. if one record is left on each side, it was modified;
//! 3. whatever else is left stands on its side alone. That several records have one key is against the rules of a
//!    primary key; nothing tells then which belong together.
//!
//! The outcome does not depend on ordinals, on the order of the sides, or on whether records known to be equal were
//! left out on both sides beforehand.

use hollow::Ordinal;
use std::collections::HashMap;

/// The outcome for one type.
#[derive(Debug, Default)]
pub(crate) struct Pairing {
    pub(crate) equal: usize,
    pub(crate) modified: Vec<(Ordinal, Ordinal)>,
    pub(crate) only_in_a: Vec<Ordinal>,
    pub(crate) only_in_b: Vec<Ordinal>,
    pub(crate) ambiguous: usize,
}

/// A record with the hash it is grouped by.
pub(crate) type Identified = (u128, Ordinal);

/// Pairs the records of two sides by identity. `same` tells whether a record of A and one of B have the same content;
/// the hashes of their contents are asked for only where several records have one key.
pub(crate) fn by_key(
    mut a: Vec<Identified>,
    mut b: Vec<Identified>,
    same: impl Fn(Ordinal, Ordinal) -> bool,
    content_a: impl Fn(Ordinal) -> u128,
    content_b: impl Fn(Ordinal) -> u128,
) -> Pairing {
    a.sort_unstable();
    b.sort_unstable();
    let mut pairing = Pairing::default();
    for_each_group(&a, &b, |a, b| {
        if let ([x], [y]) = (a, b) {
            if same(x.1, y.1) {
                pairing.equal += 1;
            } else {
                pairing.modified.push((x.1, y.1));
            }
            return;
        }
        let contents_a = a.iter().map(|x| (content_a(x.1), x.1));
        let contents_b = b.iter().map(|y| (content_b(y.1), y.1));
        let rest = equal_ones(contents_a.collect(), contents_b.collect(), &mut pairing.equal);
        if let ([x], [y]) = (rest.0.as_slice(), rest.1.as_slice()) {
            pairing.modified.push((*x, *y));
            return;
        }
        if !rest.0.is_empty() && !rest.1.is_empty() {
            pairing.ambiguous += rest.0.len() + rest.1.len();
        }
        pairing.only_in_a.extend(rest.0);
        pairing.only_in_b.extend(rest.1);
    });
    pairing
}

/// Pairs the records of two sides by content.
pub(crate) fn by_content(mut a: Vec<Identified>, mut b: Vec<Identified>) -> Pairing {
    a.sort_unstable();
    b.sort_unstable();
    let mut pairing = Pairing::default();
    for_each_group(&a, &b, |a, b| {
        let equal = a.len().min(b.len());
        pairing.equal += equal;
        pairing.only_in_a.extend(a.iter().skip(equal).map(|x| x.1));
        pairing.only_in_b.extend(b.iter().skip(equal).map(|y| y.1));
    });
    pairing
}

/// Takes out equal records, one to one, and returns the rest.
fn equal_ones(a: Vec<Identified>, b: Vec<Identified>, equal: &mut usize) -> (Vec<Ordinal>, Vec<Ordinal>) {
    let mut available: HashMap<u128, Vec<Ordinal>> = HashMap::new();
    for (content, ordinal) in b {
        available.entry(content).or_default().push(ordinal);
    }
    let mut rest_a = Vec::new();
    for (content, ordinal) in a {
        match available.get_mut(&content).and_then(Vec::pop) {
            Some(_) => *equal += 1,
            None => rest_a.push(ordinal),
        }
    }
    (rest_a, available.into_values().flatten().collect())
}

/// Calls back for each hash on either side, with the records that have it.
fn for_each_group(mut a: &[Identified], mut b: &[Identified], mut f: impl FnMut(&[Identified], &[Identified])) {
    while let Some(next) = a.first().into_iter().chain(b.first()).map(|x| x.0).min() {
        let take = |side: &[Identified]| side.iter().take_while(|x| x.0 == next).count();
        let (group_a, rest_a) = a.split_at(take(a));
        let (group_b, rest_b) = b.split_at(take(b));
        f(group_a, group_b);
        (a, b) = (rest_a, rest_b);
    }
}
