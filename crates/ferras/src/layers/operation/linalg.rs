//! Linear algebra: loops over the rows of matrices, for batches of them. A gradient goes through every
//! step as through any other loop.
use super::arguments::{Given, floated};
use super::table::{Outcome, operations};
use ferras_graph::{Builder, DType, Value};

type Result<T> = std::result::Result<T, String>;

operations! {
    "ops.linalg" {
        Cholesky(x)[upper] => |g| {
            let matrices = Matrices::square(g, "x")?;
            let lower = cholesky(&matrices.all);
            Ok(vec![matrices.back(&if g.flag("upper") { turned(&lower) } else { lower })])
        };
        CholeskyInverse(x)[upper] => |g| {
            let matrices = Matrices::square(g, "x")?;
            let factor = triangle(&matrices.all, !g.flag("upper"));
            let product = match g.flag("upper") {
                true => turned(&factor).matmul(&factor),
                false => factor.matmul(&turned(&factor)),
            };
            Ok(vec![matrices.back(&inverse(&product))])
        };
        Det(x) => |g| {
            let matrices = Matrices::square(g, "x")?;
            let (sign, pivots) = pivots(&matrices.all);
            Ok(vec![matrices.scalars(&(sign * pivots.prod(&[0], false)))])
        };
        Inv(x) => |g| {
            let matrices = Matrices::square(g, "x")?;
            Ok(vec![matrices.back(&inverse(&matrices.all))])
        };
        Solve(a, b) => |g| {
            let matrices = Matrices::square(g, "a")?;
            matrices.solved(&g.value("b")?, &matrices.all)
        };
        SolveTriangular(a, b)[lower] => |g| {
            let matrices = Matrices::square(g, "a")?;
            matrices.solved(&g.value("b")?, &triangle(&matrices.all, g.flag("lower")))
        };
        LuFactor(x) => |g| {
            let matrices = Matrices::square(g, "x")?;
            let factors = factors(&matrices.all);
            let rows = [&matrices.batch[..], &[matrices.rows]].concat();
            Ok(vec![matrices.back(&factors.both), factors.places.transpose(&[1, 0]).reshape(rows)])
        };
        Qr(x)[mode] => |g| {
            let matrices = Matrices::of(g, "x")?;
            let (q, r) = reflected(&matrices.all);
            let short = matrices.rows.min(matrices.columns);
            match g.own("mode").as_str().unwrap_or("reduced") {
                "reduced" => Ok(vec![
                    matrices.back(&q.slice_axis(2, 0, short)),
                    matrices.back(&r.slice_axis(1, 0, short)),
                ]),
                "complete" => Ok(vec![matrices.back(&q), matrices.back(&r)]),
                other => Err(format!("mode must be \"reduced\" or \"complete\", got {other:?}")),
            }
        };
    }
    "ops.numpy" {
        Slogdet(x) => |g| {
            let matrices = Matrices::square(g, "x")?;
            let (sign, size) = sign_and_logarithm(&matrices.all);
            Ok(vec![matrices.scalars(&sign), matrices.scalars(&size)])
        };
    }
    "ops.math" {
        Logdet(x) => |g| {
            let matrices = Matrices::square(g, "x")?;
            Ok(vec![matrices.scalars(&sign_and_logarithm(&matrices.all).1)])
        };
    }
}

/// Matrices of floats, `(all, rows, columns)`, and what the axes in front were.
pub(super) struct Matrices {
    pub(super) all: Value,
    pub(super) batch: Vec<usize>,
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Matrices {
    pub(super) fn of(g: &Given<'_>, name: &str) -> Result<Matrices> {
        let x = floated(g.value(name)?);
        let [batch @ .., rows, columns] = &x.shape()[..] else {
            return Err(format!("expected matrices, got shape {}", x.shape()));
        };
        let (batch, rows, columns) = (batch.to_vec(), *rows, *columns);
        let all = x.reshape([batch.iter().product(), rows, columns]);
        Ok(Matrices { all, batch, rows, columns })
    }

    pub(super) fn square(g: &Given<'_>, name: &str) -> Result<Matrices> {
        let matrices = Matrices::of(g, name)?;
        match matrices.rows == matrices.columns {
            true => Ok(matrices),
            false => {
                let (rows, columns) = (matrices.rows, matrices.columns);
                Err(format!("expected square matrices, got {rows} rows and {columns} columns"))
            }
        }
    }

    /// Matrices with the axes in front again.
    pub(super) fn back(&self, all: &Value) -> Value {
        all.reshape([&self.batch[..], &all.shape()[1..]].concat())
    }

    /// How many rows or columns there are, whatever is more.
    pub(super) fn longer(&self) -> f64 {
        self.rows.max(self.columns) as f64
    }

    /// The distance of 1 to the next number of the matrices' type.
    pub(super) fn epsilon(&self) -> f64 {
        match self.all.dtype() {
            DType::F64 => f64::EPSILON,
            _ => f64::from(f32::EPSILON),
        }
    }

    /// A number for each matrix.
    pub(super) fn scalars(&self, all: &Value) -> Value {
        all.reshape(self.batch.clone())
    }

    /// What times these matrices is `b`, whose last two axes are matrices or whose last one is a vector.
    fn solved(&self, b: &Value, all: &Value) -> Outcome {
        let b = floated(b.clone());
        let vectors = b.rank() == self.batch.len() + 1;
        let table = if vectors { b.expand_dims(-1) } else { b.clone() };
        let fits = table.rank() == self.batch.len() + 2
            && table.shape()[..self.batch.len()] == self.batch[..]
            && table.dim(-2) == self.rows;
        if !fits {
            let (rows, found) = (self.rows, b.shape());
            return Err(format!("b must have {rows} rows for each matrix of a, got {found}"));
        }
        let count: usize = self.batch.iter().product();
        let table = table.reshape([count, self.rows, table.dim(-1)]);
        let found = self.back(&solve(all, &table));
        Ok(vec![if vectors { found.squeeze(-1) } else { found }])
    }
}

pub(super) fn turned(x: &Value) -> Value {
    x.transpose(&[0, 2, 1])
}

/// What is on one side of the diagonal, and the diagonal.
fn triangle(x: &Value, lower: bool) -> Value {
    let shape = [x.dim(1), x.dim(2)];
    let (row, column) =
        (x.builder().iota(DType::I32, shape, 0), x.builder().iota(DType::I32, shape, 1));
    let kept = if lower { column.less_equal(row) } else { column.greater_equal(row) };
    kept.select(x, 0.0)
}

/// For each of so many steps the number of the step.
fn counted(b: &Builder, steps: usize) -> Value {
    b.iota(DType::I32, [steps], 0)
}

/// L of L · Lᵀ, column by column: what is found of a column is taken off all others.
fn cholesky(x: &Value) -> Value {
    let (batch, n, b) = (x.dim(0), x.dim(1), x.builder().clone());
    let row = b.iota(DType::I32, [n], 0);
    let (_, columns) =
        b.scan(n, false, std::slice::from_ref(x), &[counted(&b, n)], |rest, step| {
            let own = row.equal(&step[0]).cast(x.dtype());
            let column = (&rest[0] * &own).sum(&[2], false);
            let pivot = (&column * &own).sum(&[1], true).sqrt();
            let column = row.greater_equal(&step[0]).select(&(column / pivot), 0.0);
            let rest = &rest[0] - column.expand_dims(2) * column.expand_dims(1);
            (vec![rest], vec![column])
        });
    columns[0].transpose(&[1, 2, 0]).reshape([batch, n, n])
}

/// Rows of which those numbered `k` and `p` have changed places.
fn swapped(x: &Value, is_k: &Value, is_p: &Value) -> Value {
    let (is_k, is_p) = (is_k.expand_dims(-1), is_p.expand_dims(-1));
    let pick = |own: &Value| own.select(x, 0.0).sum(&[1], true);
    is_k.select(&pick(&is_p), is_p.select(&pick(&is_k), x))
}

/// A step of elimination: which row is `k`, which has the largest number of column `k` at or below it,
/// and the rows with both in each other's place.
fn pivoted(x: &Value, columns: usize, k: &Value) -> (Value, Value, Value) {
    let n = x.dim(1);
    let b = x.builder();
    let row = b.iota(DType::I32, [n], 0);
    let is_k = row.equal(k).broadcast_to([x.dim(0), n]);
    let in_column = b.iota(DType::I32, [columns], 0).equal(k);
    let column = in_column.select(x, 0.0).sum(&[2], false);
    let size = row.greater_equal(k).select(&column.abs(), -1.0);
    let place = size.argmax(1).cast(DType::I32);
    let is_p = row.equal(place.expand_dims(-1));
    let new = swapped(x, &is_k, &is_p);
    (is_k, place, new)
}

fn not_zero(x: &Value) -> Value {
    x.equal(0.0).select(&x.full_like(1.0), x)
}

/// The solution of a · x = b, by Gauss and Jordan with the largest pivot of each column.
fn solve(a: &Value, b: &Value) -> Value {
    let dtype = a.dtype().promote(b.dtype());
    let (n, builder) = (a.dim(1), a.builder().clone());
    let table = builder.concat(&[a.cast(dtype), b.cast(dtype)], 2);
    let width = table.dim(2);
    let (end, _) = builder.scan(n, false, &[table], &[counted(&builder, n)], |rest, step| {
        let (is_k, _, table) = pivoted(&rest[0], width, &step[0]);
        let is_k = is_k.expand_dims(-1);
        let in_column = table.builder().iota(DType::I32, [width], 0).equal(&step[0]);
        let own = is_k.select(&table, 0.0).sum(&[1], true);
        let pivot = in_column.select(&own, 0.0).sum(&[2], true);
        let own = own / pivot;
        let column = in_column.select(&table, 0.0).sum(&[2], true);
        (vec![is_k.select(&own, &table - column * &own)], Vec::new())
    });
    end[0].slice_axis(2, n, width)
}

fn inverse(x: &Value) -> Value {
    let n = x.dim(1);
    let b = x.builder();
    let one = b.iota(DType::I32, [n, n], 0).equal(b.iota(DType::I32, [n, n], 1)).cast(x.dtype());
    solve(x, &one.broadcast_to([x.dim(0), n, n]))
}

/// L below the diagonal and R on and above it, and with which row each row changed places,
/// `(rows, all)`.
struct Factors {
    both: Value,
    places: Value,
}

fn factors(x: &Value) -> Factors {
    let (n, b) = (x.dim(1), x.builder().clone());
    let (end, places) =
        b.scan(n, false, std::slice::from_ref(x), &[counted(&b, n)], |rest, step| {
            let (is_k, place, table) = pivoted(&rest[0], n, &step[0]);
            let column_number = table.builder().iota(DType::I32, [n], 0);
            let in_column = column_number.equal(&step[0]);
            let own = is_k.expand_dims(-1).select(&table, 0.0).sum(&[1], true);
            let pivot = in_column.select(&own, 0.0).sum(&[2], true);
            let column = in_column.select(&table, 0.0).sum(&[2], true);
            let under = column_number.greater(&step[0]).reshape([n, 1]);
            let factor = under.select(&(column / not_zero(&pivot)), 0.0);
            let behind = column_number.greater(&step[0]).select(&own, 0.0);
            let table = &table - &factor * behind;
            let table = in_column.and(&under).select(&factor, table);
            (vec![table], vec![place])
        });
    Factors { both: end[0].clone(), places: places[0].clone() }
}

/// The sign that exchanged rows give, and the numbers of the diagonal of R, `(rows, all)`.
fn pivots(x: &Value) -> (Value, Value) {
    let Factors { both, places } = factors(x);
    let n = x.dim(1);
    let b = x.builder();
    let on = b.iota(DType::I32, [n, n], 0).equal(b.iota(DType::I32, [n, n], 1));
    let diagonal = on.select(&both, 0.0).sum(&[2], false).transpose(&[1, 0]);
    let moved = places.not_equal(b.iota(DType::I32, [n, 1], 0)).cast(x.dtype());
    ((moved * -2.0 + 1.0).prod(&[0], false), diagonal)
}

fn sign_and_logarithm(x: &Value) -> (Value, Value) {
    let (sign, pivots) = pivots(x);
    (sign * pivots.sign().prod(&[0], false), pivots.abs().log().sum(&[0], false))
}

/// Q and R by Householder's reflections, with the signs that LAPACK gives.
pub(super) fn reflected(x: &Value) -> (Value, Value) {
    let (batch, m, n, b) = (x.dim(0), x.dim(1), x.dim(2), x.builder().clone());
    let one = b.iota(DType::I32, [m, m], 0).equal(b.iota(DType::I32, [m, m], 1)).cast(x.dtype());
    let start = [one.broadcast_to([batch, m, m]), x.clone()];
    let steps = m.min(n);
    let (end, _) = b.scan(steps, false, &start, &[counted(&b, steps)], |both, step| {
        let b = step[0].builder();
        let row = b.iota(DType::I32, [m], 0);
        let column = b.iota(DType::I32, [n], 0).equal(&step[0]);
        let column = column.select(&both[1], 0.0).sum(&[2], false);
        let own = row.equal(&step[0]);
        let (first, under) = (own.select(&column, 0.0), row.greater(&step[0]).select(&column, 0.0));
        let head = first.sum(&[1], true);
        let rest = under.square().sum(&[1], true);
        let nothing = rest.equal(0.0);
        let length = (head.square() + nothing.select(&rest.full_like(1.0), &rest)).sqrt();
        let length = head.less(0.0).select(&length, length.negative());
        // v = column − length · e, as long as there is something to reflect.
        let v = &under + own.select(&(&head - &length), 0.0);
        let size = not_zero(&v.square().sum(&[1], true));
        let v_scaled = nothing.select(&v.full_like(0.0), &v * 2.0 / size);
        let (v, v_scaled) = (v.expand_dims(2), v_scaled.expand_dims(2));
        let q = &both[0] - both[0].matmul(&v).matmul(&turned(&v_scaled));
        let r = &both[1] - v_scaled.matmul(&turned(&v).matmul(&both[1]));
        (vec![q, r], Vec::new())
    });
    (end[0].clone(), triangle(&end[1], false))
}
