//! What is done to the results of products before they are stored.

use super::simd::{self, Level, Simd};

/// Bounds of a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clamp {
    /// None.
    #[default]
    None,
    /// At least 0 (NaN stays NaN).
    Relu,
    /// At least 0 and at most 6 (NaN stays NaN).
    Relu6,
}

/// `y = clamp((x + bias) · scale + shift + residual)`, then 0 where the mask is not above 0; a part whose
/// pointer is null is left out.
///
/// Bias, scale and shift have one number a column. The shift never comes without the scale.
#[derive(Clone, Copy, Debug)]
pub struct Epilogue {
    /// Added first.
    pub bias: *const f32,
    /// The factor.
    pub scale: *const f32,
    /// Added to the product with the factor.
    pub shift: *const f32,
    /// Laid out as the result, at the same element.
    pub residual: *const f32,
    /// The bounds.
    pub clamp: Clamp,
    /// Laid out as the result: where it is 0 or less, so is the result 0 (where it is NaN, it stays).
    pub mask: *const f32,
}

impl Epilogue {
    /// Nothing to do.
    pub const NONE: Epilogue = Epilogue {
        bias: std::ptr::null(),
        scale: std::ptr::null(),
        shift: std::ptr::null(),
        residual: std::ptr::null(),
        clamp: Clamp::None,
        mask: std::ptr::null(),
    };

    /// That of a part of the result that begins at this column and this element.
    #[inline(always)]
    pub(crate) fn at(&self, column: usize, element: usize) -> Epilogue {
        let moved = |p: *const f32, by: usize| if p.is_null() { p } else { p.wrapping_add(by) };
        Epilogue {
            bias: moved(self.bias, column),
            scale: moved(self.scale, column),
            shift: moved(self.shift, column),
            residual: moved(self.residual, element),
            clamp: self.clamp,
            mask: moved(self.mask, element),
        }
    }

    /// Whether the stored result is the sum itself.
    pub(crate) fn is_none(&self) -> bool {
        self.bias.is_null()
            && self.scale.is_null()
            && self.residual.is_null()
            && self.clamp == Clamp::None
            && self.mask.is_null()
    }

    /// One register of results: columns from `column` on, elements from `element` on.
    ///
    /// # Safety
    /// The lanes of the mask are valid in each part.
    #[inline(always)]
    pub(crate) unsafe fn apply<S: Simd>(
        &self,
        x: S::V,
        column: usize,
        element: usize,
        mask: S::M,
    ) -> S::V {
        // SAFETY: the caller's promise.
        unsafe {
            let load = |p: *const f32, at: usize| S::load_masked(p.wrapping_add(at), mask);
            let mut y = x;
            if !self.bias.is_null() {
                y = S::add(y, load(self.bias, column));
            }
            if !self.scale.is_null() {
                let scale = load(self.scale, column);
                y = match self.shift.is_null() {
                    true => S::mul(y, scale),
                    false => S::fma(y, scale, load(self.shift, column)),
                };
            }
            if !self.residual.is_null() {
                y = S::add(y, load(self.residual, element));
            }
            y = self.clamp.apply::<S>(y);
            match self.mask.is_null() {
                true => y,
                false => masked::<S>(y, load(self.mask, element)),
            }
        }
    }

    /// As [`Epilogue::apply`] where all lanes are results of one column.
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    pub(crate) unsafe fn one<S: Simd>(&self, x: S::V, element: usize, mask: S::M) -> S::V {
        // SAFETY: the caller's promise.
        unsafe {
            let mut y = x;
            if !self.bias.is_null() {
                y = S::add(y, S::splat(*self.bias));
            }
            if !self.scale.is_null() {
                let shift = if self.shift.is_null() { -0.0 } else { *self.shift };
                y = S::fma(y, S::splat(*self.scale), S::splat(shift));
            }
            let rest = Epilogue { bias: std::ptr::null(), scale: std::ptr::null(), ..*self };
            rest.apply::<S>(y, 0, element, mask)
        }
    }
}

/// 0 where a mask is 0 or less.
///
/// # Safety
/// The instruction set of `S` is there.
#[inline(always)]
pub(crate) unsafe fn masked<S: Simd>(x: S::V, mask: S::V) -> S::V {
    // SAFETY: register operations only.
    unsafe { S::select(S::le(mask, S::splat(0.0)), S::splat(0.0), x) }
}

impl Clamp {
    /// # Safety
    /// The instruction set of `S` is there.
    #[inline(always)]
    pub(crate) unsafe fn apply<S: Simd>(self, x: S::V) -> S::V {
        // SAFETY: register operations only.
        unsafe {
            match self {
                Clamp::None => x,
                Clamp::Relu => S::max_raw(S::splat(0.0), x),
                Clamp::Relu6 => S::min_raw(S::splat(6.0), S::max_raw(S::splat(0.0), x)),
            }
        }
    }
}

/// A row of finished sums on which the epilogue is still to be done.
pub(crate) struct FinishRow {
    pub row: *mut f32,
    pub columns: usize,
    /// At this row.
    pub epilogue: Epilogue,
}

impl FinishRow {
    /// # Safety
    /// The row and the epilogue's parts have this many columns; the level is available.
    pub(crate) unsafe fn run(self, level: Level) {
        // SAFETY: the caller's promise.
        unsafe { simd::run_at(level, self) }
    }
}

impl simd::Task for FinishRow {
    type Output = ();
    #[inline(always)]
    unsafe fn run<S: Simd>(self) {
        for at in (0..self.columns).step_by(S::LANES) {
            let left = (self.columns - at).min(S::LANES);
            // SAFETY: the mask keeps all lanes below the number of columns.
            unsafe {
                let mask = S::first(left);
                let x = S::load_masked(self.row.add(at), mask);
                S::store_first(self.row.add(at), self.epilogue.apply::<S>(x, at, at, mask), left);
            }
        }
    }
}
