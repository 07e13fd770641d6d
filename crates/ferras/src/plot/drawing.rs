//! A figure laid out: shapes at their places, in points from the upper left corner.
use super::picture::Picture;

/// What a shape is coloured as; the colours themselves are the theme's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Paint {
    Surface,
    Ink,
    Muted,
    Grid,
    /// Text on a shape that is filled with a series' colour.
    OnFill,
    /// A series, counted from 0; the colours repeat.
    Series(usize),
}

/// The colours, by name: for light surroundings (files), and for dark ones (the report).
pub(crate) mod theme {
    /// `(name, light, dark)`, in the order of [`super::Paint::index`].
    pub(crate) const COLOURS: [(&str, u32, u32); 13] = [
        ("surface", 0xffffff, 0x15191e),
        ("ink", 0x1c2530, 0xe8ecf1),
        ("muted", 0x5a6672, 0xa0abb8),
        ("grid", 0xe3e7ec, 0x2d353e),
        ("on-fill", 0xffffff, 0x0b1220),
        ("series-0", 0x1668c4, 0x5aa2f2),
        ("series-1", 0xe0651a, 0xff9a57),
        ("series-2", 0x17916b, 0x45c79b),
        ("series-3", 0x9148ad, 0xcb92e3),
        ("series-4", 0xb38600, 0xe3c24a),
        ("series-5", 0xc2325c, 0xf27c9c),
        ("series-6", 0x3f9fc9, 0x86cdee),
        ("series-7", 0x66707c, 0x9aa5b2),
    ];
    pub(super) const SERIES: usize = 8;
}

impl Paint {
    /// Its place in [`theme::COLOURS`].
    fn index(self) -> usize {
        match self {
            Paint::Surface => 0,
            Paint::Ink => 1,
            Paint::Muted => 2,
            Paint::Grid => 3,
            Paint::OnFill => 4,
            Paint::Series(i) => 5 + i % theme::SERIES,
        }
    }

    /// Its name, and its colour in a file, as `0xRRGGBB`.
    pub(super) fn colour(self) -> (&'static str, u32) {
        theme::COLOURS.get(self.index()).map_or(("ink", 0), |c| (c.0, c.1))
    }
}

/// How bold a text is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Weight {
    Regular,
    Medium,
}

/// Which point of a text its place means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Text {
    pub(super) x: f64,
    /// Of the line that letters stand on.
    pub(super) y: f64,
    pub(super) text: String,
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) anchor: Anchor,
    pub(super) paint: Paint,
    /// Whether it reads from bottom to top.
    pub(super) turned: bool,
}

impl Text {
    /// A muted text in the regular weight that begins at its place.
    pub(super) fn new((x, y): (f64, f64), text: &str, size: f64) -> Text {
        let (text, weight, anchor) = (text.to_string(), Weight::Regular, Anchor::Start);
        Text { x, y, text, size, weight, anchor, paint: Paint::Muted, turned: false }
    }

    pub(super) fn anchor(self, anchor: Anchor) -> Text {
        Text { anchor, ..self }
    }

    pub(super) fn paint(self, paint: Paint) -> Text {
        Text { paint, ..self }
    }

    pub(super) fn medium(self) -> Text {
        Text { weight: Weight::Medium, ..self }
    }

    pub(super) fn turned(self) -> Text {
        Text { turned: true, ..self }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Rect {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        paint: Paint,
        opacity: f64,
    },
    Line {
        points: Vec<(f64, f64)>,
        paint: Paint,
        width: f64,
        dashed: bool,
        opacity: f64,
    },
    /// A filled area.
    Area {
        points: Vec<(f64, f64)>,
        paint: Paint,
        opacity: f64,
    },
    /// Pixels, each a square of one colour.
    Image {
        x: f64,
        y: f64,
        width: f64,
        height: f64,
        picture: Picture,
    },
    Disc {
        x: f64,
        y: f64,
        radius: f64,
        paint: Paint,
    },
    Ring {
        x: f64,
        y: f64,
        radius: f64,
        paint: Paint,
        width: f64,
    },
    Text(Text),
}

/// The laid out page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) title: String,
    pub(super) shapes: Vec<Shape>,
}

impl Drawing {
    /// Shapes of which the page is not known yet.
    pub(super) fn empty() -> Drawing {
        Drawing { width: 0.0, height: 0.0, title: String::new(), shapes: Vec::new() }
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), paint: Paint, width: f64) {
        self.curve(vec![from, to], paint, width);
    }

    pub(super) fn curve(&mut self, points: Vec<(f64, f64)>, paint: Paint, width: f64) {
        self.shapes.push(Shape::Line { points, paint, width, dashed: false, opacity: 1.0 });
    }

    pub(super) fn dashed(&mut self, from: (f64, f64), to: (f64, f64), paint: Paint) {
        let (points, width) = (vec![from, to], 1.6);
        self.shapes.push(Shape::Line { points, paint, width, dashed: true, opacity: 1.0 });
    }

    pub(super) fn text(&mut self, text: Text) {
        self.shapes.push(Shape::Text(text));
    }
}
