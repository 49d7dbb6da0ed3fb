//! The expansion of `#[actor]`.

use std::collections::BTreeMap;

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{Error, Ident, ImplItem, ImplItemFn, Item, ItemImpl, Result, Type};

use crate::hook::Hook;
use crate::method::{Method, strip};
use crate::options::Options;

/// Everything the generated items are made from.
pub(crate) struct Parts {
    pub(crate) options: Options,
    pub(crate) me: Type,
    /// The last part of the type's path.
    pub(crate) name: Ident,
    pub(crate) msg: Ident,
    pub(crate) api: Ident,
    pub(crate) methods: Vec<Method>,
    hooks: Vec<Hook>,
}

pub(crate) fn expand(options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let options = Options::parse(options)?;
    let mut item = inherent(item)?;
    let mut parts = Parts::new(options, &item)?;
    for member in &mut item.items {
        if let ImplItem::Fn(function) = member {
            parts.add(function)?;
            strip(function);
        }
    }
    parts.check_names()?;
    let message = parts.message();
    let api = parts.api();
    let actor = parts.actor();
    let remote = if parts.options.local { TokenStream::new() } else { parts.remote() };
    let accepts = parts.accepts();
    Ok(quote!(#item #message #api #actor #remote #accepts))
}

/// The `impl` block under the attribute.
fn inherent(item: TokenStream) -> Result<ItemImpl> {
    let refuse = |tokens: &dyn ToTokens| {
        Err(Error::new_spanned(
            tokens,
            "#[actor] belongs on the inherent `impl` block that has the methods: \
             `#[actor] impl Counter { .. }`",
        ))
    };
    match syn::parse2(item)? {
        Item::Impl(item) => match &item.trait_ {
            Some((path, _)) => refuse(path),
            None if item.generics.params.is_empty() => Ok(item),
            None => Err(Error::new_spanned(
                &item.generics,
                "#[actor] does not take generic types: name one concrete type, or implement \
                 `holm::Actor` by hand",
            )),
        },
        Item::Struct(item) => refuse(&item.ident),
        Item::Enum(item) => refuse(&item.ident),
        Item::Trait(item) => refuse(&item.ident),
        Item::Fn(item) => refuse(&item.sig.ident),
        item => refuse(&item),
    }
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

impl Parts {
    fn new(options: Options, item: &ItemImpl) -> Result<Self> {
        let me = (*item.self_ty).clone();
        let last = match &me {
            Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
            _ => None,
        };
        let Some(name) = last.map(|segment| segment.ident.clone()) else {
            return Err(Error::new_spanned(me, "#[actor] needs a struct or enum of your own"));
        };
        Ok(Self {
            options,
            msg: format_ident!("{name}Msg"),
            api: format_ident!("{name}Api"),
            name,
            me,
            methods: Vec::new(),
            hooks: Vec::new(),
        })
    }

    fn add(&mut self, function: &ImplItemFn) -> Result<()> {
        if let Some(hook) = Hook::parse(function)? {
            self.hooks.push(hook);
            return Ok(());
        }
        let mut outside = function.clone();
        outside.sig = syn::parse2(without_self(function.sig.to_token_stream(), &self.me))?;
        let method = Method::parse(&outside)?;
        if !self.options.local {
            method.check_remote()?;
        }
        self.methods.push(method);
        Ok(())
    }

    /// What lets a `Recipient` reach methods marked so.
    fn accepts(&self) -> TokenStream {
        let Self { me, msg, .. } = self;
        let accepting = self.methods.iter().filter(|method| method.accepts);
        let impls = accepting.flat_map(|method| {
            let (cfgs, variant) = (&method.cfgs, &method.variant);
            method.args.iter().map(move |(arg, ty)| {
                quote! {
                    #(#cfgs)*
                    impl ::holm::Accepts<#ty> for #me {
                        fn accept(__msg: #ty) -> #msg {
                            #msg::#variant { #arg: __msg, __reply: ::holm::Reply::nobody() }
                        }

                        fn give_back(__msg: #msg) -> #ty {
                            match __msg {
                                #msg::#variant { #arg, .. } => #arg,
                                #[allow(unreachable_patterns, reason = "an actor of one message")]
                                _ => ::core::unreachable!("made by `accept`"),
                            }
                        }
                    }
                }
            })
        });
        quote!(#(#impls)*)
    }

    /// Refuses two methods that look alike in the message enum or on the wire, unless they
    /// exist under different conditions.
    fn check_names(&self) -> Result<()> {
        let (mut variants, mut tags) = (BTreeMap::new(), BTreeMap::new());
        for method in self.methods.iter().filter(|method| method.cfgs.is_empty()) {
            let name = &method.name;
            if let Some(other) = tags.insert(&method.tag, name) {
                let tag = &method.tag;
                return Err(Error::new_spanned(
                    name,
                    format!("`{other}` and `{name}` are both `{tag}` on the wire; choose another"),
                ));
            }
            if let Some(other) = variants.insert(&method.variant, name) {
                let variant = &method.variant;
                return Err(Error::new_spanned(
                    name,
                    format!("`{other}` and `{name}` both make the message `{variant}`; rename one"),
                ));
            }
        }
        Ok(())
    }

    /// The enum of messages.
    fn message(&self) -> TokenStream {
        let msg = &self.msg;
        let text = format!("The messages of [`{}`].", self.name);
        let variants = self.methods.iter().map(|method| {
            let Method { variant, docs, cfgs, reply, .. } = method;
            let (names, types) = (method.arg_names(), method.arg_types());
            quote! {
                #(#cfgs)*
                #(#docs)*
                #variant {
                    #(#[doc = "An argument."] #names: #types,)*
                    #[doc = "Where the reply goes."]
                    __reply: ::holm::Reply<#reply>,
                }
            }
        });
        let makers = self.methods.iter().map(|method| {
            let Method { name, variant, docs, cfgs, .. } = method;
            let (names, types) = (method.arg_names(), method.arg_types());
            quote! {
                #(#cfgs)*
                #(#docs)*
                pub fn #name(#(#names: #types),*) -> Self {
                    Self::#variant { #(#names,)* __reply: ::holm::Reply::nobody() }
                }
            }
        });
        quote! {
            #[doc = #text]
            #[allow(unreachable_pub, unnameable_types, private_interfaces)]
            pub enum #msg { #(#variants),* }

            #[doc = "Messages without a reply, for timers and pools."]
            #[allow(unreachable_pub, dead_code, private_interfaces, clippy::should_implement_trait)]
            impl #msg { #(#makers)* }
        }
    }

    fn actor(&self) -> TokenStream {
        let Self { me, msg, api, .. } = self;
        let wire = if self.options.local {
            quote!(::core::option::Option::None)
        } else {
            quote!(::core::option::Option::Some(<Self as ::holm::Remote>::TABLE))
        };
        let arms = self.methods.iter().map(|method| {
            let Method { variant, cfgs, .. } = method;
            let (names, invocation) = (method.arg_names(), method.invocation(me));
            quote!(#(#cfgs)* #msg::#variant { #(#names,)* __reply } => #invocation)
        });
        let hooks = self.hooks.iter().map(|hook| hook.expand(me));
        let (names, coalesce) = (self.names(), self.coalesce());
        quote! {
            impl ::holm::Actor for #me {
                type Msg = #msg;
                type Api = #api;
                const WIRE: ::core::option::Option<&'static ::holm::WireTable<Self>> = #wire;

                #[allow(unused_variables)]
                async fn handle(&mut self, __msg: #msg, __cx: &mut ::holm::Context<Self>) {
                    match __msg { #(#arms),* }
                }

                #names
                #coalesce
                #(#hooks)*
            }
        }
    }

    /// The names of the messages and the position of each.
    fn names(&self) -> TokenStream {
        let msg = &self.msg;
        // A condition may remove any of them, so the compiler counts.
        let entries = |entry: &dyn Fn(&Method) -> TokenStream| -> Vec<_> {
            self.methods
                .iter()
                .map(|method| {
                    let (cfgs, entry) = (&method.cfgs, entry(method));
                    quote!(#(#cfgs)* #entry)
                })
                .collect()
        };
        let names = entries(&|method| method.name.to_string().to_token_stream());
        let positions = entries(&|method| method.variant.to_token_stream());
        let arms = entries(
            &|Method { variant, .. }| quote!(#msg::#variant { .. } => __Position::#variant as usize),
        );
        quote! {
            const MESSAGES: &'static [&'static str] = &[#(#names),*];

            fn message_index(__msg: &#msg) -> usize {
                enum __Position { #(#positions),* }
                match *__msg { #(#arms),* }
            }
        }
    }

    /// The keys under which newer messages replace older ones.
    fn coalesce(&self) -> TokenStream {
        if self.methods.iter().all(|method| method.coalesce.is_none()) {
            return TokenStream::new();
        }
        let msg = &self.msg;
        let arms = self.methods.iter().map(|Method { variant, cfgs, coalesce, .. }| {
            let Some(key) = coalesce else {
                return quote!(#(#cfgs)* #msg::#variant { .. } => ::core::option::Option::None);
            };
            // The key's own span, so that one that cannot be hashed is shown in the attribute.
            let hashed = key.iter().map(|argument| {
                quote::quote_spanned!(argument.span()=>
                    ::core::hash::Hash::hash(#argument, &mut __hasher);)
            });
            quote! {
                #(#cfgs)*
                #msg::#variant { #(ref #key,)* .. } => {
                    #(#hashed)*
                    ::core::option::Option::Some(::core::hash::Hasher::finish(&__hasher))
                }
            }
        });
        quote! {
            fn coalesce_key(__msg: &#msg) -> ::core::option::Option<u64> {
                let mut __hasher = ::std::hash::DefaultHasher::new();
                ::core::hash::Hash::hash(&Self::message_index(__msg), &mut __hasher);
                match *__msg { #(#arms),* }
            }
        }
    }
}
