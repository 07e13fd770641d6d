//! What holds for the whole program, and how classes are described: settings, configurations,
//! identifiers and registries.
mod choice;
mod configured;
mod data_format;
mod dtype_policy;
mod element_type;
mod identifier;
mod run_limits;
mod settings;
mod suggest;
mod value;

pub use choice::{Axes, Choice, Vocabulary};
pub use configured::{
    ArgumentInfo, ConfigValue, Configured, FromConfig, Map, Reader, Scope, omit, serialize, written,
};
pub use data_format::{ChannelsOrder, DataFormat};
pub use dtype_policy::DTypePolicy;
pub use element_type::ElementType;
pub use identifier::{Entry, Family, Identifier};
pub(crate) use identifier::{check_module, entry_of, family, find, register};
pub(crate) use run_limits::{limited_epochs, limited_steps};
pub use run_limits::{max_epochs, max_steps_per_epoch, set_max_epochs, set_max_steps_per_epoch};
pub use settings::{
    Settings, backend, check, dtype_policy, epsilon, floatx, home, image_data_format, set_backend,
    set_dtype_policy, set_epsilon, set_floatx, set_image_data_format,
};
pub(crate) use suggest::{suggest, suggest_among};
pub use value::Sizes;
pub(crate) use value::mismatch;
