//! Keys as Rust values, and the way to their parts in a state.

use super::Field;
use super::read::TypePlan;
use crate::Ordinal;
use crate::read::ReadState;
use crate::record::KeyValue;
use std::marker::PhantomData;
use std::sync::Arc;

/// A whole key, or a part of one: numbers, `bool`, `char`, `&str`, `&[u8]`, enums and tuples of them.
pub trait KeyParts {
    /// Appends the parts, as the schema has them.
    fn push(self, parts: &mut Vec<KeyValue>);

    /// Gives the parts to a function; plain numbers without allocating.
    fn with<R>(self, then: impl FnOnce(&[KeyValue]) -> R) -> R
    where
        Self: Sized,
    {
        let mut parts = Vec::new();
        self.push(&mut parts);
        then(&parts)
    }
}

/// The key of what cannot be part of one: there is no such value. Keys are made of values that are never null (numbers,
/// text, enums, and records that have a key or a single field); `Option`, lists, sets and maps are not among them.
#[derive(Clone, Copy, Debug)]
pub enum NoKey {}

impl KeyParts for NoKey {
    fn push(self, _: &mut Vec<KeyValue>) {
        match self {}
    }
}

/// Types of keys that exist, to say so in compile errors.
#[diagnostic::on_unimplemented(
    message = "this field cannot be part of a key",
    label = "never null and single is what a key is made of",
    note = "a key is made of numbers, bool, char, text, enums, and records with a primary key or a single such field; \
            Option, lists, sets and maps cannot be part of one"
)]
pub trait IsKey {}

macro_rules! key_parts {
    ($($ty:ty => $variant:ident($make:expr)),* $(,)?) => {$(
        impl KeyParts for $ty {
            #[inline]
            fn push(self, parts: &mut Vec<KeyValue>) {
                let make: fn($ty) -> _ = $make;
                parts.push(KeyValue::$variant(make(self)));
            }

            #[inline]
            fn with<R>(self, then: impl FnOnce(&[KeyValue]) -> R) -> R {
                let make: fn($ty) -> _ = $make;
                then(&[KeyValue::$variant(make(self))])
            }
        }
        impl IsKey for $ty {}
    )*};
}
key_parts! {
    i8 => Int(i32::from), i16 => Int(i32::from), i32 => Int(|n| n), u8 => Int(i32::from), u16 => Int(i32::from),
    u32 => Long(i64::from), i64 => Long(|n| n), bool => Boolean(|b| b), f32 => Float(|n| n), f64 => Double(|n| n),
    char => Int(|c| u32::from(c).cast_signed()), super::EpochMillis => Long(|t| t.0),
    std::time::SystemTime => Long(|t| super::EpochMillis::from(t).0),
    &str => Text(str::to_owned), &[u8] => Bytes(<[u8]>::to_vec),
}

macro_rules! tuples {
    ($(($($name:ident $index:tt),+))*) => {$(
        impl<$($name: KeyParts),+> KeyParts for ($($name,)+) {
            fn push(self, parts: &mut Vec<KeyValue>) {
                $(self.$index.push(parts);)+
            }
        }
        impl<$($name: IsKey),+> IsKey for ($($name,)+) {}
        impl<$($name: Field),+> KeyOf for ($($name,)+) {
            type Key<'k> = ($($name::Key<'k>,)+);
        }
    )*};
}
tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
}

/// What a set or map is asked by.
pub trait KeyOf {
    /// The key as it is given.
    type Key<'k>: KeyParts;
}

/// The key of a field's own type: what sets and maps go by if nothing else is said.
#[derive(Debug)]
pub struct Own<T>(PhantomData<fn() -> T>);

impl<T: Field> KeyOf for Own<T> {
    type Key<'k> = T::Key<'k>;
}

/// A field of a derived struct, by the hash of its name: how a derive looks at the types of others.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no field of this name that a key can go through",
    label = "no such field",
    note = "a path names fields of derived structs as Rust has them, joined by dots: country.code; it cannot go through Option"
)]
pub trait FieldNamed<const NAME: u64> {
    /// The field's type.
    type Type: Field;
    /// The field.
    fn field(&self) -> &Self::Type;
    /// The field's name in the schema.
    const NAME_IN_SCHEMA: &'static str;
}

/// The field of the types that single values have as records: `name.value` is the text of a `String` that is referred to.
macro_rules! named_value {
    ($($ty:ty),*) => {$(
        impl FieldNamed<VALUE> for $ty {
            type Type = Self;
            const NAME_IN_SCHEMA: &'static str = "value";

            fn field(&self) -> &Self {
                self
            }
        }
    )*};
}
named_value!(
    String,
    Box<str>,
    Arc<str>,
    i8,
    i16,
    i32,
    i64,
    u16,
    u32,
    bool,
    f32,
    f64,
    char,
    super::EpochMillis
);

/// The name `value` as the derive has it.
const VALUE: u64 = {
    let (name, mut hash, mut at) = (b"value", 0xcbf2_9ce4_8422_2325u64, 0);
    while at < name.len() {
        hash = (hash ^ name[at] as u64).wrapping_mul(0x0100_0000_01b3);
        at += 1;
    }
    hash
};

/// Finds an entry of a set or map that is not placed by this key in the data: looks at one after the other.
pub(super) fn find_entry<E: Copy>(
    plan: &TypePlan,
    key: &[KeyValue],
    state: &ReadState,
    mut entries: impl Iterator<Item = E>,
    key_of: impl Fn(E) -> Ordinal,
) -> Option<E> {
    if plan.routes.is_empty() || plan.routes.len() != key.len() {
        return None;
    }
    entries.find(|&entry| {
        let mut parts = plan.routes.iter().zip(key);
        parts.all(|(route, value)| route.leads_to(state, key_of(entry), value))
    })
}
