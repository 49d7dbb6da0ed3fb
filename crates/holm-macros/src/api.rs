//! The methods of a reference, and its two facades.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Ident;

use crate::actor::Parts;
use crate::method::Method;

impl Parts {
    pub(crate) fn api(&self) -> TokenStream {
        let Self { me, name, msg, api, .. } = self;
        let (cast, send) = (format_ident!("{api}Cast"), format_ident!("{api}Send"));
        let text = format!("What a reference to a [`{name}`] offers: calls.");
        let calls = self.methods.iter().map(|method| {
            let Method { name, variant, docs, cfgs, reply, .. } = method;
            let (names, types) = (method.arg_names(), method.arg_types());
            quote! {
                #(#cfgs)*
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
            let Method { name, variant, docs, cfgs, .. } = method;
            let (names, types) = (method.arg_names(), method.arg_types());
            quote! {
                #(#cfgs)*
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
}
