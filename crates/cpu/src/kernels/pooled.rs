//! The largest element of each window of windows that touch without overlap, with its place.
//!
//! The gradient of such a pooling needs the places alone, a byte each: the image before it need not
//! be kept, and the sparse gradient can be made line by line where it is wanted.

use super::matmul::tasks_for;
use super::simd::{self, Level, Simd};
use super::{Work, part};

/// Windows over an image `(H, W, channels)`: side by side from the first pixel on, none cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Lines and columns of a window; at most 256 pixels.
    pub size: [usize; 2],
    /// Lines and columns of windows.
    pub count: [usize; 2],
    /// Channels of a pixel.
    pub channels: usize,
}

impl Windows {
    /// The windows of an image of `lines` times `columns` pixels; none if a window is larger than a
    /// place's byte tells.
    ///
    /// ```
    /// use ferras_cpu::kernels::pooled::Windows;
    /// let windows = Windows::new([2, 2], [13, 13], 64).unwrap();
    /// assert_eq!((windows.count, windows.covered()), ([6, 6], [12, 12]));
    /// ```
    pub fn new(size: [usize; 2], image: [usize; 2], channels: usize) -> Option<Windows> {
        let [h, w] = size;
        let fits = h > 0 && w > 0 && h * w <= 256 && image[0] >= h && image[1] >= w;
        fits.then(|| Windows { size, count: [image[0] / h, image[1] / w], channels })
    }

    /// Lines and columns of the image that lie in windows.
    pub fn covered(&self) -> [usize; 2] {
        [self.count[0] * self.size[0], self.count[1] * self.size[1]]
    }

    /// Elements of a line of windows.
    pub(crate) fn line(&self) -> usize {
        self.count[1] * self.channels
    }

    /// Keeps the largest elements of some lines of an image; `y` and `places` are those of the whole
    /// batch, places null for nowhere.
    ///
    /// # Safety
    /// `lines` holds the lines, whole windows of them, without what lies in no window; the level is
    /// available.
    pub(crate) unsafe fn keep_largest(
        &self,
        level: Level,
        image: usize,
        rows: std::ops::Range<usize>,
        lines: *const f32,
        y: *mut f32,
        places: *mut u8,
    ) {
        let [h, w] = self.size;
        let step = self.count[1] * w * self.channels;
        for line in 0..rows.len() / h {
            let to = image * self.len() + (rows.start / h + line) * self.line();
            let places = if places.is_null() { places } else { places.wrapping_add(to) };
            // SAFETY: the caller's promise.
            unsafe {
                let (image, y) = (lines.add(line * h * step), y.add(to));
                Largest { windows: self, image, step, y, places }.run(level);
            }
        }
    }

    /// Makes the covered part of some lines of an image's gradient, one line behind the other, and gives
    /// the place behind them; `dy` and `places` are those of the whole batch.
    ///
    /// # Safety
    /// Windows cover the lines, `to` has room for them; the level is available.
    pub(crate) unsafe fn spread(
        &self,
        level: Level,
        image: usize,
        lines: std::ops::Range<usize>,
        dy: *const f32,
        places: *const u8,
        mut to: *mut f32,
    ) -> *mut f32 {
        for line in lines {
            // SAFETY: the caller's promise.
            unsafe {
                let at = image * self.len();
                let (dy, places) = (dy.add(at), places.add(at));
                Spread { windows: self, line, dy, places, to }.run(level);
                to = to.add(self.covered()[1] * self.channels);
            }
        }
        to
    }

    /// Elements of an image's windows.
    pub(crate) fn len(&self) -> usize {
        self.count[0] * self.line()
    }
}

/// One line of windows.
pub(crate) struct Largest<'a> {
    pub windows: &'a Windows,
    /// The first of the image's lines, and their distance.
    pub image: *const f32,
    pub step: usize,
    /// The largest elements; NaN if there is one.
    pub y: *mut f32,
    /// The place of the first largest element, or first NaN, in row-major order; null for nowhere.
    pub places: *mut u8,
}

impl Largest<'_> {
    /// # Safety
    /// The memory is as the fields say; the level is available.
    pub(crate) unsafe fn run(self, level: Level) {
        // SAFETY: the caller's promise.
        unsafe { simd::run_at(level, self) }
    }
}

impl simd::Task for Largest<'_> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Windows { size: [h, w], channels, count } = *self.windows;
        for column in 0..count[1] {
            for c in (0..channels).step_by(S::LANES) {
                let left = (channels - c).min(S::LANES);
                // SAFETY: the windows lie inside the lines, the mask keeps to the channels.
                unsafe {
                    let mask = S::first(left);
                    let (mut best, mut winner) = (S::splat(f32::NEG_INFINITY), S::splat(0.0));
                    let mut place = S::splat(0.0);
                    for i in 0..h {
                        let mut p = self.image.add(i * self.step + column * w * channels + c);
                        for _ in 0..w {
                            let v = S::load_masked(p, mask);
                            let first_nan = S::and(S::not(S::eq(v, v)), S::eq(best, best));
                            let better = S::or(S::lt(best, v), first_nan);
                            best = S::select(better, v, best);
                            winner = S::select(better, place, winner);
                            place = S::add(place, S::splat(1.0));
                            p = p.wrapping_add(channels);
                        }
                    }
                    let at = column * channels + c;
                    S::store_first(self.y.add(at), best, left);
                    if !self.places.is_null() {
                        S::store_bytes(self.places.add(at), S::int(winner), left);
                    }
                }
            }
        }
    }
}

/// The part of a gradient that windows hand on to one line of the image they cover.
pub(crate) struct Spread<'a> {
    pub windows: &'a Windows,
    /// Number of the line.
    pub line: usize,
    /// The gradient of an image's windows, and the places of their largest elements.
    pub dy: *const f32,
    pub places: *const u8,
    /// As many pixels as windows cover.
    pub to: *mut f32,
}

impl Spread<'_> {
    /// # Safety
    /// The memory is as the fields say; the level is available.
    pub(crate) unsafe fn run(self, level: Level) {
        // SAFETY: the caller's promise.
        unsafe { simd::run_at(level, self) }
    }
}

impl simd::Task for Spread<'_> {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        let Windows { size: [h, w], channels, count } = *self.windows;
        let first = self.line / h * self.windows.line();
        let line = self.line % h;
        for column in 0..count[1] {
            for c in (0..channels).step_by(S::LANES) {
                let left = (channels - c).min(S::LANES);
                let at = first + column * channels + c;
                // SAFETY: the line lies in windows, the mask keeps to the channels.
                unsafe {
                    let g = S::load_masked(self.dy.add(at), S::first(left));
                    let place = S::load_bytes(self.places.add(at), left);
                    let mut to = self.to.add(column * w * channels + c);
                    for j in 0..w {
                        let here = S::ieq(place, S::isplat((line * w + j) as i32));
                        S::store_first(to, S::select(here, g, S::splat(0.0)), left);
                        to = to.wrapping_add(channels);
                    }
                }
            }
        }
    }
}

/// The gradient of a pooling over whole images, planned.
///
/// ```
/// use ferras_cpu::kernels::{pooled::{SpreadPlan, Windows}, simd::Level};
/// let windows = Windows::new([1, 2], [1, 5], 1).unwrap();
/// let plan = SpreadPlan::new(Level::detect(), windows, 1, [1, 5]);
/// let (dy, places, mut dx) = ([3.0f32, 4.0], [1u8, 0], [0.0f32; 5]);
/// for task in 0..plan.work().phases[0] {
///     // SAFETY: the arrays have the planned sizes.
///     unsafe { plan.run(task, dy.as_ptr(), places.as_ptr(), dx.as_mut_ptr()) };
/// }
/// assert_eq!(dx, [0.0, 3.0, 4.0, 0.0, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct SpreadPlan {
    level: Level,
    windows: Windows,
    batch: usize,
    /// Lines and columns.
    image: [usize; 2],
    work: Work,
}

impl SpreadPlan {
    /// Plans for `batch` images of so many lines and columns; `level` must be one of
    /// [`Level::available`] to be run.
    pub fn new(level: Level, windows: Windows, batch: usize, image: [usize; 2]) -> SpreadPlan {
        let size = batch * image[0] * image[1] * windows.channels;
        let tasks = tasks_for(4 * size).min(batch);
        let phases = if size == 0 { Vec::new() } else { vec![tasks] };
        let work = Work { phases, shared: 0, scratch: 0 };
        SpreadPlan { level, windows, batch, image, work }
    }

    /// One phase without scratch memory; no phase if there is nothing to compute.
    pub fn work(&self) -> &Work {
        &self.work
    }

    /// Does one task.
    ///
    /// # Safety
    /// The windows' gradient, their places and the image's gradient have the planned sizes; `task` is
    /// below the count.
    pub unsafe fn run(&self, task: usize, dy: *const f32, places: *const u8, dx: *mut f32) {
        let windows = &self.windows;
        let [lines, columns] = windows.covered();
        let width = self.image[1] * windows.channels;
        let covered = columns * windows.channels;
        for image in part(self.batch, self.work.phases[0], task) {
            for line in 0..self.image[0] {
                // SAFETY: image and line are in range.
                unsafe {
                    let to = dx.add((image * self.image[0] + line) * width);
                    let mut made = 0;
                    if line < lines {
                        let at = image * windows.len();
                        let (dy, places) = (dy.add(at), places.add(at));
                        Spread { windows, line, dy, places, to }.run(self.level);
                        made = covered;
                    }
                    std::ptr::write_bytes(to.add(made), 0, width - made);
                }
            }
        }
    }
}
