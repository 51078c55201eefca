//! A comparison as JSON, for programs.
//!
//! One line, one object, `"schema": 1`. Keys are never taken away or given another meaning without another number.
//! Records are written one at a time: the document can be larger than memory.
//!
//! Values stand as in messages: objects by field name without the fields that are null, an object that wraps a single
//! value as that value, a set as a sorted array, a map as an object if its keys are texts, else as an array of pairs,
//! bytes as hexadecimal digits, NaN and the infinities as strings. Absence is null.

use super::json_format::Visible;
use super::{Detail, Extent, RecordReport, Report, Title, limited};
use crate::schemas::SchemaDifference;
use crate::tags::{Derivation, Tag};
use crate::{Change, Edit, Node, SideName, TypeDiff, changes, compare, show};
use hollow::Ordinal;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};
use std::io::{self, Write};

impl Report<'_> {
    /// Writes the comparison for programs. The extent limits the lists; counts are always complete.
    ///
    /// # Errors
    /// Whatever writing fails with.
    pub fn json(&self, out: &mut dyn Write, extent: Extent) -> io::Result<()> {
        write(out, &Document { report: self, extent })
    }
}

impl RecordReport<'_> {
    /// Writes the record for programs.
    ///
    /// # Errors
    /// Whatever writing fails with.
    pub fn json(&self, out: &mut dyn Write) -> io::Result<()> {
        let (before, after) = (self.sides.0.as_ref(), self.sides.1.as_ref());
        let edit = match (before, after) {
            (Some(before), Some(after)) => compare(before, after),
            (before, after) => Edit::Replaced(before, after),
        };
        let document = json!({
            "schema": 1,
            "same": self.is_same(),
            "a": title(&self.a),
            "b": title(&self.b),
            "derived": self.tags.derived.as_ref().map(derived),
            "record": {
                "type": self.type_name,
                "key": self.key,
                "a": before.map_or(Value::Null, node),
                "b": after.map_or(Value::Null, node),
                "changes": changes(&edit).iter().map(change).collect::<Vec<_>>(),
            },
        });
        write(out, &document)
    }
}

fn write(out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
    document.serialize(&mut serde_json::Serializer::with_formatter(&mut *out, Visible))?;
    writeln!(out)
}

struct Document<'r> {
    report: &'r Report<'r>,
    extent: Extent,
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let diff = self.report.diff;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schema", &1)?;
        map.serialize_entry("same", &diff.is_same())?;
        map.serialize_entry("a", &title(&self.report.a))?;
        map.serialize_entry("b", &title(&self.report.b))?;
        map.serialize_entry("derived", &diff.tags.derived.as_ref().map(derived))?;
        map.serialize_entry("tags", &diff.tags.differences.iter().map(tag).collect::<Vec<_>>())?;
        map.serialize_entry("schemas", &diff.schemas.iter().map(schema).collect::<Vec<_>>())?;
        map.serialize_entry(
            "types",
            &Sequence(|| diff.types.iter().map(|ty| Type { document: self, ty })),
        )?;
        map.end()
    }
}

struct Type<'r> {
    document: &'r Document<'r>,
    ty: &'r TypeDiff,
}

impl Serialize for Type<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (ty, report, extent) = (self.ty, self.document.report, self.document.extent);
        let detail = if report.lists(ty) {
            extent.detail
        } else {
            Detail::Summary
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &ty.name)?;
        map.serialize_entry("key", &ty.key())?;
        let counts = [
            ("a", ty.in_a),
            ("b", ty.in_b),
            ("equal", ty.equal),
            ("modified", ty.modified.len()),
            ("only_in_a", ty.only_in_a.len()),
            ("only_in_b", ty.only_in_b.len()),
            ("ambiguous", ty.ambiguous),
        ];
        counts
            .iter()
            .try_for_each(|(name, count)| map.serialize_entry(name, count))?;
        if detail >= Detail::Fields {
            let field = |field: &crate::FieldDiff| json!({"path": field.path, "records": field.records, "places": field.places});
            map.serialize_entry("fields", &ty.fields.iter().map(field).collect::<Vec<_>>())?;
        }
        if detail >= Detail::Groups {
            let keys = report.details.keys(SideName::A, ty);
            let groups = limited(ty.groups.len(), extent.limit);
            map.serialize_entry("group_count", &ty.groups.len())?;
            map.serialize_entry(
                "groups",
                &Sequence(|| {
                    ty.groups.iter().take(groups).map(|group| {
                        let first = ty.modified.get(group.first);
                        let (before, after) =
                            first.map_or((Node::Null, Node::Null), |first| report.details.trees(ty, first));
                        let edit = compare(&before, &after);
                        json!({
                            "records": group.records,
                            "first": first.map(|first| key(&keys(first.a))),
                            "changes": changes(&edit).iter().map(change).collect::<Vec<_>>(),
                        })
                    })
                }),
            )?;
        }
        if detail >= Detail::Records {
            let keys = report.details.keys(SideName::A, ty);
            let records = limited(ty.modified.len(), extent.limit);
            // A record's changes are those of its group: they are written there.
            map.serialize_entry(
                "records",
                &Sequence(|| {
                    ty.modified
                        .iter()
                        .take(records)
                        .map(|m| json!({"key": key(&keys(m.a)), "group": m.group}))
                }),
            )?;
            for (name, side, ordinals) in [
                ("records_only_in_a", SideName::A, &ty.only_in_a),
                ("records_only_in_b", SideName::B, &ty.only_in_b),
            ] {
                let keys = report.details.keys(side, ty);
                let record = |ordinal: &Ordinal| match ty.key() {
                    Some(_) => key(&keys(*ordinal)),
                    None => node(&report.details.tree(side, &ty.name, *ordinal)),
                };
                let shown = limited(ordinals.len(), extent.limit);
                map.serialize_entry(name, &Sequence(|| ordinals.iter().take(shown).map(record)))?;
            }
        }
        map.end()
    }
}

/// An array whose elements are made while it is written.
struct Sequence<F>(F);

impl<F, I> Serialize for Sequence<F>
where
    F: Fn() -> I,
    I: Iterator,
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

fn title(title: &Title) -> Value {
    json!({"selector": title.selector, "version": title.version})
}

fn tag(tag: &Tag) -> Value {
    json!({"name": tag.name, "a": tag.a, "b": tag.b})
}

fn derived(derived: &Derivation) -> Value {
    let different = derived.inputs.iter().filter(|input| !input.is_same());
    json!({
        "same_inputs_and_instant": derived.same_question(),
        "same_rules": derived.same_rules(),
        "inputs": derived.inputs.len(),
        "inputs_identical": derived.equal_inputs(),
        "inputs_that_differ": different.map(tag).collect::<Vec<_>>(),
        "instant": {"a": derived.instant.a, "b": derived.instant.b},
        "follows": derived.follows.as_ref().map(|follows| json!({
            "follower": follows.follower.to_string(),
            "version": follows.version,
            "is_other": follows.is_other,
        })),
    })
}

fn schema(difference: &SchemaDifference) -> Value {
    match difference {
        SchemaDifference::TypeOnly { type_name, side } => {
            json!({"what": "type", "type": type_name, "only_in": side.to_string()})
        }
        SchemaDifference::FieldOnly {
            type_name,
            field,
            holds,
            side,
        } => {
            json!({"what": "field", "type": type_name, "field": field, "holds": holds, "only_in": side.to_string()})
        }
        SchemaDifference::Declared { type_name, what, a, b } => {
            json!({"what": what, "type": type_name, "a": a, "b": b})
        }
    }
}

fn change(change: &Change<'_>) -> Value {
    json!({
        "path": change.path(),
        "place": change.place(),
        "a": change.before.map_or(Value::Null, node),
        "b": change.after.map_or(Value::Null, node),
    })
}

fn key(parts: &[Node]) -> Value {
    parts.iter().map(node).collect()
}

/// A value of a record.
pub(super) fn node(value: &Node) -> Value {
    match value.unwrapped() {
        Node::Null => Value::Null,
        Node::Int(number) => json!(number),
        Node::Boolean(value) => json!(value),
        Node::Float(bits) => float(f32::from_bits(*bits).into(), || {
            // By its shortest digits: widened, 0.1 would be 0.10000000149011612.
            json!(f32::from_bits(*bits).to_string().parse::<f64>().unwrap_or_default())
        }),
        Node::Double(bits) => float(f64::from_bits(*bits), || json!(f64::from_bits(*bits))),
        Node::Text(text) => json!(text),
        Node::Units(units) => json!(show::units_escaped(units)),
        Node::Bytes(bytes) => Value::String(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        Node::Object(object) => object
            .fields
            .iter()
            .map(|member| (member.name.to_string(), node(&member.node)))
            .collect::<Map<_, _>>()
            .into(),
        Node::List(elements) | Node::Set(elements) => elements.items.iter().map(node).collect(),
        Node::Map(entries) => {
            let by_text = entries.iter().map(|(key, value)| match key.unwrapped() {
                Node::Text(text) => Some((text.clone(), node(value))),
                _ => None,
            });
            match by_text.collect::<Option<Map<_, _>>>() {
                Some(map) => map.into(),
                None => entries
                    .iter()
                    .map(|(key, value)| json!([node(key), node(value)]))
                    .collect(),
            }
        }
        Node::Cut(_) => json!("(not shown: nested too deeply or too large)"),
    }
}

fn float(value: f64, finite: impl Fn() -> Value) -> Value {
    if value.is_nan() {
        json!("NaN")
    } else if value.is_infinite() {
        json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        finite()
    }
}
