//! Records as a flat list of values, if they are plain.
//!
//! A part is known by what its values take of each column; the columns say nothing of where one ends, so it is walked
//! through once before it is looked for.

use super::building::Building;
use super::forms::Link;
use super::parts::MOST_TEXT;
use super::plan::{FieldPlan, Plan, TypePlan};
use crate::record::key_bytes;
use crate::write::record_form::{
    FieldKind, push_bytes, push_double, push_float, push_int, push_long, push_null, push_text,
};
use std::ops::Range;

/// A record as a flat list of values in the order of its schema, a record before what it refers to.
///
/// A tag stands for each value; what belongs to it stands in columns of their own, in the same order: a length (seven bits
/// a byte, the lowest first, the top bit set in all but the last byte) for collections, texts and byte strings; INT values
/// and the bits of FLOAT values; LONG values and the bits of DOUBLE values; UTF-8; bytes.
pub trait Columns {
    /// One byte a value: [`NULL`], [`PRESENT`], [`FALSE`] or [`TRUE`].
    fn tags(&self) -> &[u8];
    /// The lengths.
    fn lengths(&self) -> &[u8];
    /// The INT value at a position.
    fn int(&self, at: usize) -> Option<i32>;
    /// The LONG value at a position.
    fn long(&self, at: usize) -> Option<i64>;
    /// How many values of four bytes there are, and how many of eight.
    fn numbers(&self) -> [usize; 2];
    /// All texts.
    fn text(&self) -> &str;
    /// All byte strings.
    fn bytes(&self) -> &[u8];
}

/// Tag of what is null.
pub const NULL: u8 = 0;
/// Tag of what is there, and no boolean.
pub const PRESENT: u8 = 1;
/// Tag of a boolean.
pub const FALSE: u8 = 2;
/// Tag of a boolean.
pub const TRUE: u8 = 3;

/// Positions in the columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct At {
    tag: usize,
    length: usize,
    int: usize,
    long: usize,
    text: usize,
    byte: usize,
}

/// One reading of one record.
pub(super) struct Reading<'a, C> {
    plan: &'a Plan,
    columns: &'a C,
    at: At,
    building: Building<'a>,
}

impl<'a, C: Columns> Reading<'a, C> {
    pub(super) fn new(plan: &'a Plan, columns: &'a C, building: Building<'a>) -> Self {
        Self {
            plan,
            columns,
            at: At::default(),
            building,
        }
    }

    /// All of it.
    pub(super) fn root(&mut self) -> Option<Link> {
        let TypePlan::Object { fields, .. } = self.plan.types.get(self.plan.root as usize)? else {
            return None;
        };
        if self.tag()? != PRESENT {
            return None;
        }
        let root = self.object(self.plan.root, fields, true)?;
        let columns = self.columns;
        let [ints, longs] = columns.numbers();
        let end = At {
            tag: columns.tags().len(),
            length: columns.lengths().len(),
            int: ints,
            long: longs,
            text: columns.text().len(),
            byte: columns.bytes().len(),
        };
        (self.at == end).then_some(root)
    }

    #[inline]
    fn tag(&mut self) -> Option<u8> {
        let tag = self.columns.tags().get(self.at.tag).copied()?;
        self.at.tag += 1;
        (self.at.tag <= self.building.limits.values).then_some(tag)
    }

    #[inline]
    fn length(&mut self) -> Option<usize> {
        let mut length = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = *self.columns.lengths().get(self.at.length)?;
            self.at.length += 1;
            length |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return usize::try_from(length).ok();
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = self.length()?;
        let text = self
            .columns
            .text()
            .get(self.at.text..self.at.text.checked_add(length)?)?;
        self.at.text += length;
        Some(text)
    }

    fn byte_string(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        let bytes = self
            .columns
            .bytes()
            .get(self.at.byte..self.at.byte.checked_add(length)?)?;
        self.at.byte += length;
        Some(bytes)
    }

    fn int(&mut self) -> Option<i32> {
        self.at.int += 1;
        self.columns.int(self.at.int - 1)
    }

    fn long(&mut self) -> Option<i64> {
        self.at.long += 1;
        self.columns.long(self.at.long - 1)
    }

    /// Goes past a record whose tag was taken; none if it is not plain, or long.
    fn walk(&mut self, ty: u32, first_tag: usize, depth: usize) -> Option<()> {
        if depth >= self.building.limits.depth || self.at.tag - first_tag > MOST_TEXT {
            return None;
        }
        let plan = self.plan;
        match plan.types.get(ty as usize)? {
            TypePlan::Object { fields, .. } => fields.iter().try_for_each(|field| {
                match (self.tag()?, field.kind) {
                    (NULL, _) => {}
                    (FALSE | TRUE, FieldKind::Boolean) => {}
                    (PRESENT, FieldKind::Reference(_)) => self.walk(field.target, first_tag, depth + 1)?,
                    (PRESENT, FieldKind::Int | FieldKind::Float) => self.at.int += 1,
                    (PRESENT, FieldKind::Long | FieldKind::Double) => self.at.long += 1,
                    (PRESENT, FieldKind::Text) => self.at.text = self.at.text.checked_add(self.length()?)?,
                    (PRESENT, FieldKind::Bytes) => self.at.byte = self.at.byte.checked_add(self.length()?)?,
                    _ => return None,
                }
                Some(())
            }),
            TypePlan::Elements(element) => {
                for _ in 0..self.length()? {
                    if self.tag()? != PRESENT {
                        return None;
                    }
                    self.walk(*element, first_tag, depth + 1)?;
                }
                Some(())
            }
            TypePlan::NotPlain => None,
        }
    }

    /// What the values between two positions take of each column, as one text.
    fn gather(&mut self, from: At, to: At) -> Option<()> {
        let (columns, out) = (self.columns, &mut self.building.room.text);
        out.clear();
        // No JSON begins so, and no two lists of values come to the same: how many numbers there are, and how long texts are,
        // follows from tags and lengths.
        out.push(0xff);
        out.extend_from_slice(&((to.tag - from.tag) as u32).to_le_bytes());
        out.extend_from_slice(&((to.length - from.length) as u32).to_le_bytes());
        out.extend_from_slice(columns.tags().get(from.tag..to.tag)?);
        out.extend_from_slice(columns.lengths().get(from.length..to.length)?);
        out.extend_from_slice(columns.text().as_bytes().get(from.text..to.text)?);
        out.extend_from_slice(columns.bytes().get(from.byte..to.byte)?);
        for at in from.int..to.int {
            out.extend_from_slice(&columns.int(at)?.to_le_bytes());
        }
        for at in from.long..to.long {
            out.extend_from_slice(&columns.long(at)?.to_le_bytes());
        }
        (out.len() <= MOST_TEXT).then_some(())
    }

    /// What a reference leads to whose tag was taken.
    fn reference(&mut self, ty: u32) -> Option<Link> {
        if !self.building.parts.are_worth(ty) {
            return self.record(ty, None);
        }
        let from = self.at;
        let walked = self.walk(ty, from.tag, self.building.depth());
        let to = std::mem::replace(&mut self.at, from);
        if walked.and_then(|()| self.gather(from, to)).is_none() {
            return self.record(ty, None);
        }
        let text = std::mem::take(&mut self.building.room.text);
        let link = self.part(ty, &text, to);
        self.building.room.text = text;
        link
    }

    /// The part with this text, which ends there.
    fn part(&mut self, ty: u32, text: &[u8], to: At) -> Option<Link> {
        let hash = self.building.parts.hash(ty, text);
        if let Some(known) = self.building.parts.find(hash, ty, text) {
            let link = self.building.take(&known)?;
            self.at = to;
            return (to.tag <= self.building.limits.values).then_some(link);
        }
        // What is inside has room for a text of its own.
        let outside = self.building.begin_part();
        let link = self.record(ty, None)?;
        if self.at != to {
            return None;
        }
        self.building.end_part(outside, (hash, ty, text), link, 0)
    }

    /// A record whose tag was taken; the part of the root's key that stands in it.
    fn record(&mut self, ty: u32, key_part: Option<usize>) -> Option<Link> {
        let plan = self.plan;
        match plan.types.get(ty as usize)? {
            TypePlan::Object { fields, .. } => match (key_part, fields.as_slice()) {
                (Some(part), [field]) => self.wrapped(ty, field, part),
                _ => self.object(ty, fields, false),
            },
            TypePlan::Elements(element) => self.elements(ty, *element),
            TypePlan::NotPlain => None,
        }
    }

    /// A record that holds a part of the root's key and nothing else.
    fn wrapped(&mut self, ty: u32, field: &FieldPlan, part: usize) -> Option<Link> {
        let begun = self.building.begin()?;
        let tag = self.tag()?;
        self.leaf(tag, field, Some(part))?;
        Some(self.building.finish(ty, begun))
    }

    fn elements(&mut self, ty: u32, element: u32) -> Option<Link> {
        let begun = self.building.begin()?;
        for _ in 0..self.length()? {
            if self.tag()? != PRESENT {
                return None;
            }
            let link = self.reference(element)?;
            self.building.refer(begun, link);
        }
        Some(self.building.finish(ty, begun))
    }

    fn object(&mut self, ty: u32, fields: &[FieldPlan], is_root: bool) -> Option<Link> {
        let begun = self.building.begin()?;
        for field in fields {
            let key_part = field.key_part.filter(|_| is_root);
            let tag = self.tag()?;
            let (FieldKind::Reference(_), PRESENT) = (field.kind, tag) else {
                self.leaf(tag, field, key_part)?;
                continue;
            };
            let link = match key_part {
                Some(_) => self.record(field.target, key_part)?,
                None => self.reference(field.target)?,
            };
            self.building.refer(begun, link);
        }
        Some(self.building.finish(ty, begun))
    }

    /// A single value, or null.
    fn leaf(&mut self, tag: u8, field: &FieldPlan, key_part: Option<usize>) -> Option<()> {
        let key = self.building.room.key.len();
        match (tag, field.kind) {
            (NULL, kind) if !field.needed => push_null(&mut self.building.room.bytes, kind),
            (FALSE | TRUE, FieldKind::Boolean) => {
                self.building.room.bytes.push(u8::from(tag == TRUE));
                key_bytes::push_boolean(&mut self.building.room.key, tag == TRUE);
            }
            (PRESENT, FieldKind::Int) => {
                let n = self.int().filter(|n| *n != i32::MIN)?;
                push_int(&mut self.building.room.bytes, n);
                key_bytes::push_int(&mut self.building.room.key, n);
            }
            (PRESENT, FieldKind::Long) => {
                let n = self.long().filter(|n| *n != i64::MIN)?;
                push_long(&mut self.building.room.bytes, n);
                key_bytes::push_long(&mut self.building.room.key, n);
            }
            (PRESENT, FieldKind::Text) => {
                let text = self.text()?;
                push_text(&mut self.building.room.bytes, text);
                if key_part.is_some() {
                    key_bytes::push_text(&mut self.building.room.key, text);
                }
            }
            (PRESENT, FieldKind::Float) => {
                let bits = self.int()?.cast_unsigned();
                push_float(&mut self.building.room.bytes, f32::from_bits(bits));
            }
            (PRESENT, FieldKind::Double) => {
                let bits = self.long()?.cast_unsigned();
                push_double(&mut self.building.room.bytes, f64::from_bits(bits));
            }
            (PRESENT, FieldKind::Bytes) => {
                let bytes = self.byte_string()?;
                push_bytes(&mut self.building.room.bytes, bytes);
            }
            _ => return None,
        }
        let span: Range<usize> = key..self.building.room.key.len();
        match key_part.and_then(|part| self.building.room.key_spans.get_mut(part)) {
            Some(part) => *part = span,
            None => self.building.room.key.truncate(key),
        }
        Some(())
    }
}
