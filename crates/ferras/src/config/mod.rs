//! What holds for the whole program: numeric defaults, and where Ferras keeps its files.
mod settings;
mod suggest;

pub use settings::{
    Settings, backend, check, epsilon, floatx, home, image_data_format, set_backend, set_epsilon,
    set_floatx, set_image_data_format,
};
pub(crate) use suggest::suggest;
