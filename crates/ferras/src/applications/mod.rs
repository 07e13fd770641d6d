//! Networks for pictures: Keras' `applications`, with its names, arguments, layers and weights.
//!
//! Each is made of its arguments and then built:
//!
//! ```
//! use ferras::applications::MobileNetV2;
//! use ferras::prelude::*;
//! let base = MobileNetV2::new()
//!     .weights(None)
//!     .include_top(false)
//!     .input_shape([96, 96, 3])
//!     .pooling("avg")
//!     .build()?;
//! assert_eq!(base.output_shape()?.to_string(), "(None, 1280)");
//! # Ok::<(), ferras::Error>(())
//! ```
//!
//! [`weights`](Application::weights) are `"imagenet"` by default, which fetches Keras' own file once; a
//! path takes them from a file, `None` draws them. Pictures go through
//! [`preprocess_input`](Application::preprocess_input) of the same network first, and what comes out is
//! read by [`decode_predictions`].
mod application;
mod convnext;
mod densenet;
mod efficientnet;
mod efficientnet_v2;
mod imagenet;
mod inception_resnet_v2;
mod inception_v3;
mod mobilenet;
mod mobilenet_v2;
mod mobilenet_v3;
mod nasnet;
mod picture;
mod resnet;
#[cfg(test)]
mod tests;
mod vgg;
mod weights;
mod xception;

pub use application::Application;
pub use imagenet::{ImageNetClass, Preprocessing, decode_predictions, decode_predictions_with};
pub use weights::Weights;

/// ConvNeXt with 28.6 million parameters: Liu et al. 2022.
pub type ConvNeXtTiny = Application<convnext::ConvNeXt<0>>;
/// ConvNeXt with 50.2 million parameters.
pub type ConvNeXtSmall = Application<convnext::ConvNeXt<1>>;
/// ConvNeXt with 88.6 million parameters.
pub type ConvNeXtBase = Application<convnext::ConvNeXt<2>>;
/// ConvNeXt with 197.8 million parameters.
pub type ConvNeXtLarge = Application<convnext::ConvNeXt<3>>;
/// ConvNeXt with 350.2 million parameters.
pub type ConvNeXtXLarge = Application<convnext::ConvNeXt<4>>;
/// DenseNet of 121 layers: Huang et al. 2016.
pub type DenseNet121 = Application<densenet::DenseNet<121>>;
/// DenseNet of 169 layers.
pub type DenseNet169 = Application<densenet::DenseNet<169>>;
/// DenseNet of 201 layers.
pub type DenseNet201 = Application<densenet::DenseNet<201>>;
/// EfficientNet for pictures of 224 × 224: Tan & Le 2019.
pub type EfficientNetB0 = Application<efficientnet::EfficientNet<0>>;
/// EfficientNet for pictures of 240 × 240.
pub type EfficientNetB1 = Application<efficientnet::EfficientNet<1>>;
/// EfficientNet for pictures of 260 × 260.
pub type EfficientNetB2 = Application<efficientnet::EfficientNet<2>>;
/// EfficientNet for pictures of 300 × 300.
pub type EfficientNetB3 = Application<efficientnet::EfficientNet<3>>;
/// EfficientNet for pictures of 380 × 380.
pub type EfficientNetB4 = Application<efficientnet::EfficientNet<4>>;
/// EfficientNet for pictures of 456 × 456.
pub type EfficientNetB5 = Application<efficientnet::EfficientNet<5>>;
/// EfficientNet for pictures of 528 × 528.
pub type EfficientNetB6 = Application<efficientnet::EfficientNet<6>>;
/// EfficientNet for pictures of 600 × 600.
pub type EfficientNetB7 = Application<efficientnet::EfficientNet<7>>;
/// EfficientNetV2 for pictures of 224 × 224: Tan & Le 2021.
pub type EfficientNetV2B0 = Application<efficientnet_v2::EfficientNetV2<0>>;
/// EfficientNetV2 for pictures of 240 × 240.
pub type EfficientNetV2B1 = Application<efficientnet_v2::EfficientNetV2<1>>;
/// EfficientNetV2 for pictures of 260 × 260.
pub type EfficientNetV2B2 = Application<efficientnet_v2::EfficientNetV2<2>>;
/// EfficientNetV2 for pictures of 300 × 300.
pub type EfficientNetV2B3 = Application<efficientnet_v2::EfficientNetV2<3>>;
/// EfficientNetV2 for pictures of 384 × 384.
pub type EfficientNetV2S = Application<efficientnet_v2::EfficientNetV2<4>>;
/// EfficientNetV2 for pictures of 480 × 480.
pub type EfficientNetV2M = Application<efficientnet_v2::EfficientNetV2<5>>;
/// EfficientNetV2 for pictures of 480 × 480, the largest.
pub type EfficientNetV2L = Application<efficientnet_v2::EfficientNetV2<6>>;
/// Inception blocks with shortcuts: Szegedy et al. 2016.
pub type InceptionResNetV2 = Application<inception_resnet_v2::InceptionResNetV2>;
/// Inception blocks of factored windows: Szegedy et al. 2015.
pub type InceptionV3 = Application<inception_v3::InceptionV3>;
/// MobileNet: Howard et al. 2017.
pub type MobileNet = Application<mobilenet::MobileNet>;
/// MobileNet of inverted residuals: Sandler et al. 2018.
pub type MobileNetV2 = Application<mobilenet_v2::MobileNetV2>;
/// The larger MobileNet of 2019: Howard et al.
pub type MobileNetV3Large = Application<mobilenet_v3::MobileNetV3<true>>;
/// The smaller MobileNet of 2019: Howard et al.
pub type MobileNetV3Small = Application<mobilenet_v3::MobileNetV3<false>>;
/// The larger NASNet: Zoph et al. 2017.
pub type NASNetLarge = Application<nasnet::NasNet<true>>;
/// The NASNet for small machines: Zoph et al. 2017.
pub type NASNetMobile = Application<nasnet::NasNet<false>>;
/// Residual network of 101 layers: He et al. 2015.
pub type ResNet101 = Application<resnet::ResNet<101>>;
/// Residual network of 101 layers that normalize first: He et al. 2016.
pub type ResNet101V2 = Application<resnet::ResNetV2<101>>;
/// Residual network of 152 layers: He et al. 2015.
pub type ResNet152 = Application<resnet::ResNet<152>>;
/// Residual network of 152 layers that normalize first: He et al. 2016.
pub type ResNet152V2 = Application<resnet::ResNetV2<152>>;
/// Residual network of 50 layers: He et al. 2015.
pub type ResNet50 = Application<resnet::ResNet<50>>;
/// Residual network of 50 layers that normalize first: He et al. 2016.
pub type ResNet50V2 = Application<resnet::ResNetV2<50>>;
/// Sixteen layers of small windows: Simonyan & Zisserman 2014.
pub type VGG16 = Application<vgg::Vgg<16>>;
/// Nineteen layers of small windows: Simonyan & Zisserman 2014.
pub type VGG19 = Application<vgg::Vgg<19>>;
/// Separable convolutions with shortcuts: Chollet 2016.
pub type Xception = Application<xception::Xception>;
