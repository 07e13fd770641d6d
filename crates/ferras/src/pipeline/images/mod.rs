//! Pictures on their way from files and arrays to a model.
mod dataset;
mod flow;
mod flow_arrays;
mod flow_files;
#[cfg(test)]
mod tests;

pub use dataset::{
    ImageDataset, ImageDatasetFromDirectory, image_dataset_from_directory,
    image_datasets_from_directory,
};
pub use flow::{ClassMode, ImageFlow};
pub use flow_arrays::Flow;
pub use flow_files::{FlowFromDirectory, FlowFromTable};
