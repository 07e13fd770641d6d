//! Keras in Rust: the same words, the same numbers, on a compiled-graph engine.
//!
//! Start with [`Sequential`](models::Sequential) or the functional [`Model`](models::Model).

// The derive macro names the crate from inside and outside alike.
extern crate self as ferras;

pub mod activations;
pub mod applications;
mod array;
mod backend;
pub mod callbacks;
pub mod config;
mod console;
pub mod constraints;
mod containers;
pub mod datasets;
mod date;
mod error;
mod files;
#[cfg(test)]
mod golden;
#[cfg(feature = "download")]
mod http;
pub mod initializers;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod models;
pub mod ops;
pub mod optimizers;
mod pipeline;
pub mod plot;
pub mod prelude;
pub mod preprocessing;
pub mod random;
pub mod regularizers;
pub mod report;
mod saving;
mod trainer;
pub mod utils;

/// What models are fed with: arrays, views, streams.
pub mod data {
    pub use crate::array::{Array, Texts};
    pub use crate::pipeline::{
        BatchSize, ClassMode, Cross, Feature, FeatureMode, FeatureSpace, FeatureSpec, Flow,
        FlowFromDirectory, FlowFromTable, ImageDataset, ImageDatasetFromDirectory, ImageFlow,
        LabelMode, Labels, Names, Pipeline, SpaceMode, SplitDataset, Subset, TextDataset,
        TextDatasetFromDirectory, Timeseries, TimeseriesGenerator, image_dataset_from_directory,
        image_datasets_from_directory, split_dataset, text_dataset_from_directory,
        text_datasets_from_directory, timeseries_dataset_from_array,
    };
    pub use crate::trainer::data::{Data, Item};
    pub use crate::trainer::dataset::{Batch, Dataset};
}

/// The examples of `docs/own-models.md`, which are tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/own-models.md")]
mod own_models {}

pub use backend::set_num_threads;
pub use containers::Limits;
pub use error::{Error, Result};
pub use ferras_derive::Config;
pub use ferras_graph::{DType, Shape, Tensor};
#[doc(hidden)]
pub use files::{check_writable, write_atomic};
pub use random::set_random_seed;
#[doc(hidden)]
pub use saving::probe;
pub use saving::{
    Comparison, Difference, Format, InspectedLayer, InspectedModel, Inspection, KerasFileEditor,
    Load, LoadWeights, StoredArray, inspect, inspect_within,
};
pub use trainer::{
    Callback, Compile, Evaluate, Fit, History, Logs, OnBatch, Predict, Progbar, Run, RunParams,
    RunningMetric, StepCall, TrainStep, ValidationFreq, Verbose,
};
