//! The built-in font: how wide a text is, and its outlines.
use super::drawing::Weight;
use std::sync::OnceLock;
use ttf_parser::{Face, OutlineBuilder};

/// See `fonts/README.md` for origin and licence.
const REGULAR: &[u8] = include_bytes!("fonts/Roboto-Regular.ttf");
const MEDIUM: &[u8] = include_bytes!("fonts/Roboto-Medium.ttf");

fn face(weight: Weight) -> Option<&'static Face<'static>> {
    static REGULAR_FACE: OnceLock<Option<Face>> = OnceLock::new();
    static MEDIUM_FACE: OnceLock<Option<Face>> = OnceLock::new();
    let (cell, bytes) = match weight {
        Weight::Regular => (&REGULAR_FACE, REGULAR),
        Weight::Medium => (&MEDIUM_FACE, MEDIUM),
    };
    // The bytes are part of the program, and a test parses them.
    cell.get_or_init(|| Face::parse(bytes, 0).ok()).as_ref()
}

/// The width of a text, in points.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    let Some(face) = face(weight) else { return 0.0 };
    let units: f64 = text.chars().map(|c| advance(face, c)).sum();
    units * size / f64::from(face.units_per_em())
}

fn advance(face: &Face, letter: char) -> f64 {
    f64::from(face.glyph_hor_advance(face.glyph_index(letter).unwrap_or_default()).unwrap_or(0))
}

/// Gives the outlines of a text that begins at `(0, 0)`, upwards, in points, to `pen`.
pub(super) fn outline<P: OutlineBuilder>(text: &str, size: f64, weight: Weight, pen: &mut P) {
    let Some(face) = face(weight) else { return };
    let scale = size as f32 / f32::from(face.units_per_em());
    let mut x = 0.0;
    for letter in text.chars() {
        let glyph = face.glyph_index(letter).unwrap_or_default();
        face.outline_glyph(glyph, &mut Moved { pen, x: x as f32, scale });
        x += advance(face, letter) * f64::from(scale);
    }
}

/// The text shortened to a width, with `…` for what is left out.
pub(super) fn fit(text: &str, size: f64, weight: Weight, room: f64) -> String {
    if width(text, size, weight) <= room {
        return text.to_string();
    }
    let mut kept = String::new();
    let mut left = room - width("…", size, weight);
    for letter in text.chars() {
        left -= width(letter.encode_utf8(&mut [0; 4]), size, weight);
        if left < 0.0 {
            break;
        }
        kept.push(letter);
    }
    format!("{}…", kept.trim_end())
}

/// A pen at another place and scale.
struct Moved<'a, P> {
    pen: &'a mut P,
    x: f32,
    scale: f32,
}

impl<P> Moved<'_, P> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, y * self.scale)
    }
}

impl<P: OutlineBuilder> OutlineBuilder for Moved<'_, P> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.pen.move_to(x, y);
    }
    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.pen.line_to(x, y);
    }
    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.pen.quad_to(x1, y1, x, y);
    }
    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.pen.curve_to(x1, y1, x2, y2, x, y);
    }
    fn close(&mut self) {
        self.pen.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fonts_have_what_figures_write() {
        for weight in [Weight::Regular, Weight::Medium] {
            let face = face(weight).unwrap();
            for letter in "Training 0123456789.−×∞…éßΩжµ%".chars() {
                assert!(face.glyph_index(letter).is_some(), "{letter}");
            }
            assert!(width("wide", 12.0, weight) > width("i", 12.0, weight));
        }
    }

    #[test]
    fn digits_are_equally_wide() {
        assert_eq!(width("0000", 10.0, Weight::Regular), width("1789", 10.0, Weight::Regular));
    }

    #[test]
    fn long_texts_are_cut() {
        let text = "a rather long name of a metric";
        let cut = fit(text, 12.0, Weight::Regular, 60.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0, Weight::Regular) <= 60.0, "{cut}");
        assert_eq!(fit("short", 12.0, Weight::Regular, 60.0), "short");
        assert_eq!(fit("日本", 12.0, Weight::Regular, 0.0), "…");
    }
}
