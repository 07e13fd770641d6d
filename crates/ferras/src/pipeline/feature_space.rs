//! `FeatureSpace`: tables of numbers and categories as vectors.
mod feature;
#[cfg(test)]
mod tests;

pub use feature::{Cross, Feature, FeatureMode, FeatureSpec, SpaceMode};

use crate::array::Array;
use crate::config::{Choice, ElementType};
use crate::layers::{
    Concatenate, Discretization, HashedCrossing, Hashing, Identity, IntegerLookup, Layer, LayerExt,
    LayerRef, Normalization, Rescaling, StringLookup, TextVectorization,
};
use crate::models::{Input, Model, SymbolicTensor};
use crate::trainer::Predict;
use crate::trainer::data::Data;
use crate::{Error, Result};
use ferras_graph::{DType, Tensor};
use std::sync::Arc;

/// The columns of a table as one vector a row, or as one array a column: each column by a preprocessing
/// layer of its own, and columns crossed with others.
///
/// [`FeatureSpace::adapt`] learns from data what layers learn. Then the space is [called](FeatureSpace::call)
/// on tables, or begins a model: [`FeatureSpace::get_inputs`] and [`FeatureSpace::get_encoded_features`].
/// Columns come in the order of their names, crossed ones behind.
///
/// - **Features** by name: `"float"`, `"float_normalized"`, `"float_rescaled"`, `"float_discretized"`,
///   `"integer_categorical"`, `"string_categorical"`, `"integer_hashed"`, `"string_hashed"`; or functions of
///   the same names with arguments.
/// - **Errors** when it is adapted or built: an unknown kind, a cross of unknown features, a column of the
///   other kind than its data, and with `output_mode("concat")` a feature that is no vector.
/// - **Source** Keras 3 `utils.FeatureSpace`.
///
/// ```
/// use ferras::data::{Array, FeatureSpace};
/// use ferras::prelude::*;
/// let ages = Tensor::new([3], vec![20.0_f32, 30.0, 40.0])?;
/// let table = [("age", Array::from(ages)), ("city", Array::from(["a", "b", "a"]))];
/// let space = FeatureSpace::new([("age", "float_normalized"), ("city", "string_categorical")]);
/// let space = space.crosses([["city", "city"]]).crossing_dim(8).adapt(table.clone())?;
/// // The age; unknown, "a" or "b"; the cross.
/// assert_eq!(space.call(table)?.shape().to_string(), "(3, 12)");
///
/// let y = Dense::new(1).apply(&space.get_encoded_features()?[0]);
/// let model = Model::new(space.get_inputs()?, &y)?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Debug)]
pub struct FeatureSpace {
    features: Vec<(String, FeatureSpec)>,
    crosses: Vec<Cross>,
    output_mode: Choice<SpaceMode>,
    crossing_dim: usize,
    hashing_dim: usize,
    num_discretization_bins: usize,
    built: Option<Built>,
}

/// A space whose layers know what they have to.
#[derive(Debug)]
struct Built {
    inputs: Vec<SymbolicTensor>,
    features: Vec<(String, Feature)>,
    /// The outputs with their names.
    encoded: Vec<(String, SymbolicTensor)>,
    model: Model,
}

impl FeatureSpace {
    /// A space of these features by name.
    pub fn new<N: Into<String>, F: Into<FeatureSpec>>(
        features: impl IntoIterator<Item = (N, F)>,
    ) -> FeatureSpace {
        let features = features.into_iter().map(|(name, kind)| (name.into(), kind.into()));
        FeatureSpace {
            features: features.collect(),
            crosses: Vec::new(),
            output_mode: SpaceMode::Concat.into(),
            crossing_dim: 32,
            hashing_dim: 32,
            num_discretization_bins: 32,
            built: None,
        }
    }

    /// `"concat"` (default): one vector a row; `"dict"`: each feature alone.
    pub fn output_mode(mut self, mode: impl Into<Choice<SpaceMode>>) -> FeatureSpace {
        self.output_mode = mode.into();
        self
    }

    /// Features that are taken together: `[["city", "job"]]`, or [`FeatureSpace::cross`].
    pub fn crosses<C: Into<Cross>>(mut self, crosses: impl IntoIterator<Item = C>) -> FeatureSpace {
        self.crosses.extend(crosses.into_iter().map(Into::into));
        self
    }

    /// Places of crosses that do not say themselves; 32 by default.
    pub fn crossing_dim(mut self, crossing_dim: usize) -> FeatureSpace {
        self.crossing_dim = crossing_dim;
        self
    }

    /// Places of `"integer_hashed"` and `"string_hashed"`; 32 by default.
    pub fn hashing_dim(mut self, hashing_dim: usize) -> FeatureSpace {
        self.hashing_dim = hashing_dim;
        self
    }

    /// Ranges of `"float_discretized"`; 32 by default.
    pub fn num_discretization_bins(mut self, num_discretization_bins: usize) -> FeatureSpace {
        self.num_discretization_bins = num_discretization_bins;
        self
    }

    /// A number as it is.
    pub fn float() -> Feature {
        Feature::new(DType::F32, Identity::new(), FeatureMode::Float)
    }

    /// A number times `scale` plus `offset`.
    pub fn float_rescaled(scale: f64, offset: f64) -> Feature {
        let layer = Rescaling::new(scale).offset(offset);
        Feature::new(DType::F32, layer, FeatureMode::Float)
    }

    /// A number with mean 0 and deviation 1.
    pub fn float_normalized() -> Feature {
        Feature::new(DType::F32, Normalization::new(), FeatureMode::Float)
    }

    /// A number as one of so many ranges. With boundaries: [`FeatureSpace::feature`] of a
    /// [`Discretization`].
    pub fn float_discretized(num_bins: usize) -> Feature {
        let layer = Discretization::new().num_bins(num_bins);
        Feature::new(DType::F32, layer, FeatureMode::OneHot)
    }

    /// A whole number as its place in a vocabulary, of at most `max_tokens`, if that is some.
    pub fn integer_categorical(
        max_tokens: impl Into<Option<usize>>,
        num_oov_indices: usize,
    ) -> Feature {
        let layer = IntegerLookup::new().num_oov_indices(num_oov_indices);
        let layer = match max_tokens.into() {
            Some(most) => layer.max_tokens(most),
            None => layer,
        };
        Feature::new(DType::I32, layer, FeatureMode::OneHot)
    }

    /// A text as its place in a vocabulary, of at most `max_tokens`, if that is some.
    pub fn string_categorical(
        max_tokens: impl Into<Option<usize>>,
        num_oov_indices: usize,
    ) -> Feature {
        let layer = StringLookup::new().num_oov_indices(num_oov_indices);
        let layer = match max_tokens.into() {
            Some(most) => layer.max_tokens(most),
            None => layer,
        };
        Feature::new(ElementType::Text, layer, FeatureMode::OneHot)
    }

    /// A whole number as one of so many places.
    pub fn integer_hashed(num_bins: usize) -> Feature {
        Feature::new(DType::I32, Hashing::new(num_bins), FeatureMode::OneHot)
    }

    /// A text as one of so many places.
    pub fn string_hashed(num_bins: usize) -> Feature {
        Feature::new(ElementType::Text, Hashing::new(num_bins), FeatureMode::OneHot)
    }

    /// A column by a layer of one's own; `output_mode` says what it gives.
    ///
    /// ```
    /// use ferras::config::ElementType;
    /// use ferras::data::{Array, FeatureSpace};
    /// use ferras::prelude::*;
    /// let words = TextVectorization::new().output_mode("tf_idf");
    /// let text = FeatureSpace::feature(ElementType::Text, words, "float");
    /// let space = FeatureSpace::new([("text", text)]).adapt([("text", Array::from(["a b", "b"]))])?;
    /// assert_eq!(space.call([("text", Array::from(["b b"]))])?.shape().to_string(), "(1, 3)");
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn feature(
        dtype: impl Into<ElementType>,
        preprocessor: impl Into<LayerRef>,
        output_mode: impl Into<Choice<FeatureMode>>,
    ) -> Feature {
        Feature::new(dtype, preprocessor, output_mode)
    }

    /// Features that are taken together in so many places.
    pub fn cross<N: Into<String>>(
        feature_names: impl IntoIterator<Item = N>,
        crossing_dim: usize,
    ) -> Cross {
        Cross::new(feature_names, Some(crossing_dim))
    }

    /// With what its layers learn from a table: arrays by name, a row a sample.
    pub fn adapt(self, data: impl Into<Data>) -> Result<FeatureSpace> {
        let mut features = self.resolved()?;
        let names: Vec<&str> = features.iter().map(|(name, _)| name.as_str()).collect();
        let data = data.into().resolve_arrays(&names, "data")?;
        for ((name, feature), column) in features.iter_mut().zip(data) {
            let learned = adapted(&feature.preprocessor, &column);
            if let Some(layer) = learned.map_err(|e| of_feature(name, e))? {
                feature.preprocessor = layer;
            }
        }
        self.with_features(features)
    }

    /// Ready without data, where no layer learns anything.
    pub fn build(self) -> Result<FeatureSpace> {
        let features = self.resolved()?;
        self.with_features(features)
    }

    fn resolved(&self) -> Result<Vec<(String, Feature)>> {
        let dims = [self.hashing_dim, self.num_discretization_bins];
        let one =
            |(name, kind): &(String, FeatureSpec)| Ok((name.clone(), kind.resolve(name, dims)?));
        self.features.iter().map(one).collect()
    }

    /// Puts the layers behind inputs, and what they give together.
    pub(crate) fn with_features(self, features: Vec<(String, Feature)>) -> Result<FeatureSpace> {
        if features.is_empty() {
            return Err(Error::argument("features", "must not be empty"));
        }
        let input =
            |(name, feature): &(String, Feature)| Input::named_of(name.clone(), [1], feature.dtype);
        let inputs: Vec<SymbolicTensor> = features.iter().map(input).collect();
        let prepared: Vec<SymbolicTensor> =
            features.iter().zip(&inputs).map(|((_, f), x)| f.preprocessor.apply(x)).collect();
        let mut encoded = Vec::new();
        for ((name, feature), x) in features.iter().zip(&prepared) {
            encoded.push((
                name.clone(),
                feature::encoded(name, &feature.output_mode, &feature.preprocessor, x)?,
            ));
        }
        encoded.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut crossed = Vec::new();
        for cross in &self.crosses {
            let place = |name: &String| {
                let place = features.iter().position(|(own, _)| own == name);
                let problem = || Error::argument("crosses", format!("names no feature {name:?}"));
                place.and_then(|place| prepared.get(place).cloned()).ok_or_else(problem)
            };
            let parts = cross.feature_names().iter().map(place).collect::<Result<Vec<_>>>()?;
            let dim = cross.dim().unwrap_or(self.crossing_dim);
            let (name, layer) = (cross.name(), HashedCrossing::new(dim).name(cross.name()));
            let y = feature::encoded(&name, cross.mode(), &layer, &layer.apply(parts))?;
            crossed.push((name, y));
        }
        crossed.sort_by(|(a, _), (b, _)| a.cmp(b));
        encoded.extend(crossed);
        let all: Vec<SymbolicTensor> = encoded.iter().map(|(_, y)| y.clone()).collect();
        let each = Model::new(inputs.clone(), all.clone())?;
        let (encoded, model) = match self.output_mode.get()? {
            SpaceMode::Dict => (encoded, each),
            SpaceMode::Concat => {
                let specs = each.network()?.output_specs().into_iter().zip(&encoded);
                if let Some((spec, (name, _))) =
                    specs.into_iter().find(|(s, _)| !s.dtype.is_float())
                {
                    return Err(Error::Model(format!(
                        "feature {name:?} is of type {}, which cannot be put into a vector with \
                         others: give it output_mode \"one_hot\", or the space \"dict\"",
                        spec.dtype
                    )));
                }
                let whole = match &all[..] {
                    [only] => only.clone(),
                    several => Concatenate::new().apply(several),
                };
                let model = Model::new(inputs.clone(), &whole)?;
                (vec![("concat".into(), whole)], model)
            }
        };
        Ok(FeatureSpace { built: Some(Built { inputs, features, encoded, model }), ..self })
    }

    fn built(&self) -> Result<&Built> {
        self.built.as_ref().ok_or_else(|| {
            let text = "a FeatureSpace must be adapted to data before it is used: call .adapt(data)?, or \
                        .build()? where nothing is to be learned";
            Error::Model(text.into())
        })
    }

    /// The features, with the layers that have learned, by name.
    pub fn features(&self) -> Result<&[(String, Feature)]> {
        Ok(&self.built()?.features)
    }

    /// The inputs of models that begin with the space, in the features' order.
    pub fn get_inputs(&self) -> Result<Vec<SymbolicTensor>> {
        Ok(self.built()?.inputs.clone())
    }

    /// What models go on with: one tensor, or with `output_mode("dict")` one for each feature and cross.
    pub fn get_encoded_features(&self) -> Result<Vec<SymbolicTensor>> {
        Ok(self.built()?.encoded.iter().map(|(_, y)| y.clone()).collect())
    }

    /// The vectors of a table: arrays by name, `(rows,)` or `(rows, 1)`, or in the features' order.
    ///
    /// Errors: a space with `output_mode("dict")`, for which there is [`FeatureSpace::call_dict`].
    pub fn call(&self, data: impl Into<Data>) -> Result<Tensor> {
        let mut outputs = self.call_dict(data)?;
        match (self.output_mode.get()?, outputs.pop()) {
            (SpaceMode::Concat, Some((_, output))) => Ok(output),
            _ => Err(Error::Model(
                "a FeatureSpace of output_mode \"dict\" is asked by call_dict".into(),
            )),
        }
    }

    /// What the space gives for a table, by name.
    pub fn call_dict(&self, data: impl Into<Data>) -> Result<Vec<(String, Tensor)>> {
        let built = self.built()?;
        let names: Vec<&str> = built.features.iter().map(|(name, _)| name.as_str()).collect();
        let columns = data.into().resolve_arrays(&names, "data")?;
        let columns = columns.iter().map(column).collect::<Result<Vec<Array>>>()?;
        let outputs =
            built.model.predict_with(columns, Predict::new().batch_size(1024).verbose(0))?;
        Ok(built.encoded.iter().map(|(name, _)| name.clone()).zip(outputs).collect())
    }
}

/// An array of one number or text a row as a column.
fn column(array: &Array) -> Result<Array> {
    match array.shape()[..] {
        [rows] => array.reshape([rows, 1]),
        _ => Ok(array.clone()),
    }
}

fn of_feature(name: &str, error: Error) -> Error {
    Error::Data(format!("feature {name:?}: {error}"))
}

/// The layer with what it learns from a column; nothing where it does not learn, or knows already.
fn adapted(layer: &LayerRef, data: &Array) -> Result<Option<LayerRef>> {
    let rows = column(data)?;
    // Keras reads single numbers 32 at a time, and rows one by one.
    let batch = if data.shape().rank() == 1 { 32 } else { 1 };
    let learned: Option<Arc<dyn Layer>> = if let Some(own) = layer.downcast::<Normalization>() {
        of(own.is_given(), || own.clone().adapt(rows.numbers()?))?
    } else if let Some(own) = layer.downcast::<Discretization>() {
        of(own.is_given(), || own.clone().adapt_by(rows.numbers()?, batch))?
    } else if let Some(own) = layer.downcast::<IntegerLookup>() {
        of(own.is_given(), || own.clone().adapt(rows.numbers()?))?
    } else if let Some(own) = layer.downcast::<StringLookup>() {
        of(own.is_given(), || own.clone().adapt(rows.texts()?))?
    } else if let Some(own) = layer.downcast::<TextVectorization>() {
        of(own.is_given(), || own.clone().adapt(rows.texts()?))?
    } else {
        None
    };
    Ok(learned.map(|learned| layer.with_class(learned)))
}

/// What a layer becomes that learns, unless it was given what it would learn.
fn of<L: Layer>(given: bool, learn: impl FnOnce() -> Result<L>) -> Result<Option<Arc<dyn Layer>>> {
    match given {
        true => Ok(None),
        false => Ok(Some(Arc::new(learn()?))),
    }
}
