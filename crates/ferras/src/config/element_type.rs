//! What the elements of an input are: numbers, or texts.
use super::{ConfigValue, Scope, mismatch};
use ferras_graph::DType;
use serde_json::{Value as Json, json};
use std::fmt;

/// Keras' dtype of an input: a type of numbers, or `"string"`. Texts stay on the host, where layers make
/// numbers of them; the graph knows numbers alone.
///
/// ```
/// use ferras::{DType, config::ElementType};
/// assert_eq!(ElementType::Text.to_string(), "string");
/// assert_eq!(ElementType::from(DType::I32).number(), Some(DType::I32));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ElementType {
    /// Numbers of a type.
    Number(DType),
    /// Texts, Keras' `"string"`.
    Text,
}

impl ElementType {
    /// The type of numbers, if they are numbers.
    pub fn number(self) -> Option<DType> {
        match self {
            ElementType::Number(dtype) => Some(dtype),
            ElementType::Text => None,
        }
    }

    /// Keras' name of it.
    pub fn name(self) -> &'static str {
        self.number().map_or("string", DType::name)
    }

    /// Whether it is one of the floating-point types.
    pub fn is_float(self) -> bool {
        self.number().is_some_and(DType::is_float)
    }

    /// Bytes that an element takes at least: of a text, those of its length.
    pub fn size(self) -> usize {
        self.number().map_or(size_of::<usize>(), DType::size)
    }
}

impl From<DType> for ElementType {
    fn from(dtype: DType) -> ElementType {
        ElementType::Number(dtype)
    }
}

impl PartialEq<DType> for ElementType {
    fn eq(&self, other: &DType) -> bool {
        self.number() == Some(*other)
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl ConfigValue for ElementType {
    fn to_json(&self) -> Json {
        json!(self.name())
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        match json.as_str() {
            Some("string") => Ok(ElementType::Text),
            Some(_) => DType::from_json(json, scope).map(ElementType::Number),
            None => Err(mismatch("the name of an element type, such as \"float32\"", json)),
        }
    }
}
