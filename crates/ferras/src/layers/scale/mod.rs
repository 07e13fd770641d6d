//! Layers that weigh what a branch of a network found; parts of Keras' `applications`.
mod custom_scale_layer;
mod layer_scale;

pub use custom_scale_layer::CustomScaleLayer;
pub use layer_scale::LayerScale;
