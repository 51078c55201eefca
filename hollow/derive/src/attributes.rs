//! `#[hollow(..)]` on types, fields and variants.

use crate::names::Case;
use proc_macro2::Span;
use quote::quote;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Ident, LitStr, Path, Token, parenthesized};

/// A field path: `language.tag`.
#[derive(Clone)]
pub(crate) struct KeyPath {
    pub(crate) segments: Vec<Ident>,
}

impl Parse for KeyPath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut segments = vec![segment(input)?];
        while input.parse::<Option<Token![.]>>()?.is_some() {
            segments.push(segment(input)?);
        }
        Ok(Self { segments })
    }
}

fn segment(input: ParseStream<'_>) -> syn::Result<Ident> {
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        return Err(Error::new(
            text.span(),
            "name the field itself, without quotes: primary_key(id)",
        ));
    }
    Ident::parse_any(input)
}

impl KeyPath {
    pub(crate) fn span(&self) -> Span {
        self.segments[0].span()
    }
}

fn paths(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<KeyPath>> {
    let content;
    parenthesized!(content in meta.input);
    let paths = Punctuated::<KeyPath, Token![,]>::parse_terminated(&content)?;
    Ok(paths.into_iter().collect())
}

fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    let text: LitStr = meta.value()?.parse()?;
    if text.value().is_empty() {
        return Err(Error::new(text.span(), "the name is empty"));
    }
    Ok(text)
}

/// Goes through the attributes; each may stand once.
fn each(
    attributes: &[Attribute],
    mut one: impl FnMut(&str, &ParseNestedMeta<'_>) -> syn::Result<bool>,
    known: &str,
) -> syn::Result<()> {
    let mut seen: Vec<String> = Vec::new();
    for attribute in attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("hollow"))
    {
        attribute.parse_nested_meta(|meta| {
            let name = meta
                .path
                .get_ident()
                .map(|ident| ident.unraw().to_string())
                .unwrap_or_default();
            if seen.contains(&name) {
                return Err(meta.error(format!("`{name}` is given twice")));
            }
            if !one(&name, &meta)? {
                return Err(meta.error(format!("no such attribute here, expected one of: {known}")));
            }
            seen.push(name);
            Ok(())
        })?;
    }
    Ok(())
}

/// Attributes of a struct or enum.
pub(crate) struct TypeAttributes {
    pub(crate) primary_key: Vec<KeyPath>,
    pub(crate) primary_key_span: Option<Span>,
    pub(crate) rename: Option<LitStr>,
    pub(crate) rename_all: Option<Case>,
    pub(crate) optional: bool,
    pub(crate) view: Option<Ident>,
    pub(crate) field: Option<LitStr>,
    pub(crate) hollow: proc_macro2::TokenStream,
}

impl TypeAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut this = Self {
            primary_key: Vec::new(),
            primary_key_span: None,
            rename: None,
            rename_all: None,
            optional: false,
            view: None,
            field: None,
            hollow: quote!(::hollow),
        };
        let one = |name: &str, meta: &ParseNestedMeta<'_>| {
            match name {
                "primary_key" => {
                    this.primary_key = paths(meta)?;
                    this.primary_key_span = Some(meta.path.get_ident().map_or_else(Span::call_site, Ident::span));
                    if this.primary_key.is_empty() {
                        return Err(meta.error("name at least one field: primary_key(id)"));
                    }
                    if this.primary_key.len() > 6 {
                        return Err(meta.error("a primary key has up to 6 parts"));
                    }
                }
                "rename" => this.rename = Some(text(meta)?),
                "rename_all" => this.rename_all = Some(Case::parse(&text(meta)?)?),
                "optional" => this.optional = true,
                "view" => this.view = Some(text(meta)?.parse()?),
                "field" => this.field = Some(text(meta)?),
                "crate" => {
                    let path: Path = meta.value()?.parse()?;
                    this.hollow = quote!(#path);
                }
                _ => return Ok(false),
            }
            Ok(true)
        };
        each(
            attributes,
            one,
            "primary_key(..), rename = \"..\", rename_all = \"..\", optional, view = \"..\", field = \"..\" (enums), crate = ..",
        )?;
        Ok(this)
    }
}

/// Attributes of a field.
#[derive(Default)]
pub(crate) struct FieldAttributes {
    pub(crate) rename: Option<LitStr>,
    pub(crate) inline: bool,
    pub(crate) boxed: bool,
    pub(crate) skip: bool,
    pub(crate) default: bool,
    pub(crate) hash_key: Option<Vec<KeyPath>>,
    pub(crate) type_name: Option<LitStr>,
    pub(crate) element_type: Option<LitStr>,
    pub(crate) key_type: Option<LitStr>,
    pub(crate) value_type: Option<LitStr>,
}

impl FieldAttributes {
    pub(crate) fn parse(attributes: &[Attribute], of: &Ident) -> syn::Result<Self> {
        let mut this = Self::default();
        let one = |name: &str, meta: &ParseNestedMeta<'_>| {
            match name {
                "rename" => this.rename = Some(text(meta)?),
                "inline" => this.inline = true,
                "boxed" => this.boxed = true,
                "skip" => this.skip = true,
                "default" => this.default = true,
                "hash_key" => {
                    let paths = paths(meta)?;
                    if paths.len() > 6 {
                        return Err(meta.error("a hash key has up to 6 parts"));
                    }
                    this.hash_key = Some(paths);
                }
                "type_name" => this.type_name = Some(text(meta)?),
                "element_type" => this.element_type = Some(text(meta)?),
                "key_type" => this.key_type = Some(text(meta)?),
                "value_type" => this.value_type = Some(text(meta)?),
                _ => return Ok(false),
            }
            Ok(true)
        };
        each(
            attributes,
            one,
            "rename = \"..\", inline, boxed, skip, default, hash_key(..), type_name = \"..\", element_type = \"..\", \
             key_type = \"..\", value_type = \"..\"",
        )?;
        if this.inline && this.boxed {
            return Err(Error::new(of.span(), "a field is either `inline` or `boxed`"));
        }
        if this.inline && this.type_name.is_some() {
            return Err(Error::new(
                of.span(),
                "an `inline` field has no type of its own to name",
            ));
        }
        let others = this.inline || this.boxed || this.default || this.hash_key.is_some() || this.rename.is_some();
        if this.skip && others {
            return Err(Error::new(
                of.span(),
                "a field with `skip` is not stored: it has no other attributes",
            ));
        }
        Ok(this)
    }
}

/// Attributes of a variant.
#[derive(Default)]
pub(crate) struct VariantAttributes {
    pub(crate) rename: Option<LitStr>,
    pub(crate) other: bool,
}

impl VariantAttributes {
    pub(crate) fn parse(attributes: &[Attribute]) -> syn::Result<Self> {
        let mut this = Self::default();
        let one = |name: &str, meta: &ParseNestedMeta<'_>| {
            match name {
                "rename" => this.rename = Some(text(meta)?),
                "other" => this.other = true,
                _ => return Ok(false),
            }
            Ok(true)
        };
        each(attributes, one, "rename = \"..\", other")?;
        Ok(this)
    }
}
