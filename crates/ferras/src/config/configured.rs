//! Classes: things with a name and a configuration, as Keras writes them into files.
use super::suggest;
use crate::{Error, Result};
use serde_json::{Value as Json, json};
use std::any::Any;
use std::fmt::Debug;

/// A JSON object whose keys keep their order.
pub type Map = serde_json::Map<String, Json>;

/// An object of a named class that tells its configuration. Derived by `#[derive(Config)]`.
pub trait Configured: Any + Debug + Send + Sync {
    /// The class, as Keras calls it (`"Dense"`).
    fn class_name(&self) -> &'static str;
    /// Keras' module of the class (`"keras.layers"`); `None` for a program's own classes.
    fn module(&self) -> Option<&'static str>;
    /// Under which name files refer to a program's own class (`"package>Name"`).
    fn registered_name(&self) -> &'static str;
    /// The arguments by name, as Keras' `get_config`.
    fn get_config(&self) -> Map;
}

/// A class that can be made from its configuration. Derived by `#[derive(Config)]`.
pub trait FromConfig: Configured + Sized {
    /// The class, as Keras calls it.
    const CLASS: &'static str;
    /// Keras' module of the class; `None` for a program's own classes.
    const MODULE: Option<&'static str>;
    /// `"package>Name"`.
    const REGISTERED_NAME: &'static str;
    /// The arguments in order.
    const ARGUMENTS: &'static [ArgumentInfo];
    /// The object of this configuration. Arguments that are left out keep their defaults; an
    /// unknown argument that is not null is an error.
    fn from_config(config: &Map, scope: &Scope) -> Result<Self>;
}

/// One argument of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgumentInfo {
    /// Its Keras name.
    pub name: &'static str,
    /// Whether it has no default.
    pub required: bool,
}

/// What reading a configuration may use besides Ferras' own classes.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// How deep configurations are nested at this point.
    depth: usize,
}

impl Scope {
    /// Configurations nested deeper than this are refused.
    pub const MAX_DEPTH: usize = 64;

    /// The scope one level down, or an error where the nesting is too deep.
    pub fn deeper(&self) -> Result<Scope> {
        if self.depth >= Scope::MAX_DEPTH {
            return Err(Error::argument("config", "is nested too deep"));
        }
        Ok(Scope { depth: self.depth + 1 })
    }
}

/// Keras' form of an object: module, class name, configuration, registered name.
///
/// ```
/// use ferras::config::serialize;
/// let json = serialize(&ferras::initializers::Zeros::new());
/// assert_eq!(json["class_name"], "Zeros");
/// assert_eq!(json["module"], "keras.initializers");
/// ```
pub fn serialize(object: &(impl Configured + ?Sized)) -> Json {
    let registered = match object.module() {
        Some(_) => Json::Null,
        None => json!(object.registered_name()),
    };
    json!({
        "module": object.module(),
        "class_name": object.class_name(),
        "config": object.get_config(),
        "registered_name": registered,
    })
}

/// A type that an argument of a class can have.
pub trait ConfigValue {
    /// As it stands in the configuration.
    fn to_json(&self) -> Json;
    /// Reads it back; an error says what was expected and what came.
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String>
    where
        Self: Sized;
}

// What `#[derive(Config)]` makes is compiled once a class: it calls the functions below, which are
// compiled once, or once a type of argument.

/// The configuration of these arguments.
pub fn written(arguments: &[(&str, &dyn ConfigValue)]) -> Map {
    arguments.iter().map(|(key, value)| (key.to_string(), value.to_json())).collect()
}

/// Leaves the argument `key` out where it has its default.
pub fn omit(map: &mut Map, key: &str, default: &dyn ConfigValue) {
    if map.get(key) == Some(&default.to_json()) {
        map.shift_remove(key);
    }
}

/// Reads a class's arguments from its configuration.
#[derive(Debug)]
pub struct Reader<'a> {
    class: &'static str,
    config: &'a Map,
    scope: Scope,
}

impl<'a> Reader<'a> {
    /// Checks that every argument that says something is known to the class.
    pub fn of<T: FromConfig>(config: &'a Map, scope: &Scope) -> Result<Reader<'a>> {
        Reader::checked(T::CLASS, T::MODULE, T::ARGUMENTS, config, scope)
    }

    fn checked(
        class: &'static str,
        module: Option<&str>,
        arguments: &[ArgumentInfo],
        config: &'a Map,
        scope: &Scope,
    ) -> Result<Reader<'a>> {
        let known: Vec<&str> = arguments.iter().map(|a| a.name).collect();
        for (key, value) in config {
            // Keras writes these for every layer; they belong to the layer's handle.
            let handle = module == Some("keras.layers")
                && matches!(key.as_str(), "name" | "trainable" | "dtype");
            if !value.is_null() && !known.contains(&key.as_str()) && !handle {
                let problem = format!("is unknown to {class}{}", suggest(key, &known));
                return Err(Error::argument(key, problem));
            }
        }
        Ok(Reader { class, config, scope: scope.deeper()? })
    }

    /// The argument `key`, if the configuration has it.
    #[inline(never)]
    pub fn given<V: ConfigValue>(&self, key: &str) -> Result<Option<V>> {
        let read = self.config.get(key).map(|json| V::from_json(json, &self.scope));
        read.transpose().map_err(|problem| self.error(key, &problem))
    }

    /// The argument `key`, which has no default.
    #[inline(never)]
    pub fn required<V: ConfigValue>(&self, key: &str) -> Result<V> {
        self.given(key)?.ok_or_else(|| self.error(key, "is missing"))
    }

    fn error(&self, key: &str, problem: &str) -> Error {
        Error::argument(key, format!("of {}: {problem}", self.class))
    }
}
