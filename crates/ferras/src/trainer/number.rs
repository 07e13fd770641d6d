//! Numbers as Python writes them, which is how Keras prints and logs them.

/// The shortest digits that read back to the same number, as Python's `repr`.
pub(crate) fn repr(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    // Both languages take an exponent from 1e16 up and below 1e-4; Python gives it two digits.
    let text = format!("{value:?}");
    match text.split_once('e') {
        Some((digits, exponent)) => exponent_of_two(digits, exponent),
        None => text,
    }
}

/// A fixed number of digits, as Python's `.4f`.
pub(crate) fn fixed(value: f64, precision: usize) -> String {
    if value.is_nan() { "nan".into() } else { format!("{value:.precision$}") }
}

/// A fixed number of digits and an exponent, as Python's `.4e`.
pub(crate) fn scientific(value: f64, precision: usize) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    let text = format!("{value:.precision$e}");
    match text.split_once('e') {
        Some((digits, exponent)) => exponent_of_two(digits, exponent),
        None => text,
    }
}

fn exponent_of_two(digits: &str, exponent: &str) -> String {
    let (sign, power) = match exponent.strip_prefix('-') {
        Some(power) => ('-', power),
        None => ('+', exponent),
    };
    format!("{digits}e{sign}{power:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_python() {
        for (value, text) in [
            (0.1, "0.1"),
            (1.0, "1.0"),
            (-0.0, "-0.0"),
            (1e-7, "1e-07"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (12345678.0, "12345678.0"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1e-100, "1e-100"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::from(0.3_f32), "0.30000001192092896"),
        ] {
            assert_eq!(repr(value), text);
        }
        assert_eq!(scientific(0.00012345, 2), "1.23e-04");
        assert_eq!((fixed(2.0, 1), scientific(f64::NAN, 1)), ("2.0".into(), "nan".into()));
    }
}
