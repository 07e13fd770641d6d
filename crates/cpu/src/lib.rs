//! The default back end of Ferras: graphs run on the processor.
pub mod kernels;
