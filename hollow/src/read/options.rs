//! What of a blob is to be read.

use std::collections::BTreeMap;

/// Which types and fields to keep. The default keeps everything.
///
/// ```
/// use hollow::read::Filter;
///
/// let filter = Filter::nothing().with_type("Movie").without_field("Movie", "synopsis");
/// assert!(filter.keeps_type("Movie") && !filter.keeps_type("Actor"));
/// assert!(filter.keeps_field("Movie", "id") && !filter.keeps_field("Movie", "synopsis"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    drops_others: bool,
    types: BTreeMap<String, TypeRule>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct TypeRule {
    keep: Option<bool>,
    drops_other_fields: bool,
    fields: BTreeMap<String, bool>,
}

impl Filter {
    /// Keeps everything that is not dropped by name.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Drops every type that is not kept by name.
    pub fn nothing() -> Self {
        Self {
            drops_others: true,
            ..Self::default()
        }
    }

    /// Keeps a type, with all fields that no other rule speaks of.
    pub fn with_type(mut self, name: &str) -> Self {
        self.types.entry(name.to_owned()).or_default().keep = Some(true);
        self
    }

    /// Drops a type.
    pub fn without_type(mut self, name: &str) -> Self {
        self.types.entry(name.to_owned()).or_default().keep = Some(false);
        self
    }

    /// Keeps a type with this field; fields of the type that no rule names are dropped.
    pub fn with_field(mut self, type_name: &str, field: &str) -> Self {
        let rule = self.types.entry(type_name.to_owned()).or_default();
        rule.keep = Some(true);
        rule.drops_other_fields = true;
        rule.fields.insert(field.to_owned(), true);
        self
    }

    /// Drops a field.
    pub fn without_field(mut self, type_name: &str, field: &str) -> Self {
        let rule = self.types.entry(type_name.to_owned()).or_default();
        rule.fields.insert(field.to_owned(), false);
        self
    }

    /// Whether this type is kept.
    pub fn keeps_type(&self, name: &str) -> bool {
        let rule = self.types.get(name).and_then(|rule| rule.keep);
        rule.unwrap_or(!self.drops_others)
    }

    /// Whether this field is kept, if its type is.
    pub fn keeps_field(&self, type_name: &str, field: &str) -> bool {
        self.types.get(type_name).is_none_or(|rule| {
            let named = rule.fields.get(field).copied();
            named.unwrap_or(!rule.drops_other_fields)
        })
    }
}

/// How to load a snapshot.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions<'b> {
    /// The optional parts to read with the snapshot, each a blob of its own. Types of other parts do not exist then.
    pub parts: Vec<&'b [u8]>,
    /// The types and fields to keep.
    pub filter: Filter,
}
