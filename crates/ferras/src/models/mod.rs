//! Models: how layers are put together, described and built.
mod model;
mod network;
mod sequential;
mod summary;
mod symbolic;
mod table;

pub(crate) use model::Topology;
pub use model::{Model, Variable};
pub use network::Network;
pub use sequential::Sequential;
pub use summary::Summary;
pub use symbolic::{Input, SymbolicInputs, SymbolicTensor};
