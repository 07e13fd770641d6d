//! Layers of words and categories, which make numbers of them on the host.
mod arguments;
mod encode;
mod hash;
mod hashed_crossing;
mod hashing;
mod integer_lookup;
mod learn;
mod lookup;
mod string_lookup;
#[cfg(test)]
mod tests;
mod text_vectorization;
mod tokens;
mod vocabulary;
mod words;

pub use arguments::{Ngrams, OovMethod, Salt, Token};
pub use encode::LookupMode;
pub use hashed_crossing::HashedCrossing;
pub use hashing::Hashing;
pub use integer_lookup::IntegerLookup;
pub use string_lookup::StringLookup;
pub use text_vectorization::TextVectorization;
pub use tokens::Tokens;
pub use words::{Split, Standardize};
