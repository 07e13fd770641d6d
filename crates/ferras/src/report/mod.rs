//! One page about a run, to keep and to send: a single HTML file.
mod html;

use crate::files::write_atomic;
use crate::plot::{self, Figure};
use crate::preprocessing::ClassificationReport;
use crate::{Error, Result};
use ndarray::{ArrayBase, Data, Ix2};
use std::path::Path;

/// A page with what was trained, how, and how well: settings, results, figures, the model.
///
/// It is one HTML file that needs nothing else: no network, no script. It follows the reader's
/// choice of light or dark, and prints on paper. Every text is shown as it is, whatever it holds.
///
/// ```
/// use ferras::{plot, preprocessing::classification_report, report::Report};
/// let curves = vec![("loss".to_string(), vec![0.9, 0.4]), ("val_loss".to_string(), vec![0.6, 0.5])];
/// let scores = classification_report(&["cat", "dog", "dog"], &["cat", "dog", "cat"])?;
/// let page = Report::new("Cats <and> dogs")
///     .result("test accuracy", scores.accuracy())
///     .setting("optimizer", "adam")
///     .figure(plot::history(&curves))
///     .summary("Total params: 121 (484.00 B)")
///     .classification_report(&scores);
/// assert!(page.to_html().contains("<h1>Cats &lt;and&gt; dogs</h1>"));
/// # let path = std::env::temp_dir().join("ferras-doc-report.html");
/// page.save(&path)?;
/// # std::fs::remove_file(&path).unwrap();
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    title: String,
    date: String,
    results: Vec<(String, String)>,
    settings: Vec<(String, String)>,
    figures: Vec<Figure>,
    summary: Option<String>,
    scores: Option<ClassificationReport>,
    confusion: Option<Figure>,
}

impl Report {
    /// A page with this title and the time of now, in UTC.
    pub fn new(title: impl Into<String>) -> Report {
        Report {
            title: title.into(),
            date: crate::date::now(),
            results: Vec::new(),
            settings: Vec::new(),
            figures: Vec::new(),
            summary: None,
            scores: None,
            confusion: None,
        }
    }

    /// The date to show in place of now.
    pub fn date(mut self, date: impl Into<String>) -> Report {
        self.date = date.into();
        self
    }

    /// A number that the run is judged by (`"test accuracy"`), shown large on top.
    pub fn result(self, name: impl Into<String>, value: f64) -> Report {
        self.result_text(name, plot::short(value))
    }

    /// The same as a text, for what is no plain number (`"5.1 s"`).
    pub fn result_text(mut self, name: impl Into<String>, value: impl Into<String>) -> Report {
        self.results.push((name.into(), value.into()));
        self
    }

    /// One setting of the run (`"batch size"`, `256`).
    pub fn setting(mut self, name: impl Into<String>, value: impl ToString) -> Report {
        self.settings.push((name.into(), value.to_string()));
        self
    }

    /// A figure, below those before.
    pub fn figure(mut self, figure: Figure) -> Report {
        self.figures.push(figure);
        self
    }

    /// The model's summary, as it is printed.
    pub fn summary(mut self, summary: impl Into<String>) -> Report {
        self.summary = Some(summary.into());
        self
    }

    /// Precision, recall and F1 of each class.
    pub fn classification_report(mut self, scores: &ClassificationReport) -> Report {
        self.scores = Some(scores.clone());
        self
    }

    /// Counts of predictions; see [`plot::confusion_matrix`], also for the errors.
    pub fn confusion_matrix<D: Data<Elem = usize>, S: AsRef<str>>(
        mut self,
        counts: &ArrayBase<D, Ix2>,
        names: &[S],
    ) -> Result<Report> {
        self.confusion = Some(plot::confusion_matrix(counts, names)?);
        Ok(self)
    }

    /// The page as an HTML document.
    pub fn to_html(&self) -> String {
        html::page(self)
    }

    /// Writes the page to a file, in place of what it held.
    ///
    /// Errors: an ending other than `.html` or `.htm`, no permission or space.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
        if !matches!(ending.as_deref(), Some("html" | "htm")) {
            let problem = format!("must end in .html, got {:?}", path.display());
            return Err(Error::argument("path", problem));
        }
        write_atomic(path, self.to_html().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::tests::Folder;

    #[test]
    fn everything_is_there_once_and_escaped() {
        let evil = "</pre><script>alert(1)</script>";
        let html = Report::new(evil)
            .date(evil)
            .result_text(evil, evil)
            .setting(evil, evil)
            .summary(evil)
            .figure(Figure::new(evil))
            .to_html();
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("&lt;script&gt;").count(), 10, "{html}");
    }

    #[test]
    fn nothing_is_fetched() {
        let html = Report::new("a").figure(plot::epoch_times(&[1.0])).to_html();
        let outside = ["src=", "href=", "url(", "@import", "https:"];
        for word in outside {
            assert!(!html.contains(word), "{word}");
        }
        // The name space of SVG is a name, not an address.
        assert_eq!(html.matches("http:").count(), html.matches("xmlns=\"http:").count());
    }

    #[test]
    fn says_which_ending() {
        let folder = Folder::new("report");
        let report = Report::new("a");
        let error = report.save(folder.join("a.txt")).unwrap_err().to_string();
        assert!(error.starts_with("argument \"path\" must end in .html, got"), "{error}");
        let error = report.save(folder.join("no/a.html")).unwrap_err().to_string();
        assert!(error.starts_with("cannot write "), "{error}");
        report.save(folder.join("a.HTML")).unwrap();
    }
}
