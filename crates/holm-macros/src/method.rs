//! One method of an actor, as the attribute sees it.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Error, FnArg, Ident, ImplItemFn, Pat, ReceiverKind, Result, ReturnType, Type};

/// Names that `Ref` and its generated methods already use, and methods of common traits, which would
/// be found before a message of that name.
const RESERVED: [&str; 13] = [
    "cast",
    "send",
    "pid",
    "handle",
    "exit",
    "kill",
    "clone",
    "clone_from",
    "to_owned",
    "eq",
    "ne",
    "into",
    "try_into",
];

const CONCRETE: &str = "a message has concrete types: the method of an actor cannot be generic";

/// A method that becomes a message.
pub(crate) struct Method {
    pub(crate) name: Ident,
    pub(crate) variant: Ident,
    pub(crate) docs: Vec<syn::Attribute>,
    /// Names and types of the arguments, without `self` and the context.
    pub(crate) args: Vec<(Ident, Type)>,
    pub(crate) reply: TokenStream,
    /// Where among all parameters the context stands.
    context: Option<usize>,
    is_async: bool,
}

impl Method {
    pub(crate) fn parse(function: &ImplItemFn) -> Result<Self> {
        let signature = &function.sig;
        let name = signature.ident.clone();
        if RESERVED.contains(&name.to_string().as_str()) {
            return Err(Error::new_spanned(
                &name,
                format!("`{name}` is a method of every reference; choose another name"),
            ));
        }
        if !signature.generics.params.is_empty() {
            return Err(Error::new_spanned(&signature.generics, CONCRETE));
        }
        let mut inputs = signature.inputs.iter();
        match inputs.next() {
            Some(FnArg::Receiver(receiver))
                if matches!(receiver.kind, ReceiverKind::Reference(..)) => {}
            _ => {
                return Err(Error::new_spanned(
                    signature,
                    "a method of an actor takes `&mut self` or `&self`; move other functions to an \
                     `impl` block without #[actor]",
                ));
            }
        }
        let mut method = Self {
            variant: format_ident!("{}", camel(&name)),
            name,
            docs: docs(function),
            args: Vec::new(),
            reply: reply(&signature.output)?,
            context: None,
            is_async: signature.asyncness.is_some(),
        };
        for (position, input) in inputs.enumerate() {
            method.add_parameter(position, input)?;
        }
        Ok(method)
    }

    fn add_parameter(&mut self, position: usize, input: &FnArg) -> Result<()> {
        let FnArg::Typed(parameter) = input else {
            return Err(Error::new_spanned(input, "only the first parameter can be `self`"));
        };
        if is_context(&parameter.ty) {
            if self.context.replace(position).is_some() {
                return Err(Error::new_spanned(input, "one context is enough"));
            }
            return Ok(());
        }
        if let Type::ImplTrait(_) = &*parameter.ty {
            return Err(Error::new_spanned(&parameter.ty, CONCRETE));
        }
        if let Type::Reference(reference) = &*parameter.ty {
            return Err(Error::new_spanned(
                reference,
                "an argument is sent, so it must be owned: take `String` for `&str`, `Vec<T>` for \
                 `&[T]`",
            ));
        }
        let Pat::Ident(pattern) = &*parameter.pat else {
            return Err(Error::new_spanned(&parameter.pat, "an argument needs a plain name"));
        };
        self.args.push((pattern.ident.clone(), (*parameter.ty).clone()));
        Ok(())
    }

    pub(crate) fn arg_names(&self) -> Vec<&Ident> {
        self.args.iter().map(|(name, _)| name).collect()
    }

    pub(crate) fn arg_types(&self) -> Vec<&Type> {
        self.args.iter().map(|(_, ty)| ty).collect()
    }

    /// The call of the user's method, inside `handle`.
    pub(crate) fn invocation(&self, me: &Type) -> TokenStream {
        let mut parameters: Vec<TokenStream> =
            self.args.iter().map(|(name, _)| quote!(#name)).collect();
        if let Some(position) = self.context {
            parameters.insert(position, quote!(__cx));
        }
        let name = &self.name;
        let call = quote!(<#me>::#name(self, #(#parameters),*));
        if self.is_async { quote!(#call.await) } else { call }
    }
}

fn docs(function: &ImplItemFn) -> Vec<syn::Attribute> {
    let mut docs: Vec<_> =
        function.attrs.iter().filter(|attr| attr.path().is_ident("doc")).cloned().collect();
    if docs.is_empty() {
        let text = format!("Sends `{}`.", function.sig.ident);
        docs.push(syn::parse_quote!(#[doc = #text]));
    }
    docs
}

fn reply(output: &ReturnType) -> Result<TokenStream> {
    match output {
        ReturnType::Default => Ok(quote!(())),
        ReturnType::Type(_, ty) => match &**ty {
            Type::ImplTrait(_) | Type::Reference(_) => {
                Err(Error::new_spanned(ty, "a reply is sent, so it must be an owned, named type"))
            }
            ty => Ok(quote!(#ty)),
        },
    }
}

/// Whether a parameter is `&mut Context<..>`.
fn is_context(ty: &Type) -> bool {
    let Type::Reference(reference) = ty else { return false };
    let Type::Path(path) = &*reference.elem else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "Context")
}

/// `do_it` to `DoIt`.
fn camel(name: &Ident) -> String {
    let name = name.to_string();
    name.trim_start_matches("r#")
        .split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .chain(letters)
                .collect::<Vec<_>>()
        })
        .collect()
}
