//! `#[derive(Hollow)]`, re-exported by `hollow::typed`: see there for what it makes and for its attributes.

mod attributes;
mod enumeration;
mod names;
mod object;

use proc_macro::TokenStream;
use syn::{Data, DeriveInput, Error, Fields, spanned::Spanned};

/// Makes a struct or an enum a type of records; see `hollow::typed`.
///
/// | on | attribute | meaning |
/// |---|---|---|
/// | type | `primary_key(id, language.tag)` | the fields that identify a record |
/// | type | `rename = "Film"` | its name in the schema |
/// | type | `rename_all = "camelCase"` | the case of the names of its fields or variants |
/// | type | `optional` | a state without the type has no records of it, instead of being refused |
/// | type | `view = "FilmView"` | the name of the accessor, instead of the type's with `Ref` behind |
/// | type | `crate = path` | where the crate `hollow` is, if not at `::hollow` |
/// | enum | `field = "name"` | the field that holds the variant's name, instead of `_name` |
/// | field, variant | `rename = "x"` | its name in the schema |
/// | field | `inline` | text or enum in the record itself |
/// | field | `boxed` | a number, time or bytes as a record of its own: `Long`, `Integer`, `Date`, .. |
/// | field | `skip` | not stored; `Default` when read |
/// | field | `default` | may be missing or null in data; `Default` when read as an owned value |
/// | field | `hash_key(code)` | what places the elements of a set, or the keys of a map, in their buckets |
/// | field | `type_name = "X"` | the name of the field's type: of the list, set, map, or record of text |
/// | field | `element_type`, `key_type`, `value_type` | the names of the types of elements, keys and values |
/// | variant | `other` | takes the names that no other variant has: `Other(String)` |
#[proc_macro_derive(Hollow, attributes(hollow))]
pub fn derive_hollow(input: TokenStream) -> TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|error| error.into_compile_error()).into()
}

fn expand(input: &DeriveInput) -> syn::Result<proc_macro2::TokenStream> {
    if !input.generics.params.is_empty() {
        let what = "a record type has one schema, so it cannot be generic or borrow: write a struct for each use, \
                    with owned fields";
        return Err(Error::new(input.generics.span(), what));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => object::expand(input, fields),
            Fields::Unnamed(fields) => Err(Error::new(
                fields.span(),
                "fields need names, which become those of the schema: struct Genre { name: String }",
            )),
            Fields::Unit => Err(Error::new(
                input.ident.span(),
                "a record needs fields: struct Genre { name: String }",
            )),
        },
        Data::Enum(data) => enumeration::expand(input, data),
        Data::Union(data) => Err(Error::new(
            data.union_token.span(),
            "a union does not say which of its fields is there: use a struct with Option fields",
        )),
    }
}
