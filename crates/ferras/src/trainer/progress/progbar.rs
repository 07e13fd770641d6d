//! `Progbar`: the progress bar for loops of a program's own.
use super::{INTERVAL, Meter, Style};
use crate::console;
use std::fmt;
use std::time::Instant;

/// A progress bar, for loops that are not `fit`: how many steps are done, how long the rest takes, and
/// numbers under names. On a terminal it is drawn over itself, elsewhere it is one line at the end.
///
/// The numbers are averaged over the steps, but for those that [`Progbar::stateful_metrics`] names, and
/// those of the last call, which are shown as they are.
///
/// - **Source** Keras 3 `utils.Progbar`.
///
/// ```
/// use ferras::Progbar;
/// let mut bar = Progbar::new(3).unit_name("sample");
/// for step in 1..=3 {
///     bar.update(step, &[("loss", 1.0 / step as f64)]);
/// }
/// ```
pub struct Progbar {
    meter: Meter,
    style: Option<Style>,
    interval: f64,
    named: Named,
    values: Vec<Value>,
    clock: Box<dyn Fn() -> f64 + Send + Sync>,
}

/// Which numbers are named.
#[derive(Debug)]
enum Named {
    /// Those that are shown as they are.
    Stateful(Vec<String>),
    /// Those that are averaged.
    Stateless(Vec<String>),
}

/// A number, and what it is the sum of.
struct Value {
    name: String,
    sum: f64,
    count: f64,
}

impl fmt::Debug for Progbar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progbar").field("meter", &self.meter).finish_non_exhaustive()
    }
}

impl Progbar {
    /// A bar for so many steps; `None` where their number is not known.
    pub fn new(target: impl Into<Option<usize>>) -> Progbar {
        let begun = Instant::now();
        Progbar {
            meter: Meter { target: target.into(), ..Meter::default() },
            style: Style::of(1),
            interval: INTERVAL,
            named: Named::Stateful(Vec::new()),
            values: Vec::new(),
            clock: Box::new(move || begun.elapsed().as_secs_f64()),
        }
    }

    /// Characters of the bar, 1000 at most; 20 by default.
    pub fn width(mut self, width: usize) -> Progbar {
        self.meter.bar = width.min(1000);
        self
    }

    /// 0 for nothing, 1 (default) for the bar, 2 for one line at the end.
    pub fn verbose(mut self, verbose: usize) -> Progbar {
        self.style = Style::of(verbose);
        self
    }

    /// Seconds between two drawings, at least; 0.05 by default.
    pub fn interval(mut self, seconds: f64) -> Progbar {
        self.interval = seconds;
        self
    }

    /// The numbers that are shown as they are; the others are averaged. In place of
    /// [`Progbar::stateless_metrics`].
    pub fn stateful_metrics<S: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Progbar {
        self.named = Named::Stateful(names.into_iter().map(Into::into).collect());
        self
    }

    /// The numbers that are averaged; the others are shown as they are. In place of
    /// [`Progbar::stateful_metrics`].
    pub fn stateless_metrics<S: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Progbar {
        self.named = Named::Stateless(names.into_iter().map(Into::into).collect());
        self
    }

    /// What a step is called; `step` by default.
    pub fn unit_name(mut self, name: impl Into<String>) -> Progbar {
        self.meter.unit = name.into();
        self
    }

    /// So many steps are done, the last of which gave these numbers. The bar ends with its last step.
    pub fn update(&mut self, current: usize, values: &[(&str, f64)]) {
        let last = self.meter.target.is_some_and(|target| current >= target);
        self.finalize(current, values, last);
    }

    /// [`Progbar::update`] where the caller says whether it is the last time.
    ///
    /// ```
    /// let mut bar = ferras::Progbar::new(None);
    /// bar.finalize(1, &[], false);
    /// bar.finalize(2, &[("found", 17.0)], true);
    /// ```
    pub fn finalize(&mut self, current: usize, values: &[(&str, f64)], last: bool) {
        let steps = current.saturating_sub(self.meter.done).max(1);
        values.iter().for_each(|&(name, value)| self.count(name, value, steps, last));
        let now = (self.clock)();
        self.meter.done = current;
        if current == 1 && self.meter.first.is_none() {
            self.meter.first = Some(now);
        }
        let Progbar { meter, style: Some(style), interval, values, .. } = self else { return };
        let shown = |v: &Value| v.sum / v.count.max(1.0);
        let numbers: Vec<_> = values.iter().map(|v| (&v.name[..], shown(v))).collect();
        let due = meter.drawn.is_none_or(|drawn| now - drawn >= *interval);
        let text = match (*style, last) {
            (Style::Line, true) if meter.target.is_none_or(|target| target == 0) => return,
            (style, true) => meter.last(now, style, &numbers),
            (Style::Bar, false) if due => meter.draw(now, &numbers, false),
            _ => return,
        };
        console::print(&text);
    }

    /// So many steps more are done, the last of which gave these numbers.
    pub fn add(&mut self, n: usize, values: &[(&str, f64)]) {
        self.update(self.meter.done.saturating_add(n), values);
    }

    /// Takes a number of so many steps.
    fn count(&mut self, name: &str, value: f64, steps: usize, last: bool) {
        let is = |list: &[String]| list.iter().any(|own| own == name);
        let averaged = match &self.named {
            Named::Stateful(names) => !is(names),
            Named::Stateless(names) => is(names),
        };
        let (sum, count) = match averaged && !last {
            true => (value * steps as f64, steps as f64),
            false => (value, 1.0),
        };
        match self.values.iter_mut().find(|own| own.name == name) {
            Some(own) if averaged && !last => {
                own.sum += sum;
                own.count += count;
            }
            Some(own) => (own.sum, own.count) = (sum, count),
            None => self.values.push(Value { name: name.into(), sum, count }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::captured;
    use serde_json::Value as Json;
    use std::sync::{Arc, Mutex};

    fn golden() -> Json {
        let path = format!("{}/../../tests/golden/progbar.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn names(json: &Json) -> Vec<String> {
        json.as_array().unwrap().iter().map(|name| name.as_str().unwrap().into()).collect()
    }

    fn made(case: &Json) -> Progbar {
        let target = case["target"].as_u64().map(|n| n as usize);
        let mut bar = Progbar::new(target);
        for (key, value) in case["arguments"].as_object().unwrap() {
            bar = match &key[..] {
                "width" => bar.width(value.as_u64().unwrap() as usize),
                "verbose" => bar.verbose(value.as_u64().unwrap() as usize),
                "interval" => bar.interval(value.as_f64().unwrap()),
                "unit_name" => bar.unit_name(value.as_str().unwrap()),
                "stateful_metrics" => bar.stateful_metrics(names(value)),
                _ => bar.stateless_metrics(names(value)),
            };
        }
        // The tests' output is no terminal; Keras' was one.
        bar.style = bar.style.map(|s| if s == Style::Line { s } else { Style::Bar });
        bar
    }

    #[test]
    fn bars_are_those_of_keras() {
        for case in golden()["cases"].as_array().unwrap() {
            let now = Arc::new(Mutex::new(0.0));
            let clock = now.clone();
            let mut bar = made(case);
            bar.clock = Box::new(move || *clock.lock().unwrap());
            let steps = case["steps"].as_array().unwrap();
            let ((), text, _) = captured(|| {
                steps.iter().for_each(|step| {
                    *now.lock().unwrap() += step["seconds"].as_f64().unwrap();
                    let values = step["values"].as_array().unwrap().iter();
                    let values: Vec<(&str, f64)> =
                        values.map(|v| (v[0].as_str().unwrap(), v[1].as_f64().unwrap())).collect();
                    let count = step["count"].as_u64().unwrap() as usize;
                    match (step["add"].as_bool(), step["finalize"].as_bool()) {
                        (Some(true), _) => bar.add(count, &values),
                        (_, Some(last)) => bar.finalize(count, &values, last),
                        _ => bar.update(count, &values),
                    }
                })
            });
            assert_eq!(text, case["text"].as_str().unwrap(), "{case}");
        }
    }
}
