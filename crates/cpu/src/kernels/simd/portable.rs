//! Plain arrays: what the compiler makes of them is the vector code of every other machine.
use super::Simd;

/// Four lanes of ordinary floats.
#[derive(Clone, Copy, Debug)]
pub struct Portable;

const L: usize = 4;

#[inline(always)]
fn map<T: Copy, U: Copy>(a: [T; L], f: impl Fn(T) -> U) -> [U; L] {
    [f(a[0]), f(a[1]), f(a[2]), f(a[3])]
}
#[inline(always)]
fn zip<T: Copy, U: Copy, W>(a: [T; L], b: [U; L], f: impl Fn(T, U) -> W) -> [W; L] {
    [f(a[0], b[0]), f(a[1], b[1]), f(a[2], b[2]), f(a[3], b[3])]
}

impl Simd for Portable {
    type V = [f32; L];
    type I = [i32; L];
    type M = [bool; L];
    const LANES: usize = L;

    #[inline(always)]
    unsafe fn splat(x: f32) -> [f32; L] {
        [x; L]
    }
    #[inline(always)]
    unsafe fn load(p: *const f32) -> [f32; L] {
        // SAFETY: the caller's pointer holds L floats; the array has the alignment of one.
        unsafe { *p.cast::<[f32; L]>() }
    }
    #[inline(always)]
    unsafe fn store(p: *mut f32, v: [f32; L]) {
        // SAFETY: as in `load`.
        unsafe { *p.cast::<[f32; L]>() = v }
    }
    #[inline(always)]
    unsafe fn first(n: usize) -> [bool; L] {
        [n > 0, n > 1, n > 2, n > 3]
    }
    #[inline(always)]
    unsafe fn load_masked(p: *const f32, m: [bool; L]) -> [f32; L] {
        // SAFETY: only the lanes of the mask are read, and those the caller vouches for.
        unsafe {
            if m == [true; L] {
                return Self::load(p);
            }
            let mut v = [0f32; L];
            for (i, lane) in v.iter_mut().enumerate() {
                if m[i] {
                    *lane = *p.add(i);
                }
            }
            v
        }
    }
    #[inline(always)]
    unsafe fn store_first(p: *mut f32, v: [f32; L], n: usize) {
        // SAFETY: the caller vouches for the first n lanes.
        unsafe { std::ptr::copy_nonoverlapping(v.as_ptr(), p, n.min(L)) }
    }
    #[inline(always)]
    unsafe fn fma(a: [f32; L], b: [f32; L], c: [f32; L]) -> [f32; L] {
        // Without the instruction, `mul_add` is a slow library call.
        let one = |x: f32, y: f32, z: f32| {
            if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
                x.mul_add(y, z)
            } else {
                x * y + z
            }
        };
        [one(a[0], b[0], c[0]), one(a[1], b[1], c[1]), one(a[2], b[2], c[2]), one(a[3], b[3], c[3])]
    }
    #[inline(always)]
    unsafe fn sqrt(a: [f32; L]) -> [f32; L] {
        map(a, |x| x.sqrt())
    }
    #[inline(always)]
    unsafe fn round(a: [f32; L]) -> [f32; L] {
        map(a, |x| x.round_ties_even())
    }
    #[inline(always)]
    unsafe fn floor(a: [f32; L]) -> [f32; L] {
        map(a, |x| x.floor())
    }
    #[inline(always)]
    unsafe fn ceil(a: [f32; L]) -> [f32; L] {
        map(a, |x| x.ceil())
    }
    #[inline(always)]
    unsafe fn transpose(
        src: *const f32,
        src_step: usize,
        dst: *mut f32,
        dst_step: usize,
        rows: usize,
        cols: usize,
    ) {
        // SAFETY: every place lies in the blocks the caller vouches for.
        unsafe {
            for r in 0..rows {
                for c in 0..cols {
                    *dst.add(c * dst_step + r) = *src.add(r * src_step + c);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn add(a: [f32; L], b: [f32; L]) -> [f32; L] {
        zip(a, b, |x, y| x + y)
    }
    #[inline(always)]
    unsafe fn sub(a: [f32; L], b: [f32; L]) -> [f32; L] {
        zip(a, b, |x, y| x - y)
    }
    #[inline(always)]
    unsafe fn mul(a: [f32; L], b: [f32; L]) -> [f32; L] {
        zip(a, b, |x, y| x * y)
    }
    #[inline(always)]
    unsafe fn div(a: [f32; L], b: [f32; L]) -> [f32; L] {
        zip(a, b, |x, y| x / y)
    }
    #[inline(always)]
    unsafe fn max_raw(a: [f32; L], b: [f32; L]) -> [f32; L] {
        zip(a, b, |x, y| if x > y { x } else { y })
    }
    #[inline(always)]
    unsafe fn min_raw(a: [f32; L], b: [f32; L]) -> [f32; L] {
        zip(a, b, |x, y| if x < y { x } else { y })
    }
    #[inline(always)]
    unsafe fn bits(a: [f32; L]) -> [i32; L] {
        map(a, |x| x.to_bits() as i32)
    }
    #[inline(always)]
    unsafe fn from_bits(a: [i32; L]) -> [f32; L] {
        map(a, |x| f32::from_bits(x as u32))
    }
    #[inline(always)]
    unsafe fn isplat(x: i32) -> [i32; L] {
        [x; L]
    }
    #[inline(always)]
    unsafe fn iadd(a: [i32; L], b: [i32; L]) -> [i32; L] {
        zip(a, b, |x: i32, y: i32| x.wrapping_add(y))
    }
    #[inline(always)]
    unsafe fn isub(a: [i32; L], b: [i32; L]) -> [i32; L] {
        zip(a, b, |x: i32, y: i32| x.wrapping_sub(y))
    }
    #[inline(always)]
    unsafe fn iand(a: [i32; L], b: [i32; L]) -> [i32; L] {
        zip(a, b, |x: i32, y: i32| x & y)
    }
    #[inline(always)]
    unsafe fn ior(a: [i32; L], b: [i32; L]) -> [i32; L] {
        zip(a, b, |x: i32, y: i32| x | y)
    }
    #[inline(always)]
    unsafe fn ixor(a: [i32; L], b: [i32; L]) -> [i32; L] {
        zip(a, b, |x: i32, y: i32| x ^ y)
    }
    #[inline(always)]
    unsafe fn shl<const N: i32>(a: [i32; L]) -> [i32; L] {
        map(a, |x| x << N)
    }
    #[inline(always)]
    unsafe fn sar<const N: i32>(a: [i32; L]) -> [i32; L] {
        map(a, |x| x >> N)
    }
    #[inline(always)]
    unsafe fn float(a: [i32; L]) -> [f32; L] {
        map(a, |x| x as f32)
    }
    #[inline(always)]
    unsafe fn int(a: [f32; L]) -> [i32; L] {
        map(a, |x| x.round_ties_even() as i32)
    }
    #[inline(always)]
    unsafe fn lt(a: [f32; L], b: [f32; L]) -> [bool; L] {
        zip(a, b, |x, y| x < y)
    }
    #[inline(always)]
    unsafe fn le(a: [f32; L], b: [f32; L]) -> [bool; L] {
        zip(a, b, |x, y| x <= y)
    }
    #[inline(always)]
    unsafe fn eq(a: [f32; L], b: [f32; L]) -> [bool; L] {
        zip(a, b, |x, y| x == y)
    }
    #[inline(always)]
    unsafe fn ieq(a: [i32; L], b: [i32; L]) -> [bool; L] {
        zip(a, b, |x, y| x == y)
    }
    #[inline(always)]
    unsafe fn and(a: [bool; L], b: [bool; L]) -> [bool; L] {
        zip(a, b, |x, y| x & y)
    }
    #[inline(always)]
    unsafe fn or(a: [bool; L], b: [bool; L]) -> [bool; L] {
        zip(a, b, |x, y| x | y)
    }
    #[inline(always)]
    unsafe fn not(a: [bool; L]) -> [bool; L] {
        map(a, |x| !x)
    }
    #[inline(always)]
    unsafe fn store_truth(p: *mut u8, m: [bool; L], n: usize) {
        // SAFETY: the caller vouches for n bytes.
        unsafe { std::ptr::copy_nonoverlapping(m.as_ptr().cast(), p, n.min(L)) }
    }
    #[inline(always)]
    unsafe fn load_truth(p: *const u8, n: usize) -> [bool; L] {
        // SAFETY: only the first n bytes are read.
        unsafe { std::array::from_fn(|i| i < n && *p.add(i) != 0) }
    }
    #[inline(always)]
    unsafe fn store_bytes(p: *mut u8, a: [i32; L], n: usize) {
        for (i, lane) in a.into_iter().enumerate().take(n) {
            // SAFETY: the caller vouches for n bytes.
            unsafe { *p.add(i) = lane as u8 };
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(p: *const u8, n: usize) -> [i32; L] {
        // SAFETY: only the first n bytes are read.
        unsafe { std::array::from_fn(|i| if i < n { i32::from(*p.add(i)) } else { 0 }) }
    }
    #[inline(always)]
    unsafe fn select(m: [bool; L], a: [f32; L], b: [f32; L]) -> [f32; L] {
        std::array::from_fn(|i| if m[i] { a[i] } else { b[i] })
    }
}
