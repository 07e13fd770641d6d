//! Pages of shapes that were placed already: diagrams and tables of pictures.
use super::drawing::{Drawing, Paint, Shape, Text, Weight};
use super::figure::{Figure, Sketch};
use super::font;
use super::layout::titled;

/// Free space around the page.
const MARGIN: f64 = 28.0;
const GAP: f64 = 28.0;
const HEADING: f64 = 26.0;

/// Panels one below the other, each as large as it is; smaller where the page's size was given.
pub(super) fn lay_out(figure: &Figure, sketches: &[&Sketch]) -> Drawing {
    let heading = |title: &str| if title.is_empty() { 0.0 } else { HEADING };
    let titles: Vec<&str> = figure.panels.iter().map(|p| p.title.as_str()).collect();
    let above: f64 = titles.iter().map(|t| heading(t)).sum();
    let wide = sketches.iter().map(|s| s.width).fold(0.0, f64::max);
    let tall: f64 = sketches.iter().map(|s| s.height).sum();
    let fixed = MARGIN + (sketches.len() - 1) as f64 * GAP + above;
    let top = if figure.title.is_empty() { MARGIN } else { MARGIN + 34.0 };
    let title = font::width(&figure.title, 20.0, Weight::Medium).min(900.0);
    let natural = (wide.max(title) + 2.0 * MARGIN, top + tall + fixed);
    let (width, height) = figure.size.map_or(natural, |(w, h)| (w as f64, h as f64));
    let room = ((width - 2.0 * MARGIN) / wide, (height - top - fixed) / tall);
    let scale = room.0.min(room.1).clamp(0.02, 1.0);
    let (mut page, mut y) = titled(&figure.title, width, height);
    if let Some(name) = &figure.name {
        page.title.clone_from(name);
    }
    for (sketch, title) in sketches.iter().zip(titles) {
        if !title.is_empty() {
            let text = font::fit(title, 16.0, Weight::Medium, width - 2.0 * MARGIN);
            page.text(Text::new((MARGIN, y + 13.0), &text, 16.0).medium().paint(Paint::Ink));
            y += HEADING;
        }
        let x = MARGIN + ((width - 2.0 * MARGIN - sketch.width * scale) / 2.0).max(0.0);
        draw(&mut page, sketch, (x, y), scale);
        y += sketch.height * scale + GAP;
    }
    page
}

/// The sketch's shapes on the page, moved and made smaller.
pub(super) fn draw(page: &mut Drawing, sketch: &Sketch, (left, top): (f64, f64), scale: f64) {
    let at = |(x, y): (f64, f64)| (left + x * scale, top + y * scale);
    let move_all = |points: Vec<(f64, f64)>| points.into_iter().map(at).collect::<Vec<_>>();
    for shape in sketch.shapes.iter().cloned() {
        page.shapes.push(match shape {
            Shape::Rect { x, y, width, height, paint, opacity } => {
                let ((x, y), width, height) = (at((x, y)), width * scale, height * scale);
                Shape::Rect { x, y, width, height, paint, opacity }
            }
            Shape::Line { points, paint, width, dashed, opacity } => {
                let (points, width) = (move_all(points), width * scale.max(0.5));
                Shape::Line { points, paint, width, dashed, opacity }
            }
            Shape::Area { points, paint, opacity } => {
                Shape::Area { points: move_all(points), paint, opacity }
            }
            Shape::Image { x, y, width, height, picture } => {
                let ((x, y), width, height) = (at((x, y)), width * scale, height * scale);
                Shape::Image { x, y, width, height, picture }
            }
            Shape::Disc { x, y, radius, paint } => {
                let ((x, y), radius) = (at((x, y)), radius * scale);
                Shape::Disc { x, y, radius, paint }
            }
            Shape::Ring { x, y, radius, paint, width } => {
                let ((x, y), radius) = (at((x, y)), radius * scale);
                Shape::Ring { x, y, radius, paint, width }
            }
            Shape::Text(text) => {
                let ((x, y), size) = (at((text.x, text.y)), text.size * scale);
                Shape::Text(Text { x, y, size, ..text })
            }
        });
    }
}
