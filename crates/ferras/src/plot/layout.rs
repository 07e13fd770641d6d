//! Where everything goes on the page.
use super::axis::{Axis, drawable};
use super::drawing::{Anchor, Drawing, Paint, Shape, Text, Weight};
use super::figure::{Content, Figure, Panel, Series, Sketch, Style};
use super::font;
use super::layout_heat;
use super::sketch;
use std::ops::RangeInclusive;

/// Free space around the page.
const MARGIN: f64 = 28.0;
/// Between panels.
const GAP: f64 = 40.0;
pub(super) const LABEL: f64 = 13.0;
const LEGEND: f64 = 14.0;
/// Up to so many values, each gets a dot.
const DOTTED: usize = 40;
/// More bars than this are drawn as a line.
const MOST_BARS: usize = 200;

/// A part of the page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Frame {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

pub(super) fn lay_out(figure: &Figure) -> Drawing {
    let sketches: Vec<&Sketch> = figure.panels.iter().filter_map(Panel::as_sketch).collect();
    if !sketches.is_empty() {
        return sketch::lay_out(figure, &sketches);
    }
    let count = figure.panels.len().max(1);
    let (columns, rows) = (count.min(2), count.div_ceil(2));
    let natural = match (figure.panels.first(), columns) {
        (Some(Panel { content: Content::Heat { names, .. }, .. }), _) => layout_heat::size(names),
        (_, 1) => (880.0, 500.0),
        _ => (1200.0, 80.0 + rows as f64 * 420.0),
    };
    let (width, height) = figure.size.map_or(natural, |(w, h)| (w as f64, h as f64));
    let (mut page, top) = titled(&figure.title, width, height);
    let across = (width - 2.0 * MARGIN - (columns - 1) as f64 * GAP) / columns as f64;
    let down = (height - top - 20.0 - (rows - 1) as f64 * GAP) / rows as f64;
    for (i, panel) in figure.panels.iter().enumerate() {
        let left = MARGIN + (i % columns) as f64 * (across + GAP);
        let top = top + (i / columns) as f64 * (down + GAP);
        let frame = Frame { left, top, right: left + across, bottom: top + down };
        draw_panel(&mut page, panel, frame);
    }
    page
}

/// A page with its title; what follows begins at the height that is returned.
pub(super) fn titled(title: &str, width: f64, height: f64) -> (Drawing, f64) {
    let mut page = Drawing { width, height, title: title.into(), shapes: Vec::new() };
    if title.is_empty() {
        return (page, MARGIN);
    }
    let text = font::fit(title, 20.0, Weight::Medium, width - 2.0 * MARGIN);
    page.text(Text::new((MARGIN, MARGIN + 16.0), &text, 20.0).medium().paint(Paint::Ink));
    (page, MARGIN + 34.0)
}

fn draw_panel(page: &mut Drawing, panel: &Panel, mut frame: Frame) {
    if !panel.title.is_empty() {
        let title = font::fit(&panel.title, 16.0, Weight::Medium, frame.width());
        let at = (frame.left, frame.top + 13.0);
        page.text(Text::new(at, &title, 16.0).medium().paint(Paint::Ink));
        frame.top += 26.0;
    }
    match &panel.content {
        Content::Sketch(sketch) => sketch::draw(page, sketch, (frame.left, frame.top), 1.0),
        Content::Heat { counts, names } => layout_heat::draw(page, panel, counts, names, frame),
        Content::Lines(series) => {
            frame.top = legend(page, &entries(series), frame);
            let values = series.iter().flat_map(|s| s.values.iter().copied());
            let y = Axis::of_values(values, marks(frame));
            let plot = Plot::new(page, panel, series, y, frame, false);
            for (i, series) in series.iter().enumerate() {
                plot.line(page, series, Paint::Series(i));
            }
        }
        Content::Bars { bars, level } => {
            let mut entries = entries(std::slice::from_ref(bars));
            if let Some(first) = entries.first_mut() {
                first.sample = if plots_bars(bars) { Sample::Block } else { Sample::Line };
            }
            entries.extend(level.iter().map(|level| Entry {
                sample: Sample::Dashed,
                paint: Paint::Series(1),
                name: level.name.clone(),
                value: level.stated.clone(),
            }));
            frame.top = legend(page, &entries, frame);
            let values = bars.values.iter().copied().chain(level.iter().map(|l| l.value));
            let y = Axis::from_zero(values, marks(frame));
            let blocks = plots_bars(bars);
            let plot = Plot::new(page, panel, std::slice::from_ref(bars), y, frame, blocks);
            match blocks {
                true => plot.bars(page, bars),
                false => plot.line(page, bars, Paint::Series(0)),
            }
            if let Some(level) = level.as_ref().filter(|l| drawable(l.value)) {
                let y = plot.y_at(level.value);
                page.dashed((plot.area.left, y), (plot.area.right, y), Paint::Series(1));
            }
        }
    }
}

fn plots_bars(bars: &Series) -> bool {
    bars.values.len() <= MOST_BARS
}

/// How many marks a vertical axis in this frame has room for.
fn marks(frame: Frame) -> usize {
    (frame.height() / 60.0).clamp(2.0, 8.0) as usize
}

/// What stands before a name in the legend.
#[derive(Clone, Copy, PartialEq)]
enum Sample {
    Line,
    Dashed,
    Block,
    Dot,
    Ring,
}

struct Entry {
    sample: Sample,
    paint: Paint,
    name: String,
    value: String,
}

fn entries(series: &[Series]) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (i, s) in series.iter().enumerate() {
        let (paint, value) = (Paint::Series(i), s.stated.clone().unwrap_or_default());
        let sample = match s.style {
            Style::Line => Sample::Line,
            Style::Dashed => Sample::Dashed,
            Style::Dots => Sample::Dot,
        };
        entries.push(Entry { sample, paint, name: s.name.clone(), value });
        if let Some((_, text)) = &s.mark {
            let (name, value) = (text.clone(), String::new());
            entries.push(Entry { sample: Sample::Ring, paint, name, value });
        }
    }
    entries
}

/// Draws the legend in as many rows as it needs; gives the height that is left below it.
fn legend(page: &mut Drawing, entries: &[Entry], frame: Frame) -> f64 {
    let (mut x, mut y) = (frame.left, frame.top + 8.0);
    for entry in entries {
        let sample = if matches!(entry.sample, Sample::Ring | Sample::Dot) { 12.0 } else { 22.0 };
        let value_width = font::width(&entry.value, LEGEND, Weight::Medium);
        let room = frame.width() - sample - value_width - 16.0;
        let name = font::fit(&entry.name, LEGEND, Weight::Regular, room.max(20.0));
        let name_width = font::width(&name, LEGEND, Weight::Regular);
        let width = sample + 8.0 + name_width + 7.0 + value_width;
        if x > frame.left && x + width > frame.right {
            (x, y) = (frame.left, y + 21.0);
        }
        draw_sample(page, entry, (x, y), sample);
        let at = x + sample + 8.0;
        let paint = if entry.value.is_empty() { Paint::Muted } else { Paint::Ink };
        page.text(Text::new((at, y + 5.0), &name, LEGEND).paint(paint));
        if !entry.value.is_empty() {
            let at = at + name_width + 7.0;
            page.text(Text::new((at, y + 5.0), &entry.value, LEGEND).medium().paint(Paint::Ink));
        }
        x += width + 22.0;
    }
    if entries.is_empty() { frame.top } else { y + 22.0 }
}

fn draw_sample(page: &mut Drawing, entry: &Entry, (x, y): (f64, f64), width: f64) {
    let paint = entry.paint;
    match entry.sample {
        Sample::Line => {
            page.line((x + 1.0, y), (x + width - 1.0, y), paint, 3.0);
        }
        Sample::Dashed => page.dashed((x, y), (x + width, y), paint),
        Sample::Block => {
            let (x, y, width, height) = (x + 5.0, y - 6.0, 12.0, 12.0);
            page.shapes.push(Shape::Rect { x, y, width, height, paint, opacity: 1.0 });
        }
        Sample::Dot => page.shapes.push(Shape::Disc { x: x + 6.0, y, radius: 4.0, paint }),
        Sample::Ring => {
            page.shapes.push(Shape::Ring { x: x + 6.0, y, radius: 5.0, paint, width: 2.0 });
        }
    }
}

/// A pair of axes in place.
struct Plot {
    area: Frame,
    x: Axis,
    y: Axis,
}

impl Plot {
    /// Draws grid, marks and labels.
    fn new(
        page: &mut Drawing,
        panel: &Panel,
        series: &[Series],
        y: Axis,
        frame: Frame,
        bars: bool,
    ) -> Plot {
        let widest = y.ticks.iter().map(|(_, t)| font::width(t, LABEL, Weight::Regular));
        let label = match panel.y_label.as_str() {
            "" if y.log => "logarithmic scale".to_string(),
            label if y.log => format!("{label}, logarithmic scale"),
            label => label.to_string(),
        };
        let beside = if label.is_empty() { 0.0 } else { 22.0 };
        let below = if panel.x_label.is_empty() { 24.0 } else { 46.0 };
        let area = Frame {
            left: frame.left + beside + widest.fold(0.0, f64::max) + 10.0,
            top: frame.top + 10.0,
            right: frame.right - 12.0,
            bottom: frame.bottom - below,
        };
        let x = across(series, bars, (area.width() / 70.0).max(2.0) as usize);
        let plot = Plot { area, x, y };
        plot.grid(page);
        let middle = ((area.left + area.right) / 2.0, (area.top + area.bottom) / 2.0);
        let label = font::fit(&label, LABEL, Weight::Regular, area.height());
        if !label.is_empty() {
            let at = (frame.left + 12.0, middle.1);
            page.text(Text::new(at, &label, LABEL).anchor(Anchor::Middle).turned());
        }
        if !panel.x_label.is_empty() {
            let label = font::fit(&panel.x_label, LABEL, Weight::Regular, area.width());
            let at = (middle.0, area.bottom + 42.0);
            page.text(Text::new(at, &label, LABEL).anchor(Anchor::Middle));
        }
        if !series.iter().flat_map(|s| &s.values).any(|v| drawable(*v)) {
            page.text(Text::new(middle, "no values", 15.0).anchor(Anchor::Middle));
        }
        plot
    }

    /// Lines and marks; texts only where there is room beside the one before.
    fn grid(&self, page: &mut Drawing) {
        let area = self.area;
        let mut free = f64::INFINITY;
        for (value, text) in &self.y.ticks {
            let y = self.y_at(*value);
            page.line((area.left, y), (area.right, y), Paint::Grid, 1.0);
            if y + LABEL <= free {
                free = y;
                page.text(Text::new((area.left - 10.0, y + 4.5), text, LABEL).anchor(Anchor::End));
            }
        }
        page.line((area.left, area.bottom), (area.right, area.bottom), Paint::Muted, 1.0);
        let mut free = 0.0;
        for (value, text) in &self.x.ticks {
            let x = self.x_at(*value);
            page.line((x, area.bottom), (x, area.bottom + 5.0), Paint::Muted, 1.0);
            let half = font::width(text, LABEL, Weight::Regular) / 2.0;
            if x - half >= free && x + half <= page.width {
                free = x + half + 8.0;
                let at = (x, area.bottom + 20.0);
                page.text(Text::new(at, text, LABEL).anchor(Anchor::Middle));
            }
        }
    }

    fn x_at(&self, value: f64) -> f64 {
        self.area.left + self.x.share(value) * self.area.width()
    }

    fn y_at(&self, value: f64) -> f64 {
        self.area.bottom - self.y.share(value) * self.area.height()
    }

    /// A line through the values, broken where one is missing; a dot where one stands alone.
    fn line(&self, page: &mut Drawing, series: &Series, paint: Paint) {
        let points: Vec<Option<(f64, f64)>> = (series.values.iter().enumerate())
            .map(|(i, v)| {
                let place = series.place(i);
                (drawable(*v) && drawable(place)).then(|| (self.x_at(place), self.y_at(*v)))
            })
            .collect();
        let disc = |(x, y): (f64, f64), radius| Shape::Disc { x, y, radius, paint };
        if series.style == Style::Dots {
            let radius = if points.len() > 400 { 2.0 } else { 3.5 };
            page.shapes.extend(points.iter().flatten().map(|p| disc(*p, radius)));
            return;
        }
        let dashed = series.style == Style::Dashed;
        for run in points.split(Option::is_none) {
            let run: Vec<(f64, f64)> = run.iter().flatten().copied().collect();
            match run.as_slice() {
                [] => {}
                [alone] => page.shapes.push(disc(*alone, 3.5)),
                _ => {
                    let points = thinned(&run);
                    let width = if dashed { 1.6 } else { 2.25 };
                    page.shapes.push(Shape::Line { points, paint, width, dashed, opacity: 1.0 });
                }
            }
        }
        if points.len() <= DOTTED && !dashed {
            page.shapes.extend(points.iter().flatten().map(|p| disc(*p, 3.0)));
        }
        if let Some((place, _)) = &series.mark
            && let Some((x, y)) = points.get(*place).copied().flatten()
        {
            page.shapes.push(Shape::Ring { x, y, radius: 5.5, paint, width: 2.0 });
        }
    }

    fn bars(&self, page: &mut Drawing, series: &Series) {
        let slot = self.x_at(series.place(1)) - self.x_at(series.place(0));
        // Bars over measured numbers touch: each stands for the whole of its range.
        let width = match series.measured {
            true => slot.max(1.0),
            false => (slot * 0.72).clamp(1.0, 48.0),
        };
        for (i, value) in series.values.iter().enumerate().filter(|(_, v)| drawable(**v)) {
            let x = self.x_at(series.place(i)) - width / 2.0;
            let (a, b) = (self.y_at(*value), self.y_at(0.0));
            let (y, height, paint) = (a.min(b), (a - b).abs(), Paint::Series(0));
            page.shapes.push(Shape::Rect { x, y, width, height, paint, opacity: 1.0 });
        }
    }
}

/// The horizontal axis: of measured numbers where one of the series has them, else of counts.
fn across(series: &[Series], bars: bool, most: usize) -> Axis {
    let places = || series.iter().flat_map(|s| (0..s.values.len()).map(|i| s.place(i)));
    if series.iter().any(|s| s.measured) {
        return match (bars, series.first()) {
            // Half a bar more at both ends.
            (true, Some(bars)) => {
                let half = (bars.place(1) - bars.place(0)) / 2.0;
                Axis::exact(places().flat_map(|p| [p - half, p + half]), most)
            }
            _ => Axis::exact(places(), most),
        };
    }
    Axis::of_counts(span(series), bars, most)
}

/// The first and the last number that a value stands over.
fn span(series: &[Series]) -> RangeInclusive<usize> {
    let drawn = series.iter().filter(|s| !s.values.is_empty());
    let first = drawn.clone().map(|s| s.place(0) as usize).min().unwrap_or(1);
    let last = drawn.map(|s| s.place(s.values.len() - 1) as usize).max().unwrap_or(1);
    first..=last
}

/// The line with so many points that no eye sees the rest: of neighbours that share a column of
/// the page, the first, lowest, highest and last.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    const COLUMNS: usize = 1000;
    if points.len() <= 4 * COLUMNS {
        return points.to_vec();
    }
    let mut kept = Vec::new();
    for chunk in points.chunks(points.len().div_ceil(COLUMNS)) {
        let places = || (0..chunk.len()).filter_map(|i| chunk.get(i).map(|p| (i, p.1)));
        let lowest = places().min_by(|a, b| a.1.total_cmp(&b.1)).map(|p| p.0);
        let highest = places().max_by(|a, b| a.1.total_cmp(&b.1)).map(|p| p.0);
        let mut picked: Vec<usize> =
            [Some(0), lowest, highest, Some(chunk.len() - 1)].into_iter().flatten().collect();
        picked.sort_unstable();
        picked.dedup();
        kept.extend(picked.into_iter().filter_map(|i| chunk.get(i).copied()));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All texts lie on the page, and no two overlap.
    fn check(figure: &Figure) {
        let page = lay_out(figure);
        let boxes: Vec<(String, [f64; 4])> = page
            .shapes
            .iter()
            .filter_map(|s| if let Shape::Text(t) = s { Some(t) } else { None })
            .map(|t| {
                let width = font::width(&t.text, t.size, t.weight);
                let shift = match t.anchor {
                    Anchor::Start => 0.0,
                    Anchor::Middle => width / 2.0,
                    Anchor::End => width,
                };
                let (tall, deep) = (t.size * 0.7, t.size * 0.1);
                let bounds = match t.turned {
                    true => [t.x - tall, t.y + shift - width, t.x + deep, t.y + shift],
                    false => [t.x - shift, t.y - tall, t.x - shift + width, t.y + deep],
                };
                (t.text.clone(), bounds)
            })
            .collect();
        for (i, (text, a)) in boxes.iter().enumerate() {
            assert!(a[0] >= 0.0 && a[1] >= 0.0, "{text:?} at {a:?}");
            assert!(a[2] <= page.width && a[3] <= page.height, "{text:?} at {a:?}");
            for (other, b) in boxes.iter().take(i) {
                let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
                assert!(apart, "{text:?} at {a:?} meets {other:?} at {b:?}");
            }
        }
    }

    fn curves(epochs: usize, names: &[&str]) -> Vec<(String, Vec<f64>)> {
        let of =
            |k: usize| (0..epochs).map(move |i| 1.0 / (1.0 + i as f64 * 0.3) + 0.02 * k as f64);
        let both = names.iter().flat_map(|n| [n.to_string(), format!("val_{n}")]);
        both.enumerate().map(|(k, n)| (n, of(k).collect())).collect()
    }

    #[test]
    fn nothing_is_clipped_or_overlaps() {
        let long =
            "a_metric_with_a_name_that_is_much_longer_than_any_page_is_wide_and_then_some_more";
        for epochs in
            [0, 1, 2, 3, 7, 10, 11, 12, 20, 25, 37, 60, 99, 100, 101, 499, 500, 501, 12345]
        {
            for names in [&["loss"][..], &["accuracy", "loss"], &["a", "b", "c"], &[long]] {
                let figure = super::super::history(&curves(epochs, names));
                check(&figure);
                check(&figure.clone().size(600, 400));
            }
            let seconds: Vec<f64> = (0..epochs).map(|i| 1.5 + (i % 3) as f64).collect();
            check(&super::super::epoch_times(&seconds));
        }
    }

    #[test]
    fn bars_are_whole_at_both_ends() {
        for count in [1, 2, 3, 40] {
            let page = lay_out(&super::super::epoch_times(&vec![1.0; count]));
            let bars = page.shapes.iter().filter_map(|s| match s {
                // The legend's own block is 12 points high.
                Shape::Rect { width, height, .. } if *height > 20.0 => Some(*width),
                _ => None,
            });
            let widths: Vec<f64> = bars.collect();
            assert_eq!(widths.len(), count);
            assert!(widths.iter().all(|w| (w - widths[0]).abs() < 1e-9), "{widths:?}");
        }
    }

    #[test]
    fn tables_of_any_size_fit() {
        for classes in [1, 2, 3, 10, 26, 100, 200] {
            for name in ["7", "a class", "a class with a really long name"] {
                let counts = ndarray::Array2::from_elem((classes, classes), 12_345);
                let names = vec![name; classes];
                check(&super::super::confusion_matrix(&counts, &names).unwrap());
            }
        }
    }

    #[test]
    fn thinning_keeps_the_ends_and_peaks() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|i| (i as f64, 0.0)).collect();
        points[54_321].1 = 9.0;
        let kept = thinned(&points);
        assert!(kept.len() <= 4000 && kept.contains(&points[54_321]));
        assert_eq!((kept.first(), kept.last()), (points.first(), points.last()));
    }
}
