//! Layers: `keras.layers`. One kind, one file; the contents page is here.
mod applied;
mod arguments;
mod build;
mod call;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod harness;
mod host;
mod layer;
mod measured;
#[cfg(test)]
mod mixed;
pub(crate) mod operation;
pub(crate) mod prelude;
mod spatial;
#[cfg(test)]
mod testing;
mod weights;

pub(crate) use applied::Applied;
pub use arguments::{ArgumentValue, LayerWith, Signature};
pub(crate) use arguments::{CallArguments, NamedTensor};
pub(crate) use build::describe;
pub use build::{Build, PartialShape, ShapeCheck, TensorSpec, WeightSpec};
pub use call::{Call, Masked, Trace};
pub use host::{Assets, Host};
pub use layer::{Layer, LayerExt, LayerRef};
pub(crate) use measured::{LayerMetric, Measured};
pub use norm::RenormClipping;
pub use preprocessing::{
    Between, Factor, Fill, FillMode, FillPlace, FlipMode, LookupMode, Ngrams, Numbers, OovMethod,
    OutputMode, Range, Salt, SpectrogramMode, Split, Standardize, Token, Tokens,
};
pub use reshape::{Borders, Interpolation};
pub(crate) use rnn::state_groups;
pub use rnn::{MergeMode, Merging, UseCudnn};
pub use spatial::{ChannelsOrder, DataFormat, Padding, PaddingMode};

use crate::config::{Entry, Family, FromConfig};
use std::sync::Arc;

/// A row of the table of layers.
const fn row<L: Layer + FromConfig>(names: &'static [&'static str]) -> Entry<dyn Layer> {
    Entry { names, make: |config, scope| Ok(Arc::new(L::from_config(config, scope)?)) }
}

/// Declares each folder's module, and for each layer in it its export and its row in the table.
macro_rules! layers {
    ($($folder:ident { $($layer:ident,)* })*) => {
        $(mod $folder;
        pub use self::$folder::{$($layer),*};)*

        impl Family for dyn Layer {
            const KIND: &'static str = "layer";
            fn table() -> &'static [Entry<dyn Layer>] {
                const { &[$($(row::<$layer>(&[stringify!($layer)]),)*)*] }
            }
        }
    };
}

layers! {
    core {
        Activation,
        Dense,
        EinsumDense,
        Embedding,
        Identity,
        InputLayer,
        Masking,
        ReversibleEmbedding,
        Wrapper,
    }
    conv {
        Conv1D,
        Conv1DTranspose,
        Conv2D,
        Conv2DTranspose,
        Conv3D,
        Conv3DTranspose,
        DepthwiseConv1D,
        DepthwiseConv2D,
        LocallyConnected1D,
        LocallyConnected2D,
        SeparableConv1D,
        SeparableConv2D,
    }
    pool {
        AdaptiveAveragePooling1D,
        AdaptiveAveragePooling2D,
        AdaptiveAveragePooling3D,
        AdaptiveMaxPooling1D,
        AdaptiveMaxPooling2D,
        AdaptiveMaxPooling3D,
        AveragePooling1D,
        AveragePooling2D,
        AveragePooling3D,
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalAveragePooling3D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
        GlobalMaxPooling3D,
        MaxPooling1D,
        MaxPooling2D,
        MaxPooling3D,
    }
    attention {
        AdditiveAttention,
        Attention,
        GroupQueryAttention,
        MultiHeadAttention,
    }
    norm {
        BatchNormalization,
        GroupNormalization,
        LayerNormalization,
        RMSNormalization,
        SpectralNormalization,
        UnitNormalization,
    }
    rnn {
        Bidirectional,
        ConvLSTM1D,
        ConvLSTM2D,
        ConvLSTM3D,
        GRU,
        GRUCell,
        LSTM,
        LSTMCell,
        RNN,
        SimpleRNN,
        SimpleRNNCell,
        StackedRNNCells,
        TimeDistributed,
    }
    merge {
        Add,
        Average,
        Concatenate,
        Dot,
        Maximum,
        Minimum,
        Multiply,
        Subtract,
    }
    reshape {
        Cropping1D,
        Cropping2D,
        Cropping3D,
        Flatten,
        Permute,
        RepeatVector,
        Reshape,
        UpSampling1D,
        UpSampling2D,
        UpSampling3D,
        ZeroPadding1D,
        ZeroPadding2D,
        ZeroPadding3D,
    }
    regularization {
        ActivityRegularization,
        AlphaDropout,
        Dropout,
        GaussianDropout,
        GaussianNoise,
        SpatialDropout1D,
        SpatialDropout2D,
        SpatialDropout3D,
    }
    activation {
        ELU,
        LeakyReLU,
        PReLU,
        ReLU,
        Softmax,
        ThresholdedReLU,
    }
    preprocessing {
        AugMix,
        AutoContrast,
        CategoryEncoding,
        CenterCrop,
        ContrastLimitedAdaptiveHistogramEqualization,
        CutMix,
        Discretization,
        Equalization,
        HashedCrossing,
        Hashing,
        IntegerLookup,
        MaxNumBoundingBoxes,
        MelSpectrogram,
        MixUp,
        Normalization,
        RandAugment,
        RandomBrightness,
        RandomColorDegeneration,
        RandomColorJitter,
        RandomContrast,
        RandomCrop,
        RandomElasticTransform,
        RandomErasing,
        RandomFlip,
        RandomGaussianBlur,
        RandomGrayscale,
        RandomHue,
        RandomInvert,
        RandomPerspective,
        RandomPosterization,
        RandomRotation,
        RandomSaturation,
        RandomSharpness,
        RandomShear,
        RandomTranslation,
        RandomZoom,
        Rescaling,
        Resizing,
        STFTSpectrogram,
        Solarization,
        StringLookup,
        TextVectorization,
    }
    scale {
        CustomScaleLayer,
        LayerScale,
    }
}
