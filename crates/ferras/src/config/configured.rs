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
pub trait ConfigValue: Sized {
    /// As it stands in the configuration.
    fn to_json(&self) -> Json;
    /// Reads it back; an error says what was expected and what came.
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String>;
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
    pub fn new<T: FromConfig>(config: &'a Map, scope: &Scope) -> Result<Reader<'a>> {
        let known: Vec<&str> = T::ARGUMENTS.iter().map(|a| a.name).collect();
        for (key, value) in config {
            // Keras writes these for every layer; they belong to the layer's handle.
            let handle = T::MODULE == Some("keras.layers")
                && matches!(key.as_str(), "name" | "trainable" | "dtype");
            if !value.is_null() && !known.contains(&key.as_str()) && !handle {
                let problem = format!("is unknown to {}{}", T::CLASS, suggest(key, &known));
                return Err(Error::argument(key, problem));
            }
        }
        Ok(Reader { class: T::CLASS, config, scope: scope.deeper()? })
    }

    /// The argument `key`, or its default where it is left out.
    pub fn take<V: ConfigValue>(&self, key: &str, default: Option<impl Fn() -> V>) -> Result<V> {
        let named = |problem: String| Error::argument(key, format!("of {}: {problem}", self.class));
        match (self.config.get(key), default) {
            (Some(json), _) => V::from_json(json, &self.scope).map_err(named),
            (None, Some(default)) => Ok(default()),
            (None, None) => Err(named("is missing".into())),
        }
    }
}
