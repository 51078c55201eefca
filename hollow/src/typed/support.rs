//! Calls of derived code.

pub use super::enumeration::{declare as declare_enum, declare_field as declare_enum_field};
pub use super::enumeration::{get as get_enum, null as null_enum, own as own_enum};
pub use super::enumeration::{write as write_enum, write_field as write_enum_field};
use super::read::{At, Budget};
use super::{Field, HasElements, IsKey, MapLike, ReadError, Record, SetLike};

/// A field that always has a value, as an owned value.
pub fn own<T: Field>(of: At<'_>, field: usize, budget: &mut Budget) -> Result<T, ReadError> {
    T::own(of, field, budget)?.ok_or_else(|| of.null_error(field))
}

/// A field with a default, as an owned value.
pub fn own_or_default<T: Field + Default>(of: At<'_>, field: usize, budget: &mut Budget) -> Result<T, ReadError> {
    Ok(T::own(of, field, budget)?.unwrap_or_default())
}

/// A field, as its accessor gives it.
#[inline]
pub fn view<T: Field>(of: At<'_>, field: usize) -> T::View<'_> {
    match T::get(of, field) {
        Some(value) => value,
        None => T::null(of, field),
    }
}

/// A record as an owned value.
pub fn take<T: Record>(at: At<'_>) -> Result<T, ReadError> {
    T::own_record(at, &mut Budget::default())
}

/// Types that text or an enum can be stored as, in the record itself.
#[diagnostic::on_unimplemented(
    message = "#[hollow(inline)] is for text and enums",
    label = "cannot be stored inline",
    note = "numbers, times and bytes are in the record anyway; structs and collections are records of their own"
)]
pub trait Inlinable {}
impl Inlinable for String {}
impl Inlinable for Box<str> {}
impl Inlinable for std::sync::Arc<str> {}
impl<T: Inlinable> Inlinable for Option<T> {}

/// Types that are in the record itself unless they ask for a record of their own.
#[diagnostic::on_unimplemented(
    message = "#[hollow(boxed)] is for numbers, bool, char, times and bytes",
    label = "is a record of its own anyway"
)]
pub trait Boxable {}
macro_rules! boxable {
    ($($ty:ty),*) => {$(impl Boxable for $ty {})*};
}
boxable!(
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    f32,
    f64,
    bool,
    char,
    Vec<u8>,
    super::EpochMillis,
    std::time::SystemTime
);
impl<T: Boxable> Boxable for Option<T> {}

/// Compiles if the type can be part of a key.
pub const fn is_key<T: Field>()
where
    T::Key<'static>: IsKey,
{
}
/// Compiles if the type can be inline.
pub const fn is_inlinable<T: Inlinable>() {}
/// Compiles if the type can be boxed.
pub const fn is_boxable<T: Boxable>() {}
/// Compiles if the type can have a hash key.
pub const fn is_hashed<T: SetLike>() {}
/// Compiles if the type has elements.
pub const fn has_elements<T: HasElements>() {}
/// Compiles if the type is a map.
pub const fn is_map<T: MapLike>() {}
/// Compiles if the type has a default.
pub const fn has_default<T: Default>() {}

/// The bytes of names joined by dots.
pub const fn path_len(names: &[&str]) -> usize {
    let (mut len, mut at) = (0, 0);
    while at < names.len() {
        len += names[at].len() + (at > 0) as usize;
        at += 1;
    }
    len
}

/// Names joined by dots, in constants.
pub const fn path<const LEN: usize>(names: &[&str]) -> [u8; LEN] {
    let mut out = [b'.'; LEN];
    let (mut to, mut at) = (0, 0);
    while at < names.len() {
        to += (at > 0) as usize;
        let (name, mut from) = (names[at].as_bytes(), 0);
        while from < name.len() {
            out[to] = name[from];
            to += 1;
            from += 1;
        }
        at += 1;
    }
    out
}

/// The bytes of a path as text. Evaluated when derived code is compiled: a panic here is a compile error.
pub const fn path_text(path: &'static [u8]) -> &'static str {
    match std::str::from_utf8(path) {
        Ok(text) => text,
        Err(_) => panic!("names of fields joined by dots are text"),
    }
}
