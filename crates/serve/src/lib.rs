//! Models of Keras and Ferras behind HTTP, from their files alone.
//!
//! Spoken are TensorFlow Serving's REST API (`/v1`), the Open Inference Protocol (`/v2`, binary
//! tensors too), and the `POST /predict` of the Keras tutorials, which takes pictures, `.npy`, JSON
//! and tables. There is a page to try the models at `/`, a description in OpenAPI at
//! `/openapi.json`, and counts for Prometheus at `/metrics`.
//!
//! Requests can do no harm: what they may cost is bounded, nothing that they name is opened, and
//! whatever is wrong with one is told with a status, while the others go on.
mod about;
mod batch;
mod binary;
mod body;
mod connection;
mod events;
mod failure;
mod labels;
mod metrics;
mod openapi;
mod options;
mod page;
mod picture;
mod protocol;
mod read;
mod registry;
mod respond;
mod router;
mod rows;
mod served;
mod service;
mod state;
mod write;

pub use events::Event;
pub use labels::labels;
pub use options::Options;
pub use picture::Preprocess;
pub use registry::Source;
pub use service::Service;
