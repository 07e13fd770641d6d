//! `EinsumDense`: an affine map that an equation describes, then an activation.
use crate::layers::weights::WeightRule;
use crate::layers::{PartialShape, prelude::*};

/// `activation(einsum(equation, x, kernel) + bias)`: a dense layer over any axes.
///
/// The equation names the axes of input, kernel and output, as `"abc,cd->abd"`: axes of the kernel
/// that are not in the output are summed over. `...` stands for any further axes, in front
/// (`"...c,cd->...d"`) or at the end (`"ab...,bc->ac..."`).
///
/// - **Input** `(batch, …)`. **Output** `(batch, output_shape…)`, with the axes that `...` stands for.
/// - **Weights** `kernel`, of the sizes that the equation gives it; `bias`, of the sizes of
///   `bias_axes`, with 1 for the axes between them.
/// - **Errors** at build: an equation of another form, names without a size, sizes that do not meet.
/// - **Source** Keras 3 `layers.EinsumDense`.
///
/// ```
/// use ferras::prelude::*;
/// let x = Input::new([10, 16]);
/// let y = EinsumDense::new("abc,cde->abde", [None, Some(4), Some(8)]).bias_axes("de").apply(&x);
/// let model = Model::new(&x, &y)?; // 4 heads of 8 for each of 10 steps
/// assert_eq!(model.count_params(), 16 * 32 + 32);
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, Config)]
#[config(module = "keras.layers")]
pub struct EinsumDense {
    /// The axes of input, kernel and output.
    equation: String,
    /// Sizes of the output without the batch axis and those of `...`; `None` for those that the input
    /// has.
    output_shape: PartialShape,
    /// What the affine map is put through; linear by default.
    #[config(default = "linear")]
    activation: Activation,
    /// The axes of the output that the bias has; without them there is none.
    #[config(default)]
    bias_axes: Option<String>,
    /// Initial kernel; `glorot_uniform` by default.
    #[config(default = "glorot_uniform")]
    kernel_initializer: Initializer,
    /// Initial bias; zeros by default.
    #[config(default = "zeros")]
    bias_initializer: Initializer,
    /// Penalty on the kernel.
    #[config(default)]
    kernel_regularizer: Option<Regularizer>,
    /// Penalty on the bias.
    #[config(default)]
    bias_regularizer: Option<Regularizer>,
    /// Penalty on the output.
    #[config(default)]
    activity_regularizer: Option<Regularizer>,
    /// Projection of the kernel after each update.
    #[config(default)]
    kernel_constraint: Option<Constraint>,
    /// Projection of the bias after each update.
    #[config(default)]
    bias_constraint: Option<Constraint>,
}

impl Layer for EinsumDense {
    fn build(&self, cx: &mut Build) -> Result<()> {
        self.activation.get()?;
        let shape = cx.input()?.min_rank(1)?.shape();
        let plan = Terms::parse(&self.equation).and_then(|terms| {
            terms.plan(shape, &self.output_shape, self.bias_axes.as_deref())
        });
        let plan = plan.map_err(|problem| {
            cx.error(format!("equation {:?}: {problem} (its input is {shape})", self.equation))
        })?;
        let own = self.kernel_initializer.get()?.with_axes(&plan.input_axes, &plan.output_axes);
        cx.weight("kernel", plan.kernel)
            .initializer(own.as_ref().unwrap_or(&self.kernel_initializer))
            .regularizer(&self.kernel_regularizer)
            .constraint(&self.kernel_constraint);
        if let Some(bias) = plan.bias {
            cx.weight("bias", bias)
                .initializer(&self.bias_initializer)
                .regularizer(&self.bias_regularizer)
                .constraint(&self.bias_constraint);
        }
        Ok(())
    }

    fn call(&self, cx: &mut Call) -> Value {
        let (x, kernel) = (cx.input(), cx.weight("kernel"));
        let mut y = x.builder().einsum(&self.equation, &[x.clone(), kernel]);
        if self.bias_axes.is_some() {
            y = y + cx.weight("bias");
        }
        let y = self.activation.apply(&y);
        cx.penalize(&self.activity_regularizer, &y);
        y
    }
}

/// Where `...` stands in the terms of input and output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elided {
    Nowhere,
    Left,
    Right,
}

/// The names of an equation.
struct Terms {
    input: Vec<char>,
    kernel: Vec<char>,
    output: Vec<char>,
    elided: Elided,
}

/// What the weights look like.
struct Plan {
    kernel: Vec<usize>,
    bias: Option<Vec<usize>>,
    /// Axes of the kernel that are summed over.
    input_axes: Vec<isize>,
    /// The others.
    output_axes: Vec<isize>,
}

impl Terms {
    fn parse(equation: &str) -> Result<Terms, String> {
        let form = || "expected a form as \"ab,bc->ac\", \"...b,bc->...c\" or \"ab...,bc->ac...\"";
        let (left, output) = equation.split_once("->").ok_or_else(form)?;
        let (input, kernel) = left.split_once(',').ok_or_else(form)?;
        let elided = match (input.find("..."), output.find("...")) {
            (None, None) => Elided::Nowhere,
            (Some(0), Some(0)) => Elided::Left,
            (Some(_), Some(_)) if input.ends_with("...") && output.ends_with("...") => Elided::Right,
            _ => return Err(form().into()),
        };
        let letters = |term: &str| -> Result<Vec<char>, String> {
            let letters: Vec<char> = term.chars().collect();
            let named = letters.iter().all(char::is_ascii_alphabetic) && !letters.is_empty();
            if named { Ok(letters) } else { Err(form().into()) }
        };
        let plain = |term: &str| match elided {
            Elided::Nowhere => letters(term),
            Elided::Left => letters(term.trim_start_matches("...")),
            Elided::Right => letters(term.trim_end_matches("...")),
        };
        Ok(Terms { input: plain(input)?, kernel: letters(kernel)?, output: plain(output)?, elided })
    }

    /// What the weights look like for these shapes, the given one without batch and elided axes.
    fn plan(
        &self,
        input: &PartialShape,
        given: &PartialShape,
        bias_axes: Option<&str>,
    ) -> Result<Plan, String> {
        let open = input.len().checked_sub(self.input.len());
        let open = open.filter(|&n| n == 0 || self.elided != Elided::Nowhere);
        let open = open.ok_or_else(|| format!("{:?} does not name its axes", text(&self.input)))?;
        // Without elided axes in front, the first name is the batch's.
        let batch = match self.elided == Elided::Left && open > 0 {
            true => None,
            false => input.first().copied(),
        };
        let sizes: Vec<Option<usize>> = batch.into_iter().chain(given.iter().copied()).collect();
        if sizes.len() != self.output.len() {
            return Err(format!(
                "{:?} names {} axes of the output, output_shape gives {}",
                text(&self.output),
                self.output.len(),
                sizes.len()
            ));
        }
        let skipped = if self.elided == Elided::Left { open } else { 0 };
        let of_input = |c: char| {
            let place = self.input.iter().position(|own| *own == c)?;
            input.get(place + skipped).copied()
        };
        let of_output = |c: char| {
            let place = self.output.iter().position(|own| *own == c)?;
            sizes.get(place).copied()
        };
        for &name in &self.output {
            match (of_output(name).flatten(), of_input(name)) {
                (_, None) if !self.kernel.contains(&name) => {
                    return Err(format!("the output's axis {name:?} is in neither input nor kernel"));
                }
                (Some(size), Some(found)) if found != Some(size) => {
                    let found = found.map_or("None".into(), |n| n.to_string());
                    return Err(format!(
                        "axis {name:?} has size {found} in the input and {size} in output_shape"
                    ));
                }
                _ => {}
            }
        }
        let mut plan =
            Plan { kernel: Vec::new(), bias: None, input_axes: Vec::new(), output_axes: Vec::new() };
        for (axis, &name) in self.kernel.iter().enumerate() {
            let (size, axes) = match (of_output(name), of_input(name)) {
                (Some(size), _) => (size, &mut plan.output_axes),
                (None, Some(size)) => (size, &mut plan.input_axes),
                (None, None) => {
                    return Err(format!("the kernel's axis {name:?} is in neither input nor output"));
                }
            };
            plan.kernel.push(size.ok_or_else(|| format!("axis {name:?} has no known size"))?);
            axes.push(axis as isize);
        }
        plan.bias = bias_axes.map(|axes| self.bias(axes, open, of_output)).transpose()?;
        Ok(plan)
    }

    /// The sizes of a bias along these axes of the output.
    fn bias(
        &self,
        axes: &str,
        open: usize,
        size: impl Fn(char) -> Option<Option<usize>>,
    ) -> Result<Vec<usize>, String> {
        if let Some(name) = axes.chars().find(|c| !self.output.contains(c)) {
            return Err(format!("axis {name:?} of bias_axes is not in the output"));
        }
        let first = self.output.iter().position(|&c| axes.contains(c));
        let first = first.ok_or("bias_axes names no axis; leave it out for no bias")?;
        let along = |&name: &char| match axes.contains(name) {
            true => size(name).flatten().ok_or_else(|| format!("axis {name:?} has no known size")),
            false => Ok(1),
        };
        let mut sizes = self.output[first..].iter().map(along).collect::<Result<Vec<usize>, _>>()?;
        if self.elided == Elided::Right {
            sizes.resize(sizes.len() + open, 1);
        }
        Ok(sizes)
    }
}

fn text(names: &[char]) -> String {
    names.iter().collect()
}

/// The arguments that the projections of a layer with several of them share.
pub(crate) struct Projections<'a> {
    pub(crate) use_bias: bool,
    pub(crate) kernel: WeightRule<'a>,
    pub(crate) bias: WeightRule<'a>,
    pub(crate) activity_regularizer: &'a Option<Regularizer>,
}

impl Projections<'_> {
    /// The layer of an equation whose output ends in axes of these sizes.
    pub(crate) fn layer(&self, equation: &str, axes: &str, sizes: &[usize]) -> EinsumDense {
        let mut layer = EinsumDense::new(equation, sizes);
        layer.bias_axes = self.use_bias.then(|| axes.to_string());
        layer.kernel_initializer = self.kernel.0.clone();
        layer.kernel_regularizer = self.kernel.1.clone();
        layer.kernel_constraint = self.kernel.2.clone();
        layer.bias_initializer = self.bias.0.clone();
        layer.bias_regularizer = self.bias.1.clone();
        layer.bias_constraint = self.bias.2.clone();
        layer.activity_regularizer = self.activity_regularizer.clone();
        layer
    }
}
