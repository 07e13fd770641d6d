//! Weights that older versions of Keras, or other back ends of it, kept in another arrangement.
use crate::containers::hdf5::{Attribute, Group};
use crate::containers::limits::Result;
use ferras_graph::{Op, Shape, Tensor, TensorType, evaluate, infer};

/// Which Keras wrote a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// 1, 2 or 3.
    major: u32,
    /// Theano convolves with the kernel turned around.
    theano: bool,
}

/// How an array of a file becomes a weight.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Arrangement {
    /// The file's axes in the weight's order; empty: as they are.
    axes: Vec<usize>,
    /// How many of the first axes are turned around.
    turned: usize,
}

impl Origin {
    /// What a group of weights tells; files of Keras 1 tell nothing.
    pub(super) fn read(group: &Group<'_>) -> Result<Origin> {
        let text = |name: &str| -> Result<String> {
            match group.attribute(name)? {
                Some(Attribute::Text(text)) => Ok(text),
                _ => Ok(String::new()),
            }
        };
        let version = text("keras_version")?;
        let major = version.split('.').next().and_then(|v| v.parse().ok()).unwrap_or(1);
        Ok(Origin { major, theano: text("backend")? == "theano" })
    }

    /// Which arrays of a file make up each of a layer's weights; `None` where their number is wrong.
    ///
    /// Keras 1 kept a kernel, a recurrent kernel and a bias for each gate of a recurrent layer, and
    /// the candidate of an LSTM before the gate of forgetting; both directions one after the other.
    pub(super) fn parts(
        &self,
        class: &str,
        expected: usize,
        found: usize,
    ) -> Option<Vec<Vec<usize>>> {
        if expected == found {
            return Some((0..found).map(|i| vec![i]).collect());
        }
        let recurrent = matches!(class, "LSTM" | "GRU" | "ConvLSTM2D" | "Bidirectional");
        let sets = expected.is_multiple_of(3) && self.major == 1 && recurrent;
        let gates: &[usize] = match found.checked_div(expected).filter(|_| sets)? {
            3 => &[0, 1, 2],
            4 => &[0, 2, 1, 3],
            _ => return None,
        };
        let weight = |i: usize| {
            let first = i / 3 * 3 * gates.len() + i % 3;
            gates.iter().map(|gate| first + 3 * gate).collect()
        };
        (found == expected * gates.len()).then(|| (0..expected).map(weight).collect())
    }

    /// How an array of shape `found` becomes a weight of shape `expected` of a layer of this class;
    /// `None` where it cannot.
    pub(super) fn arrangement(
        &self,
        class: &str,
        channels_first: bool,
        expected: &Shape,
        found: &Shape,
    ) -> Option<Arrangement> {
        let spatial = match class {
            "Conv1D" | "Conv1DTranspose" => 1,
            "Conv2D" | "Conv2DTranspose" | "ConvLSTM2D" => 2,
            "Conv3D" | "Conv3DTranspose" => 3,
            _ => 0,
        };
        let kernel = spatial > 0 && expected.len() == spatial + 2;
        let turned = if kernel && self.theano { spatial } else { 0 };
        let axes = match kernel && self.major == 1 {
            true => keras1_axes(class, channels_first, expected, found)?,
            false => Vec::new(),
        };
        let order: Vec<usize> = match axes.is_empty() {
            true => found.to_vec(),
            false => axes.iter().filter_map(|&a| found.get(a).copied()).collect(),
        };
        (order == expected[..]).then_some(Arrangement { axes, turned })
    }
}

/// The axes of a kernel of Keras 1 in today's order: with Theano's ordering filters and channels
/// came first, a Conv1D kernel had an axis of size 1 more, a transposed one its channels exchanged.
fn keras1_axes(
    class: &str,
    channels_first: bool,
    expected: &Shape,
    found: &Shape,
) -> Option<Vec<usize>> {
    let candidates: &[&[usize]] = match class {
        "Conv1D" => &[&[0, 2, 3], &[2, 1, 0]],
        "Conv2D" => &[&[0, 1, 2, 3], &[2, 3, 1, 0]],
        "Conv2DTranspose" => &[&[0, 1, 3, 2], &[2, 3, 0, 1]],
        "Conv3D" => &[&[0, 1, 2, 3, 4], &[2, 3, 4, 1, 0]],
        _ => return Some(Vec::new()),
    };
    let fits = |axes: &&&[usize]| {
        let sizes: Option<Vec<usize>> = axes.iter().map(|&a| found.get(a).copied()).collect();
        sizes.is_some_and(|sizes| sizes == expected[..])
    };
    // Where the sizes fit both, the layer's data format tells.
    match channels_first {
        true => candidates.iter().rev().find(fits),
        false => candidates.iter().find(fits),
    }
    .map(|axes| axes.to_vec())
}

/// The weight of an array in this arrangement.
pub(super) fn arrange(array: Tensor, how: &Arrangement, expected: &Shape) -> Result<Tensor> {
    let mut array = array;
    if !how.axes.is_empty() {
        let rest = (0..array.shape().len()).filter(|a| !how.axes.contains(a));
        let order: Vec<usize> = rest.chain(how.axes.iter().copied()).collect();
        array = apply(&Op::Transpose(order), &array)?;
        array = array.reshape(expected.clone()).map_err(|e| e.to_string())?;
    }
    match how.turned {
        0 => Ok(array),
        turned => apply(&Op::Reverse((0..turned).collect()), &array),
    }
}

/// The shape of one of so many equal parts of the last axis.
pub(super) fn part_of(shape: &Shape, parts: usize) -> Shape {
    let last = shape.len().saturating_sub(1);
    let size = |(axis, &size): (usize, &usize)| if axis == last { size / parts } else { size };
    shape.iter().enumerate().map(size).collect()
}

/// Arrays side by side along an axis.
pub(super) fn join(arrays: &[Tensor], axis: usize) -> Result<Tensor> {
    evaluated(&Op::Concat { axis }, &arrays.iter().collect::<Vec<_>>())
}

fn apply(op: &Op, array: &Tensor) -> Result<Tensor> {
    evaluated(op, &[array])
}

fn evaluated(op: &Op, arrays: &[&Tensor]) -> Result<Tensor> {
    let types: Vec<TensorType> = arrays.iter().map(|array| array.ty()).collect();
    let ty = infer(op, &types.iter().collect::<Vec<_>>()).map_err(|e| e.to_string())?;
    evaluate(op, arrays, &ty).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(major: u32, theano: bool) -> Origin {
        Origin { major, theano }
    }

    #[test]
    fn todays_files_are_taken_as_they_are() {
        let shape = Shape::from([3, 3, 1, 2]);
        let same = Some(Arrangement::default());
        assert_eq!(origin(2, false).arrangement("Conv2D", false, &shape, &shape), same);
        assert_eq!(origin(3, true).arrangement("Dense", false, &shape, &shape), same);
        let other = Shape::from([2, 1, 3, 3]);
        assert_eq!(origin(2, false).arrangement("Conv2D", false, &shape, &other), None);
    }

    #[test]
    fn keras_1_had_arrays_for_each_gate() {
        let parts = |class, expected, found| origin(1, false).parts(class, expected, found);
        // Of an LSTM: gates i, candidate, f, o, each with three arrays; today's order is i, f, g, o.
        let lstm = parts("LSTM", 3, 12).unwrap();
        assert_eq!(lstm, [[0, 6, 3, 9], [1, 7, 4, 10], [2, 8, 5, 11]]);
        assert_eq!(parts("GRU", 3, 9).unwrap()[1], [1, 4, 7]);
        assert_eq!(parts("Bidirectional", 6, 24).unwrap()[3], [12, 18, 15, 21]);
        assert_eq!((parts("Dense", 3, 12), parts("LSTM", 3, 11)), (None, None));
        assert_eq!(origin(2, false).parts("LSTM", 3, 12), None);
        let part = |value: f32| Tensor::new([2, 1], vec![value, value + 10.0]).unwrap();
        let whole = join(&[part(1.0), part(2.0)], 1).unwrap();
        assert_eq!(whole.as_slice::<f32>(), Some(&[1.0, 2.0, 11.0, 12.0][..]));
        assert_eq!(part_of(whole.shape(), 2), Shape::from([2, 1]));
    }

    #[test]
    fn theano_turns_kernels_around() {
        let shape = Shape::from([1, 3, 1, 1]);
        let how = origin(2, true).arrangement("Conv2D", false, &shape, &shape).unwrap();
        let kernel = Tensor::new([1, 3, 1, 1], vec![1.0_f32, 2.0, 3.0]).unwrap();
        let turned = arrange(kernel, &how, &shape).unwrap();
        assert_eq!(turned.as_slice::<f32>(), Some(&[3.0, 2.0, 1.0][..]));
    }

    #[test]
    fn keras_1_had_filters_first_in_theanos_ordering() {
        let (expected, found) = (Shape::from([1, 1, 2, 2]), Shape::from([2, 2, 1, 1]));
        let kernel = Tensor::new([2, 2, 1, 1], vec![1.0_f32, 2.0, 3.0, 4.0]).unwrap();
        let how = origin(1, false).arrangement("Conv2D", true, &expected, &found).unwrap();
        let value = arrange(kernel, &how, &expected).unwrap();
        assert_eq!(value.as_slice::<f32>(), Some(&[1.0, 3.0, 2.0, 4.0][..]));
        // Where the sizes do not tell, the layer's data format does.
        let square = Shape::from([2, 2, 2, 2]);
        let how = |first| origin(1, false).arrangement("Conv2D", first, &square, &square).unwrap();
        assert_eq!((how(false).axes, how(true).axes), (vec![0, 1, 2, 3], vec![2, 3, 1, 0]));
    }

    #[test]
    fn keras_1_had_one_axis_more_in_conv1d() {
        let (expected, found) = (Shape::from([2, 1, 1]), Shape::from([2, 1, 1, 1]));
        let how = origin(1, false).arrangement("Conv1D", false, &expected, &found).unwrap();
        let kernel = Tensor::new([2, 1, 1, 1], vec![1.0_f32, 2.0]).unwrap();
        assert_eq!(*arrange(kernel, &how, &expected).unwrap().shape(), expected);
    }
}
