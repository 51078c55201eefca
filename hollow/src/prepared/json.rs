//! The readable form of a record, if it is plain, in one pass over its text.
//!
//! [`read`](crate::record::json) has the rules, and this follows them as far as it goes: every `None` here means that it
//! shall be asked.

use super::building::{Begun, Building};
use super::forms::Link;
use super::parts::MOST_TEXT;
use super::plan::{FieldPlan, Plan, TypePlan};
use super::text::{self, End};
use crate::record::Value;
use crate::record::key::single_value;
use crate::schema::FieldType;
use crate::write::record_form::{
    FieldKind, push_bytes, push_double, push_float, push_int, push_long, push_null, push_text,
};

/// One reading of one text.
pub(super) struct Reading<'a> {
    plan: &'a Plan,
    json: &'a [u8],
    at: usize,
    values: usize,
    building: Building<'a>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(plan: &'a Plan, json: &'a [u8], building: Building<'a>) -> Self {
        Self {
            plan,
            json,
            at: 0,
            values: 0,
            building,
        }
    }

    /// The whole text.
    pub(super) fn root(&mut self) -> Option<Link> {
        let TypePlan::Object { fields, .. } = self.plan.types.get(self.plan.root as usize)? else {
            return None;
        };
        if self.peek()? != b'{' {
            return None;
        }
        let root = self.object(self.plan.root, fields, true)?;
        self.skip_white();
        (self.at == self.json.len()).then_some(root)
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    #[inline]
    fn skip_white(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        self.skip_white();
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        self.skip_white();
        Some(())
    }

    #[inline]
    fn count(&mut self, values: usize) -> Option<()> {
        self.values = self.values.saturating_add(values);
        (self.values <= self.building.limits.values).then_some(())
    }

    /// Whether something more follows in a list or an object that ends with this byte.
    #[inline]
    fn goes_on(&mut self, end: u8) -> Option<bool> {
        self.skip_white();
        match self.peek()? {
            b',' => {
                self.at += 1;
                self.skip_white();
                Some(true)
            }
            byte if byte == end => {
                self.at += 1;
                Some(false)
            }
            _ => None,
        }
    }

    /// What a reference that is not null leads to.
    fn reference(&mut self, ty: u32) -> Option<Link> {
        let begin = self.at;
        let end = match self.peek()? {
            _ if !self.building.parts.are_worth(ty) => None,
            b'"' => Some(text::end(self.json, begin)?.0 + 1).filter(|end| end - begin <= MOST_TEXT),
            b'[' | b'{' => text::behind(self.json, begin, MOST_TEXT),
            _ => None,
        };
        let Some(end) = end else {
            return self.record(ty);
        };
        let span = self.json.get(begin..end)?;
        let hash = self.building.parts.hash(ty, span);
        if let Some(known) = self.building.parts.find(hash, ty, span) {
            self.count(known.values as usize)?;
            self.at = end;
            return self.building.take(&known);
        }
        let (outside, values_before) = (self.building.begin_part(), self.values);
        let link = self.record(ty)?;
        if self.at != end {
            return None;
        }
        let values = self.values - values_before;
        self.building.end_part(outside, (hash, ty, span), link, values)
    }

    fn record(&mut self, ty: u32) -> Option<Link> {
        let plan = self.plan;
        match plan.types.get(ty as usize)? {
            TypePlan::Object { fields, wraps } => match (self.peek()?, fields.as_slice()) {
                (b'{', fields) => self.object(ty, fields, false),
                (_, [field]) if *wraps => self.wrapped(ty, field),
                _ => None,
            },
            TypePlan::Elements(element) => self.elements(ty, *element),
            TypePlan::NotPlain => None,
        }
    }

    /// A value in the place of the record that does nothing but hold it.
    fn wrapped(&mut self, ty: u32, field: &FieldPlan) -> Option<Link> {
        self.count(1)?;
        let begun = self.building.begin()?;
        self.leaf(field.kind)?;
        Some(self.building.finish(ty, begun))
    }

    fn elements(&mut self, ty: u32, element: u32) -> Option<Link> {
        if self.peek()? != b'[' {
            return None;
        }
        self.at += 1;
        self.count(1)?;
        let begun = self.building.begin()?;
        self.skip_white();
        if self.peek()? == b']' {
            self.at += 1;
        } else {
            loop {
                let link = self.reference(element)?;
                self.building.refer(begun, link);
                if !self.goes_on(b']')? {
                    break;
                }
            }
        }
        Some(self.building.finish(ty, begun))
    }

    fn object(&mut self, ty: u32, fields: &'a [FieldPlan], is_root: bool) -> Option<Link> {
        self.at += 1;
        self.count(1 + fields.len())?;
        let begun = self.building.begin()?;
        let mut next = 0;
        self.skip_white();
        if self.peek()? == b'}' {
            self.at += 1;
        } else {
            loop {
                let position = self.name(fields, next)?;
                self.nulls(fields.get(next..position)?)?;
                next = position + 1;
                self.expect(b':')?;
                let field = fields.get(position)?;
                let begin = self.at;
                self.field(field, begun)?;
                if is_root
                    && let Some(span) = field
                        .key_part
                        .and_then(|part| self.building.room.key_spans.get_mut(part))
                {
                    *span = begin..self.at;
                }
                if !self.goes_on(b'}')? {
                    break;
                }
            }
        }
        self.nulls(fields.get(next..)?)?;
        Some(self.building.finish(ty, begun))
    }

    /// The name of a field at or behind the one that comes next, as its position.
    #[inline]
    fn name(&mut self, fields: &[FieldPlan], next: usize) -> Option<usize> {
        if self.peek()? != b'"' {
            return None;
        }
        let rest = self.json.get(self.at + 1..)?;
        let is_it = |field: &FieldPlan| rest.starts_with(&field.name) && rest.get(field.name.len()) == Some(&b'"');
        let position = next + fields.get(next..)?.iter().position(is_it)?;
        self.at += fields.get(position)?.name.len() + 2;
        Some(position)
    }

    fn nulls(&mut self, fields: &[FieldPlan]) -> Option<()> {
        fields.iter().try_for_each(|field| self.null(field))
    }

    fn null(&mut self, field: &FieldPlan) -> Option<()> {
        if field.needed {
            return None;
        }
        push_null(&mut self.building.room.bytes, field.kind);
        Some(())
    }

    /// The value of a field of the object that began there.
    #[inline]
    fn field(&mut self, field: &FieldPlan, begun: Begun) -> Option<()> {
        if self.peek()? == b'n' {
            if !self.json.get(self.at..)?.starts_with(b"null") {
                return None;
            }
            self.at += 4;
            return self.null(field);
        }
        let FieldKind::Reference(_) = field.kind else {
            return self.leaf(field.kind);
        };
        let link = self.reference(field.target)?;
        self.building.refer(begun, link);
        Some(())
    }

    /// A single value.
    #[inline]
    fn leaf(&mut self, kind: FieldKind) -> Option<()> {
        self.count(1)?;
        match kind {
            FieldKind::Text => return self.text(),
            FieldKind::Int => push_int(&mut self.building.room.bytes, text::int(self.json, &mut self.at)?),
            FieldKind::Long => push_long(&mut self.building.room.bytes, text::long(self.json, &mut self.at)?),
            FieldKind::Boolean => self
                .building
                .room
                .bytes
                .push(text::boolean(self.json, &mut self.at)?.into()),
            FieldKind::Float => match self.other(&FieldType::Float)? {
                Value::Float(n) => push_float(&mut self.building.room.bytes, n),
                _ => return None,
            },
            FieldKind::Double => match self.other(&FieldType::Double)? {
                Value::Double(n) => push_double(&mut self.building.room.bytes, n),
                _ => return None,
            },
            FieldKind::Bytes => match self.other(&FieldType::Bytes)? {
                Value::Bytes(bytes) => push_bytes(&mut self.building.room.bytes, &bytes),
                _ => return None,
            },
            FieldKind::Reference(_) => return None,
        }
        Some(())
    }

    fn text(&mut self) -> Option<()> {
        let (end, how) = text::end(self.json, self.at)?;
        let text = self.json.get(self.at + 1..end)?;
        let out = &mut self.building.room.bytes;
        match how {
            End::Plain { ascii: true } => push_bytes(out, text),
            End::Plain { ascii: false } => push_text(out, std::str::from_utf8(text).ok()?),
            End::Escaped => {
                self.building.room.text.clear();
                text::unescape(text, &mut self.building.room.text)?;
                push_text(out, std::str::from_utf8(&self.building.room.text).ok()?);
            }
        }
        self.at = end + 1;
        Some(())
    }

    /// A value that is not worth rules of its own.
    fn other(&mut self, ty: &FieldType) -> Option<Value> {
        let rest = self.json.get(self.at..)?;
        let length = match self.peek()? {
            b'"' => text::end(self.json, self.at)?.0 + 1 - self.at,
            _ => rest
                .iter()
                .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))?,
        };
        let value = single_value(ty, rest.get(..length)?)?;
        self.at += length;
        Some(value)
    }
}
