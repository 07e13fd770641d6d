//! The inner loops of reductions of float32, on registers.
use super::fold::{Join, Largest, Product, Smallest, Sum};
use crate::kernels::simd::Simd;

/// A way to make one of two, lane by lane.
pub(super) trait Lanewise: Join<f32> {
    unsafe fn both<S: Simd>(a: S::V, b: S::V) -> S::V;
}

macro_rules! lanewise {
    ($($kind:ident $method:ident;)*) => {
        $(impl Lanewise for $kind {
            #[inline(always)]
            unsafe fn both<S: Simd>(a: S::V, b: S::V) -> S::V {
                // SAFETY: a register operation; the features are the caller's.
                unsafe { S::$method(a, b) }
            }
        })*
    };
}
lanewise! { Sum add; Product mul; Largest max; Smallest min; }

/// One number of a row: two registers side by side, then lane by lane, then the rest in order.
#[inline(always)]
unsafe fn row<S: Simd, J: Lanewise>(from: *const f32, n: usize) -> f32 {
    let (mut at, mut all) = (0, J::NEUTRAL);
    // SAFETY: the caller owns n floats; the array holds the widest register.
    unsafe {
        if n >= 2 * S::LANES {
            let (mut a, mut b) = (S::load(from), S::load(from.add(S::LANES)));
            at = 2 * S::LANES;
            while at + 2 * S::LANES <= n {
                a = J::both::<S>(a, S::load(from.add(at)));
                b = J::both::<S>(b, S::load(from.add(at + S::LANES)));
                at += 2 * S::LANES;
            }
            let mut lanes = [0.0_f32; 16];
            S::store(lanes.as_mut_ptr(), J::both::<S>(a, b));
            let mut width = S::LANES;
            while width > 1 {
                width /= 2;
                for i in 0..width {
                    lanes[i] = J::join(lanes[i], lanes[i + width]);
                }
            }
            all = lanes[0];
        }
        while at < n {
            all = J::join(all, *from.add(at));
            at += 1;
        }
    }
    all
}

#[inline(always)]
pub(super) unsafe fn rows<S: Simd, J: Lanewise>(
    to: *mut u8,
    from: *const u8,
    n: usize,
    len: usize,
) {
    let (to, from) = (to.cast::<f32>(), from.cast::<f32>());
    for i in 0..n {
        // SAFETY: the caller owns n × len floats and room for one a row.
        unsafe { *to.add(i) = row::<S, J>(from.add(i * len), len) };
    }
}

#[inline(always)]
pub(super) unsafe fn run<S: Simd, J: Lanewise + Join<f64>>(
    acc: *mut u8,
    from: *const u8,
    n: usize,
) {
    // SAFETY: the caller owns the accumulator and n floats.
    unsafe {
        let acc = acc.cast::<f64>();
        let tile = f64::from(row::<S, J>(from.cast(), n));
        *acc = <J as Join<f64>>::join(*acc, tile);
    }
}

/// `V` registers of columns from the first row down.
#[inline(always)]
unsafe fn strip<S: Simd, J: Lanewise, const V: usize>(
    acc: *mut f32,
    from: *const f32,
    rows: usize,
    step: usize,
) {
    // SAFETY: the caller owns V registers of accumulators and of each row.
    unsafe {
        let mut sum = [S::splat(0.0); V];
        for (v, s) in sum.iter_mut().enumerate() {
            *s = S::load(from.add(v * S::LANES));
        }
        for r in 1..rows {
            for (v, s) in sum.iter_mut().enumerate() {
                *s = J::both::<S>(*s, S::load(from.add(r * step + v * S::LANES)));
            }
        }
        for (v, s) in sum.iter().enumerate() {
            let place = acc.add(v * S::LANES);
            S::store(place, J::both::<S>(S::load(place), *s));
        }
    }
}

#[inline(always)]
pub(super) unsafe fn columns<S: Simd, J: Lanewise>(
    acc: *mut u8,
    from: *const u8,
    rows: usize,
    cols: usize,
) {
    let (acc, from) = (acc.cast::<f32>(), from.cast::<f32>());
    let mut c = 0;
    // SAFETY: the caller owns rows × cols floats and one accumulator a column.
    unsafe {
        while c + 4 * S::LANES <= cols {
            strip::<S, J, 4>(acc.add(c), from.add(c), rows, cols);
            c += 4 * S::LANES;
        }
        while c + S::LANES <= cols {
            strip::<S, J, 1>(acc.add(c), from.add(c), rows, cols);
            c += S::LANES;
        }
        if c < cols {
            let (left, mask) = (cols - c, S::first(cols - c));
            let mut sum = S::load_masked(from.add(c), mask);
            for r in 1..rows {
                sum = J::both::<S>(sum, S::load_masked(from.add(r * cols + c), mask));
            }
            let old = S::load_masked(acc.add(c), mask);
            S::store_first(acc.add(c), J::both::<S>(old, sum), left);
        }
    }
}

/// The loops for each instruction set.
macro_rules! versions {
    ($name:ident $simd:ty, $(#[$attr:meta])*) => {
        pub(super) mod $name {
            use super::{Join, Lanewise};
            $(#[$attr])*
            pub unsafe fn rows<J: Lanewise>(to: *mut u8, from: *const u8, n: usize, len: usize) {
                // SAFETY: the contract is the caller's.
                unsafe { super::rows::<$simd, J>(to, from, n, len) }
            }
            $(#[$attr])*
            pub unsafe fn run<J: Lanewise + Join<f64>>(acc: *mut u8, from: *const u8, n: usize) {
                // SAFETY: the contract is the caller's.
                unsafe { super::run::<$simd, J>(acc, from, n) }
            }
            $(#[$attr])*
            pub unsafe fn columns<J: Lanewise>(
                acc: *mut u8, from: *const u8, rows: usize, cols: usize,
            ) {
                // SAFETY: the contract is the caller's.
                unsafe { super::columns::<$simd, J>(acc, from, rows, cols) }
            }
        }
    };
}

versions!(plain crate::kernels::simd::portable::Portable,);
#[cfg(target_arch = "x86_64")]
versions!(avx2 crate::kernels::simd::avx2::Avx2, #[target_feature(enable = "avx2,fma")]);
#[cfg(target_arch = "x86_64")]
versions!(avx512 crate::kernels::simd::avx512::Avx512,
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]);
