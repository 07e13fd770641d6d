//! The basic layers.
mod activation;
mod dense;
mod einsum_dense;
mod embedding;
mod identity;
mod input_layer;
mod masking;
mod reversible_embedding;
mod wrapper;

pub use activation::Activation;
pub use dense::Dense;
pub use einsum_dense::EinsumDense;
pub(crate) use einsum_dense::Projections;
pub use embedding::Embedding;
pub use identity::Identity;
pub use input_layer::InputLayer;
pub use masking::Masking;
pub use reversible_embedding::ReversibleEmbedding;
pub use wrapper::Wrapper;
