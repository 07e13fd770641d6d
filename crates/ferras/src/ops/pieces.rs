//! Values taken apart and put together.
use super::functions::{functions, listed, several};
use crate::layers::operation::{Argument, compute};
use crate::ops::Setting;
use ferras_graph::{Operand, Value};

functions! {
    /// One behind the other along an axis; all elements in a row if `()`.
    append = Append(x1, x2; axis);
    /// Each element of one times all of the other.
    kron = Kron(x1, x2);
    /// The vector product of vectors of two or three places; `axis`, unless `()`, stands for the others.
    cross = Cross(x1, x2; axisa, axisb, axisc, axis);
    /// The sum of products of all elements.
    vdot = Vdot(x1, x2);
    /// Columns turned round.
    fliplr = Fliplr(x);
    /// Rows turned round.
    flipud = Flipud(x);
    /// Turned by `k` quarters from the first of two axes to the second.
    rot90 = Rot90(array; k, axes);
    /// A diagonal of two axes, as the last axis.
    diagonal = Diagonal(x; offset, axis1, axis2);
    /// The sum of a diagonal.
    trace = Trace(x; offset, axis1, axis2);
    /// A row as a diagonal, or the diagonal of a table.
    diag = Diag(x; k);
    /// All elements as a diagonal.
    diagflat = Diagflat(x; k);
    /// The elements of an axis at places that differ from line to line.
    take_along_axis = TakeAlongAxis(x, indices; axis);
    /// 0 everywhere: what is there does not count.
    empty_like = EmptyLike(x);
    /// As a tensor of this element type, or its own if `()`.
    array = Array(x; dtype);
    /// As a tensor of this element type, or its own if `()`.
    convert_to_tensor = ConvertToTensor(x; dtype);
    /// The same value.
    copy = Copy(x);
    /// A block of these sizes that begins at places given as numbers.
    slice = Slice(inputs, start_indices; shape);
    /// A value with a block of it replaced.
    slice_update = SliceUpdate(inputs, start_indices, updates);
    /// Zeros of a shape, to which values are added at places.
    scatter = Scatter(indices, values; shape);
    /// A value with elements at places replaced, or with `reduction` `"add"`, `"max"`, `"min"` or
    /// `"mul"` changed. Each place should be named once where it is replaced.
    scatter_update = ScatterUpdate(inputs, indices, updates; reduction);
    /// Channels as squares of places.
    depth_to_space = DepthToSpace(x; block_size, data_format);
    /// Squares of places as channels.
    space_to_depth = SpaceToDepth(x; block_size, data_format);
    /// Windows of pictures `(batch, channels, rows, columns)` as columns.
    unfold = Unfold(x; kernel_size, dilation, padding, stride);
    /// The sum of windows, each at its place in a picture of `output_size`.
    fold = Fold(x; output_size, kernel_size, dilation, padding, stride);
    /// 1 at each number that a row has.
    multi_hot = MultiHot(inputs; num_classes, axis, dtype);
    /// Pieces of the last axis, so many places each, whose beginnings are so many apart.
    extract_sequences = ExtractSequences(x; sequence_length, sequence_stride);
}

/// Powers of each element, as many as `n`, or as there are elements if `()`; Keras' `N`.
#[track_caller]
pub fn vander(x: &Value, n: impl Setting, increasing: bool) -> Value {
    let settings = vec![("N", n.into()), ("increasing", increasing.into())];
    several("Vander", x, settings).swap_remove(0)
}

/// What stands at a place of the first axis, or at a place of each of the first axes.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let x = Builder::new().full(DType::F32, [3, 4, 5], 1.0);
/// assert_eq!(ops::get_item(&x, 0).shape().to_string(), "(4, 5)");
/// ```
#[track_caller]
pub fn get_item(x: &Value, key: impl Setting) -> Value {
    let args = vec![Argument::Input(0), Argument::Constant(key.into())];
    compute("GetItem", std::slice::from_ref(x), args, Vec::new()).swap_remove(0)
}

/// Values along a third axis.
#[track_caller]
pub fn dstack(xs: &[Value]) -> Value {
    listed("Dstack", xs, Vec::new())
}

/// Each row over the places of all others; `indexing` is `"xy"` or `"ij"`.
#[track_caller]
pub fn meshgrid(xs: &[Value], indexing: impl Setting) -> Vec<Value> {
    let args = (0..xs.len()).map(Argument::Input).collect();
    compute("Meshgrid", xs, args, vec![("indexing", indexing.into())])
}

/// The first choice whose condition holds, else the default.
#[track_caller]
pub fn select(condlist: &[Value], choicelist: &[Value], default: impl Operand) -> Value {
    let Some(like) = choicelist.first() else { return listed("Stack", &[], Vec::new()) };
    let values = [condlist, choicelist, &[default.value(like)]].concat();
    let list = |from: usize, to: usize| Argument::List((from..to).map(Argument::Input).collect());
    let (first, second) = (condlist.len(), condlist.len() + choicelist.len());
    let args = vec![list(0, first), list(first, second), Argument::Input(second)];
    compute("Select", &values, args, Vec::new()).swap_remove(0)
}

/// Parts of an axis as equal as can be, or those that begin at these places.
#[track_caller]
pub fn array_split(x: &Value, indices_or_sections: impl Setting, axis: impl Setting) -> Vec<Value> {
    let settings = vec![("indices_or_sections", indices_or_sections.into()), ("axis", axis.into())];
    several("ArraySplit", x, settings)
}

/// Parts of the second axis; of the only one of a row.
#[track_caller]
pub fn hsplit(x: &Value, indices_or_sections: impl Setting) -> Vec<Value> {
    several("Hsplit", x, vec![("indices_or_sections", indices_or_sections.into())])
}

/// Parts of the first axis.
#[track_caller]
pub fn vsplit(x: &Value, indices_or_sections: impl Setting) -> Vec<Value> {
    several("Vsplit", x, vec![("indices_or_sections", indices_or_sections.into())])
}

/// Parts of the third axis.
#[track_caller]
pub fn dsplit(x: &Value, indices_or_sections: impl Setting) -> Vec<Value> {
    several("Dsplit", x, vec![("indices_or_sections", indices_or_sections.into())])
}

/// The places along each axis of a shape of elements that are counted through.
#[track_caller]
pub fn unravel_index(indices: &Value, shape: impl Setting) -> Vec<Value> {
    several("UnravelIndex", indices, vec![("shape", shape.into())])
}

/// Axes taken apart, in another order, and put together, by names as in einops; `axes_lengths` are the
/// sizes of parts, of which one in each pair of brackets may be left out.
///
/// ```
/// use ferras::ops;
/// use ferras_graph::{Builder, DType};
/// let pictures = Builder::new().full(DType::F32, [32, 30, 40, 3], 1.0);
/// let squares = ops::rearrange(&pictures, "b (h y) (w x) c -> b h w (c y x)", &[("y", 2), ("x", 2)]);
/// assert_eq!(squares.shape().to_string(), "(32, 15, 20, 12)");
/// ```
#[track_caller]
pub fn rearrange(tensor: &Value, pattern: &str, axes_lengths: &[(&str, usize)]) -> Value {
    let size = |name: &str| axes_lengths.iter().find(|(own, _)| *own == name).map(|(_, n)| *n);
    match crate::layers::operation::rearrange(tensor, pattern, &size) {
        Ok(y) => y,
        Err(problem) => tensor.error("rearrange", problem),
    }
}
