//! Reading records where they are: a plan for each type of the model, and positions in it.

use super::ReadError;
use crate::Ordinal;
use crate::read::{
    HashKeyLookup, ListTypeState, MAX_DEPTH, MAX_VALUES, MapTypeState, ObjectTypeState, ReadState, Route, SetTypeState,
    TypeReadState,
};

/// A type of the model in one state.
#[derive(Debug)]
pub(super) struct TypePlan {
    pub(super) name: Box<str>,
    /// `None` if the state does not have the type.
    pub(super) records: Option<TypeReadState>,
    /// For each field of the model, or each of element, key and value, where it is.
    pub(super) slots: Box<[Slot]>,
    /// The names of the fields, for messages.
    pub(super) fields: Box<[Box<str>]>,
    /// What a set or map is asked by; empty if that leads nowhere in the data.
    pub(super) routes: Vec<Route>,
    /// Finds elements by what they are asked by, if the data places them by that; if not they are looked at one by one.
    pub(super) by_bucket: Option<HashKeyLookup>,
}

/// Where a field is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) place: Place,
    /// The plan of the type referred to, if the model has a reference or the data does.
    pub(super) target: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Not in the data.
    Missing,
    /// In the record, at this position of the schema.
    Inline(usize),
    /// In the record referred to at this position.
    Reference(usize),
}

/// Everything that accessors of one state share.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) state: ReadState,
    pub(super) plans: Box<[TypePlan]>,
}

/// A record, or the stand-in for a null, of a type of the model. Only derived code handles it.
#[derive(Clone, Copy)]
pub struct At<'s> {
    pub(super) bound: &'s Bound,
    pub(super) plan: &'s TypePlan,
    pub(super) ordinal: Option<Ordinal>,
}

impl<'s> At<'s> {
    /// The record's ordinal; `None` for the stand-in of a null.
    #[inline]
    pub fn ordinal(self) -> Option<Ordinal> {
        self.ordinal
    }

    /// The name of the record's type.
    pub fn type_name(self) -> &'s str {
        &self.plan.name
    }

    /// Whether these are the same record of the same state.
    pub fn is(self, other: At<'_>) -> bool {
        std::ptr::eq(self.plan, other.plan) && self.ordinal == other.ordinal
    }

    /// The record that a field refers to.
    #[inline]
    pub fn follow(self, field: usize) -> Option<At<'s>> {
        let slot = self.slot(field)?;
        let Place::Reference(position) = slot.place else {
            return None;
        };
        let ordinal = self.object()?.reference(self.ordinal?, position)?;
        Some(At {
            ordinal: Some(ordinal),
            ..self.target(slot)
        })
    }

    /// The stand-in for a null in a field.
    #[inline]
    pub fn absent(self, field: usize) -> At<'s> {
        match self.slot(field) {
            Some(slot) => self.target(slot),
            None => At { ordinal: None, ..self },
        }
    }

    /// An element (0: or key, 1: value) of this collection.
    #[inline]
    pub(super) fn element(self, which: usize, ordinal: Ordinal) -> At<'s> {
        At {
            ordinal: Some(ordinal),
            ..self.absent(which)
        }
    }

    /// Where a single value is: in the record, or in the one referred to.
    #[inline]
    pub(super) fn leaf(self, field: usize) -> Option<(&'s ObjectTypeState, Ordinal, usize)> {
        let slot = self.slot(field)?;
        match slot.place {
            Place::Inline(position) => Some((self.object()?, self.ordinal?, position)),
            Place::Reference(position) => {
                let ordinal = self.object()?.reference(self.ordinal?, position)?;
                let target = self.target(slot);
                match target.slot(0)?.place {
                    Place::Inline(position) => Some((target.object()?, ordinal, position)),
                    _ => None,
                }
            }
            Place::Missing => None,
        }
    }

    #[inline]
    fn slot(self, field: usize) -> Option<&'s Slot> {
        self.plan.slots.get(field)
    }

    #[inline]
    fn target(self, slot: &Slot) -> At<'s> {
        At {
            plan: self.bound.plans.get(slot.target).unwrap_or(self.plan),
            ordinal: None,
            ..self
        }
    }

    #[inline]
    pub(super) fn object(self) -> Option<&'s ObjectTypeState> {
        match &self.plan.records {
            Some(TypeReadState::Object(records)) => Some(records),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn list(self) -> Option<(&'s ListTypeState, Ordinal)> {
        match &self.plan.records {
            Some(TypeReadState::List(records)) => Some((records, self.ordinal?)),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn set(self) -> Option<(&'s SetTypeState, Ordinal)> {
        match &self.plan.records {
            Some(TypeReadState::Set(records)) => Some((records, self.ordinal?)),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn map(self) -> Option<(&'s MapTypeState, Ordinal)> {
        match &self.plan.records {
            Some(TypeReadState::Map(records)) => Some((records, self.ordinal?)),
            _ => None,
        }
    }

    /// The error if there is no such record.
    pub fn require(self) -> Result<Ordinal, ReadError> {
        let ordinal = self.ordinal.filter(|&ordinal| {
            let records = self.plan.records.as_ref();
            records.is_some_and(|records| records.is_populated(ordinal))
        });
        ordinal.ok_or_else(|| ReadError::Absent(self.plan.name.to_string()))
    }

    /// The error for a null in a field that always has a value.
    #[cold]
    pub fn null_error(self, field: usize) -> ReadError {
        ReadError::Null {
            type_name: self.plan.name.to_string(),
            field: self.field_name(field),
        }
    }

    #[cold]
    pub(super) fn range_error(self, field: usize, expected: &'static str, found: i64) -> ReadError {
        ReadError::OutOfRange {
            type_name: self.plan.name.to_string(),
            field: self.field_name(field),
            expected,
            found,
        }
    }

    fn field_name(self, field: usize) -> String {
        self.plan
            .fields
            .get(field)
            .map(|name| name.to_string())
            .unwrap_or_default()
    }
}

impl std::fmt::Debug for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.ordinal {
            Some(ordinal) => write!(f, "{}{ordinal:?}", self.plan.name),
            None => write!(f, "{}(null)", self.plan.name),
        }
    }
}

/// How much more of a record may be taken as an owned value.
#[derive(Debug)]
pub struct Budget {
    depth: usize,
    values: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            depth: MAX_DEPTH,
            values: MAX_VALUES,
        }
    }
}

impl Budget {
    /// Goes one record deeper.
    pub fn enter(&mut self) -> Result<(), ReadError> {
        self.depth = self.depth.checked_sub(1).ok_or(ReadError::TooDeep)?;
        self.take(0)
    }

    /// Comes back from a record.
    pub fn leave(&mut self) {
        self.depth += 1;
    }

    /// Counts a value of so many bytes.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), ReadError> {
        self.values = self.values.checked_sub(1 + bytes / 64).ok_or(ReadError::TooLarge)?;
        Ok(())
    }
}
