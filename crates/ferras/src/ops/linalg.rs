//! Linear algebra and Fourier transforms.
use super::functions::{functions, listed_several, several};
use crate::ops::Setting;
use ferras_graph::Value;

functions! {
    /// L of L · Lᵀ = x, or its transpose with `upper`.
    cholesky = Cholesky(x; upper);
    /// The inverse of the matrix whose factor x is.
    cholesky_inverse = CholeskyInverse(x; upper);
    /// Determinants.
    det = Det(x);
    /// Inverses.
    inv = Inv(x);
    /// The logarithms of determinants' sizes.
    logdet = Logdet(x);
    /// What times `a` is `b`.
    solve = Solve(a, b);
    /// What times a triangular `a` is `b`.
    solve_triangular = SolveTriangular(a, b; lower);
    /// What times `a` is as near to `b` as can be, the shortest of all that are; singular values below
    /// `rcond` of the largest count as 0.
    lstsq = Lstsq(a, b; rcond);
    /// How many singular values are above `tol`, or above what rounding leaves if `()`.
    matrix_rank = MatrixRank(x; tol);
    /// The pseudoinverses of Moore and Penrose; singular values below `rcond` of the largest count as 0.
    pinv = Pinv(x; rcond);
}

/// The eigenvalues of symmetric matrices in ascending order, and their vectors as columns, whose signs
/// are arbitrary.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let parts = ops::eigh(&Builder::new().full(DType::F32, [5, 3, 3], 1.0));
/// assert_eq!((parts[0].shape().to_string(), parts[1].shape().to_string()), ("(5, 3)".into(), "(5, 3, 3)".into()));
/// ```
#[track_caller]
pub fn eigh(x: &Value) -> Vec<Value> {
    several("Eigh", x, Vec::new())
}

/// u, singular values in descending order, and vᵀ of x = u · diag(s) · vᵀ; the values alone without
/// `compute_uv`. With `full_matrices` u and v are square, otherwise they have as many columns as there
/// are values. The signs of columns are arbitrary.
#[track_caller]
pub fn svd(x: &Value, full_matrices: impl Setting, compute_uv: impl Setting) -> Vec<Value> {
    let settings = vec![("full_matrices", full_matrices.into()), ("compute_uv", compute_uv.into())];
    several("SVD", x, settings)
}

/// The signs of determinants and the logarithms of their sizes.
#[track_caller]
pub fn slogdet(x: &Value) -> Vec<Value> {
    several("Slogdet", x, Vec::new())
}

/// L below the diagonal with R on and above it, and with which row each row changed places.
#[track_caller]
pub fn lu_factor(x: &Value) -> Vec<Value> {
    several("LuFactor", x, Vec::new())
}

/// Q, whose columns are orthogonal, and the triangle R of Q · R = x; `mode` is `"reduced"` or
/// `"complete"`.
#[track_caller]
pub fn qr(x: &Value, mode: impl Setting) -> Vec<Value> {
    several("Qr", x, vec![("mode", mode.into())])
}

/// The Fourier transform along the last axis. Complex numbers are two values here, as in Keras: real
/// and imaginary parts.
#[track_caller]
pub fn fft(x: &[Value; 2]) -> Vec<Value> {
    listed_several("FFT", x, Vec::new())
}

/// The Fourier transform along the last two axes.
#[track_caller]
pub fn fft2(x: &[Value; 2]) -> Vec<Value> {
    listed_several("FFT2", x, Vec::new())
}

/// The inverse of [`fft2`].
#[track_caller]
pub fn ifft2(x: &[Value; 2]) -> Vec<Value> {
    listed_several("IFFT2", x, Vec::new())
}

/// The first half of the Fourier transform of real numbers, of which so many count: all if `()`.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let x = Builder::new().full(DType::F32, [3, 16], 1.0);
/// let parts = ops::rfft(&x, ());
/// assert_eq!(parts[0].shape().to_string(), "(3, 9)");
/// ```
#[track_caller]
pub fn rfft(x: &Value, fft_length: impl Setting) -> Vec<Value> {
    several("RFFT", x, vec![("fft_length", fft_length.into())])
}

/// The inverse of [`rfft`]; as many numbers as it was given if `()`, of which they were even.
#[track_caller]
pub fn irfft(x: &[Value; 2], fft_length: impl Setting) -> Value {
    listed_several("IRFFT", x, vec![("fft_length", fft_length.into())]).swap_remove(0)
}

/// The Fourier transforms of windows that move along a signal, `(…, windows, fft_length / 2 + 1)`;
/// `window` is `"hann"`, `"hamming"`, `()` or a list of numbers.
#[track_caller]
pub fn stft(
    x: &Value,
    sequence_length: usize,
    sequence_stride: usize,
    fft_length: usize,
    window: impl Setting,
    center: bool,
) -> Vec<Value> {
    let settings = vec![
        ("sequence_length", sequence_length.into()),
        ("sequence_stride", sequence_stride.into()),
        ("fft_length", fft_length.into()),
        ("window", window.into()),
        ("center", center.into()),
    ];
    several("STFT", x, settings)
}

/// The signal whose [`stft`] this is, of `length` places unless `()`.
#[track_caller]
pub fn istft(
    x: &[Value; 2],
    sequence_length: usize,
    sequence_stride: usize,
    fft_length: usize,
    length: impl Setting,
    window: impl Setting,
    center: bool,
) -> Value {
    let settings = vec![
        ("sequence_length", sequence_length.into()),
        ("sequence_stride", sequence_stride.into()),
        ("fft_length", fft_length.into()),
        ("length", length.into()),
        ("window", window.into()),
        ("center", center.into()),
    ];
    listed_several("ISTFT", x, settings).swap_remove(0)
}
