//! Two records with one key, read no further than they can differ.
//!
//! Between states of one chain most of what a changed record refers to is the same in both: an ordinal that no change
//! touched stands for the same record ([`Suspects::spare`]). Of a map with two hundred entries of which three changed,
//! those three are read. The rest is left out of both trees, which alters nothing of what `tree::changes` finds:
//!
//! - Fields are compared by name, so equal ones can go.
//! - Sets and maps are compared as what each has that the other has not; what both have can go, one for one.
//! - Lists are aligned as a whole, and which elements are paired depends on all of them: they stay whole, unless both
//!   records share the list.

use super::tree::{MAX_DEPTH, MAX_NODES, value};
use super::{Body, FieldPlan, Holds, Side, TypeNumber};
use crate::shared::Suspects;
use crate::tree::{Aside, Elements, Member, Node, Object};
use hollow::Ordinal;
use hollow::read::ObjectTypeState;
use hollow::schema::FieldType;

/// Reads pairs of records of two states of one chain.
#[derive(Clone, Copy)]
pub(crate) struct Twins<'t, 's> {
    a: &'t Side<'s>,
    b: &'t Side<'s>,
    suspects: &'t Suspects,
}

/// How many nodes each of two trees may still have.
type Budgets = (usize, usize);

impl<'t, 's> Twins<'t, 's> {
    pub(crate) fn new(a: &'t Side<'s>, b: &'t Side<'s>, suspects: &'t Suspects) -> Self {
        Self { a, b, suspects }
    }

    /// Whether a record of A says the same as one of B.
    pub(crate) fn same(self, ty: TypeNumber, x: Ordinal, y: Ordinal) -> bool {
        // A value of their own settles it for most.
        if let (Some(Body::Object { records, fields, .. }), Some(Body::Object { records: others, .. })) =
            (self.a.body(ty), self.b.body(ty))
        {
            let differs = |field: &FieldPlan| match &field.holds {
                Holds::Value(ty) => !same_value((records, x), (others, y), ty, field.position),
                Holds::Reference(_) => false,
            };
            if fields.iter().any(differs) {
                return false;
            }
        }
        let (before, after) = self.trees(ty, x, y);
        before == after
    }

    /// A record of A and one of B as trees, without most of what they have in common. `compare` and `changes` find in
    /// them what they find in the whole trees.
    pub(crate) fn trees(self, ty: TypeNumber, x: Ordinal, y: Ordinal) -> (Node, Node) {
        self.nodes(Some(ty), (Some(x), Some(y)), 0, &mut (MAX_NODES, MAX_NODES))
    }

    fn nodes(
        self,
        ty: Option<TypeNumber>,
        (x, y): (Option<Ordinal>, Option<Ordinal>),
        depth: usize,
        budgets: &mut Budgets,
    ) -> (Node, Node) {
        let (Some((number, a)), Some((_, b))) = (self.a.at(ty, x), self.b.at(ty, y)) else {
            return self.whole(ty, (x, y), depth, budgets);
        };
        if depth > MAX_DEPTH || budgets.0 == 0 || budgets.1 == 0 {
            return self.whole(ty, (x, y), depth, budgets);
        }
        match (self.a.body(number), self.b.body(number)) {
            (Some(Body::Object { records, fields, wraps }), Some(Body::Object { records: others, .. })) => {
                take_one(budgets);
                let (mut before, mut after) = (Vec::new(), Vec::new());
                for field in fields {
                    let nodes = match &field.holds {
                        Holds::Value(ty) if same_value((records, a), (others, b), ty, field.position) => continue,
                        Holds::Value(ty) => {
                            let value = |records, ordinal| value(records, ordinal, ty, field.position);
                            (value(records, a), value(others, b))
                        }
                        Holds::Reference(to) => {
                            let ends = (
                                records.reference(a, field.position),
                                others.reference(b, field.position),
                            );
                            if self.is_shared(*to, ends) {
                                continue;
                            }
                            let (x, y) = self.nodes(*to, ends, depth + 1, budgets);
                            (Some(x).filter(is_there), Some(y).filter(is_there))
                        }
                    };
                    before.extend(nodes.0.map(|node| member(field, node)));
                    after.extend(nodes.1.map(|node| member(field, node)));
                }
                let object = |fields| {
                    Node::Object(Object {
                        fields,
                        wraps: Aside(*wraps),
                    })
                };
                (object(before), object(after))
            }
            (Some(Body::Set { records, element, key }), Some(Body::Set { records: others, .. })) => {
                take_one(budgets);
                let spare = |&o: &Ordinal| element.is_none_or(|ty| self.suspects.spare(ty, o));
                let (before, after) = left_over(records.elements(a), others.elements(b), spare);
                let set = |side: &Side<'_>, ordinals: Vec<Ordinal>, budget: &mut usize| {
                    let nodes = ordinals.into_iter();
                    let mut items: Vec<Node> = nodes.map(|o| side.node(*element, Some(o), depth + 1, budget)).collect();
                    items.sort();
                    Node::Set(Elements {
                        items,
                        key: Aside(key.clone()),
                    })
                };
                (set(self.a, before, &mut budgets.0), set(self.b, after, &mut budgets.1))
            }
            (Some(Body::Map { records, key, value }), Some(Body::Map { records: others, .. })) => {
                take_one(budgets);
                let spare_one = |ty: &Option<TypeNumber>, o| ty.is_none_or(|ty| self.suspects.spare(ty, o));
                let spare = |&(k, v): &(Ordinal, Ordinal)| spare_one(key, k) && spare_one(value, v);
                let (before, after) = left_over(records.entries(a), others.entries(b), spare);
                let map = |side: &Side<'_>, ordinals: Vec<(Ordinal, Ordinal)>, budget: &mut usize| {
                    let mut node = |ty: &Option<TypeNumber>, o| side.node(*ty, Some(o), depth + 1, budget);
                    let nodes = ordinals.into_iter().map(|(k, v)| (node(key, k), node(value, v)));
                    let mut entries: Vec<(Node, Node)> = nodes.collect();
                    entries.sort();
                    Node::Map(entries)
                };
                (map(self.a, before, &mut budgets.0), map(self.b, after, &mut budgets.1))
            }
            _ => self.whole(ty, (x, y), depth, budgets),
        }
    }

    /// Both, with everything.
    fn whole(
        self,
        ty: Option<TypeNumber>,
        (x, y): (Option<Ordinal>, Option<Ordinal>),
        depth: usize,
        budgets: &mut Budgets,
    ) -> (Node, Node) {
        let before = self.a.node(ty, x, depth, &mut budgets.0);
        (before, self.b.node(ty, y, depth, &mut budgets.1))
    }

    /// Whether two references lead to the same.
    fn is_shared(self, ty: Option<TypeNumber>, (x, y): (Option<Ordinal>, Option<Ordinal>)) -> bool {
        x == y && ty.zip(x).is_none_or(|(ty, ordinal)| self.suspects.spare(ty, ordinal))
    }
}

fn take_one(budgets: &mut Budgets) {
    budgets.0 -= 1;
    budgets.1 -= 1;
}

fn is_there(node: &Node) -> bool {
    *node != Node::Null
}

fn member(field: &FieldPlan, node: Node) -> Member {
    Member {
        name: field.name.clone(),
        node,
        position: Aside(field.position),
    }
}

/// Whether two records have the same value in a field that is no reference.
fn same_value(a: (&ObjectTypeState, Ordinal), b: (&ObjectTypeState, Ordinal), ty: &FieldType, at: usize) -> bool {
    match ty {
        FieldType::Int => a.0.int(a.1, at) == b.0.int(b.1, at),
        FieldType::Long => a.0.long(a.1, at) == b.0.long(b.1, at),
        FieldType::Boolean => a.0.boolean(a.1, at) == b.0.boolean(b.1, at),
        FieldType::Bytes => a.0.bytes(a.1, at) == b.0.bytes(b.1, at),
        FieldType::String => match (a.0.text(a.1, at), b.0.text(b.1, at)) {
            // A unit can be stored in more ways than one.
            (Some(x), Some(y)) => x.bytes() == y.bytes() || x.units().eq(y.units()),
            (x, y) => x.is_none() && y.is_none(),
        },
        FieldType::Float => a.0.float(a.1, at).map(f32::to_bits) == b.0.float(b.1, at).map(f32::to_bits),
        FieldType::Double => a.0.double(a.1, at).map(f64::to_bits) == b.0.double(b.1, at).map(f64::to_bits),
        FieldType::Reference(_) => true,
    }
}

/// What each of two collections has beside what both have and `spare` lets go.
fn left_over<T: Copy + Ord>(
    mut a: impl Iterator<Item = T>,
    mut b: impl Iterator<Item = T>,
    spare: impl Fn(&T) -> bool,
) -> (Vec<T>, Vec<T>) {
    let (mut left, mut right) = (Vec::new(), Vec::new());
    // Elements stand in the order of their hashes: what both have stands at about the same place.
    loop {
        match (a.next(), b.next()) {
            (None, None) => break,
            (Some(x), Some(y)) if x == y && spare(&x) => {}
            (x, y) => {
                left.extend(x);
                right.extend(y);
            }
        }
    }
    left.sort_unstable();
    right.sort_unstable();
    let (mut rest, mut i) = (Vec::new(), 0);
    right.retain(|y| {
        while let Some(x) = left.get(i).filter(|x| *x < y) {
            rest.push(*x);
            i += 1;
        }
        let common = left.get(i) == Some(y) && spare(y);
        i += usize::from(common);
        !common
    });
    rest.extend(left.drain(i..));
    (rest, right)
}
