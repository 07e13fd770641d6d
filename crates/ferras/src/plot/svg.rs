//! A drawing as SVG.
use super::drawing::{Anchor, Drawing, Paint, Shape, Text, Weight};
use super::font;
use std::fmt::Write;

/// Where the SVG will stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// In a file of its own, with its own colours on white.
    File,
    /// In a page that sets the colours, light or dark.
    Page,
}

/// Fonts that look much like the one measured with; the first that the reader has is taken.
const FONTS: &str = "Roboto,'Helvetica Neue',Arial,'Liberation Sans','DejaVu Sans',sans-serif";

/// The free space around a figure that is cut off where it stands in a page.
const INSET: f64 = 26.0;

pub(super) fn write(drawing: &Drawing, place: Place) -> String {
    let mut out = begin(drawing, place);
    shapes(&mut out, &drawing.shapes, place);
    out.push_str("</svg>\n");
    out
}

/// The beginning of the document: its size, title and ground.
pub(super) fn begin(drawing: &Drawing, place: Place) -> String {
    let (width, height) = (drawing.width, drawing.height);
    let size = match place {
        Place::File => {
            format!("width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\"")
        }
        // The page has its own margins, and letters are to be of one size in all its figures.
        Place::Page => {
            let (across, down) = (width - 2.0 * INSET, height - INSET);
            let view = format!("{INSET} {INSET} {across} {down}");
            format!("viewBox=\"{view}\" style=\"max-width:{across}px\"")
        }
    };
    let title = escape(&drawing.title);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" {size} \
         role=\"img\" font-family=\"{FONTS}\">\n<title>{title}</title>\n"
    );
    if place == Place::File {
        let paint = colour("fill", Paint::Surface, place);
        let _ = writeln!(out, "<rect width=\"{width}\" height=\"{height}\"{paint}/>");
    }
    out
}

/// Adds shapes, a line each.
pub(super) fn shapes<'a>(
    out: &mut String,
    shapes: impl IntoIterator<Item = &'a Shape>,
    place: Place,
) {
    for shape in shapes {
        out.push_str(&element(shape, place));
        out.push('\n');
    }
}

fn element(shape: &Shape, place: Place) -> String {
    let fill = |paint| colour("fill", paint, place);
    let stroke = |paint| colour("stroke", paint, place);
    match shape {
        Shape::Rect { x, y, width, height, paint, opacity } => {
            let opacity = faint("fill", *opacity);
            let [x, y, width, height] = [x, y, width, height].map(|v| number(*v));
            let paint = fill(*paint);
            format!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{paint}{opacity}/>"
            )
        }
        Shape::Line { points, paint, width, dashed, opacity } => {
            let dash = if *dashed { " stroke-dasharray=\"6 4\"" } else { "" };
            let faint = faint("stroke", *opacity);
            format!(
                "<polyline points=\"{}\" fill=\"none\"{} stroke-width=\"{width}\" \
                 stroke-linejoin=\"round\" stroke-linecap=\"round\"{dash}{faint}/>",
                coordinates(points),
                stroke(*paint)
            )
        }
        Shape::Area { points, paint, opacity } => {
            let (points, paint, faint) =
                (coordinates(points), fill(*paint), faint("fill", *opacity));
            format!("<polygon points=\"{points}\"{paint}{faint}/>")
        }
        Shape::Image { x, y, width, height, picture } => {
            let [x, y, width, height] = [x, y, width, height].map(|v| number(*v));
            format!(
                "<image x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
                 preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" href=\"{}\"/>",
                picture.data_uri()
            )
        }
        Shape::Disc { x, y, radius, paint } => {
            format!(
                "<circle cx=\"{}\" cy=\"{}\" r=\"{radius}\"{}/>",
                number(*x),
                number(*y),
                fill(*paint)
            )
        }
        Shape::Ring { x, y, radius, paint, width } => {
            let (x, y, inside, paint) =
                (number(*x), number(*y), fill(Paint::Surface), stroke(*paint));
            format!(
                "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"{inside}{paint} stroke-width=\"{width}\"/>"
            )
        }
        Shape::Text(text) => text_element(text, place),
    }
}

fn coordinates(points: &[(f64, f64)]) -> String {
    let pairs: Vec<String> =
        points.iter().map(|(x, y)| format!("{},{}", number(*x), number(*y))).collect();
    pairs.join(" ")
}

fn faint(property: &str, opacity: f64) -> String {
    match opacity {
        o if o < 1.0 => format!(" {property}-opacity=\"{}\"", number(o)),
        _ => String::new(),
    }
}

fn text_element(text: &Text, place: Place) -> String {
    let (x, y) = (number(text.x), number(text.y));
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let weight = if text.weight == Weight::Medium { " font-weight=\"600\"" } else { "" };
    let turn =
        if text.turned { format!(" transform=\"rotate(-90 {x} {y})\"") } else { String::new() };
    // Another font than the one measured with is made as wide, so nothing overlaps.
    let length = number(font::width(&text.text, text.size, text.weight));
    let (size, paint) = (text.size, colour("fill", text.paint, place));
    let written = escape(&text.text);
    format!(
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight}{anchor}{paint}{turn} \
         textLength=\"{length}\" lengthAdjust=\"spacingAndGlyphs\">{written}</text>"
    )
}

fn colour(property: &str, paint: Paint, place: Place) -> String {
    let (name, colour) = paint.colour();
    match place {
        Place::File => format!(" {property}=\"#{colour:06x}\""),
        Place::Page => format!(" {property}=\"var(--{name})\""),
    }
}

/// A coordinate with two digits, without needless zeros.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_string() } else { text.to_string() }
}

/// A text for XML and HTML, inside elements and attributes; characters that XML forbids are
/// replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(escape("a<b> & \"c\" \u{1}'"), "a&lt;b&gt; &amp; &quot;c&quot; \u{fffd}&#39;");
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.0, -0.001, 1.5, 2.346, 100.0].map(number), ["0", "0", "1.5", "2.35", "100"]);
    }
}
