//! The hooks of an actor: methods by the names of those in `holm::Actor`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Attribute, Error, FnArg, Ident, ImplItemFn, ReceiverKind, Result, Signature, Type};

use crate::method::{cfgs, is_own};
use crate::signature::{is_context, receiver, returns_nothing};

/// Which hook.
#[derive(Clone, Copy)]
enum Kind {
    Started,
    Stopped,
    Signal,
}

/// A hook as the user wrote it, without what it does not need.
pub(crate) struct Hook {
    kind: Kind,
    name: Ident,
    cfgs: Vec<Attribute>,
    /// What it takes beside `self`.
    parameters: Vec<Parameter>,
    is_async: bool,
    returns_nothing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Parameter {
    Context,
    /// What the hook is about.
    Subject,
}

impl Kind {
    fn of(name: &Ident) -> Option<Self> {
        match name.to_string().as_str() {
            "started" => Some(Self::Started),
            "stopped" => Some(Self::Stopped),
            "signal" => Some(Self::Signal),
            _ => None,
        }
    }

    /// The full form, and what of it may be left out.
    fn form(self) -> (&'static str, &'static str) {
        match self {
            Self::Started => (
                "async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason>",
                "`cx` and the result",
            ),
            Self::Stopped => (
                "async fn stopped(&mut self, reason: &ExitReason, cx: &mut Context<Self>)",
                "`reason` and `cx`",
            ),
            Self::Signal => {
                ("async fn signal(&mut self, signal: Signal, cx: &mut Context<Self>)", "`cx`")
            }
        }
    }
}

impl Hook {
    /// The hook that a function is, if its name says so.
    pub(crate) fn parse(function: &ImplItemFn) -> Result<Option<Self>> {
        let name = &function.sig.ident;
        let Some(kind) = Kind::of(name) else { return Ok(None) };
        if let Some(attribute) = function.attrs.iter().find(|attribute| is_own(attribute)) {
            return Err(Error::new_spanned(attribute, "a hook is no message"));
        }
        let hook = Self {
            kind,
            name: name.clone(),
            cfgs: cfgs(&function.attrs),
            parameters: parameters(&function.sig),
            is_async: function.sig.asyncness.is_some(),
            returns_nothing: returns_nothing(&function.sig.output),
        };
        if hook.fits(&function.sig) {
            return Ok(Some(hook));
        }
        let (form, optional) = kind.form();
        let text = format!(
            "`{name}` is a hook of every actor, of this form: `{form}`, where {optional} may be left \
             out; choose another name for a message"
        );
        Err(Error::new_spanned(name, text))
    }

    fn fits(&self, signature: &Signature) -> bool {
        let by_reference = receiver(signature)
            .is_some_and(|receiver| matches!(receiver.kind, ReceiverKind::Reference(..)));
        let contexts = self.parameters.iter().filter(|one| **one == Parameter::Context).count();
        let subjects = self.parameters.len() - contexts;
        let fits = match self.kind {
            Kind::Started => subjects == 0,
            Kind::Stopped => subjects <= 1 && self.returns_nothing,
            Kind::Signal => subjects == 1 && self.returns_nothing,
        };
        by_reference && fits && contexts <= 1 && signature.generics.params.is_empty()
    }

    /// The trait's method, which calls the user's.
    pub(crate) fn expand(&self, me: &Type) -> TokenStream {
        let Self { name, cfgs, .. } = self;
        let parameters = self.parameters.iter().map(|parameter| match parameter {
            Parameter::Context => quote!(__cx),
            Parameter::Subject => quote!(__subject),
        });
        let mut call = quote_spanned!(name.span()=> <#me>::#name(self, #(#parameters),*));
        if self.is_async {
            call = quote!(#call.await);
        }
        let (subject, result) = match self.kind {
            Kind::Started => {
                if self.returns_nothing {
                    call = quote!({ #call; ::core::result::Result::Ok(()) });
                }
                (None, quote!(::core::result::Result<(), ::holm::ExitReason>))
            }
            Kind::Stopped => (Some(quote!(__subject: &::holm::ExitReason,)), quote!(())),
            Kind::Signal => (Some(quote!(__subject: ::holm::Signal,)), quote!(())),
        };
        quote! {
            #(#cfgs)*
            #[allow(unused_variables)]
            async fn #name(&mut self, #subject __cx: &mut ::holm::Context<Self>) -> #result { #call }
        }
    }
}

fn parameters(signature: &Signature) -> Vec<Parameter> {
    let parameter = |input: &FnArg| match input {
        FnArg::Typed(parameter) if is_context(&parameter.ty) => Parameter::Context,
        FnArg::Typed(_) | FnArg::Receiver(_) => Parameter::Subject,
    };
    signature.inputs.iter().skip(1).map(parameter).collect()
}
