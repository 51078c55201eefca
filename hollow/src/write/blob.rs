//! Blobs: header, optional parts, and the frames of the types that belong in them. See `docs/format.md`, section 4.

use super::emit::{self, HashKeys, Kind};
use super::header_tags::HeaderTags;
use super::type_state::TypeState;
use super::{WriteError, WriteStateEngine};
use crate::blob::{Header, PartHeader};
use crate::schema::Schema;
use std::collections::{HashMap, HashSet};
use std::{fmt, io};

/// A stream for an optional part of a blob, with the types that go there instead of into the main stream.
pub struct BlobPart<'w> {
    /// The part's name.
    pub name: &'w str,
    /// The names of the types in it. Names of types that are not registered are ignored.
    pub types: &'w [&'w str],
    /// Where the part goes.
    pub out: &'w mut dyn io::Write,
}

impl fmt::Debug for BlobPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobPart")
            .field("name", &self.name)
            .field("types", &self.types)
            .finish_non_exhaustive()
    }
}

impl WriteStateEngine {
    /// Writes the state. Ends the phase of adding, if this is the first blob of the cycle.
    ///
    /// Writes in small pieces: give a buffered stream. Costs a look at every record; besides the records, one shard of
    /// one type is in memory at a time.
    ///
    /// # Errors
    /// [`WriteError::NoTag`]; hash keys that are null or cannot be followed; names that are too long; the stream's own.
    pub fn write_snapshot(&mut self, out: &mut impl io::Write) -> Result<(), WriteError> {
        self.write_blob(Kind::Snapshot, out, &mut [])
    }

    /// Writes what leads from the previous state to this one. Costs a look at the records that came or went.
    ///
    /// # Errors
    /// As [`WriteStateEngine::write_snapshot`], and [`WriteError::NoPreviousState`].
    pub fn write_delta(&mut self, out: &mut impl io::Write) -> Result<(), WriteError> {
        self.write_blob(Kind::Delta, out, &mut [])
    }

    /// Writes what leads from this state back to the previous one. Costs as [`WriteStateEngine::write_delta`].
    ///
    /// # Errors
    /// As [`WriteStateEngine::write_delta`].
    pub fn write_reverse_delta(&mut self, out: &mut impl io::Write) -> Result<(), WriteError> {
        self.write_blob(Kind::ReverseDelta, out, &mut [])
    }

    /// As [`WriteStateEngine::write_snapshot`], with some types in optional parts.
    ///
    /// # Errors
    /// As [`WriteStateEngine::write_snapshot`], and [`WriteError::PartTwice`].
    pub fn write_snapshot_in_parts(
        &mut self,
        out: &mut impl io::Write,
        parts: &mut [BlobPart<'_>],
    ) -> Result<(), WriteError> {
        self.write_blob(Kind::Snapshot, out, parts)
    }

    /// As [`WriteStateEngine::write_delta`], with some types in optional parts.
    ///
    /// # Errors
    /// As [`WriteStateEngine::write_delta`], and [`WriteError::PartTwice`].
    pub fn write_delta_in_parts(
        &mut self,
        out: &mut impl io::Write,
        parts: &mut [BlobPart<'_>],
    ) -> Result<(), WriteError> {
        self.write_blob(Kind::Delta, out, parts)
    }

    /// As [`WriteStateEngine::write_reverse_delta`], with some types in optional parts.
    ///
    /// # Errors
    /// As [`WriteStateEngine::write_reverse_delta`], and [`WriteError::PartTwice`].
    pub fn write_reverse_delta_in_parts(
        &mut self,
        out: &mut impl io::Write,
        parts: &mut [BlobPart<'_>],
    ) -> Result<(), WriteError> {
        self.write_blob(Kind::ReverseDelta, out, parts)
    }

    /// Writes the header of the state's snapshot alone, with the schemas of all types.
    ///
    /// # Errors
    /// [`WriteError::NoTag`], [`WriteError::NameTooLong`], the stream's own.
    pub fn write_header_blob(&mut self, out: &mut impl io::Write) -> Result<(), WriteError> {
        self.prepare_for_write()?;
        let schemas: Vec<Schema> = self.dataset.schemas().to_vec();
        write_header(
            self.previous_tag,
            self.next_tag.ok_or(WriteError::NoTag)?,
            schemas,
            &self.tags,
            out,
        )
    }

    /// Fails as the header of a snapshot would.
    pub(super) fn check_header(&self) -> Result<(), WriteError> {
        let schemas = self.dataset.schemas().to_vec();
        write_header(0, 0, schemas, &self.tags, &mut io::sink())
    }

    fn write_blob(
        &mut self,
        kind: Kind,
        out: &mut dyn io::Write,
        parts: &mut [BlobPart<'_>],
    ) -> Result<(), WriteError> {
        let next_tag = self.next_tag.ok_or(WriteError::NoTag)?;
        if kind != Kind::Snapshot && !self.has_previous {
            return Err(WriteError::NoPreviousState);
        }
        let part_of = assign_parts(parts)?;
        self.prepare_for_write()?;
        self.touch_populated(kind);

        let written = |ty: &&TypeState| kind == Kind::Snapshot || ty.has_changed();
        let types_of = |part: Option<usize>| -> Vec<&TypeState> {
            self.types
                .iter()
                .filter(written)
                .filter(|ty| part_of.get(ty.name()).copied() == part)
                .collect()
        };
        let schemas_of = |types: &[&TypeState]| -> Vec<Schema> { types.iter().map(|ty| ty.schema.clone()).collect() };
        let (origin, destination, tags) = match kind {
            Kind::Snapshot | Kind::Delta => (self.previous_tag, next_tag, &self.tags),
            Kind::ReverseDelta => (next_tag, self.previous_tag, &self.previous_tags),
        };

        let types = types_of(None);
        write_header(origin, destination, schemas_of(&types), tags, out)?;
        self.write_types(kind, &types, out)?;
        for (index, part) in parts.iter_mut().enumerate() {
            let types = types_of(Some(index));
            let header = PartHeader {
                name: part.name.to_owned(),
                origin_tag: origin,
                destination_tag: destination,
                schemas: schemas_of(&types),
                num_type_states: types.len(),
            };
            let mut head = Vec::new();
            header.write(&mut head)?;
            part.out.write_all(&head)?;
            self.write_types(kind, &types, part.out)?;
        }
        Ok(())
    }

    fn write_types(&self, kind: Kind, types: &[&TypeState], out: &mut dyn io::Write) -> Result<(), WriteError> {
        for ty in types {
            let layout = ty.layout.as_ref().ok_or(WriteError::WrongPhase { what: "write" })?;
            let hash_keys = HashKeys::resolve(ty, &self.types, &self.dataset, self.keep_buckets)?;
            emit::write_type(kind, ty, layout, hash_keys, out)?;
        }
        Ok(())
    }

    /// Bit sets grow where Java's writer would test them.
    fn touch_populated(&mut self, kind: Kind) {
        for ty in &mut self.types {
            match kind {
                Kind::Snapshot => ty.touch_for_snapshot(),
                Kind::Delta | Kind::ReverseDelta if ty.has_changed() => {
                    ty.prepare_for_delta(kind == Kind::ReverseDelta)
                }
                _ => {}
            }
        }
    }
}

/// Type name to position of its part.
fn assign_parts(parts: &[BlobPart<'_>]) -> Result<HashMap<String, usize>, WriteError> {
    let mut part_of = HashMap::new();
    let mut names = HashSet::new();
    for (index, part) in parts.iter().enumerate() {
        if !names.insert(part.name) {
            let name = part.name.to_owned();
            return Err(WriteError::PartTwice { what: "part", name });
        }
        for &ty in part.types {
            if part_of.insert(ty.to_owned(), index).is_some_and(|other| other != index) {
                let name = ty.to_owned();
                return Err(WriteError::PartTwice { what: "type", name });
            }
        }
    }
    Ok(part_of)
}

pub(super) fn write_header(
    origin_tag: i64,
    destination_tag: i64,
    schemas: Vec<Schema>,
    tags: &HeaderTags,
    out: &mut dyn io::Write,
) -> Result<(), WriteError> {
    if let Some(schema) = schemas.iter().find(|schema| {
        schema
            .as_object()
            .is_some_and(|object| object.fields.len() > i16::MAX as usize)
    }) {
        return Err(too_many(
            "number of fields",
            schema.name(),
            schema.as_object().map_or(0, |s| s.fields.len()),
        ));
    }
    if tags.len() > i16::MAX as usize {
        return Err(too_many("number of header tags", "", tags.len()));
    }
    let header = Header {
        origin_tag,
        destination_tag,
        num_type_states: schemas.len(),
        schemas: Some(schemas),
        tags: tags
            .iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
    };
    let mut head = Vec::new();
    header.write(&mut head)?;
    Ok(out.write_all(&head)?)
}

fn too_many(what: &'static str, type_name: &str, size: usize) -> WriteError {
    WriteError::SizeLimit {
        what,
        type_name: type_name.to_owned(),
        size: size as u64,
        limit: i16::MAX as u64,
    }
}
