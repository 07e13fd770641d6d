//! A table of counts, darker where a class was predicted more often.
use super::drawing::{Anchor, Drawing, Paint, Shape, Text, Weight};
use super::figure::Panel;
use super::font;
use super::layout::{Frame, LABEL};
use ndarray::Array2;

/// The most that a class' name takes beside and below the table.
const NAME: f64 = 150.0;
/// Names stand no closer than this.
const LINE: f64 = 16.0;

/// Side of a cell: smaller the more there are.
fn side(classes: usize) -> f64 {
    (560.0 / classes as f64).clamp(6.0, 64.0)
}

fn widest(names: &[String]) -> f64 {
    let widths = names.iter().map(|n| font::width(n, LABEL, Weight::Regular));
    widths.fold(0.0, f64::max).min(NAME)
}

/// Whether the names fit below their columns, reading across.
fn across(names: &[String], side: f64) -> bool {
    widest(names) + 6.0 <= side
}

/// The page that such a table needs.
pub(super) fn size(names: &[String]) -> (f64, f64) {
    let table = side(names.len()) * names.len() as f64;
    let below = if across(names, side(names.len())) { LINE } else { widest(names) };
    (table.max(200.0) + widest(names) + 100.0, table + below + 150.0)
}

pub(super) fn draw(
    page: &mut Drawing,
    panel: &Panel,
    counts: &Array2<usize>,
    names: &[String],
    frame: Frame,
) {
    let classes = names.len();
    let note = "stronger colour: a larger share of the true class";
    let note = font::fit(note, LABEL, Weight::Regular, frame.width());
    page.text(Text::new((frame.left, frame.top + 8.0), &note, LABEL));
    let (left, top) = (frame.left + 24.0 + widest(names) + 10.0, frame.top + 24.0);
    let below = if across(names, side(classes)) { LINE } else { widest(names) };
    let room = (frame.right - left).min(frame.bottom - top - below - 34.0);
    let side = (room / classes as f64).clamp(1.0, side(classes));
    for (row, shares) in counts.rows().into_iter().enumerate() {
        let total = shares.sum().max(1) as f64;
        for (column, &count) in shares.iter().enumerate() {
            let (x, y) = (left + column as f64 * side, top + row as f64 * side);
            cell(page, (x, y), side, count, count as f64 / total);
        }
    }
    let table = side * classes as f64;
    let end = names_beside(page, names, (left, top), side);
    let (x, y) = (left + table / 2.0, top + table / 2.0);
    page.text(Text::new((x, end + 22.0), &panel.x_label, LABEL).anchor(Anchor::Middle));
    let at = (frame.left + 12.0, y);
    page.text(Text::new(at, &panel.y_label, LABEL).anchor(Anchor::Middle).turned());
}

fn cell(page: &mut Drawing, (x, y): (f64, f64), side: f64, count: usize, share: f64) {
    let gap = if side > 12.0 { 1.0 } else { 0.0 };
    let paint = Paint::Series(0);
    // Even a single one is visible, and an empty cell shows that it is one.
    let opacity = if count > 0 { 0.1 + 0.9 * share } else { 0.04 };
    let (width, height) = (side - gap, side - gap);
    page.shapes.push(Shape::Rect { x, y, width, height, paint, opacity });
    let text = count.to_string();
    let fits =
        |size: &f64| font::width(&text, *size, Weight::Regular) + 6.0 <= side && *size < side;
    if let Some(size) = [14.0, 12.0, 10.0].into_iter().find(fits) {
        let paint = match count {
            0 => Paint::Muted,
            _ if opacity > 0.7 => Paint::OnFill,
            _ => Paint::Ink,
        };
        let at = (x + (side - gap) / 2.0, y + (side - gap) / 2.0 + size * 0.36);
        page.text(Text::new(at, &text, size).anchor(Anchor::Middle).paint(paint));
    }
}

/// Writes the names beside the rows and below the columns, every second, third, … where they are
/// too many; gives the height at which those below end.
fn names_beside(page: &mut Drawing, names: &[String], (left, top): (f64, f64), side: f64) -> f64 {
    let every = (LINE / side).ceil().max(1.0) as usize;
    let bottom = top + side * names.len() as f64;
    let flat = across(names, side);
    for (i, name) in names.iter().enumerate().step_by(every) {
        let name = font::fit(name, LABEL, Weight::Regular, NAME);
        let middle = (i as f64 + 0.5) * side;
        let beside = (left - 10.0, top + middle + 4.5);
        page.text(Text::new(beside, &name, LABEL).anchor(Anchor::End).paint(Paint::Ink));
        let below = match flat {
            true => Text::new((left + middle, bottom + 17.0), &name, LABEL).anchor(Anchor::Middle),
            false => Text::new((left + middle + 4.5, bottom + 7.0), &name, LABEL)
                .anchor(Anchor::End)
                .turned(),
        };
        page.text(below.paint(Paint::Ink));
    }
    if flat { bottom + LINE + 2.0 } else { bottom + 7.0 + widest(names) }
}
