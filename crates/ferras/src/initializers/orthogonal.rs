//! `Orthogonal`: weights that keep lengths.
use super::{InitializerFn, seeded};
use crate::random::Generator;
use crate::{Error, Result};
use ferras_derive::Config;
use ferras_graph::{Tensor, TensorType};

/// A random matrix with orthonormal columns (or rows, where there are fewer of them), times `gain`.
///
/// A weight of higher rank is taken as a matrix (all but the last axis, last axis).
///
/// - **Errors** where the weight has rank below 2.
/// - **Source** Keras 3 `initializers.Orthogonal`; Saxe et al. 2013.
///
/// ```
/// use ferras::prelude::*;
/// let layer = Dense::new(4).kernel_initializer(Orthogonal::new().gain(2.0));
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.initializers")]
pub struct Orthogonal {
    /// Own seed, by which every weight starts alike; none draws from the program's.
    #[config(default)]
    seed: Option<u64>,
    /// Factor of the matrix; 1 by default.
    #[config(default = 1.0)]
    gain: f64,
}

impl InitializerFn for Orthogonal {
    fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor> {
        let [outer @ .., columns] = &ty.shape[..] else { return Err(rank_error(ty)) };
        if outer.is_empty() {
            return Err(rank_error(ty));
        }
        let (rows, columns) = (outer.iter().product::<usize>(), *columns);
        let (long, short) = (rows.max(columns), rows.min(columns));
        let vectors = seeded(self.seed, random, |g| orthonormal(g, short, long));
        // Vector v, place i is column v, row i of a tall matrix, and the transpose of a wide one.
        let at = |row: usize, column: usize| match rows >= columns {
            true => vectors[column][row],
            false => vectors[row][column],
        };
        let places = (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c)));
        let data: Vec<f64> = places.map(|(r, c)| self.gain * at(r, c)).collect();
        Ok(Tensor::new(ty.shape.clone(), data)?.cast(ty.dtype))
    }
}

fn rank_error(ty: &TensorType) -> Error {
    let problem = format!("\"Orthogonal\" fits weights of rank 2 or more, got shape {}", ty.shape);
    Error::argument("initializer", problem)
}

/// `count` orthonormal vectors of this length, uniform over all such: the QR decomposition of a
/// normal matrix, with R's diagonal positive (Mezzadri 2007, "How to generate random matrices from
/// the classical compact groups"), by Gram–Schmidt.
fn orthonormal(random: &mut Generator, count: usize, length: usize) -> Vec<Vec<f64>> {
    let mut done: Vec<Vec<f64>> = Vec::with_capacity(count);
    while done.len() < count {
        let mut vector: Vec<f64> = (0..length).map(|_| random.normal()).collect();
        // Twice is enough: what the first round leaves is as small as rounding.
        for _ in 0..2 {
            for other in &done {
                let shared = dot(&vector, other);
                vector.iter_mut().zip(other).for_each(|(v, o)| *v -= shared * o);
            }
        }
        let norm = dot(&vector, &vector).sqrt();
        // A vector within the span of the others happens with probability 0; it is drawn anew.
        if norm > 1e-9 {
            vector.iter_mut().for_each(|v| *v /= norm);
            done.push(vector);
        }
    }
    done
}

/// Σ aᵢ bᵢ in four sums, which the compiler can keep side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (head_a, tail_a) = a.as_chunks::<4>();
    let (head_b, tail_b) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (x, y) in head_a.iter().zip(head_b) {
        sums.iter_mut().zip(x.iter().zip(y)).for_each(|(s, (x, y))| *s += x * y);
    }
    let tail: f64 = tail_a.iter().zip(tail_b).map(|(x, y)| x * y).sum();
    sums.iter().sum::<f64>() + tail
}
