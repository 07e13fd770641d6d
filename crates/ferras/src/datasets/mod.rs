//! Data to learn from: known sets fetched once and kept, NumPy's files, tables of text.
mod get_file;
#[cfg(feature = "download")]
mod http;
pub mod mnist;
pub mod npy;
pub mod npz;
mod table;

pub use get_file::GetFile;
pub use table::Table;
