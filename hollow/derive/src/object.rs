//! Structs: objects and their accessors.

use crate::attributes::{FieldAttributes, KeyPath, TypeAttributes};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use std::collections::HashMap;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, DeriveInput, Error, FieldsNamed, Ident, Type, Visibility};

/// What every accessor has besides those of its fields.
const RESERVED: [&str; 3] = ["ordinal", "to_owned", "is_null"];

struct Field<'a> {
    ident: &'a Ident,
    ty: &'a Type,
    vis: &'a Visibility,
    docs: Vec<&'a Attribute>,
    attributes: FieldAttributes,
    /// The name in the schema.
    name: String,
}

pub(crate) fn expand(input: &DeriveInput, fields: &FieldsNamed) -> syn::Result<TokenStream> {
    let attributes = TypeAttributes::parse(&input.attrs)?;
    if let Some(field) = &attributes.field {
        return Err(Error::new(
            field.span(),
            "`field` names the only field of an enum; a struct has its own",
        ));
    }
    let (stored, skipped) = collect(fields, &attributes)?;
    let object = Object {
        ident: &input.ident,
        vis: &input.vis,
        hollow: &attributes.hollow,
        view: attributes
            .view
            .clone()
            .unwrap_or_else(|| format_ident!("{}Ref", input.ident.unraw())),
        attributes: &attributes,
        stored,
        skipped,
    };
    let (record, field, accessors, checks) = (object.record(), object.field()?, object.accessors()?, object.checks()?);
    let (named, keyed) = (object.named(), object.keyed()?);
    Ok(quote! {
        #record
        #field
        #named
        #keyed
        #accessors
        #checks
    })
}

fn collect<'a>(fields: &'a FieldsNamed, of: &TypeAttributes) -> syn::Result<(Vec<Field<'a>>, Vec<&'a Ident>)> {
    let (mut stored, mut skipped) = (Vec::new(), Vec::new());
    let mut names: HashMap<String, &Ident> = HashMap::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let attributes = FieldAttributes::parse(&field.attrs, ident)?;
        if attributes.skip {
            skipped.push(ident);
            continue;
        }
        let unraw = ident.unraw().to_string();
        if RESERVED.contains(&unraw.as_str()) {
            let what = format!(
                "every accessor has a method `{unraw}`: call the field otherwise and keep its name with \
                 #[hollow(rename = \"{unraw}\")]"
            );
            return Err(Error::new(ident.span(), what));
        }
        let name = match (&attributes.rename, of.rename_all) {
            (Some(name), _) => name.value(),
            (None, Some(case)) => case.apply(&unraw),
            (None, None) => unraw,
        };
        if let Some(first) = names.insert(name.clone(), ident) {
            let span = attributes.rename.as_ref().map_or(ident.span(), |name| name.span());
            let mut error = Error::new(span, format!("two fields have the name `{name}` in the schema"));
            error.combine(Error::new(first.span(), "the first one"));
            return Err(error);
        }
        stored.push(Field {
            ident,
            ty: &field.ty,
            vis: &field.vis,
            docs: field
                .attrs
                .iter()
                .filter(|attribute| attribute.path().is_ident("doc"))
                .collect(),
            attributes,
            name,
        });
    }
    Ok((stored, skipped))
}

struct Object<'a> {
    ident: &'a Ident,
    vis: &'a Visibility,
    hollow: &'a TokenStream,
    view: Ident,
    attributes: &'a TypeAttributes,
    stored: Vec<Field<'a>>,
    skipped: Vec<&'a Ident>,
}

impl Object<'_> {
    fn record(&self) -> TokenStream {
        let (ident, hollow, view) = (self.ident, self.hollow, &self.view);
        let name = self
            .attributes
            .rename
            .as_ref()
            .map_or_else(|| ident.unraw().to_string(), syn::LitStr::value);
        let optional = self.attributes.optional;
        let primary_key = match self.attributes.primary_key.is_empty() {
            true => quote!(&[]),
            false => quote!(<Self as #hollow::typed::Keyed>::PRIMARY_KEY),
        };
        let declared = self.stored.iter().map(|field| self.declaration(field));
        let written = self.stored.iter().enumerate().map(|(at, field)| {
            let (ident, ty, form) = (field.ident, field.ty, field.form());
            quote_spanned! {located(ty.span())=>
                <#ty as #hollow::typed::Field>::write::<#form>(&self.#ident, writer, &mut record, #at)?;
                record.end_field();
            }
        });
        let owned = self.stored.iter().enumerate().map(|(at, field)| {
            let (ident, ty) = (field.ident, field.ty);
            let own = match field.attributes.default {
                true => quote_spanned!(located(ty.span())=> #hollow::typed::support::own_or_default::<#ty>),
                false => quote_spanned!(located(ty.span())=> #hollow::typed::support::own::<#ty>),
            };
            quote!(#ident: #own(at, #at, budget)?)
        });
        let skipped = self
            .skipped
            .iter()
            .map(|ident| quote_spanned!(located(ident.span())=> #ident: ::core::default::Default::default()));
        quote! {
            #[automatically_derived]
            impl #hollow::typed::Record for #ident {
                type Ref<'s> = #view<'s>;
                fn declare_record(
                    model: &mut #hollow::typed::ModelBuilder,
                    naming: &#hollow::typed::Naming,
                ) -> ::core::result::Result<usize, #hollow::typed::ModelError> {
                    let name = naming.type_name.unwrap_or(#name);
                    model.object::<Self>(name, #optional, #primary_key, |object| {
                        #(#declared)*
                        let _ = object;
                        ::core::result::Result::Ok(())
                    })
                }
                fn write_record(
                    &self,
                    writer: &mut #hollow::typed::Writer<'_>,
                    plan: usize,
                ) -> ::core::result::Result<#hollow::Ordinal, #hollow::write::WriteError> {
                    #[allow(unused_mut)]
                    let mut record = writer.begin(plan)?;
                    #(#written)*
                    writer.finish(record)
                }
                #[inline]
                fn view_record(at: #hollow::typed::At<'_>) -> #view<'_> {
                    #view { at }
                }
                fn own_record(
                    at: #hollow::typed::At<'_>,
                    budget: &mut #hollow::typed::Budget,
                ) -> ::core::result::Result<Self, #hollow::typed::ReadError> {
                    at.require()?;
                    budget.enter()?;
                    let record = Self { #(#owned,)* #(#skipped,)* };
                    budget.leave();
                    ::core::result::Result::Ok(record)
                }
            }
        }
    }

    fn declaration(&self, field: &Field<'_>) -> TokenStream {
        let (hollow, ty, name, form, default) = (
            self.hollow,
            field.ty,
            &field.name,
            field.form(),
            field.attributes.default,
        );
        let option = |name: &Option<syn::LitStr>| match name {
            Some(name) => quote!(::core::option::Option::Some(#name)),
            None => quote!(::core::option::Option::None),
        };
        let attributes = &field.attributes;
        let (type_name, element) = (option(&attributes.type_name), option(&attributes.element_type));
        let (key, value) = (option(&attributes.key_type), option(&attributes.value_type));
        let hash_key = match &attributes.hash_key {
            None => quote!(::core::option::Option::None),
            Some(paths) => {
                let hashed = quote!(<#ty as #hollow::typed::SetLike>::Hashed);
                let names = paths.iter().map(|path| self.path_name(&hashed, &path.segments, None));
                quote!(::core::option::Option::Some(const { &[#(#names),*] }))
            }
        };
        quote_spanned! {located(ty.span())=>
            object.field::<#ty, #form>(#hollow::typed::FieldSpec {
                name: #name,
                default: #default,
                naming: #hollow::typed::Naming {
                    type_name: #type_name,
                    element: #element,
                    key: #key,
                    value: #value,
                    hash_key: #hash_key,
                },
            })?;
        }
    }

    /// The implementation for fields of this type, and the type's key.
    fn field(&self) -> syn::Result<TokenStream> {
        let (ident, hollow) = (self.ident, self.hollow);
        let parts: Vec<(TokenStream, TokenStream)> = if self.attributes.primary_key.is_empty() {
            match self.stored.as_slice() {
                [only] => {
                    let (ident, ty) = (only.ident, only.ty);
                    vec![(quote!(#ty), quote!(&this.#ident))]
                }
                _ => Vec::new(),
            }
        } else {
            let paths = self.attributes.primary_key.iter();
            paths.map(|path| self.key_part(path)).collect::<syn::Result<_>>()?
        };
        let keys = parts
            .iter()
            .map(|(ty, _)| quote!(<#ty as #hollow::typed::Field>::Key<'k>));
        let key = match parts.len() {
            0 => quote!(#hollow::typed::NoKey),
            1 => quote!(#(#keys)*),
            _ => quote!((#(#keys),*)),
        };
        let pushes = parts
            .iter()
            .map(|(ty, value)| quote!(<#ty as #hollow::typed::Field>::push_key(#value, parts);));
        Ok(quote! {
            #hollow::__hollow_reference_field!([] #ident, key = #key, push_key = |this, parts| {
                let _ = (this, &parts);
                #(#pushes)*
            });
        })
    }

    /// The type and value at the end of a path of the primary key.
    fn key_part(&self, path: &KeyPath) -> syn::Result<(TokenStream, TokenStream)> {
        let first = self.stored_field(path)?;
        let (ident, ty) = (first.ident, first.ty);
        let (mut ty, mut value) = (quote!(#ty), quote!(&this.#ident));
        for segment in &path.segments[1..] {
            let named = self.field_named(segment);
            value = quote!(<#ty as #named>::field(#value));
            ty = quote_spanned!(located(segment.span())=> <#ty as #named>::Type);
        }
        Ok((ty, value))
    }

    fn stored_field(&self, path: &KeyPath) -> syn::Result<&Field<'_>> {
        let name = path.segments[0].unraw().to_string();
        self.stored
            .iter()
            .find(|field| field.ident.unraw() == name)
            .ok_or_else(|| {
                let known: Vec<String> = self
                    .stored
                    .iter()
                    .map(|field| format!("`{}`", field.ident.unraw()))
                    .collect();
                let what = match self.skipped.iter().any(|skipped| skipped.unraw() == name) {
                    true => format!("field `{name}` is not stored and cannot be part of the key"),
                    false => format!("no field `{name}`, expected one of {}", known.join(", ")),
                };
                Error::new(path.span(), what)
            })
    }

    fn field_named(&self, segment: &Ident) -> TokenStream {
        let (hollow, hash) = (self.hollow, name_hash(&segment.unraw().to_string()));
        quote_spanned!(located(segment.span())=> #hollow::typed::FieldNamed<#hash>)
    }

    /// The text of a path by the names in the schema: from a type, or from a field with this name and type.
    fn path_name(&self, from: &TokenStream, segments: &[Ident], first: Option<(&str, &Type)>) -> TokenStream {
        let hollow = self.hollow;
        let (mut ty, mut names) = (from.clone(), Vec::new());
        for (index, segment) in segments.iter().enumerate() {
            if let (0, Some((name, of))) = (index, first) {
                names.push(quote!(#name));
                ty = quote!(#of);
                continue;
            }
            let named = self.field_named(segment);
            names.push(quote_spanned!(located(segment.span())=> <#ty as #named>::NAME_IN_SCHEMA));
            ty = quote_spanned!(located(segment.span())=> <#ty as #named>::Type);
        }
        quote! {{
            const NAMES: &[&str] = &[#(#names),*];
            const PATH: [u8; #hollow::typed::support::path_len(NAMES)] = #hollow::typed::support::path(NAMES);
            #hollow::typed::support::path_text(&PATH)
        }}
    }

    /// The type at the end of a path.
    fn path_type(&self, from: &TokenStream, path: &KeyPath) -> TokenStream {
        path.segments.iter().fold(from.clone(), |ty, segment| {
            let named = self.field_named(segment);
            quote_spanned!(located(segment.span())=> <#ty as #named>::Type)
        })
    }

    /// The fields by name, for key paths of other types.
    fn named(&self) -> TokenStream {
        let (ident, hollow) = (self.ident, self.hollow);
        let fields = self.stored.iter().map(|field| {
            let (of, ty, name) = (field.ident, field.ty, &field.name);
            let hash = name_hash(&of.unraw().to_string());
            quote! {
                #[automatically_derived]
                impl #hollow::typed::FieldNamed<#hash> for #ident {
                    type Type = #ty;
                    const NAME_IN_SCHEMA: &'static str = #name;
                    fn field(&self) -> &#ty {
                        &self.#of
                    }
                }
            }
        });
        quote!(#(#fields)*)
    }

    fn keyed(&self) -> syn::Result<TokenStream> {
        if self.attributes.primary_key.is_empty() {
            return Ok(TokenStream::new());
        }
        let (ident, hollow) = (self.ident, self.hollow);
        let mut paths = Vec::new();
        for path in &self.attributes.primary_key {
            let first = self.stored_field(path)?;
            paths.push(self.path_name(&quote!(#ident), &path.segments, Some((&first.name, first.ty))));
        }
        Ok(quote! {
            #[automatically_derived]
            impl #hollow::typed::Keyed for #ident {
                const PRIMARY_KEY: &'static [&'static str] = &[#(#paths),*];
            }
        })
    }

    fn accessors(&self) -> syn::Result<TokenStream> {
        let (ident, vis, hollow, view) = (self.ident, self.vis, self.hollow, &self.view);
        let name = ident.unraw().to_string();
        let about = format!("A [`{name}`] in a state: reads nothing before it is asked for it.");
        let to_owned = format!(
            "The whole record as a [`{name}`].\n\n# Errors\nIf a value is null or out of range where the struct has no \
             room for that, or a name unknown to an enum; if there is no such record."
        );
        let mut methods = Vec::new();
        for (at, field) in self.stored.iter().enumerate() {
            let (method, ty, vis) = (field.ident, field.ty, field.vis);
            let docs = match field.docs.is_empty() {
                true => {
                    let text = format!("The field `{}`.", field.name);
                    quote!(#[doc = #text])
                }
                false => {
                    let docs = &field.docs;
                    quote!(#(#docs)*)
                }
            };
            let keyed = field.attributes.hash_key.as_ref().filter(|paths| !paths.is_empty());
            methods.push(match keyed {
                None => quote_spanned! {located(ty.span())=>
                    #docs
                    #[inline]
                    #vis fn #method(self) -> <#ty as #hollow::typed::Field>::View<'s> {
                        #hollow::typed::support::view::<#ty>(self.at, #at)
                    }
                },
                Some(paths) => {
                    let hashed = quote!(<#ty as #hollow::typed::SetLike>::Hashed);
                    let types: Vec<_> = paths.iter().map(|path| self.path_type(&hashed, path)).collect();
                    let key = match types.as_slice() {
                        [only] => quote!(#hollow::typed::Own<#only>),
                        several => quote!((#(#several),*)),
                    };
                    quote_spanned! {located(ty.span())=>
                        #docs
                        #vis fn #method(self) -> <#ty as #hollow::typed::SetLike>::By<'s, #key> {
                            let view = #hollow::typed::support::view::<#ty>(self.at, #at);
                            <#ty as #hollow::typed::SetLike>::by::<#key>(view)
                        }
                    }
                }
            });
        }
        Ok(quote! {
            #[doc = #about]
            #[derive(Clone, Copy)]
            #[allow(dead_code)]
            #vis struct #view<'s> {
                at: #hollow::typed::At<'s>,
            }

            #[allow(dead_code, clippy::wrong_self_convention, clippy::should_implement_trait)]
            #[automatically_derived]
            impl<'s> #view<'s> {
                #(#methods)*

                /// The record's ordinal; `None` for the stand-in of a null.
                #[inline]
                #vis fn ordinal(self) -> ::core::option::Option<#hollow::Ordinal> {
                    self.at.ordinal()
                }

                /// Whether this is the stand-in of a null, all of whose fields are null.
                #[inline]
                #vis fn is_null(self) -> bool {
                    self.at.ordinal().is_none()
                }

                #[doc = #to_owned]
                #vis fn to_owned(self) -> ::core::result::Result<#ident, #hollow::typed::ReadError> {
                    #hollow::typed::support::take(self.at)
                }
            }

            #[automatically_derived]
            impl ::core::fmt::Debug for #view<'_> {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::fmt::Debug::fmt(&self.at, f)
                }
            }

            /// The same record of the same state.
            #[automatically_derived]
            impl ::core::cmp::PartialEq for #view<'_> {
                fn eq(&self, other: &Self) -> bool {
                    self.at.is(other.at)
                }
            }
        })
    }

    /// What is wrong with an attribute, said where it stands.
    fn checks(&self) -> syn::Result<TokenStream> {
        let hollow = self.hollow;
        let mut checks = Vec::new();
        for path in &self.attributes.primary_key {
            let first = self.stored_field(path)?;
            let (ty, mut at) = (first.ty, first.ty.span());
            let mut ty = quote!(#ty);
            for segment in &path.segments[1..] {
                let named = self.field_named(segment);
                ty = quote_spanned!(located(segment.span())=> <#ty as #named>::Type);
                at = segment.span();
            }
            if path.segments.len() == 1 {
                at = path.span();
            }
            checks.push(quote_spanned!(located(at)=> #hollow::typed::support::is_key::<#ty>();));
        }
        for field in &self.stored {
            let (ty, span) = (field.ty, field.ty.span());
            let attributes = &field.attributes;
            if attributes.inline {
                checks.push(quote_spanned!(located(span)=> #hollow::typed::support::is_inlinable::<#ty>();));
            }
            if attributes.boxed {
                checks.push(quote_spanned!(located(span)=> #hollow::typed::support::is_boxable::<#ty>();));
            }
            if attributes.element_type.is_some() {
                checks.push(quote_spanned!(located(span)=> #hollow::typed::support::has_elements::<#ty>();));
            }
            if attributes.key_type.is_some() || attributes.value_type.is_some() {
                checks.push(quote_spanned!(located(span)=> #hollow::typed::support::is_map::<#ty>();));
            }
            for path in attributes.hash_key.iter().flatten() {
                let hashed = quote_spanned!(located(span)=> <#ty as #hollow::typed::SetLike>::Hashed);
                let end = self.path_type(&hashed, path);
                checks.push(quote_spanned!(located(path.span())=> #hollow::typed::support::is_key::<#end>();));
            }
        }
        Ok(quote! {
            const _: () = {
                #(#checks)*
            };
        })
    }
}

impl Field<'_> {
    fn form(&self) -> u8 {
        match (self.attributes.inline, self.attributes.boxed) {
            (true, _) => 1,
            (_, true) => 2,
            _ => 0,
        }
    }
}

/// Errors point to the place, names mean what they mean where the derive is written.
fn located(at: Span) -> Span {
    Span::call_site().located_at(at)
}

/// FNV-1a: a name as a number that can stand in a type.
fn name_hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
