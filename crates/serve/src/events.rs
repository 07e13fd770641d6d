//! What there is to tell of a service's life.
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// Something that whoever runs a service may want to know. It prints as a sentence.
///
/// ```
/// use ferras_serve::Event;
/// let event = Event::Removed { model: "digits".into(), version: 3 };
/// assert_eq!(event.to_string(), "digits: version 3 is gone");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// Connections are taken.
    Listening {
        /// Where.
        address: SocketAddr,
    },
    /// A model, or a new file of it, is loaded and warm.
    Ready {
        /// Its name.
        model: String,
        /// Its version.
        version: u64,
        /// How long loading and warming took.
        took: Duration,
        /// How long one row takes.
        row: Duration,
        /// Rows that are computed at once, at most.
        batch: usize,
    },
    /// A file could not be loaded; what was loaded before goes on.
    Failed {
        /// The model's name.
        model: String,
        /// The version whose file it is.
        version: u64,
        /// Why.
        problem: String,
    },
    /// A version's file is gone, and so is the version.
    Removed {
        /// The model's name.
        model: String,
        /// The version.
        version: u64,
    },
    /// No further connections are taken; requests that are under way go on.
    Stopping,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Listening { address } => write!(f, "listening on http://{address}"),
            Event::Ready { model, version, took, row, batch } => write!(
                f,
                "{model}: version {version} is ready after {took:.1?} ({row:.1?} a row, batches of \
                 up to {batch})"
            ),
            Event::Failed { model, version, problem } => {
                write!(f, "{model}: version {version} cannot be loaded: {problem}")
            }
            Event::Removed { model, version } => write!(f, "{model}: version {version} is gone"),
            Event::Stopping => f.write_str("stopping"),
        }
    }
}
