//! A record being put together, whatever it is read from: levels, the parts it has in common with others, and what becomes of
//! it.

use super::forms::{Child, Forms, Link};
use super::parts::{Known, Parts};
use super::{PreparedRecords, Room};
use crate::record::json::Limits;

/// One reading of one record. Given up half-way, it leaves no more than parts that nothing refers to.
pub(super) struct Building<'a> {
    pub(super) limits: &'a Limits,
    pub(super) parts: &'a mut Parts,
    pub(super) room: &'a mut Room,
    depth: usize,
    /// The largest depth so far.
    deepest: usize,
    new_parts: &'a mut Forms,
    own: &'a mut Forms,
    /// Whether what is read is inside of a part.
    in_part: bool,
}

/// Where a record that is being put together begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    byte: usize,
    child: usize,
}

/// What was going on when a part began.
#[derive(Debug)]
pub(super) struct Outside {
    in_part: bool,
    deepest: usize,
}

impl<'a> Building<'a> {
    pub(super) fn new(
        parts: &'a mut Parts,
        room: &'a mut Room,
        records: &'a mut PreparedRecords,
        limits: &'a Limits,
    ) -> Self {
        Self {
            limits,
            parts,
            room,
            depth: 0,
            deepest: 0,
            new_parts: &mut records.parts,
            own: &mut records.own,
            in_part: false,
        }
    }

    pub(super) fn depth(&self) -> usize {
        self.depth
    }

    /// Begins a record, one level further in; none if that is too deep.
    #[inline]
    pub(super) fn begin(&mut self) -> Option<Begun> {
        if self.depth >= self.limits.depth {
            return None;
        }
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        Some(Begun {
            byte: self.room.bytes.len(),
            child: self.room.children.len(),
        })
    }

    /// Notes that what is put together refers to another record here.
    #[inline]
    pub(super) fn refer(&mut self, begun: Begun, link: Link) {
        let at = (self.room.bytes.len() - begun.byte) as u32;
        self.room.children.push(Child { at, link });
    }

    /// Makes a record of what was put together since it began.
    #[inline]
    pub(super) fn finish(&mut self, ty: u32, begun: Begun) -> Link {
        self.depth -= 1;
        let bytes = self.room.bytes.get(begun.byte..).unwrap_or_default();
        let children = self.room.children.get(begun.child..).unwrap_or_default();
        let link = if self.in_part {
            self.new_parts.push(ty, bytes, children);
            Link::part(self.parts.next())
        } else {
            let at = self.own.len() as u32;
            self.own.push(ty, bytes, children);
            Link::own(at)
        };
        self.room.bytes.truncate(begun.byte);
        self.room.children.truncate(begun.child);
        link
    }

    /// Takes a part that was read before; none if it is too deep for where it stands.
    #[inline]
    pub(super) fn take(&mut self, known: &Known) -> Option<Link> {
        let depth = self.depth + known.levels as usize;
        if depth > self.limits.depth {
            return None;
        }
        self.deepest = self.deepest.max(depth);
        Some(Link::part(known.number))
    }

    /// What is read from here on belongs to a part.
    pub(super) fn begin_part(&mut self) -> Outside {
        Outside {
            in_part: std::mem::replace(&mut self.in_part, true),
            deepest: std::mem::replace(&mut self.deepest, self.depth),
        }
    }

    /// Remembers the part that was read since then by its text.
    pub(super) fn end_part(
        &mut self,
        outside: Outside,
        (hash, ty, text): (u64, u32, &[u8]),
        link: Link,
        values: usize,
    ) -> Option<Link> {
        let levels = self.deepest - self.depth;
        self.parts.insert(hash, ty, text, link.as_part()?, values, levels);
        self.in_part = outside.in_part;
        self.deepest = self.deepest.max(outside.deepest);
        Some(link)
    }
}
