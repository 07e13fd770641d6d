//! Data to learn from: known sets fetched once and kept, NumPy's files, tables of text.
pub mod boston_housing;
pub mod california_housing;
mod cifar;
pub mod cifar10;
pub mod cifar100;
pub mod fashion_mnist;
mod get_file;
mod housing;
#[cfg(feature = "download")]
mod http;
pub mod imdb;
pub mod mnist;
pub mod npy;
pub mod npz;
mod origin;
pub mod reuters;
mod table;
mod words;

pub use get_file::GetFile;
pub use table::Table;
