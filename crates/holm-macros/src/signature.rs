//! What a method of an actor may look like.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Error, FnArg, GenericArgument, PathArguments, PathSegment, Receiver, ReceiverKind, Result,
    ReturnType, Safety, Signature, Type,
};

pub(crate) const CONCRETE: &str =
    "a message has concrete types: the method of an actor cannot be generic";
pub(crate) const OWNED: &str =
    "an argument is sent, so it must be owned: take `String` for `&str`, `Vec<T>` for `&[T]`";

/// Refuses what no method of an actor can be.
pub(crate) fn check(signature: &Signature) -> Result<()> {
    let name = &signature.ident;
    match receiver(signature).map(|receiver| (receiver, &receiver.kind)) {
        Some((_, ReceiverKind::Reference(..))) => {}
        Some((receiver, _)) => {
            return Err(Error::new_spanned(
                receiver,
                "an actor outlives its messages: take `&mut self` or `&self`",
            ));
        }
        None => {
            return Err(Error::new_spanned(
                name,
                format!(
                    "a method of an actor takes `&mut self` or `&self`; move `{name}` to an `impl` \
                     block without #[actor]"
                ),
            ));
        }
    }
    let generics = &signature.generics;
    if !generics.params.is_empty() {
        return Err(Error::new_spanned(generics, CONCRETE));
    }
    if let Some(condition) = &generics.where_clause {
        return Err(Error::new_spanned(condition, CONCRETE));
    }
    let plain = "a message is sent by anyone: the method of an actor is a plain `async fn` or `fn`";
    match (&signature.safety, &signature.abi, &signature.constness) {
        (Safety::Default, None, None) => Ok(()),
        (Safety::Default, Some(abi), _) => Err(Error::new_spanned(abi, plain)),
        (Safety::Default, None, Some(constness)) => Err(Error::new_spanned(constness, plain)),
        (safety, ..) => Err(Error::new_spanned(safety, plain)),
    }
}

pub(crate) fn receiver(signature: &Signature) -> Option<&Receiver> {
    match signature.inputs.first() {
        Some(FnArg::Receiver(receiver)) => Some(receiver),
        _ => None,
    }
}

pub(crate) fn returns_nothing(output: &ReturnType) -> bool {
    match output {
        ReturnType::Default => true,
        ReturnType::Type(_, ty) => matches!(&**ty, Type::Tuple(tuple) if tuple.elems.is_empty()),
    }
}

fn last_segment(ty: &Type) -> Option<&PathSegment> {
    let Type::Path(path) = ty else { return None };
    path.path.segments.last()
}

/// Whether a type is some `Context<..>`.
pub(crate) fn names_context(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "Context")
}

/// Whether a parameter is `&mut Context<..>`.
pub(crate) fn is_context(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if names_context(&reference.elem))
}

/// The `T` of a parameter `Reply<T>`.
pub(crate) fn answered_by(ty: &Type) -> Option<&Type> {
    let segment = last_segment(ty).filter(|segment| segment.ident == "Reply")?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(ty)) if arguments.args.len() == 1 => Some(ty),
        _ => None,
    }
}

/// Whether a type borrows from anything but `'static`.
pub(crate) fn borrows(ty: &Type) -> bool {
    fn any(tokens: TokenStream) -> bool {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) if any(group.stream()) => return true,
                // A reference without a lifetime; what follows one is checked in its turn.
                TokenTree::Punct(punct) if punct.as_char() == '&' => {
                    if !matches!(tokens.peek(), Some(TokenTree::Punct(quote)) if quote.as_char() == '\'')
                    {
                        return true;
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                    if !matches!(tokens.peek(), Some(TokenTree::Ident(name)) if name == "static") {
                        return true;
                    }
                }
                TokenTree::Group(_)
                | TokenTree::Punct(_)
                | TokenTree::Ident(_)
                | TokenTree::Literal(_) => {}
            }
        }
        false
    }
    any(ty.to_token_stream())
}
