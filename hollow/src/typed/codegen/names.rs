//! Names of schemas as names of Rust.

use super::builtin;
use crate::schema::{Dataset, ObjectSchema, Schema};
use std::collections::{HashMap, HashSet};

/// Names that the generated source uses for something else.
const TAKEN: [&str; 20] = [
    "BTreeMap",
    "BTreeSet",
    "Box",
    "Clone",
    "Debug",
    "Eq",
    "Hash",
    "Hollow",
    "Model",
    "ModelError",
    "None",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "RecordMap",
    "RecordSet",
    "Result",
    "Self",
    "Vec",
];
/// Methods that every accessor has.
const ACCESSOR: [&str; 3] = ["is_null", "ordinal", "to_owned"];
/// Keywords that cannot be raw.
const NEVER_RAW: [&str; 4] = ["crate", "self", "super", "_"];
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The names of structs.
pub(super) struct Names<'d> {
    by_type: HashMap<&'d str, String>,
}

impl<'d> Names<'d> {
    pub(super) fn of(dataset: &'d Dataset) -> Self {
        let mut used: HashSet<String> = TAKEN.iter().map(|&name| name.to_owned()).collect();
        used.insert("String".to_owned());
        let mut by_type = HashMap::new();
        for schema in dataset.schemas() {
            if let (Schema::Object(object), None) = (schema, builtin(schema)) {
                let name = pascal(&object.name);
                // The accessor takes a name too.
                let name = unused(name, "Record", |name| {
                    !used.contains(name)
                        && !used.contains(&format!("{name}Ref"))
                        && !used.contains(name.trim_end_matches("Ref"))
                });
                used.insert(name.clone());
                by_type.insert(object.name.as_str(), name);
            }
        }
        Self { by_type }
    }

    pub(super) fn of_type(&self, name: &str) -> &str {
        self.by_type.get(name).map_or("", String::as_str)
    }
}

/// The names of the fields, in order.
pub(super) fn field_names(object: &ObjectSchema) -> Vec<String> {
    let mut used: HashSet<String> = HashSet::new();
    let mut names = Vec::new();
    for field in &object.fields {
        let name = snake(&field.name);
        let reserved = |name: &str| ACCESSOR.contains(&name) || NEVER_RAW.contains(&name);
        let name = unused(name, "_", |name| !used.contains(name) && !reserved(name));
        used.insert(name.clone());
        names.push(if KEYWORDS.contains(&name.as_str()) {
            format!("r#{name}")
        } else {
            name
        });
    }
    names
}

fn unused(name: String, suffix: &str, is_free: impl Fn(&str) -> bool) -> String {
    let mut candidate = name;
    while !is_free(&candidate) {
        candidate.push_str(suffix);
    }
    candidate
}

/// The words of a name; what cannot stand in a Rust name divides them.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut begins, mut was_lower) = (true, false);
    for c in name.chars() {
        if !(c.is_ascii_alphanumeric() || c.is_alphabetic()) {
            begins = true;
            continue;
        }
        begins |= c.is_uppercase() && was_lower;
        was_lower = !c.is_uppercase();
        match words.last_mut() {
            Some(word) if !begins => word.push(c),
            _ => words.push(c.to_string()),
        }
        begins = false;
    }
    words
}

fn pascal(name: &str) -> String {
    let capital = |word: String| {
        let mut chars = word.chars();
        chars
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    };
    lead(words(name).into_iter().map(capital).collect(), "T")
}

fn snake(name: &str) -> String {
    lead(words(name).join("_").to_lowercase(), "f")
}

/// A name must begin with a letter.
fn lead(name: String, letter: &str) -> String {
    match name.chars().next() {
        Some(first) if first.is_alphabetic() => name,
        _ => format!("{letter}{name}"),
    }
}
