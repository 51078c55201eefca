//! A record as a tree.

use super::{Body, Holds, Side, TypeNumber};
use crate::tree::{Aside, Elements, Member, Node, Object};
use hollow::Ordinal;
use hollow::memory::text::StoredText;
use hollow::read::ObjectTypeState;
use hollow::schema::FieldType;

/// References below this depth are cut off.
pub(super) const MAX_DEPTH: usize = 64;
/// Of a record larger than this, in nodes, the rest is cut off.
pub(super) const MAX_NODES: usize = 1_000_000;

impl Side<'_> {
    /// The whole record as a tree. What is nested too deeply or exceeds the size is cut off, and stands as a hash of
    /// what is not shown, so that it still differs from other content.
    pub(crate) fn tree(&self, ty: TypeNumber, ordinal: Ordinal) -> Node {
        let mut budget = MAX_NODES;
        self.node(Some(ty), Some(ordinal), 0, &mut budget)
    }

    /// A record below that of a tree, and as many nodes as there may still be.
    pub(super) fn node(
        &self,
        ty: Option<TypeNumber>,
        ordinal: Option<Ordinal>,
        depth: usize,
        budget: &mut usize,
    ) -> Node {
        let Some((number, ordinal)) = self.at(ty, ordinal) else {
            return Node::Null;
        };
        let Some(ty) = self.types.get(number) else {
            return Node::Null;
        };
        if depth > MAX_DEPTH || *budget == 0 {
            return Node::Cut(self.content(number, ordinal));
        }
        *budget -= 1;
        let depth = depth + 1;
        match &ty.body {
            Body::Object { records, fields, wraps } => {
                let member = |field: &super::FieldPlan| {
                    let node = match &field.holds {
                        Holds::Value(ty) => value(records, ordinal, ty, field.position)?,
                        Holds::Reference(to) => {
                            match self.node(*to, records.reference(ordinal, field.position), depth, budget) {
                                Node::Null => return None,
                                node => node,
                            }
                        }
                    };
                    Some(Member {
                        name: field.name.clone(),
                        node,
                        position: Aside(field.position),
                    })
                };
                Node::Object(Object {
                    fields: fields.iter().filter_map(member).collect(),
                    wraps: Aside(*wraps),
                })
            }
            Body::List { records, element, key } => {
                let items = records
                    .elements(ordinal)
                    .map(|o| self.node(*element, Some(o), depth, budget))
                    .collect();
                Node::List(Elements {
                    items,
                    key: Aside(key.clone()),
                })
            }
            Body::Set { records, element, key } => {
                let elements = records.elements(ordinal);
                let mut items: Vec<Node> = elements.map(|o| self.node(*element, Some(o), depth, budget)).collect();
                items.sort();
                Node::Set(Elements {
                    items,
                    key: Aside(key.clone()),
                })
            }
            Body::Map { records, key, value } => {
                let mut entries: Vec<(Node, Node)> = records
                    .entries(ordinal)
                    .map(|(k, v)| {
                        (
                            self.node(*key, Some(k), depth, budget),
                            self.node(*value, Some(v), depth, budget),
                        )
                    })
                    .collect();
                entries.sort();
                Node::Map(entries)
            }
        }
    }
}

/// The value of a field that is no reference.
pub(super) fn value(records: &ObjectTypeState, ordinal: Ordinal, ty: &FieldType, at: usize) -> Option<Node> {
    Some(match ty {
        FieldType::Int => Node::Int(records.int(ordinal, at)?.into()),
        FieldType::Long => Node::Int(records.long(ordinal, at)?),
        FieldType::Boolean => Node::Boolean(records.boolean(ordinal, at)?),
        FieldType::Float => Node::Float(records.float(ordinal, at)?.to_bits()),
        FieldType::Double => Node::Double(records.double(ordinal, at)?.to_bits()),
        FieldType::String => text(records.text(ordinal, at)?),
        FieldType::Bytes => Node::Bytes(records.bytes(ordinal, at)?.to_vec()),
        FieldType::Reference(_) => return None,
    })
}

fn text(text: StoredText<'_>) -> Node {
    match text.to_well_formed() {
        Some(text) => Node::Text(text.into_owned()),
        None => Node::Units(text.units().collect()),
    }
}
