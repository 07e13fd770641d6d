//! Instructions that bring elements into a tile: strided walks, counters, random numbers.
use crate::kernels::simd::Level;
use crate::memory::with_type;
use crate::plan::view::View;
use ferras_graph::{DType, Element, random};

/// Most axes of a walk.
pub(crate) const MAX_AXES: usize = 12;

/// Elements of a value that lie otherwise in memory than in the space.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    /// Collapsed; the offset is already in the operand's place.
    dims: Vec<usize>,
    strides: Vec<isize>,
    size: usize,
}

impl Walk {
    /// The walk of a collapsed view of at most [`MAX_AXES`] axes over elements of `size` bytes.
    pub(crate) fn new(view: &View, size: usize) -> Walk {
        let (mut dims, mut strides) = (view.dims.clone(), view.strides.clone());
        if dims.is_empty() {
            (dims, strides) = (vec![1], vec![0]);
        }
        Walk { dims, strides, size }
    }

    /// Copies elements `s .. s + n` of the walk.
    ///
    /// # Safety
    /// `from` is the walk's first element and all of it is valid; `to` holds n elements.
    pub(crate) unsafe fn run(&self, to: *mut u8, from: *const u8, s: usize, n: usize) {
        // SAFETY: as the caller promised, in units of the element's size.
        unsafe {
            match self.size {
                1 => self.copy::<u8>(to, from, s, n),
                2 => self.copy::<u16>(to.cast(), from.cast(), s, n),
                4 => self.copy::<u32>(to.cast(), from.cast(), s, n),
                _ => self.copy::<u64>(to.cast(), from.cast(), s, n),
            }
        }
    }

    unsafe fn copy<T: Copy>(&self, mut to: *mut T, from: *const T, s: usize, n: usize) {
        let last = self.dims.len() - 1;
        let mut index = [0_usize; MAX_AXES];
        let (mut rest, mut at) = (s, 0_isize);
        for axis in (0..=last).rev() {
            index[axis] = rest % self.dims[axis];
            rest /= self.dims[axis];
            at += index[axis] as isize * self.strides[axis];
        }
        let mut left = n;
        while left > 0 {
            let run = left.min(self.dims[last] - index[last]);
            // SAFETY: the indices stay within the axes, hence the places within the value.
            unsafe {
                copy_run(to, from.offset(at), run, self.strides[last]);
                to = to.add(run);
            }
            left -= run;
            index[last] += run;
            at += run as isize * self.strides[last];
            let mut axis = last;
            while axis > 0 && index[axis] == self.dims[axis] {
                at += self.strides[axis - 1] - index[axis] as isize * self.strides[axis];
                index[axis] = 0;
                index[axis - 1] += 1;
                axis -= 1;
            }
        }
    }
}

#[inline(always)]
unsafe fn copy_run<T: Copy>(to: *mut T, from: *const T, n: usize, stride: isize) {
    // SAFETY: the caller owns both runs; places are not aligned for sure.
    unsafe {
        match stride {
            1 => from.cast::<u8>().copy_to_nonoverlapping(to.cast(), n * size_of::<T>()),
            0 => {
                let x = from.read_unaligned();
                for i in 0..n {
                    to.add(i).write_unaligned(x);
                }
            }
            _ => {
                for i in 0..n {
                    to.add(i).write_unaligned(from.offset(i as isize * stride).read_unaligned());
                }
            }
        }
    }
}

/// The index along an axis: (i / inner) mod n.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub dtype: DType,
    pub n: usize,
    pub inner: usize,
}

impl Count {
    /// # Safety
    /// `to` holds n elements of the type.
    pub(crate) unsafe fn run(&self, to: *mut u8, s: usize, n: usize) {
        // SAFETY: the caller's promise.
        with_type!(self.dtype, T => unsafe { self.fill::<T>(to.cast(), s, n) });
    }

    unsafe fn fill<T: Element>(&self, to: *mut T, s: usize, n: usize) {
        let (mut value, mut passed) = (s / self.inner % self.n, s % self.inner);
        let mut element = T::from_f64(value as f64);
        for i in 0..n {
            // SAFETY: i is below n.
            unsafe { to.add(i).write_unaligned(element) };
            passed += 1;
            if passed == self.inner {
                passed = 0;
                value = if value + 1 == self.n { 0 } else { value + 1 };
                element = T::from_f64(value as f64);
            }
        }
    }
}

/// Uniform random numbers by flat index, as [`random::uniform`] gives them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Draw {
    pub level: Level,
    pub stream: u32,
}

/// Blocks of four numbers made side by side.
const SIDE: usize = 16;

impl Draw {
    /// # Safety
    /// `key` points to two int64, `to` holds n float32.
    pub(crate) unsafe fn run(&self, to: *mut u8, key: *const u8, s: usize, n: usize) {
        // SAFETY: the caller's promises; the level was detected.
        unsafe {
            let key = key.cast::<[i64; 2]>().read_unaligned();
            let to = to.cast::<f32>();
            match self.level {
                Level::Portable => numbers(key, self.stream, to, s, n),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => numbers_avx2(key, self.stream, to, s, n),
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => numbers_avx512(key, self.stream, to, s, n),
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn numbers_avx2(key: [i64; 2], stream: u32, to: *mut f32, s: usize, n: usize) {
    // SAFETY: the caller's promise.
    unsafe { numbers(key, stream, to, s, n) }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
unsafe fn numbers_avx512(key: [i64; 2], stream: u32, to: *mut f32, s: usize, n: usize) {
    // SAFETY: the caller's promise.
    unsafe { numbers(key, stream, to, s, n) }
}

#[inline(always)]
unsafe fn numbers(key: [i64; 2], stream: u32, to: *mut f32, s: usize, n: usize) {
    let mut done = 0;
    // SAFETY: `done` stays below n, which `to` holds.
    unsafe {
        while done < n {
            let i = s + done;
            let whole = SIDE * 4;
            if i.is_multiple_of(4) && n - done >= whole && (i / 4) >> 32 == (i / 4 + SIDE) >> 32 {
                let x = side_by_side(key, stream, (i / 4) as u64);
                to.add(done).cast::<[f32; SIDE * 4]>().write_unaligned(x);
                done += whole;
                continue;
            }
            let words = random::block(key, stream, (i / 4) as u64);
            for &word in words.iter().skip(i % 4).take(n - done) {
                to.add(done).write_unaligned(random::unit_f32(word));
                done += 1;
            }
        }
    }
}

/// The numbers of [`SIDE`] blocks from `block` on: [`random::block`] on vectors.
#[inline(always)]
fn side_by_side(key: [i64; 2], stream: u32, block: u64) -> [f32; SIDE * 4] {
    let (seed, step) = (key[0] as u64, key[1] as u64);
    let upper = (block >> 32) as u32 ^ ((step >> 32) as u32).rotate_left(16);
    let mut c = [[0_u32; SIDE], [upper; SIDE], [stream; SIDE], [step as u32; SIDE]];
    for (j, low) in c[0].iter_mut().enumerate() {
        *low = (block as u32).wrapping_add(j as u32);
    }
    let mut k = [seed as u32, (seed >> 32) as u32];
    for _ in 0..10 {
        let mut next = [[0_u32; SIDE]; 4];
        for j in 0..SIDE {
            let p0 = u64::from(c[0][j]) * 0xD251_1F53;
            let p1 = u64::from(c[2][j]) * 0xCD9E_8D57;
            next[0][j] = (p1 >> 32) as u32 ^ c[1][j] ^ k[0];
            next[1][j] = p1 as u32;
            next[2][j] = (p0 >> 32) as u32 ^ c[3][j] ^ k[1];
            next[3][j] = p0 as u32;
        }
        c = next;
        k = [k[0].wrapping_add(0x9E37_79B9), k[1].wrapping_add(0xBB67_AE85)];
    }
    let mut x = [0.0; SIDE * 4];
    for j in 0..SIDE {
        for (w, words) in c.iter().enumerate() {
            // 24 bits fit a signed integer, whose conversion is one instruction everywhere.
            x[4 * j + w] = (words[j] >> 8) as i32 as f32 * (1.0 / 16_777_216.0);
        }
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_are_those_of_the_reference_at_every_level() {
        let key = [0x1234_5678_9ABC_i64, -7];
        for level in Level::available() {
            for (s, n) in [(0, 1), (3, 200), (64, 64), (5, 0), ((1 << 34) - 70, 200)] {
                let mut out = vec![0.0_f32; n];
                // SAFETY: key and output are as promised.
                unsafe {
                    let draw = Draw { level, stream: 9 };
                    draw.run(out.as_mut_ptr().cast(), (&raw const key).cast(), s, n);
                }
                for (i, x) in out.iter().enumerate() {
                    assert_eq!(*x, random::uniform(key, 9, (s + i) as u64), "{level:?} {s}+{i}");
                }
            }
        }
    }

    #[test]
    fn walks_follow_strides_from_any_start() {
        let data: Vec<i32> = (0..24).collect();
        let view = View { offset: 0, dims: vec![4, 2, 3], strides: vec![1, 12, 4] };
        let all: Vec<i32> = (0..24).map(|i| (i / 6) + (i / 3 % 2) * 12 + (i % 3) * 4).collect();
        for s in 0..24 {
            let mut out = vec![0_i32; 24 - s];
            let walk = Walk::new(&view, 4);
            // SAFETY: the walk covers the data, the output holds the rest of it.
            unsafe { walk.run(out.as_mut_ptr().cast(), data.as_ptr().cast(), s, 24 - s) };
            assert_eq!(out, all[s..]);
        }
    }
}
