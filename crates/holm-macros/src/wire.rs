//! The wire table: how messages are named, encoded and decoded.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ext::IdentExt, spanned::Spanned};

use crate::actor::Parts;
use crate::method::Method;

impl Parts {
    pub(crate) fn remote(&self) -> TokenStream {
        let Self { me, name, msg, .. } = self;
        let type_name = match &self.options.name {
            Some(name) => quote!(#name),
            None => {
                quote!(::core::concat!(::core::module_path!(), "::", ::core::stringify!(#name)))
            }
        };
        let methods = self.methods.iter().map(|method| self.wire_method(method, &type_name));
        let encoders = self.methods.iter().map(|method| {
            let (cfgs, variant, names) = (&method.cfgs, &method.variant, method.arg_names());
            quote! {
                #(#cfgs)*
                #msg::#variant { #(ref #names,)* .. } =>
                    ::holm::wire::encode_positional(&(#(#names,)*), __out)
            }
        });
        let named = self.methods.iter().map(|method| {
            let (cfgs, variant, names) = (&method.cfgs, &method.variant, method.arg_names());
            let (count, texts) = (names.len(), texts(&names));
            quote! {
                #(#cfgs)*
                #msg::#variant { #(ref #names,)* .. } => {
                    let mut __args = ::holm::wire::ArgumentsWriter::new(#count, __out);
                    #(__args.put(#texts, #names)?;)*
                    ::core::result::Result::Ok(())
                }
            }
        });
        let agreement = self.agreement();
        let sinks = self.methods.iter().map(|Method { variant, cfgs, .. }| {
            quote!(#(#cfgs)* #msg::#variant { ref mut __reply, .. } => __reply.take_sink())
        });
        let sendable = self.methods.iter().map(sendable);
        let table = Ident::new("TABLE", Span::mixed_site());
        quote! {
            impl ::holm::Remote for #me {
                const TABLE: &'static ::holm::WireTable<Self> = {
                    #(#sendable)*
                    static #table: ::holm::WireTable<#me> = ::holm::WireTable {
                        type_name: #type_name,
                        agreement: #agreement,
                        methods: &[#(#methods),*],
                        method: <#me as ::holm::Actor>::message_index,
                        encode: |__msg, __out| match *__msg { #(#encoders),* },
                        encode_named: |__msg, __out| match *__msg { #(#named),* },
                        take_sink: |__msg| match *__msg { #(#sinks),* },
                    };
                    &#table
                };
            }
        }
    }

    /// What two versions of the actor must agree on.
    fn agreement(&self) -> TokenStream {
        if self.options.strict {
            quote!(::holm::wire::Agreement::Fingerprint)
        } else {
            quote!(::holm::wire::Agreement::Names)
        }
    }

    fn wire_method(&self, method: &Method, type_name: &TokenStream) -> TokenStream {
        let msg = &self.msg;
        let Method { variant, tag, cfgs, reply, .. } = method;
        let (names, types) = (method.arg_names(), method.arg_types());
        let build = quote! {
            ::core::result::Result::Ok(#msg::#variant {
                #(#names,)*
                __reply: ::holm::Reply::remote(__caller),
            })
        };
        let (texts, agreement) = (texts(&names), self.agreement());
        quote! {
            #(#cfgs)*
            ::holm::WireMethod {
                info: ::holm::MethodInfo {
                    actor_type: #type_name,
                    tag: #tag,
                    fingerprint: ::holm::wire::Fingerprint::of::<((#(#types,)*), #reply)>,
                    agreement: #agreement,
                },
                decode: |__body, __caller| {
                    let (#(#names,)*) =
                        ::holm::wire::decode_positional::<(#(#types,)*)>(__body)?;
                    #build
                },
                decode_named: |__args, __caller| {
                    let mut __args = ::holm::wire::Arguments::new(__args)?;
                    let (#(#names,)*) = (#(__args.take(#texts)?,)*);
                    __args.finish()?;
                    #build
                },
            }
        }
    }
}

/// The names of arguments as they cross the wire.
fn texts(names: &[&Ident]) -> Vec<String> {
    names.iter().map(|name| name.unraw().to_string()).collect()
}

/// Checks what a method sends, so that an error shows the type where the user wrote it.
fn sendable(method: &Method) -> TokenStream {
    let (cfgs, reply) = (&method.cfgs, &method.reply);
    let types = method.arg_types();
    let checks = types.iter().map(|ty| quote_spanned!(ty.span()=> sendable::<#ty>();));
    let reply = quote_spanned!(reply.span()=> sendable::<#reply>(););
    quote! {
        #(#cfgs)*
        const _: fn() = || {
            fn sendable<T: ::holm::wire::Schema>() {}
            #(#checks)*
            #reply
        };
    }
}
