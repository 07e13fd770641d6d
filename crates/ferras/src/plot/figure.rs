//! What a figure shows, before it is known where on the page.
use super::drawing::Shape;
use super::layout::lay_out;
use super::{png, svg};
use crate::files::write_atomic;
use crate::{Error, Result};
use ndarray::Array2;
use std::path::Path;

/// A page with one or more panels, to be saved as `.svg` or `.png`.
///
/// ```
/// use ferras::plot::{Figure, Panel, Series};
/// let cold = Series::new("cold", &[1.0, 4.0, 9.0]);
/// let warm = Series::new("warm", &[2.0, 3.0, f64::NAN]);
/// let figure = Figure::new("Growth").panel(Panel::lines([cold, warm]).x_label("week"));
/// assert!(figure.to_svg().starts_with("<svg"));
/// assert_eq!(figure.to_png()?[..4], *b"\x89PNG");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub(super) title: String,
    /// What the SVG is called where no title is drawn.
    pub(super) name: Option<String>,
    pub(super) panels: Vec<Panel>,
    pub(super) size: Option<(usize, usize)>,
}

impl Figure {
    /// An empty page with a title.
    pub fn new(title: impl Into<String>) -> Figure {
        Figure { title: title.into(), name: None, panels: Vec::new(), size: None }
    }

    /// Adds a panel; they fill rows of two.
    pub fn panel(mut self, panel: Panel) -> Figure {
        self.panels.push(panel);
        self
    }

    /// Width and height in points, 240 to 4000 each; by default what the panels need. A PNG has
    /// two pixels a point.
    pub fn size(mut self, width: usize, height: usize) -> Figure {
        self.size = Some((width.clamp(240, 4000), height.clamp(240, 4000)));
        self
    }

    /// A title for the SVG that is not drawn.
    pub(super) fn named(mut self, name: &str) -> Figure {
        self.name = Some(name.into());
        self
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The figure as an SVG document.
    pub fn to_svg(&self) -> String {
        svg::write(&lay_out(self), svg::Place::File)
    }

    /// The figure as an SVG element for a page that defines its colours.
    pub(crate) fn to_inline_svg(&self) -> String {
        svg::write(&lay_out(self), svg::Place::Page)
    }

    /// The figure as the bytes of a PNG file.
    pub fn to_png(&self) -> Result<Vec<u8>> {
        png::write(&lay_out(self))
    }

    /// Writes the figure to a file, as SVG or PNG by the end of its name.
    ///
    /// Errors: another ending, no permission or space.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("svg") => write_atomic(path, self.to_svg().as_bytes()),
            Some("png") => write_atomic(path, &self.to_png()?),
            _ => {
                let problem = format!("must end in .svg or .png, got {:?}", path.display());
                Err(Error::argument("path", problem))
            }
        }
    }
}

/// One pair of axes with what is drawn in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    pub(super) title: String,
    pub(super) x_label: String,
    pub(super) y_label: String,
    pub(super) content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// Values over 1, 2, 3, …, or over the numbers they are at.
    Lines(Vec<Series>),
    /// One bar for each of 1, 2, 3, …, and a level to compare with.
    Bars { bars: Series, level: Option<Level> },
    /// Counts in rows and columns, with the classes' names.
    Heat { counts: Array2<usize>, names: Vec<String> },
    /// Shapes at their places already.
    Sketch(Sketch),
}

/// Shapes in a frame of their own, in points from its upper left corner.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Sketch {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) shapes: Vec<Shape>,
}

/// A value to compare bars with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Level {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) stated: String,
}

impl Panel {
    fn new(content: Content) -> Panel {
        let (title, x_label, y_label) = (String::new(), String::new(), String::new());
        Panel { title, x_label, y_label, content }
    }

    /// Lines over 1, 2, 3, …, or over what [`Series::over`] says; not a number leaves a gap.
    pub fn lines(series: impl IntoIterator<Item = Series>) -> Panel {
        Panel::new(Content::Lines(series.into_iter().collect()))
    }

    /// Bars over 1, 2, 3, …
    pub fn bars(bars: Series) -> Panel {
        Panel::new(Content::Bars { bars, level: None })
    }

    /// Shapes at their places.
    pub(super) fn sketch(sketch: Sketch) -> Panel {
        Panel::new(Content::Sketch(sketch))
    }

    /// A table of counts, each cell the darker the larger its share of the row.
    pub(super) fn heat(counts: Array2<usize>, names: Vec<String>) -> Panel {
        Panel::new(Content::Heat { counts, names })
    }

    pub(super) fn as_sketch(&self) -> Option<&Sketch> {
        match &self.content {
            Content::Sketch(sketch) => Some(sketch),
            _ => None,
        }
    }

    /// A dashed line across the bars, which the legend names and states as `text`.
    pub fn level(mut self, name: impl Into<String>, value: f64, text: impl Into<String>) -> Panel {
        if let Content::Bars { level, .. } = &mut self.content {
            *level = Some(Level { name: name.into(), value, stated: text.into() });
        }
        self
    }

    /// The panel's title.
    pub fn title(mut self, title: impl Into<String>) -> Panel {
        self.title = title.into();
        self
    }

    /// What goes along the horizontal axis.
    pub fn x_label(mut self, x_label: impl Into<String>) -> Panel {
        self.x_label = x_label.into();
        self
    }

    /// What goes along the vertical axis.
    pub fn y_label(mut self, y_label: impl Into<String>) -> Panel {
        self.y_label = y_label.into();
        self
    }
}

/// Values over 1, 2, 3, … with their name in the legend.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
    /// The number that each value stands over; 1, 2, 3, … if there are none.
    pub(super) places: Vec<f64>,
    /// Whether the places are measured, not counted.
    pub(super) measured: bool,
    pub(super) style: Style,
    pub(super) stated: Option<String>,
    pub(super) mark: Option<(usize, String)>,
}

/// How the values of a series are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Style {
    Line,
    Dashed,
    Dots,
}

impl Series {
    /// Values with a name; the legend states the last one.
    pub fn new(name: impl Into<String>, values: &[f64]) -> Series {
        let stated = values.last().map(|v| super::axis::short(*v));
        let (name, values, places) = (name.into(), values.to_vec(), Vec::new());
        let (measured, style, mark) = (false, Style::Line, None);
        Series { name, values, places, measured, style, stated, mark }
    }

    /// The numbers that the values stand over, in growing order, in place of 1, 2, 3, …; values
    /// beyond them are not drawn.
    ///
    /// ```
    /// use ferras::plot::Series;
    /// let every_fifth = Series::new("validation", &[0.7, 0.8]).at([5, 10]);
    /// # let _ = every_fifth;
    /// ```
    pub fn at(mut self, places: impl IntoIterator<Item = usize>) -> Series {
        self.places = places.into_iter().map(|place| place as f64).collect();
        self.values.truncate(self.places.len());
        self
    }

    /// The measured numbers that the values stand over, in any order; values beyond them are not
    /// drawn.
    ///
    /// ```
    /// use ferras::plot::Series;
    /// let curve = Series::new("true positives", &[0.0, 0.8, 1.0]).over(&[0.0, 0.1, 1.0]);
    /// # let _ = curve;
    /// ```
    pub fn over(mut self, places: &[f64]) -> Series {
        (self.places, self.measured) = (places.to_vec(), true);
        self.values.truncate(self.places.len());
        self
    }

    /// A dot for each value, without a line through them.
    pub fn dots(mut self) -> Series {
        self.style = Style::Dots;
        self
    }

    /// A dashed line: something to compare with.
    pub fn dashed(mut self) -> Series {
        self.style = Style::Dashed;
        self
    }

    /// The number that the value of this index stands over.
    pub(super) fn place(&self, index: usize) -> f64 {
        self.places.get(index).copied().unwrap_or((index + 1) as f64)
    }

    /// What the legend states in place of the last value.
    pub fn stated(mut self, text: impl Into<String>) -> Series {
        self.stated = Some(text.into());
        self
    }

    /// A ring around the value at this place, explained in the legend.
    pub fn mark(mut self, place: usize, text: impl Into<String>) -> Series {
        self.mark = Some((place, text.into()));
        self
    }
}
