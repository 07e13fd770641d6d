//! Eigenvalues and singular values, by Jacobi's rotations: every pair of columns is turned until its
//! products vanish, half of the columns with the other half at once (Brent & Luk 1985). All is computed
//! in float64. Gradients go through the rotations.
use super::arguments::{Given, floated};
use super::linalg::{Matrices, reflected, turned};
use super::table::{Outcome, operations};
use ferras_graph::{DType, Tensor, Value};

type Result<T> = std::result::Result<T, String>;

/// Rounds in which each column meets every other one. They converge quadratically: six do for a few
/// columns, ten for hundreds.
const ROUNDS: usize = 12;

operations! {
    "ops.linalg" {
        Eigh(x) => |g| {
            let matrices = Matrices::square(g, "x")?;
            let (values, vectors) = symmetric(&matrices.all)?;
            let values = values.reshape([&matrices.batch[..], &[matrices.rows]].concat());
            let dtype = matrices.all.dtype();
            Ok(vec![values.cast(dtype), matrices.back(&vectors).cast(dtype)])
        };
        SVD(x)[full_matrices, compute_uv] => |g| {
            let matrices = Matrices::of(g, "x")?;
            let parts = Singular::of(&matrices)?;
            let dtype = matrices.all.dtype();
            let s = parts.values(&matrices).cast(dtype);
            if !g.own("compute_uv").as_bool().unwrap_or(true) {
                return Ok(vec![s]);
            }
            let full = g.own("full_matrices").as_bool().unwrap_or(true);
            let short = matrices.rows.min(matrices.columns);
            let cut = |x: &Value| if full { x.clone() } else { x.slice_axis(2, 0, short) };
            let u = matrices.back(&cut(&parts.u)).cast(dtype);
            Ok(vec![u, s, matrices.back(&turned(&cut(&parts.v))).cast(dtype)])
        };
        Pinv(x)[rcond] => |g| {
            let matrices = Matrices::of(g, "x")?;
            let default = 10.0 * matrices.longer() * matrices.epsilon();
            let inverse = Singular::of(&matrices)?.inverse(number(g, "rcond")?.unwrap_or(default));
            Ok(vec![matrices.back(&inverse).cast(matrices.all.dtype())])
        };
        Lstsq(a, b)[rcond] => least_squares;
        MatrixRank(x)[tol] => |g| {
            let matrices = Matrices::of(g, "x")?;
            let s = Singular::of(&matrices)?.s;
            let own = s.max(&[-1], true) * (matrices.longer() * matrices.epsilon());
            let counts = match number(g, "tol")? {
                Some(tol) => s.greater(tol),
                None => s.greater(&own),
            };
            Ok(vec![matrices.scalars(&counts.cast(DType::I32).sum(&[-1], false))])
        };
    }
}

/// An argument that is a number, unless it is left out.
fn number(g: &Given<'_>, name: &str) -> Result<Option<f64>> {
    match g.own(name) {
        serde_json::Value::Null => Ok(None),
        json => {
            json.as_f64().map(Some).ok_or_else(|| format!("{name} must be a number, got {json}"))
        }
    }
}

fn least_squares(g: &Given<'_>) -> Outcome {
    let matrices = Matrices::of(g, "a")?;
    let b = floated(g.value("b")?);
    let vector = b.rank() == 1;
    let table = if vector { b.expand_dims(-1) } else { b.clone() };
    if !matrices.batch.is_empty() || table.rank() != 2 || table.dim(0) != matrices.rows {
        let (a, rows) = (matrices.all.shape(), matrices.rows);
        return Err(format!(
            "expected one matrix a and {rows} rows of b, got {a} and {}",
            b.shape()
        ));
    }
    let limit = number(g, "rcond")?.unwrap_or(matrices.longer() * matrices.epsilon());
    let inverse = Singular::of(&matrices)?.inverse(limit);
    let x = inverse.squeeze(0).matmul(&table.cast(DType::F64));
    let dtype = matrices.all.dtype().promote(b.dtype());
    Ok(vec![if vector { x.squeeze(-1) } else { x }.cast(dtype)])
}

/// The columns' order after a step of a tournament, in which the columns of the first half meet those of
/// the second: the first column stays, the others move on around it.
fn next_meeting(n: usize) -> Vec<i32> {
    let half = n / 2;
    let place = |i: usize| match i {
        0 => 0,
        1 if half > 1 => half,
        i if i < half => i - 1,
        i if i + 1 < n => i + 1,
        _ if half > 1 => half - 1,
        i => i,
    };
    (0..n).map(|i| place(i) as i32).collect()
}

/// Cosine and sine of the angles by which pairs are turned: of the pair's own squares, and what both have
/// in common.
fn angles(first: &Value, second: &Value, common: &Value) -> (Value, Value) {
    let apart = second - first;
    let nothing = common.equal(0.0);
    let some = nothing.select(&common.full_like(1.0), common);
    let root = (apart.square() + some.square() * 4.0).sqrt();
    let longer = apart.less(0.0).select(&(&apart - &root), &apart + &root);
    let tangent = nothing.select(&common.full_like(0.0), some * 2.0 / longer);
    let cosine = (tangent.square() + 1.0).rsqrt();
    let sine = &tangent * &cosine;
    (cosine, sine)
}

/// The columns of the first half turned with those of the second.
fn rotated(x: &Value, (cosine, sine): &(Value, Value)) -> Value {
    let half = x.dim(2) / 2;
    let (a, b) = (x.slice_axis(2, 0, half), x.slice_axis(2, half, 2 * half));
    x.builder().concat(&[&a * cosine - &b * sine, a * sine + b * cosine], 2)
}

fn identity(like: &Value, n: usize) -> Value {
    let b = like.builder();
    let one = b.iota(DType::I32, [n, n], 0).equal(b.iota(DType::I32, [n, n], 1));
    one.cast(DType::F64).broadcast_to([like.dim(0), n, n])
}

/// In float64, with a column of zeros behind an odd number of them, and a row where `both` say so.
fn even(x: &Value, both: bool) -> Value {
    let more = x.dim(2) % 2;
    x.cast(DType::F64).pad(&[0, 0, 0], &[0, if both { more } else { 0 }, more], 0.0)
}

fn places(like: &Value, n: usize) -> Result<Value> {
    let order = Tensor::new([n], next_meeting(n)).map_err(|e| e.to_string())?;
    Ok(like.builder().constant(order))
}

/// Columns in another order, one for each matrix `(all, columns)`.
fn ordered(x: &Value, order: &Value) -> Value {
    x.matmul(&turned(&order.one_hot(x.dim(2), DType::F64)))
}

/// Whether columns of `vectors` are the one that was added to make their number even.
fn added(vectors: &Value, n: usize) -> Option<Value> {
    let last = vectors.slice_axis(1, n, vectors.dim(1));
    (vectors.dim(1) > n).then(|| last.squeeze(1).abs().greater(0.5))
}

/// Eigenvalues in ascending order `(all, n)`, and their vectors as columns.
fn symmetric(x: &Value) -> Result<(Value, Value)> {
    let n = x.dim(1);
    let x = even(&((x + turned(x)) * 0.5), true);
    let (all, half) = (x.dim(1), x.dim(1) / 2);
    let start = [x.clone(), identity(&x, all)];
    let order = places(&x, all)?;
    let steps = ROUNDS * all.saturating_sub(1);
    let (end, _) = x.builder().scan(steps, false, &start, &[], |both, _| {
        let matrix = &both[0];
        let b = matrix.builder();
        let on = b.iota(DType::I32, [all, all], 0).equal(b.iota(DType::I32, [all, all], 1));
        let own = on.select(matrix, 0.0).sum(&[1], true);
        let corner = matrix.slice_axis(1, 0, half).slice_axis(2, half, all);
        let on = b.iota(DType::I32, [half, half], 0).equal(b.iota(DType::I32, [half, half], 1));
        let common = on.select(&corner, 0.0).sum(&[1], true);
        let turn = angles(&own.slice_axis(2, 0, half), &own.slice_axis(2, half, all), &common);
        let matrix = rotated(&turned(&rotated(matrix, &turn)), &turn);
        let matrix = matrix.gather(&order, 1).gather(&order, 2);
        (vec![matrix, rotated(&both[1], &turn).gather(&order, 2)], Vec::new())
    });
    let b = x.builder();
    let on = b.iota(DType::I32, [all, all], 0).equal(b.iota(DType::I32, [all, all], 1));
    let values = on.select(&end[0], 0.0).sum(&[1], false);
    let key = match added(&end[1], n) {
        Some(added) => added.select(&values.full_like(f64::INFINITY), &values),
        None => values.clone(),
    };
    let order = key.argsort(-1, false);
    let vectors = ordered(&end[1], &order).slice_axis(1, 0, n).slice_axis(2, 0, n);
    let values = ordered(&values.expand_dims(1), &order).squeeze(1).slice_axis(1, 0, n);
    Ok((values, vectors))
}

/// The parts of u · diag(s) · vᵀ: both sides whole, singular values in descending order.
struct Singular {
    u: Value,
    s: Value,
    v: Value,
}

impl Singular {
    fn of(matrices: &Matrices) -> Result<Singular> {
        if matrices.rows == 0 || matrices.columns == 0 {
            return Err(format!("expected matrices with numbers, got {}", matrices.all.shape()));
        }
        match matrices.rows >= matrices.columns {
            true => Singular::tall(&matrices.all),
            false => {
                let Singular { u, s, v } = Singular::tall(&turned(&matrices.all))?;
                Ok(Singular { u: v, s, v: u })
            }
        }
    }

    /// Of matrices that are not wider than high.
    fn tall(x: &Value) -> Result<Singular> {
        let n = x.dim(2);
        let x = even(x, false);
        let (all, half) = (x.dim(2), x.dim(2) / 2);
        let order = places(&x, all)?;
        let start = [x.clone(), identity(&x, all)];
        let steps = ROUNDS * all.saturating_sub(1);
        let (end, _) = x.builder().scan(steps, false, &start, &[], |both, _| {
            let (a, b) = (both[0].slice_axis(2, 0, half), both[0].slice_axis(2, half, all));
            let squares = |x: &Value| x.square().sum(&[1], true);
            let turn = angles(&squares(&a), &squares(&b), &(a * b).sum(&[1], true));
            let next = |x: &Value| rotated(x, &turn).gather(&order, 2);
            (vec![next(&both[0]), next(&both[1])], Vec::new())
        });
        // Of the columns that are left, as long as the singular values, an odd one out is the last.
        let squares = end[0].square().sum(&[1], false);
        let key = match added(&end[1], n) {
            Some(added) => added.select(&squares.full_like(-1.0), &squares),
            None => squares,
        };
        let order = key.argsort(-1, true);
        let columns = ordered(&end[0], &order).slice_axis(2, 0, n);
        let v = ordered(&end[1], &order).slice_axis(1, 0, n).slice_axis(2, 0, n);
        // Orthogonal columns are reflected to their own directions, and the rest to what is left.
        let (u, r) = reflected(&columns);
        let b = r.builder();
        let on = b.iota(DType::I32, [r.dim(1), n], 0).equal(b.iota(DType::I32, [r.dim(1), n], 1));
        let lengths = on.select(&r, 0.0).sum(&[1], true);
        let sign = lengths.less(0.0).select(&lengths.full_like(-1.0), 1.0);
        let rest = u.slice_axis(2, n, u.dim(2));
        let u = b.concat(&[u.slice_axis(2, 0, n) * &sign, rest], 2);
        Ok(Singular { u, s: lengths.abs().squeeze(1), v })
    }

    fn values(&self, matrices: &Matrices) -> Value {
        self.s.reshape([&matrices.batch[..], &[self.s.dim(1)]].concat())
    }

    /// v · s⁻¹ · uᵀ, where singular values below so much of the largest count as 0.
    fn inverse(&self, limit: f64) -> Value {
        let short = self.s.dim(1);
        let large = self.s.greater(self.s.max(&[-1], true) * limit);
        let inverse = large.select(&(1.0 / large.select(&self.s, 1.0)), 0.0).expand_dims(1);
        let (u, v) = (self.u.slice_axis(2, 0, short), self.v.slice_axis(2, 0, short));
        (v * inverse).matmul(&turned(&u))
    }
}
