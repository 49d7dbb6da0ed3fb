//! What stands in the parentheses of `#[actor(..)]`.

use proc_macro2::TokenStream;
use syn::{LitStr, Result, parse::Parser};

#[derive(Default)]
pub(crate) struct Options {
    pub(crate) local: bool,
    pub(crate) strict: bool,
    pub(crate) name: Option<LitStr>,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let mut options = Self::default();
        let parser = syn::meta::parser(|meta| {
            if meta.path.is_ident("local") {
                options.local = true;
                Ok(())
            } else if meta.path.is_ident("strict") {
                options.strict = true;
                Ok(())
            } else if meta.path.is_ident("name") {
                options.name = Some(meta.value()?.parse()?);
                Ok(())
            } else {
                Err(meta.error("#[actor] takes `local`, `strict` and `name = \"..\"`"))
            }
        });
        parser.parse2(tokens)?;
        match &options.name {
            Some(name) if options.local => {
                Err(syn::Error::new_spanned(name, "a local actor needs no name on the wire"))
            }
            _ => Ok(options),
        }
    }
}
