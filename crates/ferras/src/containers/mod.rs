//! Containers of files: HDF5, zip archives, safetensors and JSON, read within limits. Nothing in
//! here knows what Keras puts into them.
// Some of what they offer waits for models to be read and written through them.
#![allow(dead_code)]
pub(crate) mod archive;
pub(crate) mod hdf5;
pub(crate) mod json;
pub(crate) mod limits;
pub(crate) mod pickle;
pub(crate) mod safetensors;

pub use limits::Limits;

/// Whether checksums are compared: fuzzing looks for what lies behind them.
const CHECKSUMS: bool = !cfg!(fuzzing);
