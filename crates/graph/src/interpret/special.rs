//! Functions that the standard library lacks, to nearly full float64 precision.
use std::f64::consts::{FRAC_2_SQRT_PI, PI};

/// Error function, by its series of positive terms near 0 and its complement beyond
/// (Abramowitz & Stegun 7.1.6).
pub(super) fn erf(x: f64) -> f64 {
    if x.abs() > 2.5 {
        return x.signum() * (1.0 - erfc_tail(x.abs()));
    }
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term.abs() > 1e-18 * sum.abs() {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    if x.is_nan() { x } else { FRAC_2_SQRT_PI * (-x * x).exp() * sum }
}

/// 1 − erf(x) for x ≥ 1, by its continued fraction evaluated from the inside (A & S 7.1.14).
fn erfc_tail(x: f64) -> f64 {
    let fraction = (1..=160).rev().fold(x, |f, k| x + f64::from(k) / 2.0 / f);
    if x.is_infinite() { 0.0 } else { (-x * x).exp() / PI.sqrt() / fraction }
}

/// Inverse of the error function: Winitzki's closed approximation, then Newton's method.
pub(super) fn erf_inv(x: f64) -> f64 {
    match x.abs() {
        a if a > 1.0 || a.is_nan() => return f64::NAN,
        1.0 => return x * f64::INFINITY,
        a if a < 1e-8 => return x / FRAC_2_SQRT_PI,
        _ => {}
    }
    let a = x.abs();
    // (1 − a)(1 + a) keeps the digits that 1 − a² would lose near 1.
    let log = ((1.0 - a) * (1.0 + a)).ln();
    let half = 2.0 / (PI * 0.147) + log / 2.0;
    let mut y = ((half * half - log / 0.147).sqrt() - half).sqrt();
    for _ in 0..4 {
        let slope = FRAC_2_SQRT_PI * (-y * y).exp();
        // In the tail the distance to 1 is what has digits.
        let miss = if y > 1.0 { (1.0 - a) - erfc_tail(y) } else { erf(y) - a };
        y -= miss / slope;
    }
    y.copysign(x)
}

/// log |Γ(x)|: Stirling's series beyond 15, the recurrence below, reflection below 1/2.
pub(super) fn log_gamma(x: f64) -> f64 {
    if x.is_nan() || x.is_infinite() {
        return x.abs();
    }
    if x < 0.5 {
        if x == x.floor() {
            return f64::INFINITY;
        }
        // |sin πx| from the distance to the nearest integer, which is exact.
        let sine = (PI * (x - x.round())).sin().abs();
        return (PI / sine).ln() - log_gamma(1.0 - x);
    }
    let (mut z, mut product) = (x, 1.0);
    while z < 15.0 {
        product *= z;
        z += 1.0;
    }
    let w = 1.0 / (z * z);
    let series = 1.0 / 12.0
        - w * (1.0 / 360.0
            - w * (1.0 / 1260.0
                - w * (1.0 / 1680.0 - w * (1.0 / 1188.0 - w * (691.0 / 360_360.0)))));
    (z - 0.5) * z.ln() - z + (2.0 * PI).ln() / 2.0 + series / z - f64::ln(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: f64, expected: f64) {
        assert!((got - expected).abs() <= 2e-14 * expected.abs().max(1e-2), "{got} {expected}");
    }

    #[test]
    fn values_of_tables() {
        near(erf(0.5), 0.520_499_877_813_046_5);
        near(erf(-1.0), -0.842_700_792_949_714_9);
        near(erf(3.0), 0.999_977_909_503_001_4);
        near(erf_inv(0.5), 0.476_936_276_204_469_9);
        near(erf_inv(-0.999), -2.326_753_765_513_524_6);
        near(log_gamma(0.5), 0.572_364_942_924_700_1);
        near(log_gamma(10.0), 12.801_827_480_081_469);
        near(log_gamma(-1.5), 0.860_047_015_376_481);
        near(log_gamma(100.0), 359.134_205_369_575_4);
        assert_eq!((erf(f64::INFINITY), erf_inv(1.0)), (1.0, f64::INFINITY));
        assert_eq!((log_gamma(-2.0), log_gamma(0.0)), (f64::INFINITY, f64::INFINITY));
        assert!(erf(f64::NAN).is_nan() && erf_inv(1.5).is_nan() && log_gamma(f64::NAN).is_nan());
    }

    #[test]
    fn inverse_undoes() {
        for i in -999..1000 {
            let x = f64::from(i) / 1000.0;
            assert!((erf(erf_inv(x)) - x).abs() < 3e-16 * 4.0, "{x}");
        }
    }
}
