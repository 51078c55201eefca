//! Taking prepared records into a cycle.

use super::references::References;
use super::{BoxError, CycleError};
use crate::Ordinal;
use crate::prepared::{Form, Forms, Link, PreparedRecords};
use crate::write::{TypeId, WriteError, WriteStateEngine};

/// The parts that prepared records of a cycle have in common, with the ordinals they got in it. An ordinal stands for one
/// record as long as a cycle lasts, also after that record was taken out.
#[derive(Debug, Default)]
pub(super) struct Parts {
    age: u64,
    /// The engine's types in the order of the dataset, by which prepared records name them.
    types: Vec<TypeId>,
    forms: Forms,
    ordinals: Vec<Option<Ordinal>>,
    /// Ordinals of children whose parents are not added yet.
    waiting: Vec<Ordinal>,
    /// What the record that was added last refers to, if it was a prepared one.
    children: Vec<(TypeId, Ordinal)>,
    are_known: bool,
}

impl Parts {
    /// Whether these were taken up last.
    pub(super) fn are_of(&self, records: &PreparedRecords) -> bool {
        let after = records.first_part() as usize + records.parts().len();
        records.age() == self.age && self.forms.len() == after
    }

    /// Takes up the parts that are new in `records`, unless that was done.
    pub(super) fn take_up(&mut self, engine: &WriteStateEngine, records: &PreparedRecords) -> Result<(), CycleError> {
        if self.are_of(records) {
            return Ok(());
        }
        if records.age() != self.age {
            if records.plan().map(|plan| plan.dataset().schemas()) != Some(engine.dataset().schemas()) {
                let error: BoxError = "the records were prepared for other schemas".into();
                return Err(CycleError::Populate(error));
            }
            self.types = engine.type_ids().collect();
            self.age = records.age();
            self.forms.clear();
            self.ordinals.clear();
        }
        if self.forms.len() != records.first_part() as usize {
            let error: BoxError = "prepared records come in another order than they were made in".into();
            return Err(CycleError::Populate(error));
        }
        self.forms.append(records.parts());
        self.ordinals.resize(self.forms.len(), None);
        Ok(())
    }

    /// Adds a record with all it refers to, children first.
    pub(super) fn add(
        &mut self,
        engine: &mut WriteStateEngine,
        references: &References,
        records: &PreparedRecords,
        root: Link,
    ) -> Result<Ordinal, WriteError> {
        self.waiting.clear();
        self.children.clear();
        let mut adding = Adding {
            engine,
            references,
            types: &self.types,
            parts: &self.forms,
            own: records.own(),
            ordinals: &mut self.ordinals,
            waiting: &mut self.waiting,
        };
        let ordinal = adding.add(root, Some(&mut self.children))?;
        self.are_known = true;
        Ok(ordinal)
    }

    /// What the record that was added last refers to, if it was a prepared one.
    pub(super) fn children(&self) -> Option<&[(TypeId, Ordinal)]> {
        self.are_known.then_some(self.children.as_slice())
    }

    /// The record that is added next is none that was prepared.
    pub(super) fn forget_children(&mut self) {
        self.are_known = false;
    }
}

struct Adding<'a> {
    engine: &'a mut WriteStateEngine,
    references: &'a References,
    /// In the order of the dataset.
    types: &'a [TypeId],
    parts: &'a Forms,
    own: &'a Forms,
    ordinals: &'a mut [Option<Ordinal>],
    waiting: &'a mut Vec<Ordinal>,
}

impl<'a> Adding<'a> {
    /// A record, and its type.
    #[inline]
    fn form(&self, link: Link) -> Result<(TypeId, Form<'a>), WriteError> {
        let forms = if link.as_part().is_some() { self.parts } else { self.own };
        let form = forms.get(link.at());
        let found = form.and_then(|form| Some((*self.types.get(form.ty as usize)?, form)));
        found.ok_or_else(|| WriteError::UnknownType("that of a prepared record".to_owned()))
    }

    /// Adds a record, and says what it refers to. Goes no deeper than a record does that a preparer takes for plain.
    fn add(&mut self, link: Link, mut children: Option<&mut Vec<(TypeId, Ordinal)>>) -> Result<Ordinal, WriteError> {
        let (ty, form) = self.form(link)?;
        let part = link.as_part().map(|_| link.at());
        if let Some(ordinal) = part.and_then(|part| self.ordinals.get(part).copied().flatten())
            && self.references.is_live(ty, ordinal)
        {
            return Ok(ordinal);
        }
        let first = self.waiting.len();
        for child in form.children {
            let ordinal = self.add(child.link, None)?;
            self.waiting.push(ordinal);
            if let Some(children) = &mut children {
                children.push((self.form(child.link)?.0, ordinal));
            }
        }
        let ordinals = self.waiting.get_mut(first..).unwrap_or_default();
        let gaps = form.children.iter().map(|child| child.at as usize);
        let ordinal = self.engine.add_form(ty, form.bytes, gaps, ordinals)?;
        self.waiting.truncate(first);
        if let Some(known) = part.and_then(|part| self.ordinals.get_mut(part)) {
            *known = Some(ordinal);
        }
        Ok(ordinal)
    }
}
