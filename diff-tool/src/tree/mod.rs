//! Records as comparable trees: what a record says, without the ordinals it happens to have.
//!
//! Two records of different states are equal if their trees are. Therefore a [`Node`] leaves out whatever is an
//! accident of a state or a schema: ordinals, the order in which a set holds its elements, the order of fields, fields
//! without a value, and whether a whole number was declared INT or LONG. What only display needs stands in an
//! [`Aside`], which comparisons do not see.
//!
//! Trees are read from states by `side`; they are compared in `edit` and `align`.

mod align;
mod edit;
#[cfg(test)]
mod tests;

pub use edit::{Change, Edit, changes, compare};

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A value inside a tree.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// No value where one must stand: a reference of a collection to a record that is not there.
    Null,
    /// An INT or LONG.
    Int(i64),
    /// A BOOLEAN.
    Boolean(bool),
    /// A FLOAT, by its bits.
    Float(u32),
    /// A DOUBLE, by its bits.
    Double(u64),
    /// A STRING.
    Text(String),
    /// A STRING with unpaired surrogates, which is no Unicode text: its UTF-16 units.
    Units(Vec<u16>),
    /// A BYTES.
    Bytes(Vec<u8>),
    /// A record of an object type.
    Object(Object),
    /// A record of a list type.
    List(Elements),
    /// A record of a set type; the elements are sorted.
    Set(Elements),
    /// A record of a map type, sorted by key.
    Map(Vec<(Node, Node)>),
    /// A part that is not shown because it is nested too deeply or the record is too large, by the hash of its content.
    Cut(u128),
}

/// The fields of an object that have a value, sorted by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    /// The fields.
    pub fields: Vec<Member>,
    /// Whether the type has just one field, which holds a value: then it is shown as that value.
    pub wraps: Aside<bool>,
}

/// A field of an object with its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// The field's name.
    pub name: Arc<str>,
    /// Its value.
    pub node: Node,
    /// Its position in the schema.
    pub position: Aside<usize>,
}

/// The elements of a list or set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Elements {
    /// The elements.
    pub items: Vec<Node>,
    /// The paths that identify an element, if its type has a key.
    pub key: Aside<Option<Arc<KeyPaths>>>,
}

/// The field names that lead to each part of a key.
pub type KeyPaths = Vec<Vec<Arc<str>>>;

/// Something that accompanies a value and takes no part in comparisons.
#[derive(Clone, Copy, Debug, Default)]
pub struct Aside<T>(pub T);

impl<T> PartialEq for Aside<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Aside<T> {}

impl<T> PartialOrd for Aside<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Aside<T> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

impl<T> Hash for Aside<T> {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl Object {
    /// The value of a field; `None` if it has none.
    pub fn get(&self, name: &str) -> Option<&Node> {
        let index = self.fields.binary_search_by(|member| (*member.name).cmp(name)).ok()?;
        self.fields.get(index).map(|member| &member.node)
    }
}

impl Node {
    /// The value that a wrapping object stands for, or the node itself.
    ///
    /// An object that wraps null stays as it is: that is not the same as no object.
    pub fn unwrapped(&self) -> &Node {
        match self {
            Node::Object(Object {
                fields,
                wraps: Aside(true),
            }) => match fields.as_slice() {
                [only] => &only.node,
                _ => self,
            },
            _ => self,
        }
    }

    /// Whether this is a single value, perhaps wrapped.
    pub fn is_scalar(&self) -> bool {
        match self.unwrapped() {
            Node::Object(object) => object.fields.is_empty(),
            Node::List(_) | Node::Set(_) | Node::Map(_) => false,
            _ => true,
        }
    }

    /// The value at the end of a path of field names.
    fn follow(&self, path: &[Arc<str>]) -> Option<&Node> {
        path.iter().try_fold(self, |node, name| match node {
            Node::Object(object) => object.get(name),
            _ => None,
        })
    }

    /// The parts of a key, `None` if one has no value.
    fn key(&self, paths: &KeyPaths) -> Option<Vec<&Node>> {
        paths.iter().map(|path| self.follow(path)).collect()
    }
}
