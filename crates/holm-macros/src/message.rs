//! The expansion of `#[derive(Message)]`: a description of the type's structure.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Error, Fields, Ident, LitStr, Result, parse_quote};

pub(crate) fn expand(item: &DeriveInput) -> Result<TokenStream> {
    Serde::parse(&item.attrs)?;
    let name = item.ident.to_string();
    let body = match &item.data {
        Data::Struct(data) => {
            let (method, content) = (content_method(&data.fields), content(&data.fields)?);
            match &data.fields {
                Fields::Unit => quote!(hasher.unit();),
                Fields::Named(_) | Fields::Unnamed(_) => {
                    quote!(hasher.#method::<Self>(#name, |content| { #content });)
                }
            }
        }
        Data::Enum(data) => {
            let mut variants = TokenStream::new();
            for variant in &data.variants {
                let serde = Serde::parse(&variant.attrs)?;
                if serde.skip {
                    continue;
                }
                let name = serde.name(&variant.ident);
                let (method, content) =
                    (content_method(&variant.fields), content(&variant.fields)?);
                variants.extend(match &variant.fields {
                    Fields::Unit => quote!(variants.unit(#name);),
                    Fields::Named(_) | Fields::Unnamed(_) => {
                        quote!(variants.#method(#name, |content| { #content });)
                    }
                });
            }
            quote!(hasher.choice::<Self>(#name, |variants| { #variants });)
        }
        Data::Union(_) => {
            return Err(Error::new_spanned(&item.ident, "a union has no structure to send"));
        }
    };
    let mut generics = item.generics.clone();
    for parameter in generics.type_params_mut() {
        parameter.bounds.push(parse_quote!(::holm::wire::Schema));
    }
    let (parameters, arguments, conditions) = generics.split_for_impl();
    let me = &item.ident;
    Ok(quote! {
        impl #parameters ::holm::wire::Schema for #me #arguments #conditions {
            fn describe(hasher: &mut ::holm::wire::SchemaHasher) { #body }
        }
    })
}

fn content_method(fields: &Fields) -> TokenStream {
    match fields {
        Fields::Named(_) => quote!(record),
        Fields::Unnamed(_) | Fields::Unit => quote!(tuple),
    }
}

fn content(fields: &Fields) -> Result<TokenStream> {
    let mut described = TokenStream::new();
    for field in fields {
        let serde = Serde::parse(&field.attrs)?;
        if serde.skip {
            continue;
        }
        let ty = &field.ty;
        described.extend(match &field.ident {
            Some(ident) => {
                let name = serde.name(ident);
                quote!(content.field::<#ty>(#name);)
            }
            None => quote!(content.element::<#ty>();),
        });
    }
    Ok(described)
}

/// Attributes of serde whose types must see what comes next, which positional bodies do not say.
const LOOKING_AHEAD: [&str; 3] = ["flatten", "tag", "untagged"];

/// Attributes of serde that leave out on one side what the other one expects in its place.
const LEFT_OUT: [&str; 3] = ["skip_serializing_if", "skip_serializing", "skip_deserializing"];

/// What serde's attributes say of a type, field or variant.
#[derive(Default)]
struct Serde {
    rename: Option<String>,
    skip: bool,
}

impl Serde {
    fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut serde = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
            attribute.parse_nested_meta(|meta| {
                if LOOKING_AHEAD.iter().any(|name| meta.path.is_ident(name)) {
                    return Err(meta.error(
                        "a message crosses the wire without names, so it cannot be flattened or \
                         tagged by serde: use a plain struct or enum",
                    ));
                }
                if LEFT_OUT.iter().any(|name| meta.path.is_ident(name)) {
                    return Err(meta.error(
                        "a message crosses the wire without names, so that each part must be there: \
                         remove this, or leave the part out on both sides with `skip`",
                    ));
                }
                if meta.path.is_ident("rename") && meta.input.peek(syn::Token![=]) {
                    serde.rename = Some(meta.value()?.parse::<LitStr>()?.value());
                } else if meta.path.is_ident("skip") {
                    serde.skip = true;
                } else if meta.input.peek(syn::Token![=]) {
                    // What does not change the structure is serde's own business.
                    meta.value()?.parse::<syn::Expr>()?;
                } else if meta.input.peek(syn::token::Paren) {
                    meta.input.parse::<proc_macro2::Group>()?;
                }
                Ok(())
            })?;
        }
        Ok(serde)
    }

    fn name(&self, ident: &Ident) -> String {
        self.rename.clone().unwrap_or_else(|| ident.to_string().trim_start_matches("r#").to_owned())
    }
}
