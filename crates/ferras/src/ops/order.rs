//! Quantiles, what leaves out NaN, bins and segments.
use super::functions::functions;
use crate::layers::operation::{Argument, compute};
use crate::ops::Setting;
use ferras_graph::Value;

functions! {
    /// What half of the elements are below, over axes.
    median = Median(x; axis, keepdims);
    /// What shares `q` (0 to 1) of the elements are below; axes of `q` come in front. `method` is
    /// `"linear"`, `"lower"`, `"higher"`, `"midpoint"` or `"nearest"`.
    quantile = Quantile(x, q; axis, method, keepdims);
    /// As `quantile`, of percents.
    percentile = Percentile(x, q; axis, method, keepdims);
    /// The median without NaN.
    nanmedian = Nanmedian(x; axis, keepdims);
    /// Quantiles without NaN.
    nanquantile = Nanquantile(x, q; axis, method, keepdims);
    /// Percentiles without NaN.
    nanpercentile = Nanpercentile(x, q; axis, method, keepdims);
    /// Sum without NaN.
    nansum = Nansum(x; axis, keepdims);
    /// Product without NaN.
    nanprod = Nanprod(x; axis, keepdims);
    /// Largest without NaN; NaN where there is nothing else.
    nanmax = Nanmax(x; axis, keepdims);
    /// Smallest without NaN; NaN where there is nothing else.
    nanmin = Nanmin(x; axis, keepdims);
    /// Mean without NaN.
    nanmean = Nanmean(x; axis, keepdims);
    /// Variance without NaN.
    nanvar = Nanvar(x; axis, keepdims);
    /// Standard deviation without NaN.
    nanstd = Nanstd(x; axis, keepdims);
    /// Place of the largest without NaN; −1 where there is nothing else.
    nanargmax = Nanargmax(x; axis, keepdims);
    /// Place of the smallest without NaN; −1 where there is nothing else.
    nanargmin = Nanargmin(x; axis, keepdims);
    /// Running sum without NaN.
    nancumsum = Nancumsum(x; axis);
    /// Running product without NaN.
    nancumprod = Nancumprod(x; axis);
    /// How many of ascending `bins` are not above each element.
    digitize = Digitize(x, bins);
    /// Where each value belongs in an ascending row: in front of its equals (`"left"`) or behind.
    searchsorted = SearchSorted(sorted_sequence, values; side);
    /// The places of an axis with the `kth` smallest where it belongs; here all are in order.
    argpartition = Argpartition(x; kth, axis);
    /// What each element is above the one before it, so many times.
    diff = Diff(a; n, axis);
    /// The area under `y` over places `x` of an axis, or places that are `dx` apart if `x` is `()`.
    trapezoid = Trapezoid(y; x, dx, axis);
    /// Pearson's coefficients of the rows of a table.
    corrcoef = Corrcoef(x);
    /// Products of two rows that are moved along each other; `mode` is `"valid"`, `"same"` or `"full"`.
    correlate = Correlate(x1, x2; mode);
    /// The distances of each row of x to each row of y.
    cdist = CDist(x, y);
    /// Whether the score of each target is among the `k` largest.
    in_top_k = InTopK(targets, predictions; k);
    /// The sums of rows with the same id, of ids below `num_segments`.
    segment_sum = SegmentSum(data, segment_ids; num_segments, sorted);
    /// The products of rows with the same id.
    segment_prod = SegmentProd(data, segment_ids; num_segments, sorted);
    /// The largest of rows with the same id.
    segment_max = SegmentMax(data, segment_ids; num_segments, sorted);
    /// The smallest of rows with the same id.
    segment_min = SegmentMin(data, segment_ids; num_segments, sorted);
    /// 10 · log₁₀(max² / mean square difference), in decibels.
    psnr = PSNR(x1, x2; max_val);
    /// The mean over axes with weights.
    average = Average(x, weights; axis);
}

/// How many elements are in each of `bins` equal ranges from the smallest to the largest, or within a
/// `range` that is not `()`; and the ranges' borders.
#[track_caller]
pub fn histogram(x: &Value, bins: impl Setting, range: impl Setting) -> Vec<Value> {
    let settings = vec![("bins", bins.into()), ("range", range.into())];
    compute("Histogram", std::slice::from_ref(x), vec![Argument::Input(0)], settings)
}
