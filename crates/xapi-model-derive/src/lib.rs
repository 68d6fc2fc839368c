//! The derives of `xapi-model`: `Class`, `Call` and `Enum`.
//!
//! Each turns a plain declaration into one constant descriptor and two conversions; everything else reads the
//! descriptors at run time. Nothing here knows of single messages: keep it small. The attributes are documented
//! on the traits in `xapi-model`.

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, ExprLit, Field, Fields, Ident, Lit, LitStr, Result,
    Token, Type, parenthesized, parse::Parse, parse_macro_input, spanned::Spanned,
};

/// Derives `Class` and `Wire`, `blank()` and one token per field.
#[proc_macro_derive(Class, attributes(class, field))]
pub fn class(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand_class(&input)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

/// Derives `Call`: the descriptor of a declared message and its conversions.
#[proc_macro_derive(Call, attributes(call, param))]
pub fn call(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand_call(&input)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

/// Derives `Wire`, `Key` and `Display` for an enumeration of wire names.
#[proc_macro_derive(Enum, attributes(wire))]
pub fn wire_enum(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand_enum(&input)
        .unwrap_or_else(Error::into_compile_error)
        .into()
}

/// The doc comment of an item as one string; an item without one does not compile.
fn doc(attrs: &[Attribute], what: &dyn Spanned) -> Result<String> {
    let mut lines = Vec::new();
    for attr in attrs {
        if let syn::Meta::NameValue(pair) = &attr.meta
            && pair.path.is_ident("doc")
            && let Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) = &pair.value
        {
            lines.push(text.value().trim().to_owned());
        }
    }
    let text = lines.join(" ").trim().to_owned();
    if text.is_empty() {
        return Err(Error::new(
            what.span(),
            "a declaration needs a doc comment: it is the manual",
        ));
    }
    Ok(text)
}

fn named_fields(input: &DeriveInput) -> Result<Vec<&Field>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields.named.iter().collect()),
            Fields::Unit => Ok(Vec::new()),
            Fields::Unnamed(_) => Err(Error::new(
                input.span(),
                "the fields of a declaration have names",
            )),
        },
        _ => Err(Error::new(input.span(), "a class or a call is a struct")),
    }
}

fn str_lit(expr: &Expr) -> Result<LitStr> {
    match expr {
        Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) => Ok(text.clone()),
        other => Err(Error::new(other.span(), "expected a string")),
    }
}

/// The words of an attribute: flags (`ctor`), pairs (`name = "PIF"`) and lists (`calls(Create, Destroy)`).
#[derive(Default)]
struct Words {
    flags: Vec<Ident>,
    pairs: Vec<(Ident, Expr)>,
    lists: Vec<(Ident, Vec<Type>)>,
    types: Vec<(Ident, Type)>,
}

impl Words {
    /// Reads attribute `name`; of the words, `typed` ones take a type after `=`.
    fn of(attrs: &[Attribute], name: &str, typed: &[&str]) -> Result<Words> {
        let mut words = Words::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident(name)) {
            attr.parse_nested_meta(|meta| {
                let ident = meta.path.require_ident()?.clone();
                if meta.input.peek(Token![=]) {
                    let value = meta.value()?;
                    if typed.iter().any(|word| ident == word) {
                        words.types.push((ident, value.parse()?));
                    } else {
                        words.pairs.push((ident, value.parse()?));
                    }
                } else if meta.input.peek(syn::token::Paren) {
                    let content;
                    parenthesized!(content in meta.input);
                    let list = content.parse_terminated(Type::parse, Token![,])?;
                    words.lists.push((ident, list.into_iter().collect()));
                } else {
                    words.flags.push(ident);
                }
                Ok(())
            })?;
        }
        Ok(words)
    }

    fn flag(&mut self, name: &str) -> bool {
        let before = self.flags.len();
        self.flags.retain(|flag| flag != name);
        self.flags.len() < before
    }

    fn pair(&mut self, name: &str) -> Option<Expr> {
        let at = self.pairs.iter().position(|(ident, _)| ident == name)?;
        Some(self.pairs.remove(at).1)
    }

    fn list(&mut self, name: &str) -> Vec<Type> {
        match self.lists.iter().position(|(ident, _)| ident == name) {
            Some(at) => self.lists.remove(at).1,
            None => Vec::new(),
        }
    }

    fn ty(&mut self, name: &str) -> Option<Type> {
        let at = self.types.iter().position(|(ident, _)| ident == name)?;
        Some(self.types.remove(at).1)
    }

    /// Takes the one flag that is among `names`.
    fn one_of(&mut self, names: &[&str]) -> Option<Ident> {
        let at = self
            .flags
            .iter()
            .position(|flag| names.iter().any(|name| flag == name))?;
        Some(self.flags.remove(at))
    }

    /// Refuses whatever nobody asked for.
    fn finish(self) -> Result<()> {
        let rest = self.flags.into_iter();
        let rest = rest.chain(self.pairs.into_iter().map(|(ident, _)| ident));
        let rest = rest.chain(self.lists.into_iter().map(|(ident, _)| ident));
        match rest
            .chain(self.types.into_iter().map(|(ident, _)| ident))
            .next()
        {
            Some(ident) => Err(Error::new(ident.span(), format!("unknown word `{ident}`"))),
            None => Ok(()),
        }
    }
}

fn role(words: &mut Words, word: &str, fallback: Tokens) -> Tokens {
    match words.pair(word) {
        Some(role) => quote!(::xapi_model::Role::#role),
        None => fallback,
    }
}

fn state(words: &mut Words) -> Tokens {
    match words.pair("state") {
        Some(state) => quote!(::xapi_model::State::#state),
        None => quote!(::xapi_model::State::Published),
    }
}

fn wire_name(words: &mut Words, ident: &Ident) -> Result<String> {
    match words.pair("name") {
        Some(name) => Ok(str_lit(&name)?.value()),
        None => Ok(ident.to_string().trim_start_matches("r#").to_owned()),
    }
}

fn expand_class(input: &DeriveInput) -> Result<Tokens> {
    let this = &input.ident;
    let text = doc(&input.attrs, this)?;
    let mut words = Words::of(&input.attrs, "class", &[])?;
    let name = words
        .pair("name")
        .ok_or_else(|| Error::new(this.span(), "a class has a `name`"))?;
    let name = str_lit(&name)?;
    let class_role = role(&mut words, "role", quote!(::xapi_model::Role::PoolAdmin));
    let class_get_role = role(&mut words, "get_role", quote!(::xapi_model::Role::ReadOnly));
    let class_state = state(&mut words);
    let in_db = !words.flag("no_db");
    let stored = words.flag("stored") || in_db;
    let get_all = !words.flag("no_get_all");
    let events = !words.flag("no_events");
    let (ctor, volatile) = (words.flag("ctor"), words.flag("volatile"));
    let calls = words.list("calls");
    words.finish()?;

    let mut descs = Vec::new();
    let mut tokens = Vec::new();
    let fields = named_fields(input)?;
    for (index, field) in fields.iter().enumerate() {
        let ident = field.ident.as_ref().expect("named");
        let ty = &field.ty;
        let mut words = Words::of(&field.attrs, "field", &[])?;
        let field_doc = doc(&field.attrs, ident)?;
        let wire = wire_name(&mut words, ident)?;
        let db = match words.pair("db") {
            Some(db) => str_lit(&db)?.value(),
            None if wire == "name_label" || wire == "name_description" => {
                wire.replacen('_', "__", 1)
            }
            None => wire.clone(),
        };
        let qualifier = words
            .one_of(&["RW", "StaticRO", "DynamicRO", "Internal"])
            .ok_or_else(|| Error::new(ident.span(), "say RW, StaticRO, DynamicRO or Internal"))?;
        let default = match words.pair("default") {
            Some(value) => {
                quote!(Some(|| { let value: #ty = #value; ::xapi_model::Wire::to_value(&value) }))
            }
            None => quote!(None),
        };
        let view = match words.pair("view") {
            Some(token) => quote!(Some(#token.relation())),
            None => quote!(None),
        };
        let set_role = role(&mut words, "role", class_role.clone());
        let get_role = role(&mut words, "get_role", quote!(::xapi_model::Role::ReadOnly));
        let field_state = state(&mut words);
        let keys = match words.pair("keys") {
            Some(keys) => quote!({ use ::xapi_model::Role::*; &#keys }),
            None => quote!(&[]),
        };
        let field_volatile = words.flag("volatile");
        let client_cert = words.flag("client_cert");
        words.finish()?;
        descs.push(quote! {
            ::xapi_model::FieldDesc {
                name: #wire, db: #db, doc: #field_doc, ty: <#ty as ::xapi_model::Wire>::TYPE,
                qualifier: ::xapi_model::Qualifier::#qualifier, default: #default, view: #view,
                set_role: #set_role, get_role: #get_role, client_cert: #client_cert, keys: #keys,
                state: #field_state, volatile: #field_volatile,
            }
        });
        let token = format_ident!(
            "{}",
            ident.to_string().trim_start_matches("r#").to_uppercase()
        );
        let token_doc = format!("Token of the field `{wire}`.");
        tokens.push(quote! {
            #[doc = #token_doc]
            pub const #token: ::xapi_model::Field<#this, #ty> = ::xapi_model::Field::new(#index, #wire);
        });
    }
    let idents: Vec<_> = fields
        .iter()
        .map(|field| field.ident.as_ref().expect("named"))
        .collect();
    let count = fields.len();
    Ok(quote! {
        impl ::xapi_model::Class for #this {
            const NAME: &'static str = #name;
            const DESC: &'static ::xapi_model::ClassDesc = &::xapi_model::ClassDesc {
                name: #name, doc: #text, role: #class_role, get_role: #class_get_role, state: #class_state, in_db: #in_db, stored: #stored, get_all: #get_all,
                events: #events, ctor: #ctor, volatile: #volatile, fields: &[#(#descs),*],
                calls: &[#(<#calls as ::xapi_model::Call>::DESC),*],
            };
            fn to_row(&self) -> Vec<::xapi_model::Value> {
                vec![#(::xapi_model::Wire::to_value(&self.#idents)),*]
            }
            fn from_row(row: Vec<::xapi_model::Value>) -> Result<Self, ::xapi_model::TypeError> {
                if row.len() != #count {
                    return Err(::xapi_model::TypeError::columns(#name, #count, row.len()));
                }
                let mut row = row.into_iter();
                let mut next = || row.next().unwrap_or(::xapi_model::Value::Nil);
                Ok(#this { #(#idents: ::xapi_model::Wire::from_value(next())?),* })
            }
            fn blank() -> Self {
                let desc = <Self as ::xapi_model::Class>::DESC;
                let row = desc.fields.iter().map(::xapi_model::FieldDesc::default_value).collect();
                <Self as ::xapi_model::Class>::from_row(row).expect("a default has its field's type")
            }
        }
        impl ::xapi_model::Wire for #this {
            const TYPE: ::xapi_model::Type = ::xapi_model::Type::Record(#name);
            fn to_value(&self) -> ::xapi_model::Value {
                <Self as ::xapi_model::Class>::DESC.record(::xapi_model::Class::to_row(self))
            }
            fn from_value(value: ::xapi_model::Value) -> Result<Self, ::xapi_model::TypeError> {
                <Self as ::xapi_model::Class>::from_row(<Self as ::xapi_model::Class>::DESC.row(value)?)
            }
        }
        impl #this { #(#tokens)* }
    })
}

fn expand_call(input: &DeriveInput) -> Result<Tokens> {
    let this = &input.ident;
    let text = doc(&input.attrs, this)?;
    let mut words = Words::of(&input.attrs, "call", &["out"])?;
    let name = words
        .pair("name")
        .ok_or_else(|| Error::new(this.span(), "a call has a `name`"))?;
    let name = str_lit(&name)?;
    let out = words.ty("out").unwrap_or_else(|| syn::parse_quote!(()));
    let call_role = role(&mut words, "role", quote!(::xapi_model::Role::PoolAdmin));
    let call_state = state(&mut words);
    let client_cert = words.flag("client_cert");
    let session = !words.flag("no_session");
    let is_async = !words.flag("sync") && session;
    let hidden = words.flag("hidden");
    words.finish()?;
    let mut params = Vec::new();
    let fields = named_fields(input)?;
    for field in &fields {
        let ident = field.ident.as_ref().expect("named");
        let ty = &field.ty;
        let mut words = Words::of(&field.attrs, "param", &[])?;
        let param_doc = doc(&field.attrs, ident)?;
        let wire = wire_name(&mut words, ident)?;
        let cli = match words.pair("cli") {
            Some(cli) => quote!(Some(#cli)),
            None => quote!(None),
        };
        let default = match words.pair("default") {
            Some(value) => {
                quote!(Some(|| { let value: #ty = #value; ::xapi_model::Wire::to_value(&value) }))
            }
            None => quote!(None),
        };
        words.finish()?;
        params.push(quote! {
            ::xapi_model::ParamDesc {
                name: #wire, doc: #param_doc, ty: <#ty as ::xapi_model::Wire>::TYPE, default: #default, cli: #cli,
            }
        });
    }
    let idents: Vec<_> = fields
        .iter()
        .map(|field| field.ident.as_ref().expect("named"))
        .collect();
    let count = fields.len();
    let next = if count == 0 {
        quote!()
    } else {
        quote!(let mut params = params.into_iter(); let mut next = || params.next().unwrap_or(::xapi_model::Value::Nil);)
    };
    Ok(quote! {
        impl ::xapi_model::Call for #this {
            type Out = #out;
            const DESC: &'static ::xapi_model::CallDesc = &::xapi_model::CallDesc {
                name: #name, doc: #text, params: &[#(#params),*], result: <#out as ::xapi_model::Wire>::TYPE,
                role: #call_role, client_cert: #client_cert, session: #session, is_async: #is_async,
                hidden: #hidden, state: #call_state,
            };
            fn to_params(&self) -> Vec<::xapi_model::Value> {
                vec![#(::xapi_model::Wire::to_value(&self.#idents)),*]
            }
            fn from_params(params: Vec<::xapi_model::Value>) -> Result<Self, ::xapi_model::TypeError> {
                if params.len() != #count {
                    return Err(::xapi_model::TypeError::columns(#name, #count, params.len()));
                }
                #next
                Ok(#this { #(#idents: ::xapi_model::Wire::from_value(next())?),* })
            }
        }
    })
}

fn expand_enum(input: &DeriveInput) -> Result<Tokens> {
    let this = &input.ident;
    let text = doc(&input.attrs, this)?;
    let mut words = Words::of(&input.attrs, "wire", &[])?;
    let name = words
        .pair("name")
        .ok_or_else(|| Error::new(this.span(), "an enumeration has a `name`"))?;
    let name = str_lit(&name)?;
    let exact = words.flag("exact");
    words.finish()?;
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(input.span(), "an enumeration is an enum"));
    };
    let (mut idents, mut wires, mut docs) = (Vec::new(), Vec::new(), Vec::new());
    for variant in &data.variants {
        let mut words = Words::of(&variant.attrs, "wire", &[])?;
        let wire = words
            .pair("name")
            .ok_or_else(|| Error::new(variant.span(), "a value has its wire `name`"))?;
        words.finish()?;
        wires.push(str_lit(&wire)?);
        docs.push(doc(&variant.attrs, &variant.ident)?);
        idents.push(&variant.ident);
    }
    Ok(quote! {
        impl #this {
            /// The descriptor of this enumeration.
            pub const DESC: &'static ::xapi_model::EnumDesc = &::xapi_model::EnumDesc {
                name: #name, doc: #text, exact: #exact, values: &[#((#wires, #docs)),*],
            };
            /// The name of this value on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { #(#this::#idents => #wires),* }
            }
        }
        impl ::std::fmt::Display for #this {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result { f.pad(self.as_str()) }
        }
        impl ::xapi_model::Wire for #this {
            const TYPE: ::xapi_model::Type = ::xapi_model::Type::Enum(Self::DESC);
            fn to_value(&self) -> ::xapi_model::Value { ::xapi_model::Value::Str(self.as_str().to_owned()) }
            fn from_value(value: ::xapi_model::Value) -> Result<Self, ::xapi_model::TypeError> {
                let text = <String as ::xapi_model::Wire>::from_value(value)?;
                <Self as ::xapi_model::Key>::from_key(&text)
            }
        }
        impl ::xapi_model::Key for #this {
            fn to_key(&self) -> String { self.as_str().to_owned() }
            fn from_key(key: &str) -> Result<Self, ::xapi_model::TypeError> {
                match Self::DESC.canonical(key) {
                    #(Some(#wires) => Ok(#this::#idents),)*
                    _ => Err(::xapi_model::TypeError::no_such_value(Self::DESC, key)),
                }
            }
        }
    })
}
