//! Functions that networks rarely need, one number at a time, through `f64`.

use std::f64::consts::PI;

/// The inverse of the error function; ±∞ at ±1, NaN beyond.
pub fn erf_inv(y: f32) -> f32 {
    if y.abs() >= 1.0 || y.is_nan() {
        return if y.abs() == 1.0 { y * f32::INFINITY } else { f32::NAN };
    }
    if y == 0.0 {
        return y;
    }
    // A guess of Winitzki, good to 2e-3, then Newton's steps with the derivative 2/√π e^(−x²).
    let y = y as f64;
    let log = (1.0 - y * y).ln();
    let t = 2.0 / (PI * 0.147) + log / 2.0;
    let mut x = ((t * t - log / 0.147).sqrt() - t).sqrt().copysign(y);
    for _ in 0..3 {
        x -= (erf(x) - y) / (2.0 / PI.sqrt() * (-x * x).exp());
    }
    x as f32
}

/// The error function for |x| < 6, by its series of positive terms.
fn erf(x: f64) -> f64 {
    let mut term = x;
    let mut sum = x;
    let mut n = 1.0;
    while term.abs() > sum.abs() * 1e-17 {
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
        n += 1.0;
    }
    2.0 / PI.sqrt() * (-x * x).exp() * sum
}

/// log |Γ(x)|; ∞ at 0, −1, −2, ….
pub fn log_gamma(x: f32) -> f32 {
    if x.is_infinite() {
        return f32::INFINITY;
    }
    let x = x as f64;
    let y = if x < 0.5 {
        // Γ(x) Γ(1 − x) = π / sin(πx); the remainder is exact, the sine of large πx is not.
        (PI / (PI * (x % 1.0)).sin().abs()).ln() - stirling(1.0 - x)
    } else {
        stirling(x)
    };
    y as f32
}

/// log Γ(x) for x ≥ 0.5: moved up to x ≥ 10, then Stirling's series.
fn stirling(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 10.0 {
        product *= x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = (1.0 / 12.0 - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - product.ln()
}
