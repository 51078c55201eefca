//! Which elements of two lists belong together.
//!
//! Elements that have a key are matched by key, others by content, keeping the order of both lists (the longest such
//! matching, by `similar`). What is left between two matches is paired by likeness: a verdict that changed its status
//! is one changed verdict, not one removed and one added.
//!
//! The result is the same whichever list is called the first one: ties would otherwise be broken differently. Hence the
//! work is always done with the smaller list, in the order of nodes, as the first.

use super::{KeyPaths, Node, Object};
use similar::{Algorithm, DiffOp};
use std::collections::HashMap;
use std::ops::Range;

/// The positions of an element in the two lists.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// Above this many combinations of elements the order of large, thoroughly different lists is not searched for matches.
const MAX_MATCHING: usize = 16_000_000;
/// Above this many combinations left-over elements are not paired by likeness.
const MAX_LIKENESS: usize = 2_500;
/// How alike two elements must be to be called one changed element.
const ALIKE: u32 = 400;
/// Likeness of equal nodes.
const EQUAL: u32 = 1000;

/// Aligns two lists. Every element appears exactly once, in order; what only the first has comes before what only the
/// second has.
pub(super) fn align(a: &[Node], b: &[Node], key: Option<&KeyPaths>) -> Vec<Pair> {
    if a <= b {
        return with_rest(&matches(a, b, key), a.len(), b.len());
    }
    let swapped: Vec<(usize, usize)> = matches(b, a, key).into_iter().map(|(j, i)| (i, j)).collect();
    with_rest(&swapped, a.len(), b.len())
}

/// Adds the elements without a partner to a matching.
fn with_rest(matches: &[(usize, usize)], a_len: usize, b_len: usize) -> Vec<Pair> {
    let mut pairs = Vec::with_capacity(a_len.max(b_len));
    let (mut i, mut j) = (0, 0);
    for &(x, y) in matches.iter().chain(std::iter::once(&(a_len, b_len))) {
        pairs.extend((i..x).map(|i| (Some(i), None)));
        pairs.extend((j..y).map(|j| (None, Some(j))));
        if x < a_len && y < b_len {
            pairs.push((Some(x), Some(y)));
        }
        (i, j) = (x + 1, y + 1);
    }
    pairs
}

/// The pairs, ascending in both positions.
fn matches(a: &[Node], b: &[Node], key: Option<&KeyPaths>) -> Vec<(usize, usize)> {
    let keyed = key.and_then(|key| tokens(a, b, |node| node.key(key), true));
    let by_key = keyed.is_some();
    let Some((x, y)) = keyed.or_else(|| tokens(a, b, |node| Some(vec![node]), false)) else {
        return Vec::new();
    };
    let mut matches = longest_common(&x, &y);
    if !by_key {
        let mut more = Vec::new();
        let (mut i, mut j) = (0, 0);
        for &(x, y) in matches.iter().chain(std::iter::once(&(a.len(), b.len()))) {
            more.extend(alike(a, b, i..x, j..y));
            (i, j) = (x + 1, y + 1);
        }
        matches.extend(more);
        matches.sort_unstable();
    }
    matches
}

/// Numbers for the elements of both lists, equal where `identity` is. `None` if an element has no identity or if it
/// should be but is not unique in its list.
fn tokens<'t>(
    a: &'t [Node],
    b: &'t [Node],
    identity: impl Fn(&'t Node) -> Option<Vec<&'t Node>>,
    unique: bool,
) -> Option<(Vec<usize>, Vec<usize>)> {
    let mut numbers: HashMap<Vec<&'t Node>, usize> = HashMap::new();
    let mut number = |nodes: &'t [Node]| -> Option<Vec<usize>> {
        let mut seen = std::collections::HashSet::new();
        nodes
            .iter()
            .map(|node| {
                let next = numbers.len();
                let token = *numbers.entry(identity(node)?).or_insert(next);
                (seen.insert(token) || !unique).then_some(token)
            })
            .collect()
    };
    Some((number(a)?, number(b)?))
}

/// The longest matching of equal tokens that keeps the order.
fn longest_common(a: &[usize], b: &[usize]) -> Vec<(usize, usize)> {
    let prefix = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (a.get(prefix..).unwrap_or_default(), b.get(prefix..).unwrap_or_default());
    let suffix = rest_a
        .iter()
        .rev()
        .zip(rest_b.iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let middle_a = rest_a.get(..rest_a.len() - suffix).unwrap_or_default();
    let middle_b = rest_b.get(..rest_b.len() - suffix).unwrap_or_default();

    let mut matches: Vec<(usize, usize)> = (0..prefix).map(|i| (i, i)).collect();
    if middle_a.len().saturating_mul(middle_b.len()) <= MAX_MATCHING {
        for op in similar::capture_diff_slices(Algorithm::Myers, middle_a, middle_b) {
            if let DiffOp::Equal {
                old_index,
                new_index,
                len,
            } = op
            {
                matches.extend((0..len).map(|k| (prefix + old_index + k, prefix + new_index + k)));
            }
        }
    }
    matches.extend((1..=suffix).rev().map(|k| (a.len() - k, b.len() - k)));
    matches
}

/// Pairs the elements of a gap so that the sum of likenesses is the largest, keeping the order.
fn alike(a: &[Node], b: &[Node], in_a: Range<usize>, in_b: Range<usize>) -> Vec<(usize, usize)> {
    let (rows, columns) = (in_a.len(), in_b.len());
    if rows == 0 || columns == 0 || rows.saturating_mul(columns) > MAX_LIKENESS {
        return Vec::new();
    }
    let (Some(left), Some(right)) = (a.get(in_a.clone()), b.get(in_b.clone())) else {
        return Vec::new();
    };
    let scores: Vec<Vec<u32>> = left
        .iter()
        .map(|x| right.iter().map(|y| likeness(x, y)).collect())
        .collect();
    // best[i][j]: the largest sum for the elements from i and from j on.
    let mut best = vec![vec![0u32; columns + 1]; rows + 1];
    for i in (0..rows).rev() {
        for j in (0..columns).rev() {
            let paired = if scores[i][j] >= ALIKE {
                scores[i][j] + best[i + 1][j + 1]
            } else {
                0
            };
            best[i][j] = paired.max(best[i + 1][j]).max(best[i][j + 1]);
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < rows && j < columns {
        if scores[i][j] >= ALIKE && best[i][j] == scores[i][j] + best[i + 1][j + 1] {
            pairs.push((in_a.start + i, in_b.start + j));
            (i, j) = (i + 1, j + 1);
        } else if best[i][j] == best[i + 1][j] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

/// How alike two nodes are: 0 not at all, [`EQUAL`] equal. Single values are either.
fn likeness(a: &Node, b: &Node) -> u32 {
    if a == b {
        return EQUAL;
    }
    match (a, b) {
        (Node::Object(a), Node::Object(b)) if !(a.wraps.0 && b.wraps.0) => fields_alike(a, b),
        (Node::Set(a), Node::Set(b)) => share(&a.items, &b.items),
        (Node::List(a), Node::List(b)) => {
            fn sorted(nodes: &[Node]) -> Vec<&Node> {
                let mut nodes: Vec<&Node> = nodes.iter().collect();
                nodes.sort();
                nodes
            }
            share(&sorted(&a.items), &sorted(&b.items))
        }
        (Node::Map(a), Node::Map(b)) => share(a, b),
        _ => 0,
    }
}

fn fields_alike(a: &Object, b: &Object) -> u32 {
    let common: Vec<u32> = a
        .fields
        .iter()
        .filter_map(|member| Some(likeness(&member.node, b.get(&member.name)?)))
        .collect();
    let either = a.fields.len() + b.fields.len() - common.len();
    common.iter().sum::<u32>() / u32::try_from(either.max(1)).unwrap_or(u32::MAX)
}

/// How much of two sorted slices is common.
fn share<T: Ord>(a: &[T], b: &[T]) -> u32 {
    let (mut i, mut j, mut common) = (0usize, 0usize, 0usize);
    while let (Some(x), Some(y)) = (a.get(i), b.get(j)) {
        match x.cmp(y) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                common += 1;
                (i, j) = (i + 1, j + 1);
            }
        }
    }
    let total = (a.len() + b.len()).max(1);
    u32::try_from(common.saturating_mul(2 * EQUAL as usize) / total).unwrap_or(EQUAL)
}
