//! Cases of the ops that work element by element.
use super::case::{Case, Tolerance, epsilon};
use super::data::{FLOATS, seed_of, shapes};
use crate::ir::{Binary, Compare, Op, Unary};
use crate::{Builder, DType, Result, Shape, Tensor, TensorType};

type Run<'a> = &'a mut dyn FnMut(Result<Case>);

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

const UNARY: [Unary; 25] = [
    Unary::Neg,
    Unary::Abs,
    Unary::Sign,
    Unary::Floor,
    Unary::Ceil,
    Unary::Round,
    Unary::Exp,
    Unary::Expm1,
    Unary::Log,
    Unary::Log1p,
    Unary::Sqrt,
    Unary::Rsqrt,
    Unary::Sin,
    Unary::Cos,
    Unary::Tan,
    Unary::Asin,
    Unary::Acos,
    Unary::Atan,
    Unary::Tanh,
    Unary::Sigmoid,
    Unary::Erf,
    Unary::ErfInv,
    Unary::LogGamma,
    Unary::Not,
    Unary::IsFinite,
];

const BINARY: [Binary; 14] = [
    Binary::Add,
    Binary::Sub,
    Binary::Mul,
    Binary::Div,
    Binary::Rem,
    Binary::Pow,
    Binary::Max,
    Binary::Min,
    Binary::Atan2,
    Binary::And,
    Binary::Or,
    Binary::Xor,
    Binary::Shl,
    Binary::Shr,
];

const COMPARE: [Compare; 6] =
    [Compare::Eq, Compare::Ne, Compare::Lt, Compare::Le, Compare::Gt, Compare::Ge];

pub(super) fn cases(run: Run<'_>) {
    for shape in shapes() {
        for dtype in DType::ALL {
            let ty = TensorType::new(dtype, shape.clone());
            UNARY.into_iter().for_each(|f| unary(f, &ty, run));
            BINARY.into_iter().for_each(|f| binary(f, &ty, run));
            COMPARE.into_iter().for_each(|f| pair(Op::Compare(f), &ty, Tolerance::EXACT, run));
            select(&ty, run);
            DType::ALL.into_iter().for_each(|to| cast(&ty, to, run));
            constant(&ty, run);
        }
    }
    broadcast(run);
}

/// Whether the op is defined for the type, which inference decides.
fn defined(op: &Op, ty: &TensorType, operands: usize) -> bool {
    crate::infer(op, &vec![ty; operands]).is_ok()
}

fn unary(f: Unary, ty: &TensorType, run: Run<'_>) {
    let op = Op::Unary(f);
    if !defined(&op, ty, 1) {
        return;
    }
    let (low, high) = match f {
        Unary::Exp | Unary::Expm1 | Unary::Sigmoid => (-8.0, 8.0),
        Unary::Log | Unary::Log1p | Unary::Sqrt | Unary::Rsqrt => (-1.0, 50.0),
        Unary::Tan => (-1.4, 1.4),
        Unary::Asin | Unary::Acos | Unary::ErfInv => (-1.05, 1.05),
        Unary::Erf | Unary::Tanh => (-4.0, 4.0),
        Unary::LogGamma => (-3.4, 20.0),
        _ => (-30.0, 30.0),
    };
    let mut draw = seed_of(&op, ty);
    let x = match ty.dtype {
        d if d.is_float() => {
            let halves = [0.5, -0.5, 1.5, 2.5, 1e-4, -1e-4, 100.0, -100.0];
            let mut salt = vec![NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0];
            salt.extend(halves);
            draw.salted(ty, (low, high), &salt)
        }
        DType::Bool => draw.grid(ty),
        _ => draw.salted(ty, (-3e9, 3e9), &[0.0, 1.0, -1.0, 255.0, -2_147_483_648.0, -1e30]),
    };
    run(Case::of_op(op, vec![x], unary_tolerance(f, ty.dtype)));
}

/// In units of the last place. Of 16-bit floats one, as they are computed in float32.
fn unary_tolerance(f: Unary, dtype: DType) -> Tolerance {
    let (ulps, floor) = match f {
        Unary::Neg | Unary::Abs | Unary::Sign | Unary::Floor | Unary::Ceil | Unary::Round => {
            return Tolerance::EXACT;
        }
        Unary::Sqrt | Unary::Not | Unary::IsFinite => return Tolerance::EXACT,
        // Near the zeros of these only the absolute error can be small.
        Unary::Sin | Unary::Cos => (4.0, 2.0),
        Unary::Log | Unary::Acos => (4.0, 1.0),
        Unary::Tan => (8.0, 0.0),
        Unary::Erf | Unary::Asin => (8.0, 0.0),
        Unary::ErfInv => (64.0, 0.0),
        Unary::LogGamma => (64.0, 64.0),
        _ => (4.0, 0.0),
    };
    let narrow = matches!(dtype, DType::F16 | DType::BF16);
    // Results below the least normal number may be flushed to 0.
    let least = match dtype {
        DType::F16 => 6.2e-5,
        DType::F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
    };
    let eps = epsilon(if narrow { DType::F32 } else { dtype });
    let relative = if narrow { epsilon(dtype) } else { ulps * eps };
    Tolerance { absolute: floor * eps + least, relative }
}

fn binary(f: Binary, ty: &TensorType, run: Run<'_>) {
    let tolerance = match f {
        Binary::Pow if ty.dtype == DType::F32 => Tolerance::ulps(ty.dtype, 16.0),
        Binary::Pow | Binary::Atan2 if matches!(ty.dtype, DType::F16 | DType::BF16) => {
            Tolerance::ulps(ty.dtype, 1.0)
        }
        Binary::Pow | Binary::Atan2 => Tolerance::ulps(ty.dtype, 4.0),
        _ => Tolerance::EXACT,
    };
    pair(Op::Binary(f), ty, tolerance, run);
}

/// Two operands in which each remarkable number meets each other.
fn pair(op: Op, ty: &TensorType, tolerance: Tolerance, run: Run<'_>) {
    if !defined(&op, ty, 2) {
        return;
    }
    let salt: &[f64] = match ty.dtype {
        d if d.is_float() => &[NAN, INF, -INF, 0.0, -0.0, 1.0, -2.5, 3.0],
        DType::Bool => &[0.0, 1.0],
        // The extremes of each type, by saturation.
        _ => &[0.0, 1.0, -1.0, 2.0, -3.0, 31.0, 64.0, 1e30, -1e30],
    };
    let mut draw = seed_of(&op, ty);
    let n = salt.len();
    let range = if ty.dtype.is_float() { 4.0 } else { 100.0 };
    let mut operand = |place: &dyn Fn(usize) -> usize| {
        draw.fill(ty, |d, i| match salt.get(place(i)) {
            Some(&v) if i < n * n => v,
            _ if ty.dtype == DType::Bool => f64::from(d.chance(0.5)),
            _ => (d.unit() - 0.5) * 2.0 * range,
        })
    };
    let (a, b) = (operand(&|i| i % n), operand(&|i| i / n));
    run(Case::of_op(op, vec![a, b], tolerance));
}

fn select(ty: &TensorType, run: Run<'_>) {
    let mut draw = seed_of(&Op::Select, ty);
    let c = draw.grid(&TensorType::new(DType::Bool, ty.shape.clone()));
    let (a, b) = (draw.grid(ty), draw.grid(ty));
    run(Case::of_op(Op::Select, vec![c, a, b], Tolerance::EXACT));
}

fn cast(ty: &TensorType, to: DType, run: Run<'_>) {
    let op = Op::Cast(to);
    let mut draw = seed_of(&op, ty);
    let salt = [NAN, INF, -INF, 0.0, -0.0, 0.5, -1.5, 300.0, -3e9, 3e9, 1e20, -1e20];
    let x = draw.salted(ty, (-300.0, 300.0), &salt);
    // Ways through float64 round twice where the straight one rounds once.
    let tolerance = if to.is_float() { Tolerance::ulps(to, 1.0) } else { Tolerance::EXACT };
    run(Case::of_op(op, vec![x], tolerance));
}

/// A constant fetched as it is, and one beside a feed.
fn constant(ty: &TensorType, run: Run<'_>) {
    let mut draw = seed_of(&Op::Feed, ty);
    let (data, x) = (draw.grid(ty), draw.grid(ty));
    run(Case::of_op(Op::Constant(data.clone()), Vec::new(), Tolerance::EXACT));
    let b = Builder::new();
    let y = b.feed("x", ty.clone()).maximum(b.constant(data));
    run(b.finish(&[y], &[]).map(|graph| Case {
        name: format!("maximum with a constant of {ty}"),
        graph,
        feeds: vec![x],
        states: Vec::new(),
        tolerances: Vec::new(),
    }));
}

/// Operands that broadcast against each other before an op, as nearly all of them do.
fn broadcast(run: Run<'_>) {
    let pairs: [(&[usize], &[usize]); 12] = [
        (&[], &[5, 3]),
        (&[1], &[1025]),
        (&[3], &[5, 3]),
        (&[5, 1], &[5, 3]),
        (&[5, 1], &[1, 7]),
        (&[4, 1, 6], &[5, 1]),
        (&[1, 1], &[0, 3]),
        (&[257, 1], &[257, 131]),
        (&[131], &[257, 131]),
        (&[1, 17, 1], &[33, 17, 40]),
        (&[8, 8, 1, 16], &[8, 1, 5, 16]),
        (&[1, 1, 1, 3], &[2, 9, 9, 3]),
    ];
    for (left, right) in pairs {
        for dtype in FLOATS.into_iter().chain([DType::I32, DType::U8]) {
            let ty = |s: &[usize]| TensorType::new(dtype, Shape::from(s));
            let mut draw = seed_of(&Op::Broadcast(right.into()), &ty(left));
            let (a, c) = (draw.grid(&ty(left)), draw.grid(&ty(right)));
            run(chain_of(a.clone(), c.clone()));
            run(chain_of(c, a));
        }
    }
}

/// (a − b) · max(a, b) where a < b, else b: exact on the grid.
fn chain_of(x: Tensor, y: Tensor) -> Result<Case> {
    let builder = Builder::new();
    let (a, b) = (builder.feed("a", x.ty()), builder.feed("b", y.ty()));
    let product = (&a - &b) * a.maximum(&b);
    let result = a.less(&b).select(&product, &b);
    let tolerance = Tolerance::ulps(x.dtype(), 1.0);
    Ok(Case {
        name: format!("broadcast {} with {}", x.ty(), y.ty()),
        graph: builder.finish(&[result], &[])?,
        feeds: vec![x, y],
        states: Vec::new(),
        tolerances: vec![tolerance],
    })
}
