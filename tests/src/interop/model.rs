//! Random data models, and how they change from one producer to the next.

use super::rng::Rng;
use hollow::schema::{
    Dataset, Field, FieldType, HashKey, ListSchema, MapSchema, ObjectSchema, PrimaryKey, Schema, SetSchema,
};
use std::collections::BTreeSet;

/// One type with what its records keep to.
#[derive(Clone, Debug)]
pub(super) struct TypeModel {
    /// The schema.
    pub(super) schema: Schema,
    /// STRING, BYTES and REFERENCE fields are never null. Java's writer cannot place the elements of a set by a hash key
    /// if there is such a null on the way.
    pub(super) required: bool,
}

/// The types of a chain, each behind those it refers to (itself excepted).
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    /// The types.
    pub(super) types: Vec<TypeModel>,
    /// How many names were given out.
    names: usize,
}

/// What a change of the model did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A field more.
    FieldAdded(String, String),
    /// A field less.
    FieldRemoved(String, String),
    /// A type more.
    TypeAdded(String),
    /// A type less.
    TypeRemoved(String),
}

const PRIMITIVES: [FieldType; 7] = [
    FieldType::Int,
    FieldType::Long,
    FieldType::Boolean,
    FieldType::Float,
    FieldType::Double,
    FieldType::String,
    FieldType::Bytes,
];

impl Model {
    /// A random model.
    pub(super) fn random(rng: &mut Rng) -> Self {
        let mut model = Self::default();
        for _ in 0..rng.between(1, 3) {
            model.push_wrapper(rng);
        }
        for _ in 0..rng.between(1, 7) {
            match rng.below(10) {
                0..=4 => model.push_object(rng),
                5 | 6 => model.push_list(rng),
                7 | 8 => model.push_set(rng),
                _ => model.push_map(rng),
            }
        }
        model.push_root(rng);
        model
    }

    /// The data set, in this order.
    ///
    /// # Panics
    /// Never: names are unique.
    pub(super) fn dataset(&self) -> Dataset {
        Dataset::new(self.types.iter().map(|ty| ty.schema.clone()).collect()).expect("names are unique")
    }

    /// The type of this name.
    pub(super) fn get(&self, name: &str) -> Option<&TypeModel> {
        self.types.iter().find(|ty| ty.schema.name() == name)
    }

    /// The object types that no other type refers to.
    pub(super) fn roots(&self) -> Vec<&str> {
        let objects = self.types.iter().filter(|ty| ty.schema.as_object().is_some());
        let names = objects.map(|ty| ty.schema.name());
        names.filter(|name| !self.is_referred(name)).collect()
    }

    fn is_referred(&self, name: &str) -> bool {
        let others = self.types.iter().filter(|ty| ty.schema.name() != name);
        others.into_iter().any(|ty| ty.schema.references().contains(&name))
    }

    fn name(&mut self, rng: &mut Rng, kind: &str) -> String {
        self.names += 1;
        // Names are sorted by UTF-16 units in some places, and hashed: not only ASCII.
        let style = *rng.pick(&["", "", "", "_x", "É", "日本", "-a.b"]);
        format!("{kind}{}{style}", self.names)
    }

    fn push(&mut self, schema: Schema, required: bool) {
        self.types.push(TypeModel { schema, required });
    }

    /// An object that merely holds a value.
    fn push_wrapper(&mut self, rng: &mut Rng) {
        let ty = match rng.percent(60) {
            true => FieldType::String,
            false => rng.pick(&PRIMITIVES).clone(),
        };
        let name = self.name(rng, "Value");
        let fields = vec![Field {
            name: "value".to_owned(),
            ty,
        }];
        let primary_key = None;
        let schema = ObjectSchema {
            name,
            fields,
            primary_key,
        };
        self.push(Schema::Object(schema), rng.percent(80));
    }

    fn push_object(&mut self, rng: &mut Rng) {
        let required = rng.percent(60);
        let name = self.name(rng, "Thing");
        let count = if rng.percent(3) { 0 } else { rng.between(1, 7) };
        let mut fields = Vec::new();
        for index in 0..count {
            fields.push(self.random_field(rng, index));
        }
        if !required && rng.percent(25) {
            fields.push(Field {
                name: "parent".to_owned(),
                ty: FieldType::Reference(name.clone()),
            });
        }
        self.push_with_key(rng, name, fields, required);
    }

    /// An object that leads to everything that nothing else leads to.
    fn push_root(&mut self, rng: &mut Rng) {
        let name = self.name(rng, "Root");
        let mut fields = vec![self.random_field(rng, 0)];
        for ty in &self.types {
            let other = ty.schema.name();
            let may_stand_alone = ty.schema.as_object().is_some_and(|object| object.fields.len() > 1);
            if !(self.is_referred(other) || may_stand_alone && rng.percent(30)) {
                fields.push(Field {
                    name: format!("to{}", fields.len()),
                    ty: FieldType::Reference(other.to_owned()),
                });
            }
        }
        rng.shuffle(&mut fields);
        self.push_with_key(rng, name, fields, false);
    }

    fn push_with_key(&mut self, rng: &mut Rng, name: String, fields: Vec<Field>, required: bool) {
        let schema = ObjectSchema {
            name: name.clone(),
            fields,
            primary_key: None,
        };
        self.push(Schema::Object(schema), required);
        let paths = if rng.percent(50) {
            self.key_paths(rng, &name, true)
        } else {
            Vec::new()
        };
        if let Some(TypeModel {
            schema: Schema::Object(schema),
            ..
        }) = self.types.last_mut()
        {
            schema.primary_key = PrimaryKey::new(paths);
        }
    }

    fn random_field(&self, rng: &mut Rng, index: usize) -> Field {
        let ty = match rng.percent(35) && !self.types.is_empty() {
            true => FieldType::Reference(rng.pick(&self.types).schema.name().to_owned()),
            false => rng.pick(&PRIMITIVES).clone(),
        };
        Field {
            name: format!("{}{index}", rng.pick(&["f", "zeta", "Alpha", "ü"])),
            ty,
        }
    }

    fn element(&self, rng: &mut Rng) -> String {
        rng.pick(&self.types).schema.name().to_owned()
    }

    fn push_list(&mut self, rng: &mut Rng) {
        let element = self.element(rng);
        let name = self.name(rng, "List");
        self.push(Schema::List(ListSchema { name, element }), false);
    }

    fn push_set(&mut self, rng: &mut Rng) {
        let element = self.element(rng);
        let hash_key = self.hash_key(rng, &element);
        let name = self.name(rng, "Set");
        let schema = SetSchema {
            name,
            element,
            hash_key,
        };
        self.push(Schema::Set(schema), false);
    }

    fn push_map(&mut self, rng: &mut Rng) {
        let (key, value) = (self.element(rng), self.element(rng));
        let hash_key = self.hash_key(rng, &key);
        let name = self.name(rng, "Map");
        let schema = MapSchema {
            name,
            key,
            value,
            hash_key,
        };
        self.push(Schema::Map(schema), false);
    }

    fn hash_key(&self, rng: &mut Rng, element: &str) -> Option<HashKey> {
        let paths = if rng.percent(65) {
            self.key_paths(rng, element, false)
        } else {
            Vec::new()
        };
        HashKey::new(paths)
    }

    /// Up to three paths that lead from a type to a value, by required types only unless `nullable`.
    fn key_paths(&self, rng: &mut Rng, root: &str, nullable: bool) -> Vec<String> {
        let dataset = self.dataset();
        let mut found = Vec::new();
        for _ in 0..rng.between(1, 3) {
            let mut path = String::new();
            let mut at = root.to_owned();
            for _ in 0..3 {
                let Some(TypeModel {
                    schema: Schema::Object(object),
                    ..
                }) = self.get(&at)
                else {
                    break;
                };
                if object.fields.is_empty() {
                    break;
                }
                let field = rng.pick(&object.fields);
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(&field.name);
                match field.ty.reference() {
                    // Half of the references are left to be followed by themselves, where that is possible.
                    Some(target) if dataset.resolve(root, &path).is_err() || rng.percent(50) => at = target.to_owned(),
                    _ => break,
                }
            }
            let Ok(resolved) = dataset.resolve(root, &path) else {
                continue;
            };
            let allowed =
                |step: &hollow::schema::Step| nullable || self.get(&step.type_name).is_some_and(|ty| ty.required);
            if resolved.ty.reference().is_none() && resolved.steps.iter().all(allowed) && !found.contains(&path) {
                found.push(path);
            }
        }
        found
    }

    /// Changes the model as a release of a producer may: consumers of the version before go on.
    pub(super) fn evolve(&mut self, rng: &mut Rng) -> Vec<Change> {
        let mut changes = Vec::new();
        for _ in 0..rng.between(1, 4) {
            let change = match rng.below(6) {
                0 | 1 => self.add_field(rng),
                2 | 3 => self.remove_field(rng),
                4 => Some(self.add_type(rng)),
                _ => self.remove_type(rng),
            };
            changes.extend(change);
        }
        changes
    }

    /// A type whose fields may change: no key leads through it.
    fn changeable(&mut self, rng: &mut Rng) -> Option<usize> {
        let keyed = keyed(&self.dataset());
        let candidates: Vec<usize> = (0..self.types.len())
            .filter(|&at| {
                let schema = &self.types[at].schema;
                schema.as_object().is_some_and(|object| object.fields.len() > 1) && !keyed.contains(schema.name())
            })
            .collect();
        (!candidates.is_empty()).then(|| *rng.pick(&candidates))
    }

    fn add_field(&mut self, rng: &mut Rng) -> Option<Change> {
        let at = self.changeable(rng)?;
        self.names += 1;
        let ty = match rng.percent(30) && at > 0 {
            true => FieldType::Reference(self.types[rng.below(at)].schema.name().to_owned()),
            false => rng.pick(&PRIMITIVES).clone(),
        };
        let name = format!("added{}", self.names);
        // Records that were there before have null in it.
        self.types[at].required = false;
        let Schema::Object(object) = &mut self.types[at].schema else {
            return None;
        };
        let position = rng.below(object.fields.len() + 1);
        object.fields.insert(position, Field { name: name.clone(), ty });
        Some(Change::FieldAdded(object.name.clone(), name))
    }

    fn remove_field(&mut self, rng: &mut Rng) -> Option<Change> {
        let at = self.changeable(rng)?;
        let Schema::Object(object) = &mut self.types[at].schema else {
            return None;
        };
        // Following readers keep their field: for these two types Java then reads NaN in records that are added later.
        let is_misread = |field: &Field| matches!(field.ty, FieldType::Float | FieldType::Double);
        let position = rng.below(object.fields.len());
        if is_misread(&object.fields[position]) {
            return None;
        }
        let field = object.fields.remove(position);
        Some(Change::FieldRemoved(object.name.clone(), field.name))
    }

    fn add_type(&mut self, rng: &mut Rng) -> Change {
        self.push_object(rng);
        let name = self.types.last().map_or("", |ty| ty.schema.name()).to_owned();
        Change::TypeAdded(name)
    }

    fn remove_type(&mut self, rng: &mut Rng) -> Option<Change> {
        let mut roots: Vec<String> = self.roots().into_iter().map(str::to_owned).collect();
        if roots.len() < 2 {
            return None;
        }
        rng.shuffle(&mut roots);
        let name = roots.pop()?;
        self.types.retain(|ty| ty.schema.name() != name);
        Some(Change::TypeRemoved(name))
    }
}

/// The types that a key leads through: their shape decides what the key means.
pub(super) fn keyed(dataset: &Dataset) -> BTreeSet<String> {
    let mut keyed = BTreeSet::new();
    for schema in dataset.schemas() {
        let (root, paths) = match schema {
            Schema::Object(schema) => (&schema.name, schema.primary_key.as_ref().map(PrimaryKey::paths)),
            Schema::Set(schema) => (&schema.element, schema.hash_key.as_ref().map(HashKey::paths)),
            Schema::Map(schema) => (&schema.key, schema.hash_key.as_ref().map(HashKey::paths)),
            Schema::List(_) => continue,
        };
        for path in paths.unwrap_or_default() {
            if let Ok(resolved) = dataset.resolve(root, path) {
                keyed.extend(resolved.steps.into_iter().map(|step| step.type_name));
            }
        }
    }
    keyed
}
