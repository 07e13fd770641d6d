//! A table of text in a frame, laid out as the library that Keras prints with does.
use std::fmt::{self, Write};

/// Where a cell's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Center,
    Right,
}

/// The border between headings.
const HEADING: char = '┃';

/// Columns of fixed width, and rows whose cells are broken into lines.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

#[derive(Debug)]
struct Column {
    heading: String,
    align: Align,
    /// Characters of its text.
    width: usize,
}

impl Table {
    /// A table of `length` characters a line, whose columns end at these shares of it.
    pub(super) fn new(columns: &[(&str, Align)], ends: &[f64], length: usize) -> Table {
        let mut start = 0;
        let mut widths: Vec<usize> = Vec::new();
        for end in ends {
            let end = (end * length as f64) as usize;
            // With a space on both sides.
            widths.push(end.saturating_sub(start).max(1) + 2);
            start = end.max(start);
        }
        let room = length.saturating_sub(widths.len() + 1);
        shrink(&mut widths, room);
        let column = |(&(heading, align), width): (&(&str, Align), usize)| Column {
            heading: heading.into(),
            align,
            width: width.saturating_sub(2).max(1),
        };
        Table { columns: columns.iter().zip(widths).map(column).collect(), rows: Vec::new() }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn rule(
        &self,
        f: &mut fmt::Formatter<'_>,
        [left, line, cross, right]: [char; 4],
    ) -> fmt::Result {
        f.write_char(left)?;
        for (i, column) in self.columns.iter().enumerate() {
            if i > 0 {
                f.write_char(cross)?;
            }
            (0..column.width + 2).try_for_each(|_| f.write_char(line))?;
        }
        writeln!(f, "{right}")
    }

    fn cells<'a>(
        &self,
        f: &mut fmt::Formatter<'_>,
        cells: impl Iterator<Item = &'a String>,
        border: char,
    ) -> fmt::Result {
        let lines: Vec<Vec<String>> =
            cells.zip(&self.columns).map(|(text, column)| wrap(text, column.width)).collect();
        let height = lines.iter().map(Vec::len).max().unwrap_or(0);
        let is_heading = border == HEADING;
        for i in 0..height {
            f.write_char(border)?;
            for (column, lines) in self.columns.iter().zip(&lines) {
                // Headings stand at the bottom of their cells.
                let above = if is_heading { height - lines.len() } else { 0 };
                let line = i.checked_sub(above).and_then(|i| lines.get(i));
                let (text, width) = (line.map_or("", String::as_str), column.width);
                match column.align {
                    Align::Left => write!(f, " {text:<width$} {border}")?,
                    Align::Center => write!(f, " {text:^width$} {border}")?,
                    Align::Right => write!(f, " {text:>width$} {border}")?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rule(f, ['┏', '━', '┳', '┓'])?;
        self.cells(f, self.columns.iter().map(|c| &c.heading), HEADING)?;
        self.rule(f, ['┡', '━', '╇', '┩'])?;
        for (i, row) in self.rows.iter().enumerate() {
            if i > 0 {
                self.rule(f, ['├', '─', '┼', '┤'])?;
            }
            self.cells(f, row.iter(), '│')?;
        }
        self.rule(f, ['└', '─', '┴', '┘'])
    }
}

/// Each column gives up an equal part of what does not fit; halves go to the even number.
fn shrink(widths: &mut [usize], room: usize) {
    let mut excess = widths.iter().sum::<usize>().saturating_sub(room);
    let mut columns = widths.len();
    for width in widths {
        let part = ((excess as f64 / columns as f64).round_ties_even() as usize).min(*width);
        *width -= part;
        excess -= part;
        columns -= 1;
    }
}

/// Lines of whole words; a word that is longer than a line is cut and ends in `…`.
fn wrap(text: &str, width: usize) -> Vec<String> {
    // Spaces in front, as of nested layers, belong to the first word.
    let indent = text.len() - text.trim_start().len();
    let (indent, rest) = text.split_at(indent);
    let mut lines = vec![indent.to_string()];
    let mut count = indent.chars().count();
    for (i, word) in rest.split(' ').enumerate() {
        let length = word.chars().count();
        if i > 0 && count + 1 + length > width {
            lines.push(String::new());
            count = 0;
        }
        if let Some(line) = lines.last_mut() {
            if i > 0 && count > 0 {
                line.push(' ');
                count += 1;
            }
            line.push_str(word);
            count += length;
        }
    }
    lines.into_iter().map(|line| cut(line, width)).collect()
}

fn cut(line: String, width: usize) -> String {
    match line.chars().count() > width {
        true => line.chars().take(width.saturating_sub(1)).chain(['…']).collect(),
        false => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_and_cut() {
        assert_eq!(wrap("dense (Dense)", 20), ["dense (Dense)"]);
        assert_eq!(wrap("batch_normalization (BN)", 20), ["batch_normalization", "(BN)"]);
        assert_eq!(wrap("a_name_too_long (Dense)", 8), ["a_name_…", "(Dense)"]);
        assert_eq!(wrap("   └ dense (Dense)", 40), ["   └ dense (Dense)"]);
    }

    #[test]
    fn columns_give_up_equal_parts() {
        let mut widths = [41, 33, 20];
        shrink(&mut widths, 84);
        assert_eq!(widths, [38, 29, 17]);
    }

    #[test]
    fn a_narrow_line_is_no_disaster() {
        let mut table = Table::new(&[("A", Align::Left), ("B", Align::Right)], &[0.5, 1.0], 3);
        table.row(vec!["long text".into(), "1".into()]);
        assert!(table.to_string().contains('…'));
    }
}
