//! What older versions of Keras called things: one row a difference.
//!
//! Rows name classes as Keras 3 calls them; a row without classes holds for all. Versions: "1" is
//! Keras 1.x, "2" Keras 2.x and tf.keras 2.x.

/// Old class, Keras 3's class.
pub(super) const CLASSES: &[(&str, &str)] = &[
    // 1
    ("Convolution1D", "Conv1D"),
    ("Convolution2D", "Conv2D"),
    ("Convolution3D", "Conv3D"),
    ("AtrousConvolution1D", "Conv1D"),
    ("AtrousConvolution2D", "Conv2D"),
    ("Deconvolution2D", "Conv2DTranspose"),
    ("SeparableConvolution2D", "SeparableConv2D"),
    // A dense layer of Keras 2 works on the last axis whatever comes before it.
    ("TimeDistributedDense", "Dense"),
    // 2
    ("BatchNormalizationV1", "BatchNormalization"),
    ("BatchNormalizationV2", "BatchNormalization"),
    ("SyncBatchNormalization", "BatchNormalization"),
    ("ThresholdedReLU", "ReLU"),
];

/// Class of Keras 3, and what Python calls it, which is what its `.h5` files have.
pub(super) const PYTHON: &[(&str, &str)] = &[("GroupQueryAttention", "GroupedQueryAttention")];

const DROPOUTS: &[&str] = &[
    "Dropout",
    "GaussianDropout",
    "AlphaDropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
];
const RECURRENT: &[&str] = &["SimpleRNN", "GRU", "LSTM", "ConvLSTM2D"];
/// Layers whose states may be given in a call.
pub(super) const CALLED_WITH_STATES: &[&str] =
    &["SimpleRNN", "GRU", "LSTM", "ConvLSTM2D", "RNN", "Bidirectional"];
const DENSE: &[&str] = &["Dense", "SimpleRNN", "GRU", "LSTM"];
const CONVOLUTIONS: &[&str] = &[
    "Conv1D",
    "Conv2D",
    "Conv3D",
    "Conv2DTranspose",
    "SeparableConv2D",
    "ConvLSTM2D",
    "LocallyConnected1D",
    "LocallyConnected2D",
];
const POOLS_1D: &[&str] = &["MaxPooling1D", "AveragePooling1D"];
const BATCH_NORM: &[&str] = &["BatchNormalization"];

/// Classes, old argument, Keras 3's argument.
pub(super) const ARGUMENTS: &[(&[&str], &str, &str)] = &[
    // 1
    (DENSE, "output_dim", "units"),
    (&["PReLU"], "init", "alpha_initializer"),
    (&["Embedding"], "init", "embeddings_initializer"),
    (&["Embedding"], "W_regularizer", "embeddings_regularizer"),
    (&["Embedding"], "W_constraint", "embeddings_constraint"),
    (BATCH_NORM, "gamma_init", "gamma_initializer"),
    (BATCH_NORM, "beta_init", "beta_initializer"),
    (&[], "init", "kernel_initializer"),
    (&[], "inner_init", "recurrent_initializer"),
    (&[], "inner_activation", "recurrent_activation"),
    (&[], "W_regularizer", "kernel_regularizer"),
    (&[], "U_regularizer", "recurrent_regularizer"),
    (&[], "b_regularizer", "bias_regularizer"),
    (&[], "W_constraint", "kernel_constraint"),
    (&[], "b_constraint", "bias_constraint"),
    (&[], "bias", "use_bias"),
    (RECURRENT, "dropout_W", "dropout"),
    (RECURRENT, "dropout_U", "recurrent_dropout"),
    (CONVOLUTIONS, "nb_filter", "filters"),
    (CONVOLUTIONS, "filter_length", "kernel_size"),
    (CONVOLUTIONS, "subsample", "strides"),
    (CONVOLUTIONS, "subsample_length", "strides"),
    (CONVOLUTIONS, "atrous_rate", "dilation_rate"),
    (POOLS_1D, "pool_length", "pool_size"),
    (POOLS_1D, "stride", "strides"),
    (&["UpSampling1D"], "length", "size"),
    (&[], "border_mode", "padding"),
    (&[], "dim_ordering", "data_format"),
    (DROPOUTS, "p", "rate"),
    (&["GaussianNoise"], "sigma", "stddev"),
    (&["MaxNorm"], "m", "max_value"),
    (&["MinMaxNorm"], "low", "min_value"),
    (&["MinMaxNorm"], "high", "max_value"),
    (&["Concatenate"], "concat_axis", "axis"),
    (&["Dot"], "dot_axes", "axes"),
    (&["InputLayer"], "input_dtype", "dtype"),
    // 2
    (&["InputLayer"], "batch_input_shape", "batch_shape"),
    (&["LeakyReLU"], "alpha", "negative_slope"),
    (&["ReLU"], "theta", "threshold"),
];

/// Classes, argument that Keras 3 does not have, and why nothing is lost without it.
pub(super) const DROPPED: &[(&[&str], &str, &str)] = &[
    // 1
    (
        &["Dense", "Conv1D", "LocallyConnected1D", "LSTM", "GRU", "SimpleRNN"],
        "input_dim",
        "the input's shape tells",
    ),
    (&[], "input_length", "the input's shape tells"),
    (&[], "input_dtype", "the input's own type tells"),
    (&[], "consume_less", "a matter of speed"),
    (BATCH_NORM, "mode", "checked apart"),
    // 2
    (&[], "batch_input_shape", "taken as an input of its own"),
    (&[], "implementation", "a matter of speed"),
    (BATCH_NORM, "virtual_batch_size", "checked apart"),
    (BATCH_NORM, "fused", "a matter of speed"),
    (BATCH_NORM, "adjustment", "a function, never written"),
    // Written by tf.keras for all convolutions, where this one has arguments of its own.
    (&["DepthwiseConv1D", "DepthwiseConv2D"], "filters", "the input tells"),
    (&["DepthwiseConv1D", "DepthwiseConv2D"], "groups", "the input tells"),
    (&["DepthwiseConv1D", "DepthwiseConv2D"], "kernel_initializer", "the depthwise one counts"),
    (&["DepthwiseConv1D", "DepthwiseConv2D"], "kernel_regularizer", "the depthwise one counts"),
    (&["DepthwiseConv1D", "DepthwiseConv2D"], "kernel_constraint", "the depthwise one counts"),
    (&["SeparableConv1D", "SeparableConv2D"], "kernel_initializer", "the two own ones count"),
    (&["SeparableConv1D", "SeparableConv2D"], "kernel_regularizer", "the two own ones count"),
    (&["SeparableConv1D", "SeparableConv2D"], "kernel_constraint", "the two own ones count"),
    (&["SeparableConv1D", "SeparableConv2D"], "groups", "always 1"),
];

/// Argument, old word, Keras 3's word.
pub(super) const WORDS: &[(&str, &str, &str)] = &[
    // 1
    ("data_format", "tf", "channels_last"),
    ("data_format", "th", "channels_first"),
    // 1 and 2: another slope than Keras 3's
    ("activation", "hard_sigmoid", "keras2_hard_sigmoid"),
    ("recurrent_activation", "hard_sigmoid", "keras2_hard_sigmoid"),
    // 2: NumPy's word, names of TensorFlow's own functions
    ("dtype", "float", "float32"),
    ("activation", "softmax_v2", "softmax"),
    ("activation", "relu_v2", "relu"),
];

/// Layers of images that Keras 1 wrote without the place of the channels: that of the whole file.
pub(super) const WITHOUT_FORMAT: &[&str] = &[
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "Cropping2D",
    "Cropping3D",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
];

/// Keras 1's `Merge` and `merge`: mode, class.
pub(super) const MERGES: &[(&str, &str)] = &[
    ("sum", "Add"),
    ("mul", "Multiply"),
    ("concat", "Concatenate"),
    ("ave", "Average"),
    ("max", "Maximum"),
    ("dot", "Dot"),
];

/// Names of Keras 1's objects, which have their arguments beside the name, and Keras 3's class.
pub(super) const OBJECTS: &[(&str, &str)] = &[
    ("MaxNorm", "MaxNorm"),
    ("MinMaxNorm", "MinMaxNorm"),
    ("NonNeg", "NonNeg"),
    ("UnitNorm", "UnitNorm"),
    ("L1L2", "L1L2"),
    ("L1L2Regularizer", "L1L2"),
    ("WeightRegularizer", "L1L2"),
    ("ActivityRegularizer", "L1L2"),
];
