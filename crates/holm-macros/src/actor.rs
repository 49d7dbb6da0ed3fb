//! The expansion of `#[actor]`.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::{Error, Ident, ImplItem, ItemImpl, LitStr, Result, Type};

use crate::method::Method;

/// Methods that are hooks of the trait, not messages.
const HOOKS: [&str; 3] = ["started", "stopped", "signal"];

#[derive(Default)]
struct Options {
    local: bool,
    name: Option<LitStr>,
}

impl Options {
    fn parse(tokens: TokenStream) -> Result<Self> {
        let mut options = Self::default();
        let parser = syn::meta::parser(|meta| {
            if meta.path.is_ident("local") {
                options.local = true;
                Ok(())
            } else if meta.path.is_ident("name") {
                options.name = Some(meta.value()?.parse()?);
                Ok(())
            } else {
                Err(meta.error("#[actor] takes `local` and `name = \"..\"`"))
            }
        });
        parser.parse2(tokens)?;
        Ok(options)
    }
}

/// Everything the generated items are made from.
struct Parts {
    options: Options,
    me: Type,
    msg: Ident,
    api: Ident,
    methods: Vec<Method>,
    hooks: Vec<ImplItem>,
}

pub(crate) fn expand(options: TokenStream, mut item: ItemImpl) -> Result<TokenStream> {
    let options = Options::parse(options)?;
    if let Some((path, _)) = &item.trait_ {
        return Err(Error::new_spanned(path, "#[actor] belongs on an inherent `impl` block"));
    }
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &item.generics,
            "#[actor] does not take generic types; implement `holm::Actor` by hand",
        ));
    }
    let me = (*item.self_ty).clone();
    let name = type_name(&me)?;
    let (mut methods, mut hooks, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for member in item.items {
        match member {
            ImplItem::Fn(function) if HOOKS.iter().any(|hook| function.sig.ident == hook) => {
                hooks.push(ImplItem::Fn(function));
            }
            ImplItem::Fn(function) => {
                let mut outside = function.clone();
                outside.sig = syn::parse2(without_self(function.sig.to_token_stream(), &me))?;
                methods.push(Method::parse(&outside)?);
                rest.push(ImplItem::Fn(function));
            }
            other => rest.push(other),
        }
    }
    item.items = rest;
    let parts = Parts {
        options,
        msg: format_ident!("{name}Msg"),
        api: format_ident!("{name}Api"),
        me,
        methods,
        hooks,
    };
    let message = parts.message();
    let api = parts.api();
    let actor = parts.actor();
    let remote = if parts.options.local { TokenStream::new() } else { parts.remote(&name) };
    Ok(quote!(#item #message #api #actor #remote))
}

/// A signature as it reads outside the `impl` block, where `Self` is another type.
fn without_self(tokens: TokenStream, me: &Type) -> TokenStream {
    tokens
        .into_iter()
        .flat_map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => me.to_token_stream(),
            TokenTree::Group(group) => {
                let inner = without_self(group.stream(), me);
                let mut outer = Group::new(group.delimiter(), inner);
                outer.set_span(group.span());
                TokenTree::Group(outer).into()
            }
            other => other.into(),
        })
        .collect()
}

fn type_name(me: &Type) -> Result<Ident> {
    match me {
        Type::Path(path) if path.qself.is_none() => {
            path.path.segments.last().map(|segment| segment.ident.clone())
        }
        _ => None,
    }
    .ok_or_else(|| Error::new_spanned(me, "#[actor] needs a named type"))
}

impl Parts {
    /// The enum of messages.
    fn message(&self) -> TokenStream {
        let msg = &self.msg;
        let text = format!("The messages of [`{}`].", self.name());
        let variants = self.methods.iter().map(|method| {
            let Method { variant, docs, reply, .. } = method;
            let (names, types) = (method.arg_names(), method.arg_types());
            quote! {
                #(#docs)*
                #variant {
                    #(#[doc = "An argument."] #names: #types,)*
                    #[doc = "Where the reply goes."]
                    __reply: ::holm::Reply<#reply>,
                }
            }
        });
        quote! {
            #[doc = #text]
            #[allow(unreachable_pub, unnameable_types, private_interfaces)]
            pub enum #msg { #(#variants),* }
        }
    }

    /// The methods of a reference, and its two facades.
    fn api(&self) -> TokenStream {
        let Self { me, msg, api, .. } = self;
        let (cast, send) = (format_ident!("{api}Cast"), format_ident!("{api}Send"));
        let name = self.name();
        let text = format!("What a reference to a [`{name}`] offers: calls.");
        let calls = self.methods.iter().map(|method| {
            let Method { name, variant, docs, reply, .. } = method;
            let (names, types) = (method.arg_names(), method.arg_types());
            quote! {
                #(#docs)*
                pub fn #name(&self, #(#names: #types),*) -> ::holm::Call<'_, #me, #reply> {
                    ::holm::Call::new(&self.handle, |__reply| #msg::#variant { #(#names,)* __reply })
                }
            }
        });
        let casts = self.facade(
            &cast,
            &format!("The messages of a [`{name}`] as casts, which never wait."),
            &quote!(::core::result::Result<(), ::holm::SendError<#msg>>),
            &quote!(::holm::cast),
        );
        let sends = self.facade(
            &send,
            &format!("The messages of a [`{name}`] as sends, which wait for room."),
            &quote!(::holm::Delivery<'a, #me>),
            &quote!(::holm::Delivery::new),
        );
        quote! {
            #[doc = #text]
            #[allow(unreachable_pub, unnameable_types)]
            #[derive(Clone, Debug)]
            pub struct #api { handle: ::holm::Handle<#me> }

            #[allow(unreachable_pub, dead_code, private_interfaces)]
            impl #api {
                #(#calls)*
                #[doc = "The same without a reply and without waiting."]
                pub fn cast(&self) -> #cast<'_> { #cast { handle: &self.handle } }
                #[doc = "The same without a reply, waiting for room."]
                pub fn send(&self) -> #send<'_> { #send { handle: &self.handle } }
            }

            impl ::holm::Api<#me> for #api {
                fn new(handle: ::holm::Handle<#me>) -> Self { Self { handle } }
                fn handle(&self) -> &::holm::Handle<#me> { &self.handle }
            }

            #casts
            #sends
        }
    }

    /// The messages without a reply, each given to `deliver`.
    fn facade(
        &self,
        facade: &Ident,
        text: &str,
        output: &TokenStream,
        deliver: &TokenStream,
    ) -> TokenStream {
        let Self { me, msg, .. } = self;
        let methods = self.methods.iter().map(|method| {
            let Method { name, variant, docs, .. } = method;
            let (names, types) = (method.arg_names(), method.arg_types());
            quote! {
                #(#docs)*
                pub fn #name(self, #(#names: #types),*) -> #output {
                    let __reply = ::holm::Reply::nobody();
                    #deliver(self.handle, #msg::#variant { #(#names,)* __reply })
                }
            }
        });
        quote! {
            #[doc = #text]
            #[allow(unreachable_pub, unnameable_types, dead_code)]
            #[derive(Clone, Copy, Debug)]
            pub struct #facade<'a> { handle: &'a ::holm::Handle<#me> }

            #[allow(unreachable_pub, dead_code, private_interfaces)]
            #[allow(clippy::result_large_err, clippy::missing_errors_doc)]
            impl<'a> #facade<'a> { #(#methods)* }
        }
    }

    fn actor(&self) -> TokenStream {
        let Self { me, msg, api, hooks, .. } = self;
        let wire = if self.options.local {
            quote!(::core::option::Option::None)
        } else {
            quote!(::core::option::Option::Some(<Self as ::holm::Remote>::TABLE))
        };
        let arms = self.methods.iter().map(|method| {
            let (variant, names) = (&method.variant, method.arg_names());
            let invocation = method.invocation(me);
            quote!(#msg::#variant { #(#names,)* __reply } => __reply.send(#invocation))
        });
        quote! {
            impl ::holm::Actor for #me {
                type Msg = #msg;
                type Api = #api;
                const WIRE: ::core::option::Option<&'static ::holm::WireTable<Self>> = #wire;

                #[allow(unused_variables)]
                async fn handle(&mut self, __msg: #msg, __cx: &mut ::holm::Context<Self>) {
                    match __msg { #(#arms),* }
                }

                #(#hooks)*
            }
        }
    }

    /// The wire table.
    fn remote(&self, name: &Ident) -> TokenStream {
        let Self { me, msg, .. } = self;
        let type_name = match &self.options.name {
            Some(name) => quote!(#name),
            None => {
                quote!(::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)))
            }
        };
        let table = self.methods.iter().map(|method| {
            let Method { variant, reply, .. } = method;
            let tag = method.name.unraw().to_string();
            let (names, types) = (method.arg_names(), method.arg_types());
            quote! {
                ::holm::WireMethod {
                    info: ::holm::MethodInfo {
                        actor_type: #type_name,
                        tag: #tag,
                        fingerprint: ::holm::wire::Fingerprint::of::<((#(#types,)*), #reply)>,
                    },
                    decode: |__body, __caller| {
                        let (#(#names,)*) =
                            ::holm::wire::decode_positional::<(#(#types,)*)>(__body)?;
                        ::core::result::Result::Ok(#msg::#variant {
                            #(#names,)*
                            __reply: ::holm::Reply::remote(__caller),
                        })
                    },
                }
            }
        });
        let positions = self.methods.iter().enumerate().map(|(position, method)| {
            let variant = &method.variant;
            quote!(#msg::#variant { .. } => #position)
        });
        let encoders = self.methods.iter().map(|method| {
            let (variant, names) = (&method.variant, method.arg_names());
            quote! {
                #msg::#variant { #(#names,)* .. } =>
                    ::holm::wire::encode_positional(&(#(#names,)*), __out)
            }
        });
        let sinks = self.methods.iter().map(|method| {
            let variant = &method.variant;
            quote!(#msg::#variant { __reply, .. } => __reply.take_sink())
        });
        // A reference to an enum without variants is not known to be impossible.
        let msg_place = if self.methods.is_empty() { quote!(*__msg) } else { quote!(__msg) };
        let table_name = Ident::new("TABLE", Span::mixed_site());
        quote! {
            impl ::holm::Remote for #me {
                const TABLE: &'static ::holm::WireTable<Self> = {
                    static #table_name: ::holm::WireTable<#me> = ::holm::WireTable {
                        type_name: #type_name,
                        methods: &[#(#table),*],
                        method: |__msg| match #msg_place { #(#positions),* },
                        encode: |__msg, __out| match #msg_place { #(#encoders),* },
                        take_sink: |__msg| match #msg_place { #(#sinks),* },
                    };
                    &#table_name
                };
            }
        }
    }

    fn name(&self) -> String {
        let msg = self.msg.to_string();
        msg.strip_suffix("Msg").unwrap_or(&msg).to_owned()
    }
}
