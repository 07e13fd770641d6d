//! The progress of training, evaluation and prediction, as Keras prints it.
use super::history::{History, Logs, format_number};
use super::number::scientific;
use super::{Callback, Run};
use crate::{Result, console};
use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::time::Instant;

mod progbar;

pub use progbar::Progbar;

/// Seconds between two drawings of the bar.
const INTERVAL: f64 = 0.05;
/// Characters of the bar.
const WIDTH: usize = 20;

/// What a run adds to its callbacks: what prints the progress, unless one of them does.
pub(crate) fn added<'a>(
    verbose: usize,
    callbacks: &[Box<dyn Callback + 'a>],
) -> Option<Box<dyn Callback>> {
    let shown = callbacks.iter().any(|callback| callback.shows_progress());
    (!shown).then(|| bar(verbose)).flatten()
}

/// What prints the progress for `verbose` 1 or 2.
pub(crate) fn bar(verbose: usize) -> Option<Box<dyn Callback>> {
    let style = Style::of(verbose)?;
    let begun = Instant::now();
    Some(Box::new(Progress::new(style, move || begun.elapsed().as_secs_f64(), console::print)))
}

/// How progress looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// `verbose=1` on a terminal: a bar that is drawn over itself.
    Bar,
    /// `verbose=1` into a file: the bar's numbers in a line at the end.
    Plain,
    /// `verbose=2`: a line at the end.
    Line,
}

impl Style {
    /// What `verbose` asks for; none for 0.
    fn of(verbose: usize) -> Option<Style> {
        Some(match verbose {
            0 => return None,
            2 => Style::Line,
            _ if io::stdout().is_terminal() => Style::Bar,
            _ => Style::Plain,
        })
    }
}

/// Prints the progress to `write`; `clock` tells seconds.
struct Progress<C, W> {
    style: Style,
    clock: C,
    write: W,
    meter: Meter,
    /// Validation belongs to its epoch's line.
    in_fit: bool,
}

/// Numbers under names, in the order in which they are shown.
type Numbers<'a> = &'a [(&'a str, f64)];

/// One bar: steps done, and when.
#[derive(Clone, Debug)]
struct Meter {
    target: Option<usize>,
    /// Characters of the bar.
    bar: usize,
    /// What a step is called.
    unit: String,
    done: usize,
    started: f64,
    /// When the first step, which compiles, was over.
    first: Option<f64>,
    drawn: Option<f64>,
    /// Characters of the line as it stands on the terminal.
    width: usize,
}

impl Default for Meter {
    fn default() -> Meter {
        Meter {
            target: None,
            bar: WIDTH,
            unit: "step".into(),
            done: 0,
            started: 0.0,
            first: None,
            drawn: None,
            width: 0,
        }
    }
}

impl<C: Fn() -> f64, W: FnMut(&str)> Progress<C, W> {
    fn new(style: Style, clock: C, write: W) -> Progress<C, W> {
        Progress { style, clock, write, meter: Meter::default(), in_fit: false }
    }

    fn begin(&mut self, target: Option<usize>) {
        self.meter = Meter { target, started: (self.clock)(), ..Meter::default() };
    }

    /// After a step. Costs a look at the clock unless it draws; reading the numbers costs more.
    fn step(&mut self, batch: usize, run: &Run) -> Result<()> {
        self.meter.done = batch + 1;
        match self.style {
            Style::Line => return Ok(()),
            Style::Plain if batch > 0 => return Ok(()),
            _ => {}
        }
        let now = (self.clock)();
        if batch == 0 {
            self.meter.first = Some(now);
        }
        let due = self.meter.drawn.is_none_or(|drawn| now - drawn >= INTERVAL);
        if self.style == Style::Bar && due {
            let logs = run.logs()?;
            let text = self.meter.draw(now, &logs.iter().collect::<Vec<_>>(), false);
            (self.write)(&text);
        }
        Ok(())
    }

    fn end(&mut self, logs: &Logs) {
        let now = (self.clock)();
        self.meter.target = Some(self.meter.done);
        let text = self.meter.last(now, self.style, &logs.iter().collect::<Vec<_>>());
        (self.write)(&text);
    }
}

impl Meter {
    /// Seconds a step; the first one counts only while it is the only one.
    fn seconds_per_step(&self, now: f64) -> f64 {
        match (self.first, self.done) {
            (_, 0) => 0.0,
            (Some(first), done) if done > 1 => (now - first) / (done - 1) as f64,
            (_, done) => (now - self.started) / done as f64,
        }
    }

    /// What stands at the end.
    fn last(&mut self, now: f64, style: Style, numbers: Numbers<'_>) -> String {
        match style {
            Style::Bar => self.draw(now, numbers, true),
            Style::Plain => self.line(now, numbers, format_number),
            Style::Line => self.line(now, numbers, |value| match value > 1e-3 {
                true => format_number(value),
                false => scientific(value, 4),
            }),
        }
    }

    /// The bar, drawn over the one before.
    fn draw(&mut self, now: f64, numbers: Numbers<'_>, last: bool) -> String {
        let mut text = "\u{8}".repeat(self.width);
        text.push('\r');
        let target = self.target.filter(|target| *target > 0);
        let mut width = match target {
            None => {
                let _ = write!(text, "{:7}/Unknown", self.done);
                7_usize.max(self.done.to_string().len()) + "/Unknown".len()
            }
            Some(target) => {
                let digits = target.to_string().len();
                let full = (self.bar as f64 * (self.done as f64 / target as f64)) as usize;
                let full = full.min(self.bar);
                let _ = write!(text, "\x1b[1m{:digits$}/{target}\x1b[0m ", self.done);
                if full > 0 {
                    let _ = write!(text, "\x1b[32m{}\x1b[0m", "━".repeat(full));
                }
                let _ = write!(text, "\x1b[37m{}\x1b[0m", "━".repeat(self.bar - full));
                self.done.to_string().len().max(digits) + digits + 2 + self.bar
            }
        };
        let per_step = self.seconds_per_step(now);
        let time = match target {
            Some(target) if !last => remaining(per_step * target.saturating_sub(self.done) as f64),
            _ => format!("{:.0}s", now - self.started),
        };
        let mut info = format!(" {}/{}", duration(per_step), self.unit);
        for (name, value) in numbers {
            let _ = write!(info, " - {name}: {}", format_number(*value));
        }
        let _ = write!(text, " \x1b[1m{time}\x1b[0m{info}");
        width += 1 + time.len() + info.chars().count();
        text.push_str(&" ".repeat(self.width.saturating_sub(width)));
        text.push_str(if last { "\n" } else { "" });
        (self.width, self.drawn) = (width, Some(now));
        text
    }

    /// The line that ends an epoch where nothing can be drawn over.
    fn line(&self, now: f64, numbers: Numbers<'_>, number: impl Fn(f64) -> String) -> String {
        let (done, seconds, unit) = (self.done, now - self.started, &self.unit);
        let target = self.target.unwrap_or(done);
        let digits = target.to_string().len();
        let per_step = duration(self.seconds_per_step(now));
        let mut text = format!("{done:digits$}/{target} - {seconds:.0}s - {per_step}/{unit}");
        for (name, value) in numbers {
            let _ = write!(text, " - {name}: {}", number(*value));
        }
        text + "\n"
    }
}

/// `1s`, `100ms`, `20us`.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s >= 1.0 || s == 0.0 => format!("{s:.0}s"),
        s if s >= 1e-3 => format!("{:.0}ms", s * 1e3),
        s => format!("{:.0}us", s * 1e6),
    }
}

/// `9s`, `3:19`, `5:33:19`.
fn remaining(seconds: f64) -> String {
    let whole = seconds as u64;
    let (hours, minutes, rest) = (whole / 3600, whole % 3600 / 60, whole % 60);
    match seconds {
        s if s > 3600.0 => format!("{hours}:{minutes:02}:{rest:02}"),
        s if s > 60.0 => format!("{minutes}:{rest:02}"),
        _ => format!("{whole}s"),
    }
}

impl<C: Fn() -> f64, W: FnMut(&str)> Callback for Progress<C, W> {
    fn on_train_begin(&mut self, _: &mut Run) -> Result<()> {
        self.in_fit = true;
        Ok(())
    }

    fn on_train_end(&mut self, _: &History, _: &mut Run) -> Result<()> {
        self.in_fit = false;
        Ok(())
    }

    fn on_epoch_begin(&mut self, epoch: usize, run: &mut Run) -> Result<()> {
        let params = run.params();
        if params.epochs > 1 {
            (self.write)(&format!("Epoch {}/{}\n", epoch + 1, params.epochs));
        }
        self.begin(params.steps);
        Ok(())
    }

    fn on_train_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        self.step(batch, run)
    }

    fn on_epoch_end(&mut self, _: usize, logs: &Logs, _: &mut Run) -> Result<()> {
        self.end(logs);
        Ok(())
    }

    fn on_test_begin(&mut self, run: &mut Run) -> Result<()> {
        if !self.in_fit {
            self.begin(run.params().steps);
        }
        Ok(())
    }

    fn on_test_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        if self.in_fit { Ok(()) } else { self.step(batch, run) }
    }

    fn on_test_end(&mut self, logs: &Logs, _: &mut Run) -> Result<()> {
        if !self.in_fit {
            self.end(logs);
        }
        Ok(())
    }

    fn on_predict_begin(&mut self, run: &mut Run) -> Result<()> {
        self.begin(run.params().steps);
        Ok(())
    }

    fn on_predict_batch_end(&mut self, batch: usize, run: &mut Run) -> Result<()> {
        self.step(batch, run)
    }

    fn on_predict_end(&mut self, _: &mut Run) -> Result<()> {
        self.end(&Logs::default());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
