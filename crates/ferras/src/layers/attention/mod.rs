//! Attention: means of values, weighted by how well their keys meet queries.
mod dot_product;
mod group_query;
mod multi_head;
mod plain;

pub use group_query::GroupQueryAttention;
pub use multi_head::MultiHeadAttention;
pub use plain::{AdditiveAttention, Attention};
