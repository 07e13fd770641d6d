//! A drawing as PNG: two pixels a point, edges smoothed.
use super::drawing::{Anchor, Drawing, Paint, Shape, Text};
use super::font;
use super::picture::Picture;
use crate::{Error, Result};
use tiny_skia::{
    Color, FillRule, FilterQuality, LineCap, LineJoin, Path, PathBuilder, Pixmap, PixmapPaint,
    Rect, Stroke, StrokeDash, Transform,
};
use ttf_parser::OutlineBuilder;

/// Pixels a point: sharp on today's screens, and in print.
const SCALE: f32 = 2.0;
/// Pages longer than this many pixels are drawn with fewer pixels a point.
const LONGEST: f64 = 32_000.0;

pub(super) fn write(drawing: &Drawing) -> Result<Vec<u8>> {
    let scale = (LONGEST / drawing.width.max(drawing.height)).min(f64::from(SCALE)) as f32;
    let size = |points: f64| (points as f32 * scale).round() as u32;
    let failed = |what: &str| Error::Internal(format!("the figure could not be {what}"));
    let pixmap = Pixmap::new(size(drawing.width), size(drawing.height));
    let mut canvas = Canvas { pixmap: pixmap.ok_or_else(|| failed("drawn"))?, scale };
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
    scale: f32,
}

impl Canvas {
    /// Shapes without extent have no path, and nothing of them could be seen.
    fn draw(&mut self, shape: &Shape) {
        let place = Transform::from_scale(self.scale, self.scale);
        match shape {
            Shape::Rect { x, y, width, height, paint, opacity } => {
                let (x, y, w, h) = (*x as f32, *y as f32, *width as f32, *height as f32);
                let path = Rect::from_xywh(x, y, w, h).map(PathBuilder::from_rect);
                self.fill(path, *paint, *opacity, place);
            }
            Shape::Line { points, paint, width, dashed, opacity } => {
                self.stroke(through(points).finish(), *paint, *width, *dashed, *opacity);
            }
            Shape::Area { points, paint, opacity } => {
                let mut path = through(points);
                path.close();
                self.fill(path.finish(), *paint, *opacity, place);
            }
            Shape::Image { x, y, width, height, picture } => {
                self.image(picture, (*x as f32, *y as f32), (*width as f32, *height as f32), place);
            }
            Shape::Disc { x, y, radius, paint } => {
                let path = PathBuilder::from_circle(*x as f32, *y as f32, *radius as f32);
                self.fill(path, *paint, 1.0, place);
            }
            Shape::Ring { x, y, radius, paint, width } => {
                let path = PathBuilder::from_circle(*x as f32, *y as f32, *radius as f32);
                self.fill(path.clone(), Paint::Surface, 1.0, place);
                self.stroke(path, *paint, *width, false, 1.0);
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

    /// Its pixels as squares: smoothing would show what is not in the data.
    fn image(
        &mut self,
        picture: &Picture,
        (x, y): (f32, f32),
        (width, height): (f32, f32),
        place: Transform,
    ) {
        let Some(pixels) = picture.pixmap() else { return };
        let stretch = (width / pixels.width() as f32, height / pixels.height() as f32);
        let at = Transform::from_scale(stretch.0, stretch.1).post_translate(x, y);
        let paint = PixmapPaint { quality: FilterQuality::Nearest, ..PixmapPaint::default() };
        self.pixmap.draw_pixmap(0, 0, pixels.as_ref(), &paint, at.post_concat(place), None);
    }

    fn stroke(&mut self, path: Option<Path>, paint: Paint, width: f64, dashed: bool, opacity: f64) {
        let Some(path) = path else { return };
        let mut with = tiny_skia::Paint::default();
        with.set_color(colour(paint, opacity));
        let dash = if dashed { StrokeDash::new(vec![6.0, 4.0], 0.0) } else { None };
        let stroke = Stroke {
            width: width as f32,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            dash,
            ..Stroke::default()
        };
        self.pixmap.stroke_path(
            &path,
            &with,
            &stroke,
            Transform::from_scale(self.scale, self.scale),
            None,
        );
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
            .post_scale(self.scale, self.scale);
        self.fill(pen.0.finish(), text.paint, 1.0, place);
    }
}

fn through(points: &[(f64, f64)]) -> PathBuilder {
    let mut path = PathBuilder::new();
    for (i, &(x, y)) in points.iter().enumerate() {
        match i {
            0 => path.move_to(x as f32, y as f32),
            _ => path.line_to(x as f32, y as f32),
        }
    }
    path
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
