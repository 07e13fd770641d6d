//! `DTypePolicy`: what element types a layer keeps its weights in and computes in.
use super::{ConfigValue, Scope, mismatch, suggest};
use crate::{DType, Error, Result};
use serde_json::{Value as Json, json};
use std::borrow::Cow;

/// The policies whose weights have another type than the computation: name, type of the computation.
/// Their weights are float32.
const MIXED: [(&str, DType); 2] = [("mixed_bfloat16", DType::BF16), ("mixed_float16", DType::F16)];

/// The element types of a layer: what it computes in, and what its weights are kept in.
///
/// A policy goes by its name, as in Keras. `"float32"`, or the name of any other element type, means
/// that type for both. `"mixed_bfloat16"` and `"mixed_float16"` mean 16 bits for the computation,
/// its inputs and outputs, and float32 for the weights, so that small updates are not lost; float16
/// also wants its loss scaled. A name that nobody has becomes an error where the layer is built.
///
/// ```
/// use ferras::DType;
/// use ferras::config::DTypePolicy;
/// let policy = DTypePolicy::new("mixed_bfloat16");
/// assert_eq!(policy.compute_dtype()?, DType::BF16);
/// assert_eq!(policy.variable_dtype()?, DType::F32);
/// assert_eq!(DTypePolicy::from(DType::F64).name(), "float64");
/// let error = DTypePolicy::new("mixed_float61").compute_dtype().unwrap_err().to_string();
/// assert!(error.contains("did you mean \"mixed_float16\"?"), "{error}");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DTypePolicy(Cow<'static, str>);

impl DTypePolicy {
    /// The policy of that name.
    pub fn new(name: impl Into<String>) -> DTypePolicy {
        DTypePolicy(name.into().into())
    }

    /// Its name: that of an element type, `"mixed_bfloat16"` or `"mixed_float16"`.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The type of a layer's computation; its inputs are cast to it.
    pub fn compute_dtype(&self) -> Result<DType> {
        Ok(self.types()?.0)
    }

    /// The type that a layer's weights are kept in.
    pub fn variable_dtype(&self) -> Result<DType> {
        Ok(self.types()?.1)
    }

    /// The types of computation and weights.
    pub(crate) fn types(&self) -> Result<(DType, DType)> {
        if let Some((_, compute)) = MIXED.iter().find(|(name, _)| *name == self.0) {
            return Ok((*compute, DType::F32));
        }
        let unknown = || {
            let types = DType::ALL.iter().map(|d| d.name());
            let known: Vec<&str> = MIXED.iter().map(|(name, _)| *name).chain(types).collect();
            let hint = suggest(&self.0, &known);
            Error::Unknown { kind: "dtype policy", name: self.0.to_string(), hint }
        };
        DType::parse(&self.0).map(|d| (d, d)).ok_or_else(unknown)
    }
}

impl From<DType> for DTypePolicy {
    fn from(dtype: DType) -> DTypePolicy {
        DTypePolicy(dtype.name().into())
    }
}

impl From<&str> for DTypePolicy {
    fn from(name: &str) -> DTypePolicy {
        DTypePolicy::new(name)
    }
}

impl From<String> for DTypePolicy {
    fn from(name: String) -> DTypePolicy {
        DTypePolicy::new(name)
    }
}

impl From<&DTypePolicy> for DTypePolicy {
    fn from(policy: &DTypePolicy) -> DTypePolicy {
        policy.clone()
    }
}

impl ConfigValue for DTypePolicy {
    fn to_json(&self) -> Json {
        json!({
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": self.name()},
            "registered_name": null,
        })
    }

    /// Reads an object of Keras 3, of Keras 2 (`Policy`), or the name alone.
    fn from_json(json: &Json, scope: &Scope) -> std::result::Result<Self, String> {
        let name = json.pointer("/config/name").unwrap_or(json);
        if let (Some(class), None) = (json["class_name"].as_str(), name.as_str()) {
            return Err(format!("Ferras has no {class}; a DTypePolicy has a name"));
        }
        let name = name.as_str().ok_or_else(|| mismatch("a dtype policy", json))?;
        let policy = match DType::from_json(&json!(name), scope) {
            // Or the wider type that stands for one that Ferras does not have.
            Ok(dtype) => DTypePolicy::from(dtype),
            Err(_) => DTypePolicy::new(name),
        };
        policy.types().map_err(|e| e.to_string())?;
        Ok(policy)
    }
}
