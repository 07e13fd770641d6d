//! Passes: a graph becomes a better graph with the same outputs. One file each.
mod dead;

pub use dead::remove_dead;
