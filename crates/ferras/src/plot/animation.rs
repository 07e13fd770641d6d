//! Figures one after the other: a film as one SVG file.
use super::drawing::{Drawing, Shape};
use super::figure::Figure;
use super::layout::lay_out;
use super::svg::{self, Place};
use crate::files::write_atomic;
use crate::{Error, Result};
use std::path::Path;

/// Figures of one size, shown one after the other, again and again. What all of them show is in the
/// file once. Programs that do not play films show the last figure.
///
/// ```
/// use ferras::plot::{Animation, Figure, Panel, Series};
/// let frame = |step: usize| {
///     let line = Series::new("line", &[0.0, step as f64]);
///     let goal = Series::new("goal", &[0.0, 3.0]).dashed();
///     Figure::new("Growth").panel(Panel::lines([line, goal]))
/// };
/// let film = Animation::new((0..4).map(frame)).seconds(0.5).hold(2.0);
/// assert_eq!(film.to_svg()?.matches("<animate ").count(), 4);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Animation {
    frames: Vec<Figure>,
    seconds: f64,
    hold: f64,
}

impl Animation {
    /// These figures, a tenth of a second each, and the last one for a second.
    pub fn new(frames: impl IntoIterator<Item = Figure>) -> Animation {
        Animation { frames: frames.into_iter().collect(), seconds: 0.1, hold: 1.0 }
    }

    /// How long each figure is shown; 0.1 s by default.
    pub fn seconds(mut self, seconds: f64) -> Self {
        self.seconds = seconds;
        self
    }

    /// How long the last one is shown; 1 s by default.
    pub fn hold(mut self, hold: f64) -> Self {
        self.hold = hold;
        self
    }

    /// The film as an SVG document.
    ///
    /// Errors: no figure, figures of different sizes, times that are not above 0.
    pub fn to_svg(&self) -> Result<String> {
        for (name, seconds) in [("seconds", self.seconds), ("hold", self.hold)] {
            if !(seconds > 0.0 && seconds.is_finite()) {
                return Err(Error::argument(name, format!("must be above 0, got {seconds}")));
            }
        }
        let frames: Vec<Drawing> = self.frames.iter().map(lay_out).collect();
        let Some(last) = frames.last() else {
            return Err(Error::argument("frames", "must hold a figure"));
        };
        let size = |frame: &Drawing| (frame.width, frame.height);
        if let Some(other) = frames.iter().find(|frame| size(frame) != size(last)) {
            let problem =
                format!("must be of one size, got {:?} and {:?}", size(other), size(last));
            return Err(Error::argument("frames", problem));
        }
        let everywhere = |shape: &&Shape| frames.iter().all(|frame| frame.shapes.contains(shape));
        let still: Vec<&Shape> = last.shapes.iter().filter(everywhere).collect();
        let mut out = svg::begin(last, Place::File);
        svg::shapes(&mut out, still.iter().copied(), Place::File);
        for (i, frame) in frames.iter().enumerate() {
            self.begin(&mut out, i);
            let moving = frame.shapes.iter().filter(|shape| !still.contains(shape));
            svg::shapes(&mut out, moving, Place::File);
            out.push_str("</g>\n");
        }
        out.push_str("</svg>\n");
        Ok(out)
    }

    /// A group that is seen in the time of one figure.
    fn begin(&self, out: &mut String, index: usize) {
        let last = index + 1 == self.frames.len();
        let whole = self.seconds * (self.frames.len() - 1) as f64 + self.hold;
        let from = self.seconds * index as f64 / whole;
        let until = if last { 1.0 } else { self.seconds * (index + 1) as f64 / whole };
        let at_rest = if last { "visible" } else { "hidden" };
        let (times, values) = match (index, last) {
            (0, true) => ("0".to_string(), "visible"),
            (0, false) => (format!("0;{until:.6}"), "visible;hidden"),
            (_, true) => (format!("0;{from:.6}"), "hidden;visible"),
            _ => (format!("0;{from:.6};{until:.6}"), "hidden;visible;hidden"),
        };
        out.push_str(&format!(
            "<g visibility=\"{at_rest}\"><animate attributeName=\"visibility\" dur=\"{whole}s\" \
             repeatCount=\"indefinite\" calcMode=\"discrete\" keyTimes=\"{times}\" \
             values=\"{values}\"/>\n"
        ));
    }

    /// Writes the film to a file that ends in `.svg`.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        match path.extension().is_some_and(|e| e.eq_ignore_ascii_case("svg")) {
            true => write_atomic(path, self.to_svg()?.as_bytes()),
            false => {
                let problem = format!("must end in .svg, got {:?}", path.display());
                Err(Error::argument("path", problem))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{Panel, Series};

    fn frame(value: f64) -> Figure {
        let moving = Series::new("moving", &[0.0, value]).stated("");
        let still = Series::new("still", &[0.0, 2.0]).stated("");
        Figure::new("").panel(Panel::lines([moving, still]))
    }

    #[test]
    fn what_stays_is_written_once() {
        let film = Animation::new([frame(0.0), frame(1.0), frame(2.0)]).seconds(0.5).hold(1.0);
        let svg = film.to_svg().unwrap();
        assert_eq!((svg.matches("still").count(), svg.matches("<g visibility").count()), (1, 3));
        assert!(svg.contains("dur=\"2s\"") && svg.contains("keyTimes=\"0;0.250000;0.500000\""));
        assert_eq!(svg.matches("<g visibility=\"visible\"").count(), 1);
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |film: Animation| film.to_svg().unwrap_err().to_string();
        assert!(error(Animation::new([])).contains("must hold a figure"));
        assert!(error(Animation::new([frame(0.0)]).seconds(0.0)).contains("above 0"));
        let sizes = [frame(0.0), frame(0.0).size(400, 400)];
        assert!(error(Animation::new(sizes)).contains("of one size"));
        let error = Animation::new([frame(0.0)]).save("film.png").unwrap_err().to_string();
        assert!(error.contains("must end in .svg"));
    }
}
