//! The buckets of elements and entries whose type declares a hash key. See `docs/format.md`, section 2.1.

use crate::Ordinal;
use crate::memory::hash::{hash_int, murmur};
use crate::memory::text::StoredText;
use crate::memory::zigzag;
use crate::schema::{Dataset, FieldPath, PathError, Schema};
use crate::write::WriteError;
use crate::write::record_form::{FieldKind, NULL_DOUBLE, NULL_FLOAT, Shape, Stored, take_field};
use crate::write::type_state::TypeState;

/// Elements are shared by many sets: their hashes are remembered in so many places, by the low bits of the ordinal.
const REMEMBERED: usize = 4096;

/// The hash key of a set or map type, ready for use; or none, and elements go where their record says.
pub(in crate::write) struct HashKeys<'e> {
    paths: Vec<KeyPath<'e>>,
    type_name: &'e str,
    element_type: &'e str,
    remembered: Vec<(u32, u32)>, // ordinal + 1, hash
}

struct KeyPath<'e> {
    written: &'e str,
    steps: Vec<(&'e TypeState, usize)>, // the type, and the position of the field to take
}

impl<'e> HashKeys<'e> {
    /// Elements go where their record says.
    pub(in crate::write) fn none() -> Self {
        Self {
            paths: Vec::new(),
            type_name: "",
            element_type: "",
            remembered: Vec::new(),
        }
    }

    /// The hash key of a type. A path for which a type is missing, or `keep_buckets`, makes stored buckets count instead.
    pub(in crate::write) fn resolve(
        ty: &'e TypeState,
        types: &'e [TypeState],
        dataset: &Dataset,
        keep_buckets: bool,
    ) -> Result<Self, WriteError> {
        let (key, element_type) = match &ty.schema {
            Schema::Set(schema) => (schema.hash_key.as_ref(), schema.element.as_str()),
            Schema::Map(schema) => (schema.hash_key.as_ref(), schema.key.as_str()),
            _ => (None, ""),
        };
        let mut keys = Self {
            paths: Vec::new(),
            type_name: ty.name(),
            element_type,
            remembered: Vec::new(),
        };
        let Some(key) = key.filter(|_| !keep_buckets) else {
            return Ok(keys);
        };
        for written in key.paths() {
            match dataset.resolve(element_type, written) {
                Ok(path) => keys.paths.push(KeyPath {
                    written,
                    steps: steps_of(&path, dataset, types),
                }),
                Err(PathError::MissingType { written: true, .. }) => {
                    keys.paths.clear();
                    return Ok(keys);
                }
                Err(source) => {
                    let type_name = ty.name().to_owned();
                    return Err(WriteError::HashKeyPath { type_name, source });
                }
            }
        }
        keys.remembered = vec![(0, 0); REMEMBERED];
        Ok(keys)
    }

    /// Where to begin looking for room for this element, before taking the remainder by the number of buckets.
    pub(super) fn bucket(&mut self, element: u32, stored: u32) -> Result<u32, WriteError> {
        if self.paths.is_empty() {
            return Ok(stored);
        }
        let place = element as usize % REMEMBERED;
        if self.remembered[place].0 != element + 1 {
            self.remembered[place] = (element + 1, self.hash(element)?);
        }
        Ok(self.remembered[place].1)
    }

    fn hash(&self, element: u32) -> Result<u32, WriteError> {
        let mut hash = 0i32;
        for path in &self.paths {
            hash = hash.wrapping_mul(31) ^ hash_int(self.code(path, element)?);
        }
        Ok(hash.cast_unsigned())
    }

    fn code(&self, path: &KeyPath<'_>, element: u32) -> Result<i32, WriteError> {
        let mut at = element;
        let mut buffer = Vec::new();
        let Some(((ty, field), steps)) = path.steps.split_last() else {
            return code_of(FieldKind::Int, Stored::Null).ok_or_else(|| self.null(path, element));
        };
        for (ty, field) in steps {
            match self.field(ty, *field, at, &mut buffer)?.1 {
                Stored::Number(ordinal) => at = ordinal as u32,
                _ => return Err(self.null(path, element)),
            }
        }
        let (kind, value) = self.field(ty, *field, at, &mut buffer)?;
        code_of(kind, value).ok_or_else(|| self.null(path, element))
    }

    fn field<'r>(
        &self,
        ty: &'r TypeState,
        field: usize,
        ordinal: u32,
        buffer: &'r mut Vec<u8>,
    ) -> Result<(FieldKind, Stored<'r>), WriteError> {
        let dangling = || WriteError::DanglingReference {
            type_name: self.type_name.to_owned(),
            element_type: ty.name().to_owned(),
            element: ordinal,
        };
        let record = Ordinal::new(ordinal)
            .and_then(|ordinal| ty.records.get(ordinal, buffer))
            .ok_or_else(dangling)?;
        let Shape::Object(kinds) = &ty.shape else {
            return Err(dangling());
        };
        let mut rest = record;
        let mut value = (FieldKind::Int, Stored::Null);
        for &kind in kinds.iter().take(field + 1) {
            value = (kind, take_field(&mut rest, kind));
        }
        Ok(value)
    }

    fn null(&self, path: &KeyPath<'_>, element: u32) -> WriteError {
        WriteError::NullHashKey {
            type_name: self.type_name.to_owned(),
            path: path.written.to_owned(),
            element_type: self.element_type.to_owned(),
            element,
        }
    }
}

fn steps_of<'e>(path: &FieldPath, dataset: &Dataset, types: &'e [TypeState]) -> Vec<(&'e TypeState, usize)> {
    path.steps
        .iter()
        .filter_map(|step| Some((types.get(dataset.position(&step.type_name)?)?, step.field)))
        .collect()
}

/// What a value contributes to the hash; `None` for a null that cannot contribute.
fn code_of(kind: FieldKind, value: Stored<'_>) -> Option<i32> {
    let fold = |value: u64| (value ^ value >> 32) as u32;
    let code = match (kind, value) {
        (FieldKind::Int, Stored::Number(value)) => zigzag::decode32(value as u32).cast_unsigned(),
        (FieldKind::Long, Stored::Number(value)) => fold(zigzag::decode64(value).cast_unsigned()),
        (FieldKind::Boolean, Stored::Number(value)) => {
            if value != 0 {
                1231
            } else {
                1237
            }
        }
        (FieldKind::Float | FieldKind::Reference(_), Stored::Number(value)) => value as u32,
        (FieldKind::Double, Stored::Number(value)) => fold(value),
        (FieldKind::Text, Stored::Bytes(value)) => StoredText::new(value).java_hash().cast_unsigned(),
        (FieldKind::Bytes, Stored::Bytes(value)) => murmur(value).cast_unsigned(),
        (FieldKind::Int | FieldKind::Long | FieldKind::Boolean, _) => 0,
        (FieldKind::Float, _) => NULL_FLOAT,
        (FieldKind::Double, _) => fold(NULL_DOUBLE),
        (FieldKind::Text | FieldKind::Bytes | FieldKind::Reference(_), _) => return None,
    };
    Some(code.cast_signed())
}
