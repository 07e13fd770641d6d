//! Convolutions, pools, attention, cross-entropies and what normalizes, as functions.
use super::functions::functions;
use crate::layers::operation::{Argument, compute};
use crate::ops::Setting;
use ferras_graph::Value;
use serde_json::Value as Json;

functions! {
    /// Convolution of `(batch, places…, channels)` with a kernel `(sizes…, channels / groups, filters)`.
    /// `data_format` is that of the settings if `()`.
    conv = Conv(inputs, kernel; strides, padding, data_format, dilation_rate);
    /// Convolution of each channel by itself, with a kernel `(sizes…, channels, multiplier)`.
    depthwise_conv = DepthwiseConv(inputs, kernel; strides, padding, data_format, dilation_rate);
    /// A depthwise convolution, then one of single places.
    separable_conv = SeparableConv(
        inputs, depthwise_kernel, pointwise_kernel; strides, padding, data_format, dilation_rate
    );
    /// The transpose of a convolution, with a kernel `(sizes…, filters, channels)`.
    conv_transpose = ConvTranspose(
        inputs, kernel; strides, padding, output_padding, data_format, dilation_rate
    );
    /// The largest of each window; `strides` are as wide as windows if `()`.
    max_pool = MaxPool(inputs; pool_size, strides, padding, data_format);
    /// The mean of each window; `strides` are as wide as windows if `()`.
    average_pool = AveragePool(inputs; pool_size, strides, padding, data_format);
    /// The largest of each of so many equal parts.
    adaptive_max_pool = AdaptiveMaxPool(inputs; output_size, data_format);
    /// The mean of each of so many equal parts.
    adaptive_average_pool = AdaptiveAveragePool(inputs; output_size, data_format);
    /// −t · log o − (1 − t) · log(1 − o) of each element.
    binary_crossentropy = BinaryCrossentropy(target, output; from_logits);
    /// −Σ t · log o along an axis.
    categorical_crossentropy = CategoricalCrossentropy(target, output; from_logits, axis);
    /// −log o of the class that each target names.
    sparse_categorical_crossentropy = SparseCategoricalCrossentropy(target, output; from_logits, axis);
}

/// Tensors of which some are left out, in the order of a call.
fn with_gaps(given: &[Option<&Value>]) -> (Vec<Value>, Vec<Argument>) {
    let (mut values, mut args) = (Vec::new(), Vec::new());
    for value in given {
        args.push(match value {
            Some(value) => {
                values.push(Value::clone(value));
                Argument::Input(values.len() - 1)
            }
            None => Argument::Constant(Json::Null),
        });
    }
    (values, args)
}

/// softmax(q · kᵀ · scale + bias) · v of `(batch, steps, heads, size)`; fewer heads of `key` and
/// `value` serve several of `query`. The mask, bool, says what may be looked at; `scale` is
/// 1 / √size by default.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let b = Builder::new();
/// let (query, key) = (b.full(DType::F32, [2, 5, 8, 16], 1.0), b.full(DType::F32, [2, 7, 2, 16], 1.0));
/// let y = ops::dot_product_attention(&query, &key, &key, None, None, (), false, ());
/// assert_eq!(y.shape(), query.shape());
/// ```
#[track_caller]
#[allow(clippy::too_many_arguments)] // Keras' arguments
pub fn dot_product_attention(
    query: &Value,
    key: &Value,
    value: &Value,
    bias: Option<&Value>,
    mask: Option<&Value>,
    scale: impl Setting,
    is_causal: bool,
    attn_logits_soft_cap: impl Setting,
) -> Value {
    let (values, mut args) = with_gaps(&[Some(query), Some(key), Some(value), bias, mask]);
    args.push(Argument::Constant(scale.into()));
    let cap = ("attn_logits_soft_cap", attn_logits_soft_cap.into());
    let settings = vec![("is_causal", is_causal.into()), cap];
    compute("DotProductAttention", &values, args, settings).swap_remove(0)
}

/// (x − mean) / √(variance + ε) · γ + β over axes; `epsilon` is that of the settings if `()`.
#[track_caller]
pub fn layer_normalization(
    x: &Value,
    gamma: Option<&Value>,
    beta: Option<&Value>,
    axis: impl Setting,
    epsilon: impl Setting,
) -> Value {
    let (values, args) = with_gaps(&[Some(x), gamma, beta]);
    let settings = vec![("axis", axis.into()), ("epsilon", epsilon.into())];
    compute("LayerNorm", &values, args, settings).swap_remove(0)
}

/// x / √(mean of squares + ε) · scale over axes; `epsilon` is that of the settings if `()`.
#[track_caller]
pub fn rms_normalization(
    x: &Value,
    scale: Option<&Value>,
    axis: impl Setting,
    epsilon: impl Setting,
) -> Value {
    let (values, args) = with_gaps(&[Some(x), scale]);
    let settings = vec![("axis", axis.into()), ("epsilon", epsilon.into())];
    compute("RMSNorm", &values, args, settings).swap_remove(0)
}

/// (x − mean) / √(variance + ε) · scale + offset, whose places are those of one axis.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let b = Builder::new();
/// let (x, of_channel) = (b.full(DType::F32, [8, 3, 4], 1.0), b.full(DType::F32, [3], 1.0));
/// let y = ops::batch_normalization(&x, &of_channel, &of_channel, 1, None, None, 1e-3);
/// assert_eq!(y.shape(), x.shape());
/// ```
#[track_caller]
pub fn batch_normalization(
    x: &Value,
    mean: &Value,
    variance: &Value,
    axis: isize,
    offset: Option<&Value>,
    scale: Option<&Value>,
    epsilon: f64,
) -> Value {
    let rank = x.rank() as isize;
    let place = if axis < 0 { axis + rank } else { axis };
    let Some(place) = usize::try_from(place).ok().filter(|place| *place < x.rank()) else {
        return x.error("batch_normalization", format!("there is no axis {axis} in {}", x.shape()));
    };
    let mut shape = vec![1; x.rank()];
    shape[place] = x.dim(place as isize);
    let wide = |v: &Value| v.reshape(shape.clone());
    let factor = (wide(variance) + epsilon).rsqrt();
    let factor = scale.map_or(factor.clone(), |scale| &factor * wide(scale));
    let y = (x - wide(mean)) * factor;
    offset.map_or(y.clone(), |offset| &y + wide(offset))
}
