//! One method of an actor, as the attribute sees it.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Attribute, Error, FnArg, Ident, ImplItemFn, LitStr, Meta, Pat, PatType, Result, ReturnType,
    Token, Type, ext::IdentExt, punctuated::Punctuated,
};

use crate::signature::{
    CONCRETE, OWNED, answered_by, borrows, check, is_context, names_context, returns_nothing,
};

/// Names that `Ref` and its generated methods already use, and methods of common traits, which would
/// be found before a message of that name.
const RESERVED: [&str; 18] = [
    "cast",
    "send",
    "pid",
    "address",
    "handle",
    "exit",
    "kill",
    "recipient",
    "fail_fast",
    "wait_connect",
    "service",
    "clone",
    "clone_from",
    "to_owned",
    "eq",
    "ne",
    "into",
    "try_into",
];

/// Attributes of a method that are the macro's own.
const OWN_ATTRIBUTES: [&str; 3] = ["tag", "coalesce", "accepts"];

/// Most arguments of a message: longer tuples have no schema.
const ARGUMENTS_MAX: usize = 8;

/// A method that becomes a message.
pub(crate) struct Method {
    pub(crate) name: Ident,
    pub(crate) variant: Ident,
    /// Its name on the wire.
    pub(crate) tag: String,
    pub(crate) docs: Vec<Attribute>,
    /// The conditions under which it exists.
    pub(crate) cfgs: Vec<Attribute>,
    /// Names and types of the arguments, without `self`, the context and the reply.
    pub(crate) args: Vec<(Ident, Type)>,
    pub(crate) reply: TokenStream,
    /// The arguments that make the key under which a newer message replaces an older one.
    pub(crate) coalesce: Option<Vec<Ident>>,
    /// A `Recipient` of its one argument reaches it.
    pub(crate) accepts: bool,
    parameters: Vec<Parameter>,
    /// It answers through a parameter, when it likes.
    deferred: bool,
    is_async: bool,
}

enum Parameter {
    Argument(Ident),
    Context,
    Reply,
}

impl Method {
    /// Reads a method whose signature is free of `Self`.
    pub(crate) fn parse(function: &ImplItemFn) -> Result<Self> {
        let signature = &function.sig;
        let name = signature.ident.clone();
        if RESERVED.contains(&name.to_string().as_str()) {
            return Err(Error::new_spanned(
                &name,
                format!("`{name}` is a method of every reference; choose another name"),
            ));
        }
        check(signature)?;
        let mut method = Self {
            variant: format_ident!("{}", camel(&name)),
            tag: tag(function)?,
            name,
            docs: docs(function),
            cfgs: cfgs(&function.attrs),
            args: Vec::new(),
            reply: TokenStream::new(),
            coalesce: None,
            accepts: false,
            parameters: Vec::new(),
            deferred: false,
            is_async: signature.asyncness.is_some(),
        };
        for input in signature.inputs.iter().skip(1) {
            let FnArg::Typed(parameter) = input else {
                return Err(Error::new_spanned(input, "only the first parameter can be `self`"));
            };
            method.add_parameter(parameter)?;
        }
        method.add_reply(&signature.output)?;
        method.coalesce = method.coalesce_key(function)?;
        method.accepts = method.is_accepting(function)?;
        Ok(method)
    }

    fn add_parameter(&mut self, parameter: &PatType) -> Result<()> {
        let ty = &*parameter.ty;
        if is_context(ty) {
            if self.parameters.iter().any(|one| matches!(one, Parameter::Context)) {
                return Err(Error::new_spanned(parameter, "one context is enough"));
            }
            self.parameters.push(Parameter::Context);
            return Ok(());
        }
        if names_context(ty) {
            return Err(Error::new_spanned(ty, "the context is lent: take `&mut Context<Self>`"));
        }
        if let Some(answer) = answered_by(ty) {
            if self.deferred {
                return Err(Error::new_spanned(parameter, "a message has one reply"));
            }
            self.deferred = true;
            self.reply = quote!(#answer);
            self.parameters.push(Parameter::Reply);
            return Ok(());
        }
        if let Type::ImplTrait(_) = ty {
            return Err(Error::new_spanned(ty, CONCRETE));
        }
        if borrows(ty) {
            return Err(Error::new_spanned(ty, OWNED));
        }
        let name = match &*parameter.pat {
            Pat::Ident(pattern) if pattern.by_ref.is_none() && pattern.subpat.is_none() => {
                pattern.ident.clone()
            }
            pattern => {
                return Err(Error::new_spanned(
                    pattern,
                    "an argument is part of the message, so it needs a plain name; take it apart in \
                     the body",
                ));
            }
        };
        self.parameters.push(Parameter::Argument(name.clone()));
        self.args.push((name, ty.clone()));
        Ok(())
    }

    fn add_reply(&mut self, output: &ReturnType) -> Result<()> {
        match output {
            _ if self.deferred => {
                if !returns_nothing(output) {
                    return Err(Error::new_spanned(
                        output,
                        "a method that takes a `Reply` answers through it: return nothing",
                    ));
                }
            }
            ReturnType::Default => self.reply = quote!(()),
            ReturnType::Type(_, ty) if matches!(**ty, Type::ImplTrait(_)) || borrows(ty) => {
                return Err(Error::new_spanned(
                    ty,
                    "a reply is sent, so it must be an owned, named type: return `String` for `&str`",
                ));
            }
            ReturnType::Type(_, ty) => self.reply = quote!(#ty),
        }
        Ok(())
    }

    /// What `#[coalesce]` and `#[coalesce(a, b)]` say.
    fn coalesce_key(&self, function: &ImplItemFn) -> Result<Option<Vec<Ident>>> {
        let Some(attribute) = own_attribute(function, "coalesce")? else { return Ok(None) };
        if let Meta::Path(_) = attribute.meta {
            return Ok(Some(Vec::new()));
        }
        let key =
            attribute.parse_args_with(Punctuated::<Ident, Token![,]>::parse_terminated).map_err(
                |_| Error::new_spanned(attribute, "write #[coalesce] or #[coalesce(argument, ..)]"),
            )?;
        match key.iter().find(|name| self.args.iter().all(|(arg, _)| arg != *name)) {
            Some(unknown) => Err(Error::new_spanned(
                unknown,
                format!("`{}` has no argument `{unknown}`", self.name),
            )),
            None => Ok(Some(key.into_iter().collect())),
        }
    }

    /// What `#[accepts]` says.
    fn is_accepting(&self, function: &ImplItemFn) -> Result<bool> {
        let Some(attribute) = own_attribute(function, "accepts")? else { return Ok(false) };
        if self.args.len() == 1 && !self.deferred && returns_nothing(&function.sig.output) {
            return Ok(true);
        }
        Err(Error::new_spanned(
            attribute,
            "a recipient sends one value and hears nothing: #[accepts] is for methods with one \
             argument and no reply",
        ))
    }

    /// Refuses what only actors on one node may have.
    pub(crate) fn check_remote(&self) -> Result<()> {
        if let Some((_, ty)) = self.args.iter().find(|(_, ty)| matches!(ty, Type::Reference(_))) {
            return Err(Error::new_spanned(ty, OWNED));
        }
        match self.args.get(ARGUMENTS_MAX) {
            Some((extra, _)) => Err(Error::new_spanned(
                extra,
                format!("a message has at most {ARGUMENTS_MAX} arguments: put them into a struct"),
            )),
            None => Ok(()),
        }
    }

    pub(crate) fn arg_names(&self) -> Vec<&Ident> {
        self.args.iter().map(|(name, _)| name).collect()
    }

    pub(crate) fn arg_types(&self) -> Vec<&Type> {
        self.args.iter().map(|(_, ty)| ty).collect()
    }

    /// The call of the user's method, inside `handle`, and its answer.
    pub(crate) fn invocation(&self, me: &Type) -> TokenStream {
        let parameters = self.parameters.iter().map(|parameter| match parameter {
            Parameter::Argument(name) => quote!(#name),
            Parameter::Context => quote!(__cx),
            Parameter::Reply => quote!(__reply),
        });
        let name = &self.name;
        let mut call = quote_spanned!(name.span()=> <#me>::#name(self, #(#parameters),*));
        if self.is_async {
            call = quote!(#call.await);
        }
        if self.deferred { call } else { quote!(__reply.send(#call)) }
    }
}

/// Takes the macro's own attributes off a method.
pub(crate) fn strip(function: &mut ImplItemFn) {
    function.attrs.retain(|attribute| !is_own(attribute));
}

pub(crate) fn is_own(attribute: &Attribute) -> bool {
    OWN_ATTRIBUTES.iter().any(|own| attribute.path().is_ident(own))
}

/// The conditions among some attributes.
pub(crate) fn cfgs(attributes: &[Attribute]) -> Vec<Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).cloned().collect()
}

fn own_attribute<'a>(function: &'a ImplItemFn, name: &str) -> Result<Option<&'a Attribute>> {
    let mut found = function.attrs.iter().filter(|attribute| attribute.path().is_ident(name));
    let first = found.next();
    match found.next() {
        Some(second) => Err(Error::new_spanned(second, format!("one #[{name}] is enough"))),
        None => Ok(first),
    }
}

/// What `#[tag("..")]` says, else the method's name.
fn tag(function: &ImplItemFn) -> Result<String> {
    let Some(attribute) = own_attribute(function, "tag")? else {
        return Ok(function.sig.ident.unraw().to_string());
    };
    let text: LitStr = attribute
        .parse_args()
        .map_err(|_| Error::new_spanned(attribute, "write #[tag(\"name on the wire\")]"))?;
    if text.value().is_empty() {
        return Err(Error::new_spanned(text, "a tag is not empty"));
    }
    Ok(text.value())
}

fn docs(function: &ImplItemFn) -> Vec<Attribute> {
    let mut docs: Vec<_> =
        function.attrs.iter().filter(|attr| attr.path().is_ident("doc")).cloned().collect();
    if docs.is_empty() {
        let text = format!("Sends `{}`.", function.sig.ident);
        docs.push(syn::parse_quote!(#[doc = #text]));
    }
    docs
}

/// `do_it` to `DoIt`.
fn camel(name: &Ident) -> String {
    let name = name.unraw().to_string();
    name.split('_')
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
