//! Paths that may pass through lists, sets and maps, and the values they lead to.
//!
//! `cast.element.person.id` goes from a record through the reference `cast` to each element of a list, and on to a
//! field; a map is passed by `key` or `value`. Several paths form a tree: where they share their beginning they speak of
//! the same element, where they part all combinations count.

use crate::Ordinal;
use crate::read::{ReadState, TypeReadState, object};
use crate::schema::{Dataset, FieldType, PathError, Schema, SchemaError};

/// Combinations of values that one record may have at most.
const MAX_COMBINATIONS: usize = 1 << 16;

/// Why the values of a record are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooMany;

/// Paths from one type, as positions in a data set.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    root: Node,
    /// What stands at the end of each path.
    leaves: Vec<Leaf>,
    /// The names of the fields on each path, with what was implied.
    names: Vec<String>,
}

/// The end of a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Leaf {
    /// The type that has the field, or, without a field, the type of the record meant.
    pub(super) ty: usize,
    pub(super) field: usize,
    pub(super) holds: FieldType,
}

#[derive(Clone, Debug, Default)]
struct Node {
    ty: usize,
    /// Paths that end at records of this node.
    ends: Vec<usize>,
    hops: Vec<(Hop, Node)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hop {
    /// A reference of an object.
    Field(usize),
    /// Elements of a list or set.
    Element,
    /// Keys of a map.
    Key,
    /// Values of a map.
    Value,
}

impl Paths {
    /// Resolves paths to values from a type. A path that ends at a reference to a type that stands for one value goes on
    /// to that value. `to_record`, if there is one, comes last and leads to records instead; empty, it is the root.
    pub(super) fn resolve(
        dataset: &Dataset,
        type_name: &str,
        paths: &[&str],
        to_record: Option<&str>,
    ) -> Result<Self, SchemaError> {
        let ty = dataset
            .position(type_name)
            .ok_or_else(|| SchemaError::UnknownType(type_name.to_owned()))?;
        let mut this = Self {
            root: Node { ty, ..Node::default() },
            leaves: Vec::new(),
            names: Vec::new(),
        };
        for path in paths {
            this.add(Walk::new(dataset, path, ty).go_to_value()?);
        }
        if let Some(path) = to_record {
            this.add(Walk::new(dataset, path, ty).go_to_record()?);
        }
        Ok(this)
    }

    fn add(&mut self, (walk, leaf): (Walk<'_>, Leaf)) {
        let mut node = &mut self.root;
        for (hop, ty) in walk.hops {
            let at = match node.hops.iter().position(|(other, _)| *other == hop) {
                Some(at) => at,
                None => {
                    node.hops.push((hop, Node { ty, ..Node::default() }));
                    node.hops.len() - 1
                }
            };
            node = &mut node.hops[at].1;
        }
        node.ends.push(self.leaves.len());
        self.leaves.push(leaf);
        self.names.push(walk.names.join("."));
    }

    pub(super) fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// The full names of the paths.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The records that a single path leads to, one after the other; `None` stands for a null on the way. Nothing for
    /// several paths.
    pub(super) fn each_end(&self, state: &ReadState, record: Ordinal, visit: &mut impl FnMut(Option<Ordinal>)) {
        if self.leaves.len() == 1 {
            each_end(&self.root, state, record, visit);
        }
    }

    /// Whether the single path leads to one record at most.
    pub(super) fn is_direct(&self) -> bool {
        self.leaves.len() == 1 && self.root.hops.is_empty()
    }

    /// All combinations of records that the paths lead to: for each path one, `None` standing for a null on the way.
    pub(super) fn combinations(&self, state: &ReadState, record: Ordinal) -> Result<Vec<Option<Ordinal>>, TooMany> {
        let mut rows = vec![None; self.leaves.len()];
        combine(&self.root, state, record, &mut rows, self.leaves.len())?;
        Ok(rows)
    }
}

/// The type at this position.
fn type_at(state: &ReadState, ty: usize) -> Option<&TypeReadState> {
    state.types().as_slice().get(ty)
}

fn each_end(node: &Node, state: &ReadState, record: Ordinal, visit: &mut impl FnMut(Option<Ordinal>)) {
    let Some((hop, next)) = node.hops.first() else {
        return visit(Some(record));
    };
    let mut go = |to: Ordinal| each_end(next, state, to, visit);
    match (hop, type_at(state, node.ty)) {
        (Hop::Field(field), Some(TypeReadState::Object(ty))) => match ty.reference(record, *field) {
            Some(to) => go(to),
            None if type_at(state, next.ty).is_none_or(|ty| ty.as_object().is_some()) => visit(None),
            None => {} // no collection, no elements
        },
        (Hop::Element, Some(TypeReadState::List(ty))) => ty.elements(record).for_each(go),
        (Hop::Element, Some(TypeReadState::Set(ty))) => ty.elements(record).for_each(go),
        (Hop::Key, Some(TypeReadState::Map(ty))) => ty.entries(record).for_each(|(key, _)| go(key)),
        (Hop::Value, Some(TypeReadState::Map(ty))) => ty.entries(record).for_each(|(_, value)| go(value)),
        _ => visit(None),
    }
}

/// Replaces each row by the rows that a record makes of it: one for each combination of what hangs below the node.
fn combine(
    node: &Node,
    state: &ReadState,
    record: Ordinal,
    rows: &mut Vec<Option<Ordinal>>,
    width: usize,
) -> Result<(), TooMany> {
    for row in rows.chunks_mut(width) {
        node.ends.iter().for_each(|&end| row[end] = Some(record));
    }
    match type_at(state, node.ty) {
        Some(TypeReadState::Object(ty)) => {
            for (hop, next) in &node.hops {
                let Hop::Field(field) = hop else { continue };
                match ty.reference(record, *field) {
                    Some(to) => combine(next, state, to, rows, width)?,
                    None if object(state, next.ty).is_some() || type_at(state, next.ty).is_none() => {}
                    None => rows.clear(),
                }
            }
        }
        Some(TypeReadState::List(ty)) => {
            alternatives(rows, width, ty.elements(record), |rows, element| {
                below(node, state, &[(Hop::Element, element)], rows, width)
            })?;
        }
        Some(TypeReadState::Set(ty)) => {
            alternatives(rows, width, ty.elements(record), |rows, element| {
                below(node, state, &[(Hop::Element, element)], rows, width)
            })?;
        }
        Some(TypeReadState::Map(ty)) => {
            alternatives(rows, width, ty.entries(record), |rows, (key, value)| {
                below(node, state, &[(Hop::Key, key), (Hop::Value, value)], rows, width)
            })?;
        }
        None => {}
    }
    Ok(())
}

fn below(
    node: &Node,
    state: &ReadState,
    records: &[(Hop, Ordinal)],
    rows: &mut Vec<Option<Ordinal>>,
    width: usize,
) -> Result<(), TooMany> {
    for (hop, record) in records {
        if let Some((_, next)) = node.hops.iter().find(|(other, _)| other == hop) {
            combine(next, state, *record, rows, width)?;
        }
    }
    Ok(())
}

/// Replaces the rows by all that the alternatives make of them.
fn alternatives<T>(
    rows: &mut Vec<Option<Ordinal>>,
    width: usize,
    elements: impl Iterator<Item = T>,
    mut make: impl FnMut(&mut Vec<Option<Ordinal>>, T) -> Result<(), TooMany>,
) -> Result<(), TooMany> {
    let before = std::mem::take(rows);
    if before.is_empty() {
        return Ok(());
    }
    for element in elements {
        let mut some = before.clone();
        make(&mut some, element)?;
        rows.append(&mut some);
        if rows.len() > MAX_COMBINATIONS * width {
            return Err(TooMany);
        }
    }
    Ok(())
}

/// A path on its way through the schemas.
struct Walk<'a> {
    dataset: &'a Dataset,
    path: &'a str,
    /// The type the path has reached.
    ty: usize,
    /// The last step, and what it leads to: a value, or records of another type.
    last: Option<(Hop, FieldType)>,
    hops: Vec<(Hop, usize)>,
    names: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(dataset: &'a Dataset, path: &'a str, ty: usize) -> Self {
        Self {
            dataset,
            path,
            ty,
            last: None,
            hops: Vec::new(),
            names: Vec::new(),
        }
    }

    /// Goes the path to a value.
    fn go_to_value(mut self) -> Result<(Self, Leaf), PathError> {
        let (written, expand) = match self.path.strip_suffix('!') {
            Some(written) => (written, false),
            None => (self.path, true),
        };
        for segment in written.split('.') {
            self.step(segment, true)?;
        }
        // A chain longer than the number of types goes round in a circle.
        for _ in 0..=self.dataset.len() {
            let name = match &self.last {
                Some((_, FieldType::Reference(name))) => name,
                Some((Hop::Field(field), holds)) => {
                    let leaf = Leaf {
                        ty: self.ty,
                        field: *field,
                        holds: holds.clone(),
                    };
                    return Ok((self, leaf));
                }
                _ => break,
            };
            let Some(next) = self.stands_for(name).filter(|_| expand) else {
                break;
            };
            for segment in next.trim_end_matches('!').split('.') {
                self.step(segment, false)?;
            }
        }
        Err(self.not_a_value())
    }

    /// The field or path that a record of a type stands for, if it does for one.
    fn stands_for(&self, name: &str) -> Option<String> {
        let Some(Schema::Object(schema)) = self.dataset.get(name) else {
            return None;
        };
        match (schema.fields.as_slice(), &schema.primary_key) {
            ([only], _) => Some(only.name.clone()),
            (_, Some(key)) if key.paths().len() == 1 => Some(key.paths().concat()),
            _ => None,
        }
    }

    fn not_a_value(&self) -> PathError {
        PathError::NotExpandable {
            path: self.path.to_owned(),
            name: self.last.as_ref().map_or_else(String::new, |(_, to)| to.to_string()),
        }
    }

    /// Goes the path to a record.
    fn go_to_record(mut self) -> Result<(Self, Leaf), PathError> {
        for segment in self.path.split('.').filter(|segment| !segment.is_empty()) {
            self.step(segment, true)?;
        }
        self.enter(true)?;
        let name = self.dataset.schemas().get(self.ty).map_or("", Schema::name);
        let leaf = Leaf {
            ty: self.ty,
            field: 0,
            holds: FieldType::Reference(name.to_owned()),
        };
        Ok((self, leaf))
    }

    /// Goes on to the records that the last step leads to.
    fn enter(&mut self, written: bool) -> Result<(), PathError> {
        let Some((hop, to)) = self.last.take() else {
            return Ok(());
        };
        let FieldType::Reference(name) = to else {
            return Err(PathError::NotTraversable {
                path: self.path.to_owned(),
                through: self.names.last().cloned().unwrap_or_default(),
            });
        };
        self.ty = self.dataset.position(&name).ok_or_else(|| PathError::MissingType {
            path: self.path.to_owned(),
            name,
            written,
        })?;
        self.hops.push((hop, self.ty));
        Ok(())
    }

    fn step(&mut self, segment: &str, written: bool) -> Result<(), PathError> {
        self.enter(written)?;
        let schema = self.dataset.schemas().get(self.ty);
        let to = |name: &str| FieldType::Reference(name.to_owned());
        let step = match (schema, segment) {
            (Some(Schema::Object(schema)), _) => schema
                .position(segment)
                .and_then(|field| Some((Hop::Field(field), schema.fields.get(field)?.ty.clone()))),
            (Some(Schema::List(schema)), "element") => Some((Hop::Element, to(&schema.element))),
            (Some(Schema::Set(schema)), "element") => Some((Hop::Element, to(&schema.element))),
            (Some(Schema::Map(schema)), "key") => Some((Hop::Key, to(&schema.key))),
            (Some(Schema::Map(schema)), "value") => Some((Hop::Value, to(&schema.value))),
            _ => None,
        };
        let step = step.ok_or_else(|| PathError::NoSuchField {
            path: self.path.to_owned(),
            type_name: schema.map_or("", Schema::name).to_owned(),
            field: segment.to_owned(),
        })?;
        self.last = Some(step);
        self.names.push(segment.to_owned());
        Ok(())
    }
}
