//! Models: how layers are put together, described and built.
mod model;
mod network;
mod sequential;
mod symbolic;

pub(crate) use model::Topology;
pub use model::{Model, Variable};
pub use network::Network;
pub use sequential::Sequential;
pub use symbolic::{Input, SymbolicInputs, SymbolicTensor};
