//! Functions composed of ops: they need no gradient and no kernel of their own.
mod activation;
mod arrange;
mod einsum;
mod pooling;
mod random;
mod resize;
mod softmax;
mod special;
mod statistics;

pub use pooling::same_padding;
pub use resize::Resample;
#[cfg(test)]
mod tests;
