//! Enums: names.

use crate::attributes::{TypeAttributes, VariantAttributes};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::HashMap;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{DataEnum, DeriveInput, Error, Fields, Ident};

pub(crate) fn expand(input: &DeriveInput, data: &DataEnum) -> syn::Result<TokenStream> {
    let attributes = TypeAttributes::parse(&input.attrs)?;
    if let Some(span) = attributes.primary_key_span {
        return Err(Error::new(span, "an enum is its name, which is its key already"));
    }
    if data.variants.is_empty() {
        return Err(Error::new(
            input.ident.span(),
            "an enum without variants has no records",
        ));
    }
    let (mut names, mut arms, mut other): (HashMap<String, Ident>, _, _) = (HashMap::new(), Vec::new(), None);
    let mut parses = Vec::new();
    for (index, variant) in data.variants.iter().enumerate() {
        let ident = &variant.ident;
        let own = VariantAttributes::parse(&variant.attrs)?;
        if own.other {
            let one_field = matches!(&variant.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1);
            if !one_field || other.is_some() {
                let what = "`other` takes the names that no other variant has: one variant such as Other(String)";
                return Err(Error::new(variant.span(), what));
            }
            arms.push(quote!(Self::#ident(name) => (usize::MAX, &**name)));
            other = Some(ident);
            continue;
        }
        if !matches!(variant.fields, Fields::Unit) {
            let what =
                "a variant is stored as its name and cannot hold data: use a struct with an enum and Option fields";
            return Err(Error::new(variant.fields.span(), what));
        }
        let unraw = ident.unraw().to_string();
        let name = match (&own.rename, attributes.rename_all) {
            (Some(name), _) => name.value(),
            (None, Some(case)) => case.apply(&unraw),
            (None, None) => unraw,
        };
        if let Some(first) = names.insert(name.clone(), ident.clone()) {
            let mut error = Error::new(ident.span(), format!("two variants have the name `{name}`"));
            error.combine(Error::new(first.span(), "the first one"));
            return Err(error);
        }
        arms.push(quote!(Self::#ident => (#index, #name)));
        parses.push(quote! {
            if name.is(#name) {
                return ::core::option::Option::Some(Self::#ident);
            }
        });
    }
    let unknown = match other {
        Some(ident) => quote!(::core::option::Option::Some(Self::#ident(name.to_str().into()))),
        None => quote!(::core::option::Option::None),
    };
    let (ident, hollow) = (&input.ident, &attributes.hollow);
    let rust_name = ident.unraw().to_string();
    let name = attributes
        .rename
        .as_ref()
        .map_or_else(|| rust_name.clone(), syn::LitStr::value);
    let field = attributes
        .field
        .as_ref()
        .map_or_else(|| "_name".to_owned(), syn::LitStr::value);
    let optional = attributes.optional;
    Ok(quote! {
        #[automatically_derived]
        impl #hollow::typed::Enumeration for #ident {
            const TYPE_NAME: &'static str = #rust_name;
            const NAME: &'static str = #name;
            const FIELD: &'static str = #field;
            const OPTIONAL_TYPE: bool = #optional;
            #[inline]
            fn name(&self) -> (usize, &str) {
                match self {
                    #(#arms,)*
                }
            }
            fn parse(name: #hollow::typed::Text<'_>) -> ::core::option::Option<Self> {
                #(#parses)*
                #unknown
            }
        }

        #[automatically_derived]
        impl #hollow::typed::Record for #ident {
            type Ref<'s> = ::core::result::Result<Self, #hollow::typed::UnknownName>;
            fn declare_record(
                model: &mut #hollow::typed::ModelBuilder,
                naming: &#hollow::typed::Naming,
            ) -> ::core::result::Result<usize, #hollow::typed::ModelError> {
                #hollow::typed::support::declare_enum::<Self>(model, naming)
            }
            #[inline]
            fn write_record(
                &self,
                writer: &mut #hollow::typed::Writer<'_>,
                plan: usize,
            ) -> ::core::result::Result<#hollow::Ordinal, #hollow::write::WriteError> {
                #hollow::typed::support::write_enum(self, writer, plan)
            }
            fn view_record(at: #hollow::typed::At<'_>) -> Self::Ref<'_> {
                match #hollow::typed::support::get_enum::<Self>(at, 0) {
                    ::core::option::Option::Some(value) => value,
                    ::core::option::Option::None => #hollow::typed::support::null_enum(),
                }
            }
            fn own_record(
                at: #hollow::typed::At<'_>,
                budget: &mut #hollow::typed::Budget,
            ) -> ::core::result::Result<Self, #hollow::typed::ReadError> {
                #hollow::typed::support::own::<Self>(at, 0, budget)
            }
        }

        #[automatically_derived]
        impl #hollow::typed::Field for #ident {
            type View<'s> = ::core::result::Result<Self, #hollow::typed::UnknownName>;
            type Key<'k> = Self;
            fn declare<const FORM: u8>(
                model: &mut #hollow::typed::ModelBuilder,
                naming: &#hollow::typed::Naming,
            ) -> ::core::result::Result<#hollow::typed::Holds, #hollow::typed::ModelError> {
                #hollow::typed::support::declare_enum_field::<Self, FORM>(model, naming)
            }
            #[inline]
            fn write<const FORM: u8>(
                &self,
                writer: &mut #hollow::typed::Writer<'_>,
                record: &mut #hollow::typed::RecordBytes,
                field: usize,
            ) -> ::core::result::Result<(), #hollow::write::WriteError> {
                #hollow::typed::support::write_enum_field::<Self, FORM>(self, writer, record, field)
            }
            fn get(of: #hollow::typed::At<'_>, field: usize) -> ::core::option::Option<Self::View<'_>> {
                #hollow::typed::support::get_enum(of, field)
            }
            fn null(_: #hollow::typed::At<'_>, _: usize) -> Self::View<'_> {
                #hollow::typed::support::null_enum()
            }
            fn own(
                of: #hollow::typed::At<'_>,
                field: usize,
                budget: &mut #hollow::typed::Budget,
            ) -> ::core::result::Result<::core::option::Option<Self>, #hollow::typed::ReadError> {
                #hollow::typed::support::own_enum(of, field, budget)
            }
            fn push_key(&self, parts: &mut ::std::vec::Vec<#hollow::record::KeyValue>) {
                let name = #hollow::typed::Enumeration::name(self).1;
                parts.push(#hollow::record::KeyValue::Text(::std::borrow::ToOwned::to_owned(name)));
            }
        }

        #[automatically_derived]
        impl #hollow::typed::KeyParts for #ident {
            fn push(self, parts: &mut ::std::vec::Vec<#hollow::record::KeyValue>) {
                #hollow::typed::Field::push_key(&self, parts);
            }
        }
        #[automatically_derived]
        impl #hollow::typed::IsKey for #ident {}
        #[automatically_derived]
        impl #hollow::typed::support::Inlinable for #ident {}
    })
}
