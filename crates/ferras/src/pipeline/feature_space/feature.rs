//! The columns of a [`FeatureSpace`](super::FeatureSpace), and crosses of them.
use super::FeatureSpace;
use crate::config::{Choice, ElementType, Vocabulary, suggest};
use crate::layers::{CategoryEncoding, LayerExt, LayerRef};
use crate::models::SymbolicTensor;
use crate::{Error, Result};

/// What a feature is given as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureMode {
    /// The number of a category.
    Int,
    /// A vector with a 1 at that number.
    OneHot,
    /// What its layer gives, which is of floats.
    Float,
}

impl Vocabulary for FeatureMode {
    const KIND: &'static str = "output_mode";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("int", FeatureMode::Int),
        ("one_hot", FeatureMode::OneHot),
        ("float", FeatureMode::Float),
    ];
}

/// What a space gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpaceMode {
    /// One vector a row.
    Concat,
    /// Each feature alone.
    Dict,
}

impl Vocabulary for SpaceMode {
    const KIND: &'static str = "output_mode";
    const WORDS: &'static [(&'static str, Self)] =
        &[("concat", SpaceMode::Concat), ("dict", SpaceMode::Dict)];
}

/// A column of a table: the type of its elements, the layer that prepares it, and what it is given as.
#[derive(Clone, Debug)]
pub struct Feature {
    pub(crate) dtype: ElementType,
    pub(crate) preprocessor: LayerRef,
    pub(crate) output_mode: Choice<FeatureMode>,
}

impl Feature {
    pub(crate) fn new(
        dtype: impl Into<ElementType>,
        preprocessor: impl Into<LayerRef>,
        output_mode: impl Into<Choice<FeatureMode>>,
    ) -> Feature {
        Feature {
            dtype: dtype.into(),
            preprocessor: preprocessor.into(),
            output_mode: output_mode.into(),
        }
    }

    /// `"int"`, `"one_hot"` or `"float"`.
    pub fn output_mode(mut self, mode: impl Into<Choice<FeatureMode>>) -> Feature {
        self.output_mode = mode.into();
        self
    }

    /// The layer that prepares the column.
    pub fn preprocessor(&self) -> &LayerRef {
        &self.preprocessor
    }
}

/// A feature, or the name of a kind of features with its defaults.
#[derive(Clone, Debug)]
pub enum FeatureSpec {
    /// The name of a kind: `"float_normalized"`.
    Kind(String),
    /// A feature.
    Own(Feature),
}

impl From<&str> for FeatureSpec {
    fn from(kind: &str) -> FeatureSpec {
        FeatureSpec::Kind(kind.into())
    }
}

impl From<Feature> for FeatureSpec {
    fn from(feature: Feature) -> FeatureSpec {
        FeatureSpec::Own(feature)
    }
}

impl FeatureSpec {
    /// The feature of this name, whose layer gets a name after it.
    pub(super) fn resolve(&self, name: &str, [hashing, bins]: [usize; 2]) -> Result<Feature> {
        let mut feature = match self {
            FeatureSpec::Own(feature) => feature.clone(),
            FeatureSpec::Kind(kind) => match kind.as_str() {
                "float" => FeatureSpace::float(),
                "float_normalized" => FeatureSpace::float_normalized(),
                "float_rescaled" => FeatureSpace::float_rescaled(1.0, 0.0),
                "float_discretized" => FeatureSpace::float_discretized(bins),
                "integer_categorical" => FeatureSpace::integer_categorical(None, 1),
                "string_categorical" => FeatureSpace::string_categorical(None, 1),
                "integer_hashed" => FeatureSpace::integer_hashed(hashing),
                "string_hashed" => FeatureSpace::string_hashed(hashing),
                other => {
                    let hint = suggest(other, &KINDS);
                    return Err(Error::Unknown { kind: "feature type", name: other.into(), hint });
                }
            },
        };
        if feature.preprocessor.0.name.is_none() {
            feature.preprocessor = feature.preprocessor.name(format!("{name}_preprocessor"));
        }
        Ok(feature)
    }
}

const KINDS: [&str; 8] = [
    "float",
    "float_normalized",
    "float_rescaled",
    "float_discretized",
    "integer_categorical",
    "string_categorical",
    "integer_hashed",
    "string_hashed",
];

/// Features that are taken together: a hash of all of them finds one of some places.
#[derive(Clone, Debug, PartialEq)]
pub struct Cross {
    feature_names: Vec<String>,
    crossing_dim: Option<usize>,
    output_mode: Choice<FeatureMode>,
}

impl Cross {
    pub(crate) fn new<N: Into<String>>(
        feature_names: impl IntoIterator<Item = N>,
        crossing_dim: Option<usize>,
    ) -> Cross {
        let feature_names = feature_names.into_iter().map(Into::into).collect();
        Cross { feature_names, crossing_dim, output_mode: FeatureMode::OneHot.into() }
    }

    /// `"one_hot"` (default) or `"int"`.
    pub fn output_mode(mut self, mode: impl Into<Choice<FeatureMode>>) -> Cross {
        self.output_mode = mode.into();
        self
    }

    /// The names of the features with a cross between.
    pub fn name(&self) -> String {
        self.feature_names.join("_X_")
    }

    pub(crate) fn feature_names(&self) -> &[String] {
        &self.feature_names
    }

    pub(crate) fn dim(&self) -> Option<usize> {
        self.crossing_dim
    }

    pub(crate) fn mode(&self) -> &Choice<FeatureMode> {
        &self.output_mode
    }
}

impl<const N: usize> From<[&str; N]> for Cross {
    fn from(names: [&str; N]) -> Cross {
        Cross::new(names, None)
    }
}

/// What a layer gave, as a vector where that is asked for.
pub(super) fn encoded(
    name: &str,
    mode: &Choice<FeatureMode>,
    layer: &LayerRef,
    x: &SymbolicTensor,
) -> Result<SymbolicTensor> {
    if mode.get()? != FeatureMode::OneHot {
        return Ok(x.clone());
    }
    let config = layer.get_config();
    let number = |key: &str| config.get(key).and_then(|json| json.as_u64()).map(|n| n as usize);
    let places = match layer.class_name() {
        "StringLookup" | "IntegerLookup" => number("vocabulary_size"),
        "CategoryEncoding" => number("num_tokens"),
        "Hashing" | "HashedCrossing" => number("num_bins"),
        "Discretization" => {
            config.get("bin_boundaries").and_then(|json| json.as_array()).map(|list| list.len() + 1)
        }
        _ => None,
    };
    let places = places.ok_or_else(|| {
        Error::Model(format!(
            "feature {name:?} has output_mode \"one_hot\", and how many categories its layer gives is \
             not known: adapt the space to data, or take output_mode \"int\""
        ))
    })?;
    Ok(CategoryEncoding::new(places).output_mode("multi_hot").apply(x))
}
