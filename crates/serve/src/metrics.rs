//! What is counted, in the text format of Prometheus.
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the times that are told apart, in seconds.
const SECONDS: [f64; 14] = [
    0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5,
    10.0,
];
/// Upper bounds of the sizes of batches that are told apart.
const ROWS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// How often values fell between bounds.
#[derive(Debug)]
struct Histogram {
    bounds: &'static [f64],
    /// One for each bound, and those beyond the last.
    counts: Vec<AtomicU64>,
    /// Millionths, so that whole numbers do.
    sum: AtomicU64,
}

impl Histogram {
    fn new(bounds: &'static [f64]) -> Histogram {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { bounds, counts, sum: AtomicU64::new(0) }
    }

    fn add(&self, value: f64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Relaxed);
        }
        self.sum.fetch_add((value * 1e6).round() as u64, Relaxed);
    }

    /// `labels` stand inside the braces.
    fn write(&self, out: &mut String, name: &str, labels: &str) {
        let comma = if labels.is_empty() { "" } else { "," };
        let mut total = 0;
        for (i, count) in self.counts.iter().enumerate() {
            total += count.load(Relaxed);
            let bound = self.bounds.get(i).map_or("+Inf".to_string(), f64::to_string);
            let _ = writeln!(out, "{name}_bucket{{{labels}{comma}le=\"{bound}\"}} {total}");
        }
        let sum = self.sum.load(Relaxed) as f64 / 1e6;
        let _ = writeln!(out, "{name}_sum{{{labels}}} {sum}");
        let _ = writeln!(out, "{name}_count{{{labels}}} {total}");
    }
}

/// What is counted of a model, over all its versions and files.
#[derive(Debug)]
pub(crate) struct ModelMetrics {
    rows: AtomicU64,
    batches: Histogram,
    computing: Histogram,
    waiting: Histogram,
    refused: AtomicU64,
    loads: AtomicU64,
    failed_loads: AtomicU64,
}

impl Default for ModelMetrics {
    fn default() -> ModelMetrics {
        ModelMetrics {
            rows: AtomicU64::new(0),
            batches: Histogram::new(&ROWS),
            computing: Histogram::new(&SECONDS),
            waiting: Histogram::new(&SECONDS),
            refused: AtomicU64::new(0),
            loads: AtomicU64::new(0),
            failed_loads: AtomicU64::new(0),
        }
    }
}

impl ModelMetrics {
    /// A batch was computed.
    pub(crate) fn computed(&self, rows: usize, took: Duration) {
        self.rows.fetch_add(rows as u64, Relaxed);
        self.batches.add(rows as f64);
        self.computing.add(took.as_secs_f64());
    }

    /// A request's computation begins.
    pub(crate) fn waited(&self, time: Duration) {
        self.waiting.add(time.as_secs_f64());
    }

    /// A request found the queue full.
    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    /// A file was loaded, or could not be.
    pub(crate) fn loaded(&self, well: bool) {
        if well { &self.loads } else { &self.failed_loads }.fetch_add(1, Relaxed);
    }
}

/// What is counted of the service.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// By protocol and status.
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    time: Histogram,
    pub(crate) connections: AtomicUsize,
    refused_connections: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            requests: Mutex::default(),
            time: Histogram::new(&SECONDS),
            connections: AtomicUsize::new(0),
            refused_connections: AtomicU64::new(0),
        }
    }
}

/// A model with what there is to tell of it now.
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) metrics: Arc<ModelMetrics>,
    pub(crate) waiting: usize,
    pub(crate) versions: Vec<u64>,
}

impl Metrics {
    /// A request was answered.
    pub(crate) fn answered(&self, protocol: &'static str, status: u16, took: Duration) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((protocol, status)).or_default() += 1;
        drop(requests);
        self.time.add(took.as_secs_f64());
    }

    /// There were too many connections.
    pub(crate) fn refused(&self) {
        self.refused_connections.fetch_add(1, Relaxed);
    }

    /// Requests that were answered.
    pub(crate) fn total(&self) -> u64 {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// The text for Prometheus.
    pub(crate) fn text(&self, models: &[Told]) -> String {
        let mut out = String::new();
        head(&mut out, "requests_total", "counter", "Requests answered");
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for ((protocol, status), count) in requests {
            let labels = format!("protocol=\"{protocol}\",status=\"{status}\"");
            let _ = writeln!(out, "ferras_requests_total{{{labels}}} {count}");
        }
        head(&mut out, "request_seconds", "histogram", "Time from a request's head to its answer");
        self.time.write(&mut out, "ferras_request_seconds", "");
        head(&mut out, "connections", "gauge", "Open connections");
        let _ = writeln!(out, "ferras_connections {}", self.connections.load(Relaxed));
        head(&mut out, "connections_refused_total", "counter", "Connections beyond the limit");
        let refused = self.refused_connections.load(Relaxed);
        let _ = writeln!(out, "ferras_connections_refused_total {refused}");

        let mut each = |name, kind, help, write: &dyn Fn(&mut String, &Told, &str)| {
            head(&mut out, name, kind, help);
            for model in models {
                let labels = format!("model=\"{}\"", model.name);
                write(&mut out, model, &labels);
            }
        };
        macro_rules! number {
            ($name:literal, $kind:literal, $help:literal, $value:expr) => {
                each($name, $kind, $help, &|out, model, labels| {
                    let value: &dyn Fn(&Told) -> u64 = &$value;
                    let _ = writeln!(out, "ferras_{}{{{labels}}} {}", $name, value(model));
                })
            };
        }
        number!("rows_total", "counter", "Rows computed", |m| m.metrics.rows.load(Relaxed));
        number!("refused_total", "counter", "Requests that found the queue full", |m| {
            m.metrics.refused.load(Relaxed)
        });
        number!("waiting_rows", "gauge", "Rows that wait now", |m| m.waiting as u64);
        number!("loads_total", "counter", "Files loaded", |m| m.metrics.loads.load(Relaxed));
        number!("failed_loads_total", "counter", "Files that could not be loaded", |m| {
            m.metrics.failed_loads.load(Relaxed)
        });
        each("ready", "gauge", "Versions that are loaded and warm", &|out, model, labels| {
            for version in &model.versions {
                let _ = writeln!(out, "ferras_ready{{{labels},version=\"{version}\"}} 1");
            }
        });
        each("batch_rows", "histogram", "Rows computed at once", &|out, model, labels| {
            model.metrics.batches.write(out, "ferras_batch_rows", labels);
        });
        each("compute_seconds", "histogram", "Time to compute a batch", &|out, model, labels| {
            model.metrics.computing.write(out, "ferras_compute_seconds", labels);
        });
        each("wait_seconds", "histogram", "Time in the queue", &|out, model, labels| {
            model.metrics.waiting.write(out, "ferras_wait_seconds", labels);
        });
        out
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP ferras_{name} {help}.\n# TYPE ferras_{name} {kind}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_cumulative() {
        let metrics = Metrics::default();
        metrics.answered("predict", 200, Duration::from_micros(80));
        metrics.answered("predict", 200, Duration::from_millis(1));
        metrics.answered("predict", 400, Duration::from_secs(60));
        let model = Arc::new(ModelMetrics::default());
        model.computed(3, Duration::from_micros(50));
        let told = Told { name: "m".into(), metrics: model, waiting: 2, versions: vec![1, 7] };
        let text = metrics.text(&[told]);
        for line in [
            "# TYPE ferras_requests_total counter",
            "ferras_requests_total{protocol=\"predict\",status=\"200\"} 2",
            "ferras_request_seconds_bucket{le=\"0.0001\"} 1",
            "ferras_request_seconds_bucket{le=\"0.001\"} 2",
            "ferras_request_seconds_bucket{le=\"10\"} 2",
            "ferras_request_seconds_bucket{le=\"+Inf\"} 3",
            "ferras_request_seconds_sum{} 60.00108",
            "ferras_batch_rows_bucket{model=\"m\",le=\"2\"} 0",
            "ferras_batch_rows_bucket{model=\"m\",le=\"4\"} 1",
            "ferras_compute_seconds_bucket{model=\"m\",le=\"0.00005\"} 1",
            "ferras_rows_total{model=\"m\"} 3",
            "ferras_waiting_rows{model=\"m\"} 2",
            "ferras_ready{model=\"m\",version=\"7\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        assert_eq!(metrics.total(), 3);
    }
}
