//! A drawing as PNG: two pixels a point, edges smoothed.
use super::drawing::{Anchor, Drawing, Paint, Shape, Text};
use super::font;
use crate::{Error, Result};
use tiny_skia::{
    Color, FillRule, LineCap, LineJoin, Path, PathBuilder, Pixmap, Rect, Stroke, StrokeDash,
    Transform,
};
use ttf_parser::OutlineBuilder;

/// Pixels a point: sharp on today's screens, and in print.
const SCALE: f32 = 2.0;

pub(super) fn write(drawing: &Drawing) -> Result<Vec<u8>> {
    let size = |points: f64| (points as f32 * SCALE).round() as u32;
    let failed = |what: &str| Error::Internal(format!("the figure could not be {what}"));
    let pixmap = Pixmap::new(size(drawing.width), size(drawing.height));
    let mut canvas = Canvas { pixmap: pixmap.ok_or_else(|| failed("drawn"))? };
    canvas.pixmap.fill(colour(Paint::Surface, 1.0));
    for shape in &drawing.shapes {
        canvas.draw(shape);
    }
    canvas.pixmap.encode_png().map_err(|e| failed(&format!("packed as PNG: {e}")))
}

fn colour(paint: Paint, opacity: f64) -> Color {
    let [_, r, g, b] = paint.colour().1.to_be_bytes();
    Color::from_rgba8(r, g, b, (opacity.clamp(0.0, 1.0) * 255.0).round() as u8)
}

struct Canvas {
    pixmap: Pixmap,
}

impl Canvas {
    /// Shapes without extent have no path, and nothing of them could be seen.
    fn draw(&mut self, shape: &Shape) {
        let place = Transform::from_scale(SCALE, SCALE);
        match shape {
            Shape::Rect { x, y, width, height, paint, opacity } => {
                let (x, y, w, h) = (*x as f32, *y as f32, *width as f32, *height as f32);
                let path = Rect::from_xywh(x, y, w, h).map(PathBuilder::from_rect);
                self.fill(path, *paint, *opacity, place);
            }
            Shape::Line { points, paint, width, dashed } => {
                let mut path = PathBuilder::new();
                for (i, &(x, y)) in points.iter().enumerate() {
                    match i {
                        0 => path.move_to(x as f32, y as f32),
                        _ => path.line_to(x as f32, y as f32),
                    }
                }
                self.stroke(path.finish(), *paint, *width, *dashed);
            }
            Shape::Disc { x, y, radius, paint } => {
                let path = PathBuilder::from_circle(*x as f32, *y as f32, *radius as f32);
                self.fill(path, *paint, 1.0, place);
            }
            Shape::Ring { x, y, radius, paint, width } => {
                let path = PathBuilder::from_circle(*x as f32, *y as f32, *radius as f32);
                self.fill(path.clone(), Paint::Surface, 1.0, place);
                self.stroke(path, *paint, *width, false);
            }
            Shape::Text(text) => self.text(text),
        }
    }

    fn fill(&mut self, path: Option<Path>, paint: Paint, opacity: f64, place: Transform) {
        let Some(path) = path else { return };
        let mut with = tiny_skia::Paint::default();
        with.set_color(colour(paint, opacity));
        self.pixmap.fill_path(&path, &with, FillRule::Winding, place, None);
    }

    fn stroke(&mut self, path: Option<Path>, paint: Paint, width: f64, dashed: bool) {
        let Some(path) = path else { return };
        let mut with = tiny_skia::Paint::default();
        with.set_color(colour(paint, 1.0));
        let dash = if dashed { StrokeDash::new(vec![6.0, 4.0], 0.0) } else { None };
        let stroke = Stroke {
            width: width as f32,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            dash,
            ..Stroke::default()
        };
        self.pixmap.stroke_path(&path, &with, &stroke, Transform::from_scale(SCALE, SCALE), None);
    }

    fn text(&mut self, text: &Text) {
        let width = font::width(&text.text, text.size, text.weight) as f32;
        let shift = match text.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        };
        let mut pen = Pen(PathBuilder::new());
        font::outline(&text.text, text.size, text.weight, &mut pen);
        let turn = Transform::from_rotate(if text.turned { -90.0 } else { 0.0 });
        let place = Transform::from_translate(shift, 0.0)
            .post_concat(turn)
            .post_translate(text.x as f32, text.y as f32)
            .post_scale(SCALE, SCALE);
        self.fill(pen.0.finish(), text.paint, 1.0, place);
    }
}

/// Outlines as a path; fonts count upwards, pictures downwards.
struct Pen(PathBuilder);

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, -y);
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, -y);
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, -y1, x, -y);
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, -y1, x2, -y2, x, -y);
    }
    fn close(&mut self) {
        self.0.close();
    }
}
