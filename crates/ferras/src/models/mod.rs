//! Models: how layers are put together, described and built.
mod carried;
mod config;
mod host;
mod infer;
mod inspect;
mod limited;
mod mask_steps;
mod model;
mod network;
mod sequential;
mod summary;
mod symbolic;
mod table;
mod trainable;
mod up_to;

pub(crate) use carried::Held;
pub use model::{Model, Variable};
pub(crate) use model::{Nested, Topology};
pub use network::Network;
pub(crate) use network::{
    LayerCall, NAMES, NetworkLayer, is_harmless, name_layers, order, snake_case,
};
pub use sequential::Sequential;
pub(crate) use sequential::stack_network;
pub use summary::Summary;
pub use symbolic::{Input, SymbolicInputs, SymbolicTensor};
