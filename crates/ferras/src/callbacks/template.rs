//! File names with numbers in them: `{epoch:02d}-{val_loss:.2f}`.
use crate::config::suggest;
use crate::trainer::number::{fixed, repr, scientific};
use crate::{Error, Result};

/// A number that a name may hold.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number {
    Whole(usize),
    Real(f64),
}

/// Fills the places `{name}` and `{name:spec}` of `template`, where `spec` is Python's: `02d`,
/// `.3f`, `.2e`. `{{` stands for a brace.
pub(super) fn fill(template: &str, numbers: &[(&str, Number)]) -> Result<String> {
    let mut text = String::new();
    let mut rest = template;
    while let Some(place) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(place);
        text.push_str(before);
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            text.push_str(&from[..1]);
            rest = after;
            continue;
        }
        let inside = from.strip_prefix('{').and_then(|after| after.split_once('}'));
        let Some((field, after)) = inside else {
            return Err(wrong(template, "has a brace without its other one; {{ writes a brace"));
        };
        let (name, spec) = field.split_once(':').unwrap_or((field, ""));
        let Some((_, number)) = numbers.iter().find(|(n, _)| *n == name) else {
            let known: Vec<&str> = numbers.iter().map(|(n, _)| *n).collect();
            let hint = suggest(name, &known);
            return Err(wrong(template, &format!("asks for an unknown number {name:?}{hint}")));
        };
        text.push_str(&format(*number, spec).ok_or_else(|| {
            let expected = "expected a form such as 02d (whole numbers), .3f or .2e";
            wrong(template, &format!("writes {name} as {spec:?}: {expected}"))
        })?);
        rest = after;
    }
    Ok(text + rest)
}

fn wrong(template: &str, problem: &str) -> Error {
    Error::argument("filepath", format!("{template:?} {problem}"))
}

/// The number in Python's form `[0][width][.precision][d|f|e]`.
fn format(number: Number, spec: &str) -> Option<String> {
    let (spec, kind) = match spec.strip_suffix(['d', 'f', 'e']) {
        Some(rest) => (rest, spec.chars().last()),
        None => (spec, None),
    };
    let (width, precision) = match spec.split_once('.') {
        Some((width, digits)) => (width, Some(digits.parse::<usize>().ok().filter(|d| *d < 100)?)),
        None => (spec, None),
    };
    let zeros = width.starts_with('0');
    let width: usize =
        if width.is_empty() { 0 } else { width.parse().ok().filter(|w| *w < 100)? };
    let digits = precision.unwrap_or(6);
    let text = match (number, kind) {
        (Number::Whole(n), Some('d')) if precision.is_none() => n.to_string(),
        (Number::Whole(n), None) if precision.is_none() => n.to_string(),
        (Number::Whole(n), Some('f')) => fixed(n as f64, digits),
        (Number::Real(v), None) if precision.is_none() => repr(v),
        (Number::Real(v), Some('f')) => fixed(v, digits),
        (Number::Real(v), Some('e')) => scientific(v, digits),
        _ => return None,
    };
    Some(match (zeros, text.strip_prefix('-')) {
        (true, Some(size)) => format!("-{size:0>width$}", width = width.saturating_sub(1)),
        (true, None) => format!("{text:0>width$}"),
        _ => format!("{text:>width$}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_as_python() {
        let numbers = [
            ("epoch", Number::Whole(7)),
            ("val_loss", Number::Real(0.12345)),
            ("low", Number::Real(-1.5)),
        ];
        for (template, name) in [
            ("m.keras", "m.keras"),
            ("{epoch:02d}-{val_loss:.2f}.keras", "07-0.12.keras"),
            ("{epoch}-{val_loss}", "7-0.12345"),
            ("{epoch:4d}|{epoch:.1f}", "   7|7.0"),
            ("{low:06.2f} {low:.1e}", "-01.50 -1.5e+00"),
            ("{{epoch}}", "{epoch}"),
        ] {
            assert_eq!(fill(template, &numbers).unwrap(), name);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let message = |t: &str| fill(t, &[("epoch", Number::Whole(1))]).unwrap_err().to_string();
        assert_eq!(
            message("{epcoh}.keras"),
            "argument \"filepath\" \"{epcoh}.keras\" asks for an unknown number \"epcoh\" (did you \
             mean \"epoch\"?); known: epoch"
        );
        assert!(message("{epoch:x}").contains("writes epoch as \"x\": expected a form such as"));
        assert!(message("{epoch").contains("has a brace without its other one"));
        assert!(message("{epoch:99999999999d}").contains("expected a form"));
        assert!(message("a}").contains("brace"));
    }
}
