//! Tables of text: read as arrays of numbers, and written.
use crate::console;
use crate::failure::{Failure, Outcome};
use ferras::{Limits, Tensor};
use std::fmt::Display;
use std::path::Path;

/// Reads a table of numbers, float64 `(rows, columns)`. A first line with a text that is no number
/// names the columns.
pub(crate) fn read(path: &Path) -> Outcome<Tensor> {
    let at = path.display();
    let wrong = |problem: String| Failure::Work(format!("{at}: {problem}"));
    let bytes = Limits::new().read_bytes(path)?;
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(wrong("is UTF-16 text: save the table as UTF-8".into()));
    }
    // Spreadsheets put a byte order mark in front; it is no part of the first field.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let tabs = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("tsv"));
    let delimiter = if tabs { b'\t' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).delimiter(delimiter).from_reader(bytes);
    let mut records = reader.records().peekable();
    let named = |record: &csv::StringRecord| record.iter().any(|field| number(field).is_none());
    let mut names: Option<Vec<String>> = None;
    let (mut values, mut rows, mut columns) = (Vec::new(), 0, 0);
    while let Some(record) = records.next() {
        let record = record.map_err(|e| wrong(problem(&e)))?;
        if rows == 0 && names.is_none() && named(&record) && records.peek().is_none() {
            // A line of names alone.
            if record.iter().all(|field| number(field).is_none() && !separates(field)) {
                break;
            }
        } else if rows == 0 && names.is_none() && named(&record) {
            if record.iter().all(|field| number(field).is_some() || is_missing(field)) {
                console::warn(format!(
                    "{at}: the first line is taken for the names of columns, and looks like numbers \
                     of which some are missing; fill them, or put a line of names in front"
                ));
            }
            names = Some(record.iter().map(String::from).collect());
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        for (place, field) in record.iter().enumerate() {
            let value = number(field).ok_or_else(|| {
                let name = names.as_ref().and_then(|names| names.get(place));
                let column = name.map_or((place + 1).to_string(), |name| format!("{name:?}"));
                let hint = match separates(field) {
                    true => "; columns are separated by commas, in a .tsv by tabs",
                    false => "",
                };
                wrong(format!("line {line}, column {column}: {field:?} is not a number{hint}"))
            })?;
            values.push(value);
        }
        (rows, columns) = (rows + 1, record.len());
    }
    if rows == 0 {
        return Err(wrong("has no row of numbers".into()));
    }
    Ok(Tensor::new([rows, columns], values).map_err(ferras::Error::from)?)
}

/// Whether a field is several that something else separates.
fn separates(field: &str) -> bool {
    field.contains([',', ';', '\t'])
}

/// What is wrong with a line.
fn problem(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line}: expected {expected_len} columns as before, got {len}")
        }
        csv::ErrorKind::Utf8 { pos, .. } => {
            let line = pos.as_ref().map_or(0, csv::Position::line);
            format!("line {line} is no UTF-8 text: save the table as UTF-8")
        }
        _ => format!("cannot be read as a table: {error}"),
    }
}

/// Whether a field says that its number is not known.
fn is_missing(field: &str) -> bool {
    let words = ["", "na", "n/a", "nan", "null", "none", "-", "?"];
    words.contains(&&field.trim().to_ascii_lowercase()[..])
}

fn number(field: &str) -> Option<f64> {
    field.trim().parse().ok()
}

/// An error unless an output of so many axes is a table.
pub(crate) fn check(name: &str, shape: impl Display, axes: usize) -> Outcome<()> {
    match axes {
        1 | 2 => Ok(()),
        _ => Err(Failure::Usage(format!(
            "output {name:?} of shape {shape} is no table: give --output Y.npz"
        ))),
    }
}

/// Outputs side by side as a table with a line of names, the digits those that read back to the same
/// number.
pub(crate) fn text(names: &[String], outputs: &[Tensor]) -> Outcome<String> {
    let mut head = Vec::new();
    let mut parts = Vec::new();
    for (name, output) in names.iter().zip(outputs) {
        let shape = output.shape();
        check(name, shape, shape.rank())?;
        match shape.get(1) {
            None | Some(1) => head.push(name.clone()),
            Some(columns) => head.extend((0..*columns).map(|i| format!("{name}_{i}"))),
        }
        let width = shape.get(1).copied().unwrap_or(1).max(1);
        parts.push(fields(output).chunks(width).map(|row| row.join(",")).collect::<Vec<_>>());
    }
    let count = parts.first().map_or(0, Vec::len);
    if parts.iter().any(|part| part.len() != count) {
        let problem = "the outputs have different numbers of rows: give --output Y.npz";
        return Err(Failure::Usage(problem.into()));
    }
    let row =
        |i: usize| parts.iter().filter_map(|p| p.get(i)).cloned().collect::<Vec<_>>().join(",");
    Ok(std::iter::once(head.join(",")).chain((0..count).map(row)).collect::<Vec<_>>().join("\n"))
}

fn fields(output: &Tensor) -> Vec<String> {
    match output.as_slice::<f32>() {
        Some(values) => values.iter().map(|v| format!("{v:?}")).collect(),
        None => output.to_f64_vec().iter().map(|v| format!("{v:?}")).collect(),
    }
}
