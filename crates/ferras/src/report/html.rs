//! The report's page.
use super::Report;
use crate::plot::{escape, theme};
use crate::preprocessing::{ClassScores, ClassificationReport};

pub(super) fn page(report: &Report) -> String {
    let (title, date) = (escape(&report.title), escape(&report.date));
    let figures: String = report.figures.iter().map(|f| figure(&f.to_inline_svg())).collect();
    let confusion = report.confusion.as_ref().map(|f| figure(&f.to_inline_svg()));
    let summary = report.summary.as_ref().map(|s| format!("<pre>{}</pre>\n", escape(s.trim_end())));
    let sections = [
        results(&report.results),
        figures,
        section("Settings", Some(table(&report.settings)).filter(|_| !report.settings.is_empty())),
        section("Classification report", report.scores.as_ref().map(scores)),
        confusion.unwrap_or_default(),
        section("Model", summary),
    ];
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{}{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header><h1>{title}</h1><p>{date}</p></header>\n{}</main>\n</body>\n</html>\n",
        colours(),
        sections.concat()
    )
}

/// The colours of figures and page as CSS variables: light, dark, and light again on paper.
fn colours() -> String {
    let light: String = theme::COLOURS.iter().map(|c| format!("--{}:#{:06x};", c.0, c.1)).collect();
    let dark: String = theme::COLOURS.iter().map(|c| format!("--{}:#{:06x};", c.0, c.2)).collect();
    format!(
        ":root{{color-scheme:light dark;{light}}}\n\
         @media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
    )
}

const STYLE: &str = "\
*{box-sizing:border-box}
body{margin:0;background:var(--surface);color:var(--ink);
  font:16px/1.5 Roboto,'Helvetica Neue',Arial,'Liberation Sans','DejaVu Sans',sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 24px 64px}
header{border-bottom:1px solid var(--grid);padding-bottom:12px}
h1{font-size:30px;line-height:1.2;font-weight:600;margin:0;overflow-wrap:anywhere}
header p{margin:6px 0 0;color:var(--muted)}
h2{font-size:20px;font-weight:600;margin:40px 0 12px}
dl{display:flex;flex-wrap:wrap;gap:12px 40px;margin:24px 0 0}
dt{color:var(--muted);font-size:14px}
dd{margin:0;font-size:28px;line-height:1.3;font-weight:600;color:var(--series-0);font-variant-numeric:tabular-nums}
figure{margin:40px 0 0}
figure svg{display:block;width:100%;height:auto}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:6px 20px 6px 0;text-align:left;border-bottom:1px solid var(--grid);vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;color:var(--muted)}
.numbers th,.numbers td{text-align:right}
.numbers th:first-child,.numbers td:first-child{text-align:left}
tbody.averages td{color:var(--muted)}
pre{margin:0;padding:16px;overflow-x:auto;border:1px solid var(--grid);border-radius:8px;
  font:13px/1.35 'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,monospace}
@media print{main{max-width:none;padding:0}figure,table,dl{break-inside:avoid}h2{break-after:avoid}
  pre{white-space:pre-wrap;font-size:9px}}
";

fn section(heading: &str, content: Option<String>) -> String {
    content.map_or(String::new(), |c| format!("<section>\n<h2>{heading}</h2>\n{c}</section>\n"))
}

fn figure(svg: &str) -> String {
    format!("<figure>{svg}</figure>\n")
}

fn results(results: &[(String, String)]) -> String {
    if results.is_empty() {
        return String::new();
    }
    let item = |(name, value): &(String, String)| {
        format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escape(name), escape(value))
    };
    format!("<dl>\n{}</dl>\n", results.iter().map(item).collect::<String>())
}

fn table(rows: &[(String, String)]) -> String {
    let row = |(name, value): &(String, String)| {
        format!("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escape(name), escape(value))
    };
    format!("<table>\n{}</table>\n", rows.iter().map(row).collect::<String>())
}

fn scores(report: &ClassificationReport) -> String {
    let row = |c: &ClassScores| {
        let [precision, recall, f1] =
            [c.precision, c.recall, c.f1_score].map(|v| format!("{v:.4}"));
        let (name, support) = (escape(&c.name), c.support);
        format!(
            "<tr><td>{name}</td><td>{precision}</td><td>{recall}</td><td>{f1}</td><td>{support}</td></tr>\n"
        )
    };
    let classes: String = report.classes().iter().map(row).collect();
    let (all, mean) = (report.weighted_avg(), report.macro_avg());
    format!(
        "<div class=\"scroll\"><table class=\"numbers\">\n<thead><tr><th></th><th>precision</th>\
         <th>recall</th><th>f1-score</th><th>support</th></tr></thead>\n<tbody>\n{classes}</tbody>\n\
         <tbody class=\"averages\">\n<tr><td>accuracy</td><td></td><td></td><td>{:.4}</td><td>{}</td></tr>\n\
         {}{}</tbody>\n</table></div>\n",
        report.accuracy(),
        all.support,
        row(&mean),
        row(&all)
    )
}
