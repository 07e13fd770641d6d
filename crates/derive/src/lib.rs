//! `#[derive(Config)]`: a plain struct is the single source of a class's arguments. From it come
//! `new`, one builder method an option, Keras' configuration both ways, and the list of defaults.
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Expr, Field, Fields, Ident, LitStr, Type};

/// Makes a struct of named, private fields a configurable class.
///
/// - A field without `#[config(default = …)]` is a required argument of `new`, in order.
/// - A field with a default becomes a builder method of its name; the expression may be anything
///   that converts into the field's type. `#[config(default)]` takes `Default::default()`.
/// - Numbers, booleans and options of them are taken as they are, everything else by `Into`;
///   the method of an `Option<T>` takes a `T`.
/// - `#[config(key = "…")]` gives the name in Keras' configuration where it differs.
/// - `#[config(written = …)]` gives what stands in the configuration instead of the field: an
///   expression over `self`, where a default depends on other arguments.
/// - `#[config(omit_default)]` leaves the argument out of the configuration while it has its
///   default: for those that Keras reads, but does not write.
/// - `#[config(state)]` marks a field that is no argument and begins with its type's default.
///
/// On the struct: `#[config(module = "keras.layers")]` for Keras' own classes,
/// `#[config(package = "mine")]` for those of a program (default `"Custom"`), and
/// `#[config(class = "…")]` where Keras' class name differs from the struct's.
///
/// ```
/// use ferras::Config;
/// /// A straight line.
/// #[derive(Clone, Debug, Config)]
/// pub struct Line {
///     /// Rise for each step.
///     slope: f64,
///     /// Value at zero.
///     #[config(default = 0.0)]
///     offset: f64,
/// }
/// use ferras::config::Configured;
/// let line = Line::new(2.0).offset(1.0);
/// assert_eq!(serde_json::to_string(&line.get_config())?, r#"{"slope":2.0,"offset":1.0}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[proc_macro_derive(Config, attributes(config))]
pub fn derive_config(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(|e| e.to_compile_error()).into()
}

/// What `#[config(…)]` on the struct says.
#[derive(Default)]
struct ClassOptions {
    class: Option<String>,
    module: Option<String>,
    package: Option<String>,
}

/// One argument of the class.
struct Argument<'a> {
    name: &'a Ident,
    ty: &'a Type,
    docs: Vec<&'a Attribute>,
    key: String,
    default: Option<TokenStream>,
    written: Option<Expr>,
    omit_default: bool,
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let options = class_options(&input.attrs)?;
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "Config is for structs"));
    };
    let fields: Vec<&Field> = match &data.fields {
        Fields::Named(named) => named.named.iter().collect(),
        Fields::Unit => Vec::new(),
        Fields::Unnamed(f) => return Err(syn::Error::new_spanned(f, "name the fields")),
    };
    let (state, fields): (Vec<&Field>, Vec<&Field>) = fields.into_iter().partition(|f| is_state(f));
    let state: Vec<&Ident> = state.iter().filter_map(|f| f.ident.as_ref()).collect();
    let arguments = fields.into_iter().map(argument).collect::<syn::Result<Vec<_>>>()?;
    let builder = builder(&input.ident, &arguments, &state, matches!(data.fields, Fields::Unit));
    let configured = configured(&input.ident, &arguments, &state, &options);
    Ok(quote! { #builder #configured })
}

fn class_options(attributes: &[Attribute]) -> syn::Result<ClassOptions> {
    let mut options = ClassOptions::default();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("config")) {
        attribute.parse_nested_meta(|meta| {
            let value = meta.value()?.parse::<LitStr>()?.value();
            match meta.path.get_ident().map(Ident::to_string).as_deref() {
                Some("class") => options.class = Some(value),
                Some("module") => options.module = Some(value),
                Some("package") => options.package = Some(value),
                _ => return Err(meta.error("expected class, module or package")),
            }
            Ok(())
        })?;
    }
    Ok(options)
}

/// Whether the field is marked `#[config(state)]`.
fn is_state(field: &Field) -> bool {
    let mut config = field.attrs.iter().filter(|a| a.path().is_ident("config"));
    config.any(|a| a.parse_args::<Ident>().is_ok_and(|word| word == "state"))
}

fn argument(field: &Field) -> syn::Result<Argument<'_>> {
    let name = field.ident.as_ref().ok_or_else(|| syn::Error::new_spanned(field, "unnamed"))?;
    let mut argument = Argument {
        name,
        ty: &field.ty,
        docs: field.attrs.iter().filter(|a| a.path().is_ident("doc")).collect(),
        key: name.to_string(),
        default: None,
        written: None,
        omit_default: false,
    };
    for attribute in field.attrs.iter().filter(|a| a.path().is_ident("config")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("key") {
                argument.key = meta.value()?.parse::<LitStr>()?.value();
                return Ok(());
            }
            if meta.path.is_ident("written") {
                argument.written = Some(meta.value()?.parse()?);
                return Ok(());
            }
            if meta.path.is_ident("omit_default") {
                argument.omit_default = true;
                return Ok(());
            }
            if !meta.path.is_ident("default") {
                return Err(meta.error("expected default, key, written or omit_default"));
            }
            argument.default = Some(match meta.value() {
                Ok(value) => default_value(&field.ty, &value.parse::<Expr>()?),
                Err(_) => quote!(::core::default::Default::default()),
            });
            Ok(())
        })?;
    }
    Ok(argument)
}

/// The default expression as a value of the field's type.
fn default_value(ty: &Type, expr: &Expr) -> TokenStream {
    match option_of(ty) {
        _ if is_plain(ty) => quote!(#expr),
        // `None` stands for itself; anything else is the value inside.
        Some(_) if quote!(#expr).to_string() == "None" => quote!(::core::option::Option::None),
        Some(inner) => {
            let value = default_value(inner, expr);
            quote!(::core::option::Option::Some(#value))
        }
        None => quote!(::core::convert::Into::into(#expr)),
    }
}

/// The argument type and the expression that stores it.
fn taken(name: &Ident, ty: &Type) -> (TokenStream, TokenStream) {
    let inner = option_of(ty).unwrap_or(ty);
    let (argument, value) = match is_plain(inner) {
        true => (quote!(#inner), quote!(#name)),
        false => {
            (quote!(impl ::core::convert::Into<#inner>), quote!(::core::convert::Into::into(#name)))
        }
    };
    match option_of(ty) {
        Some(_) => (argument, quote!(::core::option::Option::Some(#value))),
        None => (argument, value),
    }
}

fn builder(class: &Ident, arguments: &[Argument<'_>], state: &[&Ident], unit: bool) -> TokenStream {
    let required: Vec<_> = arguments.iter().filter(|a| a.default.is_none()).collect();
    let parameters = required.iter().map(|a| {
        let (name, (ty, _)) = (a.name, taken(a.name, a.ty));
        quote!(#name: #ty)
    });
    let stored = arguments.iter().map(|a| {
        let name = a.name;
        let value = a.default.clone().unwrap_or_else(|| taken(a.name, a.ty).1);
        quote!(#name: #value)
    });
    let blank = quote!(::core::default::Default::default());
    let body = if unit { quote!(Self) } else { quote!(Self { #(#stored,)* #(#state: #blank,)* }) };
    let setters = arguments.iter().filter(|a| a.default.is_some()).map(|a| {
        let (name, docs, (ty, value)) = (a.name, &a.docs, taken(a.name, a.ty));
        quote! {
            #(#docs)*
            #[track_caller]
            pub fn #name(mut self, #name: #ty) -> Self {
                self.#name = #value;
                self
            }
        }
    });
    let doc = format!("A `{class}` with Keras' defaults.");
    let default = required.is_empty().then(|| {
        quote! {
            impl ::core::default::Default for #class {
                fn default() -> Self {
                    Self::new()
                }
            }
        }
    });
    quote! {
        impl #class {
            #[doc = #doc]
            #[track_caller]
            #[allow(clippy::too_many_arguments)]
            pub fn new(#(#parameters),*) -> Self {
                #body
            }
            #(#setters)*
        }
        #default
    }
}

/// The argument's key with the value that stands in the configuration.
fn entry(argument: &Argument<'_>) -> TokenStream {
    let (field, key) = (argument.name, &argument.key);
    match &argument.written {
        Some(expression) => quote!((#key, &(#expression))),
        None => quote!((#key, &self.#field)),
    }
}

/// The statement that leaves an argument out while it has its default.
fn omission(argument: &Argument<'_>) -> Option<TokenStream> {
    let (ty, key) = (argument.ty, &argument.key);
    let default = argument.default.as_ref().filter(|_| argument.omit_default)?;
    Some(quote! {
        ::ferras::config::omit(&mut map, #key, &{ let default: #ty = #default; default });
    })
}

/// The field with what the configuration says of it.
fn read(argument: &Argument<'_>) -> TokenStream {
    let (field, key) = (argument.name, &argument.key);
    match &argument.default {
        Some(default) => quote! {
            #field: match reader.given(#key)? {
                ::core::option::Option::Some(value) => value,
                ::core::option::Option::None => #default,
            }
        },
        None => quote!(#field: reader.required(#key)?),
    }
}

fn configured(
    class: &Ident,
    arguments: &[Argument<'_>],
    state: &[&Ident],
    options: &ClassOptions,
) -> TokenStream {
    let name = options.class.clone().unwrap_or_else(|| class.to_string());
    let module = match &options.module {
        Some(m) => quote!(::core::option::Option::Some(#m)),
        None => quote!(::core::option::Option::None),
    };
    let registered = format!("{}>{name}", options.package.as_deref().unwrap_or("Custom"));
    let keys: Vec<_> = arguments.iter().map(|a| LitStr::new(&a.key, Span::call_site())).collect();
    let entries = arguments.iter().map(entry);
    let omissions: Vec<_> = arguments.iter().filter_map(omission).collect();
    let mutable = (!omissions.is_empty()).then(|| quote!(mut));
    let reads = arguments.iter().map(read);
    let required = arguments.iter().map(|a| a.default.is_none());
    let reader =
        if arguments.is_empty() { format_ident!("_reader") } else { format_ident!("reader") };
    let build = match arguments.is_empty() {
        true => quote!(Self::new()),
        false => {
            quote!(Self { #(#reads,)* #(#state: ::core::default::Default::default(),)* })
        }
    };
    quote! {
        impl ::ferras::config::Configured for #class {
            fn class_name(&self) -> &'static str {
                <Self as ::ferras::config::FromConfig>::CLASS
            }
            fn module(&self) -> ::core::option::Option<&'static str> {
                <Self as ::ferras::config::FromConfig>::MODULE
            }
            fn registered_name(&self) -> &'static str {
                <Self as ::ferras::config::FromConfig>::REGISTERED_NAME
            }
            fn get_config(&self) -> ::ferras::config::Map {
                let #mutable map = ::ferras::config::written(&[#(#entries,)*]);
                #(#omissions)*
                map
            }
        }
        impl ::ferras::config::FromConfig for #class {
            const CLASS: &'static str = #name;
            const MODULE: ::core::option::Option<&'static str> = #module;
            const REGISTERED_NAME: &'static str = #registered;
            const ARGUMENTS: &'static [::ferras::config::ArgumentInfo] = &[
                #(::ferras::config::ArgumentInfo { name: #keys, required: #required },)*
            ];
            fn from_config(
                config: &::ferras::config::Map,
                scope: &::ferras::config::Scope,
            ) -> ::ferras::Result<Self> {
                let #reader = ::ferras::config::Reader::of::<Self>(config, scope)?;
                ::core::result::Result::Ok(#build)
            }
        }
    }
}

/// Whether values of the type are taken as they are: literals would not convert.
fn is_plain(ty: &Type) -> bool {
    const PLAIN: [&str; 9] = ["usize", "u64", "i64", "u32", "i32", "isize", "f64", "f32", "bool"];
    match option_of(ty) {
        Some(_) => false,
        None => matches!(bare(ty), Type::Path(p) if PLAIN.iter().any(|name| p.path.is_ident(name))),
    }
}

/// The type without what a declarative macro puts around its `$ty:ty`.
fn bare(mut ty: &Type) -> &Type {
    while let Type::Group(group) = ty {
        ty = &group.elem;
    }
    ty
}

/// `T` of `Option<T>`.
fn option_of(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = bare(ty) else { return None };
    let segment = path.path.segments.last().filter(|s| s.ident == "Option")?;
    let syn::PathArguments::AngleBracketed(generics) = &segment.arguments else { return None };
    generics.args.iter().find_map(|a| match a {
        syn::GenericArgument::Type(inner) => Some(inner),
        _ => None,
    })
}
