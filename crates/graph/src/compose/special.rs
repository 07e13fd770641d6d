//! Special functions.
use crate::Value;
use std::f64::consts::PI;

impl Value {
    /// ψ(x) = d log Γ(x) / dx, the derivative of [`Value::lgamma`]; NaN at 0, −1, −2, …
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// assert_eq!(Builder::new().full(DType::F64, [2], 3.0).digamma().dtype(), DType::F64);
    /// ```
    ///
    /// Reflected to x ≥ ½, moved above 8 by ψ(x) = ψ(x + 1) − 1/x, then the asymptotic series of
    /// Abramowitz & Stegun, 6.3.18, 6.3.5 and 6.3.7.
    #[track_caller]
    pub fn digamma(&self) -> Value {
        let reflected = self.less(0.5);
        let x = reflected.select(&(1.0 - self), self);
        let shift: Value =
            (1..8).fold(x.full_like(1.0) / &x, |sum, i| sum + 1.0 / (&x + f64::from(i)));
        let x = x + 8.0;
        let r = x.full_like(1.0) / x.square();
        // Bernoulli numbers B₂ₖ / 2k.
        let series = [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0];
        let series = series.iter().rev().fold(x.full_like(0.0), |sum, b| (sum + *b) * &r);
        let right = x.log() - 0.5 / &x - series - shift;
        // Where nothing is reflected the tangent's operand is made harmless for its gradient.
        let quarter = reflected.select(self, 0.25);
        let mirrored = &right - PI / (quarter * PI).tan();
        reflected.select(&mirrored, right)
    }
}
