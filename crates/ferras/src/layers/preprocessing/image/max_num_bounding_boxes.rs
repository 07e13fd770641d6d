//! `MaxNumBoundingBoxes`: as many boxes for each picture.
use crate::layers::prelude::*;
use crate::layers::spatial::DataFormat;

/// Cuts lists of boxes, or of their classes, to `max_number`, or fills them up with `fill_value`;
/// pictures go through. In training and otherwise.
///
/// - **Inputs, outputs** boxes `(batch, boxes, 4)` and their classes `(batch, boxes)`, each of which
///   gets `max_number` boxes; pictures of rank 4 stay. Any of them, in any order.
/// - **Errors** at build: inputs of other ranks, boxes of other than 4 numbers.
/// - **Source** Keras 3 `layers.MaxNumBoundingBoxes`, which takes them by name in a dictionary, and
///   does not save `fill_value`.
///
/// ```
/// use ferras::prelude::*;
/// let (boxes, classes) = (Input::new([7, 4]), Input::new([7]));
/// let ten = MaxNumBoundingBoxes::new(10).apply([&boxes, &classes]);
/// let model = Model::new([&boxes, &classes], [&ten, &ten.output(1)])?;
/// assert_eq!(model.network()?.output_specs()[0].shape.to_string(), "(None, 10, 4)");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct MaxNumBoundingBoxes {
    /// How many boxes a picture has.
    max_number: usize,
    /// What stands where there is no box; −1 by default.
    #[config(default = -1, omit_default)]
    fill_value: i64,
    /// `"channels_last"` or `"channels_first"`; that of the settings by default. Of no consequence.
    #[config(default = DataFormat::configured())]
    data_format: DataFormat,
}

impl MaxNumBoundingBoxes {
    fn fit(&self, x: &Value) -> Value {
        if x.rank() == 4 {
            return x.clone();
        }
        let count = x.dim(1).min(self.max_number);
        let mut more = vec![0; x.rank()];
        more[1] = self.max_number - count;
        let kept = x.slice_axis(1, 0, count);
        kept.pad(&vec![0; x.rank()], &more, self.fill_value as f64)
    }
}

impl Layer for MaxNumBoundingBoxes {
    fn build(&self, cx: &mut Build) -> Result<()> {
        cx.inputs().iter().try_for_each(|spec| match spec.shape[..] {
            [_, _] | [_, _, Some(4)] | [_, _, _, _] => Ok(()),
            _ => Err(cx.error(format!(
                "expected boxes (batch, boxes, 4), classes (batch, boxes) or pictures of rank 4, \
                 got {}",
                spec.shape
            ))),
        })
    }

    fn call(&self, cx: &mut Call) -> Value {
        self.fit(&cx.input())
    }

    fn call_all(&self, cx: &mut Call) -> Vec<Value> {
        cx.inputs().iter().map(|x| self.fit(x)).collect()
    }
}
