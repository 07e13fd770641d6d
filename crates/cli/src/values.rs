//! What the values of options may be. Each says what it expected and what came.
use std::str::FromStr;

/// A value that fits, or what was expected.
fn parsed<T: FromStr>(
    text: &str,
    expected: &str,
    fits: impl FnOnce(&T) -> bool,
) -> Result<T, String> {
    let value = text.parse().ok().filter(fits);
    value.ok_or_else(|| format!("expected {expected}, got {text:?}"))
}

/// A number of bytes, with K, M, G or T for powers of 1024.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected a number of bytes, as 500M or 20G, got {text:?}");
    let upper = text.trim().to_ascii_uppercase();
    let power = "KMGT".chars().position(|unit| upper.ends_with(unit)).map_or(0, |p| p + 1);
    let digits = if power > 0 { upper.get(..upper.len() - 1) } else { Some(&upper[..]) };
    let number: u64 = digits.unwrap_or_default().parse().map_err(|_| wrong())?;
    number.checked_mul(1024_u64.pow(power as u32)).ok_or_else(wrong)
}

/// A number of at least 1.
pub(crate) fn count<T: FromStr + PartialOrd + From<u8>>(text: &str) -> Result<T, String> {
    parsed(text, "a whole number of at least 1", |number| *number >= T::from(1))
}

/// A number from 0 on.
pub(crate) fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    parsed(text, "a whole number from 0 on", |_| true)
}

/// Characters of a line in which a table can be read.
pub(crate) fn line_length(text: &str) -> Result<usize, String> {
    parsed(text, "a whole number from 20 to 1000", |n| (20..=1000).contains(n))
}

pub(crate) fn port(text: &str) -> Result<u16, String> {
    parsed(text, "a whole number from 0 to 65535", |_| true)
}

/// What weights are changed by; with 0 they would stay as they are.
pub(crate) fn learning_rate(text: &str) -> Result<f64, String> {
    // A float32 is what the optimizer keeps.
    let fits = |&rate: &f64| rate as f32 > 0.0 && (rate as f32).is_finite();
    parsed(text, "a number above 0, as 0.001", fits)
}

/// A part of the samples that leaves some.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    parsed(text, "a share between 0 and 1, as 0.2", |&share| share > 0.0 && share < 1.0)
}

/// How far numbers may be apart.
pub(crate) fn tolerance(text: &str) -> Result<f64, String> {
    parsed(text, "a number from 0 on, as 1e-5", |&number| number >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_and_what_was_expected() {
        assert_eq!((bytes("20k"), bytes(" 3 ")), (Ok(20 << 10), Ok(3)));
        assert!(bytes("99999999T").is_err() && bytes("").is_err() && bytes("M").is_err());
        assert_eq!((count::<usize>("7"), whole::<u64>("0"), port("0")), (Ok(7), Ok(0), Ok(0)));
        assert_eq!(
            count::<u64>("0").unwrap_err(),
            "expected a whole number of at least 1, got \"0\""
        );
        assert_eq!((learning_rate("1e-3"), share("0.5")), (Ok(1e-3), Ok(0.5)));
        for text in ["-1", "0", "nan", "inf", "1e-60", "1e60", "", "one"] {
            assert!(learning_rate(text).is_err(), "{text}");
        }
        assert!(["0", "1", "nan", "-0.5"].iter().all(|text| share(text).is_err()));
        assert!(["-1e-9", "NaN"].iter().all(|text| tolerance(text).is_err()));
        assert!(["19", "1001", "-1"].iter().all(|text| line_length(text).is_err()));
    }
}
