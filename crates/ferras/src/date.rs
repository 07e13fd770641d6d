//! The time of now as a text.
use std::time::{SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 60 * 60;

/// `2026-03-14 09:26 UTC`.
pub(crate) fn now() -> String {
    text(seconds())
}

/// `2026-03-14@09:26:53`, as Keras writes into files; UTC.
pub(crate) fn stamp() -> String {
    let seconds = seconds();
    let text = text(seconds);
    let (day, time) = text.split_once(' ').unwrap_or((&text, ""));
    format!("{day}@{}:{:02}", time.trim_end_matches(" UTC"), seconds % 60)
}

/// Seconds since 1970.
fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())
}

/// The same for a number of seconds since 1970.
fn text(seconds: u64) -> String {
    let (mut day, time) = (seconds / DAY, seconds % DAY);
    let mut year = 1970;
    while day >= days_of(year) {
        day -= days_of(year);
        year += 1;
    }
    let february = if days_of(year) == 366 { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let (hour, minute) = (time / 3600, time / 60 % 60);
    format!("{year}-{month:02}-{:02} {hour:02}:{minute:02} UTC", day + 1)
}

fn days_of(year: u64) -> u64 {
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    if leap { 366 } else { 365 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `date -u -d @…`
    #[test]
    fn known_days() {
        assert_eq!(text(0), "1970-01-01 00:00 UTC");
        assert_eq!(text(951_782_399), "2000-02-28 23:59 UTC");
        assert_eq!(text(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(text(1_773_480_360), "2026-03-14 09:26 UTC");
        assert_eq!(text(1_798_761_599), "2026-12-31 23:59 UTC");
    }
}
