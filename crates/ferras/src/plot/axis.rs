//! Axes: which values they span, which of them are marked, and how numbers are written.
use std::ops::RangeInclusive;

/// Larger numbers are drawn like infinite ones: their distances would overflow.
const LARGEST: f64 = 1e300;

/// Whether a value can be drawn.
pub(super) fn drawable(value: f64) -> bool {
    value.abs() < LARGEST
}

/// What an axis spans, and the values it marks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    pub(super) lo: f64,
    pub(super) hi: f64,
    pub(super) log: bool,
    pub(super) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// The share of the axis, 0 to 1, at which a value stands.
    pub(super) fn share(&self, value: f64) -> f64 {
        match self.log {
            true => (value.ln() - self.lo.ln()) / (self.hi.ln() - self.lo.ln()),
            false => (value - self.lo) / (self.hi - self.lo),
        }
    }

    /// An axis for measured values: a little wider than they are, but not below 0 or beyond 1 if
    /// they stay within; logarithmic where positive values differ a thousandfold.
    pub(super) fn of_values(values: impl Iterator<Item = f64>, most: usize) -> Axis {
        let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in values.filter(|v| drawable(*v)) {
            (least, greatest) = (least.min(v), greatest.max(v));
        }
        if least > greatest {
            (least, greatest) = (0.0, 1.0);
        }
        if least > 0.0 && greatest / least >= 1e3 {
            return Axis::logarithmic(least, greatest);
        }
        let span = greatest - least;
        let room = if span > 1e-12 * greatest.abs() { span * 0.05 } else { alone(greatest) };
        let (mut lo, mut hi) = (least - room, greatest + room);
        if least >= 0.0 {
            lo = lo.max(0.0);
        }
        if least >= 0.0 && greatest <= 1.0 {
            hi = hi.min(1.0);
        }
        Axis::linear(lo, hi, most)
    }

    /// An axis for measured values that ends with them.
    pub(super) fn exact(values: impl Iterator<Item = f64>, most: usize) -> Axis {
        let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in values.filter(|v| drawable(*v)) {
            (lo, hi) = (lo.min(v), hi.max(v));
        }
        if lo > hi {
            (lo, hi) = (0.0, 1.0);
        }
        let room = if hi - lo > 1e-12 * hi.abs() { 0.0 } else { alone(hi) };
        Axis::linear(lo - room, hi + room, most)
    }

    /// An axis from 0, for bars.
    pub(super) fn from_zero(values: impl Iterator<Item = f64>, most: usize) -> Axis {
        let drawn: Vec<f64> = values.filter(|v| drawable(*v)).collect();
        let lo = drawn.iter().copied().fold(0.0, f64::min) * 1.05;
        let hi = drawn.iter().copied().fold(0.0, f64::max) * 1.05;
        if lo == hi { Axis::linear(0.0, 1.0, most) } else { Axis::linear(lo, hi, most) }
    }

    /// An axis for whole numbers: epochs. With bars there is room for a half of one at both ends.
    pub(super) fn of_counts(range: RangeInclusive<usize>, bars: bool, most: usize) -> Axis {
        let (first, last) = (*range.start() as f64, (*range.end()).max(*range.start()) as f64);
        let room = if last > first && !bars { (last - first) * 0.02 } else { 0.5 };
        let step = nice((last - first + 1.0) / most.max(1) as f64).max(1.0);
        // There is no epoch two and a half.
        let step = if step == 2.5 { 5.0 } else { step.round() };
        let mut ticks = vec![(first, first.to_string())];
        let mut at = ((first / step).floor() + 1.0) * step;
        while at <= last {
            ticks.push((at, at.to_string()));
            at += step;
        }
        // The first mark stands alone unless there is room beside it.
        if ticks.get(1).is_some_and(|(next, _)| step > 1.0 && *next - first < 2.0) {
            ticks.remove(0);
        }
        Axis { lo: first - room, hi: last + room, log: false, ticks }
    }

    fn linear(lo: f64, hi: f64, most: usize) -> Axis {
        let step = nice((hi - lo) / most.max(1) as f64);
        let first = (lo / step - 1e-9).ceil();
        // Numbers so near each other that a step between them is lost have no marks but one.
        let count = ((hi / step + 1e-9).floor() - first).clamp(0.0, 50.0) as usize;
        let ticks = (0..=count).map(|i| {
            let value = (first + i as f64) * step;
            // Rounding leaves 1e-17 where 0 is meant.
            let value = if value.abs() < step * 1e-6 { 0.0 } else { value };
            (value, tick(value, step, lo.abs().max(hi.abs())))
        });
        Axis { lo, hi, log: false, ticks: ticks.collect() }
    }

    fn logarithmic(least: f64, greatest: f64) -> Axis {
        let (low, high) = (least.log10().floor() as i32, greatest.log10().ceil() as i32);
        let step = ((high - low) / 7).max(1);
        let ticks = (low..=high).filter(|power| (power - low) % step == 0).map(|power| {
            let value = 10.0_f64.powi(power);
            let text =
                if (-3..=4).contains(&power) { value.to_string() } else { format!("1e{power}") };
            (value, text)
        });
        let (lo, hi) = (10.0_f64.powi(low), 10.0_f64.powi(high));
        let room = (greatest / least).powf(0.04);
        let (lo, hi) = ((least / room).max(lo), (greatest * room).min(hi));
        Axis { lo, hi, log: true, ticks: ticks.filter(|(v, _)| (lo..=hi).contains(v)).collect() }
    }
}

/// Room above and below one value alone.
fn alone(value: f64) -> f64 {
    if value == 0.0 { 1.0 } else { value.abs() * 0.1 }
}

/// The next of 1, 2, 2.5, 5, 10 times a power of ten.
fn nice(step: f64) -> f64 {
    let power = 10.0_f64.powf(step.max(f64::MIN_POSITIVE).log10().floor());
    let digit = step / power;
    // A fifth more marks than asked for do no harm, half as many would.
    let rounded = [1.0, 2.0, 2.5, 5.0].into_iter().find(|d| digit <= d * 1.2);
    rounded.unwrap_or(10.0) * power
}

/// A mark's text, with as many digits as its step needs.
fn tick(value: f64, step: f64, largest: f64) -> String {
    if !(1e-3..1e6).contains(&largest) {
        return scientific(value, 2);
    }
    let digits = (-step.log10().floor()).max(0.0) as usize;
    // A step of 2.5 needs one digit more than one of 2.
    let lost = |n: usize| (step * 10.0_f64.powi(n as i32)).fract().abs() > 1e-6;
    let digits = if lost(digits) && digits < 12 { digits + 1 } else { digits };
    minus(format!("{value:.digits$}"))
}

/// A value as a legend or table states it: four digits or so.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    match value {
        v if v.is_nan() => "NaN".to_string(),
        v if v.is_infinite() => minus(if v > 0.0 { "∞" } else { "-∞" }.to_string()),
        v if size >= 1e6 || (size < 1e-3 && size > 0.0) => scientific(v, 3),
        v if size >= 1000.0 => minus(format!("{v:.0}")),
        v if size >= 100.0 => minus(format!("{v:.1}")),
        v if size >= 10.0 => minus(format!("{v:.2}")),
        v => minus(format!("{v:.4}")),
    }
}

/// `2.5e-7`, without needless zeros.
fn scientific(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_string();
    }
    let text = format!("{value:.digits$e}");
    let (number, power) = text.split_once('e').unwrap_or((&text, "0"));
    let number = match number.contains('.') {
        true => number.trim_end_matches('0').trim_end_matches('.'),
        false => number,
    };
    minus(format!("{number}e{power}"))
}

/// With a minus sign as wide as a digit.
fn minus(text: String) -> String {
    text.replace('-', "\u{2212}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, t)| t.as_str()).collect()
    }

    #[test]
    fn marks_are_round() {
        let axis = Axis::of_values([0.71, 0.99].into_iter(), 6);
        assert_eq!(texts(&axis), ["0.70", "0.75", "0.80", "0.85", "0.90", "0.95", "1.00"]);
        let axis = Axis::of_values([-1.0, 3.0].into_iter(), 5);
        assert_eq!(texts(&axis), ["−1", "0", "1", "2", "3"]);
        assert_eq!(texts(&Axis::from_zero([2.0, 7.0].into_iter(), 5)), ["0", "2", "4", "6"]);
    }

    #[test]
    fn one_value_none_or_no_number() {
        let axis = Axis::of_values([0.5, 0.5].into_iter(), 5);
        assert!(axis.lo < 0.5 && axis.hi > 0.5 && axis.ticks.len() > 2, "{axis:?}");
        assert_eq!(Axis::of_values([1.0].into_iter(), 5).hi, 1.0);
        for values in [vec![], vec![f64::NAN], vec![f64::INFINITY], vec![1e305]] {
            let axis = Axis::of_values(values.into_iter(), 5);
            assert_eq!((axis.lo, axis.hi), (0.0, 1.0));
        }
        assert_eq!(Axis::from_zero([].into_iter(), 5).hi, 1.0);
    }

    #[test]
    fn a_thousandfold_is_logarithmic() {
        let axis = Axis::of_values([0.7, 0.0003].into_iter(), 5);
        assert!(axis.log);
        assert_eq!(texts(&axis), ["0.001", "0.01", "0.1"]);
        assert!((axis.share((0.7_f64 * 0.0003).sqrt()) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn epochs_are_whole() {
        assert_eq!(texts(&Axis::of_counts(1..=1, false, 8)), ["1"]);
        assert_eq!(texts(&Axis::of_counts(1..=5, false, 8)), ["1", "2", "3", "4", "5"]);
        assert_eq!(texts(&Axis::of_counts(1..=20, false, 8)).last(), Some(&"20"));
        assert_eq!(texts(&Axis::of_counts(1..=500, false, 8))[..3], ["1", "100", "200"]);
        assert_eq!(texts(&Axis::of_counts(7..=12, false, 8)), ["7", "8", "9", "10", "11", "12"]);
        assert_eq!(
            texts(&Axis::of_counts(99..=141, false, 4)),
            ["100", "110", "120", "130", "140"]
        );
    }

    #[test]
    fn any_range_has_few_marks() {
        let sizes = [-1e299, -1e9, -1.0, -1e-9, 0.0, 1e-300, 1e-7, 0.3, 1.0, 1e3, 1e18, 1e299];
        for a in sizes {
            for b in sizes {
                let axis = Axis::of_values([a, b].into_iter(), 6);
                assert!(axis.lo < axis.hi, "{a} {b} {axis:?}");
                assert!(axis.ticks.len() <= 12, "{a} {b} {axis:?}");
                for v in [a, b] {
                    assert!((-1e-9..=1.0 + 1e-9).contains(&axis.share(v)), "{a} {b} {axis:?}");
                }
            }
        }
    }

    #[test]
    fn short_numbers() {
        let cases = [0.99321, 12.345, 123.45, 12345.6, 1e-5, -0.5, 0.0, f64::NAN, 2.5e9];
        let texts = cases.map(short);
        let expected =
            ["0.9932", "12.35", "123.5", "12346", "1e−5", "−0.5000", "0.0000", "NaN", "2.5e9"];
        assert_eq!(texts, expected);
    }
}
