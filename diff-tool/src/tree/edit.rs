//! The comparison of two trees: what stayed, what changed, and where.
//!
//! ```text
//! compare(before, after) -> Edit           the two trees laid over each other
//! changes(&edit)         -> Vec<Change>    only the places that differ, with the path to each
//! ```
//!
//! Lists are compared in order (see `align`), sets by content or, where elements have a key, by key, maps by key.
//! Swapping the two trees swaps before and after of every change and alters nothing else.

use super::align::{self, Pair};
use super::{Elements, KeyPaths, Member, Node, Object};
use crate::show;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};

/// Two trees laid over each other.
#[derive(Clone, Debug)]
pub enum Edit<'t> {
    /// Equal on both sides.
    Same(&'t Node),
    /// Different as a whole. A side without a value here is `None`.
    Replaced(Option<&'t Node>, Option<&'t Node>),
    /// Objects: the fields with a value on either side, in schema order.
    Object(Vec<(&'t str, Edit<'t>)>),
    /// Lists: the elements, aligned.
    List(Vec<Edit<'t>>),
    /// Sets: the elements, sorted. Elements with equal keys are one entry.
    Set(Vec<(Option<Vec<&'t Node>>, Edit<'t>)>),
    /// Maps: the entries, sorted by key.
    Map(Vec<(&'t Node, Edit<'t>)>),
}

/// Lays two trees over each other.
///
/// Costs time in proportion to their sizes, except for lists: see `align`.
pub fn compare<'t>(before: &'t Node, after: &'t Node) -> Edit<'t> {
    if before == after {
        return Edit::Same(before);
    }
    match (before, after) {
        (Node::Object(a), Node::Object(b)) if !(a.wraps.0 && b.wraps.0) => objects(a, b),
        (Node::List(a), Node::List(b)) => lists(a, b),
        (Node::Set(a), Node::Set(b)) => sets(a, b),
        (Node::Map(a), Node::Map(b)) => maps(a, b),
        _ => Edit::Replaced(Some(before), Some(after)),
    }
}

fn objects<'t>(a: &'t Object, b: &'t Object) -> Edit<'t> {
    let mut fields: Vec<(usize, &'t str, Edit<'t>)> = Vec::with_capacity(a.fields.len().max(b.fields.len()));
    for (before, after) in merge(&a.fields, &b.fields, |x: &Member, y| x.name.cmp(&y.name)) {
        let Some(member) = before.or(after) else { continue };
        let edit = match (before, after) {
            (Some(x), Some(y)) => compare(&x.node, &y.node),
            _ => Edit::Replaced(before.map(|m| &m.node), after.map(|m| &m.node)),
        };
        fields.push((member.position.0, &member.name, edit));
    }
    fields.sort_by_key(|(position, name, _)| (*position, *name));
    Edit::Object(fields.into_iter().map(|(_, name, edit)| (name, edit)).collect())
}

fn lists<'t>(a: &'t Elements, b: &'t Elements) -> Edit<'t> {
    let pairs = align::align(&a.items, &b.items, shared_key(a, b));
    let edit = |pair: Pair| match (pair.0.and_then(|i| a.items.get(i)), pair.1.and_then(|i| b.items.get(i))) {
        (Some(x), Some(y)) => compare(x, y),
        (x, y) => Edit::Replaced(x, y),
    };
    Edit::List(pairs.into_iter().map(edit).collect())
}

fn sets<'t>(a: &'t Elements, b: &'t Elements) -> Edit<'t> {
    let mut entries: Vec<(&'t Node, Option<Vec<&'t Node>>, Edit<'t>)> = Vec::new();
    let mut keyed: HashMap<Vec<&'t Node>, (Vec<&'t Node>, Vec<&'t Node>)> = HashMap::new();
    let key = shared_key(a, b);
    for (before, after) in merge(&a.items, &b.items, |x: &Node, y| x.cmp(y)) {
        match (before, after) {
            (Some(x), Some(_)) => entries.push((x, None, Edit::Same(x))),
            (Some(x), None) => match key.and_then(|key| x.key(key)) {
                Some(parts) => keyed.entry(parts).or_default().0.push(x),
                None => entries.push((x, None, Edit::Replaced(Some(x), None))),
            },
            (None, Some(y)) => match key.and_then(|key| y.key(key)) {
                Some(parts) => keyed.entry(parts).or_default().1.push(y),
                None => entries.push((y, None, Edit::Replaced(None, Some(y)))),
            },
            (None, None) => {}
        }
    }
    for (parts, sides) in keyed {
        if let ([x], [y]) = (sides.0.as_slice(), sides.1.as_slice()) {
            entries.push((x, Some(parts), compare(x, y)));
        } else {
            entries.extend(sides.0.into_iter().map(|x| (x, None, Edit::Replaced(Some(x), None))));
            entries.extend(sides.1.into_iter().map(|y| (y, None, Edit::Replaced(None, Some(y)))));
        }
    }
    entries.sort_by(|x, y| x.0.cmp(y.0));
    Edit::Set(entries.into_iter().map(|(_, key, edit)| (key, edit)).collect())
}

fn maps<'t>(a: &'t [(Node, Node)], b: &'t [(Node, Node)]) -> Edit<'t> {
    let mut entries: Vec<(&'t Node, Edit<'t>)> = Vec::with_capacity(a.len().max(b.len()));
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for (before, after) in merge(a, b, |x, y| x.cmp(y)) {
        match (before, after) {
            (Some(x), Some(_)) => entries.push((&x.0, Edit::Same(&x.1))),
            (before, after) => {
                left.extend(before);
                right.extend(after);
            }
        }
    }
    // A key that is left twice, as only a damaged map has it, does not tell which entries belong together.
    let repeated = |entries: &[&(Node, Node)]| entries.windows(2).any(|w| matches!(w, [x, y] if x.0 == y.0));
    let entry_by_entry = repeated(&left) || repeated(&right);
    let order = |x: &&'t (Node, Node), y: &&'t (Node, Node)| match entry_by_entry {
        true => x.cmp(y),
        false => x.0.cmp(&y.0),
    };
    for (before, after) in merge(&left, &right, order) {
        match (before, after) {
            (Some(x), Some(y)) => entries.push((&x.0, compare(&x.1, &y.1))),
            (Some(x), None) => entries.push((&x.0, Edit::Replaced(Some(&x.1), None))),
            (None, Some(y)) => entries.push((&y.0, Edit::Replaced(None, Some(&y.1)))),
            (None, None) => {}
        }
    }
    entries.sort_by(|x, y| x.0.cmp(y.0));
    Edit::Map(entries)
}

/// The key of the elements, if both sides agree on it.
fn shared_key<'t>(a: &'t Elements, b: &Elements) -> Option<&'t KeyPaths> {
    let (x, y) = (a.key.0.as_deref()?, b.key.0.as_deref()?);
    (x == y).then_some(x)
}

/// Walks two sorted slices side by side: equal items together, others alone.
fn merge<'m, T>(
    a: &'m [T],
    b: &'m [T],
    order: impl Fn(&T, &T) -> std::cmp::Ordering,
) -> impl Iterator<Item = (Option<&'m T>, Option<&'m T>)> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    std::iter::from_fn(move || {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) => order(x, y),
            (Some(_), None) => Less,
            (None, Some(_)) => Greater,
            (None, None) => return None,
        };
        Some(match next {
            Equal => (a.next(), b.next()),
            Less => (a.next(), None),
            Greater => (None, b.next()),
        })
    })
}

/// A place where two trees differ.
#[derive(Clone, Debug)]
pub struct Change<'t> {
    steps: Vec<Step<'t>>,
    /// The value before; `None` if there was none.
    pub before: Option<&'t Node>,
    /// The value after; `None` if there is none.
    pub after: Option<&'t Node>,
}

#[derive(Clone, Debug)]
enum Step<'t> {
    Field(&'t str),
    Element(usize),
    Keyed(Vec<&'t Node>),
    Value(&'t Node),
}

/// The places that differ, in the order in which the record is shown.
///
/// Elements that only one side has are changes of their list or set, not of an element.
pub fn changes<'t>(edit: &Edit<'t>) -> Vec<Change<'t>> {
    let mut collector = Collector {
        steps: Vec::new(),
        changes: Vec::new(),
    };
    collector.visit(edit);
    collector.changes
}

struct Collector<'t> {
    steps: Vec<Step<'t>>,
    changes: Vec<Change<'t>>,
}

impl<'t> Collector<'t> {
    fn below(&mut self, step: Step<'t>, edit: &Edit<'t>) {
        self.steps.push(step);
        self.visit(edit);
        self.steps.pop();
    }

    fn visit(&mut self, edit: &Edit<'t>) {
        match edit {
            Edit::Same(_) => {}
            Edit::Replaced(before, after) => self.changes.push(Change {
                steps: self.steps.clone(),
                before: *before,
                after: *after,
            }),
            Edit::Object(fields) => fields
                .iter()
                .for_each(|(name, edit)| self.below(Step::Field(name), edit)),
            Edit::List(elements) => {
                let mut index = 0; // in the list before
                for edit in elements {
                    match edit {
                        Edit::Replaced(None, _) | Edit::Replaced(_, None) => self.visit(edit),
                        _ => self.below(Step::Element(index), edit),
                    }
                    index += usize::from(!matches!(edit, Edit::Replaced(None, _)));
                }
            }
            Edit::Set(elements) => elements.iter().for_each(|(key, edit)| match key {
                Some(key) => self.below(Step::Keyed(key.clone()), edit),
                None => self.visit(edit),
            }),
            Edit::Map(entries) => entries
                .iter()
                .for_each(|(key, edit)| self.below(Step::Value(key), edit)),
        }
    }
}

impl Change<'_> {
    /// The path by field names, the same for all elements of a collection: `verdicts.element.status`.
    pub fn path(&self) -> String {
        let names: Vec<&str> = self
            .steps
            .iter()
            .map(|step| match step {
                Step::Field(name) => name,
                Step::Element(_) | Step::Keyed(_) => "element",
                Step::Value(_) => "value",
            })
            .collect();
        names.join(".")
    }

    /// The place in the record before, made visible: `verdicts[2].status`. Elements are counted from 0.
    pub fn place(&self) -> String {
        let mut place = String::new();
        for step in &self.steps {
            match step {
                Step::Field(name) => {
                    if !place.is_empty() {
                        place.push('.');
                    }
                    place.push_str(&show::name(name));
                }
                Step::Element(index) => place.push_str(&format!("[{index}]")),
                Step::Keyed(key) => place.push_str(&format!("[{}]", show::key(key.iter().copied()))),
                Step::Value(key) => place.push_str(&format!("[{}]", show::value(key))),
            }
        }
        place
    }

    /// Feeds a hasher with what makes two changes of different records the same change: path, keys on the way, both
    /// values; but not the positions in lists.
    pub(crate) fn hash_identity(&self, hasher: &mut impl Hasher) {
        for step in &self.steps {
            match step {
                Step::Field(name) => (0u8, name).hash(hasher),
                Step::Element(_) => 1u8.hash(hasher),
                Step::Keyed(key) => (2u8, key).hash(hasher),
                Step::Value(key) => (3u8, key).hash(hasher),
            }
        }
        (4u8, self.before, self.after).hash(hasher);
    }
}
