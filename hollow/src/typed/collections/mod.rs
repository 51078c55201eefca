//! Lists, sets and maps: as Rust has them, to write and to own; as views of a state, to read.

/// Views are two pointers and an ordinal, whatever they are views of.
macro_rules! views_are_copy {
    ($name:ident[$($param:ident),+]) => {
        impl<$($param),+> Clone for $name<'_, $($param),+> {
            fn clone(&self) -> Self {
                *self
            }
        }

        impl<$($param),+> Copy for $name<'_, $($param),+> {}

        impl<$($param),+> std::fmt::Debug for $name<'_, $($param),+> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.at.fmt(f)
            }
        }
    };
}
use views_are_copy;

mod list;
mod map;
mod set;

pub use list::ListRef;
pub use map::{MapLike, MapRef, RecordMap};
pub use set::{RecordSet, SetLike, SetRef};

/// A field with elements, whose type can be named: lists and sets.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "#[hollow(element_type)] needs a list or set",
    label = "has no elements; of a map name key_type and value_type, any other type is named by type_name"
)]
pub trait HasElements {}

impl<T: HasElements> HasElements for Option<T> {}
impl<T: HasElements> HasElements for Box<T> {}
impl<T: HasElements> HasElements for std::sync::Arc<T> {}
