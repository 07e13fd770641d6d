//! Tables of text: `.csv` files with a line of column names.
use crate::config::suggest;
use crate::{Error, Limits, Result};
use ndarray::{Array1, Array2};
use std::path::{Path, PathBuf};

/// A `.csv` file in memory: named columns of texts, read as numbers where that is asked for.
///
/// - **Errors**: no file, no line of names, a name twice, lines of different lengths; a column
///   that is not there; a text where a number was asked for. They name file, line and column.
///
/// ```
/// use ferras::datasets::Table;
/// let table = Table::parse("name,age,city\nAda,36,London\nAlan,41,\"Wilmslow, Cheshire\"\n")?;
/// assert_eq!((table.len(), table.names()), (2, &["name", "age", "city"].map(String::from)[..]));
/// assert_eq!(table.column("city")?, ["London", "Wilmslow, Cheshire"]);
/// assert_eq!(table.numbers(&["age"])?, ndarray::array![[36.0], [41.0]]);
/// let error = table.number("nmae").unwrap_err();
/// assert!(error.to_string().contains("no column \"nmae\" (did you mean \"name\"?)"));
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    path: PathBuf,
    names: Vec<String>,
    columns: Vec<Vec<String>>,
    /// The line of the file that each row begins on.
    lines: Vec<u64>,
}

impl Table {
    /// Reads a file: fields between commas, or tabs in a `.tsv`, in quotes where they hold those or
    /// line ends.
    pub fn read(path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        let bytes = Limits::new().read_bytes(path)?;
        let tabs = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tsv"));
        Table::new(path.to_path_buf(), &bytes, if tabs { b'\t' } else { b',' })
    }

    /// The table that a text holds.
    pub fn parse(text: &str) -> Result<Table> {
        Table::new(PathBuf::from("table"), text.as_bytes(), b',')
    }

    fn new(path: PathBuf, bytes: &[u8], delimiter: u8) -> Result<Table> {
        // Spreadsheets put a byte order mark in front; it is no part of the first name.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(bytes);
        let wrong = |e: csv::Error| Error::file(&path, e.to_string());
        let names: Vec<String> =
            reader.headers().map_err(wrong)?.iter().map(String::from).collect();
        if names.is_empty() {
            return Err(Error::file(&path, "is empty: its first line must name the columns"));
        }
        if let Some(i) = (1..names.len()).find(|&i| names[..i].contains(&names[i])) {
            return Err(Error::file(&path, format!("names the column {:?} twice", names[i])));
        }
        let mut columns = vec![Vec::new(); names.len()];
        let mut lines = Vec::new();
        for record in reader.records() {
            let record = record.map_err(wrong)?;
            lines.push(record.position().map_or(0, csv::Position::line));
            for (column, field) in columns.iter_mut().zip(&record) {
                column.push(field.to_string());
            }
        }
        Ok(Table { path, names, columns, lines })
    }

    /// Number of rows, the names not counted.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The columns' names, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The texts of a column.
    pub fn column(&self, name: &str) -> Result<&[String]> {
        let place = self.names.iter().position(|n| n == name);
        place.and_then(|i| self.columns.get(i)).map(Vec::as_slice).ok_or_else(|| {
            let known: Vec<&str> = self.names.iter().map(String::as_str).collect();
            Error::file(&self.path, format!("has no column {name:?}{}", suggest(name, &known)))
        })
    }

    /// A column as numbers, float64 `(rows,)`.
    pub fn number(&self, name: &str) -> Result<Array1<f64>> {
        let parse = |(text, line): (&String, &u64)| {
            text.trim().parse().map_err(|_| {
                let problem = format!("line {line}, column {name:?}: {text:?} is not a number");
                Error::file(&self.path, problem)
            })
        };
        self.column(name)?.iter().zip(&self.lines).map(parse).collect()
    }

    /// Columns as numbers side by side, float64 `(rows, columns)`.
    pub fn numbers<S: AsRef<str>>(&self, names: &[S]) -> Result<Array2<f64>> {
        let mut out = Array2::zeros((self.len(), names.len()));
        for (mut column, name) in out.columns_mut().into_iter().zip(names) {
            column.assign(&self.number(name.as_ref())?);
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_churn_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/Churn_Modelling.csv");
        let table = Table::read(path).unwrap();
        assert_eq!(table.len(), 10_000);
        assert_eq!(table.column("Geography").unwrap()[1], "Spain");
        let numbers = table.numbers(&table.names()[6..13]).unwrap();
        assert_eq!(numbers.row(0).to_vec(), [42.0, 2.0, 0.0, 1.0, 1.0, 1.0, 101_348.88]);
        assert_eq!(table.number("Exited").unwrap().sum(), 2037.0);
    }

    #[test]
    fn says_what_is_wrong() {
        let message = |text| Table::parse(text).unwrap_err().to_string();
        assert_eq!(message(""), "table: is empty: its first line must name the columns");
        assert_eq!(message("a,b,a\n"), "table: names the column \"a\" twice");
        let error = message("a,b\n1,2\n3\n");
        assert!(error.contains("line: 3") && error.contains("1 field"), "{error}");
        let table = Table::parse("\u{feff}a\n1\n\"x\ny\"\nz\n").unwrap();
        assert_eq!(table.names(), ["a"]);
        let error = table.number("a").unwrap_err().to_string();
        assert_eq!(error, "table: line 3, column \"a\": \"x\\ny\" is not a number");
        let error = Table::read("/no/such.csv").unwrap_err().to_string();
        assert!(error.starts_with("cannot read /no/such.csv"), "{error}");
        assert!(Table::parse("a\n").unwrap().is_empty());
    }
}
