//! Records in the engine's form, but for the ordinals of what they refer to.

use std::ops::Range;

/// What a record refers to: a part that others may have too, or a record of this one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link(u32);

const OWN: u32 = 1 << 31;

impl Link {
    pub(super) fn part(number: u32) -> Self {
        Link(number & !OWN)
    }

    pub(super) fn own(at: u32) -> Self {
        Link(at | OWN)
    }

    /// The number of the part, if it is one.
    #[inline]
    pub(crate) fn as_part(self) -> Option<u32> {
        (self.0 & OWN == 0).then_some(self.0)
    }

    /// Where it stands among the records that are no parts.
    #[inline]
    pub(crate) fn at(self) -> usize {
        (self.0 & !OWN) as usize
    }
}

/// A reference, and where in the bytes of its record its ordinal is missing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Child {
    pub(crate) at: u32,
    pub(crate) link: Link,
}

/// A record: an object has bytes and children, a list or set children alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<'a> {
    /// The position of its type in the dataset.
    pub(crate) ty: u32,
    pub(crate) bytes: &'a [u8],
    pub(crate) children: &'a [Child],
}

/// Records, one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Forms {
    bytes: Vec<u8>,
    children: Vec<Child>,
    nodes: Vec<Node>,
}

#[derive(Clone, Debug)]
struct Node {
    ty: u32,
    bytes: Range<u32>,
    children: Range<u32>,
}

/// How many there are, to go back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark(usize, usize, usize);

impl Forms {
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(crate) fn clear(&mut self) {
        self.truncate(Mark(0, 0, 0));
    }

    /// Bytes of all of it.
    pub(super) fn num_bytes(&self) -> usize {
        self.bytes.len() + size_of_val(&self.children[..]) + size_of_val(&self.nodes[..])
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.bytes.len(), self.children.len(), self.nodes.len())
    }

    pub(super) fn truncate(&mut self, Mark(bytes, children, nodes): Mark) {
        self.bytes.truncate(bytes);
        self.children.truncate(children);
        self.nodes.truncate(nodes);
    }

    /// Appends a record.
    pub(super) fn push(&mut self, ty: u32, bytes: &[u8], children: &[Child]) {
        let (first_byte, first_child) = (self.bytes.len() as u32, self.children.len() as u32);
        self.bytes.extend_from_slice(bytes);
        self.children.extend_from_slice(children);
        self.nodes.push(Node {
            ty,
            bytes: first_byte..self.bytes.len() as u32,
            children: first_child..self.children.len() as u32,
        });
    }

    /// Appends all of others.
    pub(crate) fn append(&mut self, others: &Forms) {
        let (bytes, children) = (self.bytes.len() as u32, self.children.len() as u32);
        self.bytes.extend_from_slice(&others.bytes);
        self.children.extend_from_slice(&others.children);
        self.nodes.extend(others.nodes.iter().map(|node| Node {
            ty: node.ty,
            bytes: node.bytes.start + bytes..node.bytes.end + bytes,
            children: node.children.start + children..node.children.end + children,
        }));
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<Form<'_>> {
        let node = self.nodes.get(at)?;
        Some(Form {
            ty: node.ty,
            bytes: self.bytes.get(node.bytes.start as usize..node.bytes.end as usize)?,
            children: self
                .children
                .get(node.children.start as usize..node.children.end as usize)?,
        })
    }
}
