//! The types of arguments, to and from JSON.
use super::{ConfigValue, Scope};
use crate::DType;
use serde_json::{Value as Json, json};

/// `expected …, got …` with at most a line of what came.
pub(crate) fn mismatch(expected: &str, json: &Json) -> String {
    let mut text = json.to_string();
    if text.chars().count() > 80 {
        text = text.chars().take(77).chain("...".chars()).collect();
    }
    format!("expected {expected}, got {text}")
}

macro_rules! number {
    ($($ty:ty, $read:expr, $expected:literal;)*) => {
        $(impl ConfigValue for $ty {
            fn to_json(&self) -> Json {
                json!(*self)
            }
            fn from_json(json: &Json, _: &Scope) -> Result<Self, String> {
                let read: fn(&Json) -> Option<$ty> = $read;
                read(json).ok_or_else(|| mismatch($expected, json))
            }
        })*
    };
}

/// A whole number, which some versions of Keras wrote as `3.0`.
fn whole(json: &Json) -> Option<i64> {
    let float = || json.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15).map(|f| f as i64);
    json.as_i64().or_else(float)
}

number! {
    usize, |j| whole(j).and_then(|n| n.try_into().ok()), "a whole number of at least 0";
    isize, |j| whole(j).and_then(|n| n.try_into().ok()), "a whole number";
    u64, |j| j.as_u64().or_else(|| whole(j)?.try_into().ok()), "a whole number of at least 0";
    i64, whole, "a whole number";
    f64, Json::as_f64, "a number";
    bool, Json::as_bool, "true or false";
}

/// What stands in a configuration as it is.
impl ConfigValue for Json {
    fn to_json(&self) -> Json {
        self.clone()
    }
    fn from_json(json: &Json, _: &Scope) -> Result<Self, String> {
        Ok(json.clone())
    }
}

impl ConfigValue for String {
    fn to_json(&self) -> Json {
        json!(self)
    }
    fn from_json(json: &Json, _: &Scope) -> Result<Self, String> {
        json.as_str().map(str::to_string).ok_or_else(|| mismatch("a string", json))
    }
}

impl ConfigValue for DType {
    fn to_json(&self) -> Json {
        json!(self.name())
    }
    fn from_json(json: &Json, _: &Scope) -> Result<Self, String> {
        let name = json.as_str();
        name.and_then(|name| DType::parse(name).or_else(|| wider(name)))
            .ok_or_else(|| mismatch("the name of an element type, such as \"float32\"", json))
    }
}

/// The type that holds all numbers of an integer type that Ferras does not have.
fn wider(name: &str) -> Option<DType> {
    match name {
        "int8" | "int16" | "uint16" => Some(DType::I32),
        "uint32" => Some(DType::I64),
        _ => None,
    }
}

impl<T: ConfigValue> ConfigValue for Option<T> {
    fn to_json(&self) -> Json {
        self.as_ref().map_or(Json::Null, T::to_json)
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        if json.is_null() { Ok(None) } else { T::from_json(json, scope).map(Some) }
    }
}

impl<T: ConfigValue> ConfigValue for Vec<T> {
    fn to_json(&self) -> Json {
        self.iter().map(T::to_json).collect()
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        let items = json.as_array().ok_or_else(|| mismatch("a list", json))?;
        items.iter().map(|item| T::from_json(item, scope)).collect()
    }
}

impl<T: ConfigValue + Copy, const N: usize> ConfigValue for [T; N] {
    fn to_json(&self) -> Json {
        self.iter().map(T::to_json).collect()
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        let expected = format!("{N} values");
        let items = Vec::<T>::from_json(json, scope)?;
        items.try_into().map_err(|_| mismatch(&expected, json))
    }
}

/// A size for each of `N` axes; one number stands for all of them, as in `kernel_size=3`.
///
/// ```
/// use ferras::config::Sizes;
/// assert_eq!(Sizes::<2>::from(3), Sizes::from((3, 3)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes<const N: usize>(pub [usize; N]);

impl<const N: usize> From<usize> for Sizes<N> {
    fn from(size: usize) -> Sizes<N> {
        Sizes([size; N])
    }
}

impl<const N: usize> From<[usize; N]> for Sizes<N> {
    fn from(sizes: [usize; N]) -> Sizes<N> {
        Sizes(sizes)
    }
}

impl From<(usize, usize)> for Sizes<2> {
    fn from((a, b): (usize, usize)) -> Sizes<2> {
        Sizes([a, b])
    }
}

impl From<(usize, usize, usize)> for Sizes<3> {
    fn from((a, b, c): (usize, usize, usize)) -> Sizes<3> {
        Sizes([a, b, c])
    }
}

impl<const N: usize> ConfigValue for Sizes<N> {
    fn to_json(&self) -> Json {
        self.0.to_json()
    }
    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        match usize::from_json(json, scope) {
            Ok(size) => Ok(size.into()),
            Err(_) => <[usize; N]>::from_json(json, scope).map(Sizes),
        }
    }
}
