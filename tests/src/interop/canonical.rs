//! Everything that can be seen of a state, as text that is the same for the same state whoever writes it.
//! `tests/interop/.../Canonical.java` is the other side.

use super::words::{NULL, hash, push_bytes, push_text, push_units};
use hollow::Ordinal;
use hollow::read::{ObjectTypeState, ReadState, TypeReadState};
use hollow::schema::FieldType;
use hollow::tools::checksum::Checksums;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The text of a state.
pub(super) fn text(state: &ReadState) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "state {}", state.tag());
    for (key, value) in sorted(state.header_tags().iter()) {
        out.push_str("tag ");
        push_text(&mut out, key);
        out.push(' ');
        push_text(&mut out, value);
        out.push('\n');
    }
    for (_, ty) in sorted(state.types().map(|ty| (ty.name(), ty))) {
        let schema = ty.schema().to_string().replace('\n', " ").replace('\t', "");
        let _ = writeln!(out, "type {} {schema}", ty.num_shards());
        for ordinal in ty.populated() {
            let _ = write!(out, "{ordinal}");
            record(&mut out, ty, ordinal);
            out.push('\n');
        }
    }
    out
}

/// A hash of the text, the checksum of the state, and those of its types.
pub(super) fn sum(state: &ReadState) -> String {
    let sums = Checksums::of(state);
    let mut out = format!("{:x} {}", hash(&text(state)), sums.total);
    for (name, sum) in sorted(sums.types.iter().map(|(name, sum)| (name.as_str(), sum))) {
        let _ = write!(out, " {name}={sum}");
    }
    out
}

/// In the order in which Java sorts names.
fn sorted<K: AsRef<str>, V>(items: impl Iterator<Item = (K, V)>) -> Vec<(K, V)> {
    let mut items: Vec<(K, V)> = items.collect();
    items.sort_by(|(a, _), (b, _)| a.as_ref().encode_utf16().cmp(b.as_ref().encode_utf16()));
    items
}

fn record(out: &mut String, ty: &TypeReadState, ordinal: Ordinal) {
    match ty {
        TypeReadState::Object(ty) => {
            for at in 0..ty.schema().fields.len() {
                out.push(' ');
                field(out, ty, ordinal, at);
            }
        }
        TypeReadState::List(ty) => ty.elements(ordinal).for_each(|element| {
            let _ = write!(out, " {element}");
        }),
        TypeReadState::Set(ty) => ty.buckets(ordinal).for_each(|(bucket, element)| {
            let _ = write!(out, " {bucket}:{element}");
        }),
        TypeReadState::Map(ty) => ty.buckets(ordinal).for_each(|(bucket, key, value)| {
            let _ = write!(out, " {bucket}:{key}={value}");
        }),
    }
}

fn field(out: &mut String, ty: &ObjectTypeState, ordinal: Ordinal, at: usize) {
    // Writing to a String cannot fail: the results below say only whether there was a value.
    let written = match &ty.schema().fields[at].ty {
        FieldType::Int => ty.int(ordinal, at).map(|v| write!(out, "{v}")),
        FieldType::Long => ty.long(ordinal, at).map(|v| write!(out, "{v}")),
        FieldType::Boolean => ty
            .boolean(ordinal, at)
            .map(|v| out.write_str(if v { "t" } else { "f" })),
        FieldType::Float => ty.float(ordinal, at).map(|v| write!(out, "{:08x}", v.to_bits())),
        FieldType::Double => ty.double(ordinal, at).map(|v| write!(out, "{:016x}", v.to_bits())),
        FieldType::Reference(_) => ty.reference(ordinal, at).map(|v| write!(out, "{v}")),
        FieldType::String => ty.text(ordinal, at).map(|v| {
            push_units(out, v.units());
            Ok(())
        }),
        FieldType::Bytes => ty.bytes(ordinal, at).map(|v| {
            push_bytes(out, v);
            Ok(())
        }),
    };
    if written.is_none() {
        out.push_str(NULL);
    }
}

/// What of two states must agree although a producer lost something between them that Java Hollow loses, too.
#[derive(Clone, Debug, Default)]
pub(super) struct Loosely {
    /// Fields to leave out, as type and field name.
    pub(super) fields: BTreeSet<(String, String)>,
    /// Types to leave out.
    pub(super) types: BTreeSet<String>,
}

/// The text of a state without what [`Loosely`] names, without buckets, and with NaN as null.
pub(super) fn loose_text(state: &ReadState, without: &Loosely) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "state {}", state.tag());
    for (key, value) in state.header_tags() {
        let _ = writeln!(out, "tag {key:?} {value:?}");
    }
    for (name, ty) in sorted(state.types().map(|ty| (ty.name(), ty))) {
        if without.types.contains(name) {
            continue;
        }
        let _ = writeln!(out, "type {name} {}", ty.num_shards());
        for ordinal in ty.populated() {
            let _ = write!(out, "{ordinal}");
            match ty {
                TypeReadState::Object(ty) => loose_object(&mut out, ty, ordinal, without),
                TypeReadState::List(_) => record(&mut out, &ty.clone(), ordinal),
                TypeReadState::Set(ty) => {
                    let elements: BTreeSet<Ordinal> = ty.elements(ordinal).collect();
                    let _ = write!(out, " {elements:?}");
                }
                TypeReadState::Map(ty) => {
                    let entries: BTreeSet<(Ordinal, Ordinal)> = ty.entries(ordinal).collect();
                    let _ = write!(out, " {entries:?}");
                }
            }
            out.push('\n');
        }
    }
    out
}

fn loose_object(out: &mut String, ty: &ObjectTypeState, ordinal: Ordinal, without: &Loosely) {
    let mut fields: Vec<(&str, usize)> = ty
        .schema()
        .fields
        .iter()
        .enumerate()
        .map(|(at, field)| (field.name.as_str(), at))
        .collect();
    fields.sort_unstable();
    for (name, at) in fields {
        if without.fields.contains(&(ty.schema().name.clone(), name.to_owned())) {
            continue;
        }
        let _ = write!(out, " {name}=");
        let is_nan = ty.float(ordinal, at).is_some_and(f32::is_nan) || ty.double(ordinal, at).is_some_and(f64::is_nan);
        if is_nan {
            out.push_str(NULL);
        } else {
            field(out, ty, ordinal, at);
        }
    }
}
