//! ZCA: pixels made independent of each other, and as little else changed as can be.
use crate::{Error, Result};

/// A symmetric matrix `(pixels, pixels)`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Whitening {
    pixels: usize,
    /// Its eigenvectors, one after the other, and its eigenvalues.
    vectors: Vec<Vec<f64>>,
    values: Vec<f64>,
}

impl Whitening {
    /// The product of a picture's pixels with the matrix.
    pub(super) fn apply(&self, values: &mut [f32]) -> Result<()> {
        if values.len() != self.pixels {
            let problem = format!(
                "must have the {} numbers of the pictures of fit, got {}",
                self.pixels,
                values.len()
            );
            return Err(Error::argument("x", problem));
        }
        let mut sums = vec![0.0_f64; self.pixels];
        for (vector, value) in self.vectors.iter().zip(&self.values) {
            let share: f64 = vector.iter().zip(&*values).map(|(a, b)| a * f64::from(*b)).sum();
            sums.iter_mut().zip(vector).for_each(|(s, v)| *s += share * value * v);
        }
        values.iter_mut().zip(sums).for_each(|(v, s)| *v = s as f32);
        Ok(())
    }
}

/// Rounds of rotations after which singular vectors are as exact as they get.
const ROUNDS: usize = 60;

/// Σ √n / (s + ε) · u uᵀ over the singular values s and vectors u of the pictures, whose means are 0.
/// Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images", appendix A.
pub(super) fn whitening(rows: &[Vec<f32>], epsilon: f64) -> Result<Whitening> {
    let pixels = rows.first().map_or(0, Vec::len);
    if rows.iter().flatten().any(|v| !v.is_finite()) {
        return Err(Error::argument("x", "must be numbers, got NaN or infinity"));
    }
    let count = (rows.len() as f64).sqrt();
    // As few vectors as can be: pictures, or pixels over all pictures.
    let by_picture = rows.len() <= pixels;
    let mut lines: Vec<Vec<f64>> = match by_picture {
        true => rows.iter().map(|r| r.iter().map(|v| f64::from(*v)).collect()).collect(),
        false => (0..pixels)
            .map(|p| rows.iter().map(|r| r.get(p).copied().map_or(0.0, f64::from)).collect())
            .collect(),
    };
    // Of pixels the rotations themselves are the vectors.
    let mut turned: Vec<Vec<f64>> = match by_picture {
        true => Vec::new(),
        false => (0..pixels)
            .map(|i| (0..pixels).map(|j| f64::from(u8::from(i == j))).collect())
            .collect(),
    };
    orthogonalized(&mut lines, &mut turned);
    let mut found = Whitening { pixels, vectors: Vec::new(), values: Vec::new() };
    let largest = lines.iter().map(|l| norm(l)).fold(0.0, f64::max);
    for (i, line) in lines.iter().enumerate() {
        let size = norm(line);
        let vector = match turned.get(i) {
            Some(vector) => vector.clone(),
            // A direction that no picture has: nothing lies along it.
            None if size <= 1e-14 * largest => continue,
            None => line.iter().map(|v| v / size).collect(),
        };
        found.vectors.push(vector);
        found.values.push(count / (size + epsilon));
    }
    Ok(found)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// Turns pairs of lines until all are orthogonal; what turns them, turns the others along. Hestenes 1958,
/// "Inversion of matrices by biorthogonalization".
fn orthogonalized(lines: &mut [Vec<f64>], along: &mut [Vec<f64>]) {
    for _ in 0..ROUNDS {
        let mut moved = false;
        for i in 0..lines.len() {
            for j in i + 1..lines.len() {
                let (a, b) = (dot(&lines[i], &lines[i]), dot(&lines[j], &lines[j]));
                let shared = dot(&lines[i], &lines[j]);
                if shared.abs() <= 1e-15 * (a * b).sqrt() || shared == 0.0 {
                    continue;
                }
                moved = true;
                let zeta = (b - a) / (2.0 * shared);
                let tangent = zeta.signum() / (zeta.abs() + (1.0 + zeta * zeta).sqrt());
                let cos = 1.0 / (1.0 + tangent * tangent).sqrt();
                turn(lines, i, j, cos, cos * tangent);
                turn(along, i, j, cos, cos * tangent);
            }
        }
        if !moved {
            return;
        }
    }
}

fn turn(lines: &mut [Vec<f64>], i: usize, j: usize, cos: f64, sin: f64) {
    let Some((front, back)) = lines.split_at_mut_checked(j) else { return };
    let (Some(a), Some(b)) = (front.get_mut(i), back.first_mut()) else { return };
    for (x, y) in a.iter_mut().zip(b) {
        (*x, *y) = (cos * *x - sin * *y, sin * *x + cos * *y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of pictures with a covariance, the whitened ones have the covariance 1.
    #[test]
    fn covariance_becomes_one() {
        for count in [3, 40] {
            let number = |i: usize, j: usize| ((i * 37 + j * j * 11) % 17) as f32 - 8.0;
            let mut rows: Vec<Vec<f32>> =
                (0..count).map(|i| (0..4).map(|j| number(i, j)).collect()).collect();
            let whitening = whitening(&rows, 0.0).unwrap();
            rows.iter_mut().for_each(|r| whitening.apply(r).unwrap());
            if count < 4 {
                continue;
            }
            for i in 0..4 {
                for j in 0..4 {
                    let sum: f32 = rows.iter().map(|r| r[i] * r[j]).sum::<f32>() / count as f32;
                    assert!((sum - f32::from(u8::from(i == j))).abs() < 1e-4, "{i} {j}: {sum}");
                }
            }
        }
    }
}
