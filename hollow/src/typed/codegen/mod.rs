//! Schemas as Rust source: for those who begin with a dataset, not with structs.

mod names;
#[cfg(test)]
mod tests;

use crate::schema::{Dataset, FieldType, HashKey, ObjectSchema, Schema};
use names::{Names, field_names};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write;

/// Rust source for the types of a dataset; see [`to_rust`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RustCode {
    /// The source: a module of structs with `#[derive(Hollow)]`, and `model()`, their model.
    pub source: String,
    /// What the structs do not say of the schemas, one line each; empty if they derive the same schemas.
    pub left_out: Vec<String>,
}

/// Structs that derive the schemas of this dataset.
///
/// Every field is an `Option`, since the schema does not say which are never null; those of keys are not. Make the others
/// required by hand where the data is known. Sets and maps are ordered ones where their elements have an order.
///
/// ```
/// use hollow::schema::Dataset;
///
/// let dataset = Dataset::parse("Movie @PrimaryKey(id) { long id; String title; Genres genres; }
///     String { string value; } Genres List<String>;")?;
/// let code = hollow::typed::to_rust(&dataset);
/// assert!(code.left_out.is_empty());
/// assert!(code.source.contains("\
/// #[hollow(primary_key(id))]
/// pub struct Movie {
///     pub id: i64,
///     pub title: Option<String>,
///     #[hollow(type_name = \"Genres\")]
///     pub genres: Option<Vec<String>>,
/// }"));
/// # Ok::<(), hollow::schema::SchemaError>(())
/// ```
pub fn to_rust(dataset: &Dataset) -> RustCode {
    let mut writer = Writer::new(dataset);
    let mut structs = String::new();
    for schema in dataset.schemas() {
        if let Schema::Object(object) = schema
            && builtin(schema).is_none()
        {
            writer.object(&mut structs, object);
        }
    }
    let model = writer.model();
    let mut source = String::from("//! Records of a dataset, from its schemas.\n\n");
    source.push_str("use hollow::typed::{Hollow, Model, ModelError");
    for name in ["Naming", "RecordMap", "RecordSet"]
        .into_iter()
        .filter(|name| writer.used.contains(name))
    {
        _ = write!(source, ", {name}");
    }
    source.push_str("};\n");
    let ordered: Vec<_> = ["BTreeMap", "BTreeSet"]
        .into_iter()
        .filter(|name| writer.used.contains(name))
        .collect();
    match ordered.as_slice() {
        [] => {}
        [one] => _ = writeln!(source, "use std::collections::{one};"),
        several => _ = writeln!(source, "use std::collections::{{{}}};", several.join(", ")),
    }
    source.push_str(&structs);
    source.push_str(&model);
    for line in &writer.left_out {
        _ = writeln!(source, "\n// Not expressed: {line}");
    }
    RustCode {
        source,
        left_out: writer.left_out,
    }
}

/// The Rust type that has this schema by itself.
fn builtin(schema: &Schema) -> Option<&'static str> {
    let field = schema.as_object()?.wrapped_field()?;
    if schema.as_object()?.primary_key.is_some() || field.name != "value" {
        return None;
    }
    match (schema.name(), &field.ty) {
        ("String", FieldType::String) => Some("String"),
        ("Integer", FieldType::Int) => Some("i32"),
        ("Long", FieldType::Long) => Some("i64"),
        ("Boolean", FieldType::Boolean) => Some("bool"),
        ("Float", FieldType::Float) => Some("f32"),
        ("Double", FieldType::Double) => Some("f64"),
        ("Bytes", FieldType::Bytes) => Some("Vec<u8>"),
        _ => None,
    }
}

/// What stands in a field for a type: the Rust type, and what it cannot say itself.
#[derive(Default)]
struct Spelled {
    ty: String,
    attributes: Vec<String>,
    /// The attributes as fields of a `Naming`, for a root.
    naming: Vec<String>,
}

impl Spelled {
    fn name(&mut self, attribute: &str, field: &str, name: &str) {
        self.attributes.push(format!("{attribute} = {name:?}"));
        self.naming.push(format!("{field}: Some({name:?})"));
    }
}

struct Writer<'d> {
    dataset: &'d Dataset,
    names: Names<'d>,
    /// Rust names of the fields of each object type.
    fields: HashMap<&'d str, Vec<String>>,
    /// Fields that are part of a key: never null.
    required: HashSet<(String, usize)>,
    /// Types without floating point numbers, which have an order.
    ordered: HashMap<&'d str, bool>,
    used: BTreeSet<&'static str>,
    left_out: Vec<String>,
}

impl<'d> Writer<'d> {
    fn new(dataset: &'d Dataset) -> Self {
        let objects = dataset.schemas().iter().filter_map(Schema::as_object);
        let fields = objects
            .map(|object| (object.name.as_str(), field_names(object)))
            .collect();
        let mut required = HashSet::new();
        for schema in dataset.schemas() {
            let (from, paths) = match schema {
                Schema::Object(s) => (&s.name, s.primary_key.as_ref().map(|key| key.paths())),
                Schema::Set(s) => (&s.element, s.hash_key.as_ref().map(|key| key.paths())),
                Schema::Map(s) => (&s.key, s.hash_key.as_ref().map(|key| key.paths())),
                Schema::List(_) => continue,
            };
            let resolved = paths
                .into_iter()
                .flatten()
                .filter_map(|path| dataset.resolve(from, path).ok());
            required.extend(
                resolved
                    .flat_map(|path| path.steps)
                    .map(|step| (step.type_name, step.field)),
            );
        }
        Self {
            dataset,
            names: Names::of(dataset),
            fields,
            required,
            ordered: HashMap::new(),
            used: BTreeSet::new(),
            left_out: Vec::new(),
        }
    }

    fn object(&mut self, out: &mut String, object: &'d ObjectSchema) {
        let name = self.names.of_type(&object.name).to_owned();
        let mut attributes = Vec::new();
        if let Some(key) = &object.primary_key {
            match self.paths(&object.name, key.paths()) {
                Some(paths) => attributes.push(format!("primary_key({paths})")),
                None => self.leave_out(format!("primary key of {}: {}", object.name, key.paths().join(", "))),
            }
        }
        if name != object.name {
            attributes.push(format!("rename = {:?}", object.name));
        }
        let order = if self.is_ordered(&object.name) {
            ", Eq, Hash, PartialOrd, Ord"
        } else {
            ""
        };
        _ = writeln!(out, "\n/// Records of type `{}`.", object.name);
        _ = writeln!(out, "#[derive(Hollow, Clone, Debug, PartialEq{order})]");
        if !attributes.is_empty() {
            _ = writeln!(out, "#[hollow({})]", attributes.join(", "));
        }
        _ = writeln!(out, "pub struct {name} {{");
        for (at, field) in object.fields.iter().enumerate() {
            let rust = self.fields[object.name.as_str()][at].clone();
            let Some(mut spelled) = self.field(object, at) else {
                self.leave_out(format!("field {}.{}: {}", object.name, field.name, field.ty));
                continue;
            };
            if rust.trim_start_matches("r#") != field.name {
                spelled.attributes.insert(0, format!("rename = {:?}", field.name));
            }
            if !spelled.attributes.is_empty() {
                _ = writeln!(out, "    #[hollow({})]", spelled.attributes.join(", "));
            }
            let required = self.required.contains(&(object.name.clone(), at));
            let ty = spelled.ty;
            _ = match required {
                true => writeln!(out, "    pub {rust}: {ty},"),
                false => writeln!(out, "    pub {rust}: Option<{ty}>,"),
            };
        }
        out.push_str("}\n");
    }

    fn field(&mut self, object: &'d ObjectSchema, at: usize) -> Option<Spelled> {
        let plain = |ty: &str, attribute: Option<&str>| Spelled {
            ty: ty.to_owned(),
            attributes: attribute.map(str::to_owned).into_iter().collect(),
            naming: Vec::new(),
        };
        Some(match &object.fields[at].ty {
            FieldType::Int => plain("i32", None),
            FieldType::Long => plain("i64", None),
            FieldType::Boolean => plain("bool", None),
            FieldType::Float => plain("f32", None),
            FieldType::Double => plain("f64", None),
            FieldType::String => plain("String", Some("inline")),
            FieldType::Bytes => plain("Vec<u8>", None),
            FieldType::Reference(name) => {
                let schema = self.dataset.get(name)?;
                match builtin(schema) {
                    Some("String") => plain("String", None),
                    Some(ty) => plain(ty, Some("boxed")),
                    None => {
                        let mut spelled = self.spell(schema, 0)?;
                        if schema.as_object().is_some() && self.reaches(name, &object.name) {
                            spelled.ty = format!("Box<{}>", spelled.ty);
                        }
                        spelled
                    }
                }
            }
        })
    }

    /// The Rust type of a type; `None` if there is none. Names of collections can be said of a field's own type and of
    /// its elements, not deeper.
    fn spell(&mut self, schema: &'d Schema, depth: usize) -> Option<Spelled> {
        if depth > 16 {
            return None; // a collection of itself
        }
        let mut spelled = Spelled::default();
        let usual = match schema {
            Schema::Object(object) => {
                spelled.ty = builtin(schema).unwrap_or(self.names.of_type(&object.name)).to_owned();
                return Some(spelled);
            }
            Schema::List(list) => {
                let element = self.element(&mut spelled, "element_type", &list.element, depth)?;
                spelled.ty = format!("Vec<{element}>");
                format!("ListOf{}", list.element)
            }
            Schema::Set(set) => {
                let element = self.element(&mut spelled, "element_type", &set.element, depth)?;
                let ty = if self.is_ordered(&set.element) {
                    "BTreeSet"
                } else {
                    "RecordSet"
                };
                self.used.insert(ty);
                spelled.ty = format!("{ty}<{element}>");
                self.hash_key(&mut spelled, &set.element, set.hash_key.as_ref(), depth)?;
                format!("SetOf{}", set.element)
            }
            Schema::Map(map) => {
                let key = self.element(&mut spelled, "key_type", &map.key, depth)?;
                let value = self.element(&mut spelled, "value_type", &map.value, depth)?;
                let ty = if self.is_ordered(&map.key) {
                    "BTreeMap"
                } else {
                    "RecordMap"
                };
                self.used.insert(ty);
                spelled.ty = format!("{ty}<{key}, {value}>");
                self.hash_key(&mut spelled, &map.key, map.hash_key.as_ref(), depth)?;
                format!("MapOf{}To{}", map.key, map.value)
            }
        };
        match (usual == schema.name(), depth) {
            (true, _) => {}
            (false, 0) => spelled.name("type_name", "type_name", schema.name()),
            (false, 1) => {} // named by the collection around it
            (false, _) => return None,
        }
        Some(spelled)
    }

    fn element(&mut self, of: &mut Spelled, attribute: &str, name: &str, depth: usize) -> Option<String> {
        let schema = self.dataset.get(name)?;
        let element = self.spell(schema, depth + 1)?;
        if schema.as_object().is_none() && usual_name(schema) != name {
            if depth > 0 {
                return None;
            }
            of.name(attribute, attribute.trim_end_matches("_type"), name);
        }
        Some(element.ty)
    }

    /// Says the hash key, if it is not the usual one.
    fn hash_key(&mut self, of: &mut Spelled, element: &str, key: Option<&HashKey>, depth: usize) -> Option<()> {
        let paths: Vec<String> = key.map(|key| key.paths().to_vec()).unwrap_or_default();
        let usual: Vec<String> = match self.dataset.get(element).and_then(Schema::as_object) {
            Some(ObjectSchema {
                primary_key: Some(key), ..
            }) => key.paths().to_vec(),
            Some(object) => object
                .wrapped_field()
                .map(|field| field.name.clone())
                .into_iter()
                .collect(),
            None => Vec::new(),
        };
        if paths == usual {
            return Some(());
        }
        if depth > 0 {
            return None;
        }
        let text = match paths.is_empty() {
            true => String::new(),
            false => self.paths(element, &paths)?,
        };
        of.attributes.push(format!("hash_key({text})"));
        of.naming.push(format!("hash_key: Some(&{paths:?})"));
        Some(())
    }

    /// Paths in Rust's names; `None` if one cannot be said.
    fn paths(&self, from: &str, paths: &[String]) -> Option<String> {
        if paths.len() > 6 {
            return None;
        }
        let mut texts = Vec::new();
        for path in paths {
            let resolved = self.dataset.resolve(from, path).ok()?;
            if path.ends_with('!') || matches!(resolved.ty, FieldType::Reference(_)) {
                return None;
            }
            let written = path.split('.').count();
            let mut names = Vec::new();
            for step in resolved.steps.iter().take(written) {
                names.push(self.fields.get(step.type_name.as_str())?[step.field].trim_start_matches("r#"));
            }
            texts.push(names.join("."));
        }
        Some(texts.join(", "))
    }

    /// Whether a record of one type holds one of the other without a collection between.
    fn reaches(&self, from: &str, to: &str) -> bool {
        let (mut waiting, mut seen) = (vec![from], HashSet::new());
        while let Some(name) = waiting.pop() {
            if name == to {
                return true;
            }
            if let (true, Some(Schema::Object(object))) = (seen.insert(name), self.dataset.get(name)) {
                waiting.extend(object.fields.iter().filter_map(|field| field.ty.reference()));
            }
        }
        false
    }

    /// Whether a type's values have an order: no floating point numbers anywhere in them.
    fn is_ordered(&mut self, name: &str) -> bool {
        if let Some(&ordered) = self.ordered.get(name) {
            return ordered;
        }
        let (mut waiting, mut seen) = (vec![name.to_owned()], HashSet::new());
        let mut ordered = true;
        while let Some(name) = waiting.pop() {
            let Some(schema) = self.dataset.get(&name).filter(|_| seen.insert(name.clone())) else {
                continue;
            };
            if let Schema::Object(object) = schema {
                ordered &= !object
                    .fields
                    .iter()
                    .any(|field| matches!(field.ty, FieldType::Float | FieldType::Double));
            }
            waiting.extend(schema.references().into_iter().map(str::to_owned));
        }
        if let Some(schema) = self.dataset.get(name) {
            self.ordered.insert(schema.name(), ordered);
        }
        ordered
    }

    /// The model: the types that no other refers to are its roots.
    fn model(&mut self) -> String {
        let referred: BTreeMap<&str, ()> = self
            .dataset
            .schemas()
            .iter()
            .flat_map(Schema::references)
            .map(|name| (name, ()))
            .collect();
        let mut out = String::from(
            "\n/// The model of these types.\n///\n/// # Errors\n/// If two of them do not go together.\n\
             pub fn model() -> Result<Model, ModelError> {\n    let model = Model::builder();\n",
        );
        for schema in self.dataset.schemas() {
            // Of types that refer to each other in a circle each is a root.
            if referred.contains_key(schema.name()) && !self.reaches_itself(schema) {
                continue;
            }
            match self.spell(schema, 0) {
                Some(Spelled { ty, naming, .. }) if naming.is_empty() => {
                    _ = writeln!(out, "    let model = model.root::<{ty}>()?;");
                }
                Some(Spelled { ty, naming, .. }) => {
                    self.used.insert("Naming");
                    let naming = naming.join(", ");
                    _ = writeln!(out, "    let naming = Naming {{ {naming}, ..Naming::default() }};");
                    _ = writeln!(out, "    let model = model.root_with::<{ty}>(&naming)?;");
                }
                None => self.leave_out(format!("type {}", schema.name())),
            }
        }
        out.push_str("    model.build()\n}\n");
        out
    }

    fn reaches_itself(&self, schema: &Schema) -> bool {
        let Schema::Object(object) = schema else { return false };
        let (mut waiting, mut seen) = (schema.references(), HashSet::new());
        while let Some(name) = waiting.pop() {
            if name == object.name {
                return true;
            }
            if seen.insert(name)
                && let Some(schema) = self.dataset.get(name)
            {
                waiting.extend(schema.references());
            }
        }
        false
    }

    fn leave_out(&mut self, what: String) {
        self.left_out.push(what);
    }
}

/// The name a collection type gets by itself.
fn usual_name(schema: &Schema) -> String {
    match schema {
        Schema::Object(schema) => schema.name.clone(),
        Schema::List(schema) => format!("ListOf{}", schema.element),
        Schema::Set(schema) => format!("SetOf{}", schema.element),
        Schema::Map(schema) => format!("MapOf{}To{}", schema.key, schema.value),
    }
}
