//! How a service behaves.
use crate::events::Event;
use crate::picture::Preprocess;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How a service behaves. The defaults are for a machine of one's own.
///
/// ```
/// use ferras_serve::{Options, Preprocess};
/// use std::time::Duration;
/// let options = Options::new()
///     .token("secret")
///     .preprocess(Preprocess::Imagenet)
///     .max_batch(64)
///     .max_delay(Duration::from_millis(2));
/// # let _ = options;
/// ```
#[derive(Clone)]
pub struct Options {
    pub(crate) preprocess: Option<Preprocess>,
    pub(crate) labels: Vec<String>,
    pub(crate) token: Option<String>,
    pub(crate) max_batch: usize,
    pub(crate) max_delay: Duration,
    pub(crate) queue: usize,
    pub(crate) max_body: usize,
    pub(crate) memory: usize,
    pub(crate) connections: usize,
    pub(crate) headers: usize,
    pub(crate) timeout: Duration,
    pub(crate) grace: Duration,
    pub(crate) reload: Duration,
    pub(crate) limits: ferras::Limits,
    pub(crate) on_event: Arc<dyn Fn(&Event) + Send + Sync>,
}

impl Default for Options {
    fn default() -> Options {
        Options::new()
    }
}

impl fmt::Debug for Options {
    /// Leaves the token out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("preprocess", &self.preprocess)
            .field("labels", &self.labels.len())
            .field("token", &self.token.is_some())
            .field("max_batch", &self.max_batch)
            .field("max_body", &self.max_body)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// The defaults, as each method tells them.
    pub fn new() -> Options {
        Options {
            preprocess: None,
            labels: Vec::new(),
            token: None,
            max_batch: 32,
            max_delay: Duration::ZERO,
            queue: 1024,
            max_body: 32 << 20,
            memory: 512 << 20,
            connections: 512,
            headers: 64,
            timeout: Duration::from_secs(30),
            grace: Duration::from_secs(30),
            reload: Duration::from_secs(1),
            limits: ferras::Limits::new(),
            on_event: Arc::new(|_| {}),
        }
    }

    /// What is done with the pixels of pictures. By default they are divided by 255, unless the
    /// model has a layer that rescales them; arrays are always taken as they are.
    pub fn preprocess(mut self, preprocess: Preprocess) -> Options {
        self.preprocess = Some(preprocess);
        self
    }

    /// Names of the classes, in the order of the model's output. None by default: classes are
    /// numbered from 0.
    pub fn labels(mut self, labels: Vec<String>) -> Options {
        self.labels = labels;
        self
    }

    /// What requests must bring as `Authorization: Bearer TOKEN`; only the page and the two health
    /// checks need none. None by default.
    pub fn token(mut self, token: impl Into<String>) -> Options {
        self.token = Some(token.into());
        self
    }

    /// Rows computed at once, at most; 32 by default. A model that gains nothing from larger
    /// batches, as its warm-up tells, gets smaller ones.
    pub fn max_batch(mut self, rows: usize) -> Options {
        self.max_batch = rows.max(1);
        self
    }

    /// How long a request waits for others to be computed with; by default it does not, and only
    /// what waits already is computed together.
    pub fn max_delay(mut self, delay: Duration) -> Options {
        self.max_delay = delay;
        self
    }

    /// Rows that may wait for one model; beyond it requests are refused with status 429. 1024 by
    /// default.
    pub fn queue(mut self, rows: usize) -> Options {
        self.queue = rows.max(1);
        self
    }

    /// The largest body of a request in bytes, packed or not, and the largest answer's numbers;
    /// 32 MiB by default.
    pub fn max_body(mut self, bytes: usize) -> Options {
        self.max_body = bytes;
        self
    }

    /// Bytes that the bodies of all requests together may take; beyond it they are refused with
    /// status 503. 512 MiB by default.
    pub fn memory(mut self, bytes: usize) -> Options {
        self.memory = bytes;
        self
    }

    /// Connections at once; further ones are refused with status 503. 512 by default.
    pub fn connections(mut self, count: usize) -> Options {
        self.connections = count.max(1);
        self
    }

    /// Header lines of a request; more are refused with status 431. 64 by default.
    pub fn headers(mut self, count: usize) -> Options {
        self.headers = count;
        self
    }

    /// How long headers, a body, the computation, and each part of the answer may take; 30 seconds
    /// by default. Connections without a request are closed after it.
    pub fn timeout(mut self, time: Duration) -> Options {
        self.timeout = time;
        self
    }

    /// How long requests may go on after the service was told to stop; 30 seconds by default.
    pub fn grace(mut self, time: Duration) -> Options {
        self.grace = time;
        self
    }

    /// How often the models' files are looked at; every second by default, and never with zero.
    pub fn reload(mut self, every: Duration) -> Options {
        self.reload = every;
        self
    }

    /// What reading a model's file may cost.
    pub fn limits(mut self, limits: ferras::Limits) -> Options {
        self.limits = limits;
        self
    }

    /// What is told of the service's life; nothing by default.
    pub fn on_event(mut self, told: impl Fn(&Event) + Send + Sync + 'static) -> Options {
        self.on_event = Arc::new(told);
        self
    }
}
