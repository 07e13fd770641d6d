//! What all requests share.
use crate::body::Bodies;
use crate::metrics::Metrics;
use crate::options::Options;
use crate::registry::Registry;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// What all requests share.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) registry: Registry,
    pub(crate) metrics: Metrics,
    pub(crate) bodies: Bodies,
    pub(crate) options: Options,
    stopping: AtomicBool,
}

impl State {
    pub(crate) fn new(registry: Registry, options: Options) -> State {
        let bodies = Bodies {
            room: crate::body::Room::new(options.memory),
            most: options.max_body,
            timeout: options.timeout,
        };
        State {
            registry,
            metrics: Metrics::default(),
            bodies,
            options,
            stopping: AtomicBool::new(false),
        }
    }

    /// Whether all models are warm, and the service goes on.
    pub(crate) fn ready(&self) -> bool {
        !self.stopping.load(Relaxed) && self.registry.ready()
    }

    /// No further requests are wished for.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Relaxed);
    }
}
