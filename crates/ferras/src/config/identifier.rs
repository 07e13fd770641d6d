//! Identifiers: where Keras takes a string or an object, so does Ferras.
use super::{ConfigValue, Configured, Map, Scope, serialize, suggest_among, value::mismatch};
use crate::{Error, Result};
use serde_json::{Value as Json, json};
use std::any::Any;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// A kind of class that programs may add to: activations, losses, layers, ….
pub trait Family: Configured {
    /// What errors call a member (`"activation"`).
    const KIND: &'static str;
    /// Ferras' own members.
    fn table() -> &'static [Entry<Self>];
    /// How an object stands in a configuration.
    fn to_json(&self) -> Json {
        serialize(self)
    }
}

/// A row of a family's table: the class under its names, and how to make it.
pub struct Entry<T: ?Sized> {
    /// Class name first, then Keras' other names of it.
    pub names: &'static [&'static str],
    /// The object of a configuration; of an empty one, with all defaults.
    pub make: fn(&Map, &Scope) -> Result<Arc<T>>,
}

impl<T: ?Sized> Clone for Entry<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Entry<T> {}

/// Classes that the program registered; looked through only after Ferras' own.
static REGISTERED: RwLock<Vec<Box<dyn Any + Send + Sync>>> = RwLock::new(Vec::new());

/// Adds a program's own class to its family.
pub(crate) fn register<T: Family + ?Sized>(entry: Entry<T>) {
    let mut list = REGISTERED.write().unwrap_or_else(PoisonError::into_inner);
    list.push(Box::new(entry));
}

/// The row of a name: exact, or as a program registered it with or without its package.
pub(crate) fn find<T: Family + ?Sized>(name: &str) -> Result<Entry<T>> {
    row(name).ok_or_else(|| unknown::<T>(name, |_| true))
}

/// The row of a name that stands alone; an error lists those that need no arguments besides.
fn find_alone<T: Family + ?Sized>(name: &str) -> Result<Entry<T>> {
    let alone = |entry: &Entry<T>| (entry.make)(&Map::new(), &Scope::default()).is_ok();
    row(name).ok_or_else(|| unknown::<T>(name, alone))
}

fn row<T: Family + ?Sized>(name: &str) -> Option<Entry<T>> {
    let own = T::table().iter().find(|e| e.names.contains(&name)).copied();
    let plain = |full: &str| full.split_once('>').map(|(_, class)| class.to_string());
    let fits = |e: &Entry<T>| {
        e.names.iter().any(|full| *full == name || plain(full).as_deref() == Some(name))
    };
    own.or_else(|| registered().into_iter().find(fits))
}

/// The rows that a program registered, the last one first.
fn registered<T: Family + ?Sized>() -> Vec<Entry<T>> {
    let list = REGISTERED.read().unwrap_or_else(PoisonError::into_inner);
    list.iter().rev().filter_map(|any| any.downcast_ref::<Entry<T>>()).copied().collect()
}

/// The error of a name that nothing has, which lists those of the rows that fit.
fn unknown<T: Family + ?Sized>(name: &str, fits: impl Fn(&Entry<T>) -> bool) -> Error {
    let own: Vec<&Entry<T>> = T::table().iter().filter(|e| fits(e)).collect();
    let registered = registered::<T>().into_iter().filter(|e| fits(e));
    let registered = registered.flat_map(|e| e.names.iter().copied());
    let known: Vec<&str> =
        own.iter().filter_map(|e| e.names.last().copied()).chain(registered).collect();
    let others = own.iter().flat_map(|e| e.names.split_last().map_or(&[][..], |n| n.1));
    let others: Vec<&str> = others.copied().collect();
    let hint = suggest_among(name, &known, &others);
    Error::Unknown { kind: T::KIND, name: name.into(), hint }
}

/// The name that each of Ferras' own members is listed by.
fn own_names<T: Family + ?Sized>() -> impl Iterator<Item = &'static str> {
    T::table().iter().filter_map(|entry| entry.names.last().copied())
}

/// A name or an object: Keras' `activation="relu"` and `activation=LeakyReLU(0.1)`.
///
/// The name is looked up when it is needed; an unknown one is an error then.
pub struct Identifier<T: Family + ?Sized>(Repr<T>);

enum Repr<T: ?Sized> {
    Name(String),
    Object(Arc<T>),
}

impl<T: Family + ?Sized> Identifier<T> {
    /// The identifier of an object.
    pub fn object(object: Arc<T>) -> Identifier<T> {
        Identifier(Repr::Object(object))
    }

    /// The object, looked up by name where it is one.
    pub fn get(&self) -> Result<Arc<T>> {
        match &self.0 {
            Repr::Object(object) => Ok(object.clone()),
            Repr::Name(name) => (find_alone::<T>(name)?.make)(&Map::new(), &Scope::default()),
        }
    }

    /// The names that Ferras knows, one for each class; those that a program registered are besides.
    ///
    /// ```
    /// use ferras::losses::Loss;
    /// assert!(Loss::names().any(|name| name == "mean_squared_error"));
    /// ```
    pub fn names() -> impl Iterator<Item = &'static str> {
        own_names::<T>()
    }

    /// The name it was given by, if it was.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Repr::Name(name) => Some(name),
            Repr::Object(_) => None,
        }
    }
}

impl<T: Family + ?Sized> Clone for Identifier<T> {
    fn clone(&self) -> Self {
        Identifier(match &self.0 {
            Repr::Name(name) => Repr::Name(name.clone()),
            Repr::Object(object) => Repr::Object(object.clone()),
        })
    }
}

impl<T: Family + ?Sized> fmt::Debug for Identifier<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Name(name) => fmt::Debug::fmt(name, f),
            Repr::Object(object) => fmt::Debug::fmt(object, f),
        }
    }
}

impl<T: Family + ?Sized> From<&str> for Identifier<T> {
    fn from(name: &str) -> Identifier<T> {
        Identifier(Repr::Name(name.into()))
    }
}

impl<T: Family + ?Sized> From<String> for Identifier<T> {
    fn from(name: String) -> Identifier<T> {
        Identifier(Repr::Name(name))
    }
}

impl<T: Family + ?Sized> From<&Identifier<T>> for Identifier<T> {
    fn from(identifier: &Identifier<T>) -> Identifier<T> {
        identifier.clone()
    }
}

impl<T: Family + ?Sized> ConfigValue for Identifier<T> {
    fn to_json(&self) -> Json {
        match (self.get(), &self.0) {
            (Ok(object), _) => object.to_json(),
            (Err(_), Repr::Name(name)) => json!(name),
            (Err(_), Repr::Object(object)) => object.to_json(),
        }
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        let text = |e: Error| e.to_string();
        let scope = scope.deeper().map_err(text)?;
        if let Some(name) = json.as_str() {
            return find_alone::<T>(name).map(|_| name.into()).map_err(text);
        }
        let expected =
            || mismatch(&format!("the name or the configuration of a {}", T::KIND), json);
        let map = json.as_object().ok_or_else(expected)?;
        let class = map.get("class_name").and_then(Json::as_str).ok_or_else(expected)?;
        let none = Map::new();
        let config = match map.get("config") {
            Some(Json::Object(config)) => config,
            None | Some(Json::Null) => &none,
            // Keras writes a function as {"class_name": "function", "config": "relu"}.
            Some(Json::String(name)) if class == "function" => {
                return find::<T>(name).map(|_| name.as_str().into()).map_err(text);
            }
            Some(_) => return Err(expected()),
        };
        let object = entry_of::<T>(map, class).and_then(|e| (e.make)(config, &scope));
        let object = object.map_err(text)?;
        check_module(json, object.module()).map_err(text)?;
        Ok(Identifier::object(object))
    }
}

/// The row of an object in a file: by the name that a program registered it with, if it says one,
/// else by its class.
pub(crate) fn entry_of<T: Family + ?Sized>(object: &Map, class: &str) -> Result<Entry<T>> {
    match object.get("registered_name").and_then(Json::as_str) {
        // "package>Class": a program's own, whatever else is called so.
        Some(name) if name.contains('>') => find::<T>(name),
        Some(name) if name != class => Err(Error::argument(
            "registered_name",
            format!("of class {class:?} must be \"package>{class}\" or nothing, got {name:?}"),
        )),
        _ => find::<T>(class),
    }
}

/// An error if an object of a file names another module than that of its class.
///
/// Modules are never looked into; a file that names another one means another class.
pub(crate) fn check_module(object: &Json, own: Option<&'static str>) -> Result<()> {
    let (Some(found), Some(own)) = (object.get("module").and_then(Json::as_str), own) else {
        return Ok(());
    };
    match found == own || same_module(found, own) {
        true => Ok(()),
        false => {
            let problem = format!("must be {own:?}, where the class is, got {found:?}");
            Err(Error::argument("module", problem))
        }
    }
}

/// Whether a path is Keras' module or one inside it, in one of Keras' packages.
fn same_module(found: &str, own: &str) -> bool {
    const PACKAGES: [&str; 4] =
        ["tensorflow.python.keras", "tensorflow.keras", "tf_keras", "keras"];
    let own = own.strip_prefix("keras").unwrap_or(own);
    PACKAGES.iter().filter_map(|package| found.strip_prefix(package)).any(|inside| {
        let inside = inside.strip_prefix(".src").unwrap_or(inside);
        inside.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Makes `dyn $trait` a family: its table, the alias `$alias` for identifiers, conversion from
/// objects, and registration of a program's own classes.
macro_rules! family {
    ($(#[$doc:meta])* $alias:ident, $trait:ident, $kind:literal,
     [$($class:ty $(, $name:literal)*;)*] $(, $to_json:item)?) => {
        $(#[$doc])*
        pub type $alias = $crate::config::Identifier<dyn $trait>;

        impl $crate::config::Family for dyn $trait {
            const KIND: &'static str = $kind;
            fn table() -> &'static [$crate::config::Entry<dyn $trait>] {
                &[$($crate::config::Entry {
                    names: &[<$class as $crate::config::FromConfig>::CLASS $(, $name)*],
                    make: |config, scope| Ok(std::sync::Arc::new(
                        <$class as $crate::config::FromConfig>::from_config(config, scope)?
                    )),
                },)*]
            }
            $($to_json)?
        }

        impl<A: $trait> From<A> for $alias {
            fn from(object: A) -> $alias {
                $crate::config::Identifier::object(std::sync::Arc::new(object))
            }
        }

        impl $alias {
            /// Adds a program's own class, so that its name and its files are understood.
            pub fn register<A: $trait + $crate::config::FromConfig>() {
                $crate::config::register($crate::config::Entry::<dyn $trait> {
                    names: const { &[<A as $crate::config::FromConfig>::REGISTERED_NAME] },
                    make: |config, scope| Ok(std::sync::Arc::new(A::from_config(config, scope)?)),
                });
            }
        }
    };
}
pub(crate) use family;
